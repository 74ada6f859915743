"""The `inplace` backend: for a CI job whose container *is* the pinned image, so that no further root can be made.

The command keeps this file system and is confined in it: by Landlock it reads the system, the declared mounts and its
own lane alone, by seccomp it can open no socket but local ones and make no user namespace, and it holds no capability.
What it cannot do: give the command other paths, another host name or another user. ``/dev/shm`` and ``/tmp`` are not
granted, for the lanes share them; TMPDIR is a folder of the lane. Works unprivileged in default containers.
"""

import functools
import os
import platform
import secrets
import sys
from pathlib import Path

from lotmark.base.errors import EnvironmentLacksError
from lotmark.builds import _confine
from lotmark.builds._bwrap import system_mounts
from lotmark.builds._confine import MACHINES, NOT_STARTED, OLDEST_LANDLOCK, Confinement
from lotmark.builds._process import supervise
from lotmark.builds.models import Capabilities, Dimension, Mount, SandboxResult, SandboxSpec

_CANNOT = frozenset({Dimension.HOSTNAME, Dimension.USER})
_PLAIN = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
_SYSTEM = ("/proc", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/localtime")


class InplaceSandbox:
    """Runs commands confined in this file system; see `Sandbox`."""

    def probe(self) -> Capabilities:
        """Whether the kernel confines here; looks once per process."""
        return _probe()

    def run(self, spec: SandboxSpec) -> SandboxResult:
        """Run the command; see `Sandbox.run`."""
        capabilities = self.probe()
        if not capabilities.available:
            raise EnvironmentLacksError("LM-BLD-001", capabilities.reason, solution=capabilities.solution)
        return _run(spec)


def _run(spec: SandboxSpec) -> SandboxResult:
    mark = f"lotmark-{secrets.token_hex(8)}"
    writable = [os.fspath(mount.source) for mount in spec.mounts if mount.writable]
    confinement = Confinement(
        mark=mark,
        parent=os.getpid(),
        command=list(spec.command),
        directory=spec.working_directory,
        variables=dict(spec.variables),
        read=[path for path in (*(os.fspath(mount.source) for mount in spec.mounts if not mount.writable), *_SYSTEM) if Path(path).exists()],
        write=[*writable, *(path for path in spec.scratch if Path(path).is_dir())],
        cpus=list(spec.cpus) if spec.cpus is not None else None,
        network=spec.network,
        processes=spec.quota.processes,
        file_size=spec.quota.disk,
        report=spec.report,
    )
    result = supervise(
        [sys.executable, "-I", "-S", "-B", _confine.__file__, confinement.to_json()],
        variables=_PLAIN,
        cwd=Path("/"),
        umask=spec.umask,
        timeout=spec.timeout,
        quota=spec.quota,
        watched=[Path(path) for path in confinement.write],
        merge_output=spec.merge_output,
        cancel=spec.cancel,
        asks_first=True,
    )
    said = (result.stderr.tail or result.stderr.head or result.stdout.tail or result.stdout.head).rstrip().rsplit(b"\n", 1)[-1]
    if result.exit_code == NOT_STARTED and said.startswith(mark.encode()):
        reason = said.decode("utf-8", "replace").removeprefix(f"{mark}: ")
        raise EnvironmentLacksError("LM-BLD-001", f"the command could not be confined: {reason}", solution=_CURE)
    return result


_CURE = "use a kernel of 6.2 or newer with Landlock (`lsm=...,landlock`) and the engine's default seccomp profile, or `environment.backend: bwrap` on a machine of your own"


@functools.cache
def _probe() -> Capabilities:
    """Confine a command once, the way that `run` will."""
    version = _confine.landlock_version()
    lacking = ""
    if platform.machine() not in MACHINES:
        lacking = f"the system calls of {platform.machine()} are not known"
    elif not version:
        lacking = "the kernel has no Landlock"
    elif version < OLDEST_LANDLOCK:
        lacking = f"the kernel's Landlock (interface {version}) cannot keep files from being truncated"
    if lacking:
        return Capabilities("inplace", available=False, version=str(version or ""), reason=lacking, solution=_CURE)
    spec = SandboxSpec(
        command=("/bin/true",), working_directory="/", variables={}, mounts=(Mount(Path("/usr"), "/usr"), *system_mounts()), scratch=(), timeout=20
    )
    try:
        result = _run(spec)
    except EnvironmentLacksError as error:
        return Capabilities("inplace", available=False, version=str(version), reason=error.reason, solution=_CURE)
    if not result.succeeded:
        return Capabilities("inplace", available=False, version=str(version), reason=result.stderr.last_lines(1) or "no message", solution=_CURE)
    return Capabilities("inplace", available=True, version=f"landlock {version}", hides=True, varies=frozenset(Dimension) - _CANNOT)
