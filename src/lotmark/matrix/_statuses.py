"""The words of test runners for what became of a test, and the order of what they mean."""

import re
from math import isfinite
from typing import Final

from lotmark.matrix.models import TestStatus

_THOUSANDS = re.compile(r"\s*[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?\s*")
_WORST: Final[dict[TestStatus, int]] = {"passed": 0, "skipped": 1, "missing": 2, "failed": 3, "error": 4}

STATUS_WORDS: Final[dict[str, TestStatus]] = {
    **dict.fromkeys(
        ("", "run", "ran", "pass", "passed", "ok", "success", "succeeded", "successful", "completed", "complete", "finished", "executed"), "passed"
    ),
    **dict.fromkeys(("fail", "failed", "failure", "ko"), "failed"),
    **dict.fromkeys(("error", "errored", "broken", "crashed", "timeout", "timedout", "aborted", "undefined"), "error"),
    **dict.fromkeys(
        ("skip", "skipped", "notrun", "not run", "not_run", "disabled", "ignored", "suppressed", "pending", "untested", "inconclusive", "todo", "filtered"),
        "skipped",
    ),
}
"""In lower case. A word that is not here is not known, and does not count as passed."""


def worst(first: TestStatus, second: TestStatus) -> TestStatus:
    """The worse of two statuses; error is the worst, passed the best."""
    return first if _WORST[first] >= _WORST[second] else second


def seconds_of(text: str) -> float:
    """A duration in seconds; 0 where the producer wrote none or nonsense (negative, not a number).

    A comma stands between thousands, as Maven Surefire writes it, or nowhere: a producer with decimal commas would write
    `1,5` and `1,234`, of which only the first shows what it means, so no decimal comma is read.
    """
    try:
        value = float(text.replace(",", "") if _THOUSANDS.fullmatch(text) else text)
    except ValueError:
        return 0.0
    return round(value, 6) if isfinite(value) and 0 <= value < 1e9 else 0.0
