"""Making, opening, locking; and what SQLite's errors mean."""

import os
import shutil
import sqlite3
import stat
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from fakes.keyring import signer
from fakes.ledger import ORIGIN, clock, note, policy
from lotmark.base.errors import EnvironmentLacksError, IntegrityError, NothingToJudgeError, UsageError
from lotmark.ledger import _database, api
from lotmark.tlog import api as tlog

pytestmark = pytest.mark.verifies("REQ-005", "REQ-006", "RC-004", "HAZ-005")


def create(folder, **options):
    return api.create_ledger(folder, ORIGIN, signer("log"), clock(), **options)


def code_of(action):
    with pytest.raises(Exception) as caught:
        action()
    assert caught.value.solution
    return caught.value.code


def test_a_ledger_is_made_once(tmp_path):
    create(tmp_path / "new" / "ledger").close()
    with pytest.raises(UsageError) as caught:
        create(tmp_path / "new" / "ledger")
    assert caught.value.code == "LM-LED-002"


@pytest.mark.parametrize(
    "origin", ["", "two words", "a+b", "\N{LATIN SMALL LETTER U WITH DIAERESIS}", "o" * 256], ids=["empty", "space", "plus", "not ASCII", "too long"]
)
def test_an_origin_that_cannot_sign_is_refused_before_anything_is_made(tmp_path, origin):
    assert code_of(lambda: api.create_ledger(tmp_path / "ledger", origin, signer("log"))) == "LM-LED-015"
    assert not (tmp_path / "ledger").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    assert code_of(lambda: create(tmp_path / "file" / "ledger")) == "LM-LED-004"


def test_where_there_is_no_ledger_there_is_nothing_to_judge(tmp_path):
    for key in (None, signer("log")):
        with pytest.raises(NothingToJudgeError) as caught:
            api.open_ledger(tmp_path, key)
        assert caught.value.code == "LM-LED-001"
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_whose_making_was_interrupted_is_none_and_can_be_made(tmp_path):
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    assert code_of(lambda: api.open_ledger(tmp_path)) == "LM-LED-001"
    create(tmp_path).close()
    assert api.open_ledger(tmp_path).size == 0


def test_a_foreign_database_is_refused_and_left_as_it_was(tmp_path):
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as connection:
        connection.execute("CREATE TABLE mine (value)")
    before = (tmp_path / "ledger.db").read_bytes()
    for action in (lambda: api.open_ledger(tmp_path), lambda: api.open_ledger(tmp_path, signer("log"))):
        assert code_of(action) == "LM-LED-014"
    assert code_of(lambda: create(tmp_path)) == "LM-LED-002"
    assert (tmp_path / "ledger.db").read_bytes() == before


def test_a_file_that_is_no_database_is_corrupt(tmp_path):
    (tmp_path / "ledger.db").write_bytes(b"hello" * 1000)
    assert code_of(lambda: api.open_ledger(tmp_path)) == "LM-LED-114"


def test_the_clock_of_the_machine_is_taken_where_none_is_given(folder):
    with api.open_ledger(folder, signer("log")) as ledger:
        ledger.append([note("now")])
        assert ledger.entry(7).header.received_at.endswith("Z")


def test_a_ledger_goes_on_after_it_was_closed(folder):
    with api.open_ledger(folder, signer("log"), clock()) as ledger:
        old = api.verify_log_checkpoint(ledger.checkpoint(), [policy().log_key])
        (receipt,) = ledger.append([note("seven")])
        new = api.verify_log_checkpoint(ledger.checkpoint(), [policy().log_key])
        tlog.verify_consistency(7, 8, ledger.consistency_proof(7, 8), old.root, new.root)
    with api.open_ledger(folder, signer("log"), clock()) as ledger:
        assert ledger.append([note("seven")]) == (receipt,)


def test_another_log_key_is_refused(folder):
    with pytest.raises(EnvironmentLacksError) as caught:
        api.open_ledger(folder, signer("stranger"))
    assert caught.value.code == "LM-LED-011"
    api.open_ledger(folder, signer("log")).close()  # and the lock was let go


def test_a_checkpoint_that_the_log_key_did_not_sign_is_an_integrity_error(vandal):
    text = tlog.parse_note(api.open_ledger(vandal.folder).checkpoint())
    forged = tlog.format_note(type(text)(text.text, (type(text.signatures[0])(ORIGIN, text.signatures[0].key_hash, bytes(64)),)))
    vandal.run(("UPDATE checkpoint SET note = ? WHERE size = 7", forged))
    with pytest.raises(IntegrityError) as caught:
        api.open_ledger(vandal.folder, signer("log"))
    assert caught.value.code == "LM-LED-111"


