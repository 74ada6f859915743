"""What `lotmark trace` composes: results for a view, reviews of links and exceptions signed and appended."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from lotmark.approvals.api import get_person
from lotmark.attest.ports import Signer
from lotmark.base.errors import EnvironmentLacksError, LotmarkError, NothingToJudgeError
from lotmark.bootstrap._signing import _append, _check_role, _rules, own_key
from lotmark.bootstrap._workspace import Workspace
from lotmark.checks.api import find_suspects, format_lock, merge_reviews, parse_exceptions, parse_lock, reviews_of
from lotmark.checks.models import LinkReviews, Suspect
from lotmark.checks.predicates import RoleHolder, build_exception, build_link_review
from lotmark.matrix.api import collect_results, parse_test_run, read_matrix
from lotmark.matrix.models import Attempt, ResultFile, TestRecord
from lotmark.product.models import Product
from lotmark.trace.api import verifies_of
from lotmark.trace.models import TraceGraph
from lotmark.views.models import TrendPoint

LOCK = "trace.lock"


@dataclass(frozen=True, slots=True)
class Results:
    """Results for a view: status by test id, what they say that they verify, and where they are from."""

    statuses: Mapping[str, str]
    verifies: Mapping[str, tuple[str, ...]]
    source: str
    notes: Mapping[str, str] = field(default_factory=dict)
    """Test id -> what a reader must know beside its status: reused, in quarantine, red for the environment, waived."""


def read_results(product: Product, graph: TraceGraph, paths: Sequence[Path]) -> Results:
    """The results of JUnit XML files, read as the pipeline reads them; a test with several results counts by its worst."""
    matrix = read_matrix(product.quality / "matrix.yaml", name="quality/matrix.yaml").value
    files = tuple(ResultFile(str(path), path.read_bytes(), datetime.fromtimestamp(path.stat().st_mtime, UTC)) for path in paths)
    times = [file.modified_at for file in files]
    attempt = Attempt(files, min(times), max(times), 0)
    collected = collect_results(
        "unit", [attempt], run=f"{product.id}:RUN-0000", product=product.id, expected_complete=False, verifies=verifies_of(graph), matrix=matrix
    )
    statuses: dict[str, str] = {}
    for test in collected.test_run.tests:
        if statuses.get(test.id, "passed") == "passed":
            statuses[test.id] = "quarantined" if test.quarantined else test.status
    verifies = {test.id: test.verifies for test in collected.test_run.tests}
    notes = {test.id: told for test in collected.test_run.tests if (told := note_of(test))}
    return Results(statuses, verifies, f"results of {len(paths)} file{'' if len(paths) == 1 else 's'}, {len(statuses)} tests", notes)


def last_results(workspace: Workspace, commit: str) -> Results | None:
    """The results of the ledger's last run; None where there is no ledger or no run with tests.

    Results of another commit than `commit` are stale, and stale covers nothing.
    """
    with contextlib.suppress(EnvironmentLacksError):
        entries = list(workspace.reader.entries(kind="test-run"))
        if entries:
            run = str(entries[-1].statement.predicate["run"])
            opened = [entry for entry in workspace.reader.entries(kind="run-opened") if entry.statement.predicate["run"] == run]
            of_commit = str(opened[-1].statement.predicate["source"]["commit"]) if opened else ""
            fresh = of_commit == commit
            runs = [parse_test_run(entry.statement.predicate) for entry in entries if entry.statement.predicate["run"] == run]
            tests = [test for one in runs for test in one.tests]
            statuses = {test.id: "stale" if not fresh else "quarantined" if test.quarantined else test.status for test in tests}
            told = "" if fresh else f"; they are of {of_commit[:12]}, not of this commit, so they cover nothing"
            return Results(statuses, {test.id: test.verifies for test in tests}, f"results of {run}{told}", _notes(workspace, run, tests))
    return None


def _notes(workspace: Workspace, run: str, tests: Sequence[TestRecord]) -> dict[str, str]:
    waivers = {
        test["id"]: test["waiver"]
        for entry in workspace.reader.entries(kind="matrix-evaluation", scope=f"run:{run}")
        for row in entry.statement.predicate["rows"]
        for required in row["required"]
        for test in required["tests"]
        if test["waiver"]
    }
    left = {
        each["test"]: f"left out: {each['reason']}"
        for entry in workspace.reader.entries(kind="matrix-evaluation", scope=f"run:{run}")
        for each in entry.statement.predicate["leftOut"]
    }
    return left | {test.id: told for test in tests if (told := note_of(test, test.waived or waivers.get(test.id)))}


def note_of(test: TestRecord, waiver: str | None = None) -> str:
    """What a reader must know of a result beside its status; empty where the status says it all."""
    parts = []
    if test.reused:
        parts.append(f"reused from {test.reused.run} of {test.reused.finished_at[:10]}, until {test.reused.expires}")
    if test.quarantined:
        parts.append(f"in quarantine, counts for nothing: {test.quarantined}")
    if test.environment:
        parts.append(f"environment: {test.environment}")
    if waiver:
        parts.append(f"waived by {waiver}")
    return "; ".join(parts)


def find_trend(workspace: Workspace) -> tuple[TrendPoint, ...]:
    """Coverage of each run that left a trace snapshot, oldest first; empty where there is no ledger."""
    points = []
    with contextlib.suppress(EnvironmentLacksError):
        for entry in workspace.reader.entries(kind="trace-snapshot"):
            body = entry.statement.predicate
            numbers = body["coverage"]
            points.append(TrendPoint(str(body["run"]), numbers["requirements"], numbers["withTest"], numbers["verified"]))
    return tuple(points)


def read_reviews(workspace: Workspace) -> LinkReviews:
    """The reviews of the lock file, and those of the ledger where there is one."""
    path = workspace.product.quality / LOCK
    found = parse_lock(path.read_bytes()) if path.is_file() else LinkReviews({})
    return merge_reviews(found, recorded_reviews(workspace))


def recorded_reviews(workspace: Workspace) -> LinkReviews:
    """The reviews that the ledger holds, each by a person's own key in a role that the person holds."""
    with contextlib.suppress(EnvironmentLacksError):
        scope = f"product:{workspace.product.id}"
        return reviews_of(entry.statement.predicate for entry in workspace.reader.entries(kind="link-review", scope=scope))
    return LinkReviews({})


