"""`lotmark records`: what each act asks for, what it says once one or two persons have signed, and its refusals."""

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from fakes.cli_desk import Desk
from lotmark.base.errors import EnvironmentLacksError, NothingToJudgeError, RefusedError, UsageError
from lotmark.bootstrap._records import Acted, RunStatus
from lotmark.cli import records as module
from lotmark.records._expiry import Removed, RunRecords
from lotmark.records.api import CLASSES
from lotmark.records.models import Hold, Order, RecordApproval, RecordState, RetentionEnd, RunDates

pytestmark = pytest.mark.verifies("REQ-025", "RC-009")

NOON = "2026-11-23T12:00:00.000Z"
SIGNED = ("--as", "quinn", "--reason", "the audit")
ACTS = {
    "trigger": ("trigger", "end-of-life", "--on", "2026-11-01"),
    "hold": ("hold", "product:qpcr"),
    "release": ("release", "abcabcabcabc"),
    "expire": ("expire", "RUN-0001"),
    "erase": ("erase", "Dana Example"),
    "approve": ("approve", "abcabcabcabc"),
}
FUNCTIONS = {
    "trigger": "record_trigger",
    "hold": "set_hold",
    "release": "release_hold",
    "expire": "expire_run",
    "erase": "erase_values",
    "approve": "approve_order",
}


def approval(person: str, reason: str = "the audit") -> RecordApproval:
    return RecordApproval(7, person, f"{person.title()} Example", reason, NOON)


def order(event: str = "hold", *people: str, **act: Any) -> Order:
    return Order("ab" * 32, event, "qpcr", {"scope": "product:qpcr", **act}, tuple(approval(each) for each in people or ("quinn",)))  # type: ignore[arg-type]


def acted(event: str = "hold", *people: str, removed: Removed | None = None, remains: tuple[str, ...] = ()) -> Acted:
    return Acted(order(event, *people), 21, removed, remains)


@pytest.fixture
def signing(desk: Desk) -> Desk:
    desk.keys(module)
    desk.answers("find_order", order("erasure", "rene", commitments=["a", "b"], of=""))
    for name in FUNCTIONS.values():
        desk.answers(name, acted())
    return desk


@pytest.mark.parametrize("act", ACTS)
def test_every_act_is_signed_by_a_person_who_says_why(signing: Desk, act: str):
    called = signing("records", *ACTS[act], *SIGNED, "--key", "mine.key")
    assert called.code == 0, called.err
    name, _, named = signing.asked[-1]
    assert name == FUNCTIONS[act]
    assert {key: named[key] for key in ("person", "signer", "reason")} == {"person": "quinn", "signer": "key of quinn", "reason": "the audit"}
    assert ("key", ("quinn", "mine.key"), {}) in signing.asked


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("missing", ["--as", "--reason"])
def test_without_a_person_or_a_reason_nothing_happens(signing: Desk, act: str, missing: str):
    words = [word for pair in zip(SIGNED[::2], SIGNED[1::2], strict=True) for word in pair if pair[0] != missing]
    called = signing("records", *ACTS[act], *words)
    assert (called.code, called.out, signing.asked) == (2, "", [])
    assert f"Missing option '{missing}'" in called.err


@pytest.mark.parametrize(
    ("act", "arguments", "named"),
    [
        ("trigger", ("end-of-life", date(2026, 11, 1)), {"version": ""}),
        ("hold", ("product:qpcr",), {}),
        ("release", ("abcabcabcabc",), {}),
        ("expire", ("RUN-0001",), {}),
        ("erase", (("Dana Example",),), {}),
        ("approve", ("abcabcabcabc",), {}),
    ],
)
def test_what_was_typed_reaches_the_ledger_as_it_is(signing: Desk, act: str, arguments: tuple[Any, ...], named: dict[str, Any]):
    signing("records", *ACTS[act], *SIGNED)
    _, given, more = signing.asked[-1]
    assert given == arguments
    assert {key: value for key, value in more.items() if key not in {"person", "signer", "reason"}} == named


def test_values_to_erase_are_taken_together(signing: Desk):
    called = signing("records", "erase", "Dana Example", "dana@example.org", *SIGNED)
    assert signing.asked[-1][1] == (("Dana Example", "dana@example.org"),)
    assert called.out.splitlines()[0] == "2 values are erased"


