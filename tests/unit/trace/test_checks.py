"""All findings in one run: links, levels, risks, markers, and how they weigh."""

from dataclasses import replace

import pytest

from fakes.trace_files import case, check, codes, control, found, graph_of, hazard, item, need, requirement, sound, sound_sources, sources
from lotmark.base.findings import Severity
from lotmark.trace.api import DEFAULT_POLICY, check_trace, mark_tests
from lotmark.trace.rules import RULES

pytestmark = pytest.mark.verifies("REQ-008", "RC-009", "HAZ-006")


def obsolete(files):
    return {path: data.replace(b"status: approved", b"status: obsolete") for path, data in files.items()}


def sound_check(*more, scan=None, **options):
    return check(sound(), *more, scan=scan or sound_sources(), **options)


def sound_graph(*more, scan=None):
    return graph_of(sound(), *more, scan=scan or sound_sources())


IT = "checks/test_it.py::test_it"


def test_a_sound_graph_has_no_findings():
    assert sound_check() == ()


def test_all_findings_come_in_one_run_sorted_by_place():
    findings = check(
        requirement("REQ-001", "implements: [RC-404]", "oops: x"),
        requirement("REQ-002"),
        {"quality/requirements/REQ-003.md": b""},
        hazard("HAZ-001"),
        control("RC-001"),
        need("UN-001"),
        scan=sources('@pytest.mark.verifies("REQ-404")', "def test_it(): pass", "def test_other(): pass"),
    )
    assert set(codes(findings)) == {f"LM-TRC-{number}" for number in ("002", "005", "023", "030", "031", "032", "033", "034", "035", "041", "044")}
    assert [finding.location for finding in findings] == sorted(finding.location for finding in findings)
    assert all(finding.help for finding in findings)


def test_every_code_has_a_rule_and_stands_there_once():
    names = [rule.code for rule in RULES]
    assert names == sorted(set(names))
    assert all(rule.title and rule.story and rule.cure for rule in RULES)


class TestLinks:
    def test_a_dangling_link_names_its_place(self):
        finding = found(sound_check(requirement("REQ-002", "refines: [REQ-001, REQ-404]")), "LM-TRC-023")
        assert str(finding.location) == "quality/requirements/REQ-002.md:6:10"
        assert finding.subject == "REQ-002"
        assert "REQ-404" in finding.message

    def test_a_dangling_link_suggests_the_look_alike(self):
        finding = found(sound_check(requirement("REQ-002", "refines: [REQ-0001]")), "LM-TRC-023")
        assert finding.help == "did you mean REQ-001?"

    def test_an_id_of_another_product_must_be_declared(self):
        files = requirement("REQ-002", "refines: [REQ-001]", "derives: [pelican:UN-4]")
        assert "not declared" in found(sound_check(files), "LM-TRC-023").message
        assert "LM-TRC-023" not in codes(sound_check(files, externals=["pelican:UN-4"]))

    @pytest.mark.parametrize("line", ["mitigates: [HAZ-001]", "implements: [HAZ-001]", "derives: [RC-001]", "verifies: [REQ-001]"])
    def test_a_link_between_the_wrong_types_is_a_finding(self, line):
        finding = found(sound_check(requirement("REQ-002", "refines: [REQ-001]", line)), "LM-TRC-022")
        assert " goes from " in finding.help

    def test_an_item_of_unknown_type_is_judged_for_that_alone(self):
        files = {"quality/requirements/REQ-002.md": item("wish", "REQ-002", "mitigates: [HAZ-001]")}
        assert codes(sound_check(files)) == ["LM-TRC-020"]

    def test_a_link_to_an_obsolete_item_is_a_finding(self):
        finding = found(sound_check(obsolete(need("UN-002")), requirement("REQ-002", "derives: [UN-002]", "refines: [REQ-001]")), "LM-TRC-025")
        assert finding.subject == "REQ-002"

    def test_obsolete_items_may_link_to_each_other_and_lack_everything(self):
        files = obsolete({**requirement("REQ-002", "derives: [UN-002]"), **need("UN-002"), **hazard("HAZ-002"), **control("RC-002")})
        assert sound_check(files) == ()

    def test_a_cycle_is_one_finding_at_a_link_of_it(self):
        files = {**requirement("REQ-002", "refines: [REQ-001, REQ-003]"), **requirement("REQ-003", "refines: [REQ-002]")}
        finding = found(sound_check(files), "LM-TRC-024")
        assert "REQ-002, REQ-003" in finding.message
        assert str(finding.location) == "quality/requirements/REQ-002.md:6:10"

    def test_an_item_that_links_to_itself_is_a_cycle(self):
        assert "links to itself" in found(sound_check(requirement("REQ-002", "refines: [REQ-001, REQ-002]")), "LM-TRC-024").message

    def test_a_long_cycle_is_named_in_short(self):
        files = {}
        for number in range(30):
            files |= requirement(f"REQ-{number + 100}", f"refines: [REQ-{(number + 1) % 30 + 100}]")
        assert "and 20 more" in found(sound_check(files), "LM-TRC-024").message


