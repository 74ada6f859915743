"""The tests that are known before anything runs, and what is allowed to be red."""

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from lotmark.base.errors import RefusedError
from lotmark.matrix._identity import one_line
from lotmark.matrix._index import MatrixIndex, exact_tests
from lotmark.matrix.models import EnvironmentFailure, KnownTest, Layer, MatrixFile, Waiver, WaiverReview
from lotmark.trace.api import base_test_id, verifies_of
from lotmark.trace.models import TraceGraph

# `pytest --collect-only -q` ends its list with a line of its own.
_SUMMARY: Final = re.compile(r"(?:\d+(?:/\d+)?|no) tests? (?:collected|ran)\b.*")


def parse_test_list(data: bytes, name: str) -> dict[str, tuple[str, ...]]:
    """What a list command printed: test id -> ids that it verifies (those behind a tab, as ``pytest --lotmark-list`` writes them).

    One test a line, in the order printed; `name` is how messages call the list.

    Raises:
        RefusedError: LM-MTX-015 if it is not UTF-8 or names no test.
    """
    try:
        lines = data.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise RefusedError(
            "LM-MTX-015", f"{name} is not UTF-8 at byte {error.start}", where=name, solution="let the list command print UTF-8, one test id a line"
        ) from error
    found: dict[str, tuple[str, ...]] = {}
    for line in lines:
        test, _, verified = line.strip("\r\n").partition("\t")
        if test.strip() and not _SUMMARY.fullmatch(test.strip()):
            found[one_line(test.strip())] = tuple(dict.fromkeys(verified.split()))
    if not found:
        raise RefusedError(
            "LM-MTX-015",
            f"{name} names no test",
            where=name,
            solution="let the list command print every test that must report, one id a line; without a `list-command` the marked tests are expected",
        )
    return found


def find_known_tests(matrix: MatrixFile, graph: TraceGraph, listed: Mapping[Layer, Collection[str]] | None = None) -> tuple[KnownTest, ...]:
    """Every test that is known: from list commands (`listed`), named one by one in the matrix, or marked in the sources.

    A test is given once; the layer of a marked test is that of its list, its path, or the categories that name it. Where a
    list is a mapping (see `parse_test_list`), what it says that its tests verify counts beside the markers.
    """
    index = MatrixIndex(matrix)
    marked = verifies_of(graph)
    said: dict[str, Collection[str]] = {}
    for tests in (listed or {}).values():
        said.update(tests if isinstance(tests, Mapping) else {})
    paths = {test.id: test.layer for test in graph.sources.tests}
    layers: dict[str, Layer | None] = {}
    for layer, tests in (listed or {}).items():
        layers.update(dict.fromkeys(tests, layer))
    for test, layer in exact_tests(matrix):
        layers.setdefault(test, layer)
    bases = {base_test_id(test) for test in layers}
    for test in graph.sources.verifies:
        if test not in layers and test not in bases:
            path_layer = paths.get(test, "")
            # SourceTest.layer holds exactly the three layer words or nothing.
            layers[test] = path_layer if path_layer in {"unit", "integration", "validation"} else index.layer_of(test)  # type: ignore[assignment]
    return tuple(KnownTest(test, layers[test], tuple(dict.fromkeys((*said.get(test, ()), *marked(test))))) for test in sorted(layers))


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
        waiver = self.waiver_of(test, verifies)
        return f"waived by {waiver.waiver} until {waiver.expires}" if waiver else ""

    def waiver_of(self, test: str, verifies: Collection[str]) -> Waiver | None:
        """The waiver that covers the test, or everything that it verifies; None if none does, or none may."""
        if self._index is None or self._index.is_blocking(test, self._layer):
            return None
        for waiver, _ in self._waivers.active:
            by_test = bool({test, base_test_id(test)} & set(waiver.scope.tests))
            if by_test or (verifies and waiver.scope.items.issuperset(verifies)):
                return waiver
        return None

    def quarantined(self, test: str) -> str:
        """Why the result of the test counts for nothing; empty if it counts."""
        entry = self._index.quarantine_of(test, self._day) if self._index else None
        return f"{entry.reason} ({entry.owner}, until {entry.expires})" if entry else ""

    def environment(self, message: str) -> EnvironmentFailure | None:
        """The declared cause in the environment that a failure's message tells of."""
        return self._index.environment_failure(message) if self._index else None

    def explained(self, test: str) -> str:
        """Why red before green is accepted of the test; empty if nobody says so."""
        return self._index.unstable_reason(test, self._day) if self._index else ""
