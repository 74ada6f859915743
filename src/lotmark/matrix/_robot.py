"""Robot Framework's `output.xml`.

A test's own `status` is its result; the statuses of its keywords are steps on the way. What it verifies stands in tags of
the form ``verifies:REQ-001``.
"""

import re
from datetime import datetime
from typing import Final

from lotmark.matrix._elements import MAX_MESSAGE, Element, ElementDialect
from lotmark.matrix._identity import UNNAMED, one_line
from lotmark.matrix._statuses import seconds_of
from lotmark.matrix.models import ResultCase, TestStatus

_STATUSES: Final[dict[str, TestStatus]] = {"PASS": "passed", "FAIL": "failed", "SKIP": "skipped", "NOT RUN": "skipped"}
_TIME: Final = "%Y%m%d %H:%M:%S.%f"


class Robot(ElementDialect):
    """The dialect; the id of a test is its suites, joined by dots, and its name."""

    TEXTS = frozenset({"status", "tag"})

    def open(self, element: Element) -> None:
        if element.tag == "suite":
            self.suites += 1

    def close(self, element: Element, parent: Element | None) -> None:
        if parent is None:
            return
        owner = parent if parent.tag == "test" else self.path[-2] if parent.tag == "tags" and len(self.path) > 1 else None
        if element.tag == "tag" and owner is not None and owner.tag == "test":
            key, colon, value = element.text.strip().partition(":")
            if colon and key.lower() == "verifies":
                owner.say("verifies", value)
        elif element.tag == "status" and parent.tag == "test":
            parent.attrs["result"] = element.attrs.get("status", "")
            parent.attrs["seconds"] = _seconds(element.attrs)
            parent.text = element.text.strip()
        elif element.tag == "test":
            self.give(self._case(element))

    def _case(self, element: Element) -> ResultCase:
        suites = [each.attrs.get("name", "") for each in self.path if each.tag == "suite"]
        suite, name = ".".join(suites), element.attrs.get("name", "")
        word = element.attrs.get("result", "")
        status = _STATUSES.get(word, "error")
        message = element.text or ("" if word in _STATUSES else f"the status {word[:40]!r} does not count as passed")
        file = next((each.attrs["source"] for each in reversed(self.path) if each.attrs.get("source")), "")
        verified = tuple(word for text in element.said.get("verifies", ()) for word in re.split(r"[\s,;]+", text) if word)
        identity = one_line(f"{suite}::{name or UNNAMED}" if suite else name or UNNAMED)
        return ResultCase(identity, name, suite, suite, file, status, seconds_of(element.attrs.get("seconds", "")), message[:MAX_MESSAGE], (), verified)


def _seconds(attrs: dict[str, str]) -> str:
    """The time that a status tells: Robot 7 says how long, earlier ones from when to when."""
    if attrs.get("elapsed"):
        return attrs["elapsed"]
    try:
        return str((datetime.strptime(attrs["endtime"], _TIME) - datetime.strptime(attrs["starttime"], _TIME)).total_seconds())  # noqa: DTZ007 - a difference
    except (KeyError, ValueError):
        return ""
