"""Expiry: what may go, what keeps it, and that nothing else goes."""

from datetime import date

import pytest

from fakes.record_log import REGISTRY, RUN, RecordLog, later
from lotmark.base.errors import IntegrityError, NothingToJudgeError, RefusedError
from lotmark.records._expiry import RunRecords, carry_out_expiry, check_holds, plan_expiry, require_effective, run_retention
from lotmark.records.models import RecordState, RunDates
from lotmark.records.predicates import ActBody

pytestmark = pytest.mark.verifies("REQ-090", "REQ-091", "RC-090", "HAZ-090")

CLOSED = RunRecords(RUN, "qpcr", "1.0.0", RunDates(None, date(2026, 11, 23)))
RELEASED = RunRecords(RUN, "qpcr", "1.0.0", RunDates(date(2026, 11, 23), date(2026, 11, 23)))
AFTER = date(2028, 11, 24)
LATER = later(1000)


@pytest.fixture
def log():
    return RecordLog()


def plan(log, records=CLOSED, today=AFTER, markets=("us",)):
    return plan_expiry(log.ledger, REGISTRY, log.state, records, markets, today)


def expire(log, act, at=LATER):
    log.act("expiry", act, "quinn", at=at)
    log.act("expiry", act, "rene", at=at)
    (order,) = (each for each in log.state.orders if each.event == "expiry")
    return carry_out_expiry(log.ledger, order)


def test_the_plan_names_day_class_entries_and_blobs(log):
    blob = log.ledger.blobs.put(b"results")
    first, second = log.note("one", blobs=(blob,)), log.note("two")
    assert plan(log) == ActBody(scope=f"run:{RUN}", version="1.0.0", on="2028-11-23", retention_class="unreleased", entries=[first, second], blobs=[blob.hex])


@pytest.mark.parametrize("today", [date(2026, 11, 24), date(2028, 11, 22), date(2028, 11, 23)], ids=["the next day", "the day before", "the last day"])
def test_before_the_end_it_is_refused(log, today):
    log.note()
    with pytest.raises(RefusedError, match=r"RETENTION: the records of qpcr:RUN-0001 \(1.0.0\) are kept until 2028-11-23 \(unreleased\)") as caught:
        plan(log, today=today)
    assert (caught.value.code, caught.value.solution) == ("LM-REC-001", "wait")


def test_while_the_event_is_not_known_it_is_refused_and_the_cure_is_named(log):
    log.note()
    with pytest.raises(RefusedError, match="open: end-of-life is not known") as caught:
        plan(log, RELEASED, date(2099, 1, 1))
    assert caught.value.solution == "`lotmark records trigger end-of-life` records that it has happened"


def test_a_run_that_is_open_is_refused(log):
    log.note()
    with pytest.raises(RefusedError, match="run-closed is not known"):
        plan(log, RunRecords(RUN, "qpcr", "1.0.0", RunDates(None, None)), date(2099, 1, 1))


def test_the_strictest_market_counts_where_none_is_declared(log):
    triggers = {"end-of-life": date(2027, 1, 1), "last-device": date(2027, 1, 1)}
    records = RunRecords(RUN, "qpcr", "1.0.0", RunDates(date(2026, 11, 23), date(2026, 11, 23), triggers))
    assert run_retention(records, []).on == date(2042, 1, 1)
    assert run_retention(records, ["us"]).on == date(2028, 11, 23)


@pytest.mark.parametrize("scope", [f"run:{RUN}", "release:qpcr@1.0.0", "product:qpcr"])
def test_a_hold_over_run_version_or_product_keeps_it(log, scope):
    log.note()
    log.act("hold", ActBody(scope=scope), "quinn", reason="a recall is examined")
    with pytest.raises(
        RefusedError, match=r"HOLD: the records of qpcr:RUN-0001 are under legal hold .*: a recall is examined; approved by Quinn Example"
    ) as caught:
        plan(log)
    assert (caught.value.code, caught.value.where) == ("LM-REC-002", scope)


@pytest.mark.parametrize("scope", ["run:qpcr:RUN-0002", "release:qpcr@1.0.1", "product:other"])
def test_a_hold_over_something_else_does_not(log, scope):
    log.note()
    log.act("hold", ActBody(scope=scope), "quinn")
    assert plan(log).entries


def test_nothing_of_another_run_or_of_the_product_goes(log):
    own = log.note("own")
    log.note("other", scope="run:qpcr:RUN-0002")
    log.note("product", scope="product:qpcr")
    assert plan(log).entries == [own]


