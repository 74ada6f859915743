"""The witness: what it cosigns, what it stores before it answers, and that it never goes back."""

import shutil
import sqlite3
import threading

import pytest

from fakes.note_signers import Log, NoteKey
from fakes.witnesses import TIME, Hands
from lotmark.base.errors import EnvironmentLacksError, IntegrityError, UsageError
from lotmark.tlog import api as tlog
from lotmark.tlog.errors import KeyTextError
from lotmark.tlog.models import AddCheckpoint, KeyType
from lotmark.witness import _publish
from lotmark.witness._service import hash_origin
from lotmark.witness.api import Witness, WitnessStore

pytestmark = pytest.mark.verifies("REQ-062", "RC-060", "HAZ-001")

LOG = Log()
OTHER = Log(salt="other")
NAME = "witness.example/w1"
KEY = NoteKey(NAME, KeyType.COSIGNATURE)


class Bench:
    """A witness in a folder, opened and closed as a test likes."""

    def __init__(self, folder):
        self.folder = folder
        self.clock = Hands()
        self.open()
        self.store.watch(LOG.signer.vkey)

    def open(self):
        self.store = WitnessStore(self.folder / "db")
        self.service = Witness(self.store, NoteKey(NAME), self.folder / "published", self.clock.now)
        return self

    def reopen(self):
        self.store.close()
        return self.open()

    def ask(self, old, new, log=LOG, proof=None):
        request = AddCheckpoint(old, log.consistency(old, new) if proof is None else proof, log.note(new))
        return self.service.add_checkpoint(tlog.format_add_checkpoint(request))

    @property
    def size(self):
        return self.store.logs()[0].size

    def published(self):
        return self.service.checkpoint(hash_origin("log.example/one"))


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.store.close()


def test_a_first_checkpoint_is_cosigned_with_the_time(bench):
    answer = bench.ask(0, 5)
    assert (answer.status, answer.content_type) == (200, "text/plain; charset=utf-8")
    note = LOG.note(5) + answer.body
    (signature,) = tlog.verify_note(note, [KEY.key]).signatures
    assert signature.time == TIME
    assert bench.service.vkey == KEY.vkey
    assert bench.size == 5


def test_each_continuation_is_cosigned_also_after_a_restart(bench):
    for old, new in ((0, 1), (1, 8), (8, 8), (8, 40)):
        assert bench.ask(old, new).status == 200
        bench.reopen()
        assert bench.size == new


def test_the_same_checkpoint_again_gets_a_younger_time(bench):
    bench.ask(0, 5)
    bench.clock.seconds += 60
    (signature,) = tlog.verify_note(LOG.note(5) + bench.ask(5, 5).body, [KEY.key]).signatures
    assert signature.time == TIME + 60


@pytest.mark.parametrize(
    "old,new,log,status",
    [
        pytest.param(8, 4, LOG, 400, id="smaller than the old size"),
        pytest.param(3, 8, LOG, 409, id="another old size"),
        pytest.param(0, 8, LOG, 409, id="as if it were new"),
        pytest.param(5, 5, OTHER, 422, id="equal but other"),
        pytest.param(5, 8, OTHER, 422, id="unproven"),
        pytest.param(0, 5, Log("log.example/unknown"), 404, id="unknown log"),
    ],
)
def test_a_refusal_changes_nothing(bench, old, new, log, status):
    bench.ask(0, 5)
    before = (bench.store.cosigned("log.example/one"), bench.published())
    bench.clock.seconds += 1
    answer = bench.ask(old, new, log)
    assert answer.status == status
    assert (bench.store.cosigned("log.example/one"), bench.published()) == before
    if status == 409:
        assert (answer.body, answer.content_type) == (b"5\n", "text/x.tlog.size")


def test_a_key_of_the_log_that_is_not_known_is_403(bench):
    other_key = Log()
    other_key.signer = NoteKey("log.example/one", seed="stolen")
    assert bench.ask(0, 5, other_key).status == 403
    bench.store.watch(other_key.signer.vkey)
    assert bench.ask(0, 5, other_key).status == 200
    assert bench.ask(5, 8).status == 200


