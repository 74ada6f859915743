"""`lotmark approve`: what is shown before a signature, what is asked of the ledger, and every end."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

import lotmark.pipeline.api as pipeline
from fakes.cli_desk import Desk
from lotmark.approvals.models import ApprovalStatus, ESignature, IgnoredSignature, MissingSignature
from lotmark.base.errors import EnvironmentLacksError, NothingToJudgeError, RefusedError
from lotmark.cli import approve as module

pytestmark = pytest.mark.verifies("REQ-025", "RC-009")

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
WHO = ("--as", "quinn", "--reason", "I have read it")
SIGN = ("approve", "sign", *WHO, "--role", "quality-owner")
IDENTITY = SimpleNamespace(run="qpcr:RUN-0001")


def signature(**fields: Any) -> ESignature:
    told = {"person": "quinn", "name": "Quinn Example", "role": "quality-owner", "meaning": "approval", "signed_at": "2026-11-23T12:00:00Z", "zone": "UTC"}
    return ESignature(**{**told, "reason": "read", "index": 20, "payload": "dd" * 32, "key_id": "11" * 32, **fields})


def status(**fields: Any) -> ApprovalStatus:
    told: dict[str, Any] = {"complete": False, "missing": (), "accepted": (), "ignored": (), "rejections": (), "problems": ()}
    return ApprovalStatus(**{**told, **fields})


def decision(verdict: str = "accepted", **fields: Any) -> Any:
    criteria = [{"verdict": "met"}, {"verdict": "violated" if verdict != "accepted" else "met"}]
    told = {
        "run": "qpcr:RUN-0001",
        "product": "qpcr",
        "version": "1.4.0",
        "artifact": {"name": "qpcr.whl", "sha256": "aa" * 32},
        "verdict": verdict,
        "criteria": criteria,
        "tier": {"name": "high", "reasons": ["first release", "hazard changed"]},
        "evidenceRoot": "ee" * 32,
        "policySha256": "90" * 32,
        "logSize": 18,
        "relaxed": [],
    }
    return SimpleNamespace(statement=SimpleNamespace(predicate={**told, **fields}), envelope=SimpleNamespace(payload_digest=SimpleNamespace(hex="de" * 32)))


@pytest.fixture
def waiting(desk: Desk) -> Desk:
    desk.workspace.settings = lambda: "settings"
    desk.workspace.clock = SimpleNamespace(now=lambda: NOON)
    desk.keys(module)
    desk.answers("find_run", IDENTITY, door=pipeline)
    desk.answers("run_approvals", status(), door=pipeline)
    desk.answers("waiting_decision", (decision(), []))
    desk.answers("sign_approval", 21)
    desk.answers("sign_delegation", ("qpcr:DLG-0001", 22))
    desk.answers("sign_withdrawal", 23)
    return desk


def test_what_is_to_be_signed_is_shown_whole(waiting: Desk):
    assert waiting("approve", "request").out.splitlines() == [
        "run        qpcr:RUN-0001",
        "version    qpcr 1.4.0",
        f"artifact   qpcr.whl  sha256 {'aa' * 32}",
        "verdict    accepted, 2 of 2 criteria met",
        "risk tier  high (first release; hazard changed)",
        "evidence   root eeeeeeeeeeeeeeee, policy 9090909090909090, log size 18",
        f"decision   {'de' * 32}",
    ]


def test_a_relaxed_criterion_is_shown_to_who_signs(waiting: Desk):
    waiting.answers("waiting_decision", (decision(relaxed=[{"criterion": "witness", "how": "not asked for"}]), []))
    assert waiting("approve", "request").out.splitlines()[-1] == "relaxed    witness: not asked for"


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"accepted": (signature(),)}, "✓ Quinn Example, quality-owner: approval at 2026-11-23T12:00:00Z (UTC)"),
        ({"ignored": (IgnoredSignature("LM-APR-009", "withdrawn", "rene", 20, "dd"),)}, "✗ rene (entry 20) does not count, LM-APR-009: withdrawn"),
        ({"rejections": (signature(meaning="rejection", reason="not good"),)}, "✗ Quinn Example, quality-owner, rejected: not good"),
        ({"missing": (MissingSignature("regulatory", "review", 2, 1),)}, "… regulatory: review, 1 of 2"),
        ({"problems": ("the decision is stale",)}, "✗ the decision is stale"),
    ],
    ids=["accepted", "ignored", "rejected", "missing", "problem"],
)
def test_every_signature_is_told_by_what_it_counts_for(waiting: Desk, fields: dict[str, Any], line: str):
    waiting.answers("run_approvals", status(**fields), door=pipeline)
    assert waiting("approve", "request").out.splitlines()[7:] == [line]


@pytest.mark.parametrize("raw", ["x\n✓ Rene Example, regulatory: review", "x\r✓ all signed", "\x1b[2K✓"])
@pytest.mark.parametrize("place", ["reason of a rejection", "name", "problem", "reason not to count"])
def test_no_text_of_a_record_forges_a_signature_before_who_signs(waiting: Desk, place: str, raw: str):
    fields = {
        "reason of a rejection": {"rejections": (signature(reason=raw),)},
        "name": {"accepted": (signature(name=raw),)},
        "problem": {"problems": (raw,)},
        "reason not to count": {"ignored": (IgnoredSignature("LM-APR-009", raw, "rene", 20, "dd"),)},
    }[place]
    waiting.answers("run_approvals", status(**fields), door=pipeline)
    shown = waiting(*SIGN).err.splitlines()
    assert len(shown) == 9
    assert not [line for line in shown if "\r" in line or "\x1b" in line]


@pytest.mark.parametrize(
    ("made", "fields", "code"),
    [
        (decision(), {"complete": True}, 0),
        (decision(), {"complete": False}, 8),
        (decision("refused"), {"complete": True}, 1),
        (decision("refused"), {"complete": False}, 1),
        (decision("incomplete"), {"complete": True}, 1),
        (decision(), {"complete": True, "rejections": (signature(),)}, 1),
    ],
    ids=["complete", "waiting", "refused", "refused-and-waiting", "another-verdict", "rejected"],
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_the_end_of_a_request_is_what_the_run_would_do(waiting: Desk, made: Any, fields: dict[str, Any], code: int, form: str):
    waiting.answers("waiting_decision", (made, []))
    waiting.answers("run_approvals", status(**fields), door=pipeline)
    assert waiting("approve", "request", form=form).code == code


def test_the_json_of_a_request(waiting: Desk):
    waiting.answers("run_approvals", status(missing=(MissingSignature("regulatory", "review", 1, 0),), problems=("p",)), door=pipeline)
    assert waiting("approve", "request", form="json").wire == {
        "schema": "https://lotmark.dev/output/approvals/v1",
        "run": "qpcr:RUN-0001",
        "decision": "de" * 32,
        "complete": False,
        "rejected": False,
        "missing": [{"role": "regulatory", "meaning": "review", "count": 1, "have": 0}],
        "accepted": [],
        "ignored": [],
        "rejections": [],
        "problems": ["p"],
    }


# ---- sign and reject


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (SIGN, {"role": "quality-owner", "meaning": "approval", "delegation": None}),
        ((*SIGN, "--meaning", "review"), {"role": "quality-owner", "meaning": "review", "delegation": None}),
        ((*SIGN, "--meaning", "responsibility"), {"role": "quality-owner", "meaning": "responsibility", "delegation": None}),
        ((*SIGN, "--meaning", "risk-acceptance"), {"role": "quality-owner", "meaning": "risk-acceptance", "delegation": None}),
        ((*SIGN, "--meaning", "authorship"), {"role": "quality-owner", "meaning": "authorship", "delegation": None}),
        ((*SIGN, "--delegation", "DLG-0001"), {"role": "quality-owner", "meaning": "approval", "delegation": "DLG-0001"}),
        (("approve", "reject", *WHO, "--role", "regulatory"), {"role": "regulatory", "meaning": "rejection", "delegation": None}),
    ],
    ids=["approval", "review", "responsibility", "risk-acceptance", "authorship", "on-behalf", "rejection"],
)
def test_what_is_signed_is_what_was_typed(waiting: Desk, words: tuple[str, ...], named: dict[str, Any]):
    called = waiting(*words)
    assert called.code == 0, called.err
    (name, arguments, given), *_ = [each for each in waiting.asked if each[0] == "sign_approval"]
    assert (name, arguments) == ("sign_approval", (IDENTITY,))
    assert given == {"person": "quinn", "signer": "key of quinn", "reason": "I have read it", **named}


def test_everything_is_shown_before_the_key_is_opened(waiting: Desk):
    called = waiting(*SIGN)
    assert called.err.splitlines()[-1] == "You sign as quality-owner, meaning approval: I have read it"
    names = waiting.names()
    assert names.index("waiting_decision") < names.index("run_approvals") < names.index("key") < names.index("sign_approval")


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ((), "`lotmark run` goes on now"),
        ((MissingSignature("regulatory", "review", 1, 0),), "still missing: regulatory (review)"),
        ((MissingSignature("regulatory", "review", 1, 0), MissingSignature("qa", "approval", 2, 1)), "still missing: regulatory (review); qa (approval)"),
    ],
    ids=["none", "one", "two"],
)
def test_after_a_signature_it_is_said_who_is_missing(waiting: Desk, missing: Any, told: str):
    waiting.answers("run_approvals", status(missing=missing), door=pipeline)
    assert waiting(*SIGN).out == f"signed by quinn as quality-owner: approval; {told}\nentry 21\n"
    wire = waiting(*SIGN, form="json").wire
    assert (wire["schema"], wire["run"], wire["index"]) == ("https://lotmark.dev/output/signature/v1", "qpcr:RUN-0001", 21)
    assert [each["role"] for each in wire["missing"]] == [each.role for each in missing]


@pytest.mark.parametrize("meaning", ["rejection", "Approval", "consent", ""])
def test_there_are_five_meanings_of_a_signature(waiting: Desk, meaning: str):
    called = waiting(*SIGN, "--meaning", meaning)
    assert (called.code, waiting.asked) == (2, [])


@pytest.mark.parametrize("missing", ["--as", "--reason", "--role"])
@pytest.mark.parametrize("command", ["sign", "reject"])
def test_person_reason_and_role_are_never_assumed(waiting: Desk, command: str, missing: str):
    words = [word for flag, value in ((WHO[0], WHO[1]), (WHO[2], WHO[3]), ("--role", "qa")) if flag != missing for word in (flag, value)]
    called = waiting("approve", command, *words)
    assert (called.code, waiting.asked) == (2, [])
    assert f"Missing option '{missing}'" in called.err


@pytest.mark.parametrize("words", [("approve", "request"), SIGN, ("approve", "reject", *WHO, "--role", "qa")], ids=["request", "sign", "reject"])
def test_without_a_run_there_is_nothing_to_sign(waiting: Desk, words: tuple[str, ...]):
    waiting.answers("find_run", None, door=pipeline)
    called = waiting(*words)
    assert called.code == 5
    assert called.err.splitlines() == [
        "error[LM-CLI-019]: there is no such run",
        "  at: /state",
        "  help: `lotmark run` opens one",
        "  more: lotmark explain LM-CLI-019",
    ]
    assert "key" not in waiting.names()


@pytest.mark.parametrize(
    ("error", "code", "kept"),
    [
        (NothingToJudgeError("LM-CLI-017", "it is closed"), 5, False),
        (RefusedError("LM-PIP-003", "the configuration changed"), 1, True),
        (EnvironmentLacksError("LM-APR-004", "vera has no such role"), 4, True),
    ],
    ids=["closed", "changed", "role"],
)
def test_who_is_refused_is_told_and_kept(waiting: Desk, error: Any, code: int, kept: bool):
    waiting.answers("sign_approval", error)
    called = waiting(*SIGN, "--run", "RUN-0001")
    assert (called.code, called.out) == (code, "")
    told = [(each["tag"], each["outcome"], each["person"], each["code"], each["detail"]) for each in waiting.told]
    assert told == ([("approve:sign:refused", "refused", "quinn", error.code, error.reason)] if kept else [])


@pytest.mark.parametrize("words", [("approve", "request"), SIGN], ids=["request", "sign"])
def test_a_run_is_chosen_by_its_id(waiting: Desk, words: tuple[str, ...]):
    waiting(*words, "--run", "RUN-0007")
    assert waiting.asked[0] == ("find_run", ("settings", "RUN-0007"), {})
    waiting.asked.clear()
    waiting(*words)
    assert waiting.asked[0] == ("find_run", ("settings", None), {})


# ---- delegate and withdraw

DELEGATE = ("approve", "delegate", *WHO, "--to", "rene", "--role", "quality-owner")


@pytest.mark.parametrize("tier", ["low", "medium", "high"])
@pytest.mark.parametrize("days", [1, 14, 366])
def test_a_delegation_ends_after_so_many_days(waiting: Desk, tier: str, days: int):
    called = waiting(*DELEGATE, "--tier", tier, "--days", str(days))
    assert called.out == f"rene may sign as quality-owner on behalf of quinn up to tier {tier}, {days} days\nqpcr:DLG-0001 (entry 22)\n"
    assert waiting.asked[-1][2] == {
        "person": "quinn",
        "signer": "key of quinn",
        "delegate": "rene",
        "role": "quality-owner",
        "tier_limit": tier,
        "until": NOON + timedelta(days=days),
        "reason": "I have read it",
    }


@pytest.mark.parametrize(("tier", "days"), [("low", "0"), ("low", "367"), ("low", "-1"), ("low", "x"), ("critical", "1"), ("", "1")])
def test_a_delegation_without_end_or_tier_is_refused(waiting: Desk, tier: str, days: str):
    assert (waiting(*DELEGATE, "--tier", tier, "--days", days).code, waiting.asked) == (2, [])


def test_a_withdrawal_names_both_entries(waiting: Desk):
    assert waiting("approve", "withdraw", "20", *WHO).out == "entry 20 is withdrawn\nentry 23\n"
    assert waiting.asked[-1] == ("sign_withdrawal", (20,), {"person": "quinn", "signer": "key of quinn", "reason": "I have read it"})
    assert waiting("approve", "withdraw", "20", *WHO, form="json").wire == {"schema": "https://lotmark.dev/output/withdrawal/v1", "withdrawn": 20, "index": 23}


@pytest.mark.parametrize("index", ["-1", "x", "1.5", "RUN-0001"])
def test_an_entry_is_a_number(waiting: Desk, index: str):
    assert (waiting("approve", "withdraw", index, *WHO).code, waiting.asked) == (2, [])


def test_the_json_of_a_delegation(waiting: Desk):
    wire = waiting(*DELEGATE, "--tier", "low", "--days", "1", form="json").wire
    assert wire == {"schema": "https://lotmark.dev/output/delegation/v1", "delegation": "qpcr:DLG-0001", "index": 22}
