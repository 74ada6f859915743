"""What is wrong with a matrix that could be read: names that nothing answers to, subjects that nothing speaks of."""

from collections.abc import Iterable, Sequence
from datetime import date

from lotmark.base.documents import Document
from lotmark.base.findings import Finding, Location, Severity
from lotmark.matrix._file import MatrixFile
from lotmark.matrix._globs import compile_glob, matches_item
from lotmark.matrix._index import MatrixIndex
from lotmark.matrix._quarantine import check_quarantine
from lotmark.matrix._subjects import Coverage, find_needs, spread
from lotmark.matrix.models import KnownTest
from lotmark.trace.models import TraceGraph


def check_matrix(
    document: Document[MatrixFile], graph: TraceGraph, *, tests: Sequence[KnownTest] = (), all_listed: bool = False, safety_class: str = "C", day: date
) -> tuple[Finding, ...]:
    """Every finding about the matrix against the product's items and known tests, in the order of the file.

    Args:
        document: From `read_matrix`.
        graph: The product's trace graph.
        tests: All known tests, see `find_known_tests`; without any, globs are not checked.
        all_listed: Whether every layer has a list command, so that each run learns the layer of every test from these.
        safety_class: Of the product; holds where an item does not name its own.
        day: Today, by the caller's clock.
    """
    index = MatrixIndex(document.value, document)
    return (
        *_items(document, graph),
        *_severities(document, graph),
        *_triggers(document),
        *_globs(document, graph, tests),
        *(() if all_listed else _layers(document, tests)),
        *_unstable(document, day),
        *check_quarantine(document, index, graph, tests, safety_class, day),
        *_speechless(document, index, graph, safety_class),
    )


def _items(document: Document[MatrixFile], graph: TraceGraph) -> Iterable[Finding]:
    for number, override in enumerate(document.value.overrides):
        for place, item in enumerate(override.items):
            if item not in graph.items:
                yield _finding(
                    "032",
                    f"there is no item {item!r}",
                    document.where(("overrides", number, "items", place)),
                    "name an id of quality/requirements or quality/risks; overrides take no prefixes",
                )
    for number, trigger in enumerate(document.value.triggers):
        for place, pattern in enumerate(trigger.items):
            if not any(matches_item(item, (pattern,)) for item in graph.items):
                yield _finding(
                    "032",
                    f"no item is named {pattern!r}",
                    document.where(("triggers", number, "items", place)),
                    "name an id, or a prefix that ends in '-'",
                    Severity.WARNING,
                )


def _severities(document: Document[MatrixFile], graph: TraceGraph) -> Iterable[Finding]:
    for number, need in enumerate(document.value.requires):
        for place, word in enumerate(need.severity):
            if word not in graph.scale.severities:
                yield _finding(
                    "033",
                    f"{word!r} is no severity of the product's scale",
                    document.where(("requires", number, "severity", place)),
                    f"the severities are {', '.join(graph.scale.severities)}",
                )


def _triggers(document: Document[MatrixFile]) -> Iterable[Finding]:
    for number, trigger in enumerate(document.value.triggers):
        if not trigger.paths and not trigger.items:
            yield _finding(
                "034",
                "the trigger names neither paths nor items, so nothing ever sets it off",
                document.where(("triggers", number)),
                "name `paths`, `items` or both",
            )


def _globs(document: Document[MatrixFile], graph: TraceGraph, tests: Sequence[KnownTest]) -> Iterable[Finding]:
    if not tests:
        return
    # Tests without a marker stand in the sources too, and only a list command knows them as tests.
    names = {*(test.id for test in tests), *(test.id for test in graph.sources.tests)}
    for part in ("categories", "expensive", "unstable", "quarantine"):
        for number, entry in enumerate(getattr(document.value, part)):
            for place, pattern in enumerate(entry.tests):
                glob = compile_glob(pattern)
                # A named parameter set is known by its base id alone until it runs.
                if not any(glob.match(name) or pattern.startswith(f"{name}[") for name in names):
                    yield _finding(
                        "035",
                        f"no known test matches {pattern!r}",
                        document.where((part, number, "tests", place)),
                        "globs are held against test ids such as tests/unit/test_ct.py::test_plateau[a]; `**` crosses folders",
                        Severity.WARNING,
                    )


def _layers(document: Document[MatrixFile], tests: Sequence[KnownTest]) -> Iterable[Finding]:
    for test in tests:
        if test.layer is None:
            yield _finding(
                "036",
                f"the layer of {test.id} is not known, so no stage expects it",
                document.where(("categories",)),
                "name it by a glob under `tests` of one category, or give its layer a `list-command` in lotmark.yaml",
                Severity.WARNING,
                test.id,
            )


def _unstable(document: Document[MatrixFile], day: date) -> Iterable[Finding]:
    for number, entry in enumerate(document.value.unstable):
        if entry.expires < day.isoformat():
            yield _finding(
                "037",
                f"the explanation of unstable tests expired on {entry.expires}",
                document.where(("unstable", number, "expires")),
                "mend the tests and remove the entry, or have it approved anew",
                Severity.WARNING,
            )


def _speechless(document: Document[MatrixFile], index: MatrixIndex, graph: TraceGraph, safety_class: str) -> Iterable[Finding]:
    for need in find_needs(index, graph, safety_class=safety_class):
        if not need.categories:
            yield _finding(
                "044",
                f"nothing says which tests {need.kind} {need.item.id} needs",
                document.where(("requires",)),
                "add a line for it under `requires` or `overrides`",
                Severity.ERROR,
                need.item.id,
            )


def find_gaps(document: Document[MatrixFile], graph: TraceGraph, tests: Sequence[KnownTest], *, safety_class: str = "C") -> tuple[Finding, ...]:
    """Subjects for which no known test stands in a category that they need: what validation would refuse later.

    Raises:
        UsageError: LM-MTX-030 or LM-MTX-031 if the matrix contradicts itself.
    """
    return tuple(_gaps(MatrixIndex(document.value, document), graph, tests, safety_class))


def _gaps(index: MatrixIndex, graph: TraceGraph, tests: Sequence[KnownTest], safety_class: str) -> Iterable[Finding]:
    coverage = Coverage(graph)
    # Category -> items that its tests verify. A test of no known layer may yet turn out to belong to any.
    reached: dict[str, set[str]] = {category.id: set() for category in index.matrix.categories}
    for test in tests:
        verified = coverage.verified(test.id, test.verifies)
        for category in index.matrix.categories if test.layer is None else index.categories_of(test.id, test.layer):
            reached[category.id].update(verified)
    covered = {category: spread(graph, graph.up, items) for category, items in reached.items()}
    # Markers from outside may name tests that only results know.
    outside = spread(graph, graph.up, {item for marker in graph.declared for item in marker.ids})
    for need in find_needs(index, graph, safety_class=safety_class):
        for category in need.categories:
            if need.item.id in covered[category.id]:
                continue
            certain = category.gating == "blocking" and need.item.id not in outside
            yield _finding(
                "041",
                f"{need.kind} {need.item.id} needs {category.id} tests ({category.gating}), and no known test of that category verifies it",
                need.item.where(),
                "write a test for it and let it name the item with a `verifies` marker, or mend the matrix",
                Severity.ERROR if certain else Severity.WARNING,
                need.item.id,
            )


def _finding(number: str, message: str, location: Location, cure: str, severity: Severity = Severity.ERROR, subject: str | None = None) -> Finding:
    return Finding(f"LM-MTX-{number}", message, severity, location, subject, cure)
