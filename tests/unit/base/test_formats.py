"""Findings in the forms that people and other tools read."""

import json
from xml.etree import ElementTree as ET

import pytest

from lotmark.base.findings import Finding, Location, Severity
from lotmark.base.formats import FORMATS, count_findings, format_findings, mark_formula, show_text
from lotmark.base.rules import Rule

pytestmark = pytest.mark.verifies("REQ-025")


ERROR = Finding("LM-TRC-035", "no test verifies the requirement", Severity.ERROR, Location("quality/requirements/REQ-001.md", 2, 5), "REQ-001", "mark a test")
WARNING = Finding("LM-TRC-045", "no test source", Severity.WARNING)
INFO = Finding("LM-TRC-044", "no label", Severity.INFO, Location("tests/a b.py", 3), "tests/a b.py::test_x")
ALL = [ERROR, WARNING, INFO]
RULES = {"LM-TRC-035": Rule("LM-TRC-035", "a requirement has no test", "The story.", "The cure.")}

NASTY = Finding("LM-TRC-003", 'a\x1b[31m <b> & "q" ::error:: %0A | `x` ]]>\nnext\x00\ud800', Severity.ERROR, Location("a:b,c%.md", 1, 1), "S", "h\r\nh")


def shown(fmt, findings=ALL, **options):
    return format_findings(findings, fmt, **options)


def test_the_forms_are_named():
    assert FORMATS == ("text", "json", "sarif", "junit", "github", "gitlab", "markdown")


def test_an_unknown_form_is_refused():
    with pytest.raises(ValueError, match="one of: text, json"):
        format_findings([], "html")


@pytest.mark.parametrize("fmt", [fmt for fmt in FORMATS if fmt != "github"])
def test_each_form_ends_with_one_line_feed(fmt):
    for findings in (ALL, []):
        text = shown(fmt, findings)
        assert text.endswith("\n")
        assert not text.endswith("\n\n")


def test_findings_may_come_as_any_iterable():
    assert shown("text", iter(ALL)) == shown("text")


def test_findings_are_counted_by_severity():
    assert count_findings([*ALL, ERROR]) == {"error": 2, "warning": 1, "info": 1}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain é", "plain é"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\x1b[0m", "\\x1b[0m"),
        ("\r", "\\x0d"),
        ("\u061c", "\\u061c"),
        ("\u202e", "\\u202e"),
        ("\ud800", "\\ud800"),
        ("\x85", "\\x85"),
    ],
)
def test_text_for_a_terminal_shows_what_it_must_not_send(text, line):
    assert show_text(text) == line


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"], ids=lambda sign: f"U+{ord(sign):04X}")
@pytest.mark.parametrize("blanks", ["", " ", "   ", "\u00a0", "\u3000", "\n", " \n "], ids=["none", "space", "spaces", "no-break", "wide", "feed", "mixed"])
def test_no_cell_is_a_formula_whatever_blanks_stand_before_it(sign, blanks):
    text = f"{blanks}{sign}1+1"
    assert mark_formula(text) == f"'{text}"


@pytest.mark.parametrize(
    "text",
    ["", " ", "\n", "a=b", " a=b", "1-1", "1", " 1", "REQ-001", "quinn@example.org", "'=1+1", "' =1+1", "(=1)", '"=1"', "\\t=1", "a\n=1", "*1", "/1", "−1"],
    ids=ascii,
)
def test_a_cell_that_is_no_formula_stays(text):
    assert mark_formula(text) == text


def test_a_marked_cell_is_marked_once():
    assert mark_formula(mark_formula(" =1")) == "' =1"


def test_text_names_place_rule_what_and_cure():
    assert shown("text") == (
        "quality/requirements/REQ-001.md:2:5: error LM-TRC-035: no test verifies the requirement\n"
        "    help: mark a test\n"
        "warning LM-TRC-045: no test source\n"
        "tests/a b.py:3: info LM-TRC-044: no label\n"
        "1 error, 1 warning, 1 info\n"
    )


def test_text_without_findings_says_so():
    assert shown("text", []) == "no findings\n"


