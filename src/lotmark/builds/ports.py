"""Sandbox: the port behind which a command is run sealed off."""

from typing import Protocol

from lotmark.builds.models import Capabilities, SandboxResult, SandboxSpec


class Sandbox(Protocol):
    """Runs one command at a time per call; safe to call from several threads.

    Promises: when `run` returns, or when the calling process dies, no process of the command is left (the `host`
    backend does this as far as it can); the log is bounded by the quota; the writable mounts stay within the quota.
    """

    def probe(self) -> Capabilities:
        """What this backend can do here; looks once per process."""
        ...

    def run(self, spec: SandboxSpec) -> SandboxResult:
        """Run the command to its end, to its timeout or to its quota.

        Raises:
            EnvironmentLacksError: LM-BLD-001 if the sandbox itself does not start.
        """
        ...
