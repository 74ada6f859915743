"""Finding: one negative (or notable) judgement, as a value."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How a finding weighs. Only `ERROR` closes a gate."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a text file; `line` and `column` count from 1, 0 where unknown."""

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.path  # a column alone would be read as a line
        return f"{self.path}:{self.line}:{self.column}" if self.column else f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that did not hold: code, what, where and `help` (the cure).

    `subject` is the canonical id, component or file that the finding is about.
    """

    code: str
    message: str
    severity: Severity = Severity.ERROR
    location: Location | None = None
    subject: str | None = None
    help: str | None = field(default=None)

    def to_wire(self) -> dict[str, object]:
        """The finding as it stands in predicates and JSON output (lowerCamelCase, absent values left out)."""
        wire: dict[str, object] = {"code": self.code, "severity": self.severity.value, "message": self.message}
        if self.location is not None:
            wire["location"] = str(self.location)
        if self.subject is not None:
            wire["subject"] = self.subject
        if self.help is not None:
            wire["help"] = self.help
        return wire


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether any finding closes a gate."""
    return any(finding.severity is Severity.ERROR for finding in findings)
