"""Tests that counted for an item at the last release and no longer do: a category that keeps its name, or takes a new one, over less.

A category that was renamed must keep its tests. One that kept its name may exchange them, which is said, but may not come out
with fewer. What is meant is declared under `retired`, against the very release: the declaration ends with the next one.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from lotmark.matrix._file import Category, Layer, Retired
from lotmark.matrix._globs import matches_any
from lotmark.matrix._index import MatrixIndex
from lotmark.matrix.models import CategoryResult
from lotmark.trace.api import base_test_id

SHOWN: Final = 3
"""How many tests a message names."""


class Standing:
    """Every test that there is now, whether or not it ran: by category, and there by item. Parameter sets of one test are one."""

    def __init__(self, index: MatrixIndex, tests: Iterable[tuple[str, Layer | None, frozenset[str]]]) -> None:
        self._by_item: dict[str, dict[str, set[str]]] = {category.id: {} for category in index.matrix.categories}
        for test, layer, items in tests:
            for category in index.categories_of(test, layer):
                by_item = self._by_item[category.id]
                for item in items:
                    by_item.setdefault(item, set()).add(base_test_id(test))

    def tests_for(self, items: Collection[str], categories: Iterable[Category]) -> set[str]:
        """The tests of the categories that verify one of the items."""
        found: set[str] = set()
        for category in categories:
            by_item = self._by_item[category.id]
            found.update(*(by_item[item] for item in items if item in by_item))
        return found


def find_lost_tests(
    before: CategoryResult, items: Collection[str], now: Sequence[Category], retired: Sequence[Retired], since: str, standing: Standing
) -> Iterable[tuple[str, str, bool]]:
    """What was lost, the declaration that explains it (or an empty text), and whether others took the place.

    Args:
        before: What one category said of the subject at the last release.
        items: The subject and all that stands below it, or did so at the last release.
        now: The category of the same name, or those that take its place.
        retired: The declarations of the matrix.
        since: Version of the last release; declarations for another one say nothing.
        standing: The tests that there are now.
    """
    then = {base_test_id(test.id) for test in before.tests if not test.quarantined}
    here = standing.tests_for(items, now)
    lost = then - here
    if not lost:
        return
    explained: dict[str, list[str]] = {}
    for test in sorted(lost):
        entry = next((entry for entry in retired if entry.since == since and matches_any(test, entry.tests)), None)
        explained.setdefault(f"{entry.reason} ({entry.owner})" if entry else "", []).append(test)
    renamed = before.category not in {category.id for category in now}
    place = f"{before.category} (now {', '.join(category.id for category in now)})" if renamed else before.category
    exchanged = not renamed and len(here) >= len(then)
    for declared, tests in explained.items():
        yield f"{_named(tests)} no longer {'counts' if len(tests) == 1 else 'count'} in {place}", declared, exchanged and not declared


def _named(tests: Sequence[str]) -> str:
    more = f" and {len(tests) - SHOWN} more" if len(tests) > SHOWN else ""
    return f"{', '.join(tests[:SHOWN])}{more}"
