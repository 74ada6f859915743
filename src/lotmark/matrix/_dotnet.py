"""Results of the .NET runners: NUnit 2 and 3, xUnit.net 2, and the TRX files of `dotnet test` and Visual Studio.

Only the word that means a pass is a pass: NUnit's `Warning`, a missing outcome and every word that is not known are errors.
"""

import re
from typing import Final

from lotmark.matrix._elements import MAX_MESSAGE, Element, ElementDialect
from lotmark.matrix._identity import SUITE, UNNAMED, one_line
from lotmark.matrix._statuses import seconds_of
from lotmark.matrix.models import ResultCase, TestStatus

_NUNIT: Final[dict[str, TestStatus]] = {
    **dict.fromkeys(("passed", "success"), "passed"),
    **dict.fromkeys(("failed", "failure"), "failed"),
    **dict.fromkeys(("skipped", "ignored", "inconclusive", "notrunnable", "explicit"), "skipped"),
}
_NUNIT_LABELS: Final[dict[str, TestStatus]] = {"error": "error", "invalid": "error", "cancelled": "error"}
_XUNIT: Final[dict[str, TestStatus]] = {"pass": "passed", "fail": "failed", "skip": "skipped", "notrun": "skipped"}
_TRX: Final[dict[str, TestStatus]] = {
    "passed": "passed",
    "failed": "failed",
    **dict.fromkeys(("notexecuted", "inconclusive", "notrunnable", "pending", "disconnected"), "skipped"),
}
_CLOCK: Final = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)\Z", re.ASCII)


def _status(words: dict[str, TestStatus], word: str) -> tuple[TestStatus, str]:
    """The status, and what is to be said of a word that is not known."""
    known = words.get(word.strip().lower())
    return (known, "") if known else ("error", f"the result {word[:40]!r} does not count as passed")


def _verified(element: Element) -> tuple[str, ...]:
    return tuple(word for text in element.said.get("verifies", ()) for word in re.split(r"[\s,;]+", text) if word)


def _identity(owner: str, name: str) -> str:
    """``class::method``; a name that repeats its class loses it."""
    short = name.removeprefix(f"{owner}.") if owner else name
    return one_line(f"{owner}::{short or UNNAMED}" if owner else short or UNNAMED)


class NUnit(ElementDialect):
    """NUnit 3 (`test-run`) and NUnit 2 (`test-results`)."""

    TEXTS = frozenset({"message", "reason"})

    def open(self, element: Element) -> None:
        if element.tag == "test-suite":
            self.suites += 1

    def close(self, element: Element, parent: Element | None) -> None:
        attrs = element.attrs
        if element.tag == "message" and parent is not None and len(self.path) > 1:
            self.path[-2].say("message", element.text.strip())
        elif element.tag == "property" and attrs.get("name", "").lower() == "verifies" and len(self.path) > 1:
            self.path[-2].say("verifies", attrs.get("value", ""))
        elif element.tag == "test-case":
            self.give(self._case(element))
        elif parent is None:
            declared = attrs.get("testcasecount") or str(sum(int(attrs[key]) for key in ("total", "not-run") if attrs.get(key, "").isdigit()))
            self.compare(attrs.get("name", ""), declared, self._pass.cases, element.line)

    def _case(self, element: Element) -> ResultCase:
        attrs = element.attrs
        full = attrs.get("fullname") or attrs.get("name", "")
        owner, name = attrs.get("classname", ""), attrs.get("name", "")
        if not owner:
            # NUnit 2 writes one dotted name; dots within parameters are none of its.
            head, paren, parameters = full.partition("(")
            owner, _, method = head.rpartition(".")
            name = method + paren + parameters
        if "result" in attrs:
            status, why = _status(_NUNIT, attrs["result"])
            status = _NUNIT_LABELS.get(attrs.get("label", "").lower(), status) if status == "failed" else status
        elif attrs.get("executed", "").lower() == "false":
            status, why = "skipped", ""
        else:
            status, why = _status({"true": "passed", "false": "failed"}, attrs.get("success", ""))
        suite = next((each.attrs.get("name", "") for each in reversed(self.path) if each.tag == "test-suite"), "")
        seconds = seconds_of(attrs.get("duration") or attrs.get("time", ""))
        message = (element.first("message") or why)[:MAX_MESSAGE]
        return ResultCase(_identity(owner, name), name, owner, suite, "", status, seconds, message, (), _verified(element))