def test_what_never_expires_or_is_not_known_stays(log):
    own = log.note("own")
    log.note("strange", name="mystery")
    log.act("hold", ActBody(scope="product:other"), "quinn")
    assert plan(log).entries == [own]


def test_there_must_be_something_to_expire(log):
    with pytest.raises(NothingToJudgeError) as caught:
        plan(log)
    assert caught.value.code == "LM-REC-005"


def test_a_blob_that_something_else_needs_stays(log):
    shared, own = log.ledger.blobs.put(b"shared"), log.ledger.blobs.put(b"own")
    log.note("one", blobs=(shared, own))
    log.note("another run", scope="run:qpcr:RUN-0002", blobs=(shared,))
    assert plan(log).blobs == [own.hex]


def test_a_blob_shared_by_two_that_expire_goes_with_the_second(log):
    shared = log.ledger.blobs.put(b"shared")
    log.note("one", blobs=(shared,))
    log.note("two", scope="run:qpcr:RUN-0002", blobs=(shared,))
    first = plan(log)
    assert first.blobs == []
    expire(log, first)
    other = plan(log, RunRecords("qpcr:RUN-0002", "qpcr", "1.0.0", CLOSED.dates), date(2029, 12, 1))
    assert other.blobs == [shared.hex]


class TestCarryingOut:
    def test_bodies_and_blobs_go_and_everything_else_stays(self, log):
        blob = log.ledger.blobs.put(b"results")
        gone, other = log.note("one", blobs=(blob,)), log.note("other", scope="run:qpcr:RUN-0002")
        before = [entry.header_bytes for entry in log.ledger.entries()]
        removed = expire(log, plan(log))
        assert (removed.bodies, removed.blobs, removed.values) == (1, 1, 0)
        assert not log.ledger.blobs.has(blob)
        assert [entry.header_bytes for entry in log.ledger.entries()][: len(before)] == before
        assert log.ledger.inclusion_proof(gone)
        assert log.ledger.entry_blobs(gone) == (blob,)
        assert log.reader.verify(log.ledger.entry(other)).kind == "note"

    def test_again_is_no_error(self, log):
        log.note()
        act = plan(log)
        expire(log, act)
        assert expire(log, act).bodies == 0

    def test_nothing_goes_under_one_signature(self, log):
        log.note()
        log.act("expiry", plan(log), "quinn")
        (order,) = log.state.orders
        with pytest.raises(RefusedError, match="was signed by Quinn Example alone") as caught:
            carry_out_expiry(log.ledger, order)
        assert caught.value.code == "LM-REC-004"
        assert log.reader.verify(log.ledger.entry(order.approvals[0].index - 1))

    def test_what_has_expired_expires_once(self, log):
        log.note()
        expire(log, plan(log))
        with pytest.raises(NothingToJudgeError):
            plan(log)

    def test_reading_says_expired_with_who_when_and_why(self, log):
        index = log.note()
        expire(log, plan(log))
        with pytest.raises(
            NothingToJudgeError, match=r"EXPIRED: the body of entry \d+ \(note\) was removed: because; approved by Quinn Example and Rene Example on 2029"
        ) as caught:
            log.reader.verify(log.ledger.entry(index))
        assert caught.value.code == "LM-REC-007"
        assert log.reader.find(log.ledger.entry(index)) is None
        assert log.reader.expired(index).event == "expiry"

    def test_a_body_that_is_gone_without_an_order_is_missing(self, log):
        index = log.note()
        log.ledger.remove_bodies([index])
        with pytest.raises(IntegrityError) as caught:
            log.reader.find(log.ledger.entry(index))
        assert caught.value.code == "LM-LED-106"

    def test_an_order_excuses_no_entry_that_never_expires(self, log):
        index = log.act("hold", ActBody(scope="product:other"), "quinn")
        log.ledger.remove_bodies([index])
        with pytest.raises(IntegrityError) as caught:
            log.reader.verify(log.ledger.entry(index))
        assert caught.value.code == "LM-LED-106"

    def test_an_entry_under_an_order_whose_body_is_still_there_is_read(self, log):
        index = log.note()
        act = plan(log)
        log.act("expiry", act, "quinn", at=later(1000))
        log.act("expiry", act, "rene", at=later(1000))
        assert log.reader.find(log.ledger.entry(index)).kind == "note"


def test_no_hold_is_no_obstacle():
    check_holds(RecordState(), ["product:qpcr"], "the records")


def test_an_effective_order_is_enough(log):
    log.act("hold", ActBody(scope="product:qpcr"), "quinn")
    require_effective(log.state.orders[0])