class TestLevels:
    def test_a_requirement_without_origin_is_an_orphan(self):
        finding = found(sound_check(requirement("REQ-002")), "LM-TRC-030")
        assert (finding.subject, str(finding.location)) == ("REQ-002", "quality/requirements/REQ-002.md:2:5")

    def test_a_link_that_dangles_is_not_said_twice(self):
        assert codes(sound_check(requirement("REQ-002", "derives: [UN-404]"), case("TC-001", "verifies: [REQ-002]"))) == ["LM-TRC-023"]

    def test_a_chain_that_reaches_no_need_misses_a_level(self):
        findings = sound_check(requirement("REQ-002"), requirement("REQ-003", "refines: [REQ-002]"))
        assert found(findings, "LM-TRC-031").subject == "REQ-003"
        assert found(findings, "LM-TRC-030").subject == "REQ-002"

    def test_a_control_that_mitigates_nothing_is_no_origin(self):
        findings = sound_check(control("RC-002"), requirement("REQ-002", "implements: [RC-002]"))
        assert {"LM-TRC-031", "LM-TRC-034"} <= set(codes(findings))

    def test_a_user_need_needs_a_requirement(self):
        assert found(sound_check(need("UN-002")), "LM-TRC-031").subject == "UN-002"
        assert (
            sound_check(need("UN-002"), need("UN-003", "refines: [UN-002]"), requirement("REQ-002", "derives: [UN-003]"), case("TC-001", "verifies: [REQ-002]"))
            == ()
        )

    def test_an_obsolete_requirement_implements_nothing(self):
        findings = sound_check(control("RC-002", "mitigates: [HAZ-001]"), obsolete(requirement("REQ-002", "implements: [RC-002]")))
        assert found(findings, "LM-TRC-033").subject == "RC-002"

    def test_a_requirement_needs_a_test(self):
        findings = check(sound(), scan=sources("x = 1"))
        finding = found(findings, "LM-TRC-035")
        assert (finding.subject, finding.severity) == ("REQ-001", Severity.ERROR)

    def test_a_requirement_that_others_refine_is_tested_through_them(self):
        findings = check(sound(), requirement("REQ-002", "refines: [REQ-001]"), scan=sources('@pytest.mark.verifies("REQ-002")', "def test_it(): pass"))
        assert findings == ()

    def test_a_test_case_is_a_test(self):
        assert check(sound(), case("TC-001", "verifies: [REQ-001]")) == ()

    def test_a_layer_that_is_asked_for_must_have_a_test(self):
        files = requirement("REQ-002", "refines: [REQ-001]", "layers: [unit, validation]")
        findings = sound_check(files, scan=sources('@pytest.mark.verifies("REQ-001", "REQ-002")', "def test_it(): pass"))
        finding = found(findings, "LM-TRC-036")
        assert "'validation'" in finding.message
        assert finding.location.line == 7

    def test_a_layer_may_be_reached_by_what_lies_below_and_by_test_cases(self):
        files = {**hazard("HAZ-001", "layers: [unit, validation]"), **case("TC-001", "layer: validation", "verifies: [RC-001]")}
        assert sound_check(files) == ()

    def test_a_test_outside_the_layers_counts_for_none(self):
        files = requirement("REQ-001", "derives: [UN-001]", "implements: [RC-001]", "layers: [unit]")
        scan = sources('@pytest.mark.verifies("REQ-001")', "def test_it(): pass", path="checks/test_it.py")
        assert codes(check_trace(mark_tests(sound_graph(files, scan=scan), [(IT, "validation")], complete=True))) == ["LM-TRC-036"]

    def test_a_test_outside_the_layers_may_run_in_the_one_that_is_asked_for(self):
        files = requirement("REQ-001", "derives: [UN-001]", "implements: [RC-001]", "layers: [unit]")
        graph = sound_graph(files, scan=sources('@pytest.mark.verifies("REQ-001")', "def test_it(): pass", path="checks/test_it.py"))
        assert check_trace(graph) == ()
        assert check_trace(mark_tests(graph, [(f"{IT}[a]", "unit")], complete=True)) == ()


