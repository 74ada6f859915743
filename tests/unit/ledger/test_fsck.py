"""fsck on sound and on broken ledgers; L.. are the entries of the attack catalogue."""

import shutil
import sqlite3

import pytest

from fakes.keyring import signer
from fakes.ledger import ORIGIN, REGISTRY, clock, founding, note, note_envelope, policy
from lotmark.attest.models import PredicateKind, Registry, TrustPolicy, lotmark_uri
from lotmark.attest.predicates import KINDS
from lotmark.base.digest import Digest
from lotmark.base.errors import IntegrityError, NothingToJudgeError
from lotmark.base.findings import Severity
from lotmark.ledger import api
from lotmark.ledger._database import translate
from lotmark.ledger.models import Submission
from lotmark.tlog import api as tlog

pytestmark = pytest.mark.verifies("REQ-007", "RC-003", "HAZ-001")


def test_a_sound_ledger_has_no_findings(vandal):
    report = vandal.fsck()
    assert (report.findings, report.is_sound) == ((), True)
    assert (report.size, report.entries, report.blobs) == (7, 7, 2)
    with api.open_ledger(vandal.folder) as ledger:
        assert report.root == api.verify_log_checkpoint(ledger.checkpoint(), [policy().log_key]).root
        assert api.fsck(ledger, policy(), REGISTRY) == report


def test_an_empty_ledger_is_sound(tmp_path):
    api.create_ledger(tmp_path, ORIGIN, signer("log"), clock(hours=1)).close()
    report = api.fsck(tmp_path, policy(), REGISTRY)
    assert (report.is_sound, report.size, report.root) == (True, 0, tlog.EMPTY_ROOT)


def test_no_ledger_is_nothing_to_judge(tmp_path):
    with pytest.raises(NothingToJudgeError):
        api.fsck(tmp_path, policy(), REGISTRY)


def test_fsck_runs_while_a_writer_is_open_and_leaves_the_file_alone(vandal):
    with api.open_ledger(vandal.folder, signer("log"), clock(hours=1)) as writer:
        writer.append([note("seven")])
        before = vandal.database.read_bytes()
        assert vandal.fsck().size == 8
        assert vandal.database.read_bytes() == before


@pytest.mark.parametrize("index", [0, 3, 6], ids=["first", "middle", "last"])
def test_l01_an_edited_header_is_a_leaf_mismatch_naming_the_index(vandal, index):
    vandal.run(("UPDATE entry SET header = replace(header, '2026', '2025') WHERE idx = ?", index))
    report = vandal.fsck()
    assert [(finding.code, finding.subject) for finding in report.findings] == [("LM-LED-101", f"entry {index}")]
    assert "LEAF_MISMATCH" in report.findings[0].message
    assert f"entry {index}" in report.findings[0].message
    assert not report.is_sound
    with pytest.raises(Exception) as caught, api.open_ledger(vandal.folder) as ledger:
        list(ledger.entries())
    assert caught.value.code == "LM-LED-101"


def test_l01_an_edited_envelope_is_named_with_its_index(vandal):
    vandal.run("UPDATE body SET envelope = CAST(substr(envelope, 1, 40) || 'A' || substr(envelope, 42) AS BLOB) WHERE idx = 3")
    assert vandal.found() == [("LM-LED-107", "entry 3")]
    with api.open_ledger(vandal.folder) as ledger, pytest.raises(Exception) as caught:
        ledger.envelope(3)
    assert caught.value.code == "LM-LED-107"


def test_an_envelope_of_another_length_is_named(vandal):
    vandal.run("UPDATE body SET envelope = CAST(envelope || ' ' AS BLOB) WHERE idx = 3")
    assert vandal.found() == [("LM-LED-107", "entry 3")]


def test_a_removed_envelope_is_named(vandal):
    vandal.run("DELETE FROM body WHERE idx = 5")
    assert vandal.found() == [("LM-LED-106", "entry 5")]
    with api.open_ledger(vandal.folder) as ledger, pytest.raises(Exception) as caught:
        ledger.envelope(5)
    assert caught.value.code == "LM-LED-106"


