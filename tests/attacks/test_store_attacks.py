"""Attacks on the store of the log, as somebody at the command line meets them: answer, exit code, and that nothing was mended in silence."""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from fakes.tiny_product import TinyProduct
from fakes.vandal import Vandal
from lotmark.attest.api import KeySigner, generate_key, public_pem, sign_payload
from lotmark.base.clock import SteppingClock
from lotmark.base.errors import ExitCode, RefusedError
from lotmark.intake.api import format_json
from lotmark.ledger.models import Submission
from lotmark.tlog import api as tlog

pytestmark = pytest.mark.verifies("REQ-005", "REQ-006", "RC-004", "HAZ-005")


@pytest.fixture
def vandal(tiny):
    return Vandal(tiny.state)


def bytes_of(folder):
    """What lies in the log's database and its write-ahead log."""
    return [path.read_bytes() if path.exists() else b"" for path in (folder / "ledger.db", folder / "ledger.db-wal")]


def broken(tiny, *words):
    """fsck exits 6 and says each of the words; it mends nothing."""
    before = bytes_of(tiny.state)
    answer = tiny.cli("log", "fsck")
    assert answer.code == ExitCode.INTEGRITY, answer
    for word in words:
        assert word in answer.out, (word, answer.out)
    assert bytes_of(tiny.state) == before
    return answer


def enrol(tiny: TinyProduct, name="new"):
    """Append one entry: a further key of quinn."""
    place = tiny.people / f"{name}.pub"
    place.write_bytes(public_pem(KeySigner(generate_key()).public_key))
    return tiny.cli("key", "enrol", "quinn", "--public", str(place), *tiny.as_root("ada"))


def refuses_to_append(tiny, code):
    before = bytes_of(tiny.state)
    answer = enrol(tiny)
    assert (answer.code, f"error[{code}]" in answer.err) == (ExitCode.INTEGRITY, True), answer
    assert bytes_of(tiny.state) == before


def leaf(header):
    return tlog.leaf_hash(header.encode())


@pytest.mark.attack("L01")
def test_l01_an_edited_entry_is_named(tiny, vandal):
    vandal.run("UPDATE entry SET header = replace(header, 'product:tiny', 'product:tony') WHERE idx = 3")
    broken(tiny, "LEAF_MISMATCH", "entry 3")


@pytest.mark.attack("L02")
def test_l02_an_entry_edited_with_its_leaf_hash_does_not_lead_to_the_signed_root(tiny, vandal):
    header = vandal.value("SELECT header FROM entry WHERE idx = 2").replace("product:tiny", "product:tony")
    nodes = vandal.value("SELECT nodes FROM entry WHERE idx = 2")
    vandal.run(("UPDATE entry SET header = ?, nodes = ? WHERE idx = 2", header, leaf(header) + nodes[32:]))
    broken(tiny, "ROOT_MISMATCH")


@pytest.mark.attack("L03")
def test_l03_a_deleted_entry_is_a_gap(tiny, vandal):
    vandal.run("DELETE FROM body WHERE idx = 3", "DELETE FROM entry WHERE idx = 3")
    broken(tiny, "GAP", "entry 3")


@pytest.mark.attack("L04")
def test_l04_deleting_and_renumbering_changes_size_or_root(tiny, vandal):
    vandal.run("DELETE FROM body WHERE idx = 3", "DELETE FROM entry WHERE idx = 3")
    for index in range(4, tiny_size(vandal) + 1):
        vandal.run((f"UPDATE entry SET idx = {index - 1} WHERE idx = {index}",), (f"UPDATE body SET idx = {index - 1} WHERE idx = {index}",))
    broken(tiny, "SIZE_MISMATCH")
    refuses_to_append(tiny, "LM-LED-104")


def tiny_size(vandal):
    return vandal.value("SELECT max(idx) FROM entry")


@pytest.mark.attack("L05")
def test_l05_two_swapped_entries_give_another_root(tiny, vandal):
    for table in ("entry", "body"):
        vandal.run(*(f"UPDATE {table} SET idx = {new} WHERE idx = {old}" for old, new in ((2, 1000), (4, 2), (1000, 4))))
    broken(tiny, "ROOT_MISMATCH")


