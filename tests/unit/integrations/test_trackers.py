"""Issue keys against exports and against a server that answers as GitHub, GitLab and Jira do."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from lotmark.base.errors import EnvironmentLacksError, UsageError
from lotmark.base.findings import Severity
from lotmark.checks.api import check_issues, find_jira_keys, find_numbers, parse_export
from lotmark.checks.ports import Issue
from lotmark.integrations.api import open_tracker
from lotmark.product.models import Commit

pytestmark = pytest.mark.verifies("REQ-406")

TOKEN = "t0ken"
PATHS = {
    "github": ("/repos/acme/pump", "/repos/acme/pump/issues/{}"),
    "gitlab": ("/api/v4/projects/acme%2Fpump", "/api/v4/projects/acme%2Fpump/issues/{}"),
    "jira": ("/rest/api/2/project/PUMP", "/rest/api/2/issue/PUMP-{}?fields=summary,status"),
}


def issue_of(kind, number, state):
    if kind == "jira":
        return {"key": f"PUMP-{number}", "fields": {"summary": "Leak", "status": {"name": state}}}
    return {"iid" if kind == "gitlab" else "number": number, "title": "Leak", "state": state}


class Tracker(ThreadingHTTPServer):
    """Answers from `issues`; without the token as these services do: 404 for everything, 401 in Jira."""

    daemon_threads = True

    def __init__(self, kind):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.kind, self.issues, self.raw, self.asked = kind, {}, {}, []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def answer(self, path, headers):
        self.asked.append((path, {name.lower(): value for name, value in headers.items()}))
        if path in self.raw:
            return self.raw[path]
        given = headers.get("PRIVATE-TOKEN") if self.kind == "gitlab" else (headers.get("Authorization") or "").removeprefix("Bearer ")
        if given != TOKEN:
            return (401 if self.kind == "jira" else 404), b"{}"
        if path == PATHS[self.kind][0]:
            return 200, b"{}"
        return (200, json.dumps(self.issues[path]).encode()) if path in self.issues else (404, b'{"message": "Not Found"}')


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        answer = self.server.answer(self.path, self.headers)
        if answer == "hang up":
            self.connection.close()
            return
        self.send_response(answer[0])
        for key, value in (answer[2] if len(answer) > 2 else {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(answer[1])))
        self.end_headers()
        self.wfile.write(answer[1])

    def log_message(self, *arguments):
        pass


@pytest.fixture(params=list(PATHS))
def server(request):
    made = Tracker(request.param)
    for number, state in ((1, "open"), (2, "Done")):
        made.issues[PATHS[made.kind][1].format(number)] = issue_of(made.kind, number, state)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def client(server, token=TOKEN):
    return open_tracker({"github": "github:acme/pump", "gitlab": "gitlab:acme/pump", "jira": "jira:PUMP"}[server.kind], server.url, token)


def key(server, number):
    return f"PUMP-{number}" if server.kind == "jira" else f"#{number}"


class TestTracker:
    def test_an_issue_is_found_and_one_that_is_not_there_is_not(self, server):
        found = client(server).find((key(server, 1), key(server, 2), key(server, 9)))
        assert found[key(server, 1)] == Issue(key(server, 1), "Leak", "open")
        assert found[key(server, 2)].state == "done"
        assert found[key(server, 9)] is None

    def test_without_the_right_to_read_not_found_is_no_answer(self, server):
        with pytest.raises(EnvironmentLacksError) as error:
            client(server, token="").find((key(server, 1),))
        assert error.value.code == "LM-CHK-023"
        assert "LOTMARK_TRACKER_TOKEN" in error.value.solution

    ODD = {
        "a server error": (500, b"{}"),
        "no right": (403, b'{"message": "rate limit"}'),
        "a login page": (200, b"<html>log in</html>"),
        "an empty answer": (200, b""),
        "another issue": (200, b'{"number": 7, "iid": 7, "key": "PUMP-7", "fields": {}}'),
        "a list": (200, b"[]"),
        "a number": (200, b"1"),
        "deep nesting": (200, b"[" * 200_000),
        "too large": (200, b" " * (5 << 20)),
        "a broken connection": "hang up",
        "a redirect": (302, b"", {"Location": "http://127.0.0.1:9/other"}),
        "a redirect to itself": (301, b"", {"Location": "/"}),
    }

    @pytest.mark.parametrize("case", ODD)
    def test_an_odd_answer_is_no_answer(self, server, case):
        server.raw[PATHS[server.kind][1].format(1)] = self.ODD[case]
        with pytest.raises(EnvironmentLacksError) as error:
            client(server).find((key(server, 1),))
        assert error.value.code == "LM-CHK-023"
        assert TOKEN not in str(error.value)

    def test_an_unreachable_tracker_is_no_answer(self, server):
        tracker = client(server)
        server.shutdown()
        server.server_close()
        with pytest.raises(EnvironmentLacksError):
            tracker.find((key(server, 1),))

    def test_each_key_is_one_request_with_the_token_where_the_tracker_wants_it(self, server):
        client(server).find((key(server, 1),))
        ((path, headers),) = server.asked
        assert path == PATHS[server.kind][1].format(1)
        assert (headers.get("private-token") if server.kind == "gitlab" else headers.get("authorization")) in {TOKEN, f"Bearer {TOKEN}"}

    def test_no_key_is_no_request(self, server):
        assert client(server).find(()) == {}
        assert server.asked == []


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("github", ""),
        ("github:", ""),
        ("svn:x", ""),
        ("jira:PUMP", ""),
        ("gitlab:a/b", "http://gitlab.example.org"),
        ("gitlab:a/b", "file:///etc"),
        ("github:a/b", "https://user:word@host"),
        ("", ""),
    ],
)
def test_what_is_no_tracker_is_refused(text, url):
    with pytest.raises(UsageError) as error:
        open_tracker(text, url)
    assert error.value.code == "LM-CLI-061"


@pytest.mark.parametrize(("text", "url"), [("github:a/b", "https://api.github.com"), ("gitlab:a/b", "https://gitlab.com")])
def test_the_public_services_need_no_address(text, url):
    assert open_tracker(text).url == url


EXPORTS = {
    "GitHub": (json.dumps([issue_of("github", 1, "open"), issue_of("github", 2, "closed") | {"state_reason": "not_planned"}]), "#1", "#2"),
    "gh": (json.dumps([issue_of("github", 1, "OPEN"), issue_of("github", 2, "CLOSED") | {"stateReason": "NOT_PLANNED"}]), "#1", "#2"),
    "GitLab": (json.dumps([issue_of("gitlab", 1, "opened"), issue_of("gitlab", 2, "Duplicate")]), "#1", "#2"),
    "Jira": (json.dumps({"issues": [issue_of("jira", 1, "Open"), issue_of("jira", 2, "Won't Do")]}), "PUMP-1", "PUMP-2"),
    "Jira CSV": ("\ufeffSummary,Issue key,Status\r\nLeak,PUMP-1,Open\r\nNoise,PUMP-2,Rejected\r\n", "PUMP-1", "PUMP-2"),
}


def commit(body):
    return Commit("a" * 40, body.split("\n")[0], "n", "e", "n", "e", "t", body, ())


@pytest.mark.parametrize("name", EXPORTS)
class TestExports:
    def test_issues_are_found(self, name):
        text, good, bad = EXPORTS[name]
        source = parse_export(text.encode(), "export")
        assert source.find((good, bad, good + "9"))[good + "9"] is None
        assert check_issues([commit(f"Fix {good}")], "", source) == []

    def test_one_that_is_not_there_is_said(self, name):
        text, good, _ = EXPORTS[name]
        (finding,) = check_issues([commit(f"Fix {good}9")], "", parse_export(text.encode(), "export"))
        assert (finding.code, finding.severity, finding.subject) == ("LM-CHK-022", Severity.WARNING, "a" * 40)

    def test_one_that_was_turned_down_is_said(self, name):
        text, _, bad = EXPORTS[name]
        (finding,) = check_issues([], f"Do {bad}", parse_export(text.encode(), "export"))
        assert "which is closed as" in finding.message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"{",
        b"[1, null]",
        b'[{"number": true}]',
        b'[{"number": 0}]',
        b'[{"number": 1, "pull_request": {}}]',
        b"a,b\n1,2\n",
        b"\xff\xfe",
        b'{"issues": 3}',
        b"[" * 100_000,
    ],
)
def test_an_export_without_issues_is_refused_and_never_read_as_none(data):
    with pytest.raises(EnvironmentLacksError) as error:
        parse_export(data, "export.json")
    assert error.value.code == "LM-CHK-023"


def test_an_unreachable_tracker_fails_the_check():
    class Away:
        def find_keys(self, text):
            return find_numbers(text)

        def find(self, keys):
            raise EnvironmentLacksError("LM-CHK-023", "away", where="https://x", solution="wait")

    (finding,) = check_issues([commit("Fix #1")], "", Away())
    assert (finding.code, finding.severity) == ("LM-CHK-023", Severity.ERROR)
    assert check_issues([commit("Fix")], "", Away()) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [("Fix #12 and #3, #12", ("#12", "#3")), ("acme/other#4", ()), ("&#39;", ()), ("#0", ()), ("#1a", ()), ("(#7)", ("#7",)), ("http://x/#5", ())],
)
def test_numbers_in_texts(text, found):
    assert find_numbers(text) == found


@pytest.mark.parametrize(
    ("text", "found"), [("PUMP-1: x, PUMP-22", ("PUMP-1", "PUMP-22")), ("REQ-001 UTF-8", ()), ("XPUMP-1 PUMP-1-2 PUMP-01", ()), ("pump-1", ())]
)
def test_keys_of_a_project_in_texts(text, found):
    assert find_jira_keys(text, ("PUMP",)) == found
