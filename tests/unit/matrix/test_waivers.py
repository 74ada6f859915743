"""Waivers: made with everything they need, and judged against a moment, a product and a version."""

from datetime import UTC, date, datetime, timedelta

import pytest

from fakes.keyring import KeyLog, signer
from lotmark.attest.api import build_payload, sign_payload, verify_envelope
from lotmark.attest.models import Envelope, Evidence, KeyRecord, Registry, Statement, Verified
from lotmark.attest.predicates import KINDS as KEY_KINDS
from lotmark.base.errors import IntegrityError, UsageError
from lotmark.base.findings import Severity
from lotmark.matrix.api import build_waiver, build_waiver_closure, find_active_waivers
from lotmark.matrix.models import WaiverReview, WaiverRules, WaiverScope, WaiverSigner
from lotmark.matrix.predicates import KINDS

pytestmark = pytest.mark.verifies("REQ-018", "RC-010")


NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
QUINN = WaiverSigner(person="quinn", name="Quinn Example", role="quality-owner")


def _parts(**change) -> dict:
    return {
        "waiver": "WVR-0001",
        "product": "qpcr",
        "scope": WaiverScope(tests=("tests/a.py::t",), hazards=("qpcr:HAZ-001", "HAZ-001")),
        "version": None,
        "reason": " the bench is out of order ",
        "residual_risk": "low: covered by panel 6",
        "owner": "clio",
        "signer": QUINN,
        "signed_at": NOON,
        "zone": "Europe/Zurich",
        "expires": date(2026, 12, 23),
        **change,
    }


def _entry(predicate: dict, *, index: int = 10, kind: str = "waiver", person: str = "quinn", key_kind: str = "person") -> Verified:
    key = KeyRecord("k", "ed25519", b"\0" * 32, key_kind, person, person, 0, None)
    return Verified(index, kind, Statement((), f"https://lotmark.dev/attestation/{kind}/v1", predicate), key, Envelope(b"", "", "k", b"", b""))


def _waiver(*, index: int = 10, person: str = "quinn", key_kind: str = "person", raw: dict | None = None, **change) -> Verified:
    predicate = build_waiver(**_parts(**change), rules=WaiverRules(max_days=3660)).predicate
    return _entry({**predicate, **(raw or {})}, index=index, person=person, key_kind=key_kind)


def _closure(waiver: str = "WVR-0001", *, index: int = 20, **raw) -> Verified:
    predicate = build_waiver_closure(waiver=waiver, product="qpcr", reason="mended", signer=QUINN, closed_at=NOON).predicate
    return _entry({**predicate, **raw}, index=index, kind="waiver-closure")


def _find(*entries: Verified, at: datetime = NOON, version: str = "1.4.0", **more) -> WaiverReview:
    return find_active_waivers(entries, at, product="qpcr", version=version, **more)


def _codes(review: WaiverReview) -> list[str]:
    assert all(finding.severity is Severity.WARNING and finding.help for finding in review.findings)
    return [finding.code for finding in review.findings]


# ---- making


def test_a_waiver_says_everything() -> None:
    evidence = build_waiver(**_parts())
    assert evidence.kind == "waiver"
    assert evidence.subjects[0].name == "waiver:qpcr:WVR-0001"
    assert set(evidence.subjects[0].digest) == {"sha256"}
    assert evidence.predicate == {
        "waiver": "qpcr:WVR-0001",
        "product": "qpcr",
        "scope": {"tests": ["tests/a.py::t"], "requirements": [], "hazards": ["HAZ-001"], "riskControls": []},
        "version": None,
        "reason": "the bench is out of order",
        "residualRisk": "low: covered by panel 6",
        "owner": "clio",
        "signer": {"person": "quinn", "name": "Quinn Example", "role": "quality-owner"},
        "signedAt": "2026-11-23T12:00:00.000Z",
        "zone": "Europe/Zurich",
        "expires": "2026-12-23",
    }


