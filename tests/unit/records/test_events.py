"""Retention events: one act, two persons, two keys; replayed into holds, expiries, erasures and dates."""

from datetime import date

import msgspec
import pytest

from fakes.keyring import NOON
from fakes.record_log import RUN, RecordLog, evidence_of, later
from lotmark.base.errors import RefusedError, UsageError
from lotmark.records._events import build_retention_event, order_digest, replay_events
from lotmark.records.predicates import ActBody

pytestmark = pytest.mark.verifies("REQ-090", "REQ-091", "REQ-092", "RC-090", "HAZ-090")

COMMITMENT = "commitment:" + "A" * 43
HOLD = ActBody(scope=f"run:{RUN}")
ERASE = ActBody(commitments=[COMMITMENT])
WITHDRAWN = ActBody(trigger="release-withdrawn", on="2026-01-01", version="1.0.0")


def expiry(*entries: int, on: str = "2026-01-01", **options) -> ActBody:
    return ActBody(scope=f"run:{RUN}", on=on, retention_class="unreleased", entries=list(entries), **options)


@pytest.fixture
def log():
    return RecordLog()


def test_an_event_is_about_its_act(log):
    body = evidence_of(log, log.act("hold", HOLD, "quinn", reason="  a recall is examined ")).statement
    assert body.subject[0].digest == {"sha256": order_digest("hold", "qpcr", HOLD)}
    assert body.predicate["approver"] == {"person": "quinn", "name": "Quinn Example"}
    assert (body.predicate["reason"], body.predicate["signedAt"]) == ("a recall is examined", "2026-11-23T12:00:00.000Z")


def test_the_same_act_has_one_name_and_another_has_another():
    digests = {
        order_digest("expiry", "qpcr", expiry(5)),
        order_digest("expiry", "qpcr", expiry(5, 6)),
        order_digest("expiry", "other", expiry(5)),
        order_digest("expiry", "qpcr", expiry(5, blobs=["ab" * 32])),
        order_digest("erasure", "qpcr", ERASE),
    }
    assert len(digests) == 5
    assert order_digest("expiry", "qpcr", expiry(5)) in digests


MALFORMED = [
    ("trigger without its day", "trigger", ActBody(trigger="last-device"), "quinn", "it lacks on"),
    ("trigger of nothing", "trigger", ActBody(on="2026-01-01"), "quinn", "it lacks trigger"),
    ("a day that is none", "trigger", ActBody(trigger="last-device", on="2026-02-30"), "quinn", "2026-02-30 is no day"),
    ("hold of nothing", "hold", ActBody(), "quinn", "it lacks scope"),
    ("hold with more than a hold", "hold", ActBody(scope="product:qpcr", entries=[1]), "quinn", "it has no entries"),
    ("release of no hold", "hold-release", ActBody(), "quinn", "it lacks of"),
    ("expiry of nothing", "expiry", ActBody(scope="run:x", on="2026-01-01", retention_class="unreleased"), "quinn", "it lacks entries"),
    ("expiry without a class", "expiry", ActBody(scope="run:x", on="2026-01-01", entries=[1]), "quinn", "it lacks retention_class"),
    ("entries out of order", "expiry", expiry(6, 5), "quinn", "not sorted"),
    ("an entry twice", "expiry", expiry(5, 5), "quinn", "not sorted"),
    ("blobs twice", "expiry", expiry(5, blobs=["ab" * 32, "ab" * 32]), "quinn", "not sorted"),
    ("names twice", "erasure", ActBody(commitments=[COMMITMENT, COMMITMENT]), "quinn", "not sorted"),
    ("erasure of nothing", "erasure", ActBody(), "quinn", "it lacks commitments"),
    ("a machine holds", "hold", HOLD, None, "signed by a person"),
    ("a person carries out", "carried-out", ActBody(of="ab" * 32), "quinn", "signed by the pipeline"),
]


@pytest.mark.parametrize(("event", "act", "by", "complaint"), [row[1:] for row in MALFORMED], ids=[row[0] for row in MALFORMED])
def test_an_act_that_says_too_little_or_too_much_is_not_signed(event, act, by, complaint):
    with pytest.raises(UsageError, match=complaint) as caught:
        build_retention_event(event, product="qpcr", act=act, person=by, name="Q", reason="because", at=NOON)
    assert caught.value.code == "LM-REC-003"


