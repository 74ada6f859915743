"""The tests that are known before anything runs, and what is allowed to be red."""

from collections.abc import Collection, Mapping
from datetime import datetime

from lotmark.matrix._index import MatrixIndex, exact_tests
from lotmark.matrix.models import KnownTest, Layer, MatrixFile, WaiverReview
from lotmark.trace.api import base_test_id
from lotmark.trace.models import TraceGraph


def find_known_tests(matrix: MatrixFile, graph: TraceGraph, listed: Mapping[Layer, Collection[str]] | None = None) -> tuple[KnownTest, ...]:
    """Every test that is known: from list commands (`listed`), named one by one in the matrix, or marked in the sources.

    A test is given once; the layer of a marked test is that of its list, its path, or the categories that name it.
    """
    index = MatrixIndex(matrix)
    marked = graph.sources.verifies
    paths = {test.id: test.layer for test in graph.sources.tests}
    layers: dict[str, Layer | None] = {}
    for layer, tests in (listed or {}).items():
        layers.update(dict.fromkeys(tests, layer))
    for test, layer in exact_tests(matrix):
        layers.setdefault(test, layer)
    bases = {base_test_id(test) for test in layers}
    for test in marked:
        if test not in layers and test not in bases:
            path_layer = paths.get(test, "")
            # SourceTest.layer holds exactly the three layer words or nothing.
            layers[test] = path_layer if path_layer in {"unit", "integration", "validation"} else index.layer_of(test)  # type: ignore[assignment]
    return tuple(KnownTest(test, layers[test], marked.get(test) or marked.get(base_test_id(test), ())) for test in sorted(layers))


class Tolerance:
    """What may be red without closing the gate of its stage: informational categories, and tests that a waiver covers."""

    def __init__(self, matrix: MatrixFile | None, waivers: WaiverReview, layer: Layer, at: datetime) -> None:
        self._index = MatrixIndex(matrix) if matrix else None
        self._waivers = waivers
        self._layer = layer
        self._day = at.date()

    def tolerated(self, test: str, verifies: Collection[str]) -> str:
        """Why a red or missing result of the test is tolerated here; empty if it is not. It never counts as passed."""
        if self._index is None:
            return ""
        categories = self._index.informational(test, self._layer)
        if categories:
            return f"informational: {categories}"
        if self._index.is_blocking(test, self._layer):
            return ""
        for waiver, _ in self._waivers.active:
            by_test = bool({test, base_test_id(test)} & set(waiver.scope.tests))
            if by_test or (verifies and waiver.scope.items.issuperset(verifies)):
                return f"waived by {waiver.waiver} until {waiver.expires}"
        return ""

    def explained(self, test: str) -> str:
        """Why red before green is accepted of the test; empty if nobody says so."""
        return self._index.unstable_reason(test, self._day) if self._index else ""
