"""What a waiver that the matrix names covers, and whether it holds."""

import re
from collections.abc import Collection
from datetime import date

from lotmark.policy._evidence import WaiverShape

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


def covers(waiver: WaiverShape | None, test: str, subject: str) -> bool:
    """Whether the scope names the test or the subject; an unlisted waiver (None) covers nothing."""
    return waiver is not None and (covers_test(waiver, test) or covers_items(waiver, (subject,)))


def covers_test(waiver: WaiverShape, test: str) -> bool:
    """Whether the scope names the test. The id of a parametrised test without its parameters stands for all of them."""
    return test in waiver.scope.tests or _base(test) in waiver.scope.tests


def covers_items(waiver: WaiverShape, items: Collection[str]) -> bool:
    """Whether the scope names every one of the items, and there are any."""
    scope = waiver.scope
    return bool(items) and {*scope.requirements, *scope.hazards, *scope.risk_controls}.issuperset(items)


def is_whole(waiver: WaiverShape, product: str) -> bool:
    """Whether it says everything that a waiver says, and is of the product."""
    scope = waiver.scope
    said = all(text.strip() for text in (waiver.reason, waiver.residual_risk, waiver.owner))
    scoped = bool(scope.tests or scope.requirements or scope.hazards or scope.risk_controls)
    return said and scoped and bool(_DATE.match(waiver.expires)) and waiver.id.startswith(f"{product}:")


def has_ended(waiver: WaiverShape, today: date) -> bool:
    """Whether its last day has passed; one that cannot be read has."""
    # ISO dates sort as text; the last day is still valid.
    return not _DATE.match(waiver.expires) or waiver.expires < today.isoformat()


def _base(test: str) -> str:
    # A folder may have a bracket in its name; the parameters stand behind the name of the test.
    bracket = test.find("[", max(test.find("::"), 0))
    return test if bracket < 0 else test[:bracket]
