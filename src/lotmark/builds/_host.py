"""The `host` backend: no sandbox at all, for development on machines that cannot have one.

It is recorded as not hermetic and the release policy refuses it. What it still does: a clean environment, a deadline,
bounded output, quotas, and an attempt to end every process that the command left (found by a variable of ours in their
environment). As root the command runs without capabilities, for a test suite run as root once set a machine's clock.

Mounts, links and scratch folders do not exist here: the caller gives host paths, see `Layout.host`.
"""

import os
import secrets
import shutil
import signal
from contextlib import suppress
from pathlib import Path

from lotmark.builds._process import supervise
from lotmark.builds.models import Capabilities, Dimension, SandboxResult, SandboxSpec

_MARK = "LOTMARK_SANDBOX"
_CANNOT = frozenset({Dimension.HOSTNAME, Dimension.USER})


class HostSandbox:
    """Runs commands on the host itself; see `Sandbox`."""

    def probe(self) -> Capabilities:
        """Always available."""
        varies = frozenset(Dimension) - _CANNOT
        if shutil.which("taskset") is None:
            varies -= {Dimension.CPUS}
        return Capabilities("host", available=True, hides=False, varies=varies)

    def run(self, spec: SandboxSpec) -> SandboxResult:
        """Run the command; see `Sandbox.run`."""
        mark = secrets.token_hex(16)
        line: list[str] = []
        if shutil.which("prlimit"):
            line += ["prlimit", "--core=0", f"--fsize={spec.quota.disk}", "--"]
        if spec.cpus is not None and shutil.which("taskset"):
            line += ["taskset", "-c", ",".join(str(cpu) for cpu in spec.cpus)]
        if os.geteuid() == 0 and shutil.which("setpriv"):
            line += ["setpriv", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--"]
        # env, found by the fixed path, looks the command up in the *declared* PATH and gives 127 if it is not there.
        line += ["/usr/bin/env", "--", *spec.command]
        return supervise(
            line,
            variables={**spec.variables, _MARK: mark},
            cwd=Path(spec.working_directory),
            umask=spec.umask,
            timeout=spec.timeout,
            quota=spec.quota,
            watched=[mount.source for mount in spec.mounts if mount.writable],
            merge_output=spec.merge_output,
            cancel=spec.cancel,
            after=lambda _: _end_marked(mark),
        )


def _end_marked(mark: str) -> None:
    """Kill every process that carries the mark, until none is found."""
    wanted = f"{_MARK}={mark}".encode()
    for _ in range(100):
        found = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _carries(entry, wanted)]
        if not found:
            return
        for pid in found:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)


def _carries(process: Path, wanted: bytes) -> bool:
    try:
        return wanted in (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return False
