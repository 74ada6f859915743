"""Checkpoints with a second, ML-DSA-44 signature: made where the key is, asked for where the caller names it."""

from dataclasses import replace

import pytest

from fakes.keyring import signer
from fakes.ledger import ORIGIN, REGISTRY, founding, note, policy
from fakes.note_signers import NoteKey
from lotmark.attest.models import Trust
from lotmark.base.errors import EnvironmentLacksError, IntegrityError
from lotmark.ledger import api
from lotmark.tlog import api as tlog
from lotmark.tlog.models import KeyType

pytestmark = pytest.mark.verifies("REQ-350", "REQ-004", "REQ-005", "RC-002", "HAZ-003")

SECOND = NoteKey(ORIGIN, KeyType.MLDSA44)
OTHER = NoteKey(ORIGIN, KeyType.MLDSA44, seed="another")


def trusting(key=SECOND, start=0):
    return replace(policy(), second_log_key=key.vkey, second_log_key_from=start)


@pytest.fixture
def ledger(tmp_path):
    """Three entries under the log key alone, then one under both; gives the folder and the two checkpoints."""
    with api.create_ledger(tmp_path / "ledger", ORIGIN, signer("log")) as made:
        made.append(founding())
        alone = made.checkpoint()
    with api.open_ledger(tmp_path / "ledger", signer("log"), beside=[SECOND]) as made:
        made.append([note("one")])
        return tmp_path / "ledger", alone, made.checkpoint()


def test_a_checkpoint_carries_both_and_each_holds_by_itself(ledger):
    _, alone, both = ledger
    assert [len(tlog.parse_note(found).signatures) for found in (alone, both)] == [1, 2]
    for vkey in (policy().log_key, SECOND.vkey):
        assert tlog.verify_checkpoint(both, [tlog.parse_vkey(vkey)], origin=ORIGIN).size == len(founding()) + 1
    assert len(both) < 8_000, "a note stays small enough for every reader"


def test_it_says_nothing_of_a_time(ledger):
    """C2SP tlog-cosignature: a log may sign with time 0, which claims no moment."""
    found = tlog.verify_note(ledger[2], [SECOND.key])
    assert [signature.time for signature in found.signatures] == [0]


@pytest.mark.parametrize(
    ("trust", "holds"),
    [
        pytest.param(policy(), True, id="who does not ask for it sees one line more"),
        pytest.param(trusting(), True, id="who asks for it finds it"),
        pytest.param(trusting(OTHER), False, id="another key is asked for"),
    ],
)
def test_it_is_verified_where_the_caller_names_it(ledger, trust, holds):
    verify = lambda: api.verify_by_log_keys(ledger[2], trust, Trust())
    if holds:
        checkpoint = verify()
        assert api.has_second_signature(trust, checkpoint) == bool(trust.second_log_key)
        return
    with pytest.raises(IntegrityError) as caught:
        verify()
    assert caught.value.code == "LM-LED-111"


def test_a_checkpoint_without_it_is_refused_from_the_size_on_that_the_caller_says(ledger):
    _, alone, _ = ledger
    size = len(founding())
    with pytest.raises(IntegrityError) as caught:
        api.verify_by_log_keys(alone, trusting(start=size), Trust())
    assert caught.value.code == "LM-LED-111"
    checkpoint = api.verify_by_log_keys(alone, trusting(start=size + 1), Trust())
    assert not api.has_second_signature(trusting(start=size + 1), checkpoint)


def test_the_second_signature_never_stands_for_the_first(ledger):
    """A note that only the second key signed is not the log's."""
    text = tlog.parse_note(ledger[2]).text
    lines = [line for line in tlog.parse_note(ledger[2]).signatures if line.key_hash == SECOND.key.key_hash]
    only = (text + "\n" + tlog.format_signatures(lines)).encode()
    with pytest.raises(IntegrityError):
        api.verify_by_log_keys(only, trusting(), Trust())


def test_a_wrong_second_signature_is_refused(ledger):
    """A signature by another key under the same name and hash; a stripped and glued note."""
    note_ = tlog.parse_note(ledger[2])
    first, second = note_.signatures
    changed = replace(second, signature=second.signature[:-1] + bytes([second.signature[-1] ^ 1]))
    data = tlog.format_note(replace(note_, signatures=(first, changed)))
    with pytest.raises(IntegrityError) as caught:
        api.verify_by_log_keys(data, trusting(), Trust())
    assert caught.value.code == "LM-LED-111"


def test_the_second_key_alone_opens_nothing(ledger):
    """The ledger is opened by its log key; a foreign one beside the right second key is refused."""
    folder, _, _ = ledger
    with pytest.raises(EnvironmentLacksError) as caught:
        api.open_ledger(folder, signer("foreign"), beside=[SECOND])
    assert caught.value.code == "LM-LED-011"


def test_without_the_key_the_next_checkpoint_has_one_line_again_and_fsck_tells_who_asks(ledger):
    folder, _, _ = ledger
    assert api.fsck(folder, trusting(start=len(founding()) + 1), REGISTRY).is_sound
    with api.open_ledger(folder, signer("log")) as made:
        made.append([note("two")])
    assert api.fsck(folder, policy(), REGISTRY).is_sound
    found = api.fsck(folder, trusting(start=len(founding()) + 1), REGISTRY).findings
    assert "LM-LED-111" in {finding.code for finding in found}


def test_receipts_and_tiles_carry_it(ledger, tmp_path):
    folder, _, _ = ledger
    target = api.ObjectFolder(tmp_path / "tiles")
    with api.open_ledger(folder) as made:
        receipt = made.receipt(len(founding()))
        api.verify_receipt(receipt, [SECOND.vkey], origin=ORIGIN)
        api.export_tiles(made, target, lambda found: api.verify_by_log_keys(found, trusting(), Trust()))
    assert api.check_tiles(target, lambda found: api.verify_by_log_keys(found, trusting(), Trust())).is_sound
    with pytest.raises(IntegrityError):
        api.check_tiles(target, lambda found: api.verify_by_log_keys(found, trusting(OTHER), Trust()))
