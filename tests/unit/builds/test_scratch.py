"""Scratch folders: private, on tmpfs where there is room, gone after the run and after a crash."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lotmark.builds import _scratch
from lotmark.builds._scratch import is_tmpfs, open_scratch, remove_tree

pytestmark = pytest.mark.verifies("REQ-013", "RC-007", "HAZ-004")


@pytest.fixture(autouse=True)
def _on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_scratch, "_SHM", tmp_path / "no-shm")


def test_it_is_private_empty_and_removed(tmp_path: Path) -> None:
    with open_scratch(tmp_path / "work") as folder:
        assert folder.parent == tmp_path / "work"
        assert oct(folder.stat().st_mode)[-3:] == "700"
        assert [path.name for path in folder.iterdir()] == [".lock"]
        (folder / "deep").mkdir()
    assert not folder.exists()


def test_it_is_removed_when_the_run_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), open_scratch(tmp_path) as folder:
        raise RuntimeError
    assert not folder.exists()


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    script = f"""
import os, signal
from pathlib import Path
from lotmark.builds import _scratch
_scratch._SHM = Path("/nowhere")
with _scratch.open_scratch(Path({str(tmp_path)!r})) as folder:
    (folder / "left").write_text("x")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    assert list(tmp_path.glob("lotmark-*/left"))
    with open_scratch(tmp_path) as mine:
        assert list(tmp_path.glob("lotmark-*")) == [mine]


def test_the_folder_of_a_living_owner_stays(tmp_path: Path) -> None:
    with open_scratch(tmp_path) as first, open_scratch(tmp_path) as second:
        assert first.exists()
        assert second.exists()


def test_a_folder_whose_owner_is_just_making_it_stays(tmp_path: Path) -> None:
    young = tmp_path / f"lotmark-{os.geteuid()}-young"
    young.mkdir()
    (young / ".lock").touch()
    bare = tmp_path / f"lotmark-{os.geteuid()}-bare"
    bare.mkdir()
    (tmp_path / f"lotmark-{os.geteuid()}-link").symlink_to("/etc")
    with open_scratch(tmp_path):
        assert young.exists()
        assert bare.exists()
    assert Path("/etc/passwd").exists()


def test_tmpfs_is_taken_when_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_scratch, "_SHM", Path("/dev/shm"))
    monkeypatch.setattr(_scratch, "_ROOM", 0)
    if not is_tmpfs(Path("/dev/shm")):
        pytest.skip("/dev/shm is no tmpfs here")
    with open_scratch(tmp_path) as folder:
        assert folder.parent == Path("/dev/shm")
    with open_scratch(tmp_path, needed=10**15) as folder:
        assert folder.parent == tmp_path


def test_a_folder_on_disk_or_none_is_no_tmpfs(tmp_path: Path) -> None:
    assert not is_tmpfs(tmp_path / "absent")
    assert not is_tmpfs(Path("/proc"))


def test_a_tree_made_unreadable_is_removed_and_links_are_not_followed(tmp_path: Path) -> None:
    keep = tmp_path / "keep"
    keep.mkdir()
    (keep / "file").touch()
    tree = tmp_path / "tree"
    (tree / "inner" / "most").mkdir(parents=True)
    (tree / "inner" / "file").touch()
    (tree / "link").symlink_to(keep)
    (tree / "inner").chmod(0)
    remove_tree(tree)
    assert not tree.exists()
    assert (keep / "file").exists()


def test_what_rmtree_cannot_remove_at_first_is_opened_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = tmp_path / "tree"
    (tree / "inner").mkdir(parents=True)
    (tree / "link").symlink_to(tmp_path)
    (tree / "inner").chmod(0o500)
    real = _scratch.shutil.rmtree
    calls: list[int] = []

    def second_time(folder: Path, **options: object) -> None:
        calls.append((tree / "inner").stat().st_mode & 0o777)
        if len(calls) == 2:
            real(folder, ignore_errors=True)

    monkeypatch.setattr(_scratch.shutil, "rmtree", second_time)
    remove_tree(tree)
    assert calls == [0o500, 0o700]
    assert not tree.exists()
