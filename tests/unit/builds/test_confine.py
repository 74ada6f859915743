"""The confinement itself: the filter by an interpreter of our own, the ruleset by its bits, and a table of what the kernel then refuses."""

import errno
import json
import platform
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.build_world import TODAY, make_clock, make_repo, shell, spec_for
from lotmark.base.errors import EnvironmentLacksError
from lotmark.builds import _confine, _inplace
from lotmark.builds._confine import MACHINES, NOT_STARTED, Confinement, Machine, ruleset, seccomp_program
from lotmark.builds._inplace import InplaceSandbox
from lotmark.builds.api import build_twice, probe, run_command
from lotmark.builds.models import Dimension, Mount, SandboxResult, Verdict
from lotmark.product.models import EnvironmentSection

pytestmark = pytest.mark.verifies("REQ-600", "RC-006", "HAZ-007")

INPLACE = EnvironmentSection(backend="inplace", python="none")
ALLOWED = 0x7FFF0000
KILLED = 0x80000000


def refused(number: int) -> int:
    return 0x00050000 | number


def interpret(program: tuple[tuple[int, int, int, int], ...], arch: int, number: int, argument: int = 0) -> int:
    """What the kernel does with a call: classic BPF on ``struct seccomp_data``, as far as the filter uses it."""
    data = struct.pack("<IIQ6Q", number & 0xFFFFFFFF, arch, 0, argument, 0, 0, 0, 0, 0)
    at, value = 0, 0
    while True:
        code, yes, no, operand = program[at]
        at += 1
        if code == 0x20:
            value = struct.unpack_from("<I", data, operand)[0]
        elif code == 0x06:
            return operand
        else:
            holds = {0x15: value == operand, 0x35: value >= operand, 0x45: bool(value & operand)}[code]
            at += yes if holds else no


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
@pytest.mark.parametrize(
    ("call", "argument", "answer"),
    [
        ("socket", socket.AF_UNIX, ALLOWED),
        ("socket", socket.AF_INET, refused(errno.EAFNOSUPPORT)),
        ("socket", socket.AF_INET6, refused(errno.EAFNOSUPPORT)),
        ("socket", socket.AF_NETLINK, refused(errno.EAFNOSUPPORT)),
        ("socket", socket.AF_PACKET, refused(errno.EAFNOSUPPORT)),
        ("socket", 40, refused(errno.EAFNOSUPPORT)),
        ("socket", (1 << 32) | socket.AF_INET, refused(errno.EAFNOSUPPORT)),
        ("io_uring_setup", 1, refused(errno.ENOSYS)),
        ("clone3", 0, refused(errno.ENOSYS)),
        ("clone", 0x01200011, ALLOWED),
        ("clone", 0x10000000 | 0x11, refused(errno.EPERM)),
        ("unshare", 0x10000000, refused(errno.EPERM)),
        ("unshare", 0x00020000, ALLOWED),
    ],
)
def test_the_filter_answers(machine: Machine, call: str, argument: int, answer: int) -> None:
    program = seccomp_program(machine, network=False)
    assert interpret(program, machine.arch, getattr(machine, call), argument) == answer


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_with_network_only_sockets_are_open(machine: Machine) -> None:
    program = seccomp_program(machine, network=True)
    assert interpret(program, machine.arch, machine.socket, socket.AF_INET) == ALLOWED
    assert interpret(program, machine.arch, machine.io_uring_setup) == refused(errno.ENOSYS)
    assert interpret(program, machine.arch, machine.unshare, 0x10000000) == refused(errno.EPERM)


@given(st.sampled_from(list(MACHINES.values())), st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1), st.booleans())
def test_another_architecture_never_gets_past_the_filter(machine: Machine, number: int, argument: int, arch: int, network: bool) -> None:
    if arch != machine.arch:
        assert interpret(seccomp_program(machine, network=network), arch, number, argument) == KILLED


@given(st.integers(0x40000000, 2**32 - 1), st.integers(0, 2**64 - 1))
def test_no_call_of_the_x32_interface_exists(number: int, argument: int) -> None:
    machine = MACHINES["x86_64"]
    assert interpret(seccomp_program(machine, network=True), machine.arch, number, argument) == refused(errno.ENOSYS)


