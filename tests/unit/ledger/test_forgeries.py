"""Every way to change a small log, not only one of each kind: what a receipt, an export and fsck say to it."""

import base64
import itertools
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.keyring import signer
from fakes.ledger import ORIGIN, REGISTRY, MemoryLedger, clock, founding, note, policy
from lotmark.base.errors import IntegrityError
from lotmark.ledger import api
from lotmark.tlog import api as tlog
from lotmark.tlog.errors import ProofError

pytestmark = pytest.mark.verifies("REQ-005", "REQ-007", "RC-003", "RC-004", "HAZ-001")

KEYS = [policy().log_key]
SIZE = 7


@pytest.fixture(scope="module")
def ledger():
    with MemoryLedger() as made:
        made.append(founding())
        made.append([note("two"), note("three")])
        made.append([note("four"), note("five"), note("six")])
        yield made


@pytest.fixture(scope="module")
def checkpoint(ledger):
    return api.verify_log_checkpoint(ledger.checkpoint(), KEYS)


@pytest.fixture(scope="module")
def lines(ledger):
    return api.export_headers(ledger).splitlines(keepends=True)


def refusal(call, *args, **options) -> IntegrityError:
    with pytest.raises(IntegrityError) as caught:
        call(*args, **options)
    assert caught.value.solution
    assert int(caught.value.exit_code) == 6
    return caught.value


# ---- receipts


def test_every_receipt_verifies_and_tells_its_entry(ledger):
    for index in range(SIZE):
        entry, covered = api.verify_receipt(ledger.receipt(index), KEYS, origin=ORIGIN)
        assert (entry, covered.origin) == (ledger.entry(index), ORIGIN)
        assert covered.size == next(size for size in (2, 4, 7) if size > index)


def test_l19_no_receipt_serves_for_another_entry(ledger):
    for real, claimed in itertools.permutations(range(SIZE), 2):
        receipt = replace(ledger.receipt(real), index=claimed)
        assert refusal(api.verify_receipt, receipt, KEYS).code == "LM-LED-113", (real, claimed)


def test_l19_no_header_goes_with_the_proof_of_another(ledger):
    for real, other in itertools.permutations(range(SIZE), 2):
        receipt = replace(ledger.receipt(real), header_bytes=ledger.entry(other).header_bytes)
        assert refusal(api.verify_receipt, receipt, KEYS).code == "LM-LED-113", (real, other)


def test_l19_a_proof_belongs_to_its_size(ledger):
    """Good header, good proof, good checkpoint, but of two sizes of the log."""
    for index, old, new in itertools.product(range(4), (4,), (7,)):
        receipt = replace(ledger.receipt(index), proof=ledger.inclusion_proof(index, old), checkpoint=ledger.checkpoint(new))
        assert refusal(api.verify_receipt, receipt, KEYS).code == "LM-LED-113", index


def test_l19_each_hash_of_a_proof_counts(ledger):
    for index in range(SIZE):
        receipt = replace(ledger.receipt(index), proof=ledger.inclusion_proof(index), checkpoint=ledger.checkpoint())
        api.verify_receipt(receipt, KEYS)
        for position, value in enumerate(receipt.proof):
            for changed in (value[:-1] + bytes([value[-1] ^ 1]), value[:31], value + b"\0", b"", bytes(32)):
                proof = (*receipt.proof[:position], changed, *receipt.proof[position + 1 :])
                assert refusal(api.verify_receipt, replace(receipt, proof=proof), KEYS).code == "LM-LED-113", (index, position)


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_each_byte_of_a_stored_receipt_counts(ledger, data):
    stored = ledger.receipt(data.draw(st.integers(0, SIZE - 1))).to_json()
    position = data.draw(st.integers(0, len(stored) - 1))
    changed = stored[:position] + bytes([stored[position] ^ data.draw(st.sampled_from([1, 2, 4, 8, 16, 32, 64]))]) + stored[position + 1 :]
    error = refusal(lambda: api.verify_receipt(api.parse_receipt(changed), KEYS))
    assert error.code in {"LM-LED-105", "LM-LED-111", "LM-LED-113"}, position


def test_a_truncated_receipt_is_none(ledger):
    stored = ledger.receipt(4).to_json()
    for length in range(len(stored)):
        assert refusal(api.parse_receipt, stored[:length]).code == "LM-LED-113"
    for more in (b" ", b"\n", b"{}", b"\0"):
        assert refusal(api.parse_receipt, stored + more).code == "LM-LED-113"


