"""Which tests a change needs, each with its reasons, and which it does not, each with one.

The default is to run. A test is left out only if it is expensive, or its categories are for another occasion, and
nothing about the change asks for it. For a release candidate nothing is left out that would leave a required category of
a subject without any test: the plan never makes the evaluation incomplete.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from lotmark.matrix._file import Category, MatrixFile, Occasion
from lotmark.matrix._globs import matches_any, matches_item
from lotmark.matrix._index import MatrixIndex
from lotmark.matrix._subjects import Coverage, Subject, find_subjects
from lotmark.matrix.models import KnownTest, LeftOut, Plan, Selected, TestRecord
from lotmark.trace.models import TraceGraph


@dataclass(frozen=True, slots=True)
class _Change:
    """What changed. `paths` None: nobody can say, so everything may have."""

    paths: tuple[str, ...] | None
    items: frozenset[str]
    first_release: bool


def plan_tests(
    matrix: MatrixFile,
    graph: TraceGraph,
    tests: Sequence[KnownTest],
    *,
    changed_paths: Collection[str] | None,
    changed_items: Collection[str] = (),
    occasion: Occasion = "release-candidate",
    first_release: bool = False,
    safety_class: str = "C",
    reusable: Mapping[str, TestRecord] | None = None,
) -> Plan:
    """The plan for a change.

    Args:
        matrix: The parsed `quality/matrix.yaml`.
        graph: The product's trace graph.
        tests: All known tests, see `find_known_tests`.
        changed_paths: Paths changed since the last release; None if nobody can say, which selects everything.
        changed_items: Items that changed, or that the commits reference.
        occasion: What the plan is for: ``pull-request`` an ordinary change, ``nightly``, or ``release-candidate``.
        first_release: Nothing was released before, so everything runs.
        safety_class: Of the product; holds where an item does not name its own.
        reusable: Earlier results that may stand in, see `find_reusable`: their tests run only if something that changed asks for them.

    Raises:
        UsageError: LM-MTX-030 or LM-MTX-031 if the matrix contradicts itself.
    """
    index = MatrixIndex(matrix)
    coverage = Coverage(graph)
    change = _Change(None if changed_paths is None else tuple(sorted(changed_paths)), frozenset(changed_items), first_release)
    subjects = find_subjects(index, graph, change.items, first_release=first_release, safety_class=safety_class)
    # On a first release, or where nobody can say what changed, no earlier result stands in for anything.
    earlier = {} if first_release or change.paths is None else dict(reusable or {})
    reasons = {test.id: _reasons(index, test, coverage, graph, change, None if test.id in earlier else occasion) for test in tests}
    if occasion == "release-candidate":
        _add_only_tests(index, tests, subjects, coverage, reasons, earlier)
    ordered = sorted(tests, key=lambda test: test.id)
    selected = tuple(Selected(test=test.id, reasons=tuple(reasons[test.id])) for test in ordered if reasons[test.id])
    left_out = tuple(LeftOut(test=test.id, reason=_reused(earlier.get(test.id)) or _why_not(index, test, occasion)) for test in ordered if not reasons[test.id])
    return Plan(occasion, tuple(ordered), selected, left_out)


def _reasons(index: MatrixIndex, test: KnownTest, coverage: Coverage, graph: TraceGraph, change: _Change, occasion: Occasion | None) -> list[str]:
    """Why the test runs. `occasion` None: that it is due is no reason."""
    if change.first_release:
        return ["first release: no earlier result to rely on"]
    if change.paths is None:
        return ["what changed is not known"]
    categories = index.categories_of(test.id, test.layer)
    found = []
    if occasion is not None and not index.expensive_reason(test.id):
        if not categories:
            found.append("belongs to no category")
        found += [f"{category.id} is run {_when(category)}" for category in categories if _due(category, occasion)]
    found += _triggered(index, categories, change)
    verified = sorted(_verified_above(graph, coverage.verified(test.id, test.verifies)) & change.items)
    if verified:
        found.append(f"verifies {', '.join(verified)}, which changed")
    if test.id.partition("::")[0] in change.paths:
        found.append(f"{test.id.partition('::')[0]} changed")
    return found


def _verified_above(graph: TraceGraph, verified: frozenset[str]) -> set[str]:
    """What the test counts for: the items that it names and those above them."""
    found = set(verified)
    waiting = list(verified)
    while waiting:
        for above in graph.up.get(waiting.pop(), ()):
            if above not in found:
                found.add(above)
                waiting.append(above)
    return found


def _due(category: Category, occasion: Occasion) -> bool:
    """A release candidate runs what it and every change needs; nightly tests are for the night."""
    return category.when in {"pull-request", occasion}


def _when(category: Category) -> str:
    return {"pull-request": "on every change", "nightly": "every night", "release-candidate": "for each release candidate"}[category.when]


def _triggered(index: MatrixIndex, categories: Sequence[Category], change: _Change) -> list[str]:
    names = {category.id for category in categories}
    found = []
    for trigger in index.matrix.triggers:
        if names.isdisjoint(trigger.categories):
            continue
        causes = [path for path in change.paths or () if matches_any(path, trigger.paths)] + sorted(
            item for item in change.items if matches_item(item, trigger.items)
        )
        if causes:
            more = f" and {len(causes) - 1} more" if len(causes) > 1 else ""
            found.append(f"{causes[0]}{more} changed: {trigger.reason}")
    return found


def _add_only_tests(
    index: MatrixIndex, tests: Sequence[KnownTest], subjects: Sequence[Subject], coverage: Coverage, reasons: dict[str, list[str]], earlier: Collection[str]
) -> None:
    """Select tests without which a subject in scope would have none at all in a category that it needs."""
    verified = {test.id: coverage.verified(test.id, test.verifies) for test in tests}
    members = {category.id: [test for test in tests if category in index.categories_of(test.id, test.layer)] for category in index.matrix.categories}
    for subject in subjects:
        if not subject.in_scope:
            continue
        for category in subject.needs:
            covering = [test for test in members[category.id] if not verified[test.id].isdisjoint(subject.items)]
            if covering and not any(reasons[test.id] or test.id in earlier for test in covering):
                for test in covering:
                    reasons[test.id].append(f"{subject.id} has no other {category.id} test")


def _reused(earlier: TestRecord | None) -> str:
    if earlier is None or earlier.reused is None:
        return ""
    return f"passed in {earlier.reused.run} on {earlier.reused.finished_at[:10]} for the same artifacts, which stands in until {earlier.reused.expires}"


def _why_not(index: MatrixIndex, test: KnownTest, occasion: Occasion) -> str:
    expensive = index.expensive_reason(test.id)
    if expensive:
        return f"expensive ({expensive}); nothing that changed asks for it"
    categories = index.categories_of(test.id, test.layer)
    whens = " and ".join(sorted({f"{category.id} {_when(category)}" for category in categories}))
    return f"run {whens}; this is {_OCCASION[occasion]} and nothing that changed asks for it"


_OCCASION: dict[Occasion, str] = {"pull-request": "an ordinary change", "nightly": "a nightly run", "release-candidate": "a release candidate"}