@given(st.integers(0, 1000), st.integers(0, 2**64 - 1))
def test_every_other_call_is_the_kernels_own_affair(number: int, argument: int) -> None:
    machine = MACHINES["x86_64"]
    special = {machine.socket, machine.clone, machine.clone3, machine.unshare, machine.io_uring_setup}
    if number not in special:
        assert interpret(seccomp_program(machine, network=False), machine.arch, number, argument) == ALLOWED


@pytest.mark.parametrize(
    ("version", "network", "parts"),
    [
        (3, False, (0x7FFF,)),
        (4, False, (0x7FFF, 3)),
        (4, True, (0x7FFF, 0)),
        (5, False, (0xFFFF, 3)),
        (6, False, (0xFFFF, 3, 3)),
        (7, True, (0xFFFF, 0, 3)),
    ],
)
def test_the_ruleset_handles_all_that_the_kernel_knows(version: int, network: bool, parts: tuple[int, ...]) -> None:
    assert ruleset(version, network=network) == struct.pack(f"<{len(parts)}Q", *parts)


@pytest.mark.parametrize(
    "what",
    [
        Confinement("m", 1, [], "", {}),
        Confinement("m", 2**31, ["sh", "-c", "echo 'a' \"b\"\n"], "/a b", {"A": "\n=\x01"}, ["/usr"], ["/tmp/x"], [0, 3]),
        Confinement("\u202e", -1, ["\udcff", ""], "/\U0001f600", {"": ""}, cpus=[], network=True, processes=0, file_size=2**63, report=True),
    ],
    ids=["least", "quotes and lines", "no text that prints"],
)
def test_the_launcher_reads_what_it_is_given(what: Confinement) -> None:
    assert Confinement(**json.loads(what.to_json())) == what


# ---------------------------------------------------------------- the real kernel


@pytest.fixture
def confined() -> None:
    capabilities = probe("inplace")
    if not capabilities.available:
        pytest.skip(f"this kernel does not confine: {capabilities.reason}")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return make_repo(tmp_path / "repo", {"a.txt": "alpha\n"})


def run(folder: Path, script: str, **options: object) -> SandboxResult:
    lane = folder / "lane"
    lane.mkdir(exist_ok=True)
    layout = spec_for(["x"]).mounts
    spec = spec_for(["/bin/bash", "-c", script], working_directory=str(lane), scratch=(), mounts=(*layout, Mount(lane, "/lane", writable=True)), **options)
    return InplaceSandbox().run(spec)


