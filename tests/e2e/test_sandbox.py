"""Bad commands against the real sandbox: each must fail to do harm, and leave nothing behind.

They run as root and, where this machine lets us drop root, as an unprivileged user as well.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fakes.build_world import NO_PYTHON, TODAY, make_clock, make_repo, shell
from lotmark.builds.api import build_twice, probe, run_command
from lotmark.builds.models import CommandReport, Quota, Verdict

pytestmark = pytest.mark.verifies("REQ-012", "RC-006", "HAZ-007")


SOURCE = Path(__file__).parents[2] / "src"


@pytest.fixture(autouse=True)
def _sandbox() -> None:
    capabilities = probe()
    if not capabilities.available:
        pytest.skip(f"no sandbox here: {capabilities.reason}")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "repo", {"a.txt": "alpha\n"})


def run(repo: Path, tmp_path: Path, script: str, **options: object) -> CommandReport:
    return run_command(repo, "HEAD", ["/bin/bash", "-c", script], NO_PYTHON, tmp_path / "work", make_clock(), **options)  # type: ignore[arg-type]


def carrying(mark: str) -> list[int]:
    """The living processes whose command line holds the mark."""
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        try:
            if mark.encode() in (process / "cmdline").read_bytes():
                found.append(int(process.name))
        except OSError:
            continue
    return found


def wait_until_gone(mark: str) -> None:
    for _ in range(250):
        if not carrying(mark):
            return
        time.sleep(0.02)
    pytest.fail(f"left behind: {carrying(mark)}")


@pytest.mark.parametrize(
    "script",
    [
        "cat /etc/shadow",
        "cat /root/.bashrc",
        "ls /root /home/*",
        "cat /proc/1/environ | grep -a LOTMARK",
        "echo x > /usr/bin/evil",
        "echo x > /etc/passwd",
        "echo x > /evil",
        "echo x > /dev/evil",
        "mount -t tmpfs none /mnt || mount --bind /usr /tmp",
        "unshare --user --map-root-user true",
        "chroot / true",
        "date -s 1970-01-01",
        "hostname evil",
        "echo 1 > /proc/sys/kernel/sysrq",
        "echo b > /proc/sysrq-trigger",
        "mknod /tmp/disk b 254 0",
        "dmesg | grep -q .",
        "kill -9 -1 && kill -9 1 && sleep 0.1 && kill -0 1 && false",
    ],
)
def test_what_needs_a_privilege_fails(repo: Path, tmp_path: Path, script: str) -> None:
    report = run(repo, tmp_path, script)
    assert report.exit_code != 0, report.stdout.data


@pytest.mark.parametrize(
    "script",
    [
        "exec 3<>/dev/tcp/127.0.0.1/{port}",
        "exec 3<>/dev/udp/8.8.8.8/53 && echo x >&3",
        "getent hosts example.com",
        "ls /sys/class/net/*",
    ],
    ids=["the host's own loopback", "udp", "a name", "interfaces"],
)
def test_nothing_is_reached_by_network(repo: Path, tmp_path: Path, script: str) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        report = run(repo, tmp_path, script.format(port=server.getsockname()[1]))
    assert report.exit_code != 0


def test_unix_sockets_of_the_host_are_not_there(repo: Path, tmp_path: Path) -> None:
    report = run(repo, tmp_path, "ls /run /var/run /tmp; ls -A /tmp | wc -l; cat /proc/net/unix | grep -v '^Num' | wc -l")
    assert report.stdout.data.split()[-2:] == [b"0", b"0"]


def test_the_command_is_nobody_special(repo: Path, tmp_path: Path) -> None:
    report = run(repo, tmp_path, "id -u; id -G; grep -E '^(Cap|NoNewPrivs)' /proc/self/status; cat /proc/self/uid_map; ps ax 2>/dev/null | wc -l")
    lines = report.stdout.data.decode().splitlines()
    assert lines[:2] == ["1000", "1000"]
    assert all(line.split()[1] == "0" * 16 for line in lines if line.startswith("Cap"))
    assert "NoNewPrivs:\t1" in lines
    inside, _, count = next(line.split() for line in lines if line.startswith(" "))
    assert (inside, count) == ("1000", "1")


def test_neither_keys_nor_the_work_tree_nor_our_environment_are_seen(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repo / ".lotmark" / "keys").mkdir(parents=True)
    (repo / ".lotmark" / "keys" / "pipeline.key").write_text("PRIVATE")
    monkeypatch.setenv("LOTMARK_PASSPHRASE", "secret")
    report = run(repo, tmp_path, f"ls -la {repo} {tmp_path} $HOME/.config; env; find / -name 'pipeline.key' -o -name '.lotmark' 2>/dev/null")
    assert b"pipeline.key" not in report.stdout.data
    assert b"secret" not in report.stdout.data
    assert report.isolation.hermetic


def test_a_command_that_forks_away_is_gone_with_the_run(repo: Path, tmp_path: Path) -> None:
    mark = f"stray-{os.getpid()}-{time.monotonic_ns()}"
    script = f"for i in 1 2 3; do setsid nohup bash -c 'exec -a {mark} sleep 300' >/dev/null 2>&1 & done; sleep 0.2; echo parent done"
    begun = time.monotonic()
    report = run(repo, tmp_path, script)
    assert report.stdout.data == b"parent done\n"
    assert time.monotonic() - begun < 20
    wait_until_gone(mark)


def test_a_command_that_ignores_every_signal_is_gone_after_its_timeout(repo: Path, tmp_path: Path) -> None:
    mark = f"deaf-{os.getpid()}-{time.monotonic_ns()}"
    report = run(repo, tmp_path, f"trap '' TERM INT HUP QUIT; bash -c 'trap \"\" TERM; exec -a {mark} sleep 300' & while :; do sleep 1; done", timeout=0.7)
    assert report.stopped == "timeout"
    wait_until_gone(mark)


def test_a_fork_bomb_meets_its_limit(repo: Path, tmp_path: Path) -> None:
    report = run(repo, tmp_path, "bomb() { bomb | bomb & }; bomb; sleep 0.5; echo over", timeout=20, quota=Quota(processes=64))
    assert report.stopped in ("", "timeout")
    assert subprocess.run(["true"], check=False).returncode == 0


def test_a_gigabyte_of_output_is_neither_in_memory_nor_on_disk(repo: Path, tmp_path: Path) -> None:
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = run(repo, tmp_path, "head -c 1000000000 /dev/zero")
    assert report.stdout.total == 1_000_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000
    assert sum(path.stat().st_size for path in (tmp_path / "work").rglob("*") if path.is_file()) < 10_000_000


@pytest.mark.parametrize("place", ["/tmp", "/dev/shm", "$HOME"])
def test_its_scratch_folders_have_an_end(repo: Path, tmp_path: Path, place: str) -> None:
    report = run(repo, tmp_path, f"head -c 50000000 /dev/zero > {place}/big", quota=Quota(scratch=10_000_000))
    if probe().version >= "0.7":
        assert report.exit_code != 0
        assert b"No space left" in report.stderr.data


def test_one_file_beyond_the_quota_is_refused(repo: Path, tmp_path: Path) -> None:
    report = run(repo, tmp_path, "head -c 50000000 /dev/zero > big; echo $?", quota=Quota(disk=10_000_000))
    assert report.stopped == "quota" or report.exit_code != 0 or not report.stdout.data.endswith(b"\n0\n")


def test_a_command_that_wants_a_terminal_gets_none(repo: Path, tmp_path: Path) -> None:
    report = run(repo, tmp_path, "read -r x < /dev/tty || echo no terminal; read -r y || echo nothing to read", timeout=10)
    assert report.stdout.data == b"no terminal\nnothing to read\n"


def test_source_folder_names_may_be_anything(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "we ird\n'name'", {"a b\nc": "x"})
    report = build_twice(repo, "HEAD", shell("mkdir out; cat a* > 'out/o u t'"), NO_PYTHON, tmp_path / "wo rk", make_clock(), TODAY)
    assert report.verdict is Verdict.IDENTICAL
    assert [output.name for output in report.outputs] == ["out/o u t"]


_KILLED = """
import datetime as dt, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from fakes.build_world import NO_PYTHON, TODAY, make_clock
from lotmark.builds.api import build_twice
from lotmark.product.models import BuildSection
build_twice(Path({repo!r}), "HEAD", BuildSection(command=["/bin/bash", "-c", "exec -a {mark} sleep 300"], outputs=["x"]), NO_PYTHON, Path({work!r}), make_clock(), TODAY)
"""


def test_killing_our_own_process_kills_the_sandbox(repo: Path, tmp_path: Path) -> None:
    mark = f"orphan-{os.getpid()}-{time.monotonic_ns()}"
    script = _KILLED.format(tests=str(Path(__file__).parents[1]), repo=str(repo), work=str(tmp_path / "work"), mark=mark)
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE)
    try:
        for _ in range(500):
            lanes = [pid for pid in carrying(mark) if _is_sleep(pid)]
            if len(lanes) >= 2:
                break
            time.sleep(0.02)
        else:
            pytest.fail("the lanes never began")
        assert all(Path(f"/proc/{pid}").stat().st_uid != 0 for pid in lanes), "the kernel's own user is not root"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert process.stderr is not None
        process.stderr.close()
    wait_until_gone(mark)
    again = build_twice(repo, "HEAD", shell("mkdir out; cp a.txt out/"), NO_PYTHON, tmp_path / "work", make_clock(), TODAY)
    assert again.verdict is Verdict.IDENTICAL
    assert not list((tmp_path / "work").glob("lotmark-*"))


def _is_sleep(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == "sleep"
    except OSError:
        return False


_UNPRIVILEGED = """
import json, os, sys
from pathlib import Path
sys.path[:0] = [{tests!r}]
from fakes.build_world import NO_PYTHON, TODAY, git, make_clock, make_repo, shell
from lotmark.builds.api import build_twice, probe, run_command
from lotmark.product.models import EnvironmentSection
folder = Path(os.environ["HOME"])
repo = make_repo(folder / "repo", {{"a.txt": "alpha"}})
if not probe().available:
    print(json.dumps({{"skip": probe().reason}})); sys.exit()