class XUnit(ElementDialect):
    """xUnit.net 2 (`assemblies`), which other .NET runners write too."""

    TEXTS = frozenset({"message", "reason"})

    def open(self, element: Element) -> None:
        if element.tag == "collection":
            self.suites += 1
        elif element.tag == "assembly":
            element.say("before", str(self._pass.cases))

    def close(self, element: Element, parent: Element | None) -> None:
        attrs = element.attrs
        if element.tag == "message" and len(self.path) > 1:
            self.path[-2].say("message", element.text.strip())
        elif element.tag == "reason" and parent is not None:
            parent.say("message", element.text.strip())
        elif element.tag == "trait" and attrs.get("name", "").lower() == "verifies" and len(self.path) > 1:
            self.path[-2].say("verifies", attrs.get("value", ""))
        elif element.tag == "test":
            owner, name = attrs.get("type", ""), attrs.get("name", "")
            status, why = _status(_XUNIT, attrs.get("result", ""))
            suite = next((each.attrs.get("name", "") for each in reversed(self.path) if each.tag in {"collection", "assembly"}), "")
            message = (element.first("message") or why)[:MAX_MESSAGE]
            seconds = seconds_of(attrs.get("time", ""))
            self.give(ResultCase(_identity(owner, name), name, owner, suite, attrs.get("source-file", ""), status, seconds, message, (), _verified(element)))
        elif element.tag == "error":
            # What broke outside of any test: a fixture, an assembly that could not be loaded.
            message = (element.first("message") or attrs.get("name", "") or attrs.get("type", ""))[:MAX_MESSAGE]
            suite = next((each.attrs.get("name", "") for each in reversed(self.path) if each.tag == "assembly"), "")
            self.give(ResultCase(_identity(suite, SUITE), SUITE, "", suite, "", "error", 0.0, message))
        elif element.tag == "assembly":
            self.compare(attrs.get("name", ""), attrs.get("total", ""), self._pass.cases - int(element.first("before")), element.line)


class Trx(ElementDialect):
    """TRX. Which class a test belongs to stands behind its result, so the cases are given on at the end."""

    TEXTS = frozenset({"Message"})

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self._results: list[Element] = []
        self._classes: dict[str, tuple[str, tuple[str, ...]]] = {}

    def close(self, element: Element, parent: Element | None) -> None:
        attrs = element.attrs
        if element.tag == "Message" and parent is not None and parent.tag == "ErrorInfo" and len(self.path) > 2:
            self.path[-3].say("message", element.text.strip())
        elif element.tag == "UnitTestResult":
            self._results.append(element)
            self._pass.cases += 1
            if len(self._results) > self._pass.limits.max_items:
                raise self._pass.limit(f"more than {self._pass.limits.max_items} test cases")
        elif element.tag == "TestMethod" and parent is not None:
            parent.say("class", attrs.get("className", "").partition(",")[0])
        elif element.tag == "TestCategoryItem" and len(self.path) > 1:
            category = attrs.get("TestCategory", "")
            if category.startswith("verifies:"):
                self.path[-2].say("verifies", category.removeprefix("verifies:"))
        elif element.tag == "UnitTest":
            self._classes[attrs.get("id", "")] = element.first("class"), _verified(element)
        elif element.tag == "Counters":
            self.compare("", attrs.get("total", ""), len(self._results), element.line)

    def finish(self) -> None:
        self._pass.cases = 0
        self.suites = len({owner for owner, _ in self._classes.values()})
        for result in self._results:
            attrs = result.attrs
            owner, verified = self._classes.get(attrs.get("testId", ""), ("", ()))
            name = attrs.get("testName", "")
            status, why = _status(_TRX, attrs.get("outcome", ""))
            clock = _CLOCK.match(attrs.get("duration", ""))
            seconds = seconds_of(str(int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3]))) if clock else 0.0
            message = (result.first("message") or why)[:MAX_MESSAGE]
            self.give(ResultCase(_identity(owner, name), name, owner, owner, "", status, seconds, message, (), verified))