@pytest.mark.parametrize(
    "script",
    [
        "cat /etc/shadow",
        "cat /etc/hostname",
        "ls /root",
        "ls /",
        "ls /sys/kernel",
        "ls {outside}",
        "cat {outside}/secret",
        "echo x > {outside}/secret",
        "truncate -s 0 {outside}/secret",
        "rm {outside}/secret",
        "mv {outside}/secret .",
        "ln {outside}/secret .",
        "ln -s {outside}/secret there && cat there",
        "mkdir {outside}/new",
        "echo x > /usr/evil",
        "echo x > /dev/shm/evil",
        "echo x > /tmp/evil-lotmark",
        "echo x > /proc/sys/kernel/hostname",
        "echo 1 > /proc/sysrq-trigger",
        "cat /proc/1/environ",
        "cat /proc/$PPID/environ",
        "kill -9 $PPID",
        "kill -0 1",
        "unshare --user true",
        "unshare --net true",
        "mount -t tmpfs none .",
        "chroot / true",
        "hostname evil",
        "date -s 1970-01-01",
        "mknod disk b 8 0",
        "exec 3<>/dev/tcp/127.0.0.1/1",
        "exec 3<>/dev/udp/127.0.0.1/53 && echo x >&3",
        "nice -n -5 true 2>&1 | grep -q cannot && false",
    ],
)
def test_a_confined_command_cannot(confined: None, tmp_path: Path, script: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    result = run(tmp_path, script.format(outside=outside))
    assert result.exit_code not in (0, NOT_STARTED), result.stdout.data
    assert b"secret\n" not in result.stdout.data
    assert (outside / "secret").read_text() == "secret"
    assert not Path("/tmp/evil-lotmark").exists()


@pytest.mark.parametrize(
    "script",
    [
        "echo x > made && cat made && mkdir d && mv made d/ && rm -r d",
        "mkfifo pipe && (echo x > pipe &) && cat pipe",
        "ln -s a b; readlink b",
        "echo x > /dev/null; head -c 4 /dev/urandom > r; test -s r",
        "cat /proc/self/status | grep -q 'Seccomp:.2'",
        "id -un; uname -n; nproc",
        "echo one | cat > /dev/stdout",
        "echo 'int main(void){return 0;}' > m.c && { ! command -v cc >/dev/null || { TMPDIR=. cc m.c -o m && ./m; }; }",
    ],
    ids=["files", "a fifo", "links", "devices", "proc", "names", "pipes", "a compiler"],
)
def test_a_confined_command_can(confined: None, tmp_path: Path, script: str) -> None:
    result = run(tmp_path, script)
    assert result.exit_code == 0, result.stderr.data


def test_local_sockets_within_the_command_work(confined: None, tmp_path: Path) -> None:
    code = "import socket; a,b=socket.socketpair(); a.send(b'x'); s=socket.socket(socket.AF_UNIX); s.bind('s'); s.listen(); print(b.recv(1))"
    if not Path("/usr/bin/python3").exists():
        pytest.skip("no system Python")
    assert run(tmp_path, f'/usr/bin/python3 -c "{code}"').stdout.data == b"b'x'\n"


def test_no_capability_is_held_or_to_be_gained(confined: None, tmp_path: Path) -> None:
    said = run(tmp_path, "grep -E '^(Cap|NoNewPrivs)' /proc/self/status").stdout.data.decode()
    values = dict(each.split(":\t") for each in said.splitlines())
    assert values.pop("NoNewPrivs") == "1"
    assert set(values.values()) == {"0" * 16}


@pytest.mark.parametrize(
    "script",
    [
        "setsid sleep {mark} & exit 0",
        "(setsid setsid sleep {mark} &) ; exit 0",
        "(env -i setsid nohup sleep {mark} >/dev/null 2>&1 &) ; exit 3",
        "trap '' TERM INT HUP; (trap '' TERM; setsid sleep {mark} &); exit 0",
        "for i in 1 2 3 4 5; do (setsid bash -c 'sleep {mark} & sleep {mark}' &) ; done",
    ],
    ids=["a new session", "twice away", "no environment", "signals ignored", "many"],
)
def test_nothing_that_forks_away_is_left(confined: None, tmp_path: Path, script: str) -> None:
    mark = str(10**9 + time.time_ns() % 10**9)
    run(tmp_path, script.format(mark=mark))
    assert subprocess.run(["pgrep", "-f", f"sleep {mark}"], capture_output=True, check=False).stdout == b""


def test_a_command_that_does_not_end_is_ended_with_all_that_it_started(confined: None, tmp_path: Path) -> None:
    mark = str(10**9 + time.time_ns() % 10**9)
    result = run(tmp_path, f"trap '' TERM; (env -i setsid sleep {mark} &); sleep {mark}", timeout=0.5)
    assert result.stopped == "timeout"
    assert subprocess.run(["pgrep", "-f", f"sleep {mark}"], capture_output=True, check=False).stdout == b""


def test_when_the_caller_is_killed_nothing_is_left(confined: None, tmp_path: Path) -> None:
    mark = str(10**9 + time.time_ns() % 10**9)
    what = Confinement("m", 0, ["/bin/sh", "-c", f"(setsid sleep {mark} &); sleep {mark}"], str(tmp_path), {}, read=["/usr", "/proc"], write=[str(tmp_path)])
    caller = (
        "import json,os,subprocess,sys; w=json.loads(sys.argv[2]); w['parent']=os.getpid();"
        "p=subprocess.Popen([sys.executable,'-I','-S',sys.argv[1],json.dumps(w)]); p.wait()"
    )
    process = subprocess.Popen([sys.executable, "-c", caller, _confine.__file__, what.to_json()])
    pattern = ["pgrep", "-f", f"sleep {mark}$"]
    for _ in range(300):
        if len(subprocess.run(pattern, capture_output=True, check=False).stdout.split()) >= 2:
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    for _ in range(300):
        if not subprocess.run(pattern, capture_output=True, check=False).stdout:
            return
        time.sleep(0.01)
    pytest.fail("a process outlived its caller")


def test_a_launcher_without_its_caller_does_not_start(confined: None, tmp_path: Path) -> None:
    what = Confinement("m", 1, ["/bin/touch", "made"], str(tmp_path), {}, read=["/usr"], write=[str(tmp_path)])
    assert subprocess.run([sys.executable, "-I", "-S", _confine.__file__, what.to_json()], check=False).returncode == NOT_STARTED
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["no-such-program"], 127),
        (["/usr"], 126),
        (["/bin/sh", "-c", "exit 7"], 7),
        (["/bin/sh", "-c", "kill -9 $$"], 137),
        (["/bin/sh", "-c", "exit 125"], 125),
    ],
    ids=["not found", "not a program", "its own code", "a signal", "the launcher's code"],
)
def test_exit_codes_are_the_commands(confined: None, tmp_path: Path, command: list[str], code: int) -> None:
    assert InplaceSandbox().run(spec_for(command, working_directory="/usr", scratch=())).exit_code == code


