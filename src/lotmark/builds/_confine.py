"""The launcher of the `inplace` backend: confine one command by seccomp and Landlock, run it, leave nothing of it behind.

Run as a program of its own, ``python -I -S _confine.py SPEC``, with the standard library alone; `SPEC` is the JSON of
`Confinement`. The launcher stays outside the confinement as the command's subreaper, so whatever forks away comes back
to it and is killed. It ends with the command's exit code (128 + signal), or with 125 and one line that begins with the
mark if the command was never started.

Sources: seccomp(2), landlock(7) and the kernel's ``Documentation/userspace-api/landlock.rst``.
"""

import ctypes
import errno
import json
import os
import platform
import resource
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

NOT_STARTED = 125
OLDEST_LANDLOCK = 3
"""Linux 6.2: before it, files outside the granted folders could still be emptied by truncate(2)."""
_WITH_NET, _WITH_IOCTL, _WITH_SCOPE = 4, 5, 6
_KILL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Confinement:
    """What the command is run with; paths are those of this file system."""

    mark: str
    parent: int
    command: list[str]
    directory: str
    variables: dict[str, str]
    read: list[str] = field(default_factory=list)
    write: list[str] = field(default_factory=list)
    cpus: list[int] | None = None
    network: bool = False
    processes: int = 8192
    file_size: int = 4 * 2**30
    report: bool = False
    """Whether ``@sockets refused`` is printed first, by the confined process itself."""

    def to_json(self) -> str:
        """As the launcher takes it."""
        return json.dumps(asdict(self))


# ---------------------------------------------------------------- seccomp


@dataclass(frozen=True, slots=True)
class Machine:
    """The numbers that differ between processors: audit architecture and system calls."""

    arch: int
    socket: int
    clone: int
    clone3: int
    unshare: int
    io_uring_setup: int
    x32: bool = False


MACHINES = {
    "x86_64": Machine(0xC000003E, 41, 56, 435, 272, 425, x32=True),
    "aarch64": Machine(0xC00000B7, 198, 220, 435, 97, 425),
}
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NEWUSER = 0x10000000
_X32_BIT = 0x40000000
_NR, _ARCH, _FIRST_ARGUMENT = 0, 4, 16


def seccomp_program(machine: Machine, *, network: bool) -> tuple[tuple[int, int, int, int], ...]:
    """The filter as (code, jump if true, jump if false, operand).

    Refused: sockets of every family but AF_UNIX (unless `network`), new user namespaces, and io_uring, which could make
    both without a system call of that name. clone3 is "unknown", so that libraries fall back on clone, whose flags can be seen.
    """
    checks: list[tuple[int, int, int, int]] = [(_LOAD, 0, 0, _ARCH), (_EQUAL, 1, 0, machine.arch), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, _NR)]
    if machine.x32:
        checks += [(_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]
    for number in (machine.io_uring_setup, machine.clone3):
        checks += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]
    for number in (machine.clone, machine.unshare):
        checks += [(_EQUAL, 0, 4, number), (_LOAD, 0, 0, _FIRST_ARGUMENT), (_ANY_BIT, 0, 1, _NEWUSER), (_RETURN, 0, 0, _ERRNO | errno.EPERM)]
        checks += [(_RETURN, 0, 0, _ALLOW)]
    if not network:
        checks += [(_EQUAL, 0, 3, machine.socket), (_LOAD, 0, 0, _FIRST_ARGUMENT)]
        checks += [(_EQUAL, 1, 0, socket.AF_UNIX), (_RETURN, 0, 0, _ERRNO | errno.EAFNOSUPPORT)]
    return (*checks, (_RETURN, 0, 0, _ALLOW))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _PR_SET_SECCOMP, _PR_SET_SUBREAPER, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 1, 24, 22, 36, 38, 47
_LAST_CAPABILITY = 63


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, *values: int, required: bool = True) -> None:
    library = _library()
    numbers = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    if library.prctl(ctypes.c_int(option), *numbers) and required:
        raise OSError(ctypes.get_errno(), f"prctl {option}: {os.strerror(ctypes.get_errno())}")


