"""Fields -> item: types, categories, links, sections, and a finding for each field that does not hold."""

import pytest

from fakes.trace_files import check, codes, found, item
from lotmark.base.findings import Severity
from lotmark.trace._items import parse_item
from lotmark.trace._policy import DEFAULT_POLICY
from lotmark.trace.models import Link

pytestmark = pytest.mark.verifies("REQ-008", "RC-009", "HAZ-006")


def read(data, path="quality/requirements/REQ-001.md"):
    findings = []
    return parse_item(path, data, "qpcr", DEFAULT_POLICY, findings), findings


def requirement(*lines, **more):
    return read(item("requirement", "REQ-001", *lines, **more))


def test_an_item_carries_all_that_its_file_says():
    body = "The software shall reject it.\n\nAnd say so.  \n\n## Rationale\n\nBecause.\n\n## Verification\nBy test.\n## Notes\nNone.\n"
    one, findings = requirement("safety-class: C", "derives: [UN-001]", "implements: [RC-001, RC-002]", "layers: [unit]", "owner: dana", body=body)
    assert findings == []
    assert (one.id, one.type, one.category, one.title, one.status, one.safety_class) == ("REQ-001", "requirement", "", "A title", "approved", "C")
    assert one.text == "The software shall reject it.\n\nAnd say so."
    assert one.sections == {"rationale": "Because.", "verification": "By test.", "notes": "None."}
    assert one.links == (Link("derives", "UN-001", 7, 10), Link("implements", "RC-001", 8, 13), Link("implements", "RC-002", 8, 13))
    assert one.layers == ("unit",)
    assert one.targets("implements") == ("RC-001", "RC-002")
    assert one.targets() == ("UN-001", "RC-001", "RC-002")
    assert str(one.where("derives")) == "quality/requirements/REQ-001.md:7:10"
    assert str(one.where("absent")) == "quality/requirements/REQ-001.md:2:1"
    assert not one.obsolete


@pytest.mark.parametrize(
    ("kind", "category"),
    [("software-requirement", "software"), ("system-requirement", "system"), ("security-requirement", "security"), ("requirement", "")],
)
def test_the_type_may_name_the_category_of_a_requirement(kind, category):
    one, findings = read(item(kind, "REQ-001"))
    assert (one.type, one.category, findings) == ("requirement", category, [])


def test_the_category_may_stand_by_itself():
    one, findings = requirement("category: security")
    assert (one.category, findings) == ("security", [])


@pytest.mark.parametrize(
    ("kind", "line"), [("requirement", "category: Two Words"), ("requirement", "category: [a]"), ("software-requirement", "category: system")]
)
def test_a_wrong_or_contradicting_category_is_a_finding(kind, line):
    _, findings = read(item(kind, "REQ-001", line))
    assert codes(findings) == ["LM-TRC-006"]


def test_the_prefix_is_free():
    one, findings = read(item("software-requirement", "SRS-0031"), "quality/requirements/SRS-0031.md")
    assert (one.id, one.type, findings) == ("SRS-0031", "requirement", [])


def test_an_id_may_be_written_with_its_product():
    one, findings = read(item("requirement", "qpcr:REQ-001", "derives: [qpcr:UN-001, pelican:SYS-SES-004]"))
    assert (one.id, one.targets(), findings) == ("REQ-001", ("UN-001", "pelican:SYS-SES-004"), [])


@pytest.mark.parametrize(
    ("written", "word"), [("req-001", "is no identifier"), ("pump:REQ-001", "another product"), ("REQ-A", "is no identifier"), ("RЕQ-001", "is no identifier")]
)
def test_a_wrong_id_is_said_once_and_still_names_the_item(written, word):
    one, findings = read(item("requirement", f"'{written}'"))
    assert codes(findings) == ["LM-TRC-010"]
    assert word in findings[0].message
    assert one.id == written


def test_the_file_name_must_be_the_id():
    one, findings = read(item("requirement", "REQ-002"))
    finding = found(findings, "LM-TRC-013")
    assert one.id == "REQ-002"
    assert finding.subject == "REQ-002"
    assert str(finding.location) == "quality/requirements/REQ-001.md:2:5"


