"""The evidence of one run as later rooms read it, and the values of candidate and manifest."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lotmark.attest.models import Subject, Verified
from lotmark.base.digest import Digest
from lotmark.base.errors import NothingToJudgeError


class RunEvidence:
    """The verified entries of one run, in log order.

    Where a stage was tried more than once, each kind stands as often as it was recorded; `last` is the one that counts.
    """

    def __init__(self, entries: Sequence[Verified]) -> None:
        self._entries = tuple(sorted(entries, key=lambda entry: entry.index))

    def __iter__(self) -> Iterator[Verified]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def entries(self) -> tuple[Verified, ...]:
        return self._entries

    def all(self, kind: str, **where: Any) -> tuple[Verified, ...]:
        """Every entry of a kind whose predicate has these top-level values."""
        return tuple(
            entry for entry in self._entries if entry.kind == kind and all(entry.statement.predicate.get(key) == value for key, value in where.items())
        )

    def find(self, kind: str, **where: Any) -> Verified | None:
        """The last entry of a kind, if there is one."""
        found = self.all(kind, **where)
        return found[-1] if found else None

    def last(self, kind: str, **where: Any) -> Verified:
        """The last entry of a kind.

        Raises:
            NothingToJudgeError: LM-REL-001 if there is none.
        """
        found = self.find(kind, **where)
        if found is None:
            raise NothingToJudgeError("LM-REL-001", f"the run holds no {kind} evidence", solution="run the stage that makes it: `lotmark run`")
        return found

    def predicate(self, kind: str, **where: Any) -> Mapping[str, Any]:
        """The predicate of the last entry of a kind."""
        return self.last(kind, **where).statement.predicate


@dataclass(frozen=True, slots=True)
class ArtifactFile:
    """The canonical artifact: its file name, where its bytes lie, size in bytes and digest."""

    name: str
    path: Path
    size: int
    digest: Digest

    @property
    def subject(self) -> Subject:
        return Subject(self.name, self.digest.digest_set)


@dataclass(frozen=True, slots=True)
class Device:
    """What a product with hardware states about its firmware."""

    models: tuple[str, ...]
    calibration_profile: tuple[str, Digest] | None
    firmware_checksum: tuple[str, str, int, int] | None
    """(algorithm, value, start, end): over the bytes [start, end) of the artifact."""
    reported_version: str | None

    def to_wire(self) -> dict[str, Any]:
        wire: dict[str, Any] = {"models": list(self.models), "reportedVersion": self.reported_version, "calibrationProfile": None, "firmwareChecksum": None}
        if self.calibration_profile:
            path, digest = self.calibration_profile
            wire["calibrationProfile"] = {"path": path, "sha256": digest.hex}
        if self.firmware_checksum:
            algorithm, value, start, end = self.firmware_checksum
            wire["firmwareChecksum"] = {"algorithm": algorithm, "value": value, "range": [start, end]}
        return wire


@dataclass(frozen=True, slots=True)
class Versions:
    """The version as each source tells it; None where the source tells none."""

    proposed: str
    tested: str | None
    sbom: str | None
    artifact: str | None
    label: str | None = None
    """None where the product declares no labelling."""

    @property
    def equal(self) -> bool:
        """Whether every source tells the proposed version. A silent source is not equal; a labelling need not be declared."""
        return {self.proposed} == {self.tested, self.sbom, self.artifact, self.proposed if self.label is None else self.label}

    def to_wire(self) -> dict[str, Any]:
        return {"proposed": self.proposed, "tested": self.tested, "sbom": self.sbom, "artifact": self.artifact, "label": self.label}
