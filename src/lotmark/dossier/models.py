"""The values of the room: what a bundle holds, the steps of a verification and their report."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from lotmark.attest.models import TrustPolicy, Verified
from lotmark.base.digest import Digest
from lotmark.base.errors import ExitCode
from lotmark.base.findings import Finding
from lotmark.ledger.models import Entry, Header
from lotmark.ledger.ports import TimestampVerifier

KEY_EVENT: Final = "key-event"

StepVerdict = Literal["passed", "failed", "not-checked"]
Verdict = Literal["accepted", "refused", "broken", "not-checked"]
"""``broken``: integrity; ``not-checked``: the caller or the machine lacks something that a step needs."""

TrustFinder = Callable[[str], TrustPolicy | None]
"""Log origin -> what the caller himself trusts of that log."""

VerifierFinder = Callable[[TrustPolicy], TimestampVerifier | None]
"""What the caller trusts of a log -> what verifies its time stamps, if he named any certificate for that."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the quorum of cosignatures may be, for whoever wants the log as it is now and not as it was at the release."""

    now: datetime
    max_age: timedelta


@dataclass(frozen=True, slots=True)
class BundleFile:
    """One line of the manifest."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """`manifest.json`: what the bundle is about, and every other file in it."""

    product: str
    version: str
    run: str
    outcome: str
    origin: str
    log_size: int
    files: tuple[BundleFile, ...]


@dataclass(frozen=True, slots=True)
class BundleScope:
    """What the log holds about one closed run, at the size that covers the record which closed it.

    `entries` are the run's own, those of the product, every key event and the test runs of earlier runs that lent a result, in
    log order; `verified` those of known kinds.
    """

    run: str
    product: str
    version: str
    outcome: str
    closed_at: str
    checkpoint: bytes
    origin: str
    size: int
    entries: tuple[Entry, ...]
    verified: tuple[Verified, ...]

    @property
    def run_entries(self) -> tuple[Verified, ...]:
        """The verified entries of the run itself."""
        own = {entry.index for entry in self.entries if entry.header.scope == f"run:{self.run}"}
        return tuple(entry for entry in self.verified if entry.index in own)

    @property
    def product_entries(self) -> tuple[Verified, ...]:
        """The verified entries of the product: waivers, closures, delegations, withdrawals, keys."""
        own = {entry.index for entry in self.entries if entry.header.scope.startswith("run:")}
        return tuple(entry for entry in self.verified if entry.index not in own)


@dataclass(frozen=True, slots=True)
class BundleSummary:
    """A bundle that was written."""

    path: Path
    sha256: str
    size: int
    files: int
    entries: int
    blobs: int
    run: str
    version: str
    log_size: int

    def to_wire(self) -> dict[str, Any]:
        return {
            "path": str(self.path),
            "sha256": self.sha256,
            "size": self.size,
            "files": self.files,
            "entries": self.entries,
            "blobs": self.blobs,
            "run": self.run,
            "version": self.version,
            "logSize": self.log_size,
        }


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered step of a verification. `exit_code` is what its failure means to a caller."""

    number: int
    name: str
    verdict: StepVerdict
    detail: str
    findings: tuple[Finding, ...] = ()
    exit_code: ExitCode = ExitCode.ACCEPTED

    def to_wire(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "name": self.name,
            "verdict": self.verdict,
            "detail": self.detail,
            "findings": [finding.to_wire() for finding in self.findings],
        }


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """The steps in their order, and what they amount to. `about` names what was verified, as far as it was read."""

    steps: tuple[Step, ...]
    about: Mapping[str, Any]

    @property
    def exit_code(self) -> ExitCode:
        """The weightiest: broken integrity before a lack before a refusal. Accepted only if every step was passed."""
        codes = {step.exit_code for step in self.steps if step.verdict == "failed"}
        for code in (ExitCode.INTEGRITY, ExitCode.ENVIRONMENT, ExitCode.NOTHING_TO_JUDGE, ExitCode.REFUSED):
            if code in codes:
                return code
        return ExitCode.ACCEPTED if self.steps and all(step.verdict == "passed" for step in self.steps) else ExitCode.REFUSED

    @property
    def verdict(self) -> Verdict:
        words: dict[ExitCode, Verdict] = {
            ExitCode.ACCEPTED: "accepted",
            ExitCode.INTEGRITY: "broken",
            ExitCode.ENVIRONMENT: "not-checked",
            ExitCode.NOTHING_TO_JUDGE: "not-checked",
        }
        return words.get(self.exit_code, "refused")

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for step in self.steps for finding in step.findings)

    def to_wire(self) -> dict[str, Any]:
        return {
            "verdict": self.verdict,
            "exitCode": int(self.exit_code),
            "about": dict(self.about),
            "steps": [step.to_wire() for step in self.steps],
        }


def belongs(header: Header, *, run: str, product: str, version: str) -> bool:
    """Whether an entry belongs to the bundle of a run: the run's, its product's, its release's, or a key event of the log."""
    return header.kind == KEY_EVENT or header.scope in {f"run:{run}", f"product:{product}", f"release:{product}@{version}"}


def envelope_path(entry: Entry) -> str:
    """Where an entry's envelope lies in a bundle."""
    return f"envelopes/{entry.index:04d}-{entry.header.kind}.json"


def blob_path(digest: Digest) -> str:
    """Where a blob lies in a bundle."""
    return f"blobs/sha256/{digest.hex}"
