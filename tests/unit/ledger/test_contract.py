"""What every ledger promises, whatever stores it: run on SQLite, PostgreSQL, a client of its sequencer, and the fake."""

import json
import threading

import pytest

from fakes.keyring import signer
from fakes.ledger import ORIGIN, MemoryLedger, clock, founding, note, policy, serving
from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError, IntegrityError, NothingToJudgeError, RefusedError, UsageError
from lotmark.ledger import api
from lotmark.ledger._open import folder_blobs
from lotmark.ledger.models import Attachment, Submission
from lotmark.tlog import api as tlog

pytestmark = pytest.mark.verifies("REQ-005", "REQ-006", "REQ-070", "RC-004", "HAZ-005")


KEYS = [policy().log_key]


@pytest.fixture(params=["sqlite", "memory", "postgres", "submitted"])
def ledger(request, tmp_path):
    """A new ledger; `submitted` appends without the log's key, through the inbox of a sequencer in another thread."""
    if request.param in {"postgres", "submitted"}:
        url = request.getfixturevalue("postgres").database()
        made = api.create_ledger(url, ORIGIN, signer("log"), clock(), blobs=folder_blobs(tmp_path))
        if request.param == "submitted":
            with made, serving(made), api.open_ledger(url, submitting=True, wait=10, blobs=folder_blobs(tmp_path)) as client:
                yield client
            return
    else:
        made = api.create_ledger(tmp_path / "ledger", ORIGIN, signer("log"), clock()) if request.param == "sqlite" else MemoryLedger()
    with made:
        yield made


def test_a_new_ledger_is_empty_and_has_a_signed_checkpoint(ledger):
    assert (ledger.origin, ledger.size, list(ledger.entries())) == (ORIGIN, 0, [])
    assert api.verify_log_checkpoint(ledger.checkpoint(), KEYS, origin=ORIGIN).root == tlog.EMPTY_ROOT


def test_a_receipt_verifies_with_the_log_key_alone(ledger):
    receipts = ledger.append([*founding(), note("one")])
    assert [receipt.index for receipt in receipts] == [0, 1, 2]
    for receipt in receipts:
        entry, checkpoint = api.verify_receipt(api.parse_receipt(receipt.to_json()), KEYS, origin=ORIGIN)
        assert entry == ledger.entry(receipt.index)
        assert (checkpoint.size, receipt.checkpoint) == (3, ledger.checkpoint())


def test_an_entry_tells_what_was_submitted(ledger):
    submission = note("one", slot="qpcr:RUN-0001/unit/1#note")
    ledger.append([submission])
    header = ledger.entry(0).header
    assert (header.v, header.kind, header.scope, header.slot, header.submitter) == (1, "note", "run:qpcr:RUN-0001", "qpcr:RUN-0001/unit/1#note", "pipeline")
    assert (header.envelope, header.size) == (submission.envelope.digest, len(submission.envelope.raw))
    assert (header.payload, header.keys) == (submission.envelope.payload_digest, (signer("pipeline").key_id,))
    assert (header.received_at, header.blobs) == ("2026-11-23T12:00:00.000Z", None)
    assert ledger.envelope(0) == ledger.envelope(ledger.entry(0)) == submission.envelope


def test_a_header_of_an_ordinary_run_has_200_to_400_bytes(ledger):
    blob = ledger.blobs.put(b"log of the stage")
    ledger.append([*founding(), note("one"), note("two", slot="qpcr:RUN-0001/dependencies/1#vulns", blobs=(blob,))])
    lengths = [len(entry.header_bytes) for entry in ledger.entries()]
    assert min(lengths) >= 200
    assert max(lengths) <= 400
    assert all(entry.header_bytes.isascii() and json.loads(entry.header_bytes)["v"] == 1 for entry in ledger.entries())


def test_a_repeat_beside_something_new_is_answered_however_many_came_before(ledger):
    """A group that meets a repeat is sent a second time: what the store remembers of the first sending must not be counted on."""
    kept = {}
    for number in range(12):
        text = f"number {number}"
        told = ledger.append([note(text), *(note(earlier) for earlier in kept)])
        kept[text] = told[0].to_json()
        assert [receipt.to_json() for receipt in told] == [kept[text], *(kept[earlier] for earlier in kept if earlier != text)]
        assert ledger.size == number + 1


def test_l17_a_repeat_returns_the_first_receipt_byte_for_byte(ledger):
    first = ledger.append([note("one"), note("two")])
    ledger.append([note("three")])
    again = ledger.append([note("two"), note("one")])
    assert [receipt.to_json() for receipt in again] == [first[1].to_json(), first[0].to_json()]
    assert ledger.size == 3