def changed_leaf(vandal, index):
    header = vandal.value("SELECT header FROM entry WHERE idx = ?", index).replace("2026", "2025")
    nodes = vandal.value("SELECT nodes FROM entry WHERE idx = ?", index)
    return "UPDATE entry SET header = ?, nodes = ? WHERE idx = ?", header, tlog.leaf_hash(header.encode()) + nodes[32:], index


def test_l02_an_edited_entry_with_its_leaf_hash_is_a_root_mismatch(vandal):
    vandal.run(changed_leaf(vandal, 2))
    assert ("LM-LED-102", "entry 2") in vandal.found()
    vandal.run(changed_leaf(vandal, 6))
    assert vandal.open_error() == "LM-LED-102"


def rebuilt(vandal, start=0):
    """Statements that make every tree node from `start` on follow from the headers: what a careful vandal does."""
    frontier, statements = tlog.Frontier(), []
    for index in range(vandal.value("SELECT count(*) FROM entry")):
        nodes = b"".join(frontier.append(tlog.leaf_hash(vandal.value("SELECT header FROM entry WHERE idx = ?", index).encode())))
        if index >= start:
            statements.append(("UPDATE entry SET nodes = ? WHERE idx = ?", nodes, index))
    return statements


def test_l02_an_edited_entry_with_the_whole_tree_rebuilt_is_a_root_mismatch(vandal):
    vandal.run(changed_leaf(vandal, 2))
    vandal.run(*rebuilt(vandal))
    assert vandal.found() == [("LM-LED-102", "entry 2")]
    assert "ROOT_MISMATCH" in vandal.fsck().findings[0].message
    assert vandal.open_error() == "LM-LED-102"


def test_a_changed_tree_node_is_named(vandal):
    nodes = vandal.value("SELECT nodes FROM entry WHERE idx = 1")
    vandal.run(("UPDATE entry SET nodes = ? WHERE idx = 1", nodes[:32] + bytes(32)))
    assert vandal.found() == [("LM-LED-112", "entry 1")]


@pytest.mark.parametrize("index", [0, 3, 5], ids=["first", "middle", "near the end"])
def test_l03_a_deleted_entry_is_a_gap_naming_the_index(vandal, index):
    vandal.run(("DELETE FROM entry_blob WHERE idx = ?", index), ("DELETE FROM body WHERE idx = ?", index), ("DELETE FROM entry WHERE idx = ?", index))
    report = vandal.fsck()
    gaps = [finding for finding in report.findings if finding.code == "LM-LED-103"]
    assert [finding.subject for finding in gaps] == [f"entry {index}"]
    assert "GAP" in gaps[0].message
    assert report.entries == 6


def test_l03_a_reader_that_meets_a_gap_stops_there(vandal):
    vandal.run("DELETE FROM body WHERE idx = 4", "DELETE FROM entry_blob WHERE idx = 4", "DELETE FROM entry WHERE idx = 4")
    with api.open_ledger(vandal.folder) as ledger:
        for ask in (lambda: list(ledger.entries()), lambda: ledger.entry(4)):
            with pytest.raises(Exception) as caught:
                ask()
            assert (caught.value.code, caught.value.where) == ("LM-LED-103", "entry 4")


def test_l03_a_gap_at_the_end_of_a_range_is_seen(vandal):
    with api.open_ledger(vandal.folder) as ledger:
        vandal.run("DELETE FROM body WHERE idx = 6", "DELETE FROM entry WHERE idx = 6")
        with pytest.raises(Exception) as caught:
            list(ledger.entries())
        assert (caught.value.code, caught.value.where) == ("LM-LED-103", "entry 6")