def _filter_calls(machine: Machine, *, network: bool) -> None:
    program = b"".join(struct.pack("<HBBI", *step) for step in seccomp_program(machine, network=network))
    block = ctypes.create_string_buffer(program)
    whole = _Program(len(program) // 8, ctypes.addressof(block))
    _prctl(_PR_SET_SECCOMP, 2, ctypes.addressof(whole))


# ---------------------------------------------------------------- Landlock

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_MAKE_CHAR, _MAKE_BLOCK = 1 << 6, 1 << 11
_TRUNCATE, _IOCTL = 1 << 14, 1 << 15
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_ALL = (1 << 15) - 1
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


def landlock_version() -> int:
    """The kernel's version of Landlock's interface; 0 where there is none."""
    found = _library().syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    return max(0, int(found))


def ruleset(version: int, *, network: bool) -> bytes:
    """The attributes of a ruleset that handles everything this version can: files, TCP, abstract sockets, signals."""
    files = _ALL | (_IOCTL if version >= _WITH_IOCTL else 0)
    parts = [files]
    if version >= _WITH_NET:
        parts.append(0 if network else 3)
    if version >= _WITH_SCOPE:
        parts.append(3)
    return struct.pack(f"<{len(parts)}Q", *parts)


def _restrict(version: int, read: list[str], write: list[str], *, network: bool) -> None:
    library = _library()
    attributes = ruleset(version, network=network)
    handle = library.syscall(_CREATE, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    if handle < 0:
        raise OSError(ctypes.get_errno(), "Landlock refuses the ruleset")
    grants = [(path, _READ) for path in read] + [(path, _ALL & ~_MAKE_CHAR & ~_MAKE_BLOCK) for path in write]
    grants += [(path, _READ_FILE | _WRITE_FILE) for path in _DEVICES if Path(path).exists()]
    for path, rights in grants:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        allowed = rights if Path(path).is_dir() else rights & _ON_FILES
        rule = struct.pack("<Qi", allowed, place)
        if library.syscall(_ADD, handle, 1, rule, 0):
            raise OSError(ctypes.get_errno(), f"Landlock refuses the rule for {path}")
        os.close(place)
    if library.syscall(_RESTRICT, handle, 0):
        raise OSError(ctypes.get_errno(), "Landlock does not take effect")
    os.close(handle)


# ---------------------------------------------------------------- the command

_ENGINES = ("/run/docker.sock", "/run/podman/podman.sock", "/run/containerd/containerd.sock", "/run/crio/crio.sock")
_FAMILIES = (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET)


def _confine(what: Confinement) -> None:
    """Give up every right, for good, and try that it holds."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (what.file_size, what.file_size))
    _, most = resource.getrlimit(resource.RLIMIT_NPROC)
    limit = what.processes if most == resource.RLIM_INFINITY else min(most, what.processes)
    resource.setrlimit(resource.RLIMIT_NPROC, (limit, limit))
    if what.cpus is not None:
        os.sched_setaffinity(0, what.cpus)
    for number in range(_LAST_CAPABILITY + 1):
        _prctl(_PR_CAPBSET_DROP, number, required=False)
    _prctl(_PR_CAP_AMBIENT, 4, required=False)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _restrict(landlock_version(), what.read, what.write, network=what.network)
    _drop_capabilities()
    _filter_calls(MACHINES[platform.machine()], network=what.network)
    if not what.network:
        _try_out()
    if what.report:
        os.write(1, b"@sockets " + (b"open" if what.network else b"refused") + b"\n")


def _drop_capabilities() -> None:
    header = struct.pack("<Ii", 0x20080522, 0)
    if _library().capset(header, bytes(24)):
        raise OSError(ctypes.get_errno(), "the capabilities cannot be given up")


def _try_out() -> None:
    """Refuse to go on if anything that was shut off still answers."""
    for family in _FAMILIES:
        with suppress(OSError):
            socket.socket(family, socket.SOCK_RAW if family != socket.AF_INET else socket.SOCK_STREAM).close()
            raise RuntimeError(f"a socket of the family {family.name} can still be made")
    for path in _ENGINES:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as line:
            line.connect(path)
            raise RuntimeError(f"the container engine answers at {path}: do not show its socket to this container")
    with suppress(OSError):
        os.listdir("/")  # noqa: PTH208 (a path object adds nothing)
        raise RuntimeError("folders that were not granted can still be read")


def _run_command(what: Confinement, failed: int) -> None:
    """In the child: confine, then become the command."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    try:
        _confine(what)
        os.chdir(what.directory)
    except (OSError, RuntimeError, ValueError) as error:
        os.write(failed, str(error).encode("utf-8", "backslashreplace"))
        os._exit(NOT_STARTED)
    try:
        os.execvpe(what.command[0], what.command, what.variables)  # noqa: S606 (no shell is wanted)
    except FileNotFoundError as error:
        os.write(2, f"{what.command[0]}: {error.strerror}\n".encode("utf-8", "backslashreplace"))
        os._exit(127)
    except OSError as error:
        os.write(2, f"{what.command[0]}: {error.strerror}\n".encode("utf-8", "backslashreplace"))
        os._exit(126)


def _children() -> list[int]:
    """The processes whose parent is this one."""
    mine, found = os.getpid(), []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, IndexError, ValueError):
                if int((entry / "stat").read_text(encoding="utf-8", errors="replace").rsplit(")", 1)[1].split()[1]) == mine:
                    found.append(int(entry.name))
    return found


def _end_all() -> None:
    """Kill every descendant: those of a killed one come to us, their subreaper, and are killed in the next round."""
    deadline = time.monotonic() + _KILL_SECONDS
    while time.monotonic() < deadline:
        for child in _children():
            with suppress(OSError):
                os.kill(child, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.002)


class _AskedToEnd(Exception):  # noqa: N818 (a signal, not an error)
    pass


def _ask(number: int, _: object) -> None:
    raise _AskedToEnd(number)


def main(text: str) -> int:
    """Run the command that the JSON describes; its exit code."""
    what = Confinement(**json.loads(text))
    signal.signal(signal.SIGTERM, _ask)
    _prctl(_PR_SET_SUBREAPER, 1)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != what.parent:
        return NOT_STARTED
    told, failed = os.pipe()
    code = 128 + signal.SIGTERM
    try:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            _run_command(what, failed)
        os.close(failed)
        code = _wait_for(child)
    except _AskedToEnd:
        pass
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _end_all()
    reason = os.read(told, 4096)
    if reason:
        os.write(2, f"{what.mark}: ".encode() + reason + b"\n")
        return NOT_STARTED
    return code


def _wait_for(child: int) -> int:
    """Wait for the command, and meanwhile for whatever was orphaned; the command's exit code."""
    while True:
        ended, status = os.waitpid(-1, 0)
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            return 128 - code if code < 0 else code


if __name__ == "__main__":  # pragma: no cover -- run in a process of its own
    sys.exit(main(sys.argv[1]))
