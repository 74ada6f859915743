"""The audit spool: durable, linked, bounded, and nothing of it lost."""

import json
import os
import subprocess
import sys
import threading

import pytest

from lotmark.records._audit import MAX_LINES, SPOOL, TAKING, AuditSpool, SpooledEvent, audit_evidence, compact

pytestmark = pytest.mark.verifies("REQ-093", "RC-092", "HAZ-090")


NOW = "2026-11-24T00:00:00.000Z"


def event(number: int = 0, **told) -> SpooledEvent:
    at = f"2026-11-23T12:{number // 60 % 60:02}:{number % 60:02}.000Z"
    values = {
        "tag": "records:expire:refused",
        "outcome": "refused",
        "actor": "commitment:" + "A" * 43,
        "person": "quinn",
        "subject": "RUN-0001",
        "code": "LM-REC-001",
        "detail": "RETENTION",
        "count": 1,
        "first": at,
        "last": at,
    }
    return SpooledEvent(**values | told)


@pytest.fixture
def spool(tmp_path):
    return AuditSpool(tmp_path)


def test_an_empty_spool_gives_nothing(spool, tmp_path):
    assert spool.is_empty
    assert spool.take() is None
    assert not (tmp_path / SPOOL).exists()


def test_events_come_out_in_the_order_in_which_they_went_in(spool):
    events = [event(number, subject=f"RUN-{number:04}") for number in range(5)]
    for each in events:
        spool.append(each)
    assert not spool.is_empty
    assert spool.take().events == tuple(events)


def test_what_was_taken_comes_again_until_it_is_let_go(spool, tmp_path):
    spool.append(event(1))
    first = spool.take()
    spool.append(event(2, subject="later"))
    assert spool.take() == first, "what is being taken does not change any more"
    assert AuditSpool(tmp_path).take() == first, "nor for the next process"
    spool.taken(first)
    assert spool.take().events == (event(2, subject="later"),)


def test_after_everything_was_taken_it_is_empty(spool, tmp_path):
    spool.append(event())
    spool.taken(spool.take())
    assert spool.is_empty
    assert spool.take() is None
    assert {path.name for path in tmp_path.iterdir()} == {"audit-spool.lock"}


def test_a_spool_of_another_process_is_taken_by_this_one(tmp_path):
    script = (
        "import os, sys, json; from pathlib import Path; from lotmark.records._audit import AuditSpool, SpooledEvent\n"
        "AuditSpool(Path(sys.argv[1])).append(SpooledEvent(**json.loads(sys.argv[2]))); os.kill(os.getpid(), 9)"
    )
    told = {name: getattr(event(), name) for name in SpooledEvent.__struct_fields__}
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path), json.dumps(told)], check=False)
    assert done.returncode == -9, "killed at once after the event was told"
    assert AuditSpool(tmp_path).take().events == (event(),)


def lines(tmp_path, name=SPOOL):
    return (tmp_path / name).read_bytes().splitlines(keepends=True)


def test_a_write_that_was_cut_off_is_no_break_and_its_rest_does_not_spoil_the_next(spool, tmp_path):
    spool.append(event(1))
    spool.append(event(2))
    whole = (tmp_path / SPOOL).read_bytes()
    for cut in range(1, len(lines(tmp_path)[1])):
        (tmp_path / SPOOL).write_bytes(whole[:-cut])
        spool.append(event(3))
        held = [json.loads(line)["first"] for line in lines(tmp_path)]
        assert held == [event(1).first, event(3).first]
    taken = spool.take()
    assert (taken.broken, taken.events) == (False, (event(1), event(3)))