def test_l17_a_batch_of_repeats_alone_signs_no_checkpoint(ledger):
    ledger.append([note("one")])
    before = ledger.checkpoint()
    ledger.append([note("one"), note("one")])
    assert ledger.checkpoint() == before


def test_a_submission_twice_in_one_batch_is_recorded_once(ledger):
    first, second = ledger.append([note("one"), note("one")])
    assert first == second
    assert ledger.size == 1


def test_the_same_payload_in_another_scope_or_by_another_signer_is_another_entry(ledger):
    ledger.append([note("one"), note("one", scope="run:qpcr:RUN-0002"), note("one", by="ada")])
    assert [entry.header.scope for entry in ledger.entries()] == ["run:qpcr:RUN-0001", "run:qpcr:RUN-0002", "run:qpcr:RUN-0001"]


def test_a_taken_slot_answers_with_its_first_entry_though_the_payload_is_new(ledger):
    first = ledger.append([note("before the crash", slot="run/unit/1#note")])
    assert ledger.append([note("after the crash", slot="run/unit/1#note")]) == first
    assert ledger.size == 1
    assert ledger.find_slot("run/unit/1#note") == ledger.entry(0)


def test_where_slot_and_payload_lead_to_different_entries_the_slot_decides(ledger):
    ledger.append([note("one", slot="a"), note("two", slot="b")])
    assert ledger.append([note("one", slot="b")])[0].index == 1


def test_a_repeat_of_a_payload_under_a_free_slot_is_still_a_repeat(ledger):
    ledger.append([note("one", slot="a")])
    assert ledger.append([note("one", slot="b")])[0].index == 0
    assert ledger.find_slot("b") is None


@pytest.mark.parametrize("other", [{"scope": "run:qpcr:RUN-0002"}, {"kind": "key-event"}], ids=["another scope", "another kind"])
def test_a_slot_taken_by_something_else_is_refused_and_nothing_is_recorded(ledger, other):
    ledger.append([note("one", slot="a")])
    submission = note("two", slot="a")
    changed = Submission(submission.envelope, other.get("kind", "note"), other.get("scope", submission.scope), slot="a")
    with pytest.raises(RefusedError) as caught:
        ledger.append([note("three"), changed])
    assert caught.value.code == "LM-LED-012"
    assert ledger.size == 1


def test_nothing_has_no_slot(ledger):
    ledger.append([note("one"), note("two")])
    assert ledger.find_slot("") is None
    assert ledger.find_slot("other") is None


def test_a_batch_with_one_bad_submission_is_not_recorded_at_all(ledger):
    bad = Submission(note("two").envelope, "note", "scope with \u00fcmlaut")
    with pytest.raises(UsageError) as caught:
        ledger.append([note("one"), bad])
    assert (caught.value.code, ledger.size) == ("LM-LED-007", 0)


def test_an_envelope_whose_bytes_are_not_its_values_is_refused(ledger):
    one, two = note("one").envelope, note("two").envelope
    for raw in (two.raw, b"{}"):
        forged = type(one)(one.payload, one.payload_type, one.key_id, one.signature, raw)
        with pytest.raises(UsageError, match="its envelope's bytes are not its values"):
            ledger.append([Submission(forged, "note", "run:qpcr:RUN-0001")])
    assert ledger.size == 0


def test_an_empty_batch_changes_nothing(ledger):
    assert ledger.append([]) == ()
    assert ledger.size == 0


def test_a_needed_blob_must_be_stored_before(ledger):
    missing = Digest.of(b"never put")
    with pytest.raises(UsageError) as caught:
        ledger.append([note("one"), note("two", blobs=(missing,))])
    assert (caught.value.code, ledger.size) == ("LM-LED-008", 0)


def test_the_blobs_of_an_entry_are_covered_by_its_header(ledger):
    blobs = [ledger.blobs.put(data) for data in (b"b", b"a", b"b")]
    ledger.append([note("one", blobs=tuple(blobs)), note("two")])
    assert ledger.entry_blobs(0) == ledger.entry_blobs(ledger.entry(0)) == tuple(sorted(set(blobs)))
    assert ledger.entry_blobs(1) == ()
    leaves = [tlog.leaf_hash(blob.raw) for blob in sorted(set(blobs))]
    assert ledger.entry(0).header.blobs == Digest(tlog.tree_root(leaves).hex())


