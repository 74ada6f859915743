"""The `bwrap` backend: bubblewrap in namespaces of its own, with no privilege left.

As root, the user is dropped *before* the sandbox is made: ``bwrap --uid 1000`` alone keeps kernel uid 0, which reads
/etc/shadow. The dropped user cannot reach mounts below folders like /root (mode 0700), so as root a first, outer
bubblewrap binds them to numbered places on a tmpfs; from there on both ways are the same.

    root:      prlimit > bwrap (mounts, pid namespace) > setpriv (drop) > bwrap (all namespaces) > command
    otherwise: prlimit >                                                  bwrap (all namespaces) > command

The outer one has a pid namespace because the kernel's parent-death signal does not cross the change of user: the
inner bubblewrap would outlive us, while a pid namespace ends with its first process. ``--die-with-parent`` follows the
*thread* that started it: whoever calls `run` must stay in it.
"""

import functools
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

from lotmark.base.errors import EnvironmentLacksError
from lotmark.builds._process import supervise
from lotmark.builds.models import Capabilities, Mount, SandboxResult, SandboxSpec

SANDBOX_ID = 65531
"""Kernel user and group of a product's commands when we are root; in the range that systemd leaves unused."""

APPARMOR_CURE = (
    "printf 'abi <abi/4.0>,\\ninclude <tunables/global>\\nprofile bwrap /usr/bin/bwrap flags=(unconfined) {\\n  userns,\\n}\\n'"
    " | sudo tee /etc/apparmor.d/bwrap && sudo apparmor_parser -r /etc/apparmor.d/bwrap"
)
_OLDEST = (0, 4, 0)
_WITH_PERMS = (0, 5, 0)
_WITH_SIZE = (0, 7, 0)
_WITHOUT_USERNS = (0, 8, 0)
_FAILED_TO_START = re.compile(rb"^(bwrap|setpriv|prlimit|taskset): .*", re.MULTILINE)
_PLAIN = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}


class BwrapSandbox:
    """Runs commands under bubblewrap; see `Sandbox`."""

    def probe(self) -> Capabilities:
        """Whether bubblewrap is here and starts; looks once per process."""
        return _probe()

    def run(self, spec: SandboxSpec) -> SandboxResult:
        """Run the command; see `Sandbox.run`."""
        capabilities = self.probe()
        if not capabilities.available:
            raise EnvironmentLacksError("LM-BLD-001", capabilities.reason, solution=capabilities.solution)
        arguments = format_arguments(spec, _parse_version(capabilities.version), privileged=os.geteuid() == 0)
        result = supervise(
            arguments,
            variables=_PLAIN,
            cwd=Path("/"),
            umask=spec.umask,
            timeout=spec.timeout,
            quota=spec.quota,
            watched=[mount.source for mount in spec.mounts if mount.writable],
            merge_output=spec.merge_output,
            cancel=spec.cancel,
        )
        _raise_if_not_started(result)
        return result


def _raise_if_not_started(result: SandboxResult) -> None:
    """Tell a sandbox that did not start from a command that failed: only our own tools had a chance to speak."""
    said = result.stderr.head or result.stdout.head
    match = _FAILED_TO_START.match(said)
    if result.exit_code == 1 and match and result.stdout.total + result.stderr.total == len(match[0]) + 1 and b"execvp" not in match[0]:
        reason = match[0].decode("utf-8", "replace")
        raise EnvironmentLacksError("LM-BLD-001", f"the sandbox did not start: {reason}", solution=_cure(reason))


def format_arguments(spec: SandboxSpec, version: tuple[int, ...], *, privileged: bool) -> list[str]:
    """The whole command line of a run."""
    line = ["prlimit", "--core=0", f"--nproc={spec.quota.processes}", f"--fsize={spec.quota.disk}", "--"]
    if spec.cpus is not None:
        line += ["taskset", "-c", ",".join(str(cpu) for cpu in spec.cpus)]
    if privileged:
        outer, spec = _outer(spec)
        line += [*outer, *_drop()]
    return [*line, *_inner(spec, version), "--", *spec.command]


def _outer(spec: SandboxSpec) -> tuple[list[str], SandboxSpec]:
    """As root: bind every mount to a place that the dropped user can reach, and speak of those places from then on."""
    line = ["bwrap", "--unshare-pid", "--die-with-parent", "--dev-bind", "/", "/", "--tmpfs", "/tmp"]  # noqa: S108
    moved: list[Mount] = []
    for number, mount in enumerate(spec.mounts):
        place = f"/tmp/{number}"  # noqa: S108
        line += ["--bind" if mount.writable else "--ro-bind", os.fspath(mount.source), place]
        moved.append(replace(mount, source=Path(place)))
    return [*line, "--"], replace(spec, mounts=tuple(moved))


