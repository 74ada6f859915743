"""What an interpreter needs to run inside, found by reading alone."""

import sys
from pathlib import Path

import pytest

from lotmark.base.digest import Digest
from lotmark.base.errors import UsageError
from lotmark.builds._python import find_python
from lotmark.builds.models import Mount

pytestmark = pytest.mark.verifies("REQ-013", "RC-007", "HAZ-004")


def make_base(folder: Path, version: str = "3.11") -> Path:
    """An installation: <folder>/bin/python3.11 and its library."""
    (folder / "bin").mkdir(parents=True)
    program = folder / "bin" / f"python{version}"
    program.write_text("#!/bin/sh\nexit 99\n")
    program.chmod(0o755)
    (folder / "lib" / f"python{version}" / "site-packages").mkdir(parents=True)
    return program


def make_venv(folder: Path, program: Path) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(program)
    (folder / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text(f"home = {program.parent}\ninclude-system-site-packages = false\n")
    return folder / "bin" / "python"


def mount(path: Path) -> Mount:
    return Mount(path, str(path))


def test_a_virtual_environment_needs_itself_and_its_base(tmp_path: Path) -> None:
    base = make_base(tmp_path / "base")
    found = find_python(make_venv(tmp_path / "venv", base), None)
    assert set(found.mounts) == {mount(tmp_path / "venv"), mount(tmp_path / "base")}
    assert found.bin == tmp_path / "venv" / "bin"


def test_every_hop_of_linked_folders_is_mounted(tmp_path: Path) -> None:
    """uv links ``cpython-3.11`` to ``cpython-3.11.7``; the environment names the first."""
    make_base(tmp_path / "cpython-3.11.7")
    (tmp_path / "cpython-3.11").symlink_to("cpython-3.11.7")
    found = find_python(make_venv(tmp_path / "venv", tmp_path / "cpython-3.11" / "bin" / "python3.11"), None)
    assert set(found.mounts) == {
        mount(tmp_path / "venv"),
        Mount(tmp_path / "cpython-3.11.7", str(tmp_path / "cpython-3.11")),
        mount(tmp_path / "cpython-3.11.7"),
    }


def test_a_system_interpreter_needs_no_mount() -> None:
    if not Path("/usr/bin/python3").exists():
        pytest.skip("no system Python")
    assert find_python(Path("/usr/bin/python3"), None).mounts == ()


def test_distributions_come_with_the_digest_of_their_record(tmp_path: Path) -> None:
    python = make_venv(tmp_path / "venv", make_base(tmp_path / "base"))
    site = tmp_path / "venv" / "lib" / "python3.11" / "site-packages"
    for name in ("b-2.0.dist-info", "a-1.0.dist-info"):
        (site / name).mkdir()
    (site / "a-1.0.dist-info" / "RECORD").write_text("a.py,sha256=x,1\n")
    assert find_python(python, None).distributions == (f"a-1.0 {Digest.of(b'a.py,sha256=x,1' + bytes([10])).hex}", "b-2.0 -")


def test_pth_folders_are_mounted_unless_they_lie_in_the_repository(tmp_path: Path) -> None:
    repo, elsewhere = tmp_path / "repo", tmp_path / "elsewhere" / "src"
    for folder in (repo / "src", elsewhere):
        folder.mkdir(parents=True)
    python = make_venv(tmp_path / "venv", make_base(tmp_path / "base"))
    site = tmp_path / "venv" / "lib" / "python3.11" / "site-packages"
    (site / "own").mkdir()
    (site / "x.pth").write_text(f"{repo / 'src'}\n{elsewhere}\n{tmp_path}\nimport os; os.system('x')\nrelative\n{tmp_path / 'absent'}\n{site / 'own'}\n")
    found = find_python(python, repo)
    assert mount(elsewhere) in found.mounts
    assert found.skipped == (repo / "src", tmp_path)
    assert find_python(python, None).skipped == ()


def test_a_folder_within_another_mount_is_not_mounted_twice(tmp_path: Path) -> None:
    base = make_base(tmp_path / "base")
    found = find_python(make_venv(tmp_path / "base" / "envs" / "one", base), None)
    assert found.mounts == (mount(tmp_path / "base"),)


def test_an_environment_without_its_base_is_still_described(tmp_path: Path) -> None:
    python = make_venv(tmp_path / "venv", make_base(tmp_path / "base"))
    (tmp_path / "venv" / "pyvenv.cfg").write_text(f"home = {tmp_path / 'base' / 'bin'}\nversion = 3\n")
    (tmp_path / "venv" / "bin" / "python").unlink()
    (tmp_path / "venv" / "bin" / "python").write_text("x")
    (tmp_path / "venv" / "bin" / "python").chmod(0o755)
    assert mount(tmp_path / "base") in find_python(python, None).mounts
    (tmp_path / "venv" / "pyvenv.cfg").write_text("nothing = here\n")
    assert find_python(python, None).mounts == (mount(tmp_path / "venv"),)


@pytest.mark.parametrize("kind", ["absent", "folder", "not executable"])
def test_what_is_no_interpreter_is_a_usage_error(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "bin" / "python"
    if kind == "folder":
        path.mkdir(parents=True)
    elif kind == "not executable":
        path.parent.mkdir()
        path.write_text("x")
    with pytest.raises(UsageError) as caught:
        find_python(path, None)
    assert caught.value.code == "LM-BLD-006"


def test_the_own_interpreter_is_found_whole() -> None:
    found = find_python(Path(sys.executable), None)
    targets = [Path(each.target) for each in found.mounts]
    for needed in (Path(sys.prefix), Path(sys.base_prefix)):
        assert needed.is_relative_to("/usr") or any(needed.is_relative_to(target) for target in targets)
    assert any(entry.startswith("pytest-") for entry in found.distributions)
