"""The values of the builds room: sandbox specification and result, staged source, lanes, comparison, reports."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from lotmark.base.digest import Digest
from lotmark.base.findings import Finding
from lotmark.builds._models_sandbox import (
    DEFAULT_QUOTA,
    TOLD,
    Capabilities,
    Dimension,
    IsolationFacts,
    LogCapture,
    Mount,
    Quota,
    RootFacts,
    SandboxResult,
    SandboxSpec,
    Tool,
)

__all__ = [
    "DEFAULT_QUOTA",
    "TOLD",
    "AppliedComparator",
    "BuildReport",
    "Capabilities",
    "CapsuleVerdict",
    "Cause",
    "Claim",
    "CommandReport",
    "Dimension",
    "EnvironmentFacts",
    "IsolationFacts",
    "Lane",
    "LogCapture",
    "Mount",
    "OutputComparison",
    "OutputFile",
    "Progress",
    "Quota",
    "ResultFile",
    "RootFacts",
    "SandboxResult",
    "SandboxSpec",
    "SelfTestResult",
    "SourceEntry",
    "StagedSource",
    "Tool",
    "Verdict",
]

Progress = Callable[[str], None]
"""Told one short line whenever something notable begins."""


class Verdict(StrEnum):
    """What two builds of one source say about each other."""

    IDENTICAL = "IDENTICAL"
    """Every output has the same bytes in both lanes."""
    EQUIVALENT = "EQUIVALENT"
    """Some outputs differ, and each of them only in what a declared comparator allows."""
    DIFFERENT = "DIFFERENT"
    """An output differs, or stands in one lane only."""
    NOT_COMPARABLE = "NOT_COMPARABLE"
    """Lane A built, lane B did not, so there is nothing to compare with."""
    FAILED = "FAILED"
    """Lane A did not build, or its outputs were refused."""


class Claim(StrEnum):
    """How much was varied between the lanes."""

    R1 = "R1"
    """Built again; not every controlled dimension could be varied."""
    R2 = "R2"
    """Every controlled dimension was varied."""
    R3 = "R3"
    """Every controlled dimension, the path, the time zone and the umask were varied."""


# ---------------------------------------------------------------- source


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """One tracked file: POSIX path as bytes, git mode, git object id, size, and the SHA-256 of its content (of the target for a link)."""

    path: bytes
    mode: int
    oid: str
    size: int
    digest: Digest

    @property
    def name(self) -> str:
        """The path as text; bytes that are not UTF-8 become surrogate escapes."""
        return self.path.decode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class StagedSource:
    """The tracked files of one commit, written below `root`, read-only, every mtime at the commit's time."""

    root: Path
    commit: str
    committed_at: int
    """The committer's time in seconds since 1970."""
    digest: Digest
    entries: tuple[SourceEntry, ...]


# ---------------------------------------------------------------- builds


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A collected file: its name relative to the source root, where it lies now, size, digest, executable bit."""

    name: str
    path: Path
    size: int
    digest: Digest
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason why two files differ: where (`file`, members as ``a.whl!b.py``; `span` in bytes) and which dimension gave rise to it."""

    file: str
    text: str
    span: tuple[int, int] | None = None
    dimension: Dimension | None = None

    def to_wire(self) -> dict[str, object]:
        """As it stands in predicates."""
        return {
            "file": self.file,
            "range": list(self.span) if self.span else None,
            "text": self.text,
            "dimension": self.dimension.value if self.dimension else None,
        }


@dataclass(frozen=True, slots=True)
class AppliedComparator:
    """The declared comparator that made two different files equivalent."""

    pattern: str
    kind: str
    reason: str
    owner: str
    expires: str


@dataclass(frozen=True, slots=True)
class OutputComparison:
    """One output in both lanes; a digest is None where the file is missing."""

    name: str
    size: int
    digest_a: Digest | None
    digest_b: Digest | None
    verdict: Verdict
    comparator: AppliedComparator | None = None
    causes: tuple[Cause, ...] = ()


