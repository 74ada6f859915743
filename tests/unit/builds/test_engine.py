"""The engine backend: what it asks of podman and docker, what it refuses, and a whole build through a program that behaves like them."""

import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.build_world import TODAY, make_clock, make_repo, shell
from fakes.engine import IMAGE, calls_of, docker_info, install_engine, path_with, podman_info
from lotmark.base.errors import EnvironmentLacksError
from lotmark.builds import _engine
from lotmark.builds._engine import EngineFacts, EngineSandbox, format_container
from lotmark.builds._layout import make_layout
from lotmark.builds.api import build_twice, probe, run_command
from lotmark.builds.models import TOLD, Dimension, Mount, Quota, SandboxSpec, Verdict
from lotmark.product.models import EnvironmentSection

pytestmark = pytest.mark.verifies("REQ-600", "RC-006", "HAZ-007")

ENVIRONMENT = EnvironmentSection(backend="engine", image=IMAGE, python="none")


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    _engine._probe.cache_clear()
    _engine._facts.cache_clear()
    yield
    _engine._probe.cache_clear()
    _engine._facts.cache_clear()


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that stands first in PATH."""
    monkeypatch.setenv("PATH", path_with(tmp_path / "bin"))
    return tmp_path / "bin"


def spec(**options: object) -> SandboxSpec:
    values: dict[str, object] = {"command": ("/bin/true",), "working_directory": "/", "variables": {"A": "b c"}, "mounts": (), **options}
    return SandboxSpec(**values)  # type: ignore[arg-type]


def line(facts: EngineFacts, **options: object) -> list[str]:
    return format_container("/usr/bin/podman", "lotmark-x", IMAGE, spec(**options), facts)


PODMAN = EngineFacts(podman_info(), "4.9.3", podman=True)
ROOTLESS = EngineFacts(podman_info(rootless=True), "4.9.3", podman=True)
DOCKER = EngineFacts(docker_info(), "28", podman=False)


@pytest.mark.parametrize(
    "word",
    [
        "--rm",
        "--pull=never",
        "--read-only",
        "--network=none",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        "--ulimit=nofile=65536:65536",
        "--ulimit=nproc=8192:8192",
        "--ulimit=core=0:0",
        "--pids-limit=8192",
        "--hostname=lotmark",
        "--entrypoint=/usr/bin/env",
        IMAGE,
    ],
)
@pytest.mark.parametrize("facts", [PODMAN, DOCKER, ROOTLESS], ids=["podman", "docker", "rootless podman"])
def test_every_container_is_sealed(facts: EngineFacts, word: str) -> None:
    assert word in line(facts)


def test_the_command_follows_the_image_and_the_environment_is_the_declared_one() -> None:
    words = line(PODMAN, umask=0o027)
    assert words[words.index(IMAGE) + 1 :] == ["-i", "A=b c", "/bin/sh", "-c", 'umask "$0"; exec "$@"', "0027", "/bin/true"]


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"network": True}, "--network=host"),
        ({"cpus": (1, 3)}, "--cpuset-cpus=1,3"),
        ({"hostname": "twin"}, "--hostname=twin"),
        ({"mounts": (Mount(Path("/a"), "/b"),)}, "--mount=type=bind,source=/a,target=/b,readonly"),
        ({"mounts": (Mount(Path("/a"), "/b", writable=True),)}, "--mount=type=bind,source=/a,target=/b"),
        ({"scratch": ("/work",), "quota": Quota(scratch=5)}, "--tmpfs=/work:rw,exec,nosuid,nodev,mode=1777,size=5"),
        ({"quota": Quota(disk=9)}, "--ulimit=fsize=9:9"),
        ({"working_directory": "/build/src"}, "--workdir=/build/src"),
    ],
    ids=["network", "processors", "host name", "read-only mount", "writable mount", "scratch", "disk", "working directory"],
)
def test_what_the_specification_says_is_what_the_engine_is_told(options: dict[str, object], word: str) -> None:
    assert word in line(PODMAN, **options)


def test_a_rootless_podman_maps_the_user_and_a_rootful_one_is_told() -> None:
    assert "--userns=keep-id:uid=1000,gid=1000" in line(ROOTLESS)
    assert not any(word.startswith("--userns") for word in line(PODMAN))
    assert not any(word.startswith("--userns") for word in line(DOCKER))


def test_without_root_docker_runs_as_the_one_who_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_engine.os, "geteuid", lambda: 1234)
    monkeypatch.setattr(_engine.os, "getegid", lambda: 99)
    assert "--user=1234:99" in line(DOCKER)
    assert "--user=1000:1000" in line(ROOTLESS)
    assert not DOCKER.told


def test_a_missing_runtime_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "runc").write_text("#!/bin/sh\n")
    (tmp_path / "runc").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    facts = EngineFacts(podman_info(runtime="/nowhere/crun"), "4", podman=True)
    assert f"--runtime={tmp_path}/runc" in line(facts)
    monkeypatch.setenv("PATH", "/nowhere")
    assert EngineFacts(podman_info(runtime="/nowhere/crun"), "4", podman=True).runtime == ""


@pytest.mark.parametrize(
    "image",
    ["", "debian", "debian:12", "debian@sha256:abc", "debian@md5:" + "a" * 64, IMAGE + "\n", "--privileged@sha256:" + "a" * 64, "a b@sha256:" + "a" * 64],
)
def test_an_image_without_a_digest_is_refused(image: str) -> None:
    found = EngineSandbox(image).probe()
    assert not found.available
    assert "digest" in found.reason
    assert "environment.image" in found.solution


@pytest.mark.parametrize(
    ("name", "state", "reason", "cure"),
    [
        ("podman", {"silent": True}, "podman does not answer: Cannot connect", "podman info"),
        ("podman", {"raw": "<html>"}, "podman does not answer: <html>", "podman info"),
        ("podman", {"raw": "[]"}, "podman does not answer", "podman info"),
        ("docker", {"info": {"ServerErrors": ["no daemon"]}}, "docker does not answer", "docker info"),
        ("podman", {"info": podman_info(driver="vfs")}, "vfs", "fuse-overlayfs"),
        ("docker", {"info": docker_info(driver="vfs")}, "vfs", "fuse-overlayfs"),
        ("podman", {"images": []}, "does not have the image", f"podman pull {IMAGE}"),
        ("podman", {"broken": True}, "OCI runtime error", "podman info"),
    ],
    ids=["no service", "not JSON", "not an object", "no daemon", "podman on vfs", "docker on vfs", "image not there", "runtime broken"],
)
def test_what_does_not_work_says_why_and_how_it_is_cured(bin_folder: Path, name: str, state: dict[str, object], reason: str, cure: str) -> None:
    install_engine(bin_folder, name, **state)
    found = probe("engine", IMAGE)
    assert not found.available
    assert reason in found.reason
    assert cure in found.solution
    with pytest.raises(EnvironmentLacksError) as caught:
        EngineSandbox(IMAGE).run(spec())
    assert caught.value.code == "LM-BLD-001"


def test_no_engine_at_all_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    found = probe("engine", IMAGE)
    assert (found.available, found.solution) == (False, "sudo apt-get install podman")


def test_an_engine_that_hangs_is_not_waited_for(bin_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bin_folder.mkdir()
    (bin_folder / "podman").write_text("#!/bin/sh\nexec sleep 60\n")
    (bin_folder / "podman").chmod(0o755)
    monkeypatch.setattr(_engine, "_ANSWER_SECONDS", 0.1)
    assert "no answer within" in probe("engine", IMAGE).reason


def test_podman_goes_before_docker(bin_folder: Path, bwrap: None) -> None:
    install_engine(bin_folder, "docker")
    assert probe("engine", IMAGE).version == "docker 28.2.2"
    _engine._probe.cache_clear()
    install_engine(bin_folder, "podman")
    assert probe("engine", IMAGE).version == "podman 4.9.3"


def test_what_the_image_does_not_hold_is_not_varied(bin_folder: Path, bwrap: None, monkeypatch: pytest.MonkeyPatch) -> None:
    install_engine(bin_folder)
    found = probe("engine", IMAGE)
    assert (found.hides, found.relocates) == (True, True)
    assert found.owner == (TOLD if os.geteuid() == 0 else None)
    assert Dimension.USER in found.varies or os.geteuid()
    monkeypatch.setattr(_engine, "find_faketime", lambda: "/opt/no-such-library.so")
    monkeypatch.setattr(_engine, "find_locale", lambda: "xx_YY.utf8")
    _engine._probe.cache_clear()
    assert {Dimension.CLOCK, Dimension.LOCALE}.isdisjoint(probe("engine", IMAGE).varies)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "repo", {"a.txt": "alpha\n"})


def test_a_whole_twin_build_in_containers(bin_folder: Path, bwrap: None, repo: Path, tmp_path: Path) -> None:
    program = install_engine(bin_folder)
    script = 'mkdir out; cp a.txt out/; test -z "${FROM_IMAGE:-}"; test ! -e /work; test "$(pwd)" != /; ! touch /usr/x'
    report = build_twice(repo, "HEAD", shell(script), ENVIRONMENT, tmp_path / "work", make_clock(), TODAY)
    assert report.verdict is Verdict.IDENTICAL, report.findings
    assert report.isolation.hermetic
    assert (report.isolation.backend, report.isolation.root.kind, report.isolation.root.digest.hex) == ("engine", "image", "ab" * 32)
    assert report.isolation.root.packages > 0 or not Path("/var/lib/dpkg").exists()
    runs = [call for call in calls_of(program) if call[0] == "run"]
    removed = [call[2] for call in calls_of(program) if call[0] == "rm"]
    assert len(runs) == 4
    assert {next(word for word in run if word.startswith("--name=")).removeprefix("--name=") for run in runs} == set(removed)


def test_a_container_that_does_not_end_is_removed(bin_folder: Path, bwrap: None, repo: Path, tmp_path: Path) -> None:
    install_engine(bin_folder)
    mark = f"{time.time_ns() % 10**9 + 10**9}"
    report = run_command(repo, "HEAD", ["sleep", mark], ENVIRONMENT, tmp_path / "work", make_clock(), timeout=0.6)
    assert report.stopped == "timeout"
    left = subprocess.run(["pgrep", "-f", f"^sleep {mark}"], capture_output=True, check=False).stdout
    assert left == b""


def test_the_layout_shows_nothing_of_this_machine() -> None:
    layout = make_layout(EnvironmentSection(backend="engine", image=IMAGE, path=["/opt/arm/bin"]), None)
    assert (layout.mounts, layout.links, layout.python) == ((), (), None)
    assert layout.path.startswith("/opt/arm/bin:")
    assert re.fullmatch("[0-9a-f]{64}", layout.image)


def test_declared_mounts_are_shown_in_the_container(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    layout = make_layout(EnvironmentSection(backend="engine", image=IMAGE, mounts=[str(tmp_path / "tools")]), None)
    assert [mount.target for mount in layout.mounts] == [str(tmp_path / "tools")]