def test_entries_are_found_by_range_kind_and_scope(ledger):
    ledger.append([*founding(), note("one"), note("two", scope="run:qpcr:RUN-0002"), note("three")])

    def found(*arguments, **filters):
        return [entry.index for entry in ledger.entries(*arguments, **filters)]

    assert found() == [0, 1, 2, 3, 4]
    assert found(1, 3) == [1, 2]
    assert found(-5, 99) == [0, 1, 2, 3, 4]
    assert found(3, 3) == []
    assert found(kind="note") == [2, 3, 4]
    assert found(scope="run:qpcr:RUN-0001") == [2, 4]
    assert found(3, kind="note", scope="run:qpcr:RUN-0001") == [4]
    assert found(kind="waiver") == []


def test_many_entries_are_read_in_pages_without_loss(ledger):
    ledger.append([note(str(number)) for number in range(600)])
    assert [entry.index for entry in ledger.entries()] == list(range(600))
    assert [entry.index for entry in ledger.entries(kind="note")] == list(range(600))


def test_every_size_that_had_a_checkpoint_still_has_it(ledger):
    seen = []
    for number in range(5):
        ledger.append([note(f"{number}"), note(f"{number} again")])
        seen.append(ledger.checkpoint())
    assert [ledger.checkpoint(size) for size in (2, 4, 6, 8, 10)] == seen
    with pytest.raises(NothingToJudgeError) as caught:
        ledger.checkpoint(3)
    assert caught.value.code == "LM-LED-010"


def test_inclusion_and_consistency_proofs_verify(ledger):
    ledger.append([note(str(number)) for number in range(7)])
    old = api.verify_log_checkpoint(ledger.checkpoint(), KEYS)
    ledger.append([note("more")])
    new = api.verify_log_checkpoint(ledger.checkpoint(), KEYS)
    for index in range(8):
        tlog.verify_inclusion(ledger.entry(index).leaf_hash, index, 8, ledger.inclusion_proof(index), new.root)
    tlog.verify_inclusion(ledger.entry(3).leaf_hash, 3, 7, ledger.inclusion_proof(3, 7), old.root)
    tlog.verify_consistency(7, 8, ledger.consistency_proof(7, 8), old.root, new.root)


@pytest.mark.parametrize(
    "ask",
    [
        lambda ledger: ledger.entry(1),
        lambda ledger: ledger.entry(-1),
        lambda ledger: ledger.envelope(1),
        lambda ledger: ledger.receipt(1),
        lambda ledger: ledger.entry_blobs(1),
        lambda ledger: ledger.inclusion_proof(1),
        lambda ledger: ledger.inclusion_proof(0, 2),
        lambda ledger: ledger.consistency_proof(1, 2),
        lambda ledger: ledger.consistency_proof(0, 1),
    ],
    ids=[
        "entry",
        "negative entry",
        "envelope",
        "receipt",
        "blobs",
        "inclusion",
        "inclusion in the future",
        "consistency in the future",
        "consistency from nothing",
    ],
)
def test_what_the_log_does_not_hold_is_nothing_to_judge(ledger, ask):
    ledger.append([note("one")])
    with pytest.raises(NothingToJudgeError) as caught:
        ask(ledger)
    assert caught.value.code == "LM-LED-010"


def test_exported_headers_are_those_of_the_checkpoint(ledger):
    ledger.append([*founding(), note("one")])
    checkpoint = api.verify_log_checkpoint(ledger.checkpoint(), KEYS)
    ledger.append([note("two")])
    assert api.verify_headers(api.export_headers(ledger, 3), checkpoint) == tuple(ledger.entries(0, 3))
    with pytest.raises(IntegrityError) as caught:
        api.verify_headers(api.export_headers(ledger), checkpoint)
    assert caught.value.code == "LM-LED-104"


def test_prove_gives_all_that_a_stranger_needs(ledger):
    ledger.append([*founding(), note("one")])
    proof = api.prove(ledger, 2)
    assert (proof["origin"], proof["index"], proof["size"]) == (ORIGIN, 2, 3)
    wire = {name: proof[name] for name in ("checkpoint", "header", "index", "proof")}
    api.verify_receipt(api.parse_receipt(json.dumps(wire, separators=(",", ":")).encode()), KEYS)
    assert json.loads(json.dumps(proof)) == proof


def test_threads_share_a_ledger(ledger):
    def work(name):
        for number in range(10):
            ledger.append([note(f"{name} {number}")])

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.size == 30
    assert len({ledger.entry(index).header.payload for index in range(30)}) == 30