@pytest.mark.parametrize(("drop", "key"), [("id: REQ-001\n", "id"), ("type: requirement\n", "type"), ("title: A title\n", "title")])
def test_a_missing_field_is_named(drop, key):
    data = item("requirement", "REQ-001").decode().replace(drop, "").encode()
    one, findings = read(data)
    assert codes(findings) == ["LM-TRC-006"]
    assert f"no '{key}'" in findings[0].message
    assert one.id == "REQ-001"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title: A title", 'title: ""'),
        ("title: A title", "title: [a]"),
        ("id: REQ-001", 'id: ""'),
        ("type: requirement", "type: []"),
        ("status: approved", "status: done"),
        ("status: approved", "status: [approved]"),
        ("status: approved", "status: approved\nsafety-class: D"),
        ("status: approved", "status: approved\nlayers: unit"),
        ("status: approved", "status: approved\nlayers: [unit, moon]"),
        ("status: approved", "status: approved\nderives: {a: UN-001}"),
    ],
)
def test_a_wrong_value_is_a_finding_and_the_item_stays(old, new):
    one, findings = read(item("requirement", "REQ-001").decode().replace(old, new).encode())
    assert set(codes(findings)) == {"LM-TRC-006"}
    assert one.id == "REQ-001"


def test_an_unknown_status_never_reads_as_obsolete():
    one, _ = read(item("requirement", "REQ-001").replace(b"status: approved", b"status: Obsolete"))
    assert one.status == "draft"


def test_an_unknown_type_suggests_the_right_one():
    one, findings = read(item("hazzard", "REQ-001"))
    assert found(findings, "LM-TRC-020").help == "did you mean 'hazard'?"
    assert one.type == "hazzard"
    _, findings = read(item("Software-requirement", "REQ-001"))
    assert codes(findings) == ["LM-TRC-020"]


def test_an_unknown_key_suggests_the_right_one():
    _, findings = requirement("satefy-class: C")
    finding = found(findings, "LM-TRC-005")
    assert finding.help == "did you mean 'safety-class'?"
    assert (finding.location.line, finding.location.column) == (6, 15)


@pytest.mark.parametrize("line", ["derive: [UN-001]", "derive: UN-001", "fulfils:\n  - UN-001"])
def test_a_key_that_holds_ids_is_an_unknown_link(line):
    _, findings = requirement(line)
    assert codes(findings) == ["LM-TRC-021"]


@pytest.mark.parametrize("line", ["foo: {a: b}", "foo: []", "foo: text"])
def test_a_key_that_holds_no_ids_is_an_unknown_key(line):
    assert codes(requirement(line)[1]) == ["LM-TRC-005"]


def test_keys_of_another_type_are_unknown_here():
    assert codes(requirement("harm: Death")[1]) == ["LM-TRC-005"]


def test_links_may_be_a_single_id_and_nothing():
    one, findings = requirement("derives: UN-001", "refines:", "implements: []")
    assert (one.targets(), findings) == (("UN-001",), [])


def test_a_link_that_is_no_id_and_one_named_twice_are_findings():
    one, findings = requirement("derives: [UN-001, un-2, UN-001]")
    assert [(finding.code, finding.severity) for finding in findings] == [("LM-TRC-010", Severity.ERROR), ("LM-TRC-006", Severity.WARNING)]
    assert one.targets() == ("UN-001",)


def test_an_item_must_say_something():
    _, findings = requirement(body="\n\n## Rationale\nOnly this.")
    finding = found(findings, "LM-TRC-009")
    assert finding.location.line == 7


def test_a_hazard_needs_no_body_but_its_estimates():
    one, findings = read(item("hazard", "HAZ-001", body=""), "quality/risks/HAZ-001.md")
    assert (codes(findings), one.text) == ([], "")
    said = [finding for finding in check({"quality/risks/HAZ-001.md": item("hazard", "HAZ-001", body="")}) if finding.code == "LM-TRC-006"]
    assert sorted(finding.message.rpartition(" ")[2] for finding in said) == ["'after'", "'before'", "'harm'", "'hazardous-situation'", "'residual-risk'"]


def test_a_risk_control_has_one_of_three_kinds():
    _, findings = read(item("risk-control", "RC-001", "kind: magic"), "quality/risks/RC-001.md")
    assert "inherent, protective, information" in found(findings, "LM-TRC-006").help


def test_a_test_case_has_a_known_layer():
    _, findings = read(item("test-case", "TC-001", "layer: moon"), "quality/requirements/TC-001.md")
    assert "unit, integration, validation" in found(findings, "LM-TRC-006").help
    _, findings = read(item("test-case", "TC-001", "layer: unit", body=""), "quality/requirements/TC-001.md")
    assert findings == []


