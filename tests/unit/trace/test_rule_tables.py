"""Decision tables of the trace rules, written out in full: link types, the risk scale, what is acceptable, weights, layers."""

import pytest

from fakes.trace_files import case, check, codes, control, graph_of, hazard, item, need, requirement, sound, sound_sources, sources
from lotmark.base.findings import Severity
from lotmark.trace.api import DEFAULT_POLICY, DEFAULT_SCALE, check_trace, find_layer, find_level, hazard_of, mark_tests
from lotmark.trace.models import TracePolicy

pytestmark = pytest.mark.verifies("REQ-008", "RC-009", "HAZ-006")

KINDS = ("user-need", "requirement", "hazard", "risk-control", "test-case")
ALLOWED = {
    ("requirement", "derives", "user-need"),
    ("requirement", "derives", "requirement"),
    ("requirement", "refines", "requirement"),
    ("requirement", "refines", "user-need"),
    ("user-need", "refines", "user-need"),
    ("user-need", "refines", "requirement"),
    ("requirement", "implements", "risk-control"),
    ("risk-control", "mitigates", "hazard"),
    ("test-case", "verifies", "requirement"),
    ("test-case", "verifies", "risk-control"),
    ("test-case", "verifies", "hazard"),
    ("test-case", "verifies", "user-need"),
}
"""Every link that the trace format allows; all others of the 125 are wrong."""


def of_kind(kind: str, number: str, *lines: str) -> dict[str, bytes]:
    match kind:
        case "hazard":
            return hazard(f"X-{number}", *lines)
        case "risk-control":
            return control(f"X-{number}", *lines)
        case _:
            return {f"quality/requirements/X-{number}.md": item(kind, f"X-{number}", *lines)}


@pytest.mark.parametrize("link", ["derives", "refines", "implements", "mitigates", "verifies"])
@pytest.mark.parametrize("source", KINDS)
@pytest.mark.parametrize("target", KINDS)
def test_a_link_may_go_where_the_format_says_and_nowhere_else(source, link, target):
    findings = check(of_kind(source, "1", f"{link}: [X-2]"), of_kind(target, "2"))
    wrong = [finding.subject for finding in findings if finding.code == "LM-TRC-022"]
    assert wrong == ([] if (source, link, target) in ALLOWED else ["X-1"])


LEVELS = """
                improbable  remote  occasional  probable  frequent
negligible      low         low     low         low       medium
minor           low         low     medium      medium    medium
serious         low         medium  medium      high      high
critical        medium      medium  high        high      high
catastrophic    medium      medium  high        high      high
"""
HEAD, *ROWS = (line.split() for line in LEVELS.strip().splitlines())
PAIRS = [(row[0], probability, level) for row in ROWS for probability, level in zip(HEAD, row[1:], strict=True)]


@pytest.mark.parametrize(("severity", "probability", "level"), PAIRS)
def test_the_default_scale_is_the_one_that_is_documented(severity, probability, level):
    assert find_level(DEFAULT_SCALE, severity, probability) == level
    graph = graph_of(hazard("HAZ-001", f"before: {{severity: {severity}, probability: {probability}}}"))
    assert hazard_of(graph.items["HAZ-001"], graph.scale).before.level == level


@pytest.mark.parametrize(("severity", "probability", "level"), PAIRS)
def test_ranks_stand_for_the_words_from_the_weakest_on(severity, probability, level):
    ranks = DEFAULT_SCALE.severities.index(severity) + 1, DEFAULT_SCALE.probabilities.index(probability) + 1
    graph = graph_of(hazard("HAZ-001", f"after: {{severity: {ranks[0]}, probability: {ranks[1]}}}"))
    after = hazard_of(graph.items["HAZ-001"], graph.scale).after
    assert (after.severity, after.probability, after.level) == (severity, probability, level)


@pytest.mark.parametrize(
    ("severity", "probability"), [("", "remote"), ("minor", ""), ("remote", "minor"), ("Minor", "remote"), ("minor ", "remote"), ("7", "1")]
)
def test_a_word_that_is_not_of_the_scale_has_no_level(severity, probability):
    assert find_level(DEFAULT_SCALE, severity, probability) == ""


@pytest.mark.parametrize(("severity", "probability", "level"), PAIRS)
def test_only_a_risk_of_the_lowest_level_may_stay_without_control(severity, probability, level):
    """The hazard is accepted with a rationale; its estimate before control decides whether that is enough."""
    files = hazard("HAZ-002", f"before: {{severity: {severity}, probability: {probability}}}", "after: {severity: negligible, probability: improbable}")
    (finding,) = [one for one in check(sound(), files, scan=sound_sources()) if one.code == "LM-TRC-032"]
    assert finding.severity is (Severity.WARNING if level == "low" else Severity.ERROR)


