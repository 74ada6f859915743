"""When a record of the administration takes effect: who counts, at which entry, against which threshold."""

import pytest

from fakes.keyring import signer
from lotmark.attest.api import find_effect, group_signatures, sign_payload
from lotmark.attest.models import Grant, KeyRecord, Statement, Trust, Verified, count_signers
from lotmark.base.digest import Digest

pytestmark = pytest.mark.verifies("REQ-096")


def key(name, person="", kind="root", since=0, until=None):
    return KeyRecord(signer(name).key_id, "ed25519", signer(name).public_key, kind, person or name, name, since, until)


def threshold(needed, index, *, fallen=False):
    return Grant(Digest.of(f"{needed} {index}".encode()), index, (), 1, threshold=needed, fallen=fallen)


def signature(by, index, payload=b"{}", kind="policy-adoption"):
    return Verified(index, kind, Statement((), "", {}), by, sign_payload(payload, signer(by.name)))


ADA, BEA, CYD = key("ada"), key("bea"), key("cyd")
ADA_AGAIN = key("ada-2", "ada")
DANA = key("dana", kind="person")
GONE = key("gone", until=12)
LATE = key("late", since=12)


@pytest.mark.parametrize(
    ("signers", "needed", "effect"),
    [
        ((), 1, None),
        ((ADA,), 1, 10),
        ((ADA, BEA), 1, 10),
        ((ADA,), 2, None),
        ((ADA, BEA), 2, 11),
        ((ADA, BEA, CYD), 2, 11),
        ((ADA, BEA, CYD), 3, 12),
        ((ADA, ADA), 2, None),
        ((ADA, ADA_AGAIN), 2, None),
        ((ADA, ADA_AGAIN, BEA), 2, 12),
        ((DANA,), 1, None),
        ((ADA, DANA), 2, None),
        ((GONE, ADA), 2, 11),
        ((GONE, ADA, BEA), 3, None),
        ((ADA, LATE), 2, None),
        ((ADA, ADA, LATE), 2, 12),
    ],
    ids=[
        "nobody",
        "one of one",
        "more than needed",
        "one of two",
        "two of two",
        "the third is late",
        "three of three",
        "one person twice",
        "one person with two keys",
        "one person with two keys and another",
        "no root key",
        "a root key and another",
        "a key that counts still",
        "a key that counts no longer at the last signature",
        "a key that counts not yet",
        "a key that has just begun to count",
    ],
)
def test_the_entry_at_which_enough_have_signed(signers, needed, effect):
    trust = Trust((ADA, BEA, CYD, ADA_AGAIN, DANA, GONE, LATE), (threshold(needed, 0),))
    signatures = [signature(by, 10 + number) for number, by in enumerate(signers)]
    assert find_effect(signatures, trust) == effect
    assert find_effect(reversed(signatures), trust) == effect


@pytest.mark.parametrize(
    ("without", "needed", "effect"),
    [("", 1, 10), ("ada", 1, 11), ("bea", 1, 10), ("ada", 2, None), ("nobody", 2, 11)],
    ids=["nobody is favoured", "the first signer is", "the second signer is", "one of two is", "a person who did not sign"],
)
def test_who_is_favoured_does_not_count(without, needed, effect):
    trust = Trust((ADA, BEA), (threshold(needed, 0),))
    assert find_effect([signature(ADA, 10), signature(BEA, 11)], trust, without=without) == effect


@pytest.mark.parametrize(
    ("grants", "effect"),
    [
        ((), 10),
        ((threshold(2, 9),), 11),
        ((threshold(2, 10),), 10),
        ((threshold(2, 11),), 10),
        ((threshold(2, 5), threshold(1, 8)), 10),
        ((threshold(1, 5), threshold(2, 8)), 11),
        ((threshold(3, 5), threshold(2, 10)), 11),
        ((threshold(2, 5, fallen=True),), 10),
        ((threshold(2, 5), threshold(1, 8, fallen=True)), 11),
    ],
    ids=["none", "before", "at the entry itself", "after", "lowered", "raised", "lowered between the two", "fallen", "a lowering that fell"],
)
def test_the_threshold_in_force_at_the_entry_counts(grants, effect):
    assert find_effect([signature(ADA, 10), signature(BEA, 11)], Trust((ADA, BEA), grants)) == effect


def test_a_key_that_the_log_does_not_know_never_counts():
    assert find_effect([signature(key("eve"), 10)], Trust((ADA,))) is None


def test_what_the_log_says_of_a_key_counts_and_not_what_the_entry_says():
    forged = KeyRecord(DANA.key_id, DANA.algorithm, DANA.public_key, "root", "dana", "dana", 0, None)
    assert find_effect([signature(forged, 10)], Trust((DANA,))) is None


@pytest.mark.parametrize(
    ("keys", "counted"),
    [
        ((), 0),
        ((ADA,), 1),
        ((ADA, ADA), 1),
        ((ADA, ADA_AGAIN), 1),
        ((ADA, BEA), 2),
        ((ADA, KeyRecord("x", "ed25519", ADA.public_key, "root", "eve", "eve", 0, None)), 1),
    ],
    ids=["none", "one", "one twice", "one person, two keys", "two persons", "two persons, one key"],
)
def test_how_many_signatures_some_keys_are(keys, counted):
    assert count_signers(keys) == counted


def test_a_machines_key_is_nobodys_signature():
    assert count_signers([KeyRecord("x", "ed25519", b"1" * 32, "pipeline", "", "pipeline", 0, None)]) == 0


def test_signatures_are_grouped_by_what_they_sign_in_the_order_of_the_first():
    entries = [signature(BEA, 14, b"one"), signature(ADA, 12, b"two"), signature(ADA, 11, b"one"), signature(BEA, 10, b"other", "role-event")]
    groups = group_signatures(entries, "policy-adoption")
    assert [[entry.index for entry in group] for group in groups] == [[11, 14], [12]]
    assert [[entry.index for entry in group] for group in group_signatures(entries, "role-event")] == [[10]]
    assert group_signatures(entries, "key-event") == []