class TestRisks:
    def test_a_hazard_needs_a_control(self):
        finding = found(sound_check(hazard("HAZ-002")), "LM-TRC-032")
        assert (finding.subject, finding.severity) == ("HAZ-002", Severity.ERROR)

    def test_an_obsolete_control_controls_nothing(self):
        assert "LM-TRC-032" in codes(sound_check(hazard("HAZ-002"), obsolete(control("RC-002", "mitigates: [HAZ-002]"))))

    def test_a_low_risk_that_somebody_accepted_only_warns(self):
        low = "before: {severity: minor, probability: remote}"
        finding = found(sound_check(hazard("HAZ-002", low)), "LM-TRC-032")
        assert finding.severity is Severity.WARNING
        unjudged = hazard("HAZ-002", low, "residual-risk: {acceptable: true}")
        assert found(sound_check(unjudged), "LM-TRC-032").severity is Severity.ERROR

    @pytest.mark.parametrize(
        ("line", "code", "word"),
        [
            ("before: critical", "LM-TRC-006", "must be a mapping"),
            ("before: [critical]", "LM-TRC-006", "must be a mapping"),
            ("before: {severity: critical}", "LM-TRC-006", "no probability"),
            ("after: {severity: dire, probability: remote}", "LM-TRC-006", "unknown severity 'dire'"),
            ("after: {severity: 9, probability: 1}", "LM-TRC-006", "unknown severity '9'"),
            ("after: {severity: critical, probability: improbable, cost: 3}", "LM-TRC-005", "unknown key 'cost'"),
            ("residual-risk: {acceptable: true, rationale: x, by: me}", "LM-TRC-005", "unknown key 'by'"),
            ("residual-risk: {acceptable: maybe, rationale: x}", "LM-TRC-037", "nobody"),
            ("residual-risk: {rationale: x}", "LM-TRC-037", "nobody"),
            ("residual-risk: [a]", "LM-TRC-037", "nobody"),
            ("residual-risk: acceptable", "LM-TRC-037", "without a rationale"),
            ("residual-risk: {acceptable: true, rationale: '  '}", "LM-TRC-037", "without a rationale"),
            ("residual-risk: {acceptable: false, rationale: x}", "LM-TRC-038", "not acceptable"),
            ("residual-risk: not-acceptable", "LM-TRC-038", "not acceptable"),
            ("before: {severity: minor, probability: remote}", "LM-TRC-038", "'low' before control and 'medium' after"),
        ],
    )
    def test_a_hazard_that_does_not_hold_is_a_finding(self, line, code, word):
        finding = found(sound_check(hazard("HAZ-001", line)), code)
        assert word in finding.message
        assert finding.severity is Severity.ERROR

    def test_what_is_missing_in_a_hazard_is_said_once(self):
        files = {
            "quality/risks/HAZ-002.md": item("hazard", "HAZ-002"),
            **control("RC-002", "mitigates: [HAZ-002]"),
            **requirement("REQ-001", "derives: [UN-001]", "implements: [RC-001, RC-002]"),
        }
        assert codes(sound_check(files)) == ["LM-TRC-006"] * 5

    def test_the_rationale_may_stand_in_its_section(self):
        files = hazard("HAZ-001", "residual-risk: acceptable", body="## Rationale\nIt helps more than it harms.")
        assert sound_check(files) == ()

    def test_words_of_the_scale_may_be_given_as_ranks(self):
        assert sound_check(hazard("HAZ-001", "before: {severity: 4, probability: 4}", "after: {severity: 4, probability: 1}")) == ()

    def test_a_high_residual_risk_warns_even_when_accepted(self):
        finding = found(sound_check(hazard("HAZ-001", "after: {severity: critical, probability: occasional}")), "LM-TRC-038")
        assert finding.severity is Severity.WARNING
        assert "'high'" in finding.message


