"""Anomalies, YAML hazards and controls, and the scale."""

import pytest

from fakes.trace_files import codes, control, found, graph_of, hazard, sound
from lotmark.base.findings import Location
from lotmark.trace._policy import DEFAULT_POLICY, DEFAULT_SCALE
from lotmark.trace._yaml import parse_anomalies, parse_location, parse_risk_file
from lotmark.trace.api import check_trace

pytestmark = pytest.mark.verifies("REQ-008", "RC-009", "HAZ-006")


PATH = "quality/anomalies.yaml"

ANOMALIES = """\
anomalies:
  - id: ANO-001
    title: A label is cut off
    severity: 4
    status: open
    rationale: Cosmetic.
    affects: [REQ-001]
  - id: qpcr:ANO-002
    title: Slow
    severity: 2
    status: closed
    rationale: Mended in 1.2.
"""

RISKS = """\
hazards:
  - id: HAZ-001
    title: False negative
    hazardous-situation: The patient is not treated
    harm: Death
    before: {severity: critical, probability: 4}
    after: {severity: critical, probability: improbable}
    residual-risk: {acceptable: true, rationale: The benefit outweighs it.}
    status: approved
controls:
  - id: RC-001
    title: Internal control
    kind: protective
    mitigates: [HAZ-001]
    text: The software shall check it.
"""

SCALE = """\
scale:
  severities: [small, large]
  probabilities: [rare, often]
  levels: [fine, bad]
  matrix:
    - [fine, fine]
    - [fine, bad]
"""


def anomalies(text):
    findings = []
    return parse_anomalies(PATH, text.encode(), "qpcr", findings), findings


def risks(text):
    findings = []
    items, scale = parse_risk_file("quality/risks/all.yaml", text.encode(), "qpcr", DEFAULT_POLICY, findings)
    return items, scale, findings


def test_anomalies_are_read_in_order_with_their_places():
    (first, second), findings = anomalies(ANOMALIES)
    assert findings == []
    assert (first.id, first.severity, first.status, first.affects) == ("ANO-001", 4, "open", ("REQ-001",))
    assert first.location == Location(PATH, 2, 9)
    assert (second.id, second.status, second.rationale) == ("ANO-002", "closed", "Mended in 1.2.")


def test_an_empty_list_of_anomalies_is_a_list():
    assert anomalies("anomalies: []\n") == ((), [])


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("anomalies: [", "LM-CFG-002", 2),
        ("", "LM-CFG-005", 1),
        ("anomalies:\n  - id: ANO-001\n    titel: x\n", "LM-CFG-004", 3),
        (ANOMALIES.replace("severity: 4", "severity: 5"), "LM-CFG-005", 4),
        (ANOMALIES.replace("status: open", "status: maybe"), "LM-CFG-005", 5),
        (ANOMALIES.replace("rationale: Cosmetic.", 'rationale: ""'), "LM-CFG-005", 6),
        ("anomalies: []\nanomalies: []\n", "LM-CFG-003", 2),
    ],
)
def test_a_wrong_file_is_one_located_finding_and_no_list(text, code, line):
    read, (finding,) = anomalies(text)
    assert read is None
    assert finding.code == code
    assert finding.location.path == PATH
    assert finding.location.line == line


def test_an_anomaly_id_must_be_of_the_product_and_stand_once():
    (only,), findings = anomalies(ANOMALIES.replace("qpcr:ANO-002", "pump:ANO-002"))
    assert (only.id, codes(findings)) == ("ANO-001", ["LM-TRC-010"])
    (only,), findings = anomalies(ANOMALIES.replace("qpcr:ANO-002", "ANO-001"))
    assert codes(findings) == ["LM-TRC-011"]


def test_an_anomaly_may_affect_only_what_exists():
    graph = graph_of(sound(), {PATH: ANOMALIES.replace("[REQ-001]", "[REQ-404, pelican:SYS-1]").encode()})
    assert "REQ-404, pelican:SYS-1" in found(check_trace(graph), "LM-TRC-023").message
    assert "REQ-404, " not in found(check_trace(graph, externals=["REQ-404"]), "LM-TRC-023").message


