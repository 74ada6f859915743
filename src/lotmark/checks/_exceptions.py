"""Justified exceptions: `quality/exceptions.yaml` applied to findings. Nothing is hidden: a finding keeps its place and words.

An exception that holds turns its findings into notes. One that ended turns them back, with full weight for its owner's
change and for a check of everything, as a warning for everybody else's. What an exception may not reach: findings about
reading (an item that was not read cannot be judged) and the findings of this room.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import msgspec

from lotmark.base.findings import Finding, Location, Severity
from lotmark.checks._exception_file import ExceptionDocument, ExceptionSection
from lotmark.checks.models import Change, Judged, People

_REACH, _BEYOND = "LM-TRC-", ("LM-TRC-00", "LM-TRC-01")
"""Exceptions reach the rules of the trace, but not those of reading and of identifiers. Tests have waivers, inputs their own rules."""
_CURE_EXPIRED = "mend it, or have a new exception signed with a new reason"


def entry_digest(entry: ExceptionSection) -> str:
    """Hex SHA-256 of the entry's canonical JSON: what a signature covers. Any edit makes another digest."""
    return hashlib.sha256(msgspec.json.encode(entry, order="sorted")).hexdigest()


def apply_exceptions(
    findings: Sequence[Finding],
    document: ExceptionDocument,
    day: date,
    *,
    people: People,
    change: Change | None = None,
    signed: Mapping[str, str] | None = None,
) -> Judged:
    """The findings with the weight that the exceptions give them, and what is to say of the exceptions themselves.

    Args:
        findings: As the checks gave them.
        document: From `parse_exceptions`.
        day: The day of judging.
        people: Who may own an exception.
        change: What is judged; None: everything, whoever changed it.
        signed: Exception id -> digest of the entry that a signature covers. None: no ledger is at hand, and a signature
            cannot be looked for; a release always has one.
    """
    weigher = _Weigher(document, day, people, change, signed)
    weighed = [weigher.weigh(finding) for finding in findings]
    return Judged((*weighed, *weigher.about()), weigher.excused)


@dataclass(slots=True)
class _Known:
    """An exception as judged: `state` is active, expired or void."""

    entry: ExceptionSection
    number: int
    state: str
    used: bool = False


class _Weigher:
    def __init__(self, document: ExceptionDocument, day: date, people: People, change: Change | None, signed: Mapping[str, str] | None) -> None:
        self.excused = 0
        self._document = document
        self._day = day
        self._people = people
        self._change = change
        self._signed = signed
        self._said: list[Finding] = []
        self._by_subject: dict[tuple[str, str], _Known] = {}
        self._known: list[_Known] = []
        seen: set[str] = set()
        for number, entry in enumerate(document.value.exceptions):
            known = _Known(entry, number, self._judge(entry, number, seen))
            self._known.append(known)
            for item in entry.items:
                self._by_subject.setdefault((entry.rule, item), known)

    def _judge(self, entry: ExceptionSection, number: int, seen: Collection[str]) -> str:
        """Whether the exception holds; what is wrong with it is said."""
        if entry.id in seen:
            return self._void(number, f"{entry.id} stands twice", "give the later one an id of its own", "id")
        if isinstance(seen, set):
            seen.add(entry.id)
        try:
            expires = date.fromisoformat(entry.expires)
        except ValueError:
            return self._void(number, f"{entry.expires!r} is no day", "write it as 2026-12-31", "expires")
        if not entry.rule.startswith(_REACH) or entry.rule.startswith(_BEYOND):
            return self._void(number, f"{entry.id}: no exception reaches {entry.rule}", "mend what the rule says", "rule")
        if entry.owner not in self._people.emails:
            return self._void(number, f"{entry.id}: the owner {entry.owner!r} does not stand in people.yaml", "name a person who works here", "owner")
        if expires - self._day > timedelta(days=self._document.value.max_days):
            text = f"{entry.id} would hold until {entry.expires}, longer than the {self._document.value.max_days} days that `max-days` allows"
            return self._void(number, text, "name an earlier day", "expires")
        if self._signed is not None and self._signed.get(entry.id) != entry_digest(entry):
            changed = "was changed after it was signed" if entry.id in self._signed else "is not signed"
            cure = f"`lotmark trace except {entry.id}` signs it; roles: {', '.join(self._document.value.roles)}"
            return self._void(number, f"{entry.id} {changed}", cure, "id")
        if expires < self._day:
            return "expired"
        days = (expires - self._day).days
        if days <= self._document.value.warn_days:
            text = f"{entry.id} ends {f'in {days} days' if days else 'today'}, on {entry.expires} (owner: {entry.owner})"
            self._say("LM-CHK-011", text, Severity.WARNING, number, "expires", f"{entry.owner}: {_CURE_EXPIRED}", entry.id)
        return "active"

    def weigh(self, finding: Finding) -> Finding:
        """The finding with its weight under the exceptions."""
        known = self._by_subject.get((finding.code, finding.subject or ""))
        if known is None:
            return finding
        known.used = True
        entry = known.entry
        if known.state == "active":
            self.excused += 1
            note = f"{finding.message} (excepted until {entry.expires} by {entry.id}, owner {entry.owner}: {entry.reason})"
            return replace(finding, message=note, severity=Severity.INFO)
        if known.state == "expired" and finding.severity is Severity.ERROR and not self._concerns(entry, finding):
            note = f"{finding.message} (the exception {entry.id} ended on {entry.expires}; it fails the change of its owner {entry.owner})"
            return replace(finding, message=note, severity=Severity.WARNING)
        return finding

    def _concerns(self, entry: ExceptionSection, finding: Finding) -> bool:
        """Whether the change is the owner's, or touches what is excepted; a check of everything concerns everybody."""
        change = self._change
        if change is None:
            return True
        touched = finding.location is not None and finding.location.path in change.paths
        return touched or not self._people.emails.get(entry.owner, frozenset()).isdisjoint(change.authors)

    def about(self) -> list[Finding]:
        """What is to say of the exceptions themselves."""
        for known in self._known:
            entry = known.entry
            if known.state == "expired":
                mine = self._change is None or not self._people.emails.get(entry.owner, frozenset()).isdisjoint(self._change.authors)
                severity = Severity.ERROR if mine and known.used else Severity.WARNING
                text = f"{entry.id} ended on {entry.expires} (owner: {entry.owner})"
                self._say(
                    "LM-CHK-012", text, severity, known.number, "expires", _CURE_EXPIRED if known.used else "remove it; nothing needs it any more", entry.id
                )
            elif not known.used and known.state == "active":
                self._say("LM-CHK-013", f"{entry.id} excepts nothing that was found", Severity.WARNING, known.number, "items", "remove it", entry.id)
        return self._said

    def _void(self, number: int, text: str, cure: str, key: str) -> str:
        self._say("LM-CHK-010", text, Severity.ERROR, number, key, cure, self._document.value.exceptions[number].id)
        return "void"

    def _say(self, code: str, text: str, severity: Severity, number: int, key: str, cure: str, subject: str) -> None:
        where: Location = self._document.where(("exceptions", number, key))
        self._said.append(Finding(code, text, severity, where, subject, cure))