@pytest.mark.parametrize(
    ("act", "words", "done"),
    [
        ("trigger", (), "end-of-life on 2026-11-01"),
        ("trigger", ("--version", "1.4.0"), "end-of-life on 2026-11-01 of 1.4.0"),
        ("hold", (), "product:qpcr is under hold abababababab"),
        ("release", (), "hold abcabcabcabc is released"),
        ("expire", (), "RUN-0001 has expired"),
        ("erase", (), "1 value is erased"),
        ("approve", (), "hold abababababab is signed"),
    ],
    ids=["trigger", "trigger-of-a-version", "hold", "release", "expire", "erase", "approve"],
)
def test_what_took_effect_is_said_with_its_entry(signing: Desk, act: str, words: tuple[str, ...], done: str):
    called = signing("records", *ACTS[act], *words, *SIGNED)
    assert (called.code, called.out) == (0, f"{done}\norder abababababab (entry 21)\n")


@pytest.mark.parametrize("event", ["hold-release", "expiry", "erasure"])
def test_what_needs_two_persons_waits_and_names_the_command(signing: Desk, event: str):
    signing.answers("release_hold", acted(event, "quinn"))
    called = signing("records", *ACTS["release"], *SIGNED)
    assert called.code == 8
    assert called.out.splitlines() == [
        "waits for a second person: `lotmark records approve abababababab --as PERSON --reason ...`",
        "order abababababab (entry 21)",
    ]


@pytest.mark.parametrize(
    ("removed", "told"),
    [
        (None, []),
        (Removed(3, 2), ["removed: 3 bodies, 2 blobs, 0 clear values; every header and proof stays"]),
        (Removed(0, 0, 4), ["removed: 0 bodies, 0 blobs, 4 clear values; every header and proof stays"]),
    ],
    ids=["nothing", "a-run", "values"],
)
def test_what_went_is_counted(signing: Desk, removed: Removed | None, told: list[str]):
    signing.answers("expire_run", acted("expiry", "quinn", "rene", removed=removed))
    called = signing("records", *ACTS["expire"], *SIGNED)
    assert called.out.splitlines() == ["RUN-0001 has expired", *told, "order abababababab (entry 21)"]


def test_blobs_that_still_hold_a_value_are_named(signing: Desk):
    signing.answers("erase_values", acted("erasure", "quinn", "rene", removed=Removed(0, 0, 1), remains=("11" * 32, "22" * 32)))
    told = signing("records", *ACTS["erase"], *SIGNED).out.splitlines()
    assert told[2:4] == [f"still in clear in the blob {digest * 32}: a pinned file or a report, kept until its run expires" for digest in ("11", "22")]


@pytest.mark.parametrize(
    ("made", "code", "wanted"),
    [
        (acted(), 0, {"event": "hold", "effective": True, "signedBy": ["quinn"], "removed": None, "remainsInBlobs": []}),
        (acted("erasure", "quinn"), 8, {"event": "erasure", "effective": False, "signedBy": ["quinn"], "removed": None, "remainsInBlobs": []}),
        (
            acted("expiry", "quinn", "rene", removed=Removed(3, 2, 1), remains=("11",)),
            0,
            {
                "event": "expiry",
                "effective": True,
                "signedBy": ["quinn", "rene"],
                "removed": {"bodies": 3, "blobs": 2, "values": 1},
                "remainsInBlobs": ["11"],
            },
        ),
    ],
    ids=["effective", "waiting", "removed"],
)
@pytest.mark.parametrize("act", ACTS)
def test_the_json_of_every_act_has_one_shape(signing: Desk, act: str, made: Acted, code: int, wanted: dict[str, Any]):
    signing.answers(FUNCTIONS[act], made)
    called = signing("records", *ACTS[act], *SIGNED, form="json")
    assert called.code == code
    assert called.wire == {"schema": "https://lotmark.dev/output/records-act/v1", "order": "ab" * 32, "index": 21, **wanted}


def test_who_signs_second_reads_first_what_it_is(signing: Desk):
    called = signing("records", "approve", "abcabc", *SIGNED)
    assert called.err.splitlines() == [
        "You sign: erasure of qpcr: scope product:qpcr, commitments 2",
        "Signed before: the audit; approved by Rene Example on 2026-11-23",
    ]
    assert signing.names() == ["find_order", "key", "approve_order"]