RECEIPT_FORMS = {
    "index as text": lambda wire: {**wire, "index": "3"},
    "index as fraction": lambda wire: {**wire, "index": 3.5},
    "index as truth": lambda wire: {**wire, "index": True},
    "no index": lambda wire: {name: value for name, value in wire.items() if name != "index"},
    "no proof": lambda wire: {name: value for name, value in wire.items() if name != "proof"},
    "proof as text": lambda wire: {**wire, "proof": "".join(wire["proof"])},
    "proof of numbers": lambda wire: {**wire, "proof": [1, 2]},
    "proof in the other alphabet": lambda wire: {**wire, "proof": [base64.urlsafe_b64encode(b"\xff" * 32).decode()]},
    "proof without padding": lambda wire: {**wire, "proof": [value.rstrip("=") for value in wire["proof"]]},
    "proof with spaces": lambda wire: {**wire, "proof": [f" {value}" for value in wire["proof"]]},
    "header that is no ASCII": lambda wire: {**wire, "header": wire["header"] + "ü"},
    "header as object": lambda wire: {**wire, "header": json.loads(wire["header"])},
    "checkpoint is null": lambda wire: {**wire, "checkpoint": None},
    "one field more": lambda wire: {**wire, "size": 7},
}


@pytest.mark.parametrize("change", RECEIPT_FORMS.values(), ids=RECEIPT_FORMS)
def test_a_receipt_has_one_form(ledger, change):
    wire = json.loads(ledger.receipt(3).to_json())
    data = json.dumps(change(wire), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert refusal(api.parse_receipt, data).code == "LM-LED-113"


# ---- exports


def test_the_whole_export_verifies_and_gives_the_entries(ledger, checkpoint, lines):
    assert api.verify_headers(b"".join(lines), checkpoint) == tuple(ledger.entries())
    for size in (0, 2, 4, 7):
        older = api.verify_log_checkpoint(ledger.checkpoint(size), KEYS)
        assert len(api.verify_headers(api.export_headers(ledger, size), older)) == size


def test_l03_l04_each_line_that_is_left_out_is_missed(checkpoint, lines):
    for index in range(SIZE):
        short = b"".join(lines[:index] + lines[index + 1 :])
        assert refusal(api.verify_headers, short, checkpoint).code == "LM-LED-104"
        for filler in range(SIZE):
            padded = [*lines[:index], *lines[index + 1 :], lines[filler]]
            if padded != lines:
                assert refusal(api.verify_headers, b"".join(padded), checkpoint).code == "LM-LED-102", (index, filler)


def test_l05_each_pair_that_changes_places_is_noticed(checkpoint, lines):
    for first, second in itertools.combinations(range(SIZE), 2):
        swapped = list(lines)
        swapped[first], swapped[second] = swapped[second], swapped[first]
        assert refusal(api.verify_headers, b"".join(swapped), checkpoint).code == "LM-LED-102", (first, second)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda data: data[:-1], "LM-LED-104"),
        (lambda data: data + b"\n", "LM-LED-104"),
        (lambda data: b"\n" + data, "LM-LED-104"),
        (lambda data: data + data.splitlines(keepends=True)[-1], "LM-LED-104"),
        (lambda data: data.replace(b"\n", b"\r\n"), "LM-LED-102"),
        (lambda data: data.replace(b"\n", b" \n", 1), "LM-LED-102"),
        (lambda data: data.replace(b"\n", b"\0\n", 1), "LM-LED-102"),
        (lambda data: data.lower(), "LM-LED-102"),
        (lambda _: b"", "LM-LED-104"),
        (lambda _: b"\n" * SIZE, "LM-LED-102"),
    ],
    ids=["no last line end", "an empty line", "an empty line first", "the last twice", "CRLF", "a space", "a NUL", "lower case", "nothing", "empty lines"],
)
def test_l18_an_export_is_these_bytes_and_no_others(checkpoint, lines, change, code):
    assert refusal(api.verify_headers, change(b"".join(lines)), checkpoint).code == code


def test_l20_an_export_is_not_that_of_another_size(ledger, lines):
    for size in (0, 2, 4):
        older = api.verify_log_checkpoint(ledger.checkpoint(size), KEYS)
        assert refusal(api.verify_headers, b"".join(lines), older).code == "LM-LED-104"


# ---- checkpoints


