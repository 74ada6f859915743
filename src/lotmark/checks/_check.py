"""One check of a work tree: what depends on bytes alone (and may be remembered), then what depends on the day and the change."""

import gc
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lotmark.base.clock import Clock
from lotmark.base.findings import Finding, Location, Severity
from lotmark.checks._cache import Recorder, cache_key, find_answer, keep_answer, tree_digest
from lotmark.checks._order import order_findings
from lotmark.checks.models import Change, CheckReport, People
from lotmark.checks.ports import IssueSource

CACHE = "cache"
EXCEPTIONS = "exceptions.yaml"


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """What is to be judged.

    `branch` and `title` are those of the pull request, for the ids that they name. `state` is the folder that holds the
    cache; None: nothing is remembered.
    """

    root: Path
    clock: Clock
    config: Path | None = None
    base: str | None = None
    branch: str = ""
    title: str = ""
    state: Path | None = None
    issues: IssueSource | None = None
    """Where issue keys of commits and title are looked up; None: nowhere."""
    signed: Mapping[str, str] | None = None
    """Exception id -> digest that a signature covers, where a ledger is at hand; see `apply_exceptions`."""


@dataclass(frozen=True, slots=True)
class _Static:
    """What depends on the bytes of the work tree and the day alone."""

    findings: tuple[Finding, ...]
    items: int
    tests: int
    ids: tuple[str, ...] = field(default=())
    product: str = ""
    remembered: bool = False


def check_product(request: CheckRequest) -> CheckReport:
    """Every finding about the work tree and the change; reads only, but for the cache.

    Raises:
        UsageError: LM-CFG-* and LM-PRD-* for a declaration or repository that cannot be read.
    """
    static = _remembered(request) or _judge(request)
    change = None
    findings = [*static.findings]
    if request.base is not None:
        from lotmark.checks._change import read_change

        change = read_change(request.root, request.base)
        findings += _judge_change(request, change, static)
    findings = _except(request, findings, change)
    shown, changed = order_findings(findings, change)
    return CheckReport(shown, static.items, static.tests, changed, static.remembered)


def _remembered(request: CheckRequest) -> _Static | None:
    place = _place(request)
    if place is None:
        return None
    answer = find_answer(*place, request.root)
    if answer is None:
        return None
    findings = tuple(_finding(row) for row in answer["findings"])
    return _Static(findings, answer["items"], answer["tests"], tuple(answer["ids"]), answer["product"], remembered=True)


def _place(request: CheckRequest) -> tuple[Path, str] | None:
    """Folder and key of the entry; None where nothing is remembered. The day counts: some declarations end on one."""
    if request.state is None or request.config is not None:
        return None
    return request.state / CACHE, cache_key(request.clock.now().date().isoformat())