def _drop() -> list[str]:
    return ["setpriv", f"--reuid={SANDBOX_ID}", f"--regid={SANDBOX_ID}", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--"]


def _inner(spec: SandboxSpec, version: tuple[int, ...]) -> list[str]:
    """Namespaces, the root made of nothing but what the spec names, and a clean environment."""
    line = [
        "bwrap",
        "--unshare-user",
        "--unshare-pid",
        "--unshare-ipc",
        "--unshare-uts",
        "--unshare-cgroup-try",
        "--die-with-parent",
        "--new-session",
        "--clearenv",
    ]
    if not spec.network:
        line.append("--unshare-net")
    if version >= _WITHOUT_USERNS:
        line.append("--disable-userns")
    line += ["--uid", str(spec.uid), "--gid", str(spec.gid), "--hostname", spec.hostname, "--cap-drop", "ALL"]
    size = ["--size", str(spec.quota.scratch)] if version >= _WITH_SIZE else []
    # /dev first and sealed, so that a mount below it (none today) would have to be named before.
    line += ["--proc", "/proc", "--dev", "/dev", *size, "--tmpfs", "/dev/shm"]  # noqa: S108
    perms = ["--perms", "1777"] if version >= _WITH_PERMS else []
    for target in spec.scratch:
        line += [*size, *perms, "--tmpfs", target]
    for mount in sorted(spec.mounts, key=lambda each: each.target.count("/") if each.target != "/" else 0):
        line += ["--bind" if mount.writable else "--ro-bind", os.fspath(mount.source), mount.target]
    for target, place in spec.links:
        line += ["--symlink", target, place]
    line += ["--remount-ro", "/dev", "--remount-ro", "/"]
    for name, value in spec.variables.items():
        line += ["--setenv", name, value]
    return [*line, "--chdir", spec.working_directory]


def _parse_version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


@functools.cache
def _probe() -> Capabilities:
    """Start bubblewrap once on nothing but /usr, the way that `run` will."""
    for tool, package in (("bwrap", "bubblewrap"), ("setpriv", "util-linux"), ("prlimit", "util-linux"), ("taskset", "util-linux")):
        if shutil.which(tool, path=_PLAIN["PATH"]) is None:
            return Capabilities("bwrap", available=False, reason=f"{tool} is not installed", solution=f"sudo apt-get install {package}")
    version = subprocess.run(["bwrap", "--version"], capture_output=True, text=True, check=False, env=_PLAIN).stdout.strip().removeprefix("bubblewrap ")
    numbers = _parse_version(version)
    if numbers < _OLDEST:
        return Capabilities("bwrap", available=False, version=version, reason=f"bubblewrap {version} is too old", solution="install bubblewrap 0.4 or newer")
    spec = SandboxSpec(command=("/usr/bin/true",), working_directory="/", variables={}, mounts=(Mount(Path("/usr"), "/usr"),), links=system_links(), timeout=10)
    spec = replace(spec, mounts=(*spec.mounts, *system_mounts()))
    try:
        result = supervise(
            format_arguments(spec, numbers, privileged=os.geteuid() == 0),
            variables=_PLAIN,
            cwd=Path("/"),
            umask=0o022,
            timeout=10,
            quota=spec.quota,
            watched=(),
            merge_output=True,
        )
    except OSError as error:
        return Capabilities("bwrap", available=False, version=version, reason=f"bubblewrap does not start: {error}", solution=_cure(""))
    if not result.succeeded:
        reason = result.stdout.last_lines(1) or "no message"
        return Capabilities("bwrap", available=False, version=version, reason=f"bubblewrap does not start: {reason}", solution=_cure(reason))
    owner = SANDBOX_ID if os.geteuid() == 0 else None
    return Capabilities("bwrap", available=True, version=version, hides=True, relocates=True, owner=owner)


_MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


def system_links() -> tuple[tuple[str, str], ...]:
    """The links of a merged /usr (``/bin`` -> ``usr/bin``), as they stand on this host."""
    return tuple((str(Path("/", name).readlink()), f"/{name}") for name in _MERGED if Path("/", name).is_symlink())


def system_mounts() -> tuple[Mount, ...]:
    """The top folders beside /usr where they are folders of their own."""
    return tuple(Mount(Path("/", name), f"/{name}") for name in _MERGED if Path("/", name).is_dir() and not Path("/", name).is_symlink())


def _cure(reason: str) -> str:
    """What a person does about a bubblewrap that does not start."""
    if _read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1":
        return APPARMOR_CURE
    if _read("/proc/sys/kernel/unprivileged_userns_clone") == "0":
        return "echo kernel.unprivileged_userns_clone=1 | sudo tee /etc/sysctl.d/60-userns.conf && sudo sysctl --system"
    if _read("/proc/sys/user/max_user_namespaces") == "0":
        return "echo user.max_user_namespaces=15000 | sudo tee /etc/sysctl.d/60-userns.conf && sudo sysctl --system"
    if "proc" in reason or "Operation not permitted" in reason:
        return "in a container: start it with `--security-opt seccomp=unconfined --security-opt systempaths=unconfined --cap-add SYS_ADMIN`, or run on the machine itself"
    return "run `bwrap --unshare-all --ro-bind / / true` to see what the kernel refuses, or set `environment.backend: host` for development"


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except OSError:
        return ""
