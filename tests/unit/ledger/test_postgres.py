"""A ledger in PostgreSQL beyond the contract: who may write, what fsck finds, what its errors mean, what a crash leaves."""

import threading
import time

import psycopg
import pytest
from psycopg import errors

from fakes.keyring import signer
from fakes.ledger import ORIGIN, REGISTRY, clock, founding, note, policy, serving
from lotmark.base.errors import EnvironmentLacksError, IntegrityError, NothingToJudgeError, RefusedError, UsageError
from lotmark.ledger import _inbox, _postgres, api
from lotmark.ledger._inbox_wire import decode_batch, decode_outcome, encode_batch, encode_outcome
from lotmark.ledger._open import folder_blobs

pytestmark = pytest.mark.verifies("REQ-005", "REQ-006", "REQ-070", "RC-004")


@pytest.fixture
def blobs(tmp_path):
    return folder_blobs(tmp_path)


@pytest.fixture
def url(postgres, blobs):
    """A sound ledger of seven entries, closed; entry 4 needs two blobs."""
    where = postgres.database()
    with api.create_ledger(where, ORIGIN, signer("log"), clock(), blobs=blobs) as ledger:
        ledger.append(founding())
        ledger.append([note("two"), note("three", slot="qpcr:RUN-0001/unit/1#note")])
        ledger.append([note("four", blobs=tuple(ledger.blobs.put(data) for data in (b"first", b"second"))), note("five"), note("six")])
    return where


def writer(url, blobs, **options):
    return api.open_ledger(url, signer("log"), clock(hours=1), blobs=blobs, **options)


