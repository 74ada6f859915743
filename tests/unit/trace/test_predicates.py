"""Snapshots: the shapes of the evidence, and the published schemas."""

import json

import msgspec
import pytest

from fakes.trace_files import graph_of, hazard, requirement, sound, sound_sources
from lotmark.attest.models import Registry, Subject
from lotmark.base.findings import Finding, Location, Severity
from lotmark.trace._schemas import FOLDER, all_schemas
from lotmark.trace.api import check_trace, roll_up
from lotmark.trace.predicates import KINDS, RiskSnapshot, TraceSnapshot, build_risk_snapshot, build_trace_snapshot

pytestmark = pytest.mark.verifies("REQ-008", "RC-009", "HAZ-006")


RUN = "qpcr:RUN-0001"
SUBJECTS = (Subject("source", {"sha256": "0" * 64}),)
ANOMALIES = {"quality/anomalies.yaml": b"anomalies: [{id: ANO-001, title: T, severity: 3, status: open, rationale: R, affects: [REQ-001]}]"}


def trace_snapshot(graph, *, findings=(), coverage=None, changed=()):
    return build_trace_snapshot(graph, run=RUN, subjects=SUBJECTS, changed=changed, findings=findings, coverage=coverage)


def test_the_kinds_are_registered_and_signed_by_the_pipeline():
    registry = Registry(KINDS)
    assert {kind.name for kind in registry} == {"trace-snapshot", "risk-snapshot"}
    for kind in registry:
        assert kind.uri == f"https://lotmark.dev/attestation/{kind.name}/v1"
        assert kind.signers == {"pipeline"}
        assert kind.clause


def test_a_trace_snapshot_holds_the_whole_graph():
    graph = graph_of(sound(), ANOMALIES, scan=sound_sources())
    coverage = roll_up(graph, {"tests/unit/test_it.py::test_it": "passed"})
    evidence = trace_snapshot(graph, findings=check_trace(graph), coverage=coverage, changed={"UN-001", "REQ-001"})
    assert (evidence.kind, evidence.subjects, evidence.name) == ("trace-snapshot", SUBJECTS, "")
    predicate = evidence.predicate
    assert (predicate["run"], predicate["product"], predicate["changed"], predicate["findings"]) == (RUN, "qpcr", ["REQ-001", "UN-001"], [])
    assert predicate["coverage"] == {"requirements": 1, "withRiskOrNeed": 1, "withTest": 1, "verified": 1}
    assert predicate["items"][0] == {
        "id": "REQ-001",
        "type": "requirement",
        "category": "",
        "title": "A title",
        "status": "approved",
        "safetyClass": "",
        "fingerprint": graph.items["REQ-001"].fingerprint,
        "path": "quality/requirements/REQ-001.md",
        "line": 2,
        "links": [{"type": "derives", "target": "UN-001"}, {"type": "implements", "target": "RC-001"}],
    }
    assert predicate["anomalies"] == [{"id": "ANO-001", "title": "T", "severity": 3, "status": "open", "rationale": "R", "affects": ["REQ-001"]}]


def test_findings_stand_in_the_snapshot_as_they_are_shown():
    findings = [
        Finding("LM-TRC-035", "no test", Severity.ERROR, Location("a.md", 2, 5), "REQ-001", "mark one"),
        Finding("LM-TRC-045", "no source", Severity.WARNING),
    ]
    evidence = trace_snapshot(graph_of(sound()), findings=findings)
    assert evidence.predicate["findings"] == [finding.to_wire() for finding in findings]


def test_no_list_of_anomalies_is_not_an_empty_list():
    assert trace_snapshot(graph_of(sound())).predicate["anomalies"] is None
    assert trace_snapshot(graph_of(sound(), {"quality/anomalies.yaml": b"anomalies: []"})).predicate["anomalies"] == []
    assert trace_snapshot(graph_of(sound(), {"quality/anomalies.yaml": b"anomalies: ["})).predicate["anomalies"] is None


def test_a_risk_snapshot_shows_each_hazard_before_and_after_control():
    predicate = build_risk_snapshot(graph_of(sound()), run=RUN, subjects=SUBJECTS).predicate
    assert predicate["hazards"] == [
        {
            "id": "HAZ-001",
            "title": "A title",
            "hazardousSituation": "The patient is not treated",
            "harm": "Death",
            "before": {"severity": "critical", "probability": "probable", "level": "high"},
            "after": {"severity": "critical", "probability": "improbable", "level": "medium"},
            "controls": ["RC-001"],
            "residualRisk": {"acceptable": True, "rationale": "The benefit outweighs it."},
        }
    ]
    assert predicate["controls"] == [{"id": "RC-001", "title": "A title", "kind": "protective", "hazards": ["HAZ-001"], "requirements": ["REQ-001"]}]
    assert predicate["scale"]["matrix"][4] == ["medium", "medium", "high", "high", "high"]


def test_what_nobody_judged_is_not_shown_as_acceptable():
    graph = graph_of(sound(), hazard("HAZ-001", "residual-risk: maybe", "before: odd"))
    (shown,) = build_risk_snapshot(graph, run=RUN, subjects=SUBJECTS).predicate["hazards"]
    assert shown["residualRisk"] == {"acceptable": None, "rationale": ""}
    assert shown["before"] == {"severity": "", "probability": "", "level": ""}


@pytest.mark.parametrize(
    "broken", [{}, {"quality/risks/RC-001.md": b"---\nid: RC-001\ntype: risk-control\nkind: [a]\nmitigates: [HAZ-001, HAZ-404]\n---\n"}, requirement("req-1")]
)
def test_even_a_broken_graph_has_snapshots_that_fit_their_shape(broken):
    graph = graph_of(broken)
    trace = trace_snapshot(graph, findings=check_trace(graph)).predicate
    assert msgspec.convert(trace, TraceSnapshot, strict=True).run == RUN
    risks = build_risk_snapshot(graph, run=RUN, subjects=SUBJECTS).predicate
    assert msgspec.convert(risks, RiskSnapshot, strict=True).run == RUN
    json.dumps([trace, risks])


@pytest.mark.parametrize("name", sorted(all_schemas()))
def test_the_published_schemas_are_those_of_the_types(name):
    assert (FOLDER / name).read_bytes() == all_schemas()[name], "write them anew: python -m lotmark.trace._schemas"


def test_every_schema_file_has_its_type():
    assert {path.name for path in FOLDER.glob("*.json")} == set(all_schemas())