@pytest.mark.parametrize(("severity", "probability", "level"), PAIRS)
def test_a_residual_risk_of_the_highest_level_is_said_and_others_are_not(severity, probability, level):
    files = hazard("HAZ-001", "before: {severity: catastrophic, probability: frequent}", f"after: {{severity: {severity}, probability: {probability}}}")
    assert codes(check(sound(), files, scan=sound_sources())) == (["LM-TRC-038"] if level == "high" else [])


@pytest.mark.parametrize("before", ["negligible improbable low", "minor occasional medium", "critical probable high"])
@pytest.mark.parametrize("after", ["negligible improbable low", "minor occasional medium", "critical probable high"])
def test_the_risk_after_control_is_not_above_the_one_before(before, after):
    order = ["low", "medium", "high"]
    one, two = before.split(), after.split()
    files = hazard("HAZ-001", f"before: {{severity: {one[0]}, probability: {one[1]}}}", f"after: {{severity: {two[0]}, probability: {two[1]}}}")
    said = [finding for finding in check(sound(), files, scan=sound_sources()) if " after it" in finding.message]
    assert bool(said) == (order.index(two[2]) > order.index(one[2]))
    assert all((finding.code, finding.severity, finding.location.line) == ("LM-TRC-038", Severity.ERROR, 10) for finding in said)


JUDGEMENTS = {
    "accepted": ("residual-risk: {acceptable: true, rationale: r}", True, None),
    "accepted in words": ("residual-risk: {acceptable: acceptable, rationale: r}", True, None),
    "accepted with yes": ("residual-risk: {acceptable: yes, rationale: r}", True, None),
    "refused": ("residual-risk: {acceptable: false, rationale: r}", False, "LM-TRC-038"),
    "refused in words": ("residual-risk: {acceptable: not-acceptable, rationale: r}", False, "LM-TRC-038"),
    "refused with no": ("residual-risk: {acceptable: no, rationale: r}", False, "LM-TRC-038"),
    "refused without rationale": ("residual-risk: {acceptable: no}", False, "LM-TRC-038"),
    "a word alone, without rationale": ("residual-risk: acceptable", True, "LM-TRC-037"),
    "True in capitals": ("residual-risk: {acceptable: True, rationale: r}", None, "LM-TRC-037"),
    "a number": ("residual-risk: {acceptable: 1, rationale: r}", None, "LM-TRC-037"),
    "a rationale alone": ("residual-risk: {rationale: r}", None, "LM-TRC-037"),
    "a list": ("residual-risk: [acceptable, r]", None, "LM-TRC-037"),
    "nothing": ("residual-risk:", None, "LM-TRC-037"),
    "a rationale of spaces": ('residual-risk: {acceptable: true, rationale: "  "}', True, "LM-TRC-037"),
}


@pytest.mark.parametrize(("line", "acceptable", "code"), JUDGEMENTS.values(), ids=JUDGEMENTS)
def test_what_counts_as_a_judgement_of_the_residual_risk(line, acceptable, code):
    files = hazard("HAZ-001", line)
    graph = graph_of(sound(), files, scan=sound_sources())
    assert hazard_of(graph.items["HAZ-001"], graph.scale).acceptable is acceptable
    assert codes(check_trace(graph)) == ([code] if code else [])


@pytest.mark.parametrize(("line", "acceptable", "code"), JUDGEMENTS.values(), ids=JUDGEMENTS)
def test_a_section_may_give_the_rationale(line, acceptable, code):
    files = hazard("HAZ-001", line, body="It happens.\n\n## Rationale\n\nThe benefit outweighs it.")
    expected = [] if acceptable else [code]
    assert codes(check(sound(), files, scan=sound_sources())) == expected


RELAXED = {"LM-TRC-034", "LM-TRC-035"}
UNSOUND = (control("RC-002"), requirement("REQ-002"), need("UN-002"), hazard("HAZ-002"))


@pytest.mark.parametrize("safety_class", ["A", "B", "C"])
def test_for_class_a_two_rules_only_warn(safety_class):
    findings = check(sound(), *UNSOUND, scan=sound_sources(), safety_class=safety_class)
    assert sorted(codes(findings)) == ["LM-TRC-030", "LM-TRC-031", "LM-TRC-032", "LM-TRC-033", "LM-TRC-034", "LM-TRC-035"]
    warned = {finding.code for finding in findings if finding.severity is Severity.WARNING}
    assert warned == (RELAXED if safety_class == "A" else set())


@pytest.mark.parametrize(
    ("product", "own", "weight"), [("A", "C", "error"), ("C", "A", "warning"), ("B", "A", "warning"), ("A", "A", "warning"), ("A", "B", "error")]
)
def test_the_class_of_the_item_goes_before_that_of_the_product(product, own, weight):
    findings = check(sound(), requirement("REQ-002", "refines: [REQ-001]", f"safety-class: {own}"), scan=sound_sources(), safety_class=product)
    assert [(finding.code, finding.severity.value) for finding in findings] == [("LM-TRC-035", weight)]