def test_a_closed_ledger_says_so_and_may_be_closed_again(ledger):
    ledger.append([note("one")])
    ledger.close()
    ledger.close()
    for ask in (lambda: ledger.size, lambda: ledger.append([note("two")]), lambda: list(ledger.entries()), lambda: ledger.inclusion_proof(0, 1)):
        with pytest.raises(EnvironmentLacksError) as caught:
            ask()
        assert caught.value.code == "LM-LED-006"


def test_blobs_come_back_by_digest(ledger, tmp_path):
    store = ledger.blobs
    file = tmp_path / "file"
    file.write_bytes(b"from a file")
    digests = [store.put(b"bytes"), store.put_file(file), store.put(b"bytes")]
    assert digests[0] == digests[2] == Digest.of(b"bytes")
    assert [store.get(digest) for digest in digests[:2]] == [b"bytes", b"from a file"]
    with store.local_file(digests[1]) as path:
        assert path.read_bytes() == b"from a file"
    assert list(store) == sorted(set(digests))
    assert [store.has(digest) for digest in (digests[0], Digest.of(b"other"))] == [True, False]


def test_a_blob_that_is_not_there_is_missing(ledger, tmp_path):
    with pytest.raises(IntegrityError) as caught:
        ledger.blobs.get(Digest.of(b"other"))
    assert caught.value.code == "LM-LED-108"
    with pytest.raises(EnvironmentLacksError) as lacks:
        ledger.blobs.put_file(tmp_path / "no such file")
    assert lacks.value.code == "LM-LED-004"


def test_what_others_say_of_a_checkpoint_is_kept_beside_it(ledger):
    ledger.append([note("one")])
    ledger.attach(1, "timestamp", "tsa.example.org", b"token")
    ledger.attach(1, "cosignature", "witness.example.org/w2", b"second")
    ledger.attach(1, "cosignature", "witness.example.org/w1", b"first")
    ledger.attach(0, "cosignature", "witness.example.org/w1", b"of the empty log")
    assert ledger.attachments(1) == (
        Attachment(1, "cosignature", "witness.example.org/w1", b"first"),
        Attachment(1, "cosignature", "witness.example.org/w2", b"second"),
        Attachment(1, "timestamp", "tsa.example.org", b"token"),
    )
    assert [attachment.data for attachment in ledger.attachments(0)] == [b"of the empty log"]


def test_the_same_attachment_again_is_no_change_and_another_stands_beside_it(ledger):
    for data in (b"b", b"a", b"b"):
        ledger.attach(0, "cosignature", "witness.example.org/w1", data)
    assert [attachment.data for attachment in ledger.attachments(0)] == [b"a", b"b"]


def test_attaching_changes_neither_log_nor_checkpoint(ledger):
    receipt = ledger.append([note("one")])
    before = (ledger.size, ledger.checkpoint(), tuple(ledger.entries()))
    ledger.attach(1, "cosignature", "w", b"x")
    assert (ledger.size, ledger.checkpoint(), tuple(ledger.entries())) == before
    assert ledger.append([note("one")]) == receipt


@pytest.mark.parametrize("size", [2, 1, -1])
def test_nothing_is_attached_where_no_checkpoint_was_signed(ledger, size):
    ledger.append([note("one"), note("two"), note("three")])
    with pytest.raises(NothingToJudgeError) as caught:
        ledger.attach(size, "cosignature", "w", b"x")
    assert caught.value.code == "LM-LED-010"
    assert ledger.attachments(size) == ()


@pytest.mark.parametrize(
    "kind, name, data",
    [
        ("", "w", b"x"),
        ("Cosignature", "w", b"x"),
        ("co signature", "w", b"x"),
        ("a" * 41, "w", b"x"),
        ("cosignature", "", b"x"),
        ("cosignature", 'w"', b"x"),
        ("cosignature", "w\\", b"x"),
        ("cosignature", "w\n", b"x"),
        ("cosignature", "w\u00fc", b"x"),
        ("cosignature", " w", b"x"),
        ("cosignature", "w" * 161, b"x"),
        ("cosignature", "w", b""),
        ("cosignature", "w", bytes((1 << 20) + 1)),
    ],
)
def test_an_attachment_that_another_store_could_not_hold_is_refused(ledger, kind, name, data):
    with pytest.raises(UsageError) as caught:
        ledger.attach(0, kind, name, data)
    assert caught.value.code == "LM-LED-016"
    assert ledger.attachments(0) == ()


def test_a_closed_ledger_attaches_nothing(ledger):
    ledger.close()
    for ask in (lambda: ledger.attach(0, "cosignature", "w", b"x"), lambda: ledger.attachments(0)):
        with pytest.raises(EnvironmentLacksError) as caught:
            ask()
        assert caught.value.code == "LM-LED-006"