@pytest.mark.parametrize("reason", ["", "  ", "\t"])
def test_nothing_is_done_without_a_reason(reason):
    with pytest.raises(UsageError, match="no reason"):
        build_retention_event("hold", product="qpcr", act=HOLD, person="quinn", name="Q", reason=reason, at=NOON)


@pytest.mark.parametrize("event", ["trigger", "hold"])
def test_one_person_is_enough_for_what_keeps_longer(log, event):
    log.act(event, HOLD if event == "hold" else WITHDRAWN, "quinn")
    assert log.state.orders[0].is_effective


@pytest.mark.parametrize(
    ("event", "act"), [("erasure", ERASE), ("expiry", expiry(5)), ("hold-release", ActBody(of="ab" * 32))], ids=["erasure", "expiry", "release"]
)
class TestTwoPersons:
    def test_one_alone_does_nothing(self, log, event, act):
        log.note()
        log.act(event, act, "quinn")
        state = log.state
        assert (state.orders[0].is_effective, state.expired, state.erased) == (False, {}, {})

    def test_two_do(self, log, event, act):
        log.act(event, act, "quinn")
        log.act(event, act, "rene", reason="I looked at it")
        (order,) = log.state.orders
        assert order.is_effective
        assert [approval.person for approval in order.approvals] == ["quinn", "rene"]
        assert order.words == "because; approved by Quinn Example and Rene Example on 2026-11-23"

    def test_the_same_person_twice_is_one(self, log, event, act):
        log.act(event, act, "quinn")
        log.act(event, act, "quinn", reason="again")
        assert not log.state.orders[0].is_effective

    def test_one_person_with_two_keys_is_one(self, log, event, act):
        log.act(event, act, "rene")
        log.act(event, act, "rene", key="rene-2", reason="again")
        assert not log.state.orders[0].is_effective

    def test_one_key_under_two_names_is_one(self, log, event, act):
        log.act(event, act, "quinn")
        log.act(event, act, "rene", key="quinn", reason="as somebody else")
        assert not log.state.orders[0].is_effective

    def test_two_signatures_under_two_acts_are_none(self, log, event, act):
        log.act(event, act, "quinn")
        log.act(event, act, "rene", product="other")
        assert not any(order.is_effective for order in log.state.orders)

    def test_a_third_signature_changes_nothing(self, log, event, act):
        for name in ("quinn", "rene", "vera"):
            log.act(event, act, name)
        assert [approval.person for approval in log.state.orders[0].approvals] == ["quinn", "rene"]


def test_a_digest_that_is_not_of_the_act_counts_nothing(log):
    evidence = build_retention_event("erasure", product="qpcr", act=ERASE, person="quinn", name="Q", reason="because", at=NOON)
    evidence.predicate["act"]["commitments"] = ["commitment:" + "B" * 43]
    log.add(evidence, "quinn", scope="product:qpcr")
    assert log.state.orders == ()


def test_an_act_that_contradicts_itself_counts_nothing(log):
    evidence = build_retention_event("hold", product="qpcr", act=HOLD, person="quinn", name="Q", reason="because", at=NOON)
    twisted = ActBody(scope="product:qpcr", entries=[1])
    evidence.predicate["act"] = msgspec.to_builtins(twisted)
    evidence.predicate["order"] = order_digest("hold", "qpcr", twisted)
    log.add(evidence, "quinn", scope="product:qpcr")
    assert log.state.holds == ()


def test_a_pipeline_key_does_not_sign_as_a_person_nor_a_person_as_the_pipeline(log):
    log.act("hold", HOLD, "quinn", key="pipeline")
    log.act("carried-out", ActBody(of="ab" * 32), None, key="quinn")
    assert log.state.orders == ()
    log.act("carried-out", ActBody(of="cd" * 32), None)
    assert [order.event for order in log.state.orders] == ["carried-out"]