def test_what_cannot_be_confined_is_not_run(confined: None, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentLacksError) as caught:
        InplaceSandbox().run(spec_for(["/bin/touch", str(tmp_path / "made")], working_directory="/no/such/folder", scratch=()))
    assert caught.value.code == "LM-BLD-001"
    assert "No such file" in caught.value.reason
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("version", "machine", "reason"),
    [(0, "x86_64", "no Landlock"), (1, "x86_64", "interface 1"), (2, "aarch64", "interface 2"), (7, "sparc64", "sparc64")],
)
def test_an_unfit_kernel_is_refused(monkeypatch: pytest.MonkeyPatch, version: int, machine: str, reason: str) -> None:
    _inplace._probe.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(_confine, "landlock_version", lambda: version)
        patch.setattr(platform, "machine", lambda: machine)
        found = InplaceSandbox().probe()
        with pytest.raises(EnvironmentLacksError):
            InplaceSandbox().run(spec_for(["/bin/true"]))
    _inplace._probe.cache_clear()
    assert not found.available
    assert reason in found.reason
    assert "bwrap" in found.solution


def test_a_probe_that_cannot_start_says_so(monkeypatch: pytest.MonkeyPatch, confined: None) -> None:
    def fails(_: object) -> SandboxResult:
        raise EnvironmentLacksError("LM-BLD-001", "the engine answers")

    _inplace._probe.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(_inplace, "_run", fails)
        found = InplaceSandbox().probe()
    _inplace._probe.cache_clear()
    assert (found.available, found.reason) == (False, "the engine answers")


def test_a_whole_twin_build_in_place(confined: None, repo: Path, tmp_path: Path) -> None:
    script = "mkdir out; cp a.txt out/; echo $TMPDIR > $TMPDIR/x; test ! -r /etc/shadow || ! cat /etc/shadow"
    report = build_twice(repo, "HEAD", shell(script), INPLACE, tmp_path / "work", make_clock(), TODAY)
    assert report.verdict is Verdict.IDENTICAL, report.findings
    assert report.isolation.hermetic
    assert not report.isolation.network
    assert {Dimension.HOSTNAME, Dimension.USER} <= report.not_varied.keys()
    assert Dimension.PATH in report.lanes[1].varied


def test_the_lanes_do_not_see_each_other(confined: None, repo: Path, tmp_path: Path) -> None:
    report = build_twice(
        repo, "HEAD", shell("mkdir out; ls ../.. >out/x 2>&1 || true; ls ../../original && exit 9; true"), INPLACE, tmp_path / "work", make_clock(), TODAY
    )
    assert report.lanes[0].result.succeeded
    assert b"Permission denied" in report.outputs[0].path.read_bytes()


def test_a_layer_that_may_use_the_network_gets_sockets(confined: None, repo: Path, tmp_path: Path) -> None:
    script = "exec 3<>/dev/udp/127.0.0.1/53"
    options = {"network": True}
    assert run_command(repo, "HEAD", ["bash", "-c", script], INPLACE, tmp_path / "w", make_clock(), **options).exit_code == 0  # type: ignore[arg-type]
    assert run_command(repo, "HEAD", ["bash", "-c", script], INPLACE, tmp_path / "w", make_clock()).exit_code != 0


def test_a_claim_of_refused_sockets_counts_from_the_launcher_alone(repo: Path, tmp_path: Path, bwrap: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the host nothing filters, so the words prove nothing there either: the files still stand open."""
    report = run_command(repo, "HEAD", ["true"], EnvironmentSection(backend="host", python="none"), tmp_path / "w", make_clock())
    assert not report.isolation.hermetic
    assert not report.isolation.read_only_source
