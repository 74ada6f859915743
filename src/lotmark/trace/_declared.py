"""Markers from outside the sources (`quality/markers.yaml`): which tests they reach, and what a test verifies by them.

A glob reaches a test by its id, wherever that is known from: the sources, a list command, or the results alone
(``Profile::should create a profile``). So the tests are told to the graph as they become known.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from lotmark.base.globs import compile_glob
from lotmark.trace._test_ids import base_test_id
from lotmark.trace.models import DeclaredMarker, Marker, MarkerKind, SourceScan, TraceGraph


def verifies_of(graph: TraceGraph) -> Callable[[str], tuple[str, ...]]:
    """A function from a test id, of any origin and with or without parameters, to the ids that its markers name.

    Everything that asks what a test verifies asks here, so that a marker counts the same wherever it stands.
    """
    marked = graph.sources.verifies
    declared = graph.declared

    def verified(test: str) -> tuple[str, ...]:
        base = base_test_id(test)
        found = dict.fromkeys(marked.get(test, ()))
        found.update(dict.fromkeys(marked.get(base, ())))
        for entry in declared:
            if _reached(entry, test):
                found.update(dict.fromkeys(entry.ids))
        return tuple(found)

    return verified


def mark_tests(graph: TraceGraph, tests: Iterable[tuple[str, str]], *, complete: bool = False) -> TraceGraph:
    """The graph, knowing these tests too: each an id and the layer that lists or reports it.

    With `complete`, no further test will become known: a glob that reached none by then is an error of `check_trace`.
    """
    layers: dict[str, set[str]] = {test: set(found) for test, found in graph.ran_in.items()}
    for test, layer in tests:
        layers.setdefault(test, set()).add(layer)
        layers.setdefault(base_test_id(test), set()).add(layer)
    sources = mark_sources(graph.sources, graph.declared, layers)
    ran_in = {test: frozenset(found) for test, found in layers.items()}
    return replace(graph, sources=sources, verified_by=find_verified_by(sources), ran_in=ran_in, results_known=complete)


def mark_sources(sources: SourceScan, declared: Sequence[DeclaredMarker], tests: Iterable[str]) -> SourceScan:
    """The scan with a marker for each of the tests that an entry reaches; on the base id where the glob reaches that."""
    if not declared:
        return sources
    markers = dict.fromkeys(sources.markers)
    for test in tests:
        for entry in declared:
            base = base_test_id(test)
            reached = next((name for name in (base, test) if _reached(entry, name)), None)
            if reached is not None and entry.ids:
                markers[Marker(reached, entry.location.path, entry.location.line, entry.ids, MarkerKind.VERIFIES)] = None
    return replace(sources, markers=tuple(markers))


def find_verified_by(sources: SourceScan) -> Mapping[str, tuple[str, ...]]:
    """Item id -> ids of the tests whose markers name it."""
    found: dict[str, list[str]] = {}
    for test, ids in sources.verifies.items():
        for item_id in ids:
            found.setdefault(item_id, []).append(test)
    return {key: tuple(tests) for key, tests in found.items()}


def find_unreached(graph: TraceGraph) -> list[tuple[DeclaredMarker, int]]:
    """The globs that reach no test that is known so far: entry, and number of the glob in it."""
    known = {*(test.id for test in graph.sources.tests), *graph.ran_in}
    return [(entry, number) for entry in graph.declared for number, (glob, _) in enumerate(entry.tests) if not any(_may_reach(glob, test) for test in known)]


def _may_reach(glob: str, test: str) -> bool:
    # Before it has run, a parameter set is known by its base id alone.
    return compile_glob(glob).match(test) is not None or glob.startswith(f"{test}[")


def _reached(entry: DeclaredMarker, test: str) -> bool:
    return any(compile_glob(glob).match(test) for glob, _ in entry.tests)
