"""`lotmark log timestamp`, `witness` and `search`: what is told, and what is asked of the ledger."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import lotmark.index.api as index
from fakes.cli_desk import Desk
from lotmark.base.findings import Finding, Severity
from lotmark.tlog.models import Witnessing

pytestmark = pytest.mark.verifies("REQ-025", "RC-009")

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


# ---- log timestamp


@pytest.fixture
def stamped(desk: Desk) -> Desk:
    desk.workspace.ledger = SimpleNamespace(size=30, origin="example.org/qpcr")
    desk.answers("stamp_now", SimpleNamespace(time=NOON, authority="TSA One", serial="42"))
    desk.answers("stamp_is_due", True)
    return desk


@pytest.mark.parametrize(
    ("words", "size", "asked"), [((), 30, None), (("--size", "12"), 12, 12), (("--size", "0"), 0, 0)], ids=["newest", "older", "empty-log"]
)
def test_a_stamp_says_what_existed_when_and_who_says_so(stamped: Desk, words: tuple[str, ...], size: int, asked: int | None):
    called = stamped("log", "timestamp", *words)
    assert called.out == f"✓ stamped: the log of {size} entries existed at 2026-11-23T12:00:00.000Z, says TSA One\n"
    assert stamped.asked == [("stamp_now", (asked,), {})]
    wire = stamped("log", "timestamp", *words, form="json").wire
    assert wire == {
        "schema": "https://lotmark.dev/output/log-timestamp/v1",
        "stamped": True,
        "size": size,
        "time": "2026-11-23T12:00:00.000Z",
        "authority": "TSA One",
        "serial": "42",
    }


@pytest.mark.parametrize(("due", "asked", "out"), [(True, ["stamp_is_due", "stamp_now"], "✓ stamped"), (False, ["stamp_is_due"], "not due")])
def test_a_timer_asks_once_a_day(stamped: Desk, due: bool, asked: list[str], out: str):
    stamped.answers("stamp_is_due", due)
    called = stamped("log", "timestamp", "--daily")
    assert (called.code, stamped.names()) == (0, asked)
    assert called.out.startswith(out)


def test_a_stamp_that_was_not_made_says_so_in_json(stamped: Desk):
    stamped.answers("stamp_is_due", False)
    assert stamped("log", "timestamp", "--daily", form="json").wire == {"schema": "https://lotmark.dev/output/log-timestamp/v1", "stamped": False}


# ---- log witness


def answered(outcome: str, time: int | None = None, name: str = "w1") -> Any:
    return SimpleNamespace(name=name, key_name=f"{name}.example", outcome=outcome, detail=f"{name} says so", time=time)


def asked(*answers: Any, times: int = 0, quorum: bool = False, broken: bool = False) -> Any:
    found = Witnessing({f"w{number}": 1 for number in range(times)}, quorum, 1763899200 if quorum else None)
    return SimpleNamespace(size=30, witnessing=found, answers=answers, is_broken=broken)


@pytest.mark.parametrize(
    ("report", "code", "state"),
    [
        (asked(answered("cosigned", 1763899200), times=1, quorum=True), 0, "✓ witnessed: example.org/qpcr at size 30. Cosigned by 1 witness:"),
        (
            asked(answered("cosigned"), answered("cosigned", name="w2"), times=2, quorum=True),
            0,
            "✓ witnessed: example.org/qpcr at size 30. Cosigned by 2 witnesses:",
        ),
        (
            asked(answered("cosigned"), times=1),
            4,
            "✗ not witnessed: example.org/qpcr at size 30. NOT_WITNESSED: the quorum of trust.json has not cosigned size 30.",
        ),
        (asked(answered("unreachable")), 4, "✗ not witnessed: example.org/qpcr at size 30. NOT_WITNESSED:"),
        (asked(quorum=True), 4, "✗ not witnessed: example.org/qpcr at size 30."),
        (asked(answered("rollback"), times=1, quorum=True, broken=True), 6, "✓ witnessed: "),
        (asked(answered("fork"), broken=True), 6, "✗ not witnessed: "),
    ],
    ids=["one", "two", "no-quorum", "away", "no-witness-asked-for", "rollback", "fork"],
)
def test_only_a_quorum_that_somebody_gave_is_one(desk: Desk, report: Any, code: int, state: str):
    desk.workspace.ledger = SimpleNamespace(origin="example.org/qpcr")
    desk.workspace.trust_policy = "policy"
    desk.answers("ask_for_cosignatures", report)
    desk.answers("check_independence", [])
    called = desk("log", "witness")
    assert called.code == code
    assert called.out.splitlines()[-1].startswith(state)


@pytest.mark.parametrize(
    ("outcome", "mark"),
    [("cosigned", "✓"), ("recorded", "✓"), ("fork", "✗"), ("rollback", "✗"), ("rolled-back", "✗"), ("unreachable", "!"), ("refused", "!"), ("", "!")],
)
def test_the_mark_of_an_answer(desk: Desk, outcome: str, mark: str):
    desk.workspace.ledger = SimpleNamespace(origin="example.org/qpcr")
    desk.workspace.trust_policy = "policy"
    desk.answers("ask_for_cosignatures", asked(answered(outcome)))
    desk.answers("check_independence", [Finding("LM-ATT-091", "w1 falls with this machine", Severity.WARNING, help="ask another")])
    lines = desk("log", "witness").out.splitlines()
    assert lines[0].split("  ")[0] == f"{mark} {outcome}".rstrip() or not outcome
    assert lines[1:3] == ["! LM-ATT-091 w1 falls with this machine", "  help: ask another"]


def test_the_json_of_the_answers(desk: Desk):
    desk.workspace.ledger = SimpleNamespace(origin="example.org/qpcr")
    desk.workspace.trust_policy = "policy"
    desk.answers("ask_for_cosignatures", asked(answered("cosigned", 1763899200), answered("unreachable", name="w2"), times=1, quorum=True))
    desk.answers("check_independence", [])
    assert desk("log", "witness", form="json").wire == {
        "schema": "https://lotmark.dev/output/log-witness/v1",
        "origin": "example.org/qpcr",
        "size": 30,
        "quorum": True,
        "quorumTime": "2025-11-23T12:00:00Z",
        "answers": [
            {"witness": "w1", "key": "w1.example", "outcome": "cosigned", "detail": "w1 says so", "time": "2025-11-23T12:00:00Z"},
            {"witness": "w2", "key": "w2.example", "outcome": "unreachable", "detail": "w2 says so", "time": None},
        ],
        "findings": [],
    }


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--serve",), "a witness needs --folder and --name"),
        (("--serve", "--folder", "/w"), "a witness needs --folder and --name"),
        (("--serve", "--name", "w"), "a witness needs --folder and --name"),
        (("--folder", "/w"), "belong to --serve"),
        (("--name", "w"), "belong to --serve"),
        (("--log", "k"), "belong to --serve"),
        (("--published", "/p"), "belong to --serve"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_options_of_a_witness_are_for_a_witness(desk: Desk, words: tuple[str, ...], told: str):
    called = desk("log", "witness", *words)
    assert (called.code, desk.asked) == (2, [])
    assert told in called.err


@pytest.mark.parametrize("address", ["8380", "localhost", "localhost:", ":8380", "localhost:http", "localhost:-1", "[::1]"])
def test_an_address_to_listen_at_has_host_and_port(desk: Desk, address: str):
    called = desk("log", "witness", "--serve", "--folder", "/w", "--name", "w.example/1", "--listen", address)
    assert called.code == 2
    assert f"error[LM-WIT-003]: not an address: {address!r}" in called.err


def test_a_git_repository_is_told_with_its_branch(desk: Desk):
    desk.workspace.ledger = SimpleNamespace(origin="example.org/qpcr")
    desk.answers("record_in_git", 30)
    called = desk("log", "witness", "--git", "https://git.example/w", "--branch", "main")
    assert (called.code, called.out) == (0, "✓ recorded example.org/qpcr at size 30 lies in https://git.example/w, branch main\n")
    assert desk.asked == [("record_in_git", ("https://git.example/w", "main"), {})]


# ---- log search


def found(**fields: Any) -> dict[str, Any]:
    told = {"index": 7, "receivedAt": "2026-11-23T12:00:00Z", "kind": "approval", "scope": "run:qpcr:RUN-0001", "who": "Quinn", "what": "signs", "why": None}
    return {**told, "submitter": "root@vm", "payload": "dd" * 32, **fields}


@pytest.fixture
def searched(desk: Desk) -> Desk:
    desk.workspace.ledger = SimpleNamespace(size=30, entries=lambda kind: iter([kind] if kind == "mystery" else []))
    desk.workspace.registry = SimpleNamespace(kind=lambda name: desk.asked.append(("kind", (name,), {})))

    class Opened:
        def __enter__(self) -> str:
            return "index"

        def __exit__(self, *_: object) -> None:
            return None

    desk.answers("open_index", Opened())
    desk.answers("search_log", [found()], door=index)
    return desk


def test_what_is_asked_for_narrows_the_search(searched: Desk):
    words = ("--person", "quinn", "--scope", "run:", "--text", "x", "--from", "2026-11-01", "--until", "2026-11-30", "--since", "5", "--sort", "who")
    searched("log", "search", *words, "--newest-first", "--limit", "3", "--kind", "approval")
    wanted = searched.asked[-1][1][1]
    assert (wanted.person, wanted.kind, wanted.scope, wanted.text, wanted.begin, wanted.end) == ("quinn", "approval", "run:", "x", "2026-11-01", "2026-11-30")
    assert (wanted.start, wanted.sort, wanted.newest_first, wanted.limit) == (5, "who", True, 3)


@pytest.mark.parametrize(("kind", "checked"), [("approval", True), ("mystery", False), ("", False)], ids=["known", "only-in-the-log", "any"])
def test_a_kind_that_only_the_log_knows_is_no_typing_mistake(searched: Desk, kind: str, checked: bool):
    searched("log", "search", *(("--kind", kind) if kind else ()))
    assert ("kind" in searched.names()) is checked


@pytest.mark.parametrize(
    ("entries", "lines"),
    [
        ([], ["no such entry"]),
        (
            [found()],
            [
                "index  received              who    kind      scope              what   why",
                "7      2026-11-23T12:00:00Z  Quinn  approval  run:qpcr:RUN-0001  signs",
            ],
        ),
        (
            [found(why="x\n9  forged", what="\x1b[2J")],
            [
                "index  received              who    kind      scope              what      why",
                "7      2026-11-23T12:00:00Z  Quinn  approval  run:qpcr:RUN-0001  \\x1b[2J   x\\n9  forged",
            ],
        ),
    ],
    ids=["none", "one", "hostile"],
)
def test_the_trail_in_words(searched: Desk, entries: Any, lines: list[str]):
    searched.answers("search_log", entries, door=index)
    told = searched("log", "search").out.splitlines()
    assert [" ".join(line.split()) for line in told] == [" ".join(line.split()) for line in lines]


def test_the_trail_as_json_and_csv(searched: Desk):
    assert searched("log", "search", form="json").wire == {"schema": "https://lotmark.dev/output/log-search/v1", "size": 30, "entries": [found()]}
    rows = list(csv.DictReader(io.StringIO(searched("log", "search", form="csv").out)))
    assert [(row["index"], row["who"], row["why"]) for row in rows] == [("7", "Quinn", "")]


@pytest.mark.parametrize("form", ["text", "json", "csv"])
def test_an_export_is_written_and_told_to_the_log(searched: Desk, tmp_path: Path, form: str):
    place = tmp_path / "trail"
    called = searched("log", "search", "--person", "quinn", "--from", "2026-11-01", "-o", str(place), form=form)
    assert (called.code, called.out, called.err) == (0, "", f"1 entries in {place}; the export is recorded\n")
    assert place.read_bytes().count(b"Quinn") == 1
    assert searched.told == [{"tag": "export:search:written", "subject": "trail", "detail": "1 entries: person quinn, sort index, from 2026-11-01"}]


@pytest.mark.parametrize("words", [("--limit", "0"), ("--since", "-1"), ("--sort", "size"), ("--limit", "x")], ids=" ".join)
def test_a_search_that_cannot_be_is_refused(searched: Desk, words: tuple[str, ...]):
    assert (searched("log", "search", *words).code, searched.asked) == (2, [])
