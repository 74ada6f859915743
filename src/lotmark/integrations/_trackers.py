"""Trackers asked over their interface: GitHub, GitLab, Jira; each key is one request for one issue.

An answer counts only where it is what was asked for: 404 and 410 say that there is no such issue, any other status, a
redirect to another host, a page instead of JSON or an issue of another number is no answer at all. The token goes to the
host that was named and to no other.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from lotmark.base.errors import EnvironmentLacksError, UsageError
from lotmark.checks.api import find_jira_keys, find_numbers, read_issue
from lotmark.checks.ports import Issue

MAX_ANSWER = 4 << 20
TIMEOUT = 20.0
"""Seconds for one request."""
_GONE = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class Tracker:
    """An `IssueSource` over HTTPS."""

    kind: str
    """``github``, ``gitlab`` or ``jira``."""
    project: str
    """``owner/name``, a path of groups, or a project's key."""
    url: str
    token: str = ""
    timeout: float = TIMEOUT

    def find_keys(self, text: str) -> tuple[str, ...]:
        """See `IssueSource.find_keys`."""
        return find_jira_keys(text, (self.project,)) if self.kind == "jira" else find_numbers(text)

    def find(self, keys: Collection[str]) -> Mapping[str, Issue | None]:
        """See `IssueSource.find`."""
        return {key: self._find(key) for key in keys}

    def _find(self, key: str) -> Issue | None:
        status, body = self._get(self._path(key))
        if status in _GONE:
            return None
        try:
            row = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise self._no_answer(f"it answers {key} with something that is not JSON") from error
        if isinstance(row, dict) and "pull_request" in row:
            # GitHub numbers issues and pull requests together; a pull request is a thing that exists.
            return Issue(key, str(row.get("title") or ""), "pull request")
        issue = read_issue(row)
        if issue is None or issue.key != key:
            raise self._no_answer(f"it answers {key} with {issue.key if issue else 'no issue'}")
        return issue

    def _path(self, key: str) -> str:
        number = key.removeprefix("#")
        if self.kind == "github":
            return f"/repos/{quote(self.project)}/issues/{number}"
        if self.kind == "gitlab":
            return f"/api/v4/projects/{quote(self.project, safe='')}/issues/{number}"
        return f"/rest/api/2/issue/{quote(key)}?fields=summary,status"

    def _get(self, path: str) -> tuple[int, bytes]:
        request = self._request(path)
        try:
            with build_opener(_NoRedirect()).open(request, timeout=self.timeout) as answer:
                body: bytes = answer.read(MAX_ANSWER + 1)
                status: int = answer.status
        except HTTPError as error:
            with error:
                if error.code in _GONE and self._allowed():
                    return error.code, b""
            raise self._no_answer(f"it answers with status {error.code}") from error
        except (URLError, HTTPException, OSError, ValueError) as error:
            raise self._no_answer(str(getattr(error, "reason", error))) from error
        if len(body) > MAX_ANSWER:
            raise self._no_answer(f"its answer has more than {MAX_ANSWER} bytes")
        return status, body

    def _request(self, path: str) -> Request:
        headers = {"Accept": "application/json", "User-Agent": "lotmark"}
        if self.token and self.kind == "gitlab":
            headers["PRIVATE-TOKEN"] = self.token
        elif self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return Request(self.url.rstrip("/") + path, headers=headers)  # noqa: S310 -- the scheme was looked at by `open_tracker`

    def _allowed(self) -> bool:
        """Whether 404 means what it says: without a right to read, these trackers answer 404 for everything."""
        path = {
            "github": f"/repos/{quote(self.project)}",
            "gitlab": f"/api/v4/projects/{quote(self.project, safe='')}",
            "jira": f"/rest/api/2/project/{quote(self.project)}",
        }
        request = self._request(path[self.kind])
        try:
            with build_opener(_NoRedirect()).open(request, timeout=self.timeout) as answer:
                return bool(answer.status == 200)
        except (URLError, HTTPException, OSError):
            return False

    def _no_answer(self, why: str) -> EnvironmentLacksError:
        return EnvironmentLacksError(
            "LM-CHK-023",
            f"the tracker {self.kind}:{self.project} at {self.url} could not be asked: {why}",
            where=self.url,
            solution="give a token that may read it (LOTMARK_TRACKER_TOKEN), or an export with --issues",
        )


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any, **_more: Any) -> None:
        """No redirect is followed: it would carry the token to another host."""


_URLS = {"github": "https://api.github.com", "gitlab": "https://gitlab.com"}


def open_tracker(text: str, url: str = "", token: str = "") -> Tracker:
    """``github:owner/name``, ``gitlab:group/name`` or ``jira:KEY`` -> the tracker.

    Raises:
        UsageError: LM-CLI-061 for another form, for Jira without a URL, or for a URL that is not HTTPS (a loopback host may be HTTP).
    """
    kind, _, project = text.partition(":")
    shown = url or _URLS.get(kind, "")
    parts = urlsplit(shown)
    loopback = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if (
        kind not in {"github", "gitlab", "jira"}
        or not project
        or not parts.hostname
        or parts.scheme not in ({"https", "http"} if loopback else {"https"})
        or parts.username
    ):
        raise UsageError(
            "LM-CLI-061",
            f"{text!r} at {shown or 'no address'} is no tracker",
            solution="github:owner/name, gitlab:group/name, or jira:KEY with --tracker-url https://...",
        )
    return Tracker(kind, project, shown, token)