def test_l04_a_deleted_entry_with_the_rest_renumbered_is_a_size_mismatch(vandal):
    vandal.run("DELETE FROM body WHERE idx = 2", "DELETE FROM entry WHERE idx = 2")
    vandal.run(*(f"UPDATE {table} SET idx = idx - 1 WHERE idx = {index}" for index in range(3, 7) for table in ("entry", "body", "entry_blob")))
    codes = [code for code, _ in vandal.found()]
    assert "LM-LED-104" in codes
    assert "LM-LED-103" not in codes
    assert vandal.open_error() == "LM-LED-104"
    vandal.run(*rebuilt(vandal), "UPDATE head SET size = 6")
    assert {code for code, _ in vandal.found()} >= {"LM-LED-104"}


def test_l05_two_swapped_entries_are_a_root_mismatch(vandal):
    swap = ("UPDATE {0} SET idx = -1 WHERE idx = 2", "UPDATE {0} SET idx = 2 WHERE idx = 5", "UPDATE {0} SET idx = 5 WHERE idx = -1")
    vandal.run(*(statement.format(table) for table in ("entry", "body") for statement in swap))
    assert "LM-LED-112" in {code for code, _ in vandal.found()}
    vandal.run(*rebuilt(vandal))
    assert vandal.found() == [("LM-LED-102", "entry 2")]


def truncate(vandal, size):
    vandal.run(*(f"DELETE FROM {table} WHERE idx >= {size}" for table in ("entry_blob", "body", "entry")))


def test_l06_a_truncated_tail_is_a_size_mismatch_and_the_ledger_does_not_open(vandal):
    truncate(vandal, 5)
    report = vandal.fsck()
    assert [(finding.code, finding.subject) for finding in report.findings] == [("LM-LED-104", "entry 5")]
    assert "SIZE_MISMATCH" in report.findings[0].message
    assert vandal.open_error() == "LM-LED-104"


def test_a_row_beyond_the_checkpoint_is_a_size_mismatch(vandal):
    header = vandal.value("SELECT header FROM entry WHERE idx = 6").replace("2026", "2025").replace('"payload":"', '"payload":"A')[:-1] + "}"
    vandal.run(("INSERT INTO entry (idx, header, nodes) VALUES (7, ?, zeroblob(32))", header))
    assert ("LM-LED-104", "entry 7") in vandal.found()
    assert vandal.open_error() == "LM-LED-104"


def rollback(vandal, size):
    truncate(vandal, size)
    vandal.run(f"UPDATE head SET size = {size}", f"DELETE FROM checkpoint WHERE size > {size}")


def newest(folder):
    with api.open_ledger(folder) as ledger:
        return ledger.checkpoint()


def test_l07_a_rollback_to_an_older_valid_checkpoint_is_seen_by_who_kept_a_newer_one(vandal):
    kept = newest(vandal.folder)
    rollback(vandal, 4)
    assert vandal.fsck().is_sound  # nothing inside can show it
    report = vandal.fsck(seen=[kept])
    assert [(finding.code, finding.subject) for finding in report.findings] == [("LM-LED-115", "entry 4")]
    assert "ROLLBACK" in report.findings[0].message


def test_an_older_checkpoint_that_the_log_continues_is_no_finding(vandal):
    with api.open_ledger(vandal.folder) as ledger:
        seen = [ledger.checkpoint(size) for size in (0, 2, 4, 7)]
    report = vandal.fsck(seen=seen)
    assert (report.is_sound, report.seen, vandal.fsck().seen) == (True, 4, 0)


@pytest.mark.parametrize("case", ["rewritten", "inserted in the past"])
def test_l08_l09_a_history_signed_again_with_the_stolen_log_key_is_a_fork(vandal, tmp_path, case):
    kept = newest(vandal.folder)
    batches = {
        "rewritten": [*founding(), *map(note, "abcde")],
        "inserted in the past": [*founding(), note("inserted"), *map(note, ["two", "three", "four", "five"])],
    }
    with api.create_ledger(tmp_path / "other", ORIGIN, signer("log"), clock(hours=1)) as other:
        other.append(batches[case])
    assert api.fsck(tmp_path / "other", policy(), REGISTRY).is_sound
    report = api.fsck(tmp_path / "other", policy(), REGISTRY, seen=[kept])
    assert [finding.code for finding in report.findings] == ["LM-LED-116"]
    assert "FORK" in report.findings[0].message