def test_what_is_no_request_is_400(bench):
    for body in (b"", b"old 0\n\n", b"\xff", b"old 0\n\nno checkpoint\n\n"):
        assert bench.service.add_checkpoint(body).status == 400


def test_the_published_checkpoint_carries_both_signatures(bench):
    assert bench.published().status == 404
    bench.ask(0, 5)
    published = bench.published()
    assert published.status == 200
    assert {key.name for key in tlog.verify_note(published.body, [KEY.key, LOG.signer.key]).signers} == {NAME, "log.example/one"}
    for name in ("", "..", "x" * 64, hash_origin("nobody"), hash_origin("log.example/one").upper()):
        assert bench.service.checkpoint(name).status == 404


def test_signatures_of_strangers_are_not_published(bench):
    note = NoteKey("stranger.example", KeyType.COSIGNATURE).cosign(LOG.note(5), 1)
    assert bench.service.add_checkpoint(tlog.format_add_checkpoint(AddCheckpoint(0, (), note))).status == 200
    assert b"stranger" not in bench.published().body


@pytest.mark.attack("W02")
def test_w02_of_two_requests_that_race_at_most_one_history_is_cosigned(bench):
    """Sixteen threads, two histories from the same size on: whatever is cosigned continues what was cosigned before."""
    bench.ask(0, 4)
    # Both continue the tree of 4 and differ from there on.
    fork = Log()
    fork.leaves = LOG.leaves[:4] + OTHER.leaves[4:]
    fork.nodes = tlog.LeafNodes(fork.leaves)
    barrier = threading.Barrier(16)
    answers = []

    def run(number):
        log = (LOG, fork)[number % 2]
        barrier.wait()
        answers.append((log, 5 + number % 4, bench.ask(4, 5 + number % 4, log)))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cosigned = [(log, size) for log, size, answer in answers if answer.status == 200]
    assert len({id(log) for log, _ in cosigned}) == 1
    assert len({size for _, size in cosigned}) == 1
    assert {answer.status for _, _, answer in answers} <= {200, 409, 422}
    assert bench.size == cosigned[0][1]


@pytest.mark.attack("W02")
def test_w02_two_processes_on_one_database_see_each_other(bench, tmp_path):
    bench.ask(0, 5)
    second = WitnessStore(tmp_path / "db")
    other = Witness(second, NoteKey(NAME), tmp_path / "published", bench.clock.now)
    request = AddCheckpoint(5, LOG.consistency(5, 8), LOG.note(8))
    assert other.add_checkpoint(tlog.format_add_checkpoint(request)).status == 200
    assert bench.ask(5, 9).status == 409
    assert bench.ask(8, 9).status == 200
    second.close()


@pytest.mark.attack("W04")
def test_w04_a_database_that_was_put_back_is_noticed_at_the_start_and_while_it_runs(bench, tmp_path):
    bench.ask(0, 5)
    bench.store.close()
    shutil.copytree(tmp_path / "db", tmp_path / "backup")
    bench.open().ask(5, 8)
    bench.store.close()
    shutil.rmtree(tmp_path / "db")
    shutil.copytree(tmp_path / "backup", tmp_path / "db")
    with pytest.raises(IntegrityError, match=r"ROLLBACK: this witness published size 8 of log\.example/one, its database knows 5") as caught:
        bench.open()
    assert caught.value.code == "LM-WIT-101"
    shutil.move(tmp_path / "published", tmp_path / "away")
    bench.reopen()
    shutil.move(tmp_path / "away", tmp_path / "published")
    before = bench.store.cosigned("log.example/one")
    fork = Log()
    fork.leaves = LOG.leaves[:5] + OTHER.leaves[5:]
    fork.nodes = tlog.LeafNodes(fork.leaves)
    answer = bench.ask(5, 8, fork)
    assert (answer.status, answer.body[:10]) == (500, b"LM-WIT-101")
    assert bench.store.cosigned("log.example/one") == before


