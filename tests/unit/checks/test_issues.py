"""Issue keys in commits and titles: what is a key, what an export says of it, and what is told."""

import json
from collections.abc import Collection, Mapping
from typing import Any

import pytest

from lotmark.base.errors import EnvironmentLacksError
from lotmark.base.findings import Severity
from lotmark.checks._issues import ExportedIssues, check_issues, find_jira_keys, find_numbers, parse_export, read_issue
from lotmark.checks.ports import Issue
from lotmark.product.models import Commit

pytestmark = pytest.mark.verifies("REQ-406")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", ()),
        ("Fix #12", ("#12",)),
        ("#12", ("#12",)),
        ("#12, #13 and #12 again", ("#12", "#13")),
        ("(#7)", ("#7",)),
        ("closes:#7", ("#7",)),
        ("#0", ()),
        ("#012", ()),
        ("# 12", ()),
        ("##12", ("#12",)),
        ("#12a", ()),
        ("a#12", ()),
        ("owner/name#12", ()),
        ("https://example.org/#12", ()),
        ("&#12;", ()),
        ("#999999999", ("#999999999",)),
        ("#1000000000", ()),
        ("#12-#15", ("#12", "#15")),
        ("Größe#12", ()),
        ("#١٢", ()),
    ],
)
def test_what_is_the_number_of_an_issue(text: str, numbers: tuple[str, ...]):
    assert find_numbers(text) == numbers


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("PUMP-12", ("PUMP-12",)),
        ("Fix PUMP-12: PUMP-13, PUMP-12", ("PUMP-12", "PUMP-13")),
        ("REQ-001", ()),
        ("pump-12", ()),
        ("PUMP-0", ()),
        ("PUMP-012", ()),
        ("PUMP-12-3", ()),
        ("X-PUMP-12", ()),
        ("PUMP-12a", ()),
        ("aPUMP-12", ()),
        ("PUMP_2-12", ()),
        ("OTHER-12", ()),
        ("[PUMP-12]", ("PUMP-12",)),
        ("PUMP-999999999", ("PUMP-999999999",)),
        ("PUMP-1000000000", ()),
        ("PUMP--12", ()),
    ],
)
def test_what_is_a_key_of_a_project(text: str, keys: tuple[str, ...]):
    assert find_jira_keys(text, {"PUMP"}) == keys


@pytest.mark.parametrize("key", ["A1-1", "PUMP_2-1", "ABCDEFGHIJKLMNOPQRST-1"])
def test_a_project_may_be_called_so(key: str):
    assert find_jira_keys(f"Fix {key}.", {key.rpartition("-")[0]}) == (key,)


@pytest.mark.parametrize(
    ("row", "issue"),
    [
        ({"number": 12, "title": "Slow", "state": "open"}, Issue("#12", "Slow", "open")),
        ({"number": 12, "title": "Slow", "state": "CLOSED", "state_reason": "not_planned"}, Issue("#12", "Slow", "not_planned")),
        ({"number": 12, "title": "Slow", "state": "CLOSED", "stateReason": "NOT_PLANNED"}, Issue("#12", "Slow", "not_planned")),
        ({"number": 12, "state_reason": None, "state": "closed"}, Issue("#12", "", "closed")),
        ({"iid": 7, "number": 12, "title": None}, Issue("#7", "", "")),
        ({"key": "PUMP-1", "fields": {"summary": "Slow", "status": {"name": "Won't Do"}}}, Issue("PUMP-1", "Slow", "won't do")),
        ({"key": "PUMP-1", "fields": {"status": None}}, Issue("PUMP-1", "", "")),
        ({"key": "PUMP-1", "fields": {"status": "Done"}}, Issue("PUMP-1", "", "")),
        ({"number": 12, "pull_request": {}}, None),
        ({"number": 0}, None),
        ({"number": -1}, None),
        ({"number": True}, None),
        ({"number": "12"}, None),
        ({"number": 1.5}, None),
        ({"key": "PUMP-1"}, None),
        ({"key": 12, "fields": {}}, None),
        ({"key": "PUMP-1", "fields": []}, None),
        ({}, None),
        ([], None),
        ("PUMP-1", None),
        (None, None),
    ],
    ids=lambda value: json.dumps(value) if not isinstance(value, Issue) else "",
)
def test_an_issue_as_each_tracker_writes_it(row: Any, issue: Issue | None):
    assert read_issue(row) == issue