def test_an_id_of_an_anomaly_and_an_item_clashes():
    graph = graph_of(sound(), {PATH: ANOMALIES.replace("ANO-001", "REQ-001").encode()})
    assert found(check_trace(graph), "LM-TRC-011").subject == "REQ-001"


def test_hazards_and_controls_of_a_yaml_file_are_items():
    (hazard_item, control_item), scale, findings = risks(RISKS)
    assert (findings, scale) == ([], None)
    assert (hazard_item.type, hazard_item.id, hazard_item.line) == ("hazard", "HAZ-001", 2)
    assert hazard_item.attributes["before"] == {"severity": "critical", "probability": "4"}
    assert (control_item.type, control_item.targets("mitigates"), control_item.text) == ("risk-control", ("HAZ-001",), "The software shall check it.")
    assert control_item.where("kind").line == 13


def test_both_forms_have_one_fingerprint():
    (from_yaml, control_from_yaml), _, _ = risks(RISKS.replace("probability: 4", "probability: probable"))
    graph = graph_of(
        hazard("HAZ-001", title="False negative", body=""),
        control("RC-001", "mitigates: [HAZ-001]", title="Internal control", body="The software shall check it."),
    )
    assert graph.items["HAZ-001"].fingerprint == from_yaml.fingerprint
    assert graph.items["RC-001"].fingerprint == control_from_yaml.fingerprint


def test_a_yaml_file_is_checked_like_the_others():
    _, _, findings = risks(RISKS.replace("status: approved", "status: done").replace("id: RC-001", "id: rc-1"))
    assert codes(findings) == ["LM-TRC-006", "LM-TRC-010"]
    assert findings[0].location == Location("quality/risks/all.yaml", 9, 13)


@pytest.mark.parametrize(
    ("text", "code"), [("{}", "LM-TRC-002"), ("hazards: []", "LM-TRC-002"), ("hazard: []", "LM-CFG-004"), ("hazards: [{}]", "LM-CFG-005"), ("\t", "LM-CFG-002")]
)
def test_a_risk_file_without_risks_or_with_wrong_ones_is_a_finding(text, code):
    items, scale, findings = risks(text)
    assert (items, scale, codes(findings)) == ([], None, [code])


def test_a_product_may_have_its_own_scale():
    items, scale, findings = risks(SCALE)
    assert (items, findings) == ([], [])
    assert (scale.severities, scale.probabilities, scale.levels) == (("small", "large"), ("rare", "often"), ("fine", "bad"))
    assert scale.matrix == ((0, 0), (0, 1))


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("- [fine, bad]", "- [fine]", "2 rows"),
        ("    - [fine, bad]\n", "", "2 rows"),
        ("[fine, bad]\n  matrix", "[fine, fine]\n  matrix", "levels"),
        ("- [fine, bad]", "- [fine, worse]", "not among the levels"),
        ("[small, large]", "[small, small]", "twice in scale.severities"),
    ],
)
def test_a_scale_that_does_not_add_up_is_a_finding(old, new, word):
    _, scale, findings = risks(SCALE.replace(old, new))
    assert scale is None
    assert word in found(findings, "LM-TRC-006").message


def test_the_scale_of_the_product_is_used_and_there_is_one():
    assert graph_of(sound()).scale is DEFAULT_SCALE
    files = sound() | {"quality/risks/scale.yaml": SCALE.encode()}
    graph = graph_of(files)
    assert graph.scale.severities == ("small", "large")
    assert "LM-TRC-006" in codes(check_trace(graph))
    files["quality/risks/scale2.yml"] = SCALE.encode()
    assert "second scale" in found(graph_of(files).findings, "LM-TRC-006").message


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a.yaml:3:4", Location("a.yaml", 3, 4)),
        ("C:x:3:4", Location("C:x", 3, 4)),
        ("a.yaml", Location("a.yaml")),
        ("a:b:c", Location("a:b:c")),
        ("a.yaml:3", Location("a.yaml:3")),
    ],
)
def test_places_of_configuration_errors_are_taken_apart(text, place):
    assert parse_location(text) == place
