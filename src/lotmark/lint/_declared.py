"""`quality/lint.yaml`: what may stay, with reason, owner and end."""

from datetime import date
from typing import Annotated

import msgspec

from lotmark.base.documents import Document, parse_document
from lotmark.base.findings import Finding, Location, Severity
from lotmark.base.globs import matches_any
from lotmark.lint.models import Hit

NAME = "quality/lint.yaml"
_NonEmpty = Annotated[str, msgspec.Meta(min_length=1)]


class Declaration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """An input that is known not to come out the same, or not to be pinned, and may stay for now."""

    rule: Annotated[str, msgspec.Meta(pattern=r"^LM-LNT-[0-9]{3}$")]
    """The rule that it breaks."""
    files: Annotated[list[_NonEmpty], msgspec.Meta(min_length=1)]
    """Globs of the files in which it may stand."""
    contains: str = ""
    """Only lines with this text."""
    reason: _NonEmpty
    """Why it does not matter, or what makes up for it."""
    owner: _NonEmpty
    """The person who answers for it."""
    expires: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    """The last day on which it holds."""


class LintFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """`quality/lint.yaml`, whole."""

    declared: list[Declaration] = []
    """What may stay."""


class Declared:
    """The declarations, asked hit by hit; `finish` tells those that ended or concern nothing."""

    def __init__(self, data: bytes | None, today: date) -> None:
        """Read the file.

        Raises:
            UsageError: LM-CFG-002 to -005.
        """
        self._document: Document[LintFile] | None = parse_document(data, LintFile, name=NAME) if data is not None else None
        self._today = today
        self._used: set[int] = set()

    def find(self, hit: Hit) -> Declaration | None:
        """The declaration in force for this hit."""
        held = None
        for index, each in enumerate(self._document.value.declared if self._document else ()):
            if each.rule != hit.code or each.contains not in hit.text or not matches_any(hit.path, each.files):
                continue
            self._used.add(index)
            ends = _day(each.expires)
            if held is None and ends is not None and ends >= self._today:
                held = each
        return held

    def finish(self) -> list[Finding]:
        """A finding for each declaration that has ended, has no end, or concerns nothing."""
        findings = []
        for index, each in enumerate(self._document.value.declared if self._document else ()):
            place = self._document.where(("declared", index)) if self._document else Location(NAME)
            ends = _day(each.expires)
            what = f"the declaration of {each.rule} in {', '.join(each.files)}"
            if ends is None or ends < self._today:
                told = f"ended on {each.expires}" if ends else f"ends on {each.expires}, which is no day of the calendar"
                findings.append(
                    Finding("LM-LNT-001", f"{what} {told}", Severity.ERROR, place, each.rule, "look again: remove the cause, or renew it with a new day")
                )
            elif index not in self._used:
                findings.append(
                    Finding("LM-LNT-002", f"{what} concerns nothing", Severity.WARNING, place, each.rule, "remove it, or correct the rule and the files")
                )
        return findings


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