def test_two_waivers_have_two_subjects() -> None:
    assert build_waiver(**_parts()).subjects != build_waiver(**_parts(reason="another")).subjects


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"reason": "  "}, "lacks: reason"),
        ({"residual_risk": ""}, "lacks: residual risk"),
        ({"owner": ""}, "lacks: owner"),
        ({"zone": ""}, "lacks: zone"),
        ({"signer": WaiverSigner(person="", name="x", role="y")}, "lacks: signer"),
        ({"signer": WaiverSigner(person="x", name="x", role="")}, "lacks: role"),
        ({"scope": WaiverScope()}, "lacks: scope"),
        ({"scope": WaiverScope(hazards=("pump:HAZ-001",))}, "not an item of qpcr"),
        ({"expires": date(2026, 11, 23)}, "not after the day"),
        ({"expires": date(2027, 11, 23)}, "more than the 180"),
    ],
)
def test_an_incomplete_waiver_is_not_made(change: dict, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        build_waiver(**_parts(**change))
    assert caught.value.code == "LM-MTX-063"
    assert says in caught.value.reason
    assert caught.value.solution


@pytest.mark.parametrize("change", [{"waiver": "waiver 1"}, {"scope": WaiverScope(hazards=("HAZ 1",))}])
def test_identifiers_follow_the_grammar(change: dict) -> None:
    with pytest.raises(UsageError) as caught:
        build_waiver(**_parts(**change))
    assert caught.value.code == "LM-IDS-001"


def test_the_matrix_sets_the_longest_time() -> None:
    build_waiver(**_parts(expires=date(2027, 11, 1)), rules=WaiverRules(max_days=365))


def test_a_closure_needs_a_reason() -> None:
    with pytest.raises(UsageError):
        build_waiver_closure(waiver="WVR-0001", product="qpcr", reason=" ", signer=QUINN, closed_at=NOON)
    evidence = build_waiver_closure(waiver="WVR-0001", product="qpcr", reason="mended", signer=QUINN, closed_at=NOON)
    assert evidence.predicate["waiver"] == "qpcr:WVR-0001"
    assert evidence.kind == "waiver-closure"


# ---- judging


def test_a_waiver_that_holds() -> None:
    review = _find(_waiver())
    assert [(waiver.waiver, index) for waiver, index in review.active] == [("qpcr:WVR-0001", 10)]
    assert review.findings == ()


def test_other_evidence_is_passed_over() -> None:
    assert _find(_entry({"run": "qpcr:RUN-0001"}, kind="test-run")) == WaiverReview()


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (_waiver(product="pump", waiver="pump:WVR-0001", scope=WaiverScope(tests=("t",))), "LM-MTX-052"),
        (_waiver(version="1.3.0"), "LM-MTX-053"),
        (_waiver(signed_at=NOON + timedelta(hours=1)), "LM-MTX-054"),
        (_waiver(signed_at=NOON - timedelta(days=60), expires=date(2026, 11, 22)), "LM-MTX-055"),
        (_waiver(expires=date(2027, 11, 22)), "LM-MTX-058"),
        (_waiver(person="mallory"), "LM-MTX-051"),
        (_waiver(person="", key_kind="pipeline"), "LM-MTX-051"),
        (_waiver(key_kind="root"), "LM-MTX-051"),
        (_waiver(raw={"expires": "2026-13-01"}), "LM-MTX-050"),
        (_waiver(raw={"expires": ""}), "LM-MTX-050"),
        (_waiver(raw={"expires": None}), "LM-MTX-050"),
        (_waiver(raw={"signedAt": "yesterday"}), "LM-MTX-050"),
        (_waiver(raw={"waiver": "WAIVER ONE"}), "LM-MTX-050"),
        (_waiver(raw={"forever": True}), "LM-MTX-050"),
        (_entry({}), "LM-MTX-050"),
    ],
)
@pytest.mark.attack("A10")
@pytest.mark.attack("T04")
def test_a_waiver_that_does_not_hold_says_why(entry: Verified, code: str) -> None:
    review = _find(entry)
    assert review.active == ()
    assert _codes(review) == [code]


def test_it_holds_through_its_last_day() -> None:
    last = datetime(2026, 12, 23, 23, 59, 59, tzinfo=UTC)
    assert _find(_waiver(), at=last).active
    assert not _find(_waiver(), at=last + timedelta(seconds=1)).active


def test_the_signers_clock_may_run_a_little_ahead() -> None:
    assert _find(_waiver(signed_at=NOON + timedelta(minutes=4))).active


def test_for_one_version() -> None:
    assert _find(_waiver(version="1.4.0")).active


