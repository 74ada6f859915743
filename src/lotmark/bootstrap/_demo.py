"""The demo: an example product in a fresh repository, its people played, one release from source to verified bundle.

What a person would do is done here with throw-away keys that lie in the demo's own folder, and it says so; every other
way into Lotmark asks the person.
"""

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from lotmark.approvals.models import Meaning
from lotmark.attest.api import KeySigner, format_trust_policy, generate_key, parse_trust_policy, public_pem, write_key
from lotmark.attest.models import Person
from lotmark.attest.ports import Signer
from lotmark.base.clock import Clock, SystemClock
from lotmark.base.documents import read_document
from lotmark.base.errors import EnvironmentLacksError, LotmarkError, NothingToJudgeError, RefusedError, UsageError
from lotmark.bootstrap._key_changes import enrol_key
from lotmark.bootstrap._known_logs import forget_log, remember_log
from lotmark.bootstrap._opening import create_state
from lotmark.bootstrap._signing import sign_approval, sign_waiver
from lotmark.bootstrap._workspace import STATE, Workspace
from lotmark.matrix.models import WaiverScope
from lotmark.pipeline.api import find_run, run_pipeline
from lotmark.pipeline.ports import Progress
from lotmark.product.models import Section

_MARKER = ".lotmark-demo"
_PLAY = "demo.yaml"


class PlayedCommit(Section, frozen=True, kw_only=True):
    """A commit of the example's history: these paths, by that person, with that message."""

    by: str
    message: str
    paths: list[str]


class PlayedWaiver(Section, frozen=True, kw_only=True):
    """A waiver that a person of the example signs."""

    by: str
    role: str
    owner: str
    tests: list[str]
    reason: str
    residual_risk: str
    days: int


class PlayedApproval(Section, frozen=True, kw_only=True):
    """A signature that a person of the example makes."""

    by: str
    role: str
    meaning: Meaning
    reason: str


class Play(Section, frozen=True, kw_only=True):
    """`demo.yaml`: what the people of an example do. It is not part of the product and not copied."""

    administrator: str
    people: dict[str, Person]
    commits: list[PlayedCommit]
    waivers: list[PlayedWaiver]
    approvals: list[PlayedApproval]


@dataclass(frozen=True, slots=True)
class DemoResult:
    """Where everything lies, and the five answers."""

    product: Path
    people: Path
    bundle: Path
    dossier: Path
    trust: Path
    version: str
    run: str
    answers_text: str
    """With ANSI colours; whoever prints it takes them off where nobody sees them."""
    answers_wire: Mapping[str, Any]


def run_demo(folder: Path, example: str, *, replace: bool, note: Callable[[str], None], progress: Progress, clock: Clock | None = None) -> DemoResult:
    """Make the demo in `folder`.

    Raises:
        UsageError: LM-CLI-011 if the folder holds something that no demo made (or without `replace`).
        RefusedError: LM-CLI-020 if the example is not released: then something is wrong with this installation.
    """
    stage = prepare_demo(folder, example, replace=replace, note=note, clock=clock)
    _release(stage, note, progress)
    return _show(stage)


@dataclass(frozen=True, slots=True)
class DemoStage:
    """The example before its release: repository, ledger, everybody's keys; nothing has run yet."""

    folder: Path
    workspace: Workspace
    play: Play
    signers: Mapping[str, Signer]
    trust: Path


def prepare_demo(folder: Path, example: str, *, replace: bool = False, note: Callable[[str], None] = lambda _: None, clock: Clock | None = None) -> DemoStage:
    """Copy the example into a fresh repository, open its ledger and enrol its people.

    Raises:
        UsageError: LM-CLI-011 if the folder holds something that no demo made (or without `replace`).
    """
    folder = folder.resolve()
    clock = clock or SystemClock()
    source = _example(example)
    play = read_document(source / _PLAY, Play, name=f"{example}/{_PLAY}").value
    _make_folder(folder, replace=replace)
    product = folder / "product"
    note(f"{example} -> {product}")
    _copy_and_commit(source, product, play)
    signers = _make_people(folder / "people", play)
    workspace = Workspace(product, None, product / STATE, clock)
    policy = create_state(
        workspace.state,
        origin=f"lotmark.demo/{workspace.product.id}/{secrets.token_hex(8)}",
        product=workspace.product.id,
        administrator=play.people[play.administrator],
        root=signers[play.administrator],
        clock=clock,
    )
    for name, person in play.people.items():
        if name != play.administrator:
            enrol_key(
                workspace, public_key=signers[name].public_key, kind="person", person=person, reason="plays in the demo", root=signers[play.administrator]
            )
    trust = folder / "trust.json"
    trust.write_bytes(format_trust_policy(policy))
    remember_log(policy)
    return DemoStage(folder, workspace, play, signers, trust)


def play_waivers(stage: DemoStage) -> list[int]:
    """The example's waivers, signed; gives their log indices."""
    workspace = stage.workspace
    return [
        sign_waiver(
            workspace,
            person=waiver.by,
            signer=stage.signers[waiver.by],
            role=waiver.role,
            scope=WaiverScope(tests=tuple(waiver.tests)),
            version=workspace.product.version,
            reason=waiver.reason,
            residual_risk=waiver.residual_risk,
            owner=waiver.owner,
            expires=(workspace.clock.now() + timedelta(days=waiver.days)).date(),
        )[1]
        for waiver in stage.play.waivers
    ]