NUMBERS = [{"number": 1, "title": "One", "state": "open"}, {"number": 2, "title": "Two", "state": "closed", "state_reason": "duplicate"}]
JIRA = [{"key": "PUMP-1", "fields": {"summary": "One", "status": {"name": "Done"}}}]
CSV = "Issue key,Summary,Status\nPUMP-1,One,Done\nnothing,x,y\nPUMP-2,,\n"


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        (json.dumps(NUMBERS), ["#1", "#2"]),
        ("\ufeff" + json.dumps(NUMBERS), ["#1", "#2"]),
        ("  \n" + json.dumps(NUMBERS), ["#1", "#2"]),
        (json.dumps({"issues": JIRA}), ["PUMP-1"]),
        (json.dumps(JIRA), ["PUMP-1"]),
        (CSV, ["PUMP-1", "PUMP-2"]),
        (CSV.replace("\n", "\r\n"), ["PUMP-1", "PUMP-2"]),
        ("\ufeff" + CSV, ["PUMP-1", "PUMP-2"]),
        (CSV.replace("Issue key", "Key"), ["PUMP-1", "PUMP-2"]),
        (json.dumps([*NUMBERS, "x", {"number": 3, "pull_request": {}}]), ["#1", "#2"]),
    ],
    ids=["numbers", "mark", "spaces", "jira", "jira-list", "csv", "crlf", "csv-mark", "csv-key", "with-others"],
)
def test_exports_are_read(data: str, keys: list[str]):
    source = parse_export(data.encode(), "issues")
    found = source.find([*keys, "#99", "PUMP-99"])
    assert [key for key, issue in found.items() if issue is not None] == keys


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it holds no issue of a form that is read"),
        (b"[]", "it holds no issue of a form that is read"),
        (b"{}", "it holds no issue of a form that is read"),
        (b'{"issues": {}}', "it holds no issue of a form that is read"),
        (b'{"issues": null}', "it holds no issue of a form that is read"),
        (b'[{"number": 1, "pull_request": {}}]', "it holds no issue of a form that is read"),
        (b"a,b\n1,2\n", "it holds no issue of a form that is read"),
        (b"Issue key\nreq-1\n", "it holds no issue of a form that is read"),
        (b"[1", "it is not JSON"),
        (b'{"issues": [], "issues": []}', "stands twice"),
        (b"[NaN]", "not a JSON number"),
        (b"\xff\xfe\x00", "it holds no issue of a form that is read"),
    ],
)
def test_an_export_that_cannot_be_read_is_never_an_empty_one(data: bytes, why: str):
    with pytest.raises(EnvironmentLacksError) as caught:
        parse_export(data, "issues.json")
    assert (caught.value.code, caught.value.where) == ("LM-CHK-023", "issues.json")
    assert caught.value.reason.startswith("the export issues.json cannot be read: ")
    assert why in caught.value.reason
    assert caught.value.solution == "export as JSON from GitHub, GitLab or Jira, or as CSV from Jira"


def test_an_export_of_a_project_knows_its_own_keys_alone():
    jira, numbers = parse_export(json.dumps(JIRA).encode(), "j"), parse_export(json.dumps(NUMBERS).encode(), "n")
    text = "Fix PUMP-1, REQ-1 and #1"
    assert (jira.find_keys(text), numbers.find_keys(text)) == (("PUMP-1",), ("#1",))


# ---- commits


def commit(body: str) -> Commit:
    return Commit("c0" * 20, "Go on", "Dana", "dana@example.org", "Dana", "dana@example.org", "2026-11-23T12:00:00Z", body, ())


SOURCE = ExportedIssues([Issue("#1", "Slow", "open"), Issue("#2", "Twice", "duplicate"), Issue("#3", "Old", "closed")])


@pytest.mark.parametrize(
    ("bodies", "title", "told"),
    [
        ([], "", []),
        (["Fix #1"], "Fix #3", []),
        (["no key at all"], "nor here", []),
        (["Fix #9"], "", [("commit c0c0c0c0c0c0 (Go on) names the issue #9, which the tracker does not know", "correct the key")]),
        (
            ["Fix #2"],
            "",
            [("commit c0c0c0c0c0c0 (Go on) names the issue #2 (Twice), which is closed as duplicate", "reopen it, or name the issue that the change is for")],
        ),
        ([], "Do #9", [("'Do #9' names the issue #9, which the tracker does not know", "correct the key")]),
        (["Fix #9", "Fix #9 again"], "and #9", [("commit c0c0c0c0c0c0 (Go on) names the issue #9, which the tracker does not know", "correct the key")]),
    ],
    ids=["nothing", "good", "no-key", "unknown", "refused", "title", "once-each"],
)
def test_a_key_that_leads_nowhere_is_told_once(bodies: list[str], title: str, told: list[tuple[str, str]]):
    findings = check_issues([commit(body) for body in bodies], title, SOURCE)
    assert [(finding.message, finding.help) for finding in findings] == told
    assert {(finding.code, finding.severity) for finding in findings} <= {("LM-CHK-022", Severity.WARNING)}


@pytest.mark.parametrize(
    ("state", "refused"),
    [
        *((state, True) for state in ("not_planned", "not planned", "won't do", "wont do", "won't fix", "duplicate", "cannot reproduce", "rejected")),
        *((state, False) for state in ("open", "closed", "completed", "done", "in progress", "", "reopened")),
    ],
)
def test_which_ends_of_an_issue_speak_against_a_change(state: str, refused: bool):
    findings = check_issues([commit("Fix #5")], "", ExportedIssues([Issue("#5", "t", state)]))
    assert bool(findings) is refused


class Away:
    """A tracker that nobody answers for."""

    def __init__(self) -> None:
        self.asked = 0

    def find_keys(self, text: str) -> tuple[str, ...]:
        return find_numbers(text)

    def find(self, keys: Collection[str]) -> Mapping[str, Issue | None]:
        self.asked += 1
        raise EnvironmentLacksError("LM-CHK-021", f"the tracker does not answer for {len(keys)}", where="github:o/n", solution="try again")


def test_a_tracker_that_does_not_answer_is_an_error_and_not_a_pass():
    away = Away()
    (finding,) = check_issues([commit("Fix #1 and #2")], "", away)
    assert (finding.code, finding.severity, finding.subject, finding.message) == (
        "LM-CHK-021",
        Severity.ERROR,
        "github:o/n",
        "the tracker does not answer for 2",
    )
    assert check_issues([commit("no key")], "", away) == []
    assert away.asked == 1


def test_a_long_title_is_quoted_in_part():
    (finding,) = check_issues([], "x" * 200 + " #9", SOURCE)
    assert finding.message.startswith(f"'{'x' * 80}' names")
    assert finding.subject == "x" * 80
