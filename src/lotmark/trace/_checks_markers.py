"""Checks of what the sources say: markers must name items that live, tests must name what they verify."""

from collections.abc import Collection

from lotmark.base.findings import Finding, Location, Severity
from lotmark.trace._declared import find_unreached
from lotmark.trace._test_ids import base_test_id
from lotmark.trace.models import Marker, MarkerKind, TraceGraph


def check_markers(graph: TraceGraph, externals: Collection[str]) -> list[Finding]:
    """Unknown and obsolete ids in markers, markers that belong to no test, tests that verify nothing."""
    findings: list[Finding] = []
    known = {anomaly.id for anomaly in graph.anomalies}
    known.update(externals)
    labelled: set[str] = set()
    said: set[tuple[str, int, str]] = set()
    # An entry of markers.yaml speaks also where it reaches no test.
    declared = [Marker("", entry.location.path, entry.location.line, entry.ids, MarkerKind.VERIFIES) for entry in graph.declared]
    for marker in (*declared, *graph.sources.markers):
        if marker.kind is MarkerKind.VERIFIES:
            if marker.test_id is None:
                findings.append(
                    _say(
                        marker,
                        "LM-TRC-043",
                        f"the marker for {', '.join(marker.ids)} belongs to no test, so no result can cover it",
                        "put it directly above the test",
                    )
                )
            else:
                labelled.update((marker.test_id, base_test_id(marker.test_id)))
        for item_id in marker.ids:
            item = graph.items.get(item_id)
            # A marker of a class or module stands once in the source and once per test here.
            if (marker.path, marker.line, item_id) in said or (item is None and item_id in known) or (item is not None and not item.obsolete):
                continue
            said.add((marker.path, marker.line, item_id))
            if item is None:
                findings.append(_say(marker, "LM-TRC-041", f"the marker names {item_id}, which does not exist", "correct the id, or add the item"))
            else:
                findings.append(_say(marker, "LM-TRC-025", f"the marker names {item_id}, which is obsolete", "name its successor, or remove the marker"))
    findings.extend(_unreached(graph))
    cure = "mark it with what it verifies, if it counts for a requirement"
    findings.extend(
        Finding("LM-TRC-044", f"{test.id} does not say what it verifies", Severity.WARNING, Location(test.path, test.line), test.id, cure)
        for test in graph.sources.tests
        if test.id not in labelled
    )
    return findings


def _unreached(graph: TraceGraph) -> list[Finding]:
    """Globs of markers.yaml without a test: nobody knows yet, before the layers have reported; then it is an error."""
    severity = Severity.ERROR if graph.results_known else Severity.WARNING
    what = "no test" if graph.results_known else "no test of the sources, and only the results can tell whether there is one"
    cure = "globs are held against test ids as results name them, such as tests/test_ct.py::TestCt::test_a or Profile::should do it; `**` crosses slashes"
    found = []
    for entry, number in find_unreached(graph):
        glob, place = entry.tests[number]
        found.append(Finding("LM-TRC-046", f"{glob!r} matches {what}", severity, place, glob, cure))
    return found


def _say(marker: Marker, code: str, message: str, cure: str) -> Finding:
    return Finding(code, message, Severity.ERROR, Location(marker.path, marker.line), marker.test_id or marker.path, cure)
