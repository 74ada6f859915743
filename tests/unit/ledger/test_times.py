"""Times in the ledger: times of receipt never decrease, a clock that went back is noted, acts of the future are refused."""

from datetime import timedelta

import pytest

from fakes.keyring import NOON, signer
from fakes.ledger import ORIGIN, REGISTRY, MemoryLedger, clock, founding, note, policy
from lotmark.attest.api import sign_payload
from lotmark.base.clock import SteppingClock, format_instant
from lotmark.base.errors import RefusedError
from lotmark.intake.api import format_json
from lotmark.ledger import api
from lotmark.ledger._open import folder_blobs
from lotmark.ledger.models import Submission

pytestmark = pytest.mark.verifies("REQ-071", "RC-004")

HOUR = timedelta(hours=1)


class SetClock:
    """A clock that somebody sets."""

    def __init__(self, instant):
        self.instant = instant

    def now(self):
        return self.instant


@pytest.fixture(params=["sqlite", "postgres"])
def place(request, tmp_path):
    return tmp_path / "ledger" if request.param == "sqlite" else request.getfixturevalue("postgres").database()


@pytest.fixture
def blobs(tmp_path):
    return folder_blobs(tmp_path)


def claim(at, *, of="https://lotmark.dev/attestation/note/v1", field="signedAt"):
    """A submission that claims an act at that instant."""
    payload = format_json({"_type": "https://in-toto.io/Statement/v1", "predicate": {"deep": [{field: at}]}, "predicateType": of, "subject": []})
    return Submission(sign_payload(payload, signer("pipeline")), "note", "run:qpcr:RUN-0001")


def received(ledger):
    return [entry.header.received_at for entry in ledger.entries()]


def test_what_recorded_nothing_leaves_no_time_behind(place, blobs):
    """Else the time of receipt would rest on what one process remembers and the log does not hold."""
    hands = SetClock(NOON)
    with api.create_ledger(place, ORIGIN, signer("log"), hands, blobs=blobs) as ledger:
        ledger.append([note("one")])
        hands.instant = NOON + 5 * HOUR
        ledger.append([])
        ledger.append([note("one")])
        hands.instant = NOON + HOUR
        ledger.append([note("two")])
        assert received(ledger) == [format_instant(NOON), format_instant(NOON + HOUR)]


@pytest.mark.attack("T01")
def test_t01_a_clock_that_was_set_back_does_not_turn_the_time_of_receipt_back(place, blobs):
    hands = SetClock(NOON)
    with api.create_ledger(place, ORIGIN, signer("log"), hands, blobs=blobs) as ledger:
        ledger.append(founding())
        hands.instant = NOON - 24 * HOUR
        ledger.append([note("yesterday")])
        ledger.append([note("still yesterday")])
        hands.instant = NOON + HOUR
        ledger.append([note("an hour later")])
        assert received(ledger) == [format_instant(NOON)] * 4 + [format_instant(NOON + HOUR)]
        (told,) = ledger.attachments(3)
        assert (told.kind, told.name) == ("clock-back", "sequencer")
        assert told.data == b"the clock stands at 2026-11-22T12:00:00.000Z, 86400 s before the last time of receipt, 2026-11-23T12:00:00.000Z"
        assert ledger.attachments(4) == ledger.attachments(5) == ()  # said once
        (finding,) = api.fsck(ledger, policy(), REGISTRY).findings
        assert (finding.code, finding.subject, finding.severity.value) == ("LM-LED-121", "checkpoint of size 3", "info")


def test_a_clock_that_was_set_back_between_two_openings_is_noticed(place, blobs):
    with api.create_ledger(place, ORIGIN, signer("log"), SetClock(NOON), blobs=blobs) as ledger:
        ledger.append(founding())
    with api.open_ledger(place, signer("log"), SetClock(NOON - HOUR), blobs=blobs) as ledger:
        ledger.append([note("earlier")])
        assert received(ledger) == [format_instant(NOON)] * 3
        assert [attachment.kind for attachment in ledger.attachments(3)] == ["clock-back"]


