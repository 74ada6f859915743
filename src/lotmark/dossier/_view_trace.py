"""The trace matrix: need -> requirement -> hazard and control -> test -> result."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from lotmark.dossier._view_basic import FindingView, Ref, Status
from lotmark.dossier._view_model_tests import TestGroup, TraceGroup, TraceRow, TraceView
from lotmark.dossier._view_source import LAYERS, Predicate, ViewSource
from lotmark.dossier._view_words import count, number, status_of, tally, worst

_ORDER: Final = ("passed", "failed", "error", "missing", "skipped")
_OPEN_UP_TO: Final = 40
"""Matrices of up to so many requirements are shown unfolded; of longer ones, only the groups that somebody must look at."""
_NO_NEED: Final = "Requirements that serve no user need"


@dataclass(frozen=True)
class _Tests:
    """The results of the run by test and by item."""

    status: Mapping[str, str]
    by_item: Mapping[str, list[str]]


def view_trace(source: ViewSource) -> TraceView | None:
    """The trace matrix, if the run recorded a snapshot."""
    content = source.find("trace-snapshot")
    if content is None:
        return None
    tests = _results(source)
    judged = _judged(source)
    requirements = [item for item in content["items"] if item["type"] == "requirement" and item["status"] != "obsolete"]
    changed = set(content["changed"]) if source.has_base else set()
    groups: dict[str, list[TraceRow]] = defaultdict(list)
    for item in requirements:
        needs = _needs(source.items, item)
        groups[needs[0] if needs else ""].append(_row(source, item, tests, judged, item["id"] in changed))
    order = sorted(name for name in groups if name) + [name for name in groups if not name]
    coverage = content["coverage"]
    return TraceView(
        summary=f"{count(coverage['requirements'], 'requirement')}: {number(coverage['withRiskOrNeed'])} with a need or risk control above, "
        f"{number(coverage['withTest'])} with a test below, {number(coverage['verified'])} verified by passed tests.",
        groups=tuple(_group(source.ref(name), groups[name], short=len(requirements) <= _OPEN_UP_TO) for name in order),
        findings=tuple(finding_view(finding) for finding in content["findings"]),
    )


def finding_view(finding: Predicate) -> FindingView:
    """A finding from its wire form."""
    return FindingView(finding["code"], finding["severity"], finding["message"], finding.get("help") or "")


def group_tests(results: Iterable[tuple[str, str]]) -> tuple[TestGroup, ...]:
    """(test id, status) by file and function, in order: a parametrised test stands once, with its number."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for name, status in sorted(results):
        file, _, function = name.rpartition("::") if "::" not in name else name.partition("::")
        found.setdefault((file, function.partition("[")[0]), Counter())[status] += 1
    return tuple(
        TestGroup(file, function, counts.total(), outcome_of(counts), worst(status_of(status).mark for status in counts))
        for (file, function), counts in found.items()
    )


def outcome_of(counts: Mapping[str, int]) -> str:
    """``17 passed, 1 failed``; what does not occur is left out."""
    others = [name for name in counts if name not in _ORDER]
    return tally({name: counts.get(name, 0) for name in (*_ORDER, *others)})


def _results(source: ViewSource) -> _Tests:
    status: dict[str, str] = {}
    by_item: dict[str, list[str]] = defaultdict(list)
    for layer in LAYERS:
        run = source.find("test-run", layer=layer)
        for test in run["tests"] if run else ():
            if test["id"] not in status:
                for item in dict.fromkeys(test["verifies"]):
                    by_item[item].append(test["id"])
            status[test["id"]] = test["status"]
    return _Tests(status, by_item)


def _judged(source: ViewSource) -> dict[str, str]:
    matrix = source.find("matrix-evaluation")
    return {row["subject"]: row["status"] for row in matrix["rows"]} if matrix else {}


def _needs(items: Mapping[str, Predicate], item: Predicate) -> list[str]:
    """The user needs that a requirement serves, through others too."""
    found: list[str] = []
    seen: set[str] = set()
    waiting = [item["id"]]
    while waiting:
        current = items.get(waiting.pop(0))
        if current is None or current["id"] in seen:
            continue
        seen.add(current["id"])
        if current["type"] == "user-need":
            found.append(current["id"])
        waiting.extend(link["target"] for link in current["links"])
    return sorted(found)


def _row(source: ViewSource, item: Predicate, tests: _Tests, judged: Mapping[str, str], changed: bool) -> TraceRow:
    items = source.items
    targets = [link["target"] for link in item["links"]]
    controls = [name for name in targets if items.get(name, {}).get("type") == "risk-control"]
    hazards = [name for name in targets if items.get(name, {}).get("type") == "hazard"]
    for control in controls:
        hazards += [link["target"] for link in items[control]["links"] if items.get(link["target"], {}).get("type") == "hazard"]
    above = [name for name in targets if name not in controls and name not in hazards]
    results = [(name, tests.status[name]) for name in tests.by_item.get(item["id"], ())]
    return TraceRow(
        id=item["id"],
        title=item["title"],
        category=item["category"],
        safety_class=item["safetyClass"] or source.opened["product"]["safetyClass"],
        changed=changed,
        above=_refs(source, above),
        controls=_refs(source, controls),
        hazards=_refs(source, hazards),
        tests=group_tests(results),
        total=len(results),
        outcome=outcome_of(Counter(status for _, status in results)),
        status=_status(judged.get(item["id"]), bool(judged)),
    )


def _status(status: str | None, evaluated: bool) -> Status:
    if status is not None:
        return Status("ok", "verified") if status == "passed" else status_of(status)
    return Status("none", "no test required" if evaluated else "not judged")


def _refs(source: ViewSource, names: Iterable[str]) -> tuple[Ref, ...]:
    return tuple(source.ref(name) for name in dict.fromkeys(names))


def _group(need: Ref, rows: list[TraceRow], *, short: bool) -> TraceGroup:
    mark = worst(row.status.mark for row in rows)
    counts = Counter(row.status.word for row in rows)
    told = ", ".join(f"{number(n)} {word}" for word, n in sorted(counts.items()))
    status = Status(mark, next(row.status.word for row in rows if row.status.mark == mark))
    title = need.title if need.id else _NO_NEED
    return TraceGroup(need.id, title, tuple(rows), status, f"{count(len(rows), 'requirement')}: {told}", short or mark not in {"ok", "none"})
