import base64
import json
from dataclasses import replace

import pytest

from fakes.keyring import signer
from fakes.ledger import ORIGIN, MemoryLedger, clock, founding, note, policy
from lotmark.base.digest import Digest
from lotmark.base.errors import IntegrityError, NothingToJudgeError
from lotmark.ledger import api
from lotmark.ledger._records import blobs_root, check_envelope
from lotmark.ledger._sequencer import LogSigner
from lotmark.tlog import api as tlog
from lotmark.tlog.models import Checkpoint

pytestmark = pytest.mark.verifies("REQ-005", "REQ-006", "RC-004", "HAZ-005")


KEYS = [policy().log_key]


@pytest.fixture
def ledger():
    with MemoryLedger() as made:
        made.append([*founding(), note("two"), note("three"), note("four")])
        yield made


@pytest.fixture
def receipt(ledger):
    return ledger.receipt(3)


def test_a_receipt_goes_through_its_json(receipt):
    assert api.parse_receipt(receipt.to_json()) == receipt
    assert list(json.loads(receipt.to_json())) == ["checkpoint", "header", "index", "proof"]


def test_a_receipt_of_another_log_or_key_is_refused(receipt):
    for keys, origin in (([policy(signer("stranger")).log_key], None), (KEYS, "example.org/other"), ([], None), (["nonsense"], None)):
        with pytest.raises(IntegrityError) as caught:
            api.verify_receipt(receipt, keys, origin=origin)
        assert caught.value.code == "LM-LED-111"


CHANGES = {
    "another index": lambda receipt: replace(receipt, index=2),
    "an index beyond the tree": lambda receipt: replace(receipt, index=5),
    "a negative index": lambda receipt: replace(receipt, index=-1),
    "another header": lambda receipt: replace(receipt, header_bytes=receipt.header_bytes.replace(b"note", b"nota")),
    "a shorter proof": lambda receipt: replace(receipt, proof=receipt.proof[:-1]),
    "a longer proof": lambda receipt: replace(receipt, proof=(*receipt.proof, bytes(32))),
    "a hash of 31 bytes": lambda receipt: replace(receipt, proof=(receipt.proof[0][:31], *receipt.proof[1:])),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_l19_a_receipt_with_something_changed_never_verifies(receipt, change):
    with pytest.raises(IntegrityError) as caught:
        api.verify_receipt(change(receipt), KEYS)
    assert caught.value.code == "LM-LED-113"


def test_l20_a_malformed_checkpoint_in_a_receipt_is_refused_by_name(receipt):
    signed = tlog.sign_note(f"{ORIGIN}\n05\n{base64.b64encode(bytes(32)).decode()}\n", LogSigner(ORIGIN, signer("log")))
    with pytest.raises(IntegrityError, match="CHECKPOINT_MALFORMED") as caught:
        api.verify_receipt(replace(receipt, checkpoint=signed), KEYS)
    assert caught.value.code == "LM-LED-111"


def test_a_log_that_signed_something_that_is_no_header_is_caught():
    leaf = tlog.leaf_hash(b"{}")
    checkpoint = tlog.sign_checkpoint(Checkpoint(ORIGIN, 1, leaf), LogSigner(ORIGIN, signer("log")))
    wire = {"checkpoint": checkpoint.decode(), "header": "{}", "index": 0, "proof": []}
    with pytest.raises(IntegrityError) as caught:
        api.verify_receipt(api.parse_receipt(json.dumps(wire, separators=(",", ":")).encode()), KEYS)
    assert caught.value.code == "LM-LED-105"


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"nonsense",
        lambda data: b"{}",
        lambda data: data + b" ",
        lambda data: data[:-1] + b',"extra":1}',
        lambda data: data.replace(b'"index":3', b'"index":"3"'),
        lambda data: data.replace(b'"proof":["', b'"proof":["!'),
        lambda data: data.replace(b'{"checkpoint"', b'{"index":3,"checkpoint"'),
        lambda data: data.replace(b"note", "n\N{LATIN SMALL LETTER O WITH DIAERESIS}te".encode()),
    ],
    ids=["no JSON", "nothing inside", "trailing space", "unknown key", "index as text", "proof not base64", "duplicate key", "header not ASCII"],
)
def test_what_is_not_the_one_form_of_a_receipt_is_refused(receipt, change):
    with pytest.raises(IntegrityError) as caught:
        api.parse_receipt(change(receipt.to_json()))
    assert caught.value.code == "LM-LED-113"


def checkpoint_of(ledger):
    return api.verify_log_checkpoint(ledger.checkpoint(), KEYS)


