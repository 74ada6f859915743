"""The table of blob versions: durable, per place, and dispensable."""

import sqlite3
import threading

import pytest

from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError
from lotmark.integrations._blob_versions import FILE, BlobVersions

pytestmark = pytest.mark.verifies("REQ-051", "RC-004")

ONE, TWO = Digest.of(b"1"), Digest.of(b"2")


def table(folder, place="s3://b/p", *, writable=True):
    return BlobVersions(folder, place, writable=writable)


def test_what_was_noted_is_found_by_the_next_process(tmp_path):
    versions = table(tmp_path)
    versions.add(ONE, "v1")
    versions.add(TWO, "v2")
    again = table(tmp_path, writable=False)
    assert (again.find(ONE), again.find(TWO), again.find(Digest.of(b"3"))) == ("v1", "v2", None)
    assert list(again) == sorted([ONE, TWO])


def test_places_do_not_mix(tmp_path):
    table(tmp_path).add(ONE, "v1")
    other = table(tmp_path, "s3://other")
    assert (other.find(ONE), list(other)) == (None, [])
    other.add(ONE, "v9")
    assert (table(tmp_path).find(ONE), table(tmp_path, "s3://other").find(ONE)) == ("v1", "v9")


def test_a_newer_version_takes_the_place(tmp_path):
    versions = table(tmp_path)
    versions.add(ONE, "v1")
    versions.add(ONE, "v2")
    assert (versions.find(ONE), table(tmp_path).find(ONE)) == ("v2", "v2")


def test_reading_makes_no_file_and_notes_nothing(tmp_path):
    versions = table(tmp_path, writable=False)
    assert versions.find(ONE) is None
    versions.add(ONE, "v1")
    assert (versions.find(ONE), list(tmp_path.iterdir())) == (None, [])


def test_a_broken_table_is_named_with_its_cure(tmp_path):
    (tmp_path / FILE).write_bytes(b"not a database" * 100)
    for act in (lambda: table(tmp_path).find(ONE), lambda: table(tmp_path).add(ONE, "v")):
        with pytest.raises(EnvironmentLacksError) as caught:
            act()
        assert (caught.value.code, caught.value.where) == ("LM-LED-004", str(tmp_path / FILE))
        assert "set it aside" in caught.value.solution


def test_a_folder_that_is_not_there_takes_nothing(tmp_path):
    with pytest.raises(EnvironmentLacksError):
        table(tmp_path / "none").add(ONE, "v")


def test_threads_note_at_once(tmp_path):
    versions = table(tmp_path)
    digests = [Digest.of(bytes([number])) for number in range(16)]
    threads = [threading.Thread(target=versions.add, args=(digest, f"v-{digest.hex[:4]}")) for digest in digests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [table(tmp_path).find(digest) for digest in digests] == [f"v-{digest.hex[:4]}" for digest in digests]
    with sqlite3.connect(tmp_path / FILE) as connection:
        assert connection.execute("SELECT count(*) FROM version").fetchone() == (16,)
    connection.close()
