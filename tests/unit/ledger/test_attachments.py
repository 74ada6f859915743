"""Cosignatures and time stamps beside the checkpoints of a ledger in SQLite: who may attach, and what fsck says of a change."""

import sqlite3
import stat

import pytest

from fakes.keyring import signer
from fakes.ledger import clock, note
from lotmark.base.errors import EnvironmentLacksError, IntegrityError
from lotmark.ledger import api
from lotmark.ledger.models import Attachment

pytestmark = pytest.mark.verifies("REQ-005", "RC-004")

COSIGNED = Attachment(7, "cosignature", "witness.example.org/w1", b"of seven")


@pytest.fixture
def cosigned(folder):
    with api.open_ledger(folder, attaching=True) as ledger:
        ledger.attach(7, "cosignature", "witness.example.org/w1", b"of seven")
    return folder


def test_whoever_has_no_log_key_may_attach_but_not_append(cosigned):
    with api.open_ledger(cosigned, attaching=True) as ledger:
        assert ledger.attachments(7) == (COSIGNED,)
        with pytest.raises(EnvironmentLacksError) as caught:
            ledger.append([note("eight")])
        assert caught.value.code == "LM-LED-009"


def test_a_ledger_opened_for_reading_attaches_nothing(folder):
    with api.open_ledger(folder) as ledger:
        with pytest.raises(EnvironmentLacksError) as caught:
            ledger.attach(7, "cosignature", "w", b"x")
        assert caught.value.code == "LM-LED-009"
        assert ledger.attachments(7) == ()


def test_one_may_attach_while_a_writer_holds_its_lock(folder):
    with api.open_ledger(folder, signer("log")) as writer, api.open_ledger(folder, attaching=True) as witness:
        writer.append([note("eight")])
        witness.attach(8, "cosignature", "w", b"x")
        writer.append([note("nine")])
        assert writer.attachments(8) == witness.attachments(8) == (Attachment(8, "cosignature", "w", b"x"),)


def test_a_writer_and_a_reader_see_what_was_attached(cosigned):
    with api.open_ledger(cosigned) as reader:
        assert reader.attachments(7) == (COSIGNED,)
    with api.open_ledger(cosigned, signer("log"), clock()) as writer:
        assert writer.attachments(7) == (COSIGNED,)
        writer.attach(7, "cosignature", "witness.example.org/w1", b"of seven")
        assert writer.attachments(7) == (COSIGNED,)


def test_attachments_of_a_sound_ledger_are_no_finding(cosigned, vandal):
    assert vandal.found() == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE attachment SET data = x'00'",
        "UPDATE attachment SET digest = zeroblob(32)",
        "UPDATE attachment SET kind = 'Cosignature'",
        "UPDATE attachment SET name = ''",
        "UPDATE attachment SET data = x''",
    ],
)
def test_a_changed_attachment_is_found(cosigned, vandal, change):
    vandal.run(change)
    (finding,) = vandal.fsck().findings
    assert (finding.code, "ATTACHMENT_MISMATCH" in finding.message, "size 7" in finding.message) == ("LM-LED-117", True, True)
    with api.open_ledger(cosigned) as ledger, pytest.raises(IntegrityError) as caught:
        ledger.attachments(7)
    assert caught.value.code == "LM-LED-117"


def test_an_attachment_to_a_checkpoint_that_is_not_there_is_found(cosigned, vandal):
    vandal.run("UPDATE attachment SET size = 6")
    assert "LM-LED-117" in {code for code, _ in vandal.found()}
    assert any("there is no checkpoint of size 6" in finding.message for finding in vandal.fsck().findings)


@pytest.mark.parametrize("statement", ["DELETE FROM attachment", "UPDATE attachment SET data = x'00'"])
def test_the_database_itself_refuses_to_change_an_attachment(cosigned, statement):
    with sqlite3.connect(cosigned / "ledger.db") as connection, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)


def test_a_folder_that_cannot_be_written_says_so(folder):
    database = folder / "ledger.db"
    with api.open_ledger(folder, attaching=True) as ledger:
        ledger.rows._connection.execute("PRAGMA query_only = ON")
        with pytest.raises(EnvironmentLacksError) as caught:
            ledger.attach(7, "cosignature", "w", b"x")
    assert caught.value.code == "LM-LED-004"
    assert database.stat().st_mode & stat.S_IWUSR


def test_a_failed_write_stops_the_ledger(folder):
    class Failing:
        def __init__(self, connection):
            self.connection = connection

        def execute(self, statement, *values):
            if statement.startswith("INSERT"):
                error = sqlite3.OperationalError("disk I/O error")
                error.sqlite_errorcode = sqlite3.SQLITE_IOERR
                raise error
            return self.connection.execute(statement, *values)

        def close(self):
            self.connection.close()

    with api.open_ledger(folder, attaching=True) as ledger:
        ledger.rows._connection = Failing(ledger.rows._connection)
        for code in ("LM-LED-004", "LM-LED-006"):
            with pytest.raises(EnvironmentLacksError) as caught:
                ledger.attach(7, "cosignature", "w", b"x")
            assert caught.value.code == code
