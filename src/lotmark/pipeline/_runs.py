"""Runs as the ledger tells them: which is open, where each stage stands, what was released before."""

from collections.abc import Mapping
from typing import Any

from lotmark.attest.models import Verified
from lotmark.base.errors import RefusedError
from lotmark.builds.api import source_digest
from lotmark.index.api import VerifiedReader
from lotmark.pipeline._context import Settings, read_run
from lotmark.pipeline.models import Outcome, PreviousRelease, RunIdentity, Stage, StageStatus
from lotmark.product.api import is_ancestor, read_source_state
from lotmark.releases.models import RunEvidence


def identify_run(settings: Settings, *, new: bool = False) -> tuple[RunIdentity, str]:
    """Which run the work tree at HEAD belongs to, and how it stands: ``new``, ``open`` or ``released``.

    An open run of the same commit and configuration is resumed; a released one is not run again; otherwise a new one
    takes the next number. `new` passes over an open one (the caller closes it as abandoned).

    Raises:
        RefusedError: LM-PIP-002 for a dirty tree, LM-PIP-003 if the configuration of an open run changed.
    """
    product = settings.product
    source = read_source_state(product.root)
    if source.dirty:
        shown = ", ".join(source.dirty[:5]) + (f" and {len(source.dirty) - 5} more" if len(source.dirty) > 5 else "")
        raise RefusedError(
            "LM-PIP-002",
            f"the work tree is not clean: {shown}",
            where=str(product.root),
            solution="commit or stash the changes; a release is made from a commit, never from a folder's state",
        )
    configuration = tuple((file.path, file.digest.hex) for file in product.configuration)
    opened = [entry for entry in settings.reader.entries(kind="run-opened") if entry.statement.predicate["product"]["id"] == product.id]
    for entry in reversed(opened):
        identity = identity_of(entry)
        if identity.commit != source.commit or identity.version != product.version:
            continue
        outcome = closed_outcome(settings.reader, identity.run)
        if outcome == "released" and identity.configuration == configuration and not new:
            return identity, "released"
        if outcome is None and not new:
            if identity.configuration != configuration:
                changed = sorted(path for path, _ in set(identity.configuration) ^ set(configuration))
                raise RefusedError(
                    "LM-PIP-003",
                    f"the configuration changed after {identity.run} was opened: {', '.join(dict.fromkeys(changed))}",
                    where=identity.run,
                    solution="put the files back, or open a new run with `lotmark run --new`; its evidence and approvals are made anew",
                )
            return identity, "open"
    run = f"{product.id}:RUN-{len(opened) + 1:04d}"
    return RunIdentity(run, product.id, product.version, source.commit, source_digest(product.root, source.commit).hex, configuration), "new"


def identity_of(opened: Verified) -> RunIdentity:
    """The identity that a run-opened record tells."""
    content = opened.statement.predicate
    configuration = tuple((file["path"], file["sha256"]) for file in content["configuration"])
    source = content["source"]
    return RunIdentity(content["run"], content["product"]["id"], content["product"]["version"], source["commit"], source["sha256"], configuration)


def open_runs(settings: Settings) -> tuple[RunIdentity, ...]:
    """The runs of the commit at HEAD that are not closed, oldest first."""
    commit = read_source_state(settings.product.root).commit
    identities = (identity_of(entry) for entry in settings.reader.entries(kind="run-opened"))
    return tuple(
        identity
        for identity in identities
        if identity.product == settings.product.id and identity.commit == commit and closed_outcome(settings.reader, identity.run) is None
    )


def find_run(settings: Settings, run: str | None) -> RunIdentity | None:
    """The run of that id (canonical or short), or the newest of the product; None where there is none."""
    identities = [identity_of(entry) for entry in settings.reader.entries(kind="run-opened")]
    wanted = [
        identity
        for identity in identities
        if identity.product == settings.product.id and (run is None or run in {identity.run, identity.run.partition(":")[2]})
    ]
    return wanted[-1] if wanted else None


def closed_outcome(reader: VerifiedReader, run: str) -> str | None:
    """How a run was closed, None while it is open."""
    for entry in reader.entries(kind="run-closed", scope=f"run:{run}"):
        outcome: str = entry.statement.predicate["outcome"]
        return outcome
    return None


def read_statuses(evidence: RunEvidence) -> dict[Stage, StageStatus]:
    """Where each stage stands: its last attempt counts."""
    statuses = {stage: StageStatus(stage) for stage in Stage}
    for entry in evidence.all("stage-result"):
        content: Mapping[str, Any] = entry.statement.predicate
        stage = Stage(content["stage"])
        statuses[stage] = StageStatus(stage, int(content["attempt"]), Outcome(content["outcome"]), content["summary"], tuple(content["findings"]), entry.index)
    return statuses


def find_previous(settings: Settings, commit: str) -> PreviousRelease | None:
    """The last release whose commit is an ancestor of this one (or is it), from the ledger."""
    for entry in reversed(list(settings.reader.entries(kind="release-manifest"))):
        content = entry.statement.predicate
        if content["product"] != settings.product.id or not is_ancestor(settings.product.root, content["source"]["commit"], commit):
            continue
        opened = read_run(settings.reader, content["run"]).last("run-opened")
        return PreviousRelease(content["version"], content["source"]["commit"], content["artifact"]["sha256"], identity_of(opened).configuration, entry.index)
    return None