def sign_review(workspace: Workspace, graph: TraceGraph, links: Sequence[Suspect], *, person: str, signer: Signer, role: str, reason: str) -> int:
    """Sign that these links hold, append it, and write the lock anew; gives the log index.

    Raises:
        EnvironmentLacksError: LM-APR-002 if the person does not hold the role, LM-CLI-018 if the key is not the person's.
    """
    people, _ = _rules(workspace)
    who = get_person(people.value, person)
    _check_role(who, role)
    own_key(workspace, person, signer)
    holder = RoleHolder(person=who.id, name=who.name, role=role)
    evidence = build_link_review(graph, links, reason=reason, signer=holder, signed_at=workspace.clock.now())
    index = _append(workspace, evidence, signer, f"product:{workspace.product.id}")
    write_lock(workspace, graph)
    return index


def write_lock(workspace: Workspace, graph: TraceGraph) -> int:
    """Write `quality/trace.lock` from the lock and the ledger, without links that are gone; gives the number of its lines."""
    data = format_lock(read_reviews(workspace), graph)
    path = workspace.product.quality / LOCK
    scratch = path.with_name(f".{LOCK}.new")
    scratch.write_bytes(data)
    scratch.replace(path)
    return data.count(b"\n")


def sign_exception(workspace: Workspace, exception: str, *, person: str, signer: Signer, role: str) -> int:
    """Sign an entry of `quality/exceptions.yaml` word for word; gives the log index.

    Raises:
        NothingToJudgeError: LM-CHK-010 if the file holds no such entry.
        EnvironmentLacksError: LM-APR-002 if the person does not hold the role or the role may not sign exceptions,
            LM-CLI-018 if the key is not the person's.
    """
    document = parse_exceptions((workspace.product.quality / "exceptions.yaml").read_bytes())
    entry = next((one for one in document.value.exceptions if one.id == exception), None)
    if entry is None:
        raise NothingToJudgeError("LM-CHK-010", f"quality/exceptions.yaml holds no {exception}", solution="write the entry first: reason, owner and end")
    people, _ = _rules(workspace)
    who = get_person(people.value, person)
    _check_role(who, role)
    if role not in document.value.roles or who.id == entry.owner:
        why = "who owns an exception does not sign it" if who.id == entry.owner else f"{role} may not sign exceptions"
        raise EnvironmentLacksError("LM-APR-002", why, where="quality/exceptions.yaml", solution=f"roles that may: {', '.join(document.value.roles)}")
    own_key(workspace, person, signer)
    holder = RoleHolder(person=who.id, name=who.name, role=role)
    evidence = build_exception(workspace.product.id, entry, signer=holder, signed_at=workspace.clock.now())
    return _append(workspace, evidence, signer, f"product:{workspace.product.id}")


def find_open_links(workspace: Workspace, graph: TraceGraph) -> tuple[Suspect, ...]:
    """The links that no review covers."""
    return find_suspects(graph, read_reviews(workspace))


def head_commit(product: Product) -> str:
    """The commit of the work tree; empty where there is none."""
    from lotmark.product.api import read_cleanliness

    try:
        return read_cleanliness(product.root)[0]
    except LotmarkError:
        return ""
