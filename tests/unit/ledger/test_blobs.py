import os
import stat

import pytest

from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError, IntegrityError
from lotmark.ledger._blobs import BlobFolder

pytestmark = pytest.mark.verifies("REQ-005", "REQ-006", "RC-004", "HAZ-005")


DATA = b"some bytes"


class Fsync:
    """Counts, and fails at one call."""

    def __init__(self, failing=None):
        self.calls = 0
        self.failing = failing

    def __call__(self, descriptor):
        self.calls += 1
        if self.calls == self.failing:
            raise OSError(5, "Input/output error")
        os.fsync(descriptor)


@pytest.fixture
def store(tmp_path):
    return BlobFolder(tmp_path, writable=True)


def files(root):
    return sorted(path.name for path in root.rglob("*") if path.is_file())


def test_a_blob_lies_under_its_digest_and_is_read_only(store, tmp_path):
    digest = store.put(DATA)
    path = tmp_path / "sha256" / digest.hex[:2] / digest.hex
    assert store.path(digest) == path
    assert path.read_bytes() == DATA
    assert stat.S_IMODE(path.stat().st_mode) == 0o444


def test_an_empty_and_a_large_blob_come_back(store, tmp_path):
    large = tmp_path / "large"
    large.write_bytes(os.urandom(3 * 1024 * 1024 + 1))
    assert store.get(store.put(b"")) == b""
    assert store.get(store.put_file(large)) == large.read_bytes()


def test_a_put_syncs_the_file_its_folder_and_each_new_folder(tmp_path):
    fsync = Fsync()
    BlobFolder(tmp_path, writable=True, fsync=fsync).put(DATA)
    assert fsync.calls == 4


def test_a_repeat_syncs_the_folder_again_since_the_first_may_have_been_killed(tmp_path):
    BlobFolder(tmp_path, writable=True).put(DATA)
    fsync = Fsync()
    BlobFolder(tmp_path, writable=True, fsync=fsync).put(DATA)
    assert fsync.calls == 1


@pytest.mark.parametrize("failing", [1, 2, 3, 4])
def test_l15_whichever_fsync_fails_nothing_is_acknowledged_and_the_next_put_succeeds(tmp_path, failing):
    with pytest.raises(EnvironmentLacksError) as caught:
        BlobFolder(tmp_path, writable=True, fsync=Fsync(failing)).put(DATA)
    assert caught.value.code == "LM-LED-004"
    assert files(tmp_path) in ([], [Digest.of(DATA).hex])
    healthy = BlobFolder(tmp_path, writable=True)
    assert healthy.get(healthy.put(DATA)) == DATA


def test_a_blob_whose_bytes_changed_is_put_right_by_the_next_put(store):
    path = store.path(store.put(DATA))
    path.chmod(0o644)
    path.write_bytes(b"changed")
    assert store.get(store.put(DATA)) == DATA


def test_the_name_of_a_file_that_changes_under_the_reader_is_never_wrong(store, tmp_path):
    class Changing(BlobFolder):
        def _holds(self, digest):
            source.write_bytes(b"changed meanwhile")
            return super()._holds(digest)

    source = tmp_path / "source"
    source.write_bytes(DATA)
    with pytest.raises(EnvironmentLacksError, match="changed while it was stored"):
        Changing(tmp_path / "store", writable=True).put_file(source)
    assert files(tmp_path / "store") == []


def test_foreign_files_are_no_blobs_and_left_alone(store, tmp_path):
    digest = store.put(DATA)
    (store.path(digest).parent / "README").write_text("hello")
    assert list(store) == [digest]
    store.sweep()
    assert files(tmp_path) == sorted(["README", digest.hex])


def test_what_a_killed_writer_left_is_swept(store, tmp_path):
    digest = store.put(DATA)
    (store.path(digest).parent / ".tmp-killed").write_bytes(b"half")
    assert list(store) == [digest]
    store.sweep()
    assert files(tmp_path) == [digest.hex]


def test_a_store_opened_for_reading_takes_nothing(tmp_path):
    with pytest.raises(EnvironmentLacksError) as caught:
        BlobFolder(tmp_path, writable=False).put(DATA)
    assert caught.value.code == "LM-LED-009"
    assert files(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "sha256").write_text("a file where the folder should be")
    with pytest.raises(EnvironmentLacksError) as caught:
        BlobFolder(tmp_path, writable=True).put(DATA)
    assert caught.value.code == "LM-LED-004"


def test_a_fault_is_found_without_raising(store):
    digest = store.put(DATA)
    assert store.find_fault(digest) is None
    assert store.find_fault(Digest.of(b"other")).code == "LM-LED-108"
    store.path(digest).chmod(0o644)
    store.path(digest).write_bytes(b"changed")
    assert store.find_fault(digest).code == "LM-LED-109"
    with pytest.raises(IntegrityError) as caught:
        store.get(digest)
    assert caught.value.code == "LM-LED-109"
