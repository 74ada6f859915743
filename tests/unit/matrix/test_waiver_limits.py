"""Waivers at the edges: each objection on both sides of its limit, and which of several is said."""

from datetime import UTC, date, datetime, timedelta

import pytest

from lotmark.attest.models import Envelope, KeyRecord, Statement, Verified
from lotmark.base.clock import format_instant
from lotmark.base.errors import UsageError
from lotmark.matrix.api import build_waiver, find_active_waivers
from lotmark.matrix.models import WaiverRules, WaiverScope, WaiverSigner

pytestmark = pytest.mark.verifies("REQ-018", "RC-010")

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
QUINN = {"person": "quinn", "name": "Quinn Example", "role": "quality-owner"}
SOUND = {
    "waiver": "qpcr:WVR-0001",
    "product": "qpcr",
    "scope": {"tests": ["t/a.py::t"], "requirements": [], "hazards": [], "riskControls": []},
    "version": "1.4.0",
    "reason": "r",
    "residualRisk": "low",
    "owner": "clio",
    "signer": QUINN,
    "signedAt": "2026-11-23T12:00:00.000Z",
    "zone": "UTC",
    "expires": "2026-12-23",
}
UNCHANGED = object()


def entry(change=None, *, index=10, kind="waiver", person="quinn", key_kind="person") -> Verified:
    predicate = {**SOUND, **(change or {})}
    predicate = {key: value for key, value in predicate.items() if value is not UNCHANGED}
    if kind == "waiver-closure":
        predicate = {"waiver": SOUND["waiver"], "reason": "mended", "signer": QUINN, "closedAt": "2026-11-23T12:00:00.000Z", **(change or {})}
    key = KeyRecord("k", "ed25519", b"\0" * 32, key_kind, person, person, 0, None)
    return Verified(index, kind, Statement((), f"https://lotmark.dev/attestation/{kind}/v1", predicate), key, Envelope(b"", "", "k", b"", b""))


def review(*entries, at=NOON, version="1.4.0", **more):
    found = find_active_waivers(entries, at, product="qpcr", version=version, **more)
    return [waiver.waiver for waiver, _ in found.active], [finding.code.removeprefix("LM-MTX-") for finding in found.findings]


HELD = (["qpcr:WVR-0001"], [])


def test_the_sound_one_holds():
    assert review(entry()) == HELD


OBJECTIONS = {
    "another product": ({"product": "pump", "waiver": "pump:WVR-0001"}, {}, "052"),
    "another person's key": ({}, {"person": "rene"}, "051"),
    "a machine's key": ({}, {"key_kind": "pipeline", "person": ""}, "051"),
    "a log's key of the same name": ({}, {"key_kind": "log"}, "051"),
    "a root key": ({}, {"key_kind": "root"}, "051"),
    "another version": ({"version": "1.4.1"}, {}, "053"),
    "a version that only begins alike": ({"version": "1.4"}, {}, "053"),
    "an empty version": ({"version": ""}, {}, "053"),
    "not yet signed": ({"signedAt": "2026-11-23T12:05:00.001Z"}, {}, "054"),
    "too long": ({"expires": "2027-05-23"}, {}, "058"),
    "expired": ({"signedAt": "2026-10-01T12:00:00.000Z", "expires": "2026-11-22"}, {}, "055"),
    "no reason": ({"reason": UNCHANGED}, {}, "050"),
    "a reason that is a number": ({"reason": 7}, {}, "050"),
    "a key more": ({"approved": True}, {}, "050"),
    "a day that is none": ({"expires": "2026-02-30"}, {}, "050"),
    "a day with a time": ({"expires": "2026-12-23T12:00:00Z"}, {}, "050"),
    "an instant without zone": ({"signedAt": "2026-11-23T12:00:00"}, {}, "050"),
    "an id that is none": ({"waiver": "first"}, {}, "050"),
    "a scope that is a list": ({"scope": ["t/a.py::t"]}, {}, "050"),
    "a scope of an unknown kind": ({"scope": {"everything": True}}, {}, "050"),
}


@pytest.mark.parametrize(("change", "options", "code"), OBJECTIONS.values(), ids=OBJECTIONS)
def test_one_objection_is_enough_and_is_named(change, options, code):
    assert review(entry(change, **options)) == ([], [code])


@pytest.mark.parametrize(("change", "options", "code"), OBJECTIONS.values(), ids=OBJECTIONS)
def test_a_bad_waiver_takes_no_sound_one_along(change, options, code):
    other = entry({"waiver": "qpcr:WVR-0002"}, index=11)
    assert review(entry(change, **options), other) == (["qpcr:WVR-0002"], [code])


EDGES = {
    "signed at this instant": ({}, NOON, HELD),
    "the signer's clock runs five minutes ahead": ({}, NOON - timedelta(minutes=5), HELD),
    "and a millisecond more": ({}, NOON - timedelta(minutes=5, milliseconds=1), ([], ["054"])),
    "the first instant of the last day": ({}, datetime(2026, 12, 23, tzinfo=UTC), HELD),
    "the last instant of the last day": ({}, datetime(2026, 12, 23, 23, 59, 59, 999000, tzinfo=UTC), HELD),
    "the first instant after it": ({}, datetime(2026, 12, 24, tzinfo=UTC), ([], ["055"])),
    "as long as may be": ({"expires": (NOON.date() + timedelta(days=180)).isoformat()}, NOON, HELD),
    "a day longer": ({"expires": (NOON.date() + timedelta(days=181)).isoformat()}, NOON, ([], ["058"])),
    "for any version": ({"version": None}, NOON, HELD),
}