def test_text_names_the_subject_where_there_is_no_place():
    assert shown("text", [Finding("LM-SUP-001", "m", subject="pkg:pypi/x")]).startswith("pkg:pypi/x: error LM-SUP-001: m\n")


def test_text_counts_in_the_plural():
    assert shown("text", [ERROR, ERROR, INFO, INFO]).endswith("\n2 errors, 2 info\n")


def test_text_keeps_each_finding_on_its_lines():
    assert len(shown("text", [NASTY]).splitlines()) == 3


def test_json_has_a_schema_counts_and_the_findings_of_predicates():
    document = json.loads(shown("json"))
    assert document["schema"] == "https://lotmark.dev/schemas/findings.v1.json"
    assert document["counts"] == {"error": 1, "warning": 1, "info": 1}
    assert document["findings"][0] == {**ERROR.to_wire(), "path": "quality/requirements/REQ-001.md", "line": 2, "column": 5}
    assert document["findings"][1] == WARNING.to_wire()


class TestSarif:
    def run(self, findings=ALL, **options):
        document = json.loads(shown("sarif", findings, **options))
        assert document["version"] == "2.1.0"
        (run,) = document["runs"]
        return run

    def test_results_have_level_message_and_region(self):
        error, warning, info = self.run()["results"]
        assert (error["ruleId"], error["ruleIndex"], error["level"]) == ("LM-TRC-035", 0, "error")
        assert error["message"]["text"] == "no test verifies the requirement\nhelp: mark a test"
        (place,) = error["locations"]
        assert place["physicalLocation"] == {
            "artifactLocation": {"uri": "quality/requirements/REQ-001.md", "uriBaseId": "SRCROOT"},
            "region": {"startLine": 2, "startColumn": 5},
        }
        assert place["logicalLocations"] == [{"fullyQualifiedName": "REQ-001"}]
        assert (warning["level"], info["level"]) == ("warning", "note")
        assert "physicalLocation" not in warning["locations"][0]
        assert info["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "tests/a%20b.py"
        assert info["locations"][0]["physicalLocation"]["region"] == {"startLine": 3}

    def test_a_place_without_a_line_has_no_region(self):
        (result,) = self.run([Finding("LM-TRC-014", "m", location=Location("a.txt"))])["results"]
        assert result["locations"][0]["physicalLocation"] == {"artifactLocation": {"uri": "a.txt", "uriBaseId": "SRCROOT"}}

    def test_rules_lend_their_story_and_stand_once(self):
        driver = self.run([ERROR, INFO, ERROR], rules=RULES, version="0.1.0")["tool"]["driver"]
        assert (driver["name"], driver["semanticVersion"]) == ("lotmark", "0.1.0")
        first, second = driver["rules"]
        assert first == {
            "id": "LM-TRC-035",
            "shortDescription": {"text": "a requirement has no test"},
            "fullDescription": {"text": "The story."},
            "help": {"text": "The cure."},
        }
        assert second == {"id": "LM-TRC-044"}
        assert "semanticVersion" not in self.run()["tool"]["driver"]

    def test_identities_stay_while_lines_move_and_repeats_differ(self):
        def identities(*findings):
            return [result["partialFingerprints"]["lotmark/v1"] for result in self.run(findings)["results"]]

        moved = Finding(ERROR.code, ERROR.message, location=Location(ERROR.location.path, 99), subject=ERROR.subject)
        assert identities(ERROR) == identities(moved)
        assert len(set(identities(ERROR, ERROR, INFO))) == 3


class TestJUnit:
    def suite(self, findings=ALL):
        root = ET.fromstring(shown("junit", findings))
        assert root.tag == "testsuites"
        return root.find("testsuite")

    def test_an_error_is_a_failed_case_and_the_rest_are_not(self):
        suite = self.suite()
        assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "0")
        error, warning, info = suite.findall("testcase")
        assert (error.get("classname"), error.get("file"), error.get("line")) == ("LM-TRC-035", "quality/requirements/REQ-001.md", "2")
        assert error.get("name") == "quality/requirements/REQ-001.md:2:5: no test verifies the requirement"
        assert error.find("failure").get("message") == "no test verifies the requirement"
        assert error.find("failure").text == "no test verifies the requirement\nhelp: mark a test"
        assert warning.find("failure") is None
        assert warning.get("file") is None
        assert info.find("system-out").text == "info: no label"

    def test_without_findings_there_is_one_case_that_passed(self):
        suite = self.suite([])
        assert (suite.get("tests"), suite.get("failures")) == ("1", "0")
        (case,) = suite.findall("testcase")
        assert list(case) == []

    def test_what_xml_cannot_hold_is_written_out(self):
        (case,) = self.suite([NASTY]).findall("testcase")
        assert '\\x1b[31m <b> & "q"' in case.find("failure").text
        assert "\\ud800" in case.find("failure").text