CHANGES = {
    "a text changed": lambda all_: [all_[0], all_[1].replace(b"RUN-0001", b"RUN-0009"), *all_[2:]],
    "no JSON": lambda all_: [all_[0], b"{\n", *all_[2:]],
    "no event": lambda all_: [all_[0], b'{"link": "' + b"ab" * 32 + b'"}\n', *all_[2:]],
    "a number": lambda all_: [all_[0], b"7\n", *all_[2:]],
    "a link that is none": lambda all_: [all_[0], json.dumps(json.loads(all_[1]) | {"link": "zz"}).encode() + b"\n", *all_[2:]],
    "bytes that are no text": lambda all_: [all_[0], b"\xff\xfe\n", *all_[2:]],
    "a field more": lambda all_: [all_[0], json.dumps(json.loads(all_[1]) | {"more": 1}).encode() + b"\n", *all_[2:]],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_line_is_left_out_and_told(spool, tmp_path, change):
    for number in range(4):
        spool.append(event(number))
    (tmp_path / SPOOL).write_bytes(b"".join(change(lines(tmp_path))))
    taken = spool.take()
    assert taken.broken
    assert event(0) in taken.events
    assert event(1) not in taken.events or taken.events.count(event(1)) == 0
    spool.taken(taken)
    (kept,) = tmp_path.glob("audit-spool.broken-*")
    assert len(lines(tmp_path, kept.name)) == 4, "the evidence is put aside, not deleted"
    assert spool.is_empty


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_a_removed_line_is_told(spool, tmp_path, gone):
    for number in range(4):
        spool.append(event(number))
    kept = lines(tmp_path)
    del kept[gone]
    (tmp_path / SPOOL).write_bytes(b"".join(kept))
    assert spool.take().broken


def test_two_lines_exchanged_are_told(spool, tmp_path):
    for number in range(3):
        spool.append(event(number))
    one, two, three = lines(tmp_path)
    (tmp_path / SPOOL).write_bytes(two + one + three)
    assert spool.take().broken


def test_an_event_after_a_break_is_not_lost(spool, tmp_path):
    spool.append(event(1))
    (tmp_path / SPOOL).write_bytes(lines(tmp_path)[0].replace(b"quinn", b"rene!"))
    spool.append(event(2))
    taken = spool.take()
    assert (taken.broken, taken.events) == (True, (event(2),))


class TestFlood:
    def test_equal_events_are_counted_in_one(self):
        (one,) = compact([event(number) for number in range(30)])
        assert (one.count, one.first, one.last) == (30, event(0).first, event(29).last)

    def test_different_events_stay_apart(self):
        told = [event(0), event(1, person="rene"), event(2, code="LM-REC-002"), event(3, subject="RUN-0002"), event(4, tag="gate:run:refused")]
        assert compact([*told, *told]) == tuple(_twice(each) for each in told)

    def test_too_many_differing_in_subject_are_told_as_various(self):
        told = compact([event(number, subject=f"RUN-{number}") for number in range(100)], most=10)
        assert [(each.subject, each.person, each.count) for each in told] == [("various", "quinn", 100)]

    def test_too_many_persons_too(self):
        told = compact([event(number, person=f"p{number}", subject=str(number)) for number in range(100)], most=10)
        assert [(each.person, each.subject, each.count, each.tag) for each in told] == [("various", "various", 100, "records:expire:refused")]

    def test_the_file_stays_bounded_and_no_event_uncounted(self, spool, tmp_path):
        number = MAX_LINES + 200
        for each in range(number):
            spool.append(event(each, subject=str(each)))
        assert len(lines(tmp_path)) <= MAX_LINES
        taken = spool.take()
        assert not taken.broken
        assert sum(each.count for each in taken.events) == number

    def test_texts_are_bounded(self, spool):
        spool.append(event(subject="s" * 10_000, detail="d" * 10_000))
        (kept,) = spool.take().events
        assert (len(kept.subject), len(kept.detail)) == (500, 500)


def _twice(one: SpooledEvent) -> SpooledEvent:
    return SpooledEvent(**{name: getattr(one, name) for name in SpooledEvent.__struct_fields__} | {"count": 2})


def test_threads_do_not_mix_their_lines(spool):
    def tell(name):
        for number in range(20):
            spool.append(event(number, person=name))

    threads = [threading.Thread(target=tell, args=(name,)) for name in ("ada", "dana", "omar")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = spool.take()
    assert (taken.broken, len(taken.events)) == (False, 60)


def test_the_evidence_of_what_was_taken_is_the_same_each_time(spool):
    for number in range(3):
        spool.append(event(number))
    taken = spool.take()
    (evidence,) = audit_evidence(taken, "qpcr", NOW)
    assert audit_evidence(spool.take(), "qpcr", NOW) == [evidence]
    assert (evidence.predicate["product"], evidence.predicate["count"], evidence.predicate["link"]) == ("qpcr", 3, taken.link)
    assert (evidence.predicate["firstAt"], evidence.predicate["lastAt"]) == (event(0).first, event(2).last)


def test_an_unfinished_taking_is_not_empty(spool, tmp_path):
    spool.append(event())
    spool.take()
    assert (tmp_path / TAKING).exists()
    assert not spool.is_empty


def test_every_event_is_synced_before_it_is_acknowledged(spool, monkeypatch):
    synced = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (synced.append(descriptor), real(descriptor))[1])
    spool.append(event(1))
    assert len(synced) == 2, "the line, and the name of a new file"
    spool.append(event(2))
    assert len(synced) == 3


def test_an_event_of_a_clock_that_ran_ahead_is_told_with_the_time_of_the_log(spool):
    spool.append(event(5))
    (evidence,) = audit_evidence(spool.take(), "qpcr", event(2).first)
    assert (evidence.predicate["firstAt"], evidence.predicate["lastAt"]) == (event(2).first, event(2).first)