@dataclass(frozen=True, slots=True)
class Lane:
    """One of the two builds: what was varied in it, how it ended, what it left, its log as a file."""

    name: str
    varied: Mapping[Dimension, str]
    result: SandboxResult
    outputs: tuple[OutputFile, ...]
    log: OutputFile
    findings: tuple[Finding, ...] = ()
    window: tuple[float, float] = (0.0, 0.0)
    """Begin and end by the file system's clock, in seconds since 1970."""
    read: tuple[str, ...] | None = None
    """The tracked files that the build read; None where the file system does not tell."""

    @property
    def usable(self) -> bool:
        """Whether it built and its outputs were taken."""
        return self.result.succeeded and bool(self.outputs) and not self.findings


@dataclass(frozen=True, slots=True)
class EnvironmentFacts:
    """What the commands ran in: digest over root, tools, Python distributions, mounts and variables, and these parts."""

    digest: Digest
    tools: tuple[Tool, ...]
    python: tuple[str, ...]
    """``name-version sha256`` of each distribution in the mounted Python environment."""
    mounts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BuildReport:
    """A twin build, whole. `outputs` are lane A's files below the work folder; the rest is what evidence is made from."""

    verdict: Verdict
    claim: Claim
    not_varied: Mapping[Dimension, str]
    """Dimensions of the asked-for twin that were not varied, each with the reason."""
    commit: str
    source_digest: Digest
    command: tuple[str, ...]
    lanes: tuple[Lane, ...]
    outputs: tuple[OutputFile, ...]
    comparisons: tuple[OutputComparison, ...]
    isolation: IsolationFacts
    environment: EnvironmentFacts
    findings: tuple[Finding, ...]
    started_at: datetime
    finished_at: datetime

    tracked: int = 0
    """How many files the commit tracks."""

    @property
    def read_set(self) -> tuple[str, ...] | None:
        """The tracked files that either lane read; None if a lane could not tell."""
        if any(lane.read is None for lane in self.lanes):
            return None
        return tuple(sorted({name for lane in self.lanes for name in lane.read or ()}))

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The tools with their versions."""
        return self.environment.tools

    def claim_text(self) -> str:
        """The claim in words: exactly what was varied, and what was not."""
        varied = ", ".join(dimension.value for dimension in self.lanes[-1].varied) or "nothing"
        text = f"{self.claim.value}: built twice on this machine, varied: {varied}"
        if self.not_varied:
            text += "; not varied: " + ", ".join(f"{dimension.value} ({reason})" for dimension, reason in self.not_varied.items())
        return text


# ---------------------------------------------------------------- commands


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A result file of a command. `stale` marks one that is tracked in the source and was not written anew."""

    name: str
    path: Path
    size: int
    digest: Digest
    modified_at: float
    stale: bool


@dataclass(frozen=True, slots=True)
class CommandReport:
    """One sandboxed command: how it ended, its bounded output, its result files, what it ran in."""

    command: tuple[str, ...]
    exit_code: int
    stopped: str
    seconds: float
    stdout: LogCapture
    stderr: LogCapture
    results: tuple[ResultFile, ...]
    isolation: IsolationFacts
    environment: EnvironmentFacts
    source_digest: Digest | None
    findings: tuple[Finding, ...]
    started_at: datetime
    finished_at: datetime

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The tools with their versions."""
        return self.environment.tools


@dataclass(frozen=True, slots=True)
class SelfTestResult:
    """Whether a deliberate leak along one dimension was caught, and what the explanation said."""

    dimension: Dimension
    varied: bool
    caught: bool
    explained: bool
    text: str = field(default="")


@dataclass(frozen=True, slots=True)
class CapsuleVerdict:
    """What a rebuild from a capsule gave: per output its name, the recorded and the new digest (None where it is missing)."""

    name: str
    key: Digest
    verdict: Verdict
    outputs: tuple[tuple[str, Digest, Digest | None], ...]
    result: SandboxResult
    shift: timedelta

    def claim_text(self) -> str:
        """The claim in words: exactly what was done, and that it does not hold where the bytes are others or none."""
        how = f"from the capsule alone, offline{f', the clock {self.shift.days} days on' if self.shift else ''}"
        if self.verdict is Verdict.IDENTICAL:
            return f"R5: rebuilt {how}"
        return f"R5 does not hold: {'the build failed' if self.verdict is Verdict.FAILED else 'the build gave other outputs'} {how}"
