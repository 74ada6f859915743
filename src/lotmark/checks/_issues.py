"""Issue keys in commits and titles, resolved against an export or the interface of their tracker.

Exports that are read: the JSON of GitHub (``gh issue list --json`` and the REST list), of GitLab (REST list), of Jira (search
result), and the CSV of Jira. Keys: ``#12`` (GitHub, GitLab; with a repository before it, that of another one, which is passed
over) and ``PUMP-12`` (Jira).
"""

import csv
import io
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from lotmark.base.errors import EnvironmentLacksError
from lotmark.base.findings import Finding, Severity
from lotmark.checks.ports import Issue, IssueSource
from lotmark.intake.api import parse_json
from lotmark.product.models import Commit

_NUMBER = re.compile(r"(?<![\w/&])#([1-9][0-9]{0,8})\b")
_JIRA = re.compile(r"(?<![\w-])([A-Z][A-Z0-9_]{1,19}-[1-9][0-9]{0,8})(?![\w-])")


def find_numbers(text: str) -> tuple[str, ...]:
    """``#12`` in a text."""
    return tuple(dict.fromkeys(f"#{number}" for number in _NUMBER.findall(text)))


def find_jira_keys(text: str, projects: Collection[str]) -> tuple[str, ...]:
    """``PUMP-12`` in a text, of these projects: other words of the form are ids of items or no keys at all."""
    return tuple(key for key in dict.fromkeys(_JIRA.findall(text)) if key.rpartition("-")[0] in projects)


class ExportedIssues:
    """An `IssueSource` over an export: what does not stand in it does not exist."""

    def __init__(self, issues: Iterable[Issue]) -> None:
        self._issues = {issue.key: issue for issue in issues}
        self._projects = frozenset(key.rpartition("-")[0] for key in self._issues if not key.startswith("#"))

    def find_keys(self, text: str) -> tuple[str, ...]:
        """Numbers in an export of numbers, keys of its projects in one of Jira."""
        return find_jira_keys(text, self._projects) if self._projects else find_numbers(text)

    def find(self, keys: Collection[str]) -> Mapping[str, Issue | None]:
        """See `IssueSource.find`; an export is never unreachable."""
        return {key: self._issues.get(key) for key in keys}


def parse_export(data: bytes, name: str) -> ExportedIssues:
    """The issues of an export.

    Raises:
        EnvironmentLacksError: LM-CHK-023 if it is none of the forms that are read, or holds no issue.
    """
    text = data.decode("utf-8-sig", "replace")
    issues = list(_from_csv(text) if not text.lstrip().startswith(("[", "{")) else _from_json(data, name))
    if not issues:
        raise _unreadable(name, "it holds no issue of a form that is read")
    return ExportedIssues(issues)


def _from_csv(text: str) -> Iterable[Issue]:
    for row in csv.DictReader(io.StringIO(text, newline="")):
        key = row.get("Issue key") or row.get("Key")
        if key and _JIRA.fullmatch(key):
            yield Issue(key, row.get("Summary") or "", (row.get("Status") or "").lower())


def _from_json(data: bytes, name: str) -> Iterable[Issue]:
    try:
        value = parse_json(data.removeprefix(b"\xef\xbb\xbf"))
    except Exception as error:
        raise _unreadable(name, str(error)) from error
    rows = value.get("issues", ()) if isinstance(value, dict) else value
    for row in rows if isinstance(rows, list) else ():
        issue = read_issue(row)
        if issue is not None:
            yield issue


def read_issue(row: Any) -> Issue | None:
    """One issue as GitHub, GitLab or Jira writes it; None for anything else (GitHub lists pull requests among its issues)."""
    if not isinstance(row, dict) or "pull_request" in row:
        return None
    fields = row.get("fields")
    if isinstance(row.get("key"), str) and isinstance(fields, dict):
        status = fields.get("status")
        return Issue(row["key"], str(fields.get("summary") or ""), str(status.get("name", "") if isinstance(status, dict) else "").lower())
    number = row.get("iid", row.get("number"))
    if isinstance(number, int) and not isinstance(number, bool) and number > 0:
        reason = str(row.get("state_reason") or row.get("stateReason") or "")
        return Issue(f"#{number}", str(row.get("title") or ""), reason.lower() or str(row.get("state") or "").lower())
    return None


_REFUSED = frozenset({"not_planned", "not planned", "won't do", "wont do", "won't fix", "duplicate", "cannot reproduce", "rejected"})


def check_issues(commits: Iterable[Commit], title: str, source: IssueSource) -> list[Finding]:
    """Keys that commits or the title name and that lead nowhere, or to an issue that was turned down."""
    named: dict[str, tuple[str, str]] = {}
    for what, text, subject in [*((f"commit {one.sha[:12]} ({one.subject})", one.body, one.sha) for one in commits), (f"{title[:80]!r}", title, title[:80])]:
        for key in source.find_keys(text):
            named.setdefault(key, (what, subject))
    if not named:
        return []
    try:
        found = source.find(tuple(named))
    except EnvironmentLacksError as error:
        return [Finding(error.code, error.reason, Severity.ERROR, None, str(error.where or "tracker"), error.solution)]
    findings = []
    for key, (what, subject) in named.items():
        issue = found.get(key)
        if issue is None:
            findings.append(
                Finding("LM-CHK-022", f"{what} names the issue {key}, which the tracker does not know", Severity.WARNING, None, subject, "correct the key")
            )
        elif issue.state in _REFUSED:
            text = f"{what} names the issue {key} ({issue.title}), which is closed as {issue.state}"
            findings.append(Finding("LM-CHK-022", text, Severity.WARNING, None, subject, "reopen it, or name the issue that the change is for"))
    return findings


def _unreadable(name: str, why: str) -> EnvironmentLacksError:
    return EnvironmentLacksError(
        "LM-CHK-023", f"the export {name} cannot be read: {why}", where=name, solution="export as JSON from GitHub, GitLab or Jira, or as CSV from Jira"
    )