def test_a_checkpoint_of_another_size_or_origin_does_not_open(vandal):
    vandal.run("UPDATE meta SET value = 'example.org/other'")
    assert vandal.open_error() == "LM-LED-111"
    vandal.run("DELETE FROM meta")
    assert vandal.open_error() == "LM-LED-111"


def test_missing_tree_nodes_do_not_open(vandal):
    nodes = vandal.value("SELECT nodes FROM entry WHERE idx = 5")
    vandal.run(("UPDATE entry SET nodes = ? WHERE idx = 5", nodes[:32]))
    assert vandal.open_error() == "LM-LED-112"
    vandal.run("DELETE FROM body WHERE idx = 5", "DELETE FROM entry WHERE idx = 5")
    assert vandal.open_error() == "LM-LED-103"


def test_a_changed_last_header_does_not_open(vandal):
    vandal.run("UPDATE entry SET header = replace(header, '2026', '2025') WHERE idx = 6")
    assert vandal.open_error() == "LM-LED-101"


def test_l12_a_ledger_that_does_not_continue_what_was_seen_does_not_open(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "backup")
    with api.open_ledger(folder, signer("log"), clock()) as ledger:
        early = ledger.checkpoint(2)
        ledger.append([note("today")])
        kept = ledger.checkpoint()
    for key in (None, signer("log")):
        api.open_ledger(folder, key, seen=[early, kept]).close()
        with pytest.raises(IntegrityError, match="ROLLBACK") as caught:
            api.open_ledger(tmp_path / "backup", key, seen=[early, kept])
        assert caught.value.code == "LM-LED-115"
    with api.open_ledger(tmp_path / "backup", signer("log"), clock()) as restored:
        restored.append([note("another today")])
    with pytest.raises(IntegrityError, match="FORK") as caught:
        api.open_ledger(tmp_path / "backup", seen=[kept])
    assert caught.value.code == "LM-LED-116"


def test_a_kept_checkpoint_that_is_none_or_of_another_log_is_refused(folder, tmp_path):
    with api.create_ledger(tmp_path / "other", "example.org/other", signer("log")) as other:
        for note_ in (b"nonsense", other.checkpoint()):
            assert code_of(lambda: api.open_ledger(folder, seen=[note_])) == "LM-LED-111"  # noqa: B023


def test_a_reader_writes_nothing_and_sees_what_a_writer_commits(folder):
    with api.open_ledger(folder, signer("log"), clock()) as writer, api.open_ledger(folder) as reader:
        assert (reader.size, reader.folder) == (7, folder)
        writer.append([note("seven")])
        assert reader.size == 8
        assert reader.checkpoint() == writer.checkpoint()
        for action in (lambda: reader.append([note("eight")]), lambda: reader.blobs.put(b"data")):
            assert code_of(action) == "LM-LED-009"
        assert writer.size == 8


