"""The layout: what is declared is there, keys never are."""

from pathlib import Path

import pytest

from fakes.build_world import NO_PYTHON
from lotmark.base.errors import UsageError
from lotmark.builds import _layout
from lotmark.builds._layout import base_variables, make_layout, write_accounts
from lotmark.builds.api import stage_source
from lotmark.builds.models import Mount, StagedSource
from lotmark.product.models import EnvironmentSection

pytestmark = pytest.mark.verifies("REQ-013", "RC-007", "HAZ-004")


def targets(environment: EnvironmentSection, **options: object) -> list[str]:
    return [mount.target for mount in make_layout(environment, None, **options).mounts]  # type: ignore[arg-type]


def test_without_python_there_is_the_system_and_little_of_etc() -> None:
    found = targets(NO_PYTHON)
    assert "/usr" in found
    assert not {"/etc", "/root", "/home", "/var", "/etc/shadow", "/etc/resolv.conf"} & set(found)
    assert all(target == "/usr" or target.startswith(("/etc/", "/bin", "/sbin", "/lib")) for target in found)


def test_the_network_brings_its_files_and_nothing_else_does() -> None:
    assert "/etc/resolv.conf" in targets(NO_PYTHON, network=True) or not Path("/etc/resolv.conf").exists()


def test_declared_mounts_path_and_variables_are_there(tmp_path: Path) -> None:
    environment = EnvironmentSection(python="none", mounts=[str(tmp_path)], path=["/opt/tool/bin"], variables={"CC": "clang"})
    layout = make_layout(environment, None)
    assert Mount(tmp_path, str(tmp_path)) in layout.mounts
    assert layout.path == "/opt/tool/bin:/usr/local/bin:/usr/bin:/bin"
    assert layout.variables == {"CC": "clang"}
    assert str(tmp_path) in layout.mount_names()


def test_the_interpreter_that_runs_lotmark_is_the_default() -> None:
    import sys

    layout = make_layout(EnvironmentSection(), None)
    assert layout.python is not None
    assert layout.path.split(":")[0] == str(Path(sys.executable).parent)


def test_a_declared_interpreter_is_relative_to_the_repository(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        make_layout(EnvironmentSection(python=".venv/bin/python"), tmp_path)
    assert str(tmp_path / ".venv/bin/python") in caught.value.reason


@pytest.mark.parametrize("mount", ["relative/path", "/absent/folder", "/", "/proc", "/sys/kernel", "/dev", "/run", "/usr/../root"])
def test_a_mount_that_is_none_is_refused(mount: str) -> None:
    with pytest.raises(UsageError) as caught:
        make_layout(EnvironmentSection(python="none", mounts=[mount]), None)
    assert caught.value.code == "LM-BLD-005"


@pytest.mark.parametrize("place", [".lotmark", ".lotmark/keys", ".", ".."])
def test_a_mount_that_would_show_the_ledger_or_keys_is_refused(tmp_path: Path, place: str) -> None:
    repo = tmp_path / "repo"
    (repo / ".lotmark" / "keys").mkdir(parents=True)
    with pytest.raises(UsageError) as caught:
        make_layout(EnvironmentSection(python="none", mounts=[str((repo / place).resolve())]), repo)
    assert caught.value.code == "LM-BLD-005"
    assert ".lotmark" in caught.value.reason


def test_a_link_to_the_keys_is_refused_too(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    (repo / ".lotmark").mkdir(parents=True)
    (tmp_path / "innocent").symlink_to(repo / ".lotmark")
    with pytest.raises(UsageError):
        make_layout(EnvironmentSection(python="none", mounts=[str(tmp_path / "innocent")]), repo)


def test_the_persons_own_keys_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config" / "lotmark").mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with pytest.raises(UsageError):
        make_layout(EnvironmentSection(python="none", mounts=[str(tmp_path)]), None)


def test_a_mount_of_the_caller_is_looked_at_as_well(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        make_layout(NO_PYTHON, None, extra=(Mount(tmp_path / "absent", "/x"),))
    assert Mount(tmp_path, "/app") in make_layout(NO_PYTHON, None, extra=(Mount(tmp_path, "/app"),)).mounts


@pytest.mark.parametrize("name", ["HOME", "TZ", "SOURCE_DATE_EPOCH", "LD_PRELOAD", "PATH", "", "A=B", "A\0"])
def test_a_variable_of_the_lanes_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        make_layout(EnvironmentSection(python="none", variables={name: "x"}), None)
    assert caught.value.code == "LM-BLD-007"


@pytest.mark.parametrize("backend", ["bwrap", "inplace", "host"])
def test_an_image_that_nothing_uses_is_refused(backend: str) -> None:
    image = "debian@sha256:" + "a" * 64
    with pytest.raises(UsageError) as caught:
        make_layout(EnvironmentSection(python="none", backend=backend, image=image), None)
    assert (caught.value.code, caught.value.where) == ("LM-BLD-046", "environment.image")
    assert backend in caught.value.reason
    assert make_layout(EnvironmentSection(python="none", backend="engine", image=image), None).image == "a" * 64


def test_variables_are_offline_for_every_ecosystem_and_dated(repo: Path, tmp_path: Path) -> None:
    staged = stage_source(repo, "HEAD", tmp_path / "staged")
    environment = EnvironmentSection(python="none", variables={"PYTHONPATH": "{source}/src", "PIP_NO_INPUT": "0"})
    variables = base_variables(make_layout(environment, repo), source="/build/src", staged=staged)
    assert variables["SOURCE_DATE_EPOCH"] == "1760000000"
    assert variables["PYTHONPATH"] == "/build/src/src"
    assert variables["PIP_NO_INPUT"] == "0"
    assert (variables["PIP_NO_INDEX"], variables["npm_config_offline"], variables["CARGO_NET_OFFLINE"], variables["GOPROXY"], variables["GOFLAGS"]) == (
        "1",
        "true",
        "true",
        "off",
        "",
    )


def test_vendored_go_modules_are_used(tmp_path: Path) -> None:
    from lotmark.base.digest import Digest
    from lotmark.builds.models import SourceEntry

    staged = StagedSource(tmp_path, "c" * 40, 1, Digest.of(b""), (SourceEntry(b"vendor/modules.txt", 0o100644, "0", 0, Digest.of(b"")),))
    assert base_variables(make_layout(NO_PYTHON, None), source="/s", staged=staged)["GOFLAGS"] == "-mod=vendor"
    assert "SOURCE_DATE_EPOCH" not in base_variables(make_layout(NO_PYTHON, None), source="/s", staged=None)


def test_accounts_name_the_lanes_user_alone(tmp_path: Path) -> None:
    mounts = write_accounts(tmp_path / "etc", "builder", 1000, 1001, "/build/home", "host")
    text = (tmp_path / "etc" / "passwd").read_text()
    assert "builder:x:1000:1001:builder:/build/home:/bin/sh" in text
    assert {mount.target for mount in mounts} == {"/etc/passwd", "/etc/group", "/etc/hosts", "/etc/nsswitch.conf"}


def test_existing_secret_folders_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    (tmp_path / ".ssh").mkdir()
    assert (tmp_path / ".ssh").resolve() in _layout.secret_folders(None)