class TestGitHub:
    def test_each_finding_is_one_workflow_command(self):
        assert shown("github").splitlines() == [
            "::error file=quality/requirements/REQ-001.md,line=2,col=5,title=LM-TRC-035 REQ-001::no test verifies the requirement%0Ahelp: mark a test",
            "::warning title=LM-TRC-045::no test source",
            "::notice file=tests/a b.py,line=3,title=LM-TRC-044 tests/a b.py%3A%3Atest_x::no label",
        ]

    def test_no_finding_is_no_command(self):
        assert shown("github", []) == ""

    def test_a_message_cannot_start_a_command_of_its_own(self):
        (line,) = shown("github", [NASTY]).splitlines()
        assert line.startswith("::error file=a%3Ab%2Cc%25.md,line=1,col=1,title=LM-TRC-003 S::a\\x1b[31m")
        assert "%250A" in line


class TestGitLab:
    def test_the_report_is_code_quality(self):
        error, warning, info = json.loads(shown("gitlab"))
        assert error["check_name"] == "LM-TRC-035"
        assert error["description"].startswith("LM-TRC-035: no test verifies")
        assert error["location"] == {"path": "quality/requirements/REQ-001.md", "lines": {"begin": 2}}
        assert [one["severity"] for one in (error, warning, info)] == ["critical", "minor", "info"]
        assert warning["location"] == {"path": "lotmark.yaml", "lines": {"begin": 1}}
        assert len({one["fingerprint"] for one in (error, warning, info)}) == 3

    def test_no_finding_is_an_empty_report(self):
        assert json.loads(shown("gitlab", [])) == []


class TestMarkdown:
    def test_a_summary_has_the_counts_and_a_table(self):
        assert shown("markdown").splitlines() == [
            "**Lotmark check: 1 error, 1 warning, 1 info**",
            "",
            "| | rule | where | what | cure |",
            "|---|---|---|---|---|",
            "| error | LM-TRC-035 | quality/requirements/REQ-001.md:2:5 | no test verifies the requirement | mark a test |",
            "| warning | LM-TRC-045 |  | no test source |  |",
            "| info | LM-TRC-044 | tests/a b.py:3 | no label |  |",
        ]

    def test_without_findings_there_is_no_table(self):
        assert shown("markdown", []) == "**Lotmark check: no findings**\n"

    def test_foreign_text_stays_text(self):
        row = shown("markdown", [NASTY]).splitlines()[-1]
        assert "&lt;b&gt; &amp;" in row
        assert "\\| \\`x\\` \\]\\]&gt;" in row
        assert row.replace("\\|", "").count("|") == 6


@pytest.mark.parametrize("form", ["json", "sarif", "gitlab"])
@pytest.mark.parametrize("raw", ["\x1b", "\x7f", "\x9b", "\u061c", "\u202e", "\ud800"], ids=ascii)
def test_findings_as_json_hold_no_character_that_a_terminal_obeys(form, raw):
    told = format_findings([Finding("LM-X-001", f"a{raw}b", Severity.ERROR, Location(f"f{raw}.py", 1), f"s{raw}", f"h{raw}")], form)
    assert raw not in told
    assert f"a{raw}b" in "\n".join(_texts(json.loads(told)))


def _texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