def test_l20_each_line_of_a_checkpoint_counts(ledger):
    note_ = ledger.checkpoint()
    for position in range(len(note_)):
        changed = note_[:position] + bytes([note_[position] ^ 1]) + note_[position + 1 :]
        assert refusal(api.verify_log_checkpoint, changed, KEYS, origin=ORIGIN).code == "LM-LED-111", position


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n7\n", "\n07\n"),
        lambda text: text.replace("\n7\n", "\n+7\n"),
        lambda text: text.replace("\n7\n", "\n7 \n"),
        lambda text: text.replace("\n7\n", "\n7.0\n"),
        lambda text: text.replace("\n7\n", "\n-7\n"),
        lambda text: text.replace("\n7\n", "\n\n"),
        lambda text: text.replace("\n7\n", "\n7\n\n"),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.rstrip("\n"),
        lambda text: text + "\n",
        lambda text: text.split("\n\n")[0],
        lambda text: text.split("\n\n")[0] + "\n\n",
        lambda text: text.replace("\N{EM DASH} ", "- "),
        lambda text: "\ufeff" + text,
        lambda text: text.upper(),
    ],
)
def test_l20_a_checkpoint_in_another_form_is_refused(ledger, change):
    text = ledger.checkpoint().decode()
    assert change(text) != text
    assert refusal(api.verify_log_checkpoint, change(text).encode(), KEYS, origin=ORIGIN).code == "LM-LED-111"


# ---- fsck, over all places


@pytest.mark.parametrize("index", range(SIZE))
def test_l01_each_envelope_and_l03_each_row_is_named(vandal, index):
    kept = vandal.value("SELECT envelope FROM body WHERE idx = ?", index)
    vandal.run(("UPDATE body SET envelope = ? WHERE idx = ?", kept[:-1] + b"~", index))
    assert ("LM-LED-107", f"entry {index}") in vandal.found()
    vandal.run(("UPDATE body SET envelope = ? WHERE idx = ?", kept, index))
    assert vandal.found() == []
    vandal.run(("DELETE FROM body WHERE idx = ?", index))
    assert ("LM-LED-106", f"entry {index}") in vandal.found()


@pytest.mark.parametrize("size", [0, 2, 4])
def test_l06_each_truncation_is_a_size_mismatch(vandal, size):
    vandal.run(("DELETE FROM entry_blob WHERE idx >= ?", size), ("DELETE FROM body WHERE idx >= ?", size), ("DELETE FROM entry WHERE idx >= ?", size))
    assert "LM-LED-104" in {code for code, _ in vandal.found()}
    assert vandal.open_error() == "LM-LED-104"


@pytest.mark.parametrize("after", range(1, 4))
def test_l08_two_histories_of_one_log_key_never_pass_for_one(tmp_path, after):
    """Both are sound by themselves; whoever kept one's checkpoint sees the fork in the other, from the first size at which they part."""
    folders = []
    for name in ("first", "second"):
        with api.create_ledger(tmp_path / name, ORIGIN, signer("log"), clock()) as made:
            made.append(founding())
            for number in range(after):
                made.append([note(f"{name if number == after - 1 else 'same'} {number}")])
        folders.append(tmp_path / name)
    kept = []
    for folder in folders:
        with api.open_ledger(folder) as opened:
            kept.append([opened.checkpoint(size) for size in range(2, after + 3)])
    for folder, own, other in ((folders[0], kept[0], kept[1]), (folders[1], kept[1], kept[0])):
        assert api.fsck(folder, policy(), REGISTRY, seen=own).is_sound
        assert api.fsck(folder, policy(), REGISTRY, seen=other[:-1]).is_sound
        assert [finding.code for finding in api.fsck(folder, policy(), REGISTRY, seen=other).findings] == ["LM-LED-116"]


def test_consistency_holds_between_every_two_sizes(ledger):
    hashes = [entry.leaf_hash for entry in ledger.entries()]
    for old, new in itertools.combinations_with_replacement(range(1, SIZE + 1), 2):
        proof = ledger.consistency_proof(old, new)
        tlog.verify_consistency(old, new, proof, tlog.tree_root(hashes[:old]), tlog.tree_root(hashes[:new]))
        if old < new:
            with pytest.raises(ProofError, match="does not continue"):
                tlog.verify_consistency(old, new, proof, tlog.tree_root(hashes[1 : old + 1]), tlog.tree_root(hashes[:new]))