def test_a_relative_folder_stays_the_same_when_the_process_moves(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(folder.parent)
    with api.open_ledger(Path(folder.name)) as ledger:
        monkeypatch.chdir("/")
        assert [blob for blob in ledger.blobs if ledger.blobs.get(blob)] == list(ledger.blobs)
        assert ledger.folder == folder


@contextmanager
def nobody():
    """An ordinary user, so that permissions count."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def shelf(folder):
    """A copy of the ledger that everybody may read and nobody may write."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        shelf = Path(name) / "shelf"
        shutil.copytree(folder, shelf)
        Path(name).chmod(0o755)
        for path in (shelf, *shelf.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        yield shelf
        for path in (shelf, *shelf.rglob("*")):
            path.chmod(stat.S_IRWXU)


def test_a_ledger_on_a_read_only_shelf_is_read(shelf):
    with nobody(), api.open_ledger(shelf) as ledger:
        assert [entry.index for entry in ledger.entries()] == list(range(7))


def test_a_ledger_on_a_read_only_shelf_cannot_be_written(shelf):
    (shelf / "ledger.lock").unlink()
    with nobody():
        assert code_of(lambda: api.open_ledger(shelf, signer("log"))) == "LM-LED-004"


def test_a_read_only_shelf_with_a_write_ahead_log_is_not_read_without_it(shelf):
    (shelf / "ledger.db-wal").write_bytes(b"")
    with nobody():
        assert code_of(lambda: api.open_ledger(shelf)) == "LM-LED-004"


def test_a_second_writer_waits_then_gives_up_naming_the_first(folder):
    with api.open_ledger(folder, signer("log")):
        with pytest.raises(EnvironmentLacksError) as caught:
            api.open_ledger(folder, signer("log"), wait=0.1)
        assert caught.value.code == "LM-LED-003"
        assert f"pid {os.getpid()}" in caught.value.reason
        (folder / "ledger.lock").write_text("")
        with pytest.raises(EnvironmentLacksError, match="pid unknown"):
            api.open_ledger(folder, signer("log"), wait=0)
    api.open_ledger(folder, signer("log"), wait=0).close()


def test_a_lock_file_that_cannot_be_written_is_named_and_let_go(folder, monkeypatch):
    def full(descriptor, data, offset):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    assert code_of(lambda: api.open_ledger(folder, signer("log"))) == "LM-LED-004"
    monkeypatch.undo()
    api.open_ledger(folder, signer("log"), wait=0).close()


def test_l14_a_second_writer_past_the_lock_fails_the_compare_and_swap(folder):
    with api.open_ledger(folder, signer("log"), clock()) as first:
        (folder / "ledger.lock").unlink()
        with api.open_ledger(folder, signer("log"), clock()) as second:
            second.append([note("by the second")])
            with pytest.raises(EnvironmentLacksError) as caught:
                first.append([note("by the first")])
            assert caught.value.code == "LM-LED-005"
            assert second.append([note("again by the second")])[0].index == 8
    with api.open_ledger(folder) as ledger:
        assert [entry.index for entry in ledger.entries()] == list(range(9))


def test_a_program_that_holds_the_database_is_named_as_such(folder):
    with api.open_ledger(folder, signer("log"), clock()) as ledger, closing(sqlite3.connect(folder / "ledger.db", isolation_level=None)) as other:
        ledger._appender._sequencer._tables._connection.execute("PRAGMA busy_timeout = 10")
        other.execute("BEGIN IMMEDIATE")
        assert code_of(lambda: ledger.append([note("seven")])) == "LM-LED-005"
        other.execute("ROLLBACK")
        assert ledger.append([note("seven")])[0].index == 7


def test_an_error_of_the_signer_leaves_nothing_behind(folder):
    class Broken:
        key_id, public_key = signer("log").key_id, signer("log").public_key

        def sign(self, data):
            raise EnvironmentLacksError("LM-ATT-038", "the token was pulled out")

    with api.open_ledger(folder, Broken(), clock()) as ledger:
        assert ledger.size == 7
        with pytest.raises(EnvironmentLacksError, match="pulled out"):
            ledger.append([note("seven")])
        assert (ledger.size, ledger.find_slot("seven")) == (7, None)
    with api.open_ledger(folder, signer("log"), clock()) as ledger:
        assert ledger.append([note("seven")])[0].index == 7


@pytest.mark.parametrize(
    "code, meant",
    [
        (sqlite3.SQLITE_FULL, "LM-LED-004"),
        (sqlite3.SQLITE_IOERR, "LM-LED-004"),
        (sqlite3.SQLITE_READONLY, "LM-LED-004"),
        (sqlite3.SQLITE_BUSY, "LM-LED-005"),
        (sqlite3.SQLITE_CORRUPT, "LM-LED-114"),
        (None, "LM-LED-114"),
    ],
)
def test_each_error_of_sqlite_has_a_meaning(code, meant):
    error = sqlite3.OperationalError("words")
    if code is not None:
        error.sqlite_errorcode = code
    assert _database.meaning(error, Path("ledger.db")).code == meant


def test_a_file_system_without_write_ahead_logs_is_refused():
    with closing(sqlite3.connect(":memory:")) as connection, pytest.raises(EnvironmentLacksError, match="journal mode memory"):
        _database._settle(connection, writable=True)


def test_every_code_in_the_sources_has_its_rule_and_every_rule_its_use():
    import re

    from lotmark.ledger.rules import RULES

    sources = Path(api.__file__).parent
    places = [
        *sources.glob("_*.py"),
        *(sources.parent / "bootstrap").glob("_*.py"),
        *(sources.parent / "integrations").glob("_*.py"),
    ]  # a port's codes are raised by who implements it
    used = {code for path in places for code in re.findall(r"LM-LED-\d{3}", path.read_text())}
    listed = [rule.code for rule in RULES]
    assert sorted(used) == sorted(set(listed)) == listed
    assert all(rule.title and rule.story and rule.cure for rule in RULES)