def test_an_unknown_section_is_said_and_stays_normative():
    one, findings = requirement(body="It shall.\n\n## Rational\nBecause.\n\n## Notes\nN.\n\n## Notes\nAgain.")
    first, second = findings
    assert (first.code, first.severity, first.location.line, first.help) == ("LM-TRC-008", Severity.WARNING, 9, "did you mean 'rationale'?")
    assert "twice" in second.message
    assert second.location.line == 15
    assert one.text == "It shall.\n\n## Rational\nBecause.\n\n## Notes\nAgain."


def test_a_heading_inside_a_code_fence_is_text():
    one, findings = requirement(body="It shall print:\n```\n## Rationale\n```\n~~~\n```\n## Notes\n~~~\n## Notes\nReal.")
    assert findings == []
    assert one.text == "It shall print:\n```\n## Rationale\n```\n~~~\n```\n## Notes\n~~~"
    assert one.sections == {"notes": "Real."}


def test_the_place_of_a_section_after_a_fence_is_right():
    _, findings = requirement(body="It shall:\n```\nx\n```\n## Odd\nText.")
    assert findings[0].location.line == 11


def test_many_unknown_sections_do_not_flood_the_report():
    _, findings = requirement(body="It.\n" + "## Odd\nx\n" * 100)
    assert len(findings) == 20


@pytest.mark.parametrize(("heading", "name"), [("## Notes ##", "notes"), ("##\tnotes  ", "notes"), ("## NOTES #", "notes")])
def test_headings_may_be_written_as_markdown_allows(heading, name):
    one, findings = requirement(body=f"It.\n{heading}\nN.")
    assert (list(one.sections), findings) == ([name], [])


@pytest.mark.parametrize("heading", ["## C#", "## a" + " " * 300_000 + "x", "##" * 100_000])
def test_odd_headings_take_no_time_and_stay_normative(heading):
    one, _ = requirement(body=f"It.\n{heading}\nN.")
    assert heading in one.text


class TestFingerprint:
    base = staticmethod(lambda *lines, **more: requirement(*lines, **more)[0].fingerprint)

    @pytest.mark.parametrize(
        "other",
        [
            {"title": "Another"},
            {"body": "The software shall not do it."},
            {"body": "The software shall do it.\n## Odd\nNormative."},
        ],
    )
    def test_changes_with_what_is_normative(self, other):
        assert self.base(**other) != self.base()

    def test_changes_with_category_and_safety_class(self):
        assert len({self.base(), self.base("category: software"), self.base("safety-class: B"), self.base("safety-class: C")}) == 4

    @pytest.mark.parametrize("lines", [["derives: [UN-009]"], ["layers: [unit]"], ["owner: dana"], ["source: ISO 14971"]])
    def test_stays_with_links_and_administrative_fields(self, lines):
        assert self.base(*lines) == self.base()

    def test_stays_with_status_sections_and_white_space(self):
        other = item("requirement", "REQ-001", body="\n\nThe software shall do it.   \n\n\n## Rationale\nNew.").replace(b"approved", b"obsolete")
        assert read(other)[0].fingerprint == self.base()

    def test_stays_with_line_ends_and_byte_order_mark(self):
        data = item("requirement", "REQ-001", body="One.\nTwo.")
        windows = b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n")
        assert read(windows)[0].fingerprint == read(data)[0].fingerprint

    def test_is_the_documented_hash(self):
        import hashlib

        expected = hashlib.sha256(b'["lotmark-item/1","requirement","","A title","Gr\\u00f6\\u00dfe \\"5\\"",[["safety-class","C"]]]').hexdigest()
        assert self.base("safety-class: C", body='Größe "5"') == expected

    def test_values_of_all_forms_stand_in_the_hash_as_json_writes_them(self):
        import hashlib
        import json

        one, _ = read(item("hazard", "HAZ-001", "before: {severity: critical, probability: '\"'}", "harm: [a, b]", body="x"), "quality/risks/HAZ-001.md")
        pairs = [["before", [["probability", '"'], ["severity", "critical"]]], ["harm", ["a", "b"]]]
        expected = json.dumps(["lotmark-item/1", "hazard", "", "A title", "x", pairs], separators=(",", ":")).encode()
        assert one.fingerprint == hashlib.sha256(expected).hexdigest()

    def test_a_hazard_changes_with_its_estimates_in_any_form(self):
        def mark(*lines):
            return read(item("hazard", "HAZ-001", *lines), "quality/risks/HAZ-001.md")[0].fingerprint

        flow = mark("before: {severity: critical, probability: remote}")
        assert mark("before:", "  probability: remote", "  severity: critical") == flow
        assert mark("before: {severity: minor, probability: remote}") != flow