def test_l18_headers_that_somebody_changed_on_the_way_do_not_verify(ledger):
    data = api.export_headers(ledger)
    changes = {
        "LM-LED-102": [data.replace(b"RUN-0001", b"RUN-0002", 1), b"\n".join([*data.split(b"\n")[1::-1], *data.split(b"\n")[2:]])],
        "LM-LED-104": [data[:-1], data + b"\n", b"", data + data.split(b"\n")[0] + b"\n", data.split(b"\n", 1)[1]],
    }
    for code, altered in changes.items():
        for case in altered:
            with pytest.raises(IntegrityError) as caught:
                api.verify_headers(case, checkpoint_of(ledger))
            assert caught.value.code == code


def test_no_headers_are_those_of_the_empty_log():
    with MemoryLedger() as empty:
        assert api.verify_headers(api.export_headers(empty), checkpoint_of(empty)) == ()


def test_a_signed_line_that_is_no_header_is_named():
    checkpoint = Checkpoint(ORIGIN, 1, tlog.tree_root([tlog.leaf_hash(b"{}")]))
    with pytest.raises(IntegrityError) as caught:
        api.verify_headers(b"{}\n", checkpoint)
    assert caught.value.code == "LM-LED-105"


def test_the_root_over_blobs_ignores_order_and_repeats():
    one, two = Digest.of(b"one"), Digest.of(b"two")
    assert blobs_root([one, two, one]) == blobs_root([two, one]) != blobs_root([one])
    assert blobs_root([]) is None


def test_stored_bytes_that_are_no_envelope_though_the_header_names_them_are_a_mismatch(ledger):
    header = ledger.entry(2).header
    raw = ledger.envelope(2).raw
    cases = {
        b"{}": replace(header, envelope=Digest.of(b"{}"), size=2),
        raw: replace(header, payload=Digest.of(b"other")),
        raw + b"": replace(header, keys=("00" * 32,)),
    }
    for data, claimed in cases.items():
        with pytest.raises(IntegrityError) as caught:
            check_envelope(2, claimed, data)
        assert (caught.value.code, caught.value.where) == ("LM-LED-107", "entry 2")


def test_a_header_that_speaks_of_another_payload_is_a_mismatch(ledger):
    with pytest.raises(IntegrityError, match="another payload or signer"):
        check_envelope(2, replace(ledger.entry(2).header, payload=Digest.of(b"other")), ledger.envelope(2).raw)


def trusted(note):
    return api.verify_log_checkpoint(note, [policy().log_key], origin=ORIGIN)


@pytest.fixture
def small(tmp_path):
    with api.create_ledger(tmp_path / "small", ORIGIN, signer("log"), clock()) as ledger:
        ledger.append(founding())
        yield ledger


def test_a_tlog_proof_holds_the_header_and_verifies_with_the_log_s_key_alone(small):
    data = api.tlog_proof(small, 1)
    entry, checkpoint, note = api.verify_proof(data, trusted)
    assert (entry, checkpoint.size, note) == (small.entry(1), 2, small.checkpoint())
    with pytest.raises(NothingToJudgeError):
        api.tlog_proof(small, 2)


def test_a_receipt_verifies_in_its_own_form_and_as_it_is_printed(small):
    receipt = small.receipt(1).to_json()
    printed = json.dumps(json.loads(receipt), indent=2).encode() + b"\n"
    for data in (receipt, printed):
        assert api.verify_proof(data, trusted)[0] == small.entry(1)


@pytest.mark.attack("L19")
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda d: d.replace(b"extra ", b"extra A", 1), id="another extra line"),
        pytest.param(lambda d: b"\n".join(line for line in d.split(b"\n") if not line.startswith(b"extra ")), id="no header in it"),
        pytest.param(lambda d: d.replace(b"index 1", b"index 0", 1), id="another index"),
        pytest.param(lambda d: d.replace(b"index 1", b"index 01", 1), id="a leading zero"),
        pytest.param(lambda d: b"{\nno JSON\n}", id="no JSON"),
        pytest.param(lambda d: b"", id="nothing"),
    ],
)
def test_l19_a_proof_that_does_not_prove_is_never_an_entry(small, change):
    with pytest.raises(IntegrityError) as caught:
        api.verify_proof(change(api.tlog_proof(small, 1)), trusted)
    assert caught.value.code == "LM-LED-113"


def test_of_an_export_only_what_is_wanted_is_held_and_all_of_it_is_checked(ledger):
    data, checkpoint = api.export_headers(ledger), checkpoint_of(ledger)
    seen = []

    def wanted(entry):
        seen.append(entry.index)
        return entry.header.kind == "note"

    found = api.select_headers(memoryview(data), checkpoint, wanted)
    assert seen == list(range(checkpoint.size))
    assert found == {entry.index: entry for entry in ledger.entries(kind="note")}
    seen.clear()
    with pytest.raises(IntegrityError) as caught:
        api.select_headers(data.replace(b"2026", b"2027", 1), checkpoint, wanted)
    assert (caught.value.code, seen) == ("LM-LED-102", [])