def play_approvals(stage: DemoStage, run: str, note: Callable[[str], None] = lambda _: None) -> None:
    """The example's signatures under the decision of a run."""
    identity = find_run(stage.workspace.settings(), run)
    if identity is None:
        raise NothingToJudgeError("LM-CLI-019", f"there is no run {run}", solution="`lotmark run` opens one")
    for approval in stage.play.approvals:
        signer = stage.signers[approval.by]
        index = sign_approval(
            stage.workspace, identity, person=approval.by, signer=signer, role=approval.role, meaning=approval.meaning, reason=approval.reason
        )
        note(f"{stage.play.people[approval.by].name} signs as {approval.role}: {approval.meaning} (entry {index})")


def _release(stage: DemoStage, note: Callable[[str], None], progress: Progress) -> None:
    for index, waiver in zip(play_waivers(stage), stage.play.waivers, strict=True):
        note(f"{stage.play.people[waiver.by].name} signs a waiver (entry {index})")
    settings = stage.workspace.settings()
    report = run_pipeline(settings, progress=progress)
    if report.outcome == "pending":
        play_approvals(stage, report.run, note)
        report = run_pipeline(settings, progress=progress)
    if report.outcome != "released":
        problems = "; ".join(
            f"{finding['code']} {finding['message']}" for status in report.stages for finding in status.findings if finding["severity"] == "error"
        )
        raise RefusedError(
            "LM-CLI-020",
            f"the example was not released ({report.outcome}): {problems or '; '.join(report.waiting_for)}",
            where=str(stage.workspace.root),
            solution="`lotmark doctor` names what is missing on this machine",
        )


def _show(stage: DemoStage) -> DemoResult:
    from lotmark.bootstrap._answers import answer
    from lotmark.bootstrap._reading import write_bundle

    workspace, folder = stage.workspace, stage.folder
    version = workspace.product.version
    answers = answer(workspace, version)
    bundle, dossier = folder / "bundle.zip", folder / "dossier.html"
    write_bundle(workspace, answers.run, bundle, dossier)
    return DemoResult(workspace.root, folder / "people", bundle, dossier, stage.trust, version, answers.run, answers.to_text(styled=True), answers.to_wire())


def _example(name: str) -> Path:
    """The example's folder: inside an installed package, or beside the sources."""
    import lotmark

    package = Path(lotmark.__file__).parent
    for candidate in (package / "_examples" / name, package.parents[1] / "examples" / name):
        if (candidate / _PLAY).is_file():
            return candidate
    raise EnvironmentLacksError(
        "LM-CLI-021", f"the example {name} is not part of this installation", solution="install lotmark from its wheel or work in its checkout"
    )


def _make_folder(folder: Path, *, replace: bool) -> None:
    if folder.exists() and any(folder.iterdir()):
        if not replace or not (folder / _MARKER).is_file():
            raise UsageError(
                "LM-CLI-011", f"{folder} is not empty", where=str(folder), solution="name another folder; --replace replaces one that an earlier demo made"
            )
        _forget(folder / "trust.json")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARKER).write_text("made by `lotmark demo`; `lotmark demo --replace` may delete it\n", encoding="utf-8")


def _forget(trust: Path) -> None:
    """The earlier demo's log goes with its folder; a trust file that cannot be read names no log to forget."""
    with contextlib.suppress(OSError, LotmarkError):
        forget_log(parse_trust_policy(trust.read_bytes()))


def _copy_and_commit(source: Path, product: Path, play: Play) -> None:
    product.mkdir()
    _git(product, {}, "init", "--quiet", "--initial-branch=main")
    for commit in play.commits:
        for pattern in commit.paths:
            for path in sorted(source.glob(pattern)):
                if path.is_file() and path.name != _PLAY and "__pycache__" not in path.parts:
                    place = product / path.relative_to(source)
                    place.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(path, place)
        person = play.people[commit.by]
        who = {f"GIT_{act}_{part}": value for act in ("AUTHOR", "COMMITTER") for part, value in (("NAME", person.name), ("EMAIL", person.email))}
        _git(product, who, "add", "--all")
        _git(product, who, "commit", "--quiet", "--signoff", "--no-gpg-sign", "--no-verify", "--message", commit.message)


def _git(folder: Path, variables: Mapping[str, str], *arguments: str) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")} | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **variables,
    }
    try:
        subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True)
    except FileNotFoundError as error:
        raise EnvironmentLacksError("LM-PRD-001", "git is not installed", solution="apt-get install git") from error


def _make_people(folder: Path, play: Play) -> dict[str, Signer]:
    """Throw-away keys for everybody, in files as a real person would have them; the passphrase lies beside them."""
    folder.mkdir(mode=0o700)
    passphrase = "-".join(secrets.token_hex(3) for _ in range(4))
    place = folder / "passphrase"
    place.touch(mode=0o600)
    place.write_text(passphrase + "\n", encoding="utf-8")
    (folder / "README").write_text("Throw-away keys of people who do not exist, made by `lotmark demo`. Never use them for anything else.\n", encoding="utf-8")
    signers: dict[str, Signer] = {}
    for name in play.people:
        private = generate_key()
        write_key(folder / f"{name}.key", private, passphrase)
        signers[name] = KeySigner(private)
        (folder / f"{name}.pub").write_bytes(public_pem(signers[name].public_key))
    return signers


__all__ = ["DemoResult", "Play", "run_demo"]