@pytest.mark.parametrize(
    ("act", "told"),
    [
        ({"trigger": "end-of-life", "on": "2026-11-01", "version": ""}, "trigger end-of-life, on 2026-11-01"),
        (
            {"scope": "run:qpcr:RUN-0001", "retention_class": "eu-mdr", "entries": [1, 2, 3], "blobs": []},
            "scope run:qpcr:RUN-0001, retention class eu-mdr, entries 3",
        ),
        ({}, ""),
    ],
    ids=["trigger", "expiry", "empty"],
)
def test_an_act_is_described_by_what_it_needs(act: dict[str, Any], told: str):
    assert module._describe(act) == told


@pytest.mark.parametrize(
    ("day", "code"),
    [
        ("2026-02-30", 2),
        ("yesterday", 2),
        ("2026-13-01", 2),
        ("01.11.2026", 2),
        ("2026-11-01T00:00:00", 2),
        ("2026-11-01", 0),
        ("2024-02-29", 0),
        ("20261101", 0),
    ],
)
def test_a_day_that_does_not_exist_is_refused_before_anybody_signs(signing: Desk, day: str, code: int):
    called = signing("records", "trigger", "end-of-life", "--on", day, *SIGNED)
    assert called.code == code
    if code:
        assert signing.asked == []
        assert called.err.splitlines() == [
            f"error[LM-REC-003]: {day!r} is no day",
            "  help: give --on as YYYY-MM-DD",
            "  more: lotmark explain LM-REC-003",
        ]


@pytest.mark.parametrize("event", ["recall", "END-OF-LIFE", "run-closed"])
def test_an_event_from_which_nothing_counts_is_refused(signing: Desk, event: str):
    called = signing("records", "trigger", event, "--on", "2026-11-01", *SIGNED)
    assert (called.code, signing.asked) == (2, [])
    assert "'end-of-life', 'last-device', 'release-withdrawn'" in called.err


REFUSALS = [
    (RefusedError("LM-REC-001", "a hold stands", where="product:qpcr", solution="release it"), 1, True),
    (EnvironmentLacksError("LM-REC-004", "vera may not do that", solution="ask an administrator"), 4, True),
    (EnvironmentLacksError("LM-LED-001", "the disk is full"), 4, False),
    (NothingToJudgeError("LM-REC-005", "there is no run", solution="`lotmark records status` lists them"), 5, False),
    (UsageError("LM-REC-002", "that is no scope"), 2, False),
]


@pytest.mark.parametrize(("error", "code", "kept"), REFUSALS, ids=[error.code for error, _, _ in REFUSALS])
@pytest.mark.parametrize("act", ACTS)
def test_a_refusal_is_told_with_its_cure_and_an_attempt_is_recorded(signing: Desk, act: str, error: Any, code: int, kept: bool):
    signing.answers(FUNCTIONS[act], error)
    called = signing("records", *ACTS[act], *SIGNED)
    assert (called.code, called.out) == (code, "")
    assert f"error[{error.code}]: {error.reason}\n" in called.err
    assert [(told["tag"], told["person"], told["code"]) for told in signing.told] == ([(f"records:{act}:refused", "quinn", error.code)] if kept else [])


# ---- status and classes


def status(version: str = "1.4.0", end: RetentionEnd | None = None, holds: tuple[Order, ...] = (), expired: int = 0) -> RunStatus:
    ended = end or RetentionEnd(date(2041, 11, 23), CLASSES[0])
    return RunStatus(RunRecords("qpcr:RUN-0001", "qpcr", version, RunDates(None, None)), ended, holds, expired)


def show(desk: Desk, runs: list[RunStatus], state: RecordState, form: str = "text") -> Any:
    desk.answers("list_retention", runs)
    desk.workspace.reader = SimpleNamespace(records=lambda: state)
    desk.workspace.product.file = SimpleNamespace(records=SimpleNamespace(markets=("eu", "us")))
    return desk("records", "status", form=form)


def test_before_the_first_run(desk: Desk):
    assert show(desk, [], RecordState()).out == "no run yet\n"