def test_a_clock_that_goes_back_twice_is_noted_twice(tmp_path):
    hands = SetClock(NOON)
    with api.create_ledger(tmp_path / "ledger", ORIGIN, signer("log"), hands) as ledger:
        ledger.append(founding())
        for number, instant in enumerate((NOON - HOUR, NOON + HOUR, NOON)):
            hands.instant = instant
            ledger.append([note(str(number))])
        assert [len(ledger.attachments(size)) for size in (2, 3, 4, 5)] == [0, 1, 0, 1]


def test_a_difference_of_less_than_a_second_is_no_news(tmp_path):
    hands = SetClock(NOON)
    with api.create_ledger(tmp_path / "ledger", ORIGIN, signer("log"), hands) as ledger:
        ledger.append(founding())
        hands.instant = NOON - timedelta(milliseconds=900)
        ledger.append([note("one")])
        assert received(ledger)[-1] == format_instant(NOON)
        assert ledger.attachments(3) == ()


def test_a_repeat_alone_notes_the_clock_beside_the_last_checkpoint(tmp_path):
    hands = SetClock(NOON)
    with api.create_ledger(tmp_path / "ledger", ORIGIN, signer("log"), hands) as ledger:
        first = ledger.append(founding())
        hands.instant = NOON - HOUR
        assert ledger.append(founding()) == first
        assert [attachment.kind for attachment in ledger.attachments(2)] == ["clock-back"]


@pytest.mark.attack("T02")
@pytest.mark.parametrize("ahead", [timedelta(minutes=6), HOUR, timedelta(days=3650)])
def test_t02_an_act_of_the_future_is_refused_and_nothing_is_recorded(place, blobs, ahead):
    with api.create_ledger(place, ORIGIN, signer("log"), SetClock(NOON), blobs=blobs) as ledger:
        with pytest.raises(RefusedError, match="FUTURE_TIME") as caught:
            ledger.append([note("one"), claim(format_instant(NOON + ahead))])
        assert (caught.value.code, caught.value.exit_code, ledger.size) == ("LM-LED-018", 1, 0)


@pytest.mark.parametrize(
    "submission",
    [
        claim(format_instant(NOON - 1000 * HOUR)),
        claim(format_instant(NOON)),
        claim(format_instant(NOON + timedelta(minutes=5))),
        claim("2026-11-23T12:05:00Z"),
        claim("2026-11-23T12:05:00.999Z"),
        claim("2099-01-01"),
        claim("2099-01-01T00:00:00.000Z", field="expires"),
        claim("2099-01-01T00:00:00.000Z", field="committedAt"),
        claim("2099-01-01T00:00:00.000Z", of="https://slsa.dev/provenance/v1"),
        claim('a text: "signedAt":"2099-01-01T00:00:00.000Z"'),
    ],
    ids=["past", "now", "tolerance", "seconds", "fraction", "a date", "an end", "git's word", "a foreign kind", "inside a text"],
)
def test_what_is_no_act_of_the_future_is_recorded(submission):
    with MemoryLedger(clock_=SetClock(NOON)) as ledger:
        assert ledger.append([submission])[0].index == 0


def test_the_tolerance_is_measured_from_the_time_of_receipt_not_from_a_clock_set_back(tmp_path):
    hands = SetClock(NOON)
    with api.create_ledger(tmp_path / "ledger", ORIGIN, signer("log"), hands) as ledger:
        ledger.append([note("one")])
        hands.instant = NOON - 24 * HOUR
        assert ledger.append([claim(format_instant(NOON))])[0].index == 1


def test_the_fake_keeps_times_as_the_real_one_does():
    hands = SteppingClock(NOON)
    with MemoryLedger(clock_=hands) as ledger:
        ledger.append([note("one")])
        hands.advance(-HOUR)
        ledger.append([note("two")])
        assert received(ledger) == [format_instant(NOON)] * 2
        with pytest.raises(RefusedError):
            ledger.append([claim(format_instant(NOON + HOUR))])


def test_clocks_of_tests_start_at_noon():
    assert clock().now() == NOON
    assert clock(hours=2).now() == NOON + 2 * HOUR