def test_closed() -> None:
    review = _find(_waiver(), _closure())
    assert review.active == ()
    assert _codes(review) == ["LM-MTX-056"]
    assert "log index 20" in review.findings[0].message


def test_a_closure_that_names_somebody_else_or_is_damaged_closes_all_the_same() -> None:
    assert not _find(_waiver(), _closure(reason=7, unknown=True)).active


@pytest.mark.parametrize(
    "closure", [_closure("WVR-0002"), _closure(index=5), _entry({}, index=20, kind="waiver-closure")], ids=["another", "before it", "no id"]
)
def test_closures_of_other_waivers_close_nothing(closure: Verified) -> None:
    assert _find(_waiver(), closure).active


@pytest.mark.attack("T04")
def test_the_first_waiver_of_an_id_is_the_waiver() -> None:
    review = _find(_waiver(index=12, expires=date(2027, 1, 23)), _waiver(index=10))
    assert [(waiver.expires, index) for waiver, index in review.active] == [("2026-12-23", 10)]
    assert _codes(review) == ["LM-MTX-057"]


def test_an_expired_waiver_is_not_prolonged_under_its_id() -> None:
    review = _find(_waiver(index=10, signed_at=NOON - timedelta(days=60), expires=date(2026, 11, 20)), _waiver(index=11))
    assert review.active == ()
    assert _codes(review) == ["LM-MTX-055", "LM-MTX-057"]


def test_an_extension_is_a_new_waiver() -> None:
    review = _find(_waiver(index=10, signed_at=NOON - timedelta(days=60), expires=date(2026, 11, 20)), _waiver(index=11, waiver="WVR-0002"))
    assert [waiver.waiver for waiver, _ in review.active] == ["qpcr:WVR-0002"]


@pytest.mark.parametrize(
    ("more", "holds"),
    [
        ({"rules": WaiverRules(roles=("quality-owner",))}, True),
        ({"rules": WaiverRules(roles=("regulatory", "clinical"))}, False),
        ({"roles": {"quinn": ["quality-owner"]}}, True),
        ({"roles": {"quinn": ["regulatory"]}}, False),
        ({"roles": {}}, False),
    ],
)
def test_roles(more: dict, holds: bool) -> None:
    review = _find(_waiver(), **more)
    assert bool(review.active) is holds
    assert _codes(review) == ([] if holds else ["LM-MTX-059"])


def test_the_same_waivers_in_any_order_give_the_same_review() -> None:
    entries = [_waiver(index=10), _waiver(index=11), _closure(index=20), _waiver(index=30, waiver="WVR-0003")]
    assert _find(*entries) == _find(*reversed(entries))


# ---- signed, with real keys


def _sealed(log: KeyLog, evidence: Evidence, by: str, index: int) -> Verified:
    registry = Registry((*KEY_KINDS, *KINDS))
    envelope = sign_payload(build_payload(evidence, registry), signer(by))
    return verify_envelope(envelope, kind=evidence.kind, index=index, trust=log.trust, registry=registry)


@pytest.fixture
def log() -> KeyLog:
    log = KeyLog()
    log.add("enrol", "quinn", "person")
    log.add("enrol", "dana", "person")
    log.add("enrol", "machine", "pipeline")
    return log


def test_a_person_signs_a_waiver_and_closes_it(log: KeyLog) -> None:
    waiver = _sealed(log, build_waiver(**_parts()), "quinn", 10)
    closure = _sealed(log, build_waiver_closure(waiver="WVR-0001", product="qpcr", reason="mended", signer=QUINN, closed_at=NOON), "quinn", 11)
    assert _find(waiver).active
    assert _codes(_find(waiver, closure)) == ["LM-MTX-056"]


def test_a_waiver_in_somebody_elses_name_does_not_hold(log: KeyLog) -> None:
    assert _codes(_find(_sealed(log, build_waiver(**_parts()), "dana", 10))) == ["LM-MTX-051"]


@pytest.mark.attack("A03")
@pytest.mark.parametrize("by", ["machine", "ada"])
def test_neither_the_pipeline_nor_the_administrators_root_key_signs_waivers(log: KeyLog, by: str) -> None:
    with pytest.raises(IntegrityError) as caught:
        _sealed(log, build_waiver(**_parts()), by, 10)
    assert caught.value.code == "LM-ATT-023"
