"""The words of this room: a hit, and the report."""

from dataclasses import dataclass
from typing import Literal

from lotmark.base.findings import Finding

FileKind = Literal["shell", "make", "cmake", "python", "javascript", "jvm", "rust", "c", "container", "ci", "requirements", "flags"]
"""What a file is to the lint; a file of no kind is not looked at."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where a rule does not hold; `line` counts from 1, `text` is the line without blanks around it."""

    code: str
    path: str
    line: int
    column: int
    text: str
    message: str


@dataclass(frozen=True, slots=True)
class LintReport:
    """What was found: errors in what the build reads or what scripts it, warnings elsewhere, notes for what is declared.

    `files` is the number of files in the tree, `read` the number that were looked at.
    """

    findings: tuple[Finding, ...]
    files: int
    read: int
    declared: int
