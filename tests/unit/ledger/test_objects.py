"""What every object store promises, whatever stores it; and what the folder does when its disk fails."""

import os
import stat

import pytest

from fakes.objects import MemoryObjects
from lotmark.base.errors import EnvironmentLacksError, IntegrityError, NothingToJudgeError, UsageError
from lotmark.integrations.api import open_objects
from lotmark.ledger._objects import MAX_NAME, ObjectFolder

pytestmark = pytest.mark.verifies("REQ-050", "RC-003")

TILE = "tile/0/x001/067"


@pytest.fixture(params=["folder", "memory", "bucket"])
def objects(request, tmp_path, monkeypatch):
    if request.param == "bucket":
        ceph = request.getfixturevalue("ceph")
        for name, value in ceph.environment().items():
            monkeypatch.setenv(name, value)
        return open_objects(ceph.url(ceph.bucket(lock=False), "export"))
    return open_objects(str(tmp_path / "export")) if request.param == "folder" else MemoryObjects()


def test_what_was_put_comes_back(objects):
    objects.put_new(TILE, b"tile")
    objects.put_new("checkpoint", b"")
    assert (objects.get(TILE), objects.get("checkpoint")) == (b"tile", b"")
    assert objects.exists(TILE)


def test_the_same_again_is_no_change(objects):
    objects.put_new(TILE, b"tile")
    objects.put_new(TILE, b"tile")
    assert list(objects.names()) == [TILE]


def test_other_bytes_under_a_name_are_refused_and_the_first_ones_stay(objects):
    objects.put_new(TILE, b"tile")
    with pytest.raises(IntegrityError, match="OBJECT_DIFFERS") as caught:
        objects.put_new(TILE, b"another")
    assert caught.value.code == "LM-LED-130"
    assert objects.get(TILE) == b"tile"


def test_the_checkpoint_is_replaced(objects):
    for data in (b"one", b"two", b"two"):
        objects.replace("checkpoint", data)
        assert objects.get("checkpoint") == data


def test_what_is_not_there_is_said_so(objects):
    objects.put_new(TILE, b"tile")
    for name in ("checkpoint", "tile/0", "tile/0/x001", f"{TILE}/deeper"):
        assert not objects.exists(name)
        with pytest.raises(NothingToJudgeError) as caught:
            objects.get(name)
        assert caught.value.code == "LM-LED-031"


def test_names_are_sorted_by_their_bytes_and_narrowed_by_prefix(objects):
    for name in ("tile/1/000", "tile/0/000", "tile/0/x001/000", "checkpoint", "tile/entries/000", "Z"):
        objects.put_new(name, b"")
    assert list(objects.names()) == ["Z", "checkpoint", "tile/0/000", "tile/0/x001/000", "tile/1/000", "tile/entries/000"]
    assert list(objects.names("tile/0/")) == ["tile/0/000", "tile/0/x001/000"]
    assert list(objects.names("none")) == []


def test_an_empty_store_has_no_names(objects):
    assert list(objects.names()) == []


BAD = {
    "empty": "", "absolute": "/etc/passwd", "parent": "../outside", "parent inside": "tile/../../outside", "dot": ".", "hidden": "tile/.hidden",
    "folder": "tile/", "double slash": "tile//0", "NUL": "tile\0", "newline": "tile\n", "space": "a b", "backslash": "a\\b", "umlaut": "\u00e4",
    "full-width": "\uff34", "too long": "a" * (MAX_NAME + 1),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD.values(), ids=BAD)
def test_a_name_that_could_mean_something_else_is_refused(objects, name, tmp_path):
    for act in (lambda: objects.put_new(name, b""), lambda: objects.replace(name, b""), lambda: objects.get(name), lambda: objects.exists(name)):
        with pytest.raises(UsageError) as caught:
            act()
        assert caught.value.code == "LM-LED-030"
    assert list(objects.names()) == []
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_the_longest_name_is_allowed(objects):
    name = "/".join(["a" * 127] * 4)
    objects.put_new(name, b"x")
    assert (len(name), list(objects.names())) == (MAX_NAME - 1, [name])


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


def test_a_put_syncs_the_file_its_folder_and_each_new_folder(tmp_path):
    fsync = Fsync()
    ObjectFolder(tmp_path, fsync=fsync).put_new("tile/0/000", b"x")
    assert fsync.calls == 4
    ObjectFolder(tmp_path, fsync=fsync).put_new("tile/0/000", b"x")
    assert fsync.calls == 5


@pytest.mark.parametrize("failing", [1, 2, 3, 4])
@pytest.mark.parametrize("act", ["put_new", "replace"])
def test_whichever_fsync_fails_nothing_is_acknowledged_and_the_next_try_succeeds(tmp_path, failing, act):
    with pytest.raises(EnvironmentLacksError) as caught:
        getattr(ObjectFolder(tmp_path, fsync=Fsync(failing)), act)("tile/0/000", b"x")
    assert caught.value.code == "LM-LED-004"
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} <= {"000"}
    getattr(ObjectFolder(tmp_path), act)("tile/0/000", b"x")
    assert ObjectFolder(tmp_path).get("tile/0/000") == b"x"


def test_a_failed_replacement_leaves_the_old_one(tmp_path):
    ObjectFolder(tmp_path).replace("checkpoint", b"old")
    with pytest.raises(EnvironmentLacksError):
        ObjectFolder(tmp_path, fsync=Fsync(1)).replace("checkpoint", b"new")
    assert ObjectFolder(tmp_path).get("checkpoint") == b"old"


def test_strangers_can_read_what_was_exported(tmp_path):
    ObjectFolder(tmp_path).put_new("checkpoint", b"x")
    assert stat.S_IMODE((tmp_path / "checkpoint").stat().st_mode) == 0o644


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path):
    (tmp_path / "tile").write_text("in the way")
    with pytest.raises(EnvironmentLacksError) as caught:
        ObjectFolder(tmp_path).put_new("tile/0/000", b"x")
    assert (caught.value.code, caught.value.where) == ("LM-LED-004", str(tmp_path))


def test_what_cannot_be_read_is_an_error_not_an_absence(tmp_path):
    class Broken(ObjectFolder):
        def _path(self, name):
            path = tmp_path / "loop"
            if not path.is_symlink():
                path.symlink_to(path)
            return path

    with pytest.raises(EnvironmentLacksError) as caught:
        Broken(tmp_path).get("x")
    assert caught.value.code == "LM-LED-004"


def test_temporary_and_foreign_files_are_no_objects(tmp_path):
    ObjectFolder(tmp_path).put_new("a", b"")
    (tmp_path / ".tmp-killed").write_bytes(b"half")
    (tmp_path / "not an object").write_bytes(b"")
    assert list(ObjectFolder(tmp_path).names()) == ["a"]