@pytest.mark.parametrize("chosen", ["error", "warning", "info", "off"])
@pytest.mark.parametrize("code", ["LM-TRC-030", "LM-TRC-031", "LM-TRC-032", "LM-TRC-033", "LM-TRC-034", "LM-TRC-035"])
@pytest.mark.parametrize("safety_class", ["A", "C"])
def test_the_policy_weighs_each_rule_by_itself(code, chosen, safety_class):
    policy = TracePolicy(
        DEFAULT_POLICY.types,
        DEFAULT_POLICY.links,
        DEFAULT_POLICY.states,
        DEFAULT_POLICY.layers,
        {**DEFAULT_POLICY.severities, code: dict.fromkeys("ABC", chosen)},
    )
    before = check(sound(), *UNSOUND, scan=sound_sources(), safety_class=safety_class)
    after = check(sound(), *UNSOUND, scan=sound_sources(), safety_class=safety_class, policy=policy)
    assert [(one.code, one.severity) for one in after if one.code != code] == [(one.code, one.severity) for one in before if one.code != code]
    assert [one.severity.value for one in after if one.code == code] == ([] if chosen == "off" else [chosen])


FOLDERS = {
    "tests/unit/test_a.py": "unit",
    "tests/contract/test_a.py": "unit",
    "tests/integration/test_a.py": "integration",
    "tests/validation/test_a.py": "validation",
    "tests/acceptance/test_a.py": "validation",
    "tests/system/test_a.py": "validation",
    "tests/e2e/deep/test_a.py": "validation",
    "Tests/Unit/test_a.py": "unit",
    "tests/unit/integration/test_a.py": "unit",
    "tests/integration/unit/test_a.py": "integration",
    "unit/test_a.py": "unit",
    "tests/test_unit.py": "",
    "tests/unit": "",
    "tests/units/test_a.py": "",
    "tests/my-unit/test_a.py": "",
    "test_a.py": "",
    "": "",
}


@pytest.mark.parametrize(("path", "layer"), FOLDERS.items())
def test_the_layer_of_a_test_is_that_of_its_outermost_folder(path, layer):
    assert find_layer(path, DEFAULT_POLICY) == layer


@pytest.mark.parametrize("layer", ["unit", "integration", "validation"])
@pytest.mark.parametrize("folder", ["unit", "integration", "e2e", "checks"])
def test_a_layer_is_asked_for_until_a_test_of_it_stands_there(layer, folder):
    known = {"unit": "unit", "integration": "integration", "e2e": "validation", "checks": ""}[folder]
    scan = sources('@pytest.mark.verifies("REQ-001", "REQ-002")', "def test_it(): pass", path=f"tests/{folder}/test_it.py")
    files = requirement("REQ-002", "refines: [REQ-001]", f"layers: [{layer}]")
    # A test whose folder names no layer may belong to any, as long as nobody has run it.
    assert codes(check(sound(), files, scan=scan)) == ([] if known in {"", layer} else ["LM-TRC-036"])
    graph = mark_tests(graph_of(sound(), files, scan=scan), [], complete=True)
    assert codes(check_trace(graph)) == ([] if known == layer else ["LM-TRC-036"])
    ran = mark_tests(graph_of(sound(), files, scan=scan), [(f"tests/{folder}/test_it.py::test_it[1]", layer)], complete=True)
    assert codes(check_trace(ran)) == []


@pytest.mark.parametrize("word", ["unit", "integration", "validation"])
def test_a_test_case_of_a_layer_fulfils_it(word):
    files = (requirement("REQ-002", "refines: [REQ-001]", f"layers: [{word}]"), case("TC-001", "verifies: [REQ-002]", f"layer: {word}"))
    assert codes(check(sound(), *files, scan=sound_sources())) == []


@pytest.mark.parametrize("obsolete", [True, False])
def test_a_layer_below_counts_while_the_item_lives(obsolete):
    below = requirement("REQ-003", "refines: [REQ-002]")
    if obsolete:
        below = {path: data.replace(b"approved", b"obsolete") for path, data in below.items()}
    scan = sources('@pytest.mark.verifies("REQ-001", "REQ-002")', "def test_it(): pass", "", '@pytest.mark.verifies("REQ-003")', "def test_that(): pass")
    scan_validation = sources('@pytest.mark.verifies("REQ-003")', "def test_that(): pass", path="tests/validation/test_that.py")
    joined = type(scan)((*scan.markers[:1], *scan_validation.markers), (*scan.tests[:1], *scan_validation.tests), 2, ())
    findings = check(sound(), requirement("REQ-002", "refines: [REQ-001]", "layers: [validation]"), below, scan=joined)
    assert codes(findings) == (["LM-TRC-036", "LM-TRC-025"] if obsolete else [])
