"""Bodies and blobs that go by an order: headers and proofs stay, fsck tells expired from missing."""

import os
import sqlite3
import stat

import pytest

from fakes.keyring import signer
from fakes.ledger import ORIGIN, REGISTRY, MemoryLedger, clock, founding, note, policy
from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError, IntegrityError, NothingToJudgeError, UsageError
from lotmark.ledger import api
from lotmark.ledger._blobs import BlobFolder

pytestmark = pytest.mark.verifies("REQ-090", "RC-090", "REQ-095", "RC-093", "HAZ-090")


@pytest.fixture(params=["sqlite", "memory", "postgres"])
def ledger(request, tmp_path):
    if request.param == "postgres":
        made = api.create_ledger(request.getfixturevalue("postgres").database(), ORIGIN, signer("log"), clock(), blobs=api.folder_blobs(tmp_path))
    else:
        made = api.create_ledger(tmp_path / "ledger", ORIGIN, signer("log"), clock()) if request.param == "sqlite" else MemoryLedger()
    with made:
        yield made


def test_a_body_goes_and_its_header_proof_and_blob_list_stay(ledger):
    blob = ledger.blobs.put(b"results")
    ledger.append([*founding(), note("one", blobs=(blob,)), note("two")])
    receipt = ledger.receipt(2)
    assert ledger.remove_bodies([2]) == 1
    with pytest.raises(IntegrityError) as caught:
        ledger.envelope(2)
    assert caught.value.code == "LM-LED-106"
    assert ledger.receipt(2) == receipt
    assert ledger.entry_blobs(2) == (blob,)
    assert ledger.envelope(3)
    assert [entry.index for entry in ledger.entries()] == [0, 1, 2, 3]


@pytest.mark.parametrize("indices", [[], [99], [2, 2]], ids=["none", "one that is not there", "one twice"])
def test_how_many_went_is_told(ledger, indices):
    ledger.append([*founding(), note("one")])
    assert ledger.remove_bodies(indices) == len({index for index in indices if index < 3})
    assert ledger.remove_bodies(indices) == 0, "again is no error"


def test_a_repeat_of_what_has_expired_is_still_the_first(ledger):
    (*_, first) = ledger.append([*founding(), note("one")])
    ledger.remove_bodies([2])
    (again,) = ledger.append([note("one")])
    assert again == first


def test_a_blob_goes_once(ledger):
    blob = ledger.blobs.put(b"results")
    assert ledger.blobs.remove(blob) is True
    assert ledger.blobs.remove(blob) is False
    assert not ledger.blobs.has(blob)


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "ledger"
    with api.create_ledger(place, ORIGIN, signer("log"), clock()) as ledger:
        ledger.append([*founding(), note("one", blobs=(ledger.blobs.put(b"unforgettable results"),)), note("two")])
    return place


def test_a_reader_removes_nothing(folder):
    with api.open_ledger(folder) as ledger:
        with pytest.raises(EnvironmentLacksError, match="reading only") as caught:
            ledger.remove_bodies([2])
        assert caught.value.code == "LM-LED-009"
        with pytest.raises(EnvironmentLacksError, match="reading only"):
            ledger.blobs.remove(Digest.of(b"unforgettable results"))
        assert ledger.envelope(2)


def test_the_bytes_of_a_removed_body_are_overwritten(folder):
    with api.open_ledger(folder, signer("log"), clock()) as ledger:
        signature = ledger.envelope(2).raw[-60:]
        assert ledger.remove_bodies([2]) == 1
    sqlite3.connect(folder / "ledger.db").execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert all(signature not in path.read_bytes() for path in folder.glob("ledger.db*"))