@pytest.mark.parametrize(("change", "at", "expected"), EDGES.values(), ids=EDGES)
def test_limits_hold_to_the_instant_and_the_day(change, at, expected):
    assert review(entry(change), at=at) == expected


@pytest.mark.parametrize(("days", "held"), [(29, False), (30, True), (31, True)])
def test_the_rules_of_the_matrix_set_the_longest_time(days, held):
    assert review(entry(), rules=WaiverRules(max_days=days)) == (HELD if held else ([], ["058"]))


ROLES = {
    "no rules and no people file": ((), None, HELD),
    "the role is allowed": (("regulatory", "quality-owner"), None, HELD),
    "the role is not allowed": (("regulatory",), None, ([], ["059"])),
    "the people file gives it": ((), {"quinn": ["quality-owner", "clinical"]}, HELD),
    "the people file gives another": ((), {"quinn": ["clinical"]}, ([], ["059"])),
    "the people file does not know the person": ((), {"rene": ["quality-owner"]}, ([], ["059"])),
    "an empty people file": ((), {}, ([], ["059"])),
    "allowed, and not given": (("quality-owner",), {"quinn": []}, ([], ["059"])),
    "given, and not allowed": (("clinical",), {"quinn": ["quality-owner"]}, ([], ["059"])),
}


@pytest.mark.parametrize(("allowed", "people", "expected"), ROLES.values(), ids=ROLES)
def test_who_may_sign(allowed, people, expected):
    assert review(entry(), rules=WaiverRules(roles=allowed), roles=people) == expected


SEQUENCES = {
    "closed later": ([entry(), entry(index=11, kind="waiver-closure")], ([], ["056"])),
    "closed before it was signed": ([entry(index=9, kind="waiver-closure"), entry()], HELD),
    "another one closed": ([entry(), entry({"waiver": "qpcr:WVR-0002"}, index=11, kind="waiver-closure")], HELD),
    "closed by what cannot be read": ([entry(), entry({"reason": 7, "extra": []}, index=11, kind="waiver-closure")], ([], ["056"])),
    "a second of one id": ([entry(), entry({"reason": "more"}, index=11)], (["qpcr:WVR-0001"], ["057"])),
    "a second after the first expired": ([entry({"signedAt": "2026-10-01T12:00:00.000Z", "expires": "2026-11-01"}), entry(index=11)], ([], ["055", "057"])),
    "a second after one that could not be read": ([entry({"reason": 7}), entry(index=11)], (["qpcr:WVR-0001"], ["050"])),
    "entries out of order": ([entry({"reason": "more"}, index=11), entry()], (["qpcr:WVR-0001"], ["057"])),
    "two of different ids": ([entry(), entry({"waiver": "qpcr:WVR-0002"}, index=11)], (["qpcr:WVR-0001", "qpcr:WVR-0002"], [])),
    "closed and signed anew under its id": ([entry(), entry(index=11, kind="waiver-closure"), entry(index=12)], ([], ["056", "057"])),
    "none": ([], ([], [])),
}


@pytest.mark.parametrize(("entries", "expected"), SEQUENCES.values(), ids=SEQUENCES)
def test_what_came_first_in_the_log_counts(entries, expected):
    assert review(*entries) == expected


MAKING = {
    "expires on the day of the signature": ({"expires": date(2026, 11, 23)}, False),
    "expires the day before": ({"expires": date(2026, 11, 22)}, False),
    "expires the day after": ({"expires": date(2026, 11, 24)}, True),
    "as long as may be": ({"expires": date(2026, 11, 23) + timedelta(days=180)}, True),
    "a day longer": ({"expires": date(2026, 11, 23) + timedelta(days=181)}, False),
    "no scope": ({"scope": WaiverScope()}, False),
    "a scope of a test": ({"scope": WaiverScope(tests=("t",))}, True),
    "a scope of a hazard": ({"scope": WaiverScope(hazards=("HAZ-001",))}, True),
    "a scope of another product": ({"scope": WaiverScope(hazards=("pump:HAZ-001",))}, False),
    "a blank reason": ({"reason": " \n"}, False),
    "a blank residual risk": ({"residual_risk": ""}, False),
    "a blank owner": ({"owner": "\t"}, False),
    "a blank zone": ({"zone": ""}, False),
    "a blank role": ({"signer": WaiverSigner(person="quinn", name="Quinn", role=" ")}, False),
    "a blank name": ({"signer": WaiverSigner(person="quinn", name="", role="r")}, False),
    "a blank person": ({"signer": WaiverSigner(person="", name="Quinn", role="r")}, False),
}


@pytest.mark.parametrize(("change", "made"), MAKING.values(), ids=MAKING)
def test_a_waiver_is_made_whole_or_not_at_all(change, made):
    parts = {
        "waiver": "WVR-0001",
        "product": "qpcr",
        "scope": WaiverScope(tests=("t",)),
        "version": None,
        "reason": "r",
        "residual_risk": "low",
        "owner": "clio",
        "signer": WaiverSigner(**QUINN),
        "signed_at": NOON,
        "zone": "UTC",
        "expires": date(2026, 12, 1),
        **change,
    }
    if not made:
        with pytest.raises(UsageError) as caught:
            build_waiver(**parts)
        assert caught.value.code == "LM-MTX-063"
        return
    evidence = build_waiver(**parts)
    assert evidence.predicate["signedAt"] == format_instant(NOON)
    assert review(entry(evidence.predicate)) == HELD