@pytest.mark.attack("L06")
def test_l06_a_truncated_tail_is_noticed_and_nothing_is_appended_to_it(tiny, vandal):
    last = tiny_size(vandal)
    vandal.run(f"DELETE FROM body WHERE idx = {last}", f"DELETE FROM entry WHERE idx = {last}")
    broken(tiny, "SIZE_MISMATCH")
    refuses_to_append(tiny, "LM-LED-104")


@pytest.mark.attack("L13")
def test_l13_an_old_database_beside_a_newer_write_ahead_log_is_never_written_to_unchecked(tiny):
    old = tiny.folder / "old.db"
    with closing(sqlite3.connect(tiny.state / "ledger.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(tiny.state / "ledger.db", old)
    with closing(sqlite3.connect(tiny.state / "ledger.db")) as holder:
        holder.execute("SELECT count(*) FROM entry").fetchone()  # keeps the write-ahead log from being folded in
        for number in range(3):
            assert enrol(tiny, f"later-{number}").code == 0
        wal = (tiny.state / "ledger.db-wal").read_bytes()
    assert wal
    shutil.copy(old, tiny.state / "ledger.db")
    (tiny.state / "ledger.db-wal").write_bytes(wal[: len(wal) // 2])
    (tiny.state / "ledger.db-shm").unlink(missing_ok=True)
    # Whatever SQLite makes of the two, the log is shorter than this user has seen it, or broken: nothing is written to it.
    answer = tiny.cli("log", "fsck")
    assert answer.code in {ExitCode.ACCEPTED, ExitCode.INTEGRITY}
    before = (tiny.state / "ledger.db").read_bytes()
    refused = enrol(tiny)
    assert refused.code == ExitCode.INTEGRITY
    assert answer.code == ExitCode.INTEGRITY or "ROLLBACK" in refused.err
    assert (tiny.state / "ledger.db").read_bytes() == before


@pytest.mark.attack("L14")
def test_l14_of_two_writers_the_second_waits_and_both_are_recorded(tiny):
    size = tiny.size()
    processes = []
    for number in range(2):
        place = tiny.people / f"pair-{number}.pub"
        place.write_bytes(public_pem(KeySigner(generate_key()).public_key))
        command = [sys.executable, "-m", "lotmark.cli.main", "-C", str(tiny.root), "key", "enrol", "quinn", "--public", str(place), *tiny.as_root("ada")]
        processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=os.environ.copy()))
    assert [(process.communicate()[1], process.returncode)[1] for process in processes] == [0, 0]
    assert tiny.size() == size + 2
    assert tiny.cli("log", "fsck").code == 0


@pytest.mark.attack("L15")
def test_l15_a_killed_command_leaves_a_sound_log(tiny):
    size = tiny.size()
    place = tiny.people / "killed.pub"
    place.write_bytes(public_pem(KeySigner(generate_key()).public_key))
    command = [sys.executable, "-m", "lotmark.cli.main", "-C", str(tiny.root), "key", "enrol", "quinn", "--public", str(place), *tiny.as_root("ada")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ.copy())
    while process.poll() is None and not (tiny.state / "ledger.db-wal").exists():
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert tiny.cli("log", "fsck").code == 0
    assert tiny.size() in {size, size + 1}
    assert enrol(tiny).code == 0


@pytest.mark.slow
@pytest.mark.attack("L16")
def test_l16_a_changed_row_of_the_index_is_drift_and_decides_nothing(tiny_released):
    tiny = tiny_released
    assert tiny.cli("show", "1.0.0").code == 0
    assert tiny.cli("log", "fsck").code == 0
    with closing(sqlite3.connect(tiny.state / "index.db")) as connection:
        changed = connection.execute("UPDATE decisions SET verdict = 'refused'").rowcount
        connection.commit()
    assert changed
    answer = tiny.cli("log", "fsck")
    assert (answer.code, "PROJECTION_DRIFT" in answer.out) == (ExitCode.INTEGRITY, True)
    assert tiny.cli("gate").code == 0  # the gate reads verified entries, not the index
    (tiny.state / "index.db").unlink()
    assert tiny.cli("show", "1.0.0").code == 0
    assert tiny.cli("log", "fsck").code == 0


@pytest.mark.attack("L17")
def test_l17_the_same_evidence_again_is_one_entry_with_one_receipt(tiny):
    with tiny.workspace() as workspace:
        envelope = workspace.ledger.envelope(3)
        header = workspace.ledger.entry(3).header
        first = workspace.ledger.receipt(3).to_json()
        with workspace.writer() as ledger:
            (again,) = ledger.append([Submission(envelope, header.kind, header.scope)])
        assert again.to_json() == first
    proven = tiny.cli("log", "prove", "3")
    assert proven.code == 0
    assert tiny.cli("log", "fsck").code == 0


@pytest.mark.slow
@pytest.mark.attack("R04")
@pytest.mark.parametrize(("damage", "word"), [("missing", "BLOB_MISSING"), ("altered", "BLOB_MISMATCH")])
def test_r04_a_missing_or_altered_blob_is_named_never_skipped(tiny_released, damage, word):
    tiny = tiny_released
    blob = min(tiny.state.glob("blobs/sha256/??/*"))
    blob.chmod(0o600)
    if damage == "missing":
        blob.unlink()
    else:
        blob.write_bytes(blob.read_bytes() + b"x")
    broken(tiny, word, blob.name)
    bundle = tiny.folder / "bundle.zip"
    answer = tiny.cli("release", "bundle", "1.0.0", "-o", str(bundle))
    assert answer.code == ExitCode.INTEGRITY
    assert "BLOB_MISSING" in answer.err  # nothing with those bytes is there
    assert not bundle.exists()


@pytest.mark.attack("R05")
def test_r05_a_full_disk_refuses_the_append_and_reading_goes_on(tiny):
    size = tiny.size()
    place = tiny.people / "full.pub"
    place.write_bytes(public_pem(KeySigner(generate_key()).public_key))
    limit = 2048

    def full():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, "-B", "-m", "lotmark.cli.main", "-C", str(tiny.root), "key", "enrol", "quinn", "--public", str(place), *tiny.as_root("ada")]
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=full, env=os.environ.copy())
    assert (done.returncode, "error[LM-LED-004]" in done.stderr) == (ExitCode.ENVIRONMENT, True), done.stderr
    assert tiny.size() == size
    assert tiny.cli("log", "checkpoint").code == 0
    assert tiny.cli("log", "fsck").code == 0
    assert enrol(tiny).code == 0


