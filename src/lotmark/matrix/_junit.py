"""JUnit XML of any producer.

There is no standard; this reads what Ant, Surefire, pytest, unittest-xml, jest-junit, mocha, googletest, CTest, xUnit,
PHPUnit, TestNG and others write: elements are known by name wherever they stand, counts are optional and never believed
over the cases.

Only the absence of any sign of trouble in a named case is a pass: an unknown ``status`` word counts as an error. The two
handlers are the inner loop of reading results: a case without children, which most are, costs one call of each.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from lotmark.base.errors import LotmarkError
from lotmark.matrix._identity import SUITE, Identities, one_line
from lotmark.matrix._plain import plain_cases
from lotmark.matrix._statuses import STATUS_WORDS, seconds_of, worst
from lotmark.matrix._xml import XmlPass
from lotmark.matrix.models import DeclaredGap, ResultCase, TestAttempt, TestStatus

MAX_NAME: Final = 4096
"""Longest name, class name, file or property; longer ones are no identifiers but an attack or an accident."""
MAX_MESSAGE: Final = 2000
"""What is kept of a failure's text; the whole text stays in the results file, which is evidence too."""

_RESULTS: Final[dict[str, TestStatus]] = {"failure": "failed", "error": "error", "skipped": "skipped", "disabled": "skipped", "ignored": "skipped"}
_RERUN: Final[dict[str, TestStatus]] = {"rerunFailure": "failed", "rerunError": "error"}
_FLAKY: Final[dict[str, TestStatus]] = {"flakyFailure": "failed", "flakyError": "error"}
_TEXT: Final = frozenset({*_RESULTS, *_RERUN, *_FLAKY})
_TOGETHER: Final = 256
"""How many waiting cases are closed at once."""
_SILENT: Final = frozenset({"system-out", "system-err"})
"""Children of a case that say nothing of its result, and that many cases have."""


@dataclass(slots=True)
class _Suite:
    """A suite (or the root) while it is open."""

    name: str
    file: str
    declared: int
    line: int
    listed: int = 0


@dataclass(slots=True)
class _Case:
    """A test case while it is open."""

    attrs: dict[str, str]
    status: TestStatus | None = None
    """None: no result element yet."""
    message: str = ""
    before: list[TestAttempt] = field(default_factory=list)
    after: list[TestAttempt] = field(default_factory=list)
    nodeid: str = ""
    verifies: list[str] = field(default_factory=list)