def _judge(request: CheckRequest) -> _Static:
    """Read and judge everything. What is read is never garbage before the end, so nobody looks for it in between."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return _judge_all(request)
    finally:
        if was_enabled:
            gc.enable()


def _judge_all(request: CheckRequest) -> _Static:
    from lotmark.checks._reviews import LOCK, check_reviews, parse_lock
    from lotmark.matrix.api import check_matrix, find_gaps, find_known_tests, parse_matrix
    from lotmark.product.api import DECLARATION, load_product
    from lotmark.supply.api import check_locks
    from lotmark.trace.api import check_trace, load_product_trace

    place = _place(request)
    tree = tree_digest(request.root) if place else ""
    seen = Recorder()
    reader = _Reader(request.root, seen)
    reader.take(DECLARATION)
    product = load_product(request.root, request.config, pinned=False)
    version = product.file.product.version
    if not isinstance(version, str):
        reader.take(version.file)
    quality = "quality" if request.config is None else str(product.quality)
    graph = load_product_trace(product, seen=seen)
    declared = product.file
    safety_class = declared.product.safety_class
    findings = [*check_trace(graph, safety_class=safety_class)]
    lock = reader.find(f"{quality}/{LOCK}")
    if lock is not None:
        findings += check_reviews(graph, parse_lock(lock), safety_class=safety_class)
    matrix = parse_matrix(reader.read(f"{quality}/matrix.yaml", product.quality / "matrix.yaml"))
    tests = find_known_tests(matrix.value, graph)
    layers = (declared.tests.unit, declared.tests.integration, declared.tests.validation)
    listed = all(layer.list_command for layer in layers)
    findings += check_matrix(matrix, graph, tests=tests, all_listed=listed, safety_class=safety_class, day=request.clock.now().date())
    findings += find_gaps(matrix, graph, tests, safety_class=safety_class)
    findings += check_locks(product.root, declared.dependencies, config_root=product.config_root, seen=seen)
    ids = (*graph.items, *(anomaly.id for anomaly in graph.anomalies))
    static = _Static(tuple(findings), len(graph.items), len(graph.sources.tests), ids, product.id)
    if place and reader.unchanged():
        rows = [_row(finding) for finding in findings]
        answer = {"findings": rows, "items": static.items, "tests": static.tests, "ids": ids, "product": product.id}
        keep_answer(*place, tree, seen, answer)
    return static


class _Reader:
    """Reads the few files that are read twice or by name, and tells the recorder."""

    def __init__(self, root: Path, seen: Recorder) -> None:
        self._root = root
        self._seen = seen
        self._taken: dict[str, bytes | None] = {}

    def take(self, name: str) -> None:
        """Note a file that somebody else reads."""
        self._taken[name] = self.find(name)

    def find(self, name: str) -> bytes | None:
        """The bytes of a file; None where there is none, which the names of the work tree tell."""
        try:
            data = (self._root / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:
            self._seen(name, None)
            return None
        self._seen(name, data)
        return data

    def read(self, name: str, path: Path) -> bytes:
        """The bytes of a file that must be there.

        Raises:
            UsageError: LM-CFG-001.
        """
        from lotmark.base.errors import UsageError

        data = self.find(name)
        if data is None:
            reason = "it is missing" if not path.exists() else "it is no readable file"
            raise UsageError("LM-CFG-001", f"cannot read {name}: {reason}", where=name, solution="`lotmark init` writes a first one")
        return data

    def unchanged(self) -> bool:
        """Whether what others read was the same as what was noted."""
        return all(data is not None and self._bytes(name) == data for name, data in self._taken.items())

    def _bytes(self, name: str) -> bytes | None:
        try:
            return (self._root / name).read_bytes()
        except OSError:
            return None


def _judge_change(request: CheckRequest, change: Change, static: _Static) -> list[Finding]:
    from lotmark.checks._change import check_commits, check_policy_files, named_by
    from lotmark.product.api import load_product

    known = frozenset(static.ids)
    named: set[str] = set()
    findings: list[Finding] = []
    for text in (request.branch, request.title):
        ids, unknown = named_by(text, known)
        named |= ids
        findings += unknown
    product = load_product(request.root, request.config, pinned=False)
    findings += check_commits(request.root, change, product.id, rules=product.file.source, known=known, named=named)
    if request.issues is not None:
        from lotmark.checks._issues import check_issues

        findings += check_issues(change.commits, request.title, request.issues)
    people, roles = _people_at(request, change)
    findings += check_policy_files(request.root, change, people, roles)
    return findings


def _people_at(request: CheckRequest, change: Change) -> tuple[People, Collection[str]]:
    """The people of the base and the roles that its approvals ask for; of the work tree where the base has none yet."""
    if not any(path.startswith("quality/") and path.endswith(".yaml") for path in change.paths):
        return People(), ()
    from lotmark.approvals.api import parse_approvals, parse_people
    from lotmark.base.errors import LotmarkError
    from lotmark.product.api import files_at, resolve_commit

    old = files_at(request.root, resolve_commit(request.root, change.base), "quality")
    people = old.get("quality/people.yaml") or _read_or_empty(request.root / "quality/people.yaml")
    approvals = old.get("quality/approvals.yaml") or _read_or_empty(request.root / "quality/approvals.yaml")
    try:
        listed = parse_people(people, name="quality/people.yaml").value.people
        tiers = parse_approvals(approvals, name="quality/approvals.yaml").value.tiers
    except LotmarkError:
        # Without people nobody can have approved; the file itself is judged where it is read for its own sake.
        return People(), ()
    roles = {need.role for tier in tiers for need in tier.required}
    return People(
        {person.id: frozenset(email.lower() for email in (person.email, *person.also)) for person in listed if person.active},
        {person.id: frozenset(person.roles) for person in listed if person.active},
    ), roles


def _read_or_empty(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _except(request: CheckRequest, findings: Sequence[Finding], change: Change | None) -> list[Finding]:
    """The findings under `quality/exceptions.yaml`, where there is one."""
    quality = (request.config or request.root) / "quality"
    path = quality / EXCEPTIONS
    if not path.is_file():
        return [*findings]
    from lotmark.approvals.api import read_people
    from lotmark.checks._exception_file import parse_exceptions
    from lotmark.checks._exceptions import apply_exceptions

    listed = read_people(quality / "people.yaml", name="quality/people.yaml").value.people
    people = People({person.id: frozenset(email.lower() for email in (person.email, *person.also)) for person in listed if person.active})
    document = parse_exceptions(path.read_bytes())
    judged = apply_exceptions(findings, document, request.clock.now().date(), people=people, change=change, signed=request.signed)
    return [*judged.findings]


def _row(finding: Finding) -> list[Any]:
    where = finding.location
    place = [where.path, where.line, where.column] if where else None
    return [finding.code, finding.message, finding.severity.value, place, finding.subject, finding.help]


def _finding(row: list[Any]) -> Finding:
    code, message, severity, place, subject, cure = row
    return Finding(code, message, Severity(severity), Location(*place) if place else None, subject, cure)