class TestMarkers:
    def test_a_marker_with_an_unknown_id_names_file_and_line(self):
        finding = found(sound_check(scan=sources('@pytest.mark.verifies("REQ-001", "REQ-404")', "def test_it(): pass")), "LM-TRC-041")
        assert str(finding.location) == "tests/unit/test_it.py:2"
        assert finding.subject == "tests/unit/test_it.py::test_it"

    def test_a_marker_of_a_class_is_said_once(self):
        scan = sources('@pytest.mark.verifies("REQ-001", "REQ-404")', "class TestIt:", "    def test_a(self): pass", "    def test_b(self): pass")
        assert codes(sound_check(scan=scan)) == ["LM-TRC-041"]

    def test_a_marker_may_name_declared_ids_and_anomalies(self):
        anomalies = {"quality/anomalies.yaml": b"anomalies: [{id: ANO-001, title: T, severity: 3, status: open, rationale: R}]"}
        scan = sources('@pytest.mark.verifies("REQ-001", "ANO-001", "pelican:SYS-1")', "def test_it(): pass")
        assert codes(sound_check(anomalies, scan=scan)) == ["LM-TRC-041"]
        assert sound_check(anomalies, scan=scan, externals=["pelican:SYS-1"]) == ()

    def test_a_marker_with_an_obsolete_id_is_a_finding(self):
        scan = sources('@pytest.mark.verifies("REQ-001", "REQ-002")', "def test_it(): pass")
        assert codes(sound_check(obsolete(requirement("REQ-002")), scan=scan)) == ["LM-TRC-025"]

    def test_a_marker_that_belongs_to_no_test_warns(self):
        scan = sources('@pytest.mark.verifies("REQ-001")', "def test_it(): pass", "# @verifies REQ-001")
        finding = found(sound_check(scan=scan), "LM-TRC-043")
        assert finding.severity is Severity.WARNING

    def test_an_implements_marker_needs_no_test_but_a_known_id(self):
        scan = sources('@pytest.mark.verifies("REQ-001")', "def test_it(): pass", "# @implements REQ-404")
        assert codes(sound_check(scan=scan)) == ["LM-TRC-041"]

    def test_a_test_without_a_label_warns(self):
        scan = sources('@pytest.mark.verifies("REQ-001")', "def test_it(): pass", "def test_other(): pass")
        finding = found(sound_check(scan=scan), "LM-TRC-044")
        assert (finding.severity, finding.subject) == (Severity.WARNING, "tests/unit/test_it.py::test_other")

    def test_findings_of_the_scan_are_part_of_the_answer(self):
        assert "LM-TRC-040" in codes(sound_check(scan=sources("def broken(:")))


class TestWeight:
    def test_class_a_relaxes_some_rules(self):
        def severity(product, own=""):
            files = requirement("REQ-001", "derives: [UN-001]", "implements: [RC-001]", *([f"safety-class: {own}"] if own else []))
            return found(check(sound(), files, safety_class=product), "LM-TRC-035").severity

        assert severity("C") is severity("B") is severity("A", "B") is Severity.ERROR
        assert severity("A") is severity("C", "A") is Severity.WARNING

    def test_a_policy_may_weigh_rules_anew(self):
        graph = graph_of(sound())
        for word in Severity:
            (finding,) = check_trace(graph, policy=replace(DEFAULT_POLICY, severities={"LM-TRC-035": dict.fromkeys("ABC", word.value)}))
            assert finding.severity is word
        assert check_trace(graph, policy=replace(DEFAULT_POLICY, severities={"LM-TRC-035": dict.fromkeys("ABC", "off")})) == ()

    def test_a_finding_without_place_comes_last(self, tmp_path):
        from lotmark.trace.api import scan_sources

        findings = check(requirement("REQ-001"), scan=scan_sources(tmp_path, ["*.py"], "qpcr"))
        assert findings[-1].code == "LM-TRC-045"
        assert findings[-1].location is None


def test_every_rule_that_the_code_names_is_explained_and_the_other_way_round():
    import re
    from pathlib import Path

    from lotmark import trace

    folder = Path(trace.__file__).parent
    used = {code for path in folder.glob("*.py") if path.name != "rules.py" for code in re.findall(r"LM-TRC-\d{3}", path.read_text())}
    assert used == {rule.code for rule in RULES}