def test_every_run_has_its_date_its_holds_and_what_went(desk: Desk):
    runs = [
        status(holds=(order(),), expired=3),
        status("", RetentionEnd(None, CLASSES[0], "end-of-life")),
        status("1.5.0", RetentionEnd(None, CLASSES[-1])),
    ]
    state = RecordState(
        orders=(order("erasure", "quinn"), order("hold", "quinn"), order("expiry", "quinn", "rene")),
        holds=(Hold(order(), None), Hold(order(), order("hold-release", "quinn", "rene"))),
    )
    called = show(desk, runs, state)
    lines = [" | ".join(part.strip() for part in line.split("  ") if part) for line in called.out.splitlines()]
    assert lines == [
        "run | version | kept | hold | expired",
        f"qpcr:RUN-0001 | 1.4.0 | until 2041-11-23 ({CLASSES[0].name}) | abababababab | 3 records",
        f"qpcr:RUN-0001 | unknown | open: end-of-life is not known ({CLASSES[0].name}) | none",
        f"qpcr:RUN-0001 | 1.5.0 | for ever ({CLASSES[-1].name}) | none",
        "hold abababababab over product:qpcr: the audit; approved by Quinn Example on 2026-11-23",
        "hold abababababab over product:qpcr: the audit; approved by Quinn Example on 2026-11-23; released",
        "erasure abababababab waits for a second person: the audit; approved by Quinn Example on 2026-11-23",
    ]


def test_the_json_of_the_status(desk: Desk):
    state = RecordState(orders=(order("erasure", "quinn"), order("erasure", "quinn", "rene")), holds=(Hold(order(), order("hold-release", "quinn")),))
    told = show(desk, [status(holds=(order(),), expired=1)], state, "json").wire
    assert told == {
        "schema": "https://lotmark.dev/output/records-status/v1",
        "markets": ["eu", "us"],
        "runs": [
            {
                "run": "qpcr:RUN-0001",
                "version": "1.4.0",
                "until": "2041-11-23",
                "class": CLASSES[0].name,
                "clause": CLASSES[0].clause,
                "waitsFor": None,
                "holds": ["ab" * 32],
                "expired": 1,
            }
        ],
        "holds": [{"order": "ab" * 32, "scope": "product:qpcr", "stands": True, "words": "the audit; approved by Quinn Example on 2026-11-23"}],
        "waiting": [{"order": "ab" * 32, "event": "erasure", "by": ["quinn"], "words": "the audit; approved by Quinn Example on 2026-11-23"}],
    }


@pytest.mark.parametrize("end", [RetentionEnd(None, CLASSES[0], "last-device"), RetentionEnd(None, CLASSES[0])])
def test_an_open_end_is_null_and_never_a_date(desk: Desk, end: RetentionEnd):
    (run,) = show(desk, [status(end=end)], RecordState(), "json").wire["runs"]
    assert (run["until"], run["waitsFor"]) == (None, end.waits_for or None)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"trigger": None}, "for ever"),
        ({"trigger": "end-of-life", "years": 10}, "10 years after end-of-life"),
        ({"trigger": "run-closed", "years": 0}, "until run-closed"),
        ({"trigger": "end-of-life", "years": 0, "least_years": 2}, "until end-of-life, at least 2 years"),
        ({"trigger": "last-device", "years": 15, "least_years": 2}, "15 years after last-device, at least 2 years"),
    ],
)
def test_a_period_in_words(fields: dict[str, Any], told: str):
    assert module._period(SimpleNamespace(**{"years": 0, "least_years": 0, **fields})) == told


def test_every_class_is_listed_with_its_clause(desk: Desk):
    lines = desk("records", "classes").out.splitlines()
    assert len(lines) == 1 + len(CLASSES)
    assert all(known.name in line and line.endswith(known.clause) for known, line in zip(CLASSES, lines[1:], strict=True))
    wire = desk("records", "classes", form="json").wire
    assert [set(each) for each in wire["classes"]] == [{"name", "title", "clause", "basis", "trigger", "years"}] * len(CLASSES)


@pytest.mark.parametrize("form", ["sarif", "junit", "github", "gitlab", "markdown", "csv"])
@pytest.mark.parametrize("words", [("classes",), ("status",), (*ACTS["hold"], *SIGNED)], ids=["classes", "status", "hold"])
def test_forms_of_findings_are_refused_before_anything_is_signed(signing: Desk, words: tuple[str, ...], form: str):
    called = signing("records", *words, form=form)
    assert (called.code, called.out, signing.asked) == (2, "", [])
    assert "LM-CLI-005" in called.err