@pytest.mark.attack("T01")
def test_t01_a_clock_set_back_is_told_by_fsck_and_no_time_goes_back(tiny):
    with tiny.workspace() as workspace:
        latest = workspace.ledger.entry(workspace.ledger.size - 1).header.received_at
    past = SteppingClock(datetime.now(UTC) - timedelta(days=2))
    with tiny.workspace(past) as workspace, workspace.writer() as ledger:
        envelope = workspace.reader.verify(workspace.ledger.entry(1)).envelope
        ledger.append([Submission(envelope, "key-event", "product:tiny-copy")])
        assert ledger.entry(ledger.size - 1).header.received_at == latest
    answer = tiny.cli("log", "fsck")
    assert "CLOCK_BACK" in answer.out
    assert "LM-LED-121" in answer.out


@pytest.mark.attack("T02")
def test_t02_evidence_of_the_future_is_refused(tiny):
    size = tiny.size()
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "predicate": {"signedAt": "2999-01-01T00:00:00.000Z"},
        "predicateType": "https://lotmark.dev/attestation/approval/v1",
        "subject": [],
    }
    envelope = sign_payload(format_json(statement), tiny.signer("quinn"))
    with tiny.workspace() as workspace, workspace.writer() as ledger, pytest.raises(RefusedError, match="FUTURE_TIME") as caught:
        ledger.append([Submission(envelope, "approval", "run:tiny:RUN-0001")])
    assert caught.value.exit_code == ExitCode.REFUSED
    assert tiny.size() == size
