"""Runs as the ledger tells them: which is open, where each stage stands, what was released before."""

from collections.abc import Mapping
from typing import Any

from lotmark.approvals.api import read_approvals, read_people
from lotmark.attest.models import Verified
from lotmark.base.errors import RefusedError
from lotmark.builds.api import source_digest
from lotmark.index.api import VerifiedReader
from lotmark.matrix.api import read_matrix
from lotmark.pipeline._context import Settings, dirty_tree, read_run
from lotmark.pipeline.models import Outcome, PreviousRelease, RunIdentity, Stage, StageStatus
from lotmark.policy.api import read_policy
from lotmark.product.api import is_ancestor, read_cleanliness, read_source_state
from lotmark.product.models import Product
from lotmark.releases.models import RunEvidence


def identify_run(settings: Settings, *, new: bool = False) -> tuple[RunIdentity, str]:
    """Which run the work tree at HEAD belongs to, and how it stands: ``new``, ``open`` or ``released``.

    The newest run of the commit counts: open it is resumed; released, with the configuration of now, it is not run again.
    Otherwise a new one takes the next number. With `new` one is opened in any case (the caller closes an open one as abandoned).

    Raises:
        RefusedError: LM-PIP-002 for a dirty tree, LM-PIP-003 if the configuration of an open run changed.
    """
    product = settings.product
    # Not the quick look: files hidden from `git status`, and ignored ones in quality/, are no commit's content either.
    source = read_source_state(product.root)
    commit, dirty = source.commit, source.dirty
    if dirty:
        raise dirty_tree(product.root, dirty)
    configuration = tuple((file.path, file.digest.hex) for file in product.configuration)
    opened = [entry for entry in settings.reader.entries(kind="run-opened") if entry.statement.predicate["product"]["id"] == product.id]
    newest = next((identity for entry in reversed(opened) if (identity := identity_of(entry)).commit == commit), None)
    if newest is not None and not new:
        outcome = closed_outcome(settings.reader, newest.run)
        same = newest.configuration == configuration and newest.version == product.version
        if outcome is None and not same:
            changed = dict.fromkeys(sorted(path for path, _ in set(newest.configuration) ^ set(configuration))) or {
                f"the version is {product.version} now": None
            }
            raise RefusedError(
                "LM-PIP-003",
                f"the configuration changed after {newest.run} was opened: {', '.join(changed)}",
                where=newest.run,
                solution="put the files back, or open a new run with `lotmark run --new`; its evidence and approvals are made anew",
            )
        if same and outcome in {None, "released"}:
            return newest, "open" if outcome is None else "released"
    run = f"{product.id}:RUN-{len(opened) + 1:04d}"
    return RunIdentity(run, product.id, product.version, commit, source_digest(product.root, commit).hex, configuration), "new"


def check_files(product: Product) -> None:
    """Hold that the files by which the run will be judged can be read, before anything is recorded under them.

    Raises:
        UsageError: naming file, line and column.
    """
    quality = product.quality
    people = read_people(quality / "people.yaml", name="quality/people.yaml")
    read_approvals(quality / "approvals.yaml", people, name="quality/approvals.yaml")
    read_policy(quality / "policy.yaml", name="quality/policy.yaml")
    read_matrix(quality / "matrix.yaml", name="quality/matrix.yaml")


def identity_of(opened: Verified) -> RunIdentity:
    """The identity that a run-opened record tells."""
    content = opened.statement.predicate
    configuration = tuple((file["path"], file["sha256"]) for file in content["configuration"])
    source = content["source"]
    return RunIdentity(content["run"], content["product"]["id"], content["product"]["version"], source["commit"], source["sha256"], configuration)


def open_runs(settings: Settings) -> tuple[RunIdentity, ...]:
    """The runs of the commit at HEAD that are not closed, oldest first."""
    commit, _ = read_cleanliness(settings.product.root)
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
        return PreviousRelease(
            content["version"], content["source"]["commit"], content["run"], content["artifact"]["sha256"], identity_of(opened).configuration, entry.index
        )
    return None