def test_a_hold_stands_until_two_have_released_it(log):
    log.act("hold", HOLD, "quinn", reason="a recall")
    (hold,) = log.state.holds
    release = ActBody(of=hold.order.digest)
    log.act("hold-release", release, "quinn")
    assert [each.stands for each in log.state.holds] == [True]
    assert log.state.holds_on(f"run:{RUN}")[0].scope == f"run:{RUN}"
    log.act("hold-release", release, "vera")
    assert [each.stands for each in log.state.holds] == [False]
    assert log.state.holds_on(f"run:{RUN}") == ()


def test_a_hold_is_over_its_scope_alone(log):
    log.act("hold", HOLD, "quinn")
    assert log.state.holds_on("run:qpcr:RUN-0002", "product:qpcr") == ()


def test_an_expiry_names_entries_before_it_and_none_that_come_after(log):
    note = log.note()
    own = log.ledger.size
    log.act("expiry", expiry(note, own, own + 1, own + 2), "quinn")
    log.act("expiry", expiry(note, own, own + 1, own + 2), "rene")
    log.note("later")
    assert set(log.state.expired) == {note}


def test_an_expiry_before_the_day_that_it_names_counts_nothing(log):
    note = log.note()
    act = expiry(note, on="2026-11-23")
    log.act("expiry", act, "quinn")
    log.act("expiry", act, "rene")
    assert log.state.expired == {}, "retention ends with that day, not on it"


def test_an_expiry_on_the_next_day_counts(log):
    note = log.note()
    act = expiry(note, on="2026-11-23")
    log.act("expiry", act, "quinn")
    log.act("expiry", act, "rene", at=later(1))
    assert set(log.state.expired) == {note}


def test_what_never_expires_does_not_whatever_two_persons_sign(log):
    note = log.note()
    act = expiry(0, 1, note)
    log.act("expiry", act, "quinn")
    log.act("expiry", act, "rene")
    assert set(log.state.expired) == {note}, "keys stay"


def test_a_kind_that_is_not_known_does_not_expire(log):
    strange = log.note(name="mystery")
    act = expiry(strange)
    log.act("expiry", act, "quinn")
    log.act("expiry", act, "rene")
    assert log.state.expired == {}


def test_an_erasure_names_its_commitments(log):
    log.act("erasure", ERASE, "quinn")
    log.act("erasure", ERASE, "rene")
    assert list(log.state.erased) == [COMMITMENT]


class TestTriggers:
    def test_of_one_version(self, log):
        log.act("trigger", ActBody(trigger="last-device", on="2026-05-01", version="1.0.0"), "quinn")
        assert log.state.triggers("qpcr", "1.0.0") == {"last-device": date(2026, 5, 1)}
        assert log.state.triggers("qpcr", "1.0.1") == {}
        assert log.state.triggers("other", "1.0.0") == {}

    def test_of_the_whole_product(self, log):
        log.act("trigger", ActBody(trigger="end-of-life", on="2026-05-01"), "quinn")
        assert log.state.triggers("qpcr", "7.7") == {"end-of-life": date(2026, 5, 1)}

    def test_a_withdrawal_is_both(self, log):
        log.act("trigger", WITHDRAWN, "quinn")
        assert log.state.triggers("qpcr", "1.0.0") == {"end-of-life": date(2026, 1, 1), "last-device": date(2026, 1, 1)}

    @pytest.mark.parametrize("days", [("2026-05-01", "2026-08-01"), ("2026-08-01", "2026-05-01")], ids=["later told later", "later told first"])
    def test_the_later_day_counts_as_it_keeps_longer(self, log, days):
        for day in days:
            log.act("trigger", ActBody(trigger="last-device", on=day), "quinn")
        assert log.state.triggers("qpcr", "1") == {"last-device": date(2026, 8, 1)}


def test_no_events_say_nothing():
    state = replay_events(())
    assert (state.orders, state.expired, state.erased, state.holds, state.triggers("qpcr", "1")) == ((), {}, {}, (), {})


def test_an_act_dated_ahead_is_not_taken(log):
    """Else two persons could end a retention that has years to go."""
    evidence = build_retention_event("erasure", product="qpcr", act=ERASE, person="quinn", name="Q", reason="because", at=later(1))
    with pytest.raises(RefusedError) as caught:
        log.add(evidence, "quinn", scope="product:qpcr")
    assert caught.value.code == "LM-LED-018"