def test_a_blob_that_cannot_be_deleted_is_named(tmp_path, monkeypatch):
    store = BlobFolder(tmp_path, writable=True)
    blob = store.put(b"results")

    def refuse(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.unlink", refuse)
    with pytest.raises(EnvironmentLacksError, match="cannot be deleted: Permission denied"):
        store.remove(blob)


def test_a_failing_disk_stops_the_ledger_and_keeps_the_body(folder):
    with api.open_ledger(folder, signer("log"), clock()) as ledger:
        ledger.rows._connection.execute("PRAGMA query_only = ON")
        with pytest.raises(EnvironmentLacksError) as caught:
            ledger.remove_bodies([2])
        assert caught.value.code == "LM-LED-004"
    with api.open_ledger(folder) as ledger:
        assert ledger.envelope(2)


class TestFsck:
    def remove(self, folder):
        with api.open_ledger(folder, signer("log"), clock()) as ledger:
            ledger.remove_bodies([2])
            ledger.blobs.remove(Digest.of(b"unforgettable results"))

    def test_what_is_gone_by_an_order_is_counted_and_no_finding(self, folder):
        self.remove(folder)
        report = api.fsck(folder, policy(), REGISTRY, expired={2})
        assert (report.is_sound, report.expired, report.entries, report.findings) == (True, 1, 4, ())

    def test_without_the_order_it_is_missing(self, folder):
        self.remove(folder)
        report = api.fsck(folder, policy(), REGISTRY)
        assert [finding.code for finding in report.findings] == ["LM-LED-106", "LM-LED-108"]
        assert report.expired == 0

    def test_an_order_over_another_entry_excuses_nothing(self, folder):
        self.remove(folder)
        assert not api.fsck(folder, policy(), REGISTRY, expired={3}).is_sound

    def test_what_an_order_names_and_is_still_there_is_checked_like_all(self, folder):
        report = api.fsck(folder, policy(), REGISTRY, expired={2, 3})
        assert (report.is_sound, report.expired) == (True, 0)
        with sqlite3.connect(folder / "ledger.db") as connection:
            connection.execute("UPDATE body SET envelope = x'7b7d' WHERE idx = 3")
        assert [finding.code for finding in api.fsck(folder, policy(), REGISTRY, expired={2, 3}).findings] == ["LM-LED-107"]

    def test_a_changed_blob_of_an_expired_entry_is_a_finding(self, folder):
        self.remove(folder)
        with api.open_ledger(folder) as ledger:
            path = ledger.blobs.path(Digest.of(b"unforgettable results"))
        path.write_bytes(b"other results")
        assert [finding.code for finding in api.fsck(folder, policy(), REGISTRY, expired={2}).findings] == ["LM-LED-109"]


class TestCopy:
    def test_a_copy_is_sound_stands_alone_and_can_be_read_from_a_medium_that_cannot_be_written(self, folder, tmp_path):
        target = tmp_path / "copy"
        target.mkdir()
        with api.open_ledger(folder, signer("log"), clock()) as writer:
            path = api.copy_database(folder, target)
            writer.append([note("three")])
        assert sorted(each.name for each in target.iterdir()) == ["ledger.db"]
        path.chmod(stat.S_IRUSR)
        with api.open_ledger(target) as ledger:
            assert ledger.size == 4
        with api.open_ledger(folder) as ledger:
            assert ledger.size == 5
        assert path == target / "ledger.db"

    def test_it_is_never_written_over_another(self, folder, tmp_path):
        with pytest.raises(UsageError) as caught:
            api.copy_database(folder, folder)
        assert caught.value.code == "LM-LED-002"

    def test_there_must_be_something_to_copy(self, tmp_path):
        with pytest.raises(NothingToJudgeError):
            api.copy_database(tmp_path, tmp_path)

    def test_a_place_that_is_not_there_is_named(self, folder, tmp_path):
        with pytest.raises(EnvironmentLacksError) as caught:
            api.copy_database(folder, tmp_path / "none")
        assert caught.value.code == "LM-LED-004"
        assert not os.path.lexists(tmp_path / "none")

    def test_a_ledger_in_postgresql_is_copied_into_one_file_that_holds(self, postgres, tmp_path):
        url, target = postgres.database(), tmp_path / "copy"
        target.mkdir()
        with api.create_ledger(url, ORIGIN, signer("log"), clock(), blobs=api.folder_blobs(tmp_path)) as ledger:
            ledger.append(founding())
            ledger.append([note("one", blobs=(ledger.blobs.put(b"results"),))])
            ledger.attach(3, "cosignature", "w", b"\xe2\x80\x94 w AAAA\n")
            head, receipts = ledger.checkpoint(), [ledger.receipt(index) for index in range(3)]
        api.copy_database(url, target)
        assert [path.name for path in target.iterdir()] == ["ledger.db"]
        with api.open_ledger(target, blobs=api.folder_blobs(tmp_path)) as copy:
            assert (copy.checkpoint(), [copy.receipt(index) for index in range(3)]) == (head, receipts)
            assert len(copy.attachments(3)) == 1
        report = api.fsck(target, policy(), REGISTRY, blobs=api.folder_blobs(tmp_path))
        assert [finding.code for finding in report.findings if finding.code != "LM-LED-120"] == []
        with api.open_ledger(target, signer("log"), clock(), blobs=api.folder_blobs(tmp_path)) as writer:
            assert writer.append([note("two")])[0].index == 3
