"""The ledger under kill -9, full disks, failed writes and failed fsyncs: what was acknowledged is there, once, and the log is sound."""

import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from fakes.keyring import signer
from fakes.ledger import ORIGIN, REGISTRY, clock, founding, note, policy
from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError
from lotmark.ledger import api

pytestmark = pytest.mark.verifies("REQ-006", "RC-004")


WORKER = Path(__file__).with_name("ledger_worker.py")


@pytest.fixture
def folder(tmp_path):
    with api.create_ledger(tmp_path / "ledger", ORIGIN, signer("log"), clock()) as ledger:
        ledger.append(founding())
    return tmp_path / "ledger"


def assert_sound(folder):
    report = api.fsck(folder, policy(), REGISTRY)
    assert [finding for finding in report.findings if finding.code != "LM-LED-121"] == []  # these tests change clocks
    return report


def worker(folder, first, count, *prefix, **options):
    command = [*prefix, sys.executable, str(WORKER), str(folder), str(first), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def acknowledged(output):
    return {int(number): int(index) for number, index in (line.split() for line in output.splitlines() if line.count(" ") == 1 and line[0].isdigit())}


def test_l15_kill_9_in_a_loop_loses_and_doubles_nothing(folder):
    dice = random.Random(6962)
    known = {}
    first = 0
    for _ in range(8):
        process = worker(folder, first, 10_000)
        line = process.stdout.readline()  # it is at work now
        time.sleep(dice.random() * 0.05)
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate()
        answers = acknowledged(line + rest)
        assert answers, "the worker was killed before it acknowledged anything"
        assert_sound(folder)
        with api.open_ledger(folder) as ledger:
            for number, index in answers.items():
                entry = ledger.find_slot(f"slot-{number}")
                assert entry.index == index
                assert ledger.blobs.get(Digest.of(f"blob of {number}".encode()))
        known |= answers
        first = max(answers)  # the last one is sent again: its acknowledgement may have been lost
    with api.open_ledger(folder, signer("log"), clock()) as ledger:
        slots = [entry.header.slot for entry in ledger.entries(2)]
        assert len(slots) == len(set(slots)) >= len(known)
        # Whatever was recorded but not acknowledged is found, not repeated.
        size = ledger.size
        receipts = ledger.append([note(f"number {number}", slot=f"slot-{number}") for number in known])
        assert [receipt.index for receipt in receipts] == list(known.values())
        assert ledger.size == size
    assert not list(folder.glob("blobs/sha256/??/.tmp-*"))


def test_l17_a_lost_acknowledgement_is_answered_with_the_same_receipt(folder):
    process = worker(folder, 0, 1)
    process.communicate()
    with api.open_ledger(folder, signer("log"), clock()) as ledger:
        first = ledger.receipt(2).to_json()
    process = worker(folder, 0, 3)
    output, _ = process.communicate()
    assert acknowledged(output) == {0: 2, 1: 3, 2: 4}
    with api.open_ledger(folder) as ledger:
        assert ledger.receipt(2).to_json() == first


def test_the_lock_of_a_killed_writer_goes_with_it(folder):
    process = worker(folder, 0, 10_000)
    process.stdout.readline()
    with pytest.raises(EnvironmentLacksError) as caught:
        api.open_ledger(folder, signer("log"), wait=0.1)
    assert (caught.value.code, f"pid {process.pid}" in caught.value.reason, caught.value.exit_code) == ("LM-LED-003", True, 4)
    process.kill()
    process.communicate()
    api.open_ledger(folder, signer("log"), wait=5).close()


def test_l14_two_writers_at_once_both_finish_and_make_one_log(folder):
    processes = [worker(folder, first, 15) for first in (0, 100)]
    answers = [acknowledged(process.communicate()[0]) for process in processes]
    assert [len(answer) for answer in answers] == [15, 15]
    assert sorted([*answers[0].values(), *answers[1].values()]) == list(range(2, 32))
    assert_sound(folder)


def test_a_reader_works_while_a_writer_writes(folder):
    process = worker(folder, 0, 10_000)
    process.stdout.readline()
    try:
        with api.open_ledger(folder) as reader:
            for _ in range(20):
                size = reader.size
                assert [entry.index for entry in reader.entries(end=size)] == list(range(size))
            assert_sound(folder)
    finally:
        process.kill()
        process.communicate()


@contextmanager
def largest_file(size):
    """No file of this process may grow beyond `size`: what a full disk looks like to SQLite."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_l15_a_failed_write_stops_the_ledger_and_leaves_nothing_half_recorded(folder):
    with api.open_ledger(folder, signer("log"), clock()) as ledger:
        ledger.append([note("before")])
        wal = (folder / "ledger.db-wal").stat().st_size
        with largest_file(wal + 5000), pytest.raises(EnvironmentLacksError) as caught:
            ledger.append([note(f"{number}" * 50) for number in range(50)])
        assert (caught.value.code, caught.value.exit_code) == ("LM-LED-004", 4)
        with pytest.raises(EnvironmentLacksError) as stopped:
            ledger.append([note("after")])
        assert stopped.value.code == "LM-LED-006"
        assert "a write to its disk failed" in stopped.value.reason
        # The lock is free at once: whoever opens it again reads what is really there.
        with api.open_ledger(folder, signer("log"), clock(), wait=0) as again:
            assert again.size == 3
            assert again.append([note("after")])[0].index == 3
    assert_sound(folder)


def test_a_blob_too_large_for_the_disk_is_not_stored(folder):
    with api.open_ledger(folder, signer("log"), clock()) as ledger:
        with largest_file(1000), pytest.raises(EnvironmentLacksError) as caught:
            ledger.blobs.put(b"x" * 5000)
        assert (caught.value.code, caught.value.exit_code) == ("LM-LED-004", 4)
        assert list(ledger.blobs) == []
        digest = ledger.blobs.put(b"x" * 5000)
        assert ledger.append([note("one", blobs=(digest,))])[0].index == 2


class Unwilling:
    """A connection that cannot even roll back."""

    in_transaction = True

    def __init__(self, error):
        self.error = error

    def execute(self, statement):
        raise self.error

    def close(self):
        pass


@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR, None], ids=["input/output error", "no code"])
def test_a_rollback_that_fails_stops_the_ledger(folder, code):
    error = sqlite3.OperationalError("disk I/O error")
    if code is not None:
        error.sqlite_errorcode = code
    with api.open_ledger(folder, signer("log"), clock()) as ledger:
        tables = ledger._appender._sequencer._tables
        tables._connection.close()
        tables._connection = Unwilling(error)
        with pytest.raises(Exception, match="disk I/O error"):
            ledger.append([note("one")])
        for ask in (lambda: ledger.size, lambda: ledger.append([note("one")])):
            with pytest.raises(EnvironmentLacksError) as caught:
                ask()
            assert caught.value.code == "LM-LED-006"


def can(*command):
    return shutil.which(command[0]) is not None and subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_is_exit_4_and_the_log_goes_on_when_there_is_room(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if not can("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)):
        pytest.skip("this environment does not allow a small tmpfs to be mounted")
    try:
        folder = disk / "ledger"
        with api.create_ledger(folder, ORIGIN, signer("log"), clock()) as ledger:
            ledger.append(founding())
            recorded = []

            def fill_with_blobs():
                for number in range(10_000):
                    blob = ledger.blobs.put(f"{number}".encode() * 4000)
                    recorded.append(ledger.append([note(f"{number}", slot=f"full-{number}", blobs=(blob,))])[0])

            def fill_with_entries():
                recorded.extend(ledger.append([note(f"small {number} " * 100)])[0] for number in range(10_000))

            for fill in (fill_with_blobs, fill_with_entries):
                with pytest.raises(EnvironmentLacksError) as caught:
                    fill()
                assert (caught.value.code, caught.value.exit_code) == ("LM-LED-004", 4)
            assert recorded
        process = worker(folder, 0, 50)
        output, _ = process.communicate()
        assert (process.returncode, output.split()[-1]) == (4, "LM-LED-004")
        report = assert_sound(folder)
        assert report.size >= 2 + len(recorded)
        subprocess.run(["mount", "-o", "remount,size=16m", str(disk)], check=True)
        with api.open_ledger(folder, signer("log"), clock()) as ledger:
            assert [ledger.receipt(receipt.index) for receipt in recorded] == recorded
            assert ledger.append([note("room again")])[0].index == report.size
        assert_sound(folder)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


STRACE = shutil.which("strace")


@pytest.mark.skipif(STRACE is None, reason="strace is not installed")
@pytest.mark.parametrize("call", ["fsync,fdatasync", "pwrite64"], ids=["fsync fails", "write fails"])
@pytest.mark.parametrize("when", [1, 4, 9])
def test_l15_a_failed_system_call_is_never_acknowledged(folder, tmp_path, call, when):
    inject = f"inject={call}:error=EIO:when={when}"
    process = worker(folder, 0, 5, STRACE, "-f", "-o", str(tmp_path / "trace"), "-e", f"trace={call}", "-e", inject)
    output, errors = process.communicate()
    if "ptrace" in errors and "not permitted" in errors:
        pytest.skip("this environment does not allow strace to trace")
    if "INJECTED" not in (tmp_path / "trace").read_text():
        pytest.skip(f"fewer than {when} calls of {call} were made")
    report = assert_sound(folder)
    answers = acknowledged(output)
    assert report.size >= 2 + len(answers)
    if process.returncode == 0:
        assert len(answers) == 5  # the failed call was not one that durability rests on
    else:
        assert (process.returncode, output.split()[-1]) == (4, "LM-LED-004")
    with api.open_ledger(folder, signer("log"), clock()) as ledger:
        for number, index in answers.items():
            assert ledger.find_slot(f"slot-{number}").index == index
    again, _ = worker(folder, 0, 5).communicate()
    assert sorted(acknowledged(again)) == [0, 1, 2, 3, 4]
    assert assert_sound(folder).size == 7