@pytest.mark.attack("W04")
def test_w04_an_empty_database_beside_what_was_published_is_noticed(bench, tmp_path):
    bench.ask(0, 5)
    bench.store.close()
    shutil.rmtree(tmp_path / "db")
    bench.open().store.watch(LOG.signer.vkey)
    assert bench.ask(0, 3).status == 500
    with pytest.raises(IntegrityError):
        bench.reopen()


def test_a_published_checkpoint_that_this_witness_did_not_cosign_stops_it(bench):
    bench.ask(0, 5)
    path = bench.folder / "published" / hash_origin("log.example/one") / "checkpoint"
    path.write_bytes(OTHER.note(5))
    assert bench.ask(5, 8).status == 500
    with pytest.raises(IntegrityError, match="is not one that this witness cosigned"):
        bench.reopen()


def test_a_witness_that_cannot_store_does_not_cosign(bench):
    bench.ask(0, 5)
    bench.store._connection.execute("PRAGMA query_only = ON")
    answer = bench.ask(5, 8)
    assert (answer.status, answer.body[:10]) == (500, b"LM-WIT-001")
    assert bench.size == 5
    bench.store._connection.execute("PRAGMA query_only = OFF")
    assert bench.ask(5, 8).status == 200


def test_a_witness_that_cannot_publish_says_so_and_goes_on_when_it_can(bench):
    folder = bench.folder / "published"
    bench.ask(0, 5)
    shutil.rmtree(folder)
    folder.write_text("a file in the way")
    assert bench.ask(5, 8).status == 500
    folder.unlink()
    assert bench.ask(5, 8).status == 200
    assert bench.published().status == 200


def test_a_disk_that_fails_while_it_publishes_costs_the_answer_not_the_memory(bench, monkeypatch):
    """Stored and not published: the client gets no cosignature, asks again from the size that the witness now knows, and has it."""
    bench.ask(0, 5)

    def fail(descriptor):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(_publish.os, "fsync", fail)
    assert bench.ask(5, 8).status == 500
    monkeypatch.undo()
    assert bench.ask(5, 8).body == b"8\n"
    assert bench.ask(8, 8).status == 200
    assert tlog.parse_checkpoint(tlog.parse_note(bench.published().body).text).size == 8


def test_a_store_is_a_context(tmp_path):
    with WitnessStore(tmp_path) as store:
        assert store.logs() == ()
    with pytest.raises(EnvironmentLacksError):
        store.logs()


def test_a_slower_process_does_not_publish_a_smaller_checkpoint(bench):
    bench.ask(0, 8)
    published = bench.published().body
    bench.service._published.put(hash_origin("log.example/one"), KEY.cosign(LOG.note(5), TIME))
    assert bench.published().body == published


@pytest.mark.parametrize("content", [b"no database at all, but long enough to be read as one" * 20, None])
def test_a_file_of_another_program_is_left_as_it_is(tmp_path, content):
    path = tmp_path / "witness.db"
    if content is None:
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE t (x)")
        connection.commit()
        connection.close()
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(EnvironmentLacksError) as caught:
        WitnessStore(tmp_path)
    assert (caught.value.code, path.read_bytes()) == ("LM-WIT-001", before)


def test_a_folder_that_cannot_be_made_is_answered(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentLacksError):
        WitnessStore(tmp_path / "file" / "below")


@pytest.mark.parametrize("vkey", ["", "log.example/one", LOG.signer.vkey + "A"])
def test_only_the_key_of_a_log_is_watched(bench, vkey):
    with pytest.raises(UsageError) as caught:
        bench.store.watch(vkey)
    assert caught.value.code == "LM-WIT-002"


def test_watching_again_changes_nothing(bench):
    first = bench.store.watch(LOG.signer.vkey)
    assert bench.store.watch(LOG.signer.vkey) == first
    assert (first.origin, first.keys, first.size) == ("log.example/one", (LOG.signer.vkey,), None)
    assert bench.store.cosigned("nobody") is None


def test_a_name_with_a_space_cannot_be_a_witness_s(bench):
    with pytest.raises(KeyTextError):
        Witness(bench.store, NoteKey("a b"), bench.folder, bench.clock.now)
