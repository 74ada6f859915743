"""Changed lines first; what is not shown is counted."""

import pytest

from lotmark.base.findings import Finding, Location, Severity
from lotmark.base.formats import format_findings
from lotmark.checks.api import limit_annotations, order_findings
from lotmark.checks.models import Change

pytestmark = pytest.mark.verifies("REQ-403")


def at(path, line, severity=Severity.ERROR, code="LM-TRC-035"):
    return Finding(code, f"{path}:{line}", severity, Location(path, line) if path else None, "REQ-001")


CHANGE = Change("main", (), frozenset({"a.md", "b.md"}), {"a.md": ((3, 5), (9, 9)), "b.md": ()})


@pytest.mark.parametrize(
    ("path", "line", "held"),
    [
        ("a.md", 3, True),
        ("a.md", 5, True),
        ("a.md", 9, True),
        ("a.md", 2, False),
        ("a.md", 6, False),
        ("b.md", 1, False),
        ("b.md", 0, True),
        ("c.md", 0, False),
        ("", 0, False),
    ],
)
def test_a_finding_belongs_to_the_change_by_its_line_or_without_one_by_its_file(path, line, held):
    assert CHANGE.holds(at(path, line)) is held


def test_changed_lines_come_first_the_grave_before_the_light_and_the_rest_keeps_its_order():
    findings = [at("z.md", 1), at("a.md", 4, Severity.INFO), at("a.md", 9), at("y.md", 1, Severity.WARNING), at("a.md", 3, Severity.WARNING)]
    shown, changed = order_findings(findings, CHANGE)
    assert [str(finding.location) for finding in shown] == ["a.md:9", "a.md:3", "a.md:4", "z.md:1", "y.md:1"]
    assert changed == 3


def test_without_a_change_the_order_stays():
    findings = [at("z.md", 1), at("a.md", 4)]
    assert order_findings(findings, None) == (tuple(findings), 0)


def test_ten_of_each_level_are_shown_and_the_others_counted_by_rule():
    findings = (
        [at("a.md", n) for n in range(12)]
        + [at("a.md", n, Severity.WARNING, "LM-TRC-044") for n in range(3)]
        + [at("a.md", n, code="LM-TRC-030") for n in range(2)]
    )
    shown, hidden = limit_annotations(findings)
    assert [finding.severity for finding in shown] == [Severity.ERROR] * 10 + [Severity.WARNING] * 3
    assert hidden == {"LM-TRC-030": 2, "LM-TRC-035": 2}


@pytest.mark.parametrize("form", ["text", "github", "markdown"])
def test_the_forms_for_people_say_how_many_are_hidden(form):
    text = format_findings([at("a.md", 1)], form, hidden={"LM-TRC-030": 2, "LM-TRC-035": 5})
    assert "7 more findings are not shown here: 2 LM-TRC-030, 5 LM-TRC-035" in text
    assert text.endswith("\n")


@pytest.mark.parametrize("form", ["json", "sarif", "junit", "gitlab"])
def test_the_forms_for_machines_stay_whole_documents(form):
    assert format_findings([at("a.md", 1)], form, hidden={"LM-TRC-030": 2}) == format_findings([at("a.md", 1)], form)
