"""Values of admission, switch and check."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lotmark.base.digest import Digest


@dataclass(frozen=True, slots=True)
class AdmissionCheck:
    """One thing that was verified again before the switch."""

    name: str
    holds: bool
    detail: str

    def to_wire(self) -> dict[str, Any]:
        return {"name": self.name, "verdict": "passed" if self.holds else "failed", "detail": self.detail}


@dataclass(frozen=True, slots=True)
class Admission:
    """The permission for one digest to go to one target, under one policy, at one size of the log."""

    digest: Digest
    target: str
    policy_sha256: str
    log_size: int
    checks: tuple[AdmissionCheck, ...]
    issued_at: str

    @property
    def granted(self) -> bool:
        """Whether every check holds; without any check nothing is granted."""
        return bool(self.checks) and all(check.holds for check in self.checks)

    def to_wire(self) -> dict[str, Any]:
        return {
            "digest": self.digest.digest_set,
            "target": self.target,
            "policySha256": self.policy_sha256,
            "logSize": self.log_size,
            "checks": [check.to_wire() for check in self.checks],
            "issuedAt": self.issued_at,
        }


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a target's descriptor says lies there."""

    version: str
    digest: Digest
    artifact: str

    def to_wire(self) -> dict[str, Any]:
        return {"version": self.version, "sha256": self.digest.hex}


@dataclass(frozen=True, slots=True)
class Probe:
    """What the deployed product said when it was run: the command, its exit code and output (at most 4,096 characters)."""

    command: tuple[str, ...]
    exit_code: int
    output: str

    def to_wire(self, reported: str | None) -> dict[str, Any]:
        return {"command": list(self.command), "exitCode": self.exit_code, "output": self.output, "reportedVersion": reported}


Verdict = Literal["verified", "mismatch", "unreachable"]


@dataclass(frozen=True, slots=True)
class TargetCheck:
    """What was found at a target, read back and hashed, and what it answered."""

    target: Mapping[str, Any]
    expected: Digest
    found: Digest | None
    size: int | None
    probe: Probe | None
    reported_version: str | None
    verdict: Verdict
    reason: str