def test_l12_yesterdays_backup_appended_to_is_a_fork_for_who_kept_todays_checkpoint(vandal, tmp_path):
    shutil.copytree(vandal.folder, tmp_path / "backup")
    with api.open_ledger(vandal.folder, signer("log"), clock(hours=1)) as ledger:
        ledger.append([note("today")])
        kept = ledger.checkpoint()
    with api.open_ledger(tmp_path / "backup", signer("log"), clock(hours=1)) as restored:
        restored.append([note("another today")])
    assert [finding.code for finding in api.fsck(tmp_path / "backup", policy(), REGISTRY, seen=[kept]).findings] == ["LM-LED-116"]


def test_a_seen_checkpoint_that_is_not_the_logs_is_named(vandal):
    finding = vandal.fsck(seen=[b"nonsense"]).findings[0]
    assert (finding.code, "seen checkpoint 1" in finding.message) == ("LM-LED-111", True)


def test_l13_a_database_beside_a_foreign_write_ahead_log_is_never_taken_for_sound(vandal, tmp_path):
    with api.open_ledger(vandal.folder, signer("log"), clock(hours=1)) as ledger:
        ledger.append([note("in the write-ahead log")])
        foreign = (vandal.folder / "ledger.db-wal").read_bytes()
    assert foreign
    with api.create_ledger(tmp_path / "restored", ORIGIN, signer("log"), clock(hours=1)) as restored:
        restored.append([*founding(), note("restored")])
    (tmp_path / "restored" / "ledger.db-wal").write_bytes(foreign)
    report = api.fsck(tmp_path / "restored", policy(), REGISTRY)
    # SQLite either ignores the foreign frames (other salt) or takes them in; then the pages do not fit together.
    assert not report.is_sound or (report.size, report.entries) == (3, 3)


def test_l16_the_columns_that_queries_use_cannot_be_changed_apart_from_the_header(vandal):
    with pytest.raises(Exception, match="cannot UPDATE generated column"):
        vandal.run("UPDATE entry SET kind = 'other' WHERE idx = 3")


def test_l16_a_changed_definition_that_would_hide_entries_is_noticed(vandal):
    vandal.run("DROP INDEX entry_kind", "CREATE INDEX entry_kind ON entry (scope)")
    report = vandal.fsck()
    assert [finding.code for finding in report.findings] == ["LM-LED-114"]
    assert "entry_kind" in report.findings[0].message
    assert vandal.open_error() == "LM-LED-114"


def test_l16_an_index_that_does_not_fit_its_table_is_noticed(vandal):
    vandal.run(
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'entry_slot') WHERE name = 'entry_kind'",
    )
    assert "LM-LED-114" in {code for code, _ in vandal.found()}


def test_a_header_that_is_no_header_is_named(vandal):
    header = '{"v":1}'
    nodes = tlog.leaf_hash(header.encode()) + vandal.value("SELECT nodes FROM entry WHERE idx = 6")[32:]
    vandal.run(("UPDATE entry SET header = ?, nodes = ? WHERE idx = 6", header, nodes))
    report = vandal.fsck()
    assert {("LM-LED-105", "entry 6"), ("LM-LED-102", "entry 4")} == {(finding.code, finding.subject) for finding in report.findings}
    assert any("entry 6: HEADER_MALFORMED" in finding.message for finding in report.findings)


def blob_path(folder, data):
    digest = Digest.of(data)
    return folder / "blobs" / "sha256" / digest.hex[:2] / digest.hex


def test_a_missing_blob_is_named_with_the_record_that_needs_it(vandal):
    blob_path(vandal.folder, b"first blob").unlink()
    report = vandal.fsck()
    assert [(finding.code, finding.subject) for finding in report.findings] == [("LM-LED-108", "entry 4")]
    assert "BLOB_MISSING" in report.findings[0].message
    assert "entry 4 (note) needs it" in report.findings[0].message