class JUnit:
    """The dialect; gives each case to `take` once it is closed.

    The end of an element only lands in a list (`end` is a method of it, no Python runs), which the next start reads. Cases
    of whose children none said anything *wait* together until something else comes.
    """

    def __init__(self, reading: XmlPass, take: Callable[[ResultCase], object]) -> None:
        self.gaps: list[DeclaredGap] = []
        self.suites = 0
        self.declared = 0
        self._pass = reading
        self._parser = reading.parser
        self._take = take
        self._identities = Identities()
        self._max_cases = reading.limits.max_items
        self._depth = 0
        self._open: list[_Suite] = []
        self._suite = _Suite("", "", 0, 1)
        self._case: _Case | None = None
        self._outer: list[_Case] = []
        self._text: list[str] = []
        self._text_size = 0
        self._text_depth = 0
        self._attrs: dict[str, str] = {}
        self._waiting: list[list[str]] = []
        """Attributes of cases that have ended, and of whose children none said anything."""
        self._late: list[tuple[int, ResultCase]] = []
        """Cases that were read one by one, each with how many waiting ones stand before it."""
        self._ends: list[str] = []
        self.end: Callable[[str], None] = self._ends.append
        self.start, self._settle = self._handlers(reading.limits.max_depth)

    def finish(self) -> None:
        """The document has ended: close what its last elements left waiting."""
        self._settle()
        self._give()

    # ---- elements

    def _handlers(self, max_depth: int) -> tuple[Callable[[str, list[str]], None], Callable[[], None]]:
        """The handler of starts, and what closes the open case; closures, for the first runs once for each element."""
        current: list[str] | None = None
        """Attributes of a case of which no child has said anything yet, whether it has ended or not."""
        inner = 0
        """How many children it has had."""
        ends, waiting = self._ends, self._waiting

        def settle() -> None:
            """Close the current case, if its end has come, and whatever ended after it."""
            nonlocal current
            if current is not None:
                attrs, current = current, None
                if len(ends) <= inner:
                    # Still open: from here on it is followed element by element.
                    self._depth += 1 + inner - len(ends)
                    self._case = _Case(_mapping(attrs))
                    ends.clear()
                    return
                waiting.append(attrs)
                del ends[: inner + 1]
            if ends:
                self._drain()

        def start(tag: str, attrs: list[str]) -> None:
            nonlocal current, inner
            if current is not None:
                gone = len(ends) - inner
                if gone == 1 and tag == "testcase":
                    waiting.append(current)
                    current = attrs
                    inner = 0
                    ends.clear()
                    if len(waiting) > _TOGETHER:
                        self._give()
                    return
                if gone <= 0 and tag in _SILENT:
                    inner += 1
                    if self._depth + 2 - gone > max_depth:
                        raise self._too_deep(max_depth)
                    return
                settle()
            elif ends:
                settle()
            if self._depth >= max_depth:
                raise self._too_deep(max_depth)
            if tag == "testcase" and self._case is None:
                current = attrs
                inner = 0
            else:
                self._depth += 1
                self._other(tag.rpartition(":")[2], _mapping(attrs))

        return start, settle

    def _too_deep(self, depth: int) -> LotmarkError:
        return self._pass.limit(f"elements are nested deeper than {depth}")

    def _other(self, tag: str, attrs: dict[str, str]) -> None:
        """The start of anything but a case that stands alone."""
        if tag in {"testsuites", "testsuite"}:
            self._open_suite(tag, attrs)
        elif tag == "testcase":
            if self._case is not None:
                self._outer.append(self._case)
            self._case = _Case(attrs)
        elif tag == "property":
            self._open_property(attrs)
        elif tag in _TEXT:
            self._attrs = attrs
            self._open_text()

    def _drain(self) -> None:
        """Close what has ended since the last start."""
        for tag in self._ends:
            self._depth -= 1
            local = tag.rpartition(":")[2]
            if local == "testcase":
                self._close_case()
            elif local in {"testsuites", "testsuite"}:
                self._close_suite()
        self._ends.clear()

    # ---- suites

    def _attribute(self, attrs: dict[str, str], name: str, other: str = "") -> str:
        """The first of these attributes that says something."""
        value = attrs.get(name) or attrs.get(other) or ""
        if len(value) > MAX_NAME:
            raise self._pass.limit(f"the attribute {name!r} has {len(value)} characters, more than {MAX_NAME}")
        return value

    def _open_suite(self, tag: str, attrs: dict[str, str]) -> None:
        self._give()
        self.suites += tag == "testsuite"
        count = attrs.get("tests", "").strip()
        declared = int(count) if count.isascii() and count.isdigit() and len(count) < 10 else 0
        self.declared = max(self.declared, declared)
        self._open.append(self._suite)
        self._suite = _Suite(self._attribute(attrs, "name"), self._attribute(attrs, "file", "filepath"), declared, self._parser.CurrentLineNumber)

    def _close_suite(self) -> None:
        self._give()
        suite = self._suite
        if suite.declared > suite.listed:
            self.gaps.append(DeclaredGap(suite.name, suite.declared, suite.listed, suite.line))
        self._suite = self._open.pop()
        self._suite.listed += suite.listed

    # ---- cases

    def _give(self) -> None:
        """Give on the waiting cases and those that were read one by one, in the order of the file."""
        suite, waiting = self._suite, self._waiting
        found = plain_cases(waiting, self._identities, suite.name, suite.file) if waiting else []
        if found is None:
            found = [self._read(_Case(_mapping(attrs))) for attrs in waiting]
        waiting.clear()
        self._pass.cases += len(found)
        suite.listed += len(found)
        done = 0
        for place, case in self._late:
            for plain in found[done:place]:
                self._take(plain)
            self._take(case)
            done = place
        for plain in found[done:] if done else found:
            self._take(plain)
        self._late.clear()
        self._limit_cases()

    def _close_case(self) -> None:
        case = self._case
        if case is not None:
            self._case = self._outer.pop() if self._outer else None
            self._add(self._read(case))

    def _read(self, case: _Case) -> ResultCase:
        attrs = case.attrs
        name, classname = self._attribute(attrs, "name"), self._attribute(attrs, "classname", "class")
        file = self._attribute(attrs, "file", "filepath")
        seconds = seconds_of(attrs.get("time") or attrs.get("duration", ""))
        status, message = case.status, case.message
        if "status" in attrs or "result" in attrs:
            said, what = _said(attrs)
            status = said if status is None else worst(status, said)
            message = message or what
        status = status or "passed"
        tries: tuple[TestAttempt, ...] = ()
        if case.before or case.after:
            tries = (*case.before, TestAttempt(status=status, seconds=seconds, message=message), *case.after)
            status = tries[-1].status
        suite = self._suite
        identity = one_line(case.nodeid) if case.nodeid else self._identities.of(classname, name, file, suite.name)
        return ResultCase(identity, name, classname, suite.name, file or suite.file, status, seconds, message, tries, tuple(case.verifies))

    def _add(self, case: ResultCase) -> None:
        """Keep a case that was read by itself at its place among the waiting ones."""
        self._pass.cases += 1
        self._suite.listed += len(case.tries) or 1  # Surefire counts each try of a test
        self._late.append((len(self._waiting), case))
        if len(self._late) > _TOGETHER:
            self._give()

    def _limit_cases(self) -> None:
        if self._pass.cases > self._max_cases:
            raise self._pass.limit(f"more than {self._max_cases} test cases")

    # ---- what stands inside a case or a suite

    def _open_property(self, attrs: dict[str, str]) -> None:
        self._attrs = attrs
        if self._case is None:
            return
        key = attrs.get("name", "")
        if key in {"nodeid", "verifies"} and "value" not in attrs:
            self._open_text()  # the value stands as text
        elif key in {"nodeid", "verifies"}:
            self._take_property(self._case, key, self._attribute(attrs, "value"))

    def _take_property(self, case: _Case, key: str, value: str) -> None:
        if key == "nodeid":
            case.nodeid = value.strip()
        else:
            case.verifies.extend(word for word in re.split(r"[\s,;]+", value) if word)

    def _open_text(self) -> None:
        """Gather text up to the end of the element; what stands inside it is text too."""
        self._text = []
        self._text_size = 0
        self._text_depth = self._depth
        self._parser.CharacterDataHandler = self._take_text
        self._parser.StartElementHandler = self._start_in_text
        self._parser.EndElementHandler = self._end_in_text

    def _start_in_text(self, _tag: str, _attrs: list[str]) -> None:
        self._depth += 1
        if self._depth > self._pass.limits.max_depth:
            raise self._too_deep(self._pass.limits.max_depth)

    def _take_text(self, text: str) -> None:
        if self._text_size < 2 * MAX_NAME:
            self._text.append(text[: 2 * MAX_NAME])
            self._text_size += len(text)

    def _end_in_text(self, tag: str) -> None:
        self._depth -= 1
        if self._depth >= self._text_depth:
            return
        self._parser.CharacterDataHandler = None
        self._parser.StartElementHandler = self.start
        self._parser.EndElementHandler = self.end
        text = "".join(self._text).strip()
        tag = tag.rpartition(":")[2]
        if tag == "property" and self._case is not None:
            if len(text) > MAX_NAME:
                raise self._pass.limit(f"a property has more than {MAX_NAME} characters")
            self._take_property(self._case, self._attrs["name"], text)
            return
        self._take_result(tag, (self._attrs.get("message") or text or self._attrs.get("type", ""))[:MAX_MESSAGE])

    def _take_result(self, tag: str, message: str) -> None:
        case = self._case
        if case is None:
            suite = self._suite
            status = _RESULTS.get(tag, "error")
            identity = self._identities.of("", SUITE, "", suite.name)
            self._add(ResultCase(identity, SUITE, "", suite.name, suite.file, status, 0.0, message))
        elif tag in _FLAKY:
            case.before.append(TestAttempt(status=_FLAKY[tag], seconds=seconds_of(self._attrs.get("time", "")), message=message))
        elif tag in _RERUN:
            case.after.append(TestAttempt(status=_RERUN[tag], seconds=seconds_of(self._attrs.get("time", "")), message=message))
        else:
            status = _RESULTS[tag]
            if case.status is None or worst(case.status, status) == status:
                case.message = message or case.message
                case.status = status


def _mapping(attrs: list[str]) -> dict[str, str]:
    return dict(zip(attrs[::2], attrs[1::2], strict=True))


def _said(attrs: dict[str, str]) -> tuple[TestStatus, str]:
    """What the attributes ``status`` and ``result`` say, and what is to be said of a word that is not known."""
    status: TestStatus = "passed"
    message = ""
    for word in sorted({attrs.get(key, "").strip().lower() for key in ("status", "result")}):
        known = STATUS_WORDS.get(word)
        if known is None:
            message = f"the status {word[:40]!r} is not known and so does not count as passed"
        status = worst(status, known or "error")
    return status, message