report = build_twice(repo, "HEAD", shell("mkdir out; cp a.txt out/; mkdir locked; chmod 0 locked"), NO_PYTHON, folder / "work", make_clock(), TODAY)
told = run_command(repo, "HEAD", ["/bin/sh", "-c", "id -u; cat /etc/shadow; echo $?; touch a.txt && echo writable"], NO_PYTHON, folder / "work", make_clock())
python = run_command(repo, "HEAD", ["python", "-c", "import msgspec; print('inside')"], EnvironmentSection(), folder / "work", make_clock())
print(json.dumps({{"verdict": report.verdict.value, "hermetic": report.isolation.hermetic, "uid": os.getuid(), "out": told.stdout.data.decode(), "python": python.stdout.data.decode(), "left": sorted(path.name for path in (folder / "work").iterdir())}}))
"""


def test_an_unprivileged_user_has_the_same_sandbox(tmp_path: Path) -> None:
    """As root, become user 4711 with this interpreter within reach; a user runs the other tests as a user anyway."""
    if os.geteuid() != 0:
        pytest.skip("not root: the other tests show it")
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 4711, 4711)
    base = Path(sys.base_prefix).resolve()
    script = _UNPRIVILEGED.format(tests="/mnt/tests")
    reachable = [word for parent in reversed(base.parents[:-2]) for word in ("--perms", "0755", "--dir", str(parent))]
    hidden = ["--perms", "0755", "--tmpfs", "/root", *reachable, "--ro-bind", str(base), str(base)] if base.is_relative_to("/root") else []
    command = ["bwrap", "--dev-bind", "/", "/", *hidden, "--perms", "0755", "--tmpfs", "/mnt"]
    command += ["--ro-bind", str(Path(__file__).parents[1]), "/mnt/tests", "--bind", str(home), "/mnt/home", "--"]
    command += ["setpriv", "--reuid=4711", "--regid=4711", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--", sys.executable, "-c", script]
    result = subprocess.run(command, capture_output=True, text=True, env={"HOME": "/mnt/home", "PATH": "/usr/bin:/bin", "PYTHONPATH": str(SOURCE)}, check=False)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    if "skip" in found:
        pytest.skip(found["skip"])
    assert found == {"verdict": "IDENTICAL", "hermetic": True, "uid": 4711, "out": "1000\n1\nwritable\n", "python": "inside\n", "left": ["logs", "outputs"]}