def test_a_changed_blob_is_named_for_each_record_that_needs_it(vandal):
    with api.open_ledger(vandal.folder, signer("log"), clock(hours=1)) as ledger:
        ledger.append([note("seven", blobs=(Digest.of(b"second blob"),))])
    path = blob_path(vandal.folder, b"second blob")
    path.chmod(0o644)
    path.write_bytes(b"other bytes")
    assert vandal.found() == [("LM-LED-109", "entry 4"), ("LM-LED-109", "entry 7")]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM entry_blob WHERE idx = 4",
        "DELETE FROM entry_blob WHERE digest = (SELECT min(digest) FROM entry_blob)",
        "INSERT INTO entry_blob VALUES (3, zeroblob(32))",
        "INSERT INTO entry_blob VALUES (4, zeroblob(31))",
    ],
    ids=["all forgotten", "one forgotten", "one added to another entry", "one of the wrong length added"],
)
def test_a_changed_list_of_blobs_is_named(vandal, statement):
    vandal.run(statement)
    ((code, subject),) = vandal.found()
    assert (code, subject) == ("LM-LED-110", "entry 3" if "(3," in statement else "entry 4")
    with api.open_ledger(vandal.folder) as ledger, pytest.raises(Exception) as caught:
        ledger.entry_blobs(int(subject[-1]))
    assert caught.value.code == "LM-LED-110"


def test_a_checkpoint_signed_by_another_key_is_not_trusted(vandal):
    stranger = policy(signer("stranger"))
    report = api.fsck(vandal.folder, stranger, REGISTRY)
    assert {finding.code for finding in report.findings} == {"LM-LED-111", "LM-LED-104"}
    assert "NOTE_UNVERIFIED" in report.findings[0].message


def test_a_ledger_of_another_origin_is_not_the_one_that_is_trusted(vandal):
    other = api.fsck(vandal.folder, policy(origin="example.org/other"), REGISTRY)
    assert {finding.code for finding in other.findings} == {"LM-LED-111", "LM-LED-104"}
    assert any("call itself" in finding.message for finding in other.findings)


def test_a_changed_checkpoint_is_named(vandal):
    vandal.run("UPDATE checkpoint SET note = CAST(replace(CAST(note AS TEXT), '7', '8') AS BLOB) WHERE size = 7")
    report = vandal.fsck()
    assert "checkpoint of size 7" in report.findings[0].message
    assert vandal.open_error() == "LM-LED-111"


def test_a_checkpoint_stored_under_another_size_is_named(vandal):
    vandal.run("UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = 2) WHERE size = 4")
    assert [finding.code for finding in vandal.fsck().findings] == ["LM-LED-111"]


def test_a_lost_head_is_named(vandal):
    vandal.run("DELETE FROM head")
    assert "LM-LED-104" in {code for code, _ in vandal.found()}
    assert vandal.open_error() == "LM-LED-111"


def test_a_ledger_without_any_good_checkpoint_is_not_sound(vandal):
    vandal.run("PRAGMA foreign_keys = OFF", "DELETE FROM checkpoint")
    report = vandal.fsck()
    assert [finding.code for finding in report.findings] == ["LM-LED-114", "LM-LED-104"]
    assert (report.size, report.entries) == (7, 7)


def test_an_envelope_that_belongs_to_no_entry_is_noticed(vandal):
    vandal.run("INSERT INTO body VALUES (99, x'7b7d')")
    report = vandal.fsck()
    assert [finding.code for finding in report.findings] == ["LM-LED-114"]
    assert "a row of body (99) belongs to no entry" in report.findings[0].message


def test_a_file_that_is_damaged_is_a_finding_not_a_crash(vandal):
    data = bytearray(vandal.database.read_bytes())
    data[4096:] = bytes(len(data) - 4096)
    vandal.database.write_bytes(data)
    assert {code for code, _ in vandal.found()} == {"LM-LED-114"}
    data[:100] = bytes(100)
    vandal.database.write_bytes(data)
    report = vandal.fsck()
    assert [finding.code for finding in report.findings] == ["LM-LED-114"]
    assert (report.size, report.root) == (0, tlog.EMPTY_ROOT)


