"""Whether what is declared to be in quarantine may be: before anything runs, by the tests that are known."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from lotmark.base.documents import Document
from lotmark.base.findings import Finding, Location, Severity
from lotmark.matrix._file import MatrixFile
from lotmark.matrix._globs import matches_any
from lotmark.matrix._index import MatrixIndex
from lotmark.matrix._subjects import Coverage, find_needs, spread
from lotmark.matrix.models import KnownTest
from lotmark.trace.models import TraceGraph


def check_quarantine(
    document: Document[MatrixFile], index: MatrixIndex, graph: TraceGraph, tests: Sequence[KnownTest], safety_class: str, day: date
) -> Iterable[Finding]:
    """Entries that have ended or end too late, too many tests, and tests that alone cover something blocking."""
    limits = document.value.quarantine_limits
    for number, entry in enumerate(document.value.quarantine):
        where = document.where(("quarantine", number, "expires"))
        if entry.expires < day.isoformat():
            yield _finding(
                "068", f"the quarantine ended on {entry.expires}: its tests count again", where, "mend the tests and remove the entry", Severity.WARNING
            )
        elif date.fromisoformat(entry.expires) > day + timedelta(days=limits.max_days):
            yield _finding(
                "070",
                f"the quarantine would last until {entry.expires}, more than {limits.max_days} days from now",
                where,
                f"name a day not after {(day + timedelta(days=limits.max_days)).isoformat()}, or raise `quarantine-limits` under approval",
            )
    held = [test for test in tests if index.quarantine_of(test.id, day)]
    if len(held) > limits.max_tests:
        yield _finding(
            "070",
            f"{len(held)} tests are in quarantine, more than {limits.max_tests}",
            document.where(("quarantine",)),
            "mend some of them; so many tests that count for nothing are no exception any more",
        )
    if held:
        yield from _alone(document, index, graph, tests, safety_class, day)


def _alone(
    document: Document[MatrixFile], index: MatrixIndex, graph: TraceGraph, tests: Sequence[KnownTest], safety_class: str, day: date
) -> Iterable[Finding]:
    coverage = Coverage(graph)
    free: dict[str, set[str]] = {category.id: set() for category in index.matrix.categories}
    held: dict[str, dict[str, frozenset[str]]] = {category.id: {} for category in index.matrix.categories}
    for test in tests:
        verified = coverage.verified(test.id, test.verifies)
        for category in index.categories_of(test.id, test.layer):
            if index.quarantine_of(test.id, day):
                held[category.id][test.id] = verified
            else:
                free[category.id].update(verified)
    covered = {category: spread(graph, graph.up, items) for category, items in free.items()}
    for need in find_needs(index, graph, safety_class=safety_class):
        for category in need.categories:
            if category.gating != "blocking" or need.item.id in covered[category.id]:
                continue
            alone = sorted(test for test, items in held[category.id].items() if need.item.id in spread(graph, graph.up, items))
            if alone:
                yield _finding(
                    "069",
                    f"{alone[0]} may not be in quarantine: no other test covers {need.kind} {need.item.id} in {category.id}, which is blocking",
                    _place(document, alone[0]),
                    "take it out of quarantine and mend it, or let another test cover the item first",
                    subject=need.item.id,
                )


def _place(document: Document[MatrixFile], test: str) -> Location:
    for number, entry in enumerate(document.value.quarantine):
        for place, glob in enumerate(entry.tests):
            if matches_any(test, (glob,)):
                return document.where(("quarantine", number, "tests", place))
    return document.where(("quarantine",))


def _finding(number: str, message: str, location: Location, cure: str, severity: Severity = Severity.ERROR, subject: str | None = None) -> Finding:
    return Finding(f"LM-MTX-{number}", message, severity, location, subject, cure)
