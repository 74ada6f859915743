"""Stamps of checkpoints: what is stamped, when one is kept, and how each is judged; with an authority that is a fake."""

import hashlib
from contextlib import nullcontext
from datetime import UTC, datetime

import pytest

from fakes.ledger import MemoryLedger, founding, note
from lotmark.base.errors import EnvironmentLacksError, IntegrityError, NothingToJudgeError
from lotmark.ledger.api import TIMESTAMP, stamp_checkpoint, stamped_bytes, verify_timestamps
from lotmark.ledger.models import Attachment, Timestamp

pytestmark = pytest.mark.verifies("REQ-053", "RC-003")


class Authority:
    """Stamps are the nonce, the second and the digest; each holds for its own bytes alone."""

    name = "tsa.example.org:8080"

    def __init__(self):
        self.nonce = 0x1F
        self.asked = []
        self.away = False

    def stamp(self, data):
        if self.away:
            raise EnvironmentLacksError("LM-ITG-022", "away")
        self.asked.append(data)
        self.nonce += 1
        return f"{self.nonce} {60 - self.nonce} {hashlib.sha256(data).hexdigest()}".encode(), self.nonce

    def verify(self, reply, data, *, nonce=None):
        try:
            number, second, digest = reply.decode().split()
        except ValueError as error:
            raise IntegrityError("LM-LED-133", "TIMESTAMP_INVALID: no stamp") from error
        if digest != hashlib.sha256(data).hexdigest() or int(number) != nonce:
            raise IntegrityError("LM-LED-133", "TIMESTAMP_INVALID: other bytes or request", solution="ask again")
        return Timestamp(datetime(2026, 11, 28, 0, 0, int(second), tzinfo=UTC), "CN=Fake", number)


@pytest.fixture
def ledger():
    with MemoryLedger() as made:
        made.append([*founding(), note("one")])
        made.append([note("two")])
        yield made


@pytest.fixture
def stamp(ledger):
    authority = Authority()

    def act(size=None):
        return stamp_checkpoint(ledger, authority, authority, open_attaching=lambda: nullcontext(ledger), size=size)

    act.authority = authority
    return act


def test_the_text_of_the_note_is_stamped_without_its_signatures(ledger, stamp):
    stamp()
    (text,) = stamp.authority.asked
    assert text == stamped_bytes(ledger.checkpoint())
    assert text.decode().splitlines()[:2] == [ledger.origin, "4"]
    assert ledger.checkpoint().startswith(text + b"\n")
    assert b"\xe2\x80\x94" not in text


def test_a_stamp_is_kept_with_its_checkpoint_and_named_by_authority_and_nonce(ledger, stamp):
    assert stamp(3).authority == "CN=Fake"
    assert [(kept.size, kept.kind, kept.name) for kept in ledger.attachments(3)] == [(3, TIMESTAMP, "tsa.example.org:8080/20")]
    assert ledger.attachments(4) == ()


def test_stamps_are_told_oldest_first_and_other_attachments_are_passed_over(ledger, stamp):
    first, second = stamp(), stamp()
    ledger.attach(4, "cosignature", "witness.example/w1", b"x")
    assert verify_timestamps(ledger.checkpoint(), ledger.attachments(4), stamp.authority) == tuple(sorted((first, second), key=lambda one: one.time))
    assert verify_timestamps(ledger.checkpoint(), (), stamp.authority) == ()


@pytest.mark.attack("T05")
def test_t05_a_stamp_of_another_checkpoint_does_not_hold_and_is_named(ledger, stamp):
    stamp(3)
    moved = [Attachment(4, kept.kind, kept.name, kept.data) for kept in ledger.attachments(3)]
    with pytest.raises(IntegrityError, match=r"the stamp tsa\.example\.org:8080/20") as caught:
        verify_timestamps(ledger.checkpoint(4), moved, stamp.authority)
    assert (caught.value.code, caught.value.where, caught.value.solution) == ("LM-LED-133", "checkpoint of size 4", "ask again")


@pytest.mark.attack("T05")
@pytest.mark.parametrize("name", ["tsa.example.org", "tsa.example.org/xyz", "tsa.example.org/", "/20", "tsa/00112233445566778"])
def test_t05_a_name_without_a_nonce_is_none(ledger, stamp, name):
    stamp()
    kept = ledger.attachments(4)[0]
    with pytest.raises(IntegrityError, match="nonce") as caught:
        verify_timestamps(ledger.checkpoint(), [Attachment(4, TIMESTAMP, name, kept.data)], stamp.authority)
    assert caught.value.code == "LM-LED-133"


def test_what_does_not_hold_is_not_kept(ledger, stamp, monkeypatch):
    monkeypatch.setattr(stamp.authority, "stamp", lambda _: (b"1 1 other", 1))
    with pytest.raises(IntegrityError):
        stamp()
    stamp.authority.away = True
    monkeypatch.undo()
    with pytest.raises(EnvironmentLacksError):
        stamp()
    assert ledger.attachments(4) == ()


def test_a_checkpoint_that_was_never_signed_is_not_stamped(stamp):
    with pytest.raises(NothingToJudgeError):
        stamp(2)
    assert stamp.authority.asked == []