def change(url, *statements):
    """Somebody with all rights, past the triggers."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role TO replica")
        connection.execute("SET search_path TO lotmark")
        for statement in statements:
            text, *values = (statement,) if isinstance(statement, str) else statement
            connection.execute(text, values)


def found(url, blobs):
    return [(finding.code, finding.subject) for finding in api.fsck(url, policy(), REGISTRY, blobs=blobs).findings]


def test_a_sound_ledger_is_sound_and_is_made_once(url, blobs):
    assert found(url, blobs) == []
    with pytest.raises(UsageError) as caught:
        api.create_ledger(url, ORIGIN, signer("log"), blobs=blobs)
    assert caught.value.code == "LM-LED-002"


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE entry SET header = replace(header, '2026', '2025') WHERE idx = 3", "LM-LED-101"),
        ("DELETE FROM entry WHERE idx = 3", "LM-LED-103"),
        ("DELETE FROM entry WHERE idx = 6", "LM-LED-104"),
        ("DELETE FROM body WHERE idx = 3", "LM-LED-106"),
        ("UPDATE body SET envelope = envelope || 'x' WHERE idx = 3", "LM-LED-107"),
        ("DELETE FROM entry_blob WHERE idx = 4", "LM-LED-110"),
        ("UPDATE checkpoint SET note = note || 'x' WHERE size = 4", "LM-LED-111"),
        ("UPDATE entry SET nodes = nodes || nodes WHERE idx = 2", "LM-LED-112"),
        ("UPDATE entry SET idx = 99 - idx WHERE idx IN (49, 50)", None),
        ("INSERT INTO body VALUES (77, 'x')", "LM-LED-114"),
        ("INSERT INTO entry_blob VALUES (77, 'x')", "LM-LED-114"),
        ("ALTER TABLE entry DISABLE TRIGGER entry_stays", "LM-LED-114"),
        ("DROP TRIGGER attachment_whole ON attachment", "LM-LED-114"),
        ("ALTER TABLE entry ADD COLUMN extra TEXT", "LM-LED-114"),
        ("INSERT INTO attachment VALUES (4, 'cosignature', 'w', 'digest', 'data')", "LM-LED-117"),
    ],
)
def test_fsck_names_what_is_broken(url, blobs, statement, code):
    change(url, statement)
    codes = {code for code, _ in found(url, blobs)}
    assert (code in codes) if code else codes == set()


@pytest.mark.parametrize("statement", ["UPDATE entry SET nodes = nodes", "DELETE FROM checkpoint", "TRUNCATE entry", "DELETE FROM entry"])
def test_the_database_itself_refuses_changes(url, statement):
    with psycopg.connect(url, autocommit=True, options="-c search_path=lotmark") as connection, pytest.raises(errors.RaiseException, match="append-only"):
        connection.execute(statement)


def test_where_nothing_is_there_is_nothing_to_judge(postgres, blobs):
    empty = postgres.database()
    for options in ({}, {"submitting": True}):
        with pytest.raises(NothingToJudgeError) as caught:
            api.open_ledger(empty, blobs=blobs, **options)
        assert caught.value.code == "LM-LED-001"
    with pytest.raises(NothingToJudgeError):
        writer(empty, blobs)


def test_another_format_is_refused(url, blobs):
    change(url, "UPDATE meta SET value = '99' WHERE name = 'format'")
    with pytest.raises(UsageError) as caught:
        api.open_ledger(url, blobs=blobs)
    assert caught.value.code == "LM-LED-014"


def test_a_server_that_is_away_is_named_without_its_password(blobs):
    with pytest.raises(EnvironmentLacksError) as caught:
        api.open_ledger("postgresql://ada:secret@127.0.0.1:9/lotmark", blobs=blobs)
    assert caught.value.code == "LM-LED-020"
    assert "secret" not in f"{caught.value.reason} {caught.value.where} {caught.value.solution}"


def test_another_log_key_and_a_rolled_back_log_do_not_open(url, blobs):
    with pytest.raises(EnvironmentLacksError) as caught:
        api.open_ledger(url, signer("stranger"), blobs=blobs)
    assert caught.value.code == "LM-LED-011"
    with writer(url, blobs) as ledger:
        ledger.append([note("seven")])
        kept = ledger.checkpoint()
    change(
        url,
        "DELETE FROM head",
        "DELETE FROM body WHERE idx = 7",
        "DELETE FROM entry WHERE idx = 7",
        "DELETE FROM checkpoint WHERE size = 8",
        "INSERT INTO head VALUES (1, 7)",
    )
    with pytest.raises(IntegrityError, match="ROLLBACK"):
        api.open_ledger(url, seen=[kept], blobs=blobs)


def test_a_server_that_does_not_sync_is_refused(url, blobs):
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET full_page_writes = off")
        connection.execute("SELECT pg_reload_conf()")
        try:
            time.sleep(0.5)
            with pytest.raises(EnvironmentLacksError, match="full_page_writes is off"):
                writer(url, blobs)
        finally:
            connection.execute("ALTER SYSTEM RESET full_page_writes")
            connection.execute("SELECT pg_reload_conf()")
            time.sleep(0.5)


def test_a_second_sequencer_waits_then_gives_up_naming_the_first(url, blobs):
    with writer(url, blobs):
        with pytest.raises(EnvironmentLacksError, match="lotmark sequencer") as caught:
            writer(url, blobs, wait=0.1)
        assert caught.value.code == "LM-LED-003"
    writer(url, blobs, wait=5).close()


@pytest.mark.attack("L14")
def test_l14_a_sequencer_past_the_lock_fails_the_compare_and_swap(url, blobs, monkeypatch):
    with writer(url, blobs) as first:
        monkeypatch.setattr(_postgres, "LOCK", 1)
        monkeypatch.setattr("lotmark.ledger._postgres_open.LOCK", 1)
        with writer(url, blobs) as second:
            second.append([note("by the second")])
            with pytest.raises(EnvironmentLacksError) as caught:
                first.append([note("by the first")])
            assert caught.value.code == "LM-LED-005"
            assert second.append([note("again by the second")])[0].index == 8
    assert found(url, blobs) == []


def test_a_connection_that_is_lost_stops_the_sequencer_and_the_reader_comes_back(url, blobs, postgres):
    with writer(url, blobs) as ledger, api.open_ledger(url, blobs=blobs) as reader:
        ledger.append([note("seven")])
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'lotmark %'")
        time.sleep(0.2)
        with pytest.raises(EnvironmentLacksError):
            ledger.append([note("eight")])
        with pytest.raises(EnvironmentLacksError) as caught:
            ledger.append([note("nine")])
        assert caught.value.code == "LM-LED-006"
        with pytest.raises(EnvironmentLacksError):
            reader.size  # noqa: B018 - this one finds the connection lost
        assert reader.size in {8, 9}
    with writer(url, blobs, wait=5) as again:
        assert again.append([note("seven")])[0].index == 7


def test_a_reader_and_a_ledger_in_sqlite_serve_nobody(url, blobs, tmp_path):
    with api.open_ledger(url, blobs=blobs) as reader, api.create_ledger(tmp_path / "own", ORIGIN, signer("log")) as own:
        for ledger in (reader, own):
            with pytest.raises(UsageError) as caught:
                ledger.serve(threading.Event())
            assert caught.value.code == "LM-LED-022"
        with pytest.raises(EnvironmentLacksError) as lacks:
            reader.append([note("one")])
        assert lacks.value.code == "LM-LED-009"
        with pytest.raises(EnvironmentLacksError) as lacks:
            reader.attach(7, "cosignature", "w", b"x")
        assert lacks.value.code == "LM-LED-009"


def test_without_a_sequencer_a_client_gives_up_and_leaves_nothing(url, blobs):
    with api.open_ledger(url, submitting=True, wait=0.4, blobs=blobs) as client:
        with pytest.raises(EnvironmentLacksError) as caught:
            client.append([note("alone")])
        assert (caught.value.code, "log sequence" in caught.value.solution) == ("LM-LED-021", True)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM lotmark.inbox").fetchone() == (0,)


def test_errors_travel_back_to_the_client_with_code_and_cure(url, blobs):
    with writer(url, blobs) as ledger, serving(ledger), api.open_ledger(url, submitting=True, wait=20, blobs=blobs) as client:
        with pytest.raises(RefusedError) as caught:
            client.append([note("x", slot="qpcr:RUN-0001/unit/1#note", scope="run:qpcr:RUN-0002")])
        assert (caught.value.code, caught.value.solution) == ("LM-LED-012", "use another slot")
        assert client.append([note("seven")])[0].index == 7


def test_rubbish_in_the_inbox_is_answered_and_hinders_nobody(url, blobs):
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO lotmark.inbox (batch) VALUES ('rubbish'), (%s)", (encode_batch([note("good")]),))
        with writer(url, blobs) as ledger, serving(ledger):
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline and connection.execute("SELECT count(*) FROM lotmark.inbox").fetchone() != (0,):
                time.sleep(0.05)
        outcomes = [decode_outcome(row[0]) for row in connection.execute("SELECT outcome FROM lotmark.answer ORDER BY id").fetchall()]
    assert (outcomes[0][1].code, outcomes[1][0][0].index) == ("LM-LED-007", 7)


def test_a_client_submits_again_when_the_inbox_was_emptied(url, blobs, monkeypatch):
    monkeypatch.setattr(_inbox, "_LOOK", 0.05)
    with api.open_ledger(url, submitting=True, wait=20, blobs=blobs) as client:
        results = []
        thread = threading.Thread(target=lambda: results.append(client.append([note("seven")])))
        thread.start()
        with psycopg.connect(url, autocommit=True) as connection:
            while connection.execute("SELECT count(*) FROM lotmark.inbox").fetchone() == (0,):
                time.sleep(0.01)
            connection.execute("DELETE FROM lotmark.inbox")
        with writer(url, blobs) as ledger, serving(ledger):
            thread.join(20)
        assert results[0][0].index == 7


def test_what_travels_comes_out_as_it_went_in():
    submissions = [note("one"), note("two", slot="s")]
    assert decode_batch(encode_batch(submissions)) == submissions
    error = EnvironmentLacksError("LM-LED-004", "full", where="disk", solution="free it")
    receipts, told = decode_outcome(encode_outcome((), error))
    assert (receipts, type(told), told.code, told.reason, told.where, told.solution) == ((), EnvironmentLacksError, "LM-LED-004", "full", "disk", "free it")
    assert decode_outcome(encode_outcome((), ValueError("odd")))[1].code == "LM-LED-006"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UndefinedTable(), "LM-LED-001"),
        (errors.LockNotAvailable(), "LM-LED-005"),
        (errors.AdminShutdown(), "LM-LED-020"),
        (psycopg.OperationalError("the connection is closed"), "LM-LED-020"),
        (errors.DiskFull(), "LM-LED-004"),
        (errors.InsufficientPrivilege(), "LM-LED-004"),
        (errors.ReadOnlySqlTransaction(), "LM-LED-004"),
        (errors.DataCorrupted(), "LM-LED-114"),
        (errors.UniqueViolation(), "LM-LED-114"),
    ],
)
def test_each_error_of_postgresql_has_a_meaning(error, code):
    assert _postgres.meaning(error, "db").code == code
