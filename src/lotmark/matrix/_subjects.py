"""The subjects of the matrix: hazards, risk controls and requirements of the trace graph, with the items that count for each."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from lotmark.matrix._file import Category, SubjectKind
from lotmark.matrix._index import MatrixIndex
from lotmark.trace.api import hazard_of, verifies_of
from lotmark.trace.models import Item, TraceGraph

KINDS: tuple[SubjectKind, ...] = ("hazard", "risk-control", "requirement")


@dataclass(frozen=True, slots=True)
class Subject:
    """One item that tests must cover.

    `items` are the item itself and everything below it (controls, implementing and derived requirements, test cases): a
    test that verifies one of them counts. `in_scope` says whether the evaluation asks for it.
    """

    id: str
    kind: SubjectKind
    title: str
    changed: bool
    in_scope: bool
    needs: tuple[Category, ...]
    items: frozenset[str]
    needs_tests: bool = True
    """False for a hazard whose risk was accepted without control and that nothing mitigates."""


def find_subjects(index: MatrixIndex, graph: TraceGraph, changed: Collection[str], *, first_release: bool, safety_class: str) -> tuple[Subject, ...]:
    """Every hazard, risk control and requirement that is not obsolete, in that order and then in the graph's.

    Hazards and risk controls are always in scope; a requirement is where it, or something below it, changed. On a first
    release, and where otherwise nothing at all would be asked, every requirement is.
    """
    found = [
        _subject(index, graph, item, kind, frozenset(changed), first_release=first_release, safety_class=safety_class)
        for kind in KINDS
        for item in graph.of_type(kind)
    ]
    if not any(subject.in_scope and subject.needs_tests for subject in found):
        return tuple(_in_scope(subject) for subject in found)
    return tuple(found)


def _subject(
    index: MatrixIndex, graph: TraceGraph, item: Item, kind: SubjectKind, changed: frozenset[str], *, first_release: bool, safety_class: str
) -> Subject:
    items = frozenset(_closure(graph, graph.down, item.id))
    needs = index.needs_of(kind, item.id, item.safety_class or safety_class, _severities(graph, item, kind))
    in_scope = kind != "requirement" or first_release or not items.isdisjoint(changed)
    needs_tests = not (kind == "hazard" and len(items) == 1 and item.id not in graph.verified_by and not hazard_of(item, graph.scale).needs_control)
    return Subject(item.id, kind, item.title, item.id in changed, in_scope, needs, items, needs_tests)


def _in_scope(subject: Subject) -> Subject:
    return Subject(subject.id, subject.kind, subject.title, subject.changed, True, subject.needs, subject.items, subject.needs_tests)


def _severities(graph: TraceGraph, item: Item, kind: SubjectKind) -> frozenset[str]:
    """The severities before control of the item's hazards; an empty text stands for one that is not known."""
    hazards = [graph.items[above] for above in _closure(graph, graph.up, item.id) if graph.items[above].type == "hazard" and not graph.items[above].obsolete]
    found = {hazard_of(hazard, graph.scale).before.severity for hazard in hazards}
    known = {severity if severity in graph.scale.severities else "" for severity in found}
    return frozenset(known or ({""} if kind == "risk-control" else set()))


def _closure(graph: TraceGraph, links: Mapping[str, tuple[str, ...]], start: str) -> Iterator[str]:
    """The item and all that the links lead to, obsolete items and what only they lead to left out."""
    seen = {start}
    waiting = [start]
    while waiting:
        current = waiting.pop()
        yield current
        for other in links.get(current, ()):
            if other not in seen and not graph.items[other].obsolete:
                seen.add(other)
                waiting.append(other)


@dataclass(frozen=True, slots=True)
class Need:
    """A subject that needs tests, and the categories in which it needs them; see `Subject`."""

    item: Item
    kind: SubjectKind
    categories: tuple[Category, ...]


def find_needs(index: MatrixIndex, graph: TraceGraph, *, safety_class: str) -> Iterator[Need]:
    """What `find_subjects` says of the needs of all subjects that need tests, without the items below each of them."""
    severities = _severities_below(graph) if index.asks_for_severity else {}
    for kind in KINDS:
        unknown = frozenset({""} if kind == "risk-control" else set())
        for item in graph.of_type(kind):
            idle = kind == "hazard" and not graph.below(item.id) and item.id not in graph.verified_by
            if not (idle and not hazard_of(item, graph.scale).needs_control):
                found = severities.get(item.id) or unknown
                yield Need(item, kind, index.needs_of(kind, item.id, item.safety_class or safety_class, frozenset(found)))


def _severities_below(graph: TraceGraph) -> dict[str, set[str]]:
    """Item -> the severities before control of the hazards that it reaches, its own where it is one."""
    found: dict[str, set[str]] = {}
    starts: dict[str, list[str]] = {}
    for hazard in graph.of_type("hazard"):
        severity = hazard_of(hazard, graph.scale).before.severity
        starts.setdefault(severity if severity in graph.scale.severities else "", []).append(hazard.id)
    for severity, hazards in starts.items():
        for item_id in spread(graph, graph.down, hazards):
            found.setdefault(item_id, set()).add(severity)
    return found


def spread(graph: TraceGraph, links: Mapping[str, tuple[str, ...]], starts: Iterable[str]) -> set[str]:
    """The items from which to start, and all that the links lead to; obsolete items and what only they lead to left out."""
    seen = {item_id for item_id in starts if item_id in graph.items and not graph.items[item_id].obsolete}
    waiting = list(seen)
    while waiting:
        for other in links.get(waiting.pop(), ()):
            if other not in seen and not graph.items[other].obsolete:
                seen.add(other)
                waiting.append(other)
    return seen


class Coverage:
    """Which subjects a test counts for, by what it says that it verifies and by its markers."""

    def __init__(self, graph: TraceGraph) -> None:
        self._marked = verifies_of(graph)

    def verified(self, test: str, verifies: Collection[str]) -> frozenset[str]:
        """The items that the test verifies."""
        return frozenset((*verifies, *self._marked(test)))
