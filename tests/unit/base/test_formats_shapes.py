"""Findings held to the published shapes: what SARIF 2.1.0 (OASIS), GitLab's Code Quality report and GitHub's workflow commands ask for.

The shapes are written here from the standards, for the properties that are written and for those that must be there;
a property of another name is refused, as the schema of SARIF does.
"""

import json
import re
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lotmark.base.findings import Finding, Location, Severity
from lotmark.base.formats import format_findings
from lotmark.base.rules import Rule

pytestmark = pytest.mark.verifies("REQ-430")


def closed(required, **properties):
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


TEXT = {"type": "string"}
URI = {"type": "string", "pattern": r"^[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*$"}
MESSAGE = closed(["text"], text=TEXT)  # 3.11: a message has text or an id
POSITIVE = {"type": "integer", "minimum": 1}  # 3.30.5 and 3.30.6
RULE = closed(["id"], id=TEXT, shortDescription=MESSAGE, fullDescription=MESSAGE, help=MESSAGE)  # 3.49.3
DRIVER = closed(  # 3.19.8, 3.19.12
    ["name"], name=TEXT, informationUri=URI, semanticVersion=TEXT, rules={"type": "array", "uniqueItems": True, "items": RULE}
)
PLACE = closed(
    ["artifactLocation"],
    artifactLocation=closed(["uri"], uri=URI, uriBaseId=TEXT),
    region=closed(["startLine"], startLine=POSITIVE, startColumn=POSITIVE),
)
LOCATION = closed([], physicalLocation=PLACE, logicalLocations={"type": "array", "uniqueItems": True, "items": closed([], fullyQualifiedName=TEXT)})
RESULT = closed(  # 3.27.5, 3.27.6, 3.27.10, 3.27.17
    ["message"],
    ruleId=TEXT,
    ruleIndex={"type": "integer", "minimum": -1},
    level={"enum": ["none", "note", "warning", "error"]},
    message=MESSAGE,
    locations={"type": "array", "items": LOCATION},
    partialFingerprints={"type": "object", "additionalProperties": TEXT},
)
RUN = closed(
    ["tool"],
    tool=closed(["driver"], driver=DRIVER),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    originalUriBaseIds={"type": "object", "additionalProperties": closed([], uri=URI, description=MESSAGE)},
    results={"type": "array", "items": RESULT},
)
SARIF = closed(["version", "runs"], **{"$schema": URI, "version": {"const": "2.1.0"}, "runs": {"type": "array", "items": RUN}})  # 3.13
GITLAB = {
    "type": "array",
    "items": closed(
        ["description", "check_name", "fingerprint", "severity", "location"],
        description=TEXT,
        check_name=TEXT,
        fingerprint={"type": "string", "minLength": 1},
        severity={"enum": ["info", "minor", "major", "critical", "blocker"]},
        location=closed(["path", "lines"], path={"type": "string", "pattern": r"^[^/]"}, lines=closed(["begin"], begin=POSITIVE)),
    ),
}
COMMAND = re.compile(r"::(?:error|warning|notice) (?:(?:file|line|col|title)=[^,:\r\n]*(?:,|(?=::)))+::[^\r\n]*")

TEXTS = st.text(max_size=40)
PATHS = st.from_regex(r"[a-zé%: ,&<\"][a-z0-9é/%: ,&<\".]{0,20}", fullmatch=True)
LOCATIONS = st.none() | st.builds(Location, PATHS, st.integers(0, 99), st.integers(0, 99))
FINDINGS = st.lists(
    st.builds(Finding, st.sampled_from(["LM-TRC-035", "LM-TRC-044", "LM-CHK-001"]), TEXTS, st.sampled_from(Severity), LOCATIONS, TEXTS, TEXTS), max_size=6
)
RULES = {"LM-TRC-035": Rule("LM-TRC-035", "a requirement has no test", "The story.", "The cure.")}


@settings(max_examples=20)
@given(FINDINGS)
def test_sarif_has_the_shape_of_the_standard(findings):
    document = json.loads(format_findings(findings, "sarif", rules=RULES, version="1.2.3"))
    jsonschema.validate(document, SARIF)
    (run,) = document["runs"]
    assert len(run["results"]) == len(findings)
    for result in run["results"]:
        # 3.27.6: the index leads to the rule of the same id.
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        for place in result["locations"]:
            base = place.get("physicalLocation", {}).get("artifactLocation", {}).get("uriBaseId")
            assert base is None or base in run["originalUriBaseIds"]


@settings(max_examples=20)
@given(FINDINGS)
def test_gitlab_gets_a_code_quality_report(findings):
    report = json.loads(format_findings(findings, "gitlab"))
    jsonschema.validate(report, GITLAB)
    assert len({one["fingerprint"] for one in report}) == len(findings)


@settings(max_examples=20)
@given(FINDINGS)
def test_github_gets_one_command_a_finding(findings):
    lines = format_findings(findings, "github").split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(findings)
    assert [line for line in lines if not COMMAND.fullmatch(line)] == []


@settings(max_examples=20)
@given(FINDINGS)
def test_junit_counts_what_it_lists(findings):
    root = ET.fromstring(format_findings(findings, "junit"))
    (suite,) = root.findall("testsuite")
    cases = suite.findall("testcase")
    assert root.tag == "testsuites"
    assert int(suite.get("tests")) == int(root.get("tests")) == len(cases) == max(1, len(findings))
    assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))
    assert all(case.get("name") is not None and case.get("classname") for case in cases)


@pytest.mark.parametrize(
    "broken",
    [
        {"version": "2.0.0", "runs": []},
        {"version": "2.1.0"},
        {"version": "2.1.0", "runs": [{}]},
        {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": [{"message": {"text": "m"}, "level": "fatal"}]}]},
        {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": [{"ruleId": "R"}]}]},
    ],
)
def test_the_shape_refuses_what_is_no_sarif(broken):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, SARIF)
