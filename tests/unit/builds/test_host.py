"""The host backend: no sandbox, but a deadline, a clean environment and nothing left behind."""

import os
import time
from pathlib import Path

import pytest

from fakes.build_world import spec_for
from lotmark.builds import _host
from lotmark.builds._host import HostSandbox
from lotmark.builds.models import Dimension

pytestmark = pytest.mark.verifies("REQ-013", "RC-007", "HAZ-004")


def test_it_is_always_there_and_says_what_it_cannot_vary(monkeypatch: pytest.MonkeyPatch) -> None:
    found = HostSandbox().probe()
    assert (found.available, found.hides) == (True, False)
    assert frozenset(Dimension) - found.varies == {Dimension.HOSTNAME, Dimension.USER}
    monkeypatch.setattr(_host.shutil, "which", lambda _: None)
    assert Dimension.CPUS not in HostSandbox().probe().varies


def test_the_environment_is_the_declared_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "x")
    result = HostSandbox().run(spec_for(["env"], working_directory=str(tmp_path), variables={"PATH": "/usr/bin:/bin", "A": "b"}))
    names = {line.split("=")[0] for line in result.stdout.data.decode().splitlines()}
    assert names <= {"PATH", "A", "LOTMARK_SANDBOX", "PWD", "LC_CTYPE"}


def test_a_missing_command_is_exit_code_127(tmp_path: Path) -> None:
    assert HostSandbox().run(spec_for(["no-such-program"], working_directory=str(tmp_path))).exit_code == 127


def test_as_root_the_command_has_no_capability(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("not root")
    result = HostSandbox().run(spec_for(["grep", "-E", "CapEff|CapPrm|CapBnd", "/proc/self/status"], working_directory=str(tmp_path)))
    assert {line.split()[1] for line in result.stdout.data.decode().splitlines()} == {"0000000000000000"}


def test_a_command_that_forks_away_is_found_and_killed(tmp_path: Path) -> None:
    script = "setsid sh -c 'echo $$ > stray; sleep 60' >/dev/null 2>&1 & while [ ! -s stray ]; do sleep 0.01; done"
    HostSandbox().run(spec_for(["sh", "-c", script], working_directory=str(tmp_path)))
    stray = int((tmp_path / "stray").read_text())
    for _ in range(100):
        try:
            state = Path(f"/proc/{stray}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            return
        if state == "Z":
            return
        time.sleep(0.02)
    pytest.fail("the stray lives")


def test_it_runs_without_the_helpers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_host.shutil, "which", lambda _: None)
    assert HostSandbox().run(spec_for(["true"], working_directory=str(tmp_path), cpus=(0,))).succeeded


def test_processors_are_bound(tmp_path: Path) -> None:
    last = max(os.sched_getaffinity(0))
    assert HostSandbox().run(spec_for(["nproc"], working_directory=str(tmp_path), cpus=(last,))).stdout.data == b"1\n"


def test_strays_that_cannot_be_killed_do_not_hang_us(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(_host, "_carries", lambda process, _: process.name == "1")
    monkeypatch.setattr(_host.os, "kill", lambda pid, _: asked.append(pid))
    _host._end_marked("mark")
    assert asked == [1] * 100
