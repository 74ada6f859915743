"""Making findings: the cure comes from the rule unless a place knows a better one."""

from datetime import date

from lotmark.base.findings import Finding, Location, Severity
from lotmark.supply.rules import RULES

_CURES = {rule.code: rule.cure for rule in RULES}


def make_finding(
    code: str,
    message: str,
    location: Location | None = None,
    *,
    subject: str | None = None,
    severity: Severity = Severity.ERROR,
    cure: str | None = None,
) -> Finding:
    """A finding of this room, with the rule's own cure as `help` unless `cure` is given."""
    return Finding(code, message, severity, location, subject, cure or _CURES[code])


def find_date(text: str) -> date | None:
    """``YYYY-MM-DD`` -> date, None if there is no such day."""
    try:
        # `fromisoformat` also takes week dates and days without hyphens.
        return date.fromisoformat(text) if len(text) == 10 and "W" not in text else None
    except ValueError:
        return None