def test_a_log_that_begins_with_a_stranger_is_one_finding(vandal):
    stranger = TrustPolicy(ORIGIN, policy().log_key, (signer("stranger").public_key,))
    report = api.fsck(vandal.folder, stranger, REGISTRY)
    assert [(finding.code, finding.subject) for finding in report.findings] == [("LM-ATT-040", "entry 0")]


def test_evidence_signed_by_a_key_that_does_not_count_is_named(vandal):
    with api.open_ledger(vandal.folder, signer("log"), clock(hours=1)) as ledger:
        ledger.append([note("seven", by="stranger"), note("eight", by="ada")])
    assert vandal.found() == [("LM-ATT-020", "entry 7"), ("LM-ATT-023", "entry 8")]


def test_a_key_event_that_contradicts_itself_is_named_and_the_rest_is_still_checked(vandal):
    with api.open_ledger(vandal.folder, signer("log"), clock(hours=1)) as ledger:
        again = founding()[1].envelope
        ledger.append([Submission(again, "key-event", "product:other"), note("eight", by="stranger")])
    assert vandal.found() == [("LM-ATT-041", "entry 7"), ("LM-ATT-020", "entry 8")]


def test_an_unknown_kind_is_noted_and_breaks_nothing(vandal):
    report = api.fsck(vandal.folder, policy(), Registry(KINDS))
    assert report.is_sound
    assert {(finding.code, finding.severity) for finding in report.findings} == {("LM-LED-120", Severity.INFO)}
    assert [finding.subject for finding in report.findings] == [f"entry {index}" for index in range(2, 7)]


def test_evidence_recorded_under_a_wrong_kind_is_named(vandal):
    other = PredicateKind(name="waiver", uri=lotmark_uri("waiver"), clause="none", retention="short", signers=frozenset({"pipeline"}))
    with api.open_ledger(vandal.folder, signer("log"), clock(hours=1)) as ledger:
        ledger.append([Submission(note_envelope("seven"), "waiver", "run:qpcr:RUN-0001")])
    report = api.fsck(vandal.folder, policy(), Registry((*REGISTRY, other)))
    assert [(finding.code, finding.subject) for finding in report.findings] == [("LM-ATT-017", "entry 7")]


@pytest.mark.parametrize(
    "table, column", [("entry", "header"), ("entry", "nodes"), ("body", "envelope"), ("checkpoint", "note"), ("entry_blob", "digest"), ("meta", "value")]
)
def test_a_changed_byte_in_any_stored_value_is_noticed(vandal, table, column):
    key = {"checkpoint": "size", "meta": "name"}.get(table, "idx")
    row = {"checkpoint": 4, "meta": "origin", "entry_blob": 4}.get(table, 3)
    old = vandal.value(f"SELECT {column} FROM {table} WHERE {key} = ?", row)
    for position in (0, len(old) // 2, len(old) - 1):
        new = old[:position] + (chr(ord(old[position]) ^ 1) if isinstance(old, str) else bytes([old[position] ^ 1])) + old[position + 1 :]
        try:
            vandal.run((f"UPDATE {table} SET {column} = ? WHERE {key} = ? AND {column} = ?", new, row, old))
        except sqlite3.OperationalError:
            assert column == "header"  # SQLite itself refuses a header that is no JSON
            continue
        assert not vandal.fsck().is_sound
        vandal.run((f"UPDATE {table} SET {column} = ? WHERE {key} = ? AND {column} = ?", old, row, new))
    assert vandal.fsck().is_sound


def test_a_text_that_is_no_utf8_any_more_is_told_and_not_a_fault_of_the_program(tmp_path):
    """SQLite gives out the bytes of a changed text unseen; the reader of Python stumbles over them."""
    with pytest.raises(IntegrityError) as caught, translate(tmp_path / "ledger.db"):
        b"origin \xd4".decode()
    assert (caught.value.code, "a text is not UTF-8" in caught.value.reason) == ("LM-LED-114", True)
