"""Results as JSON: CTRF (Common Test Report Format) of any runner, and RSpec's own formatter.

Only the literal ``passed`` is a pass. CTRF's ``other`` and words that are not known are errors; a pass that needed retries
is read as red attempts and a green one, whether or not the report says what went red.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from lotmark.base.errors import LotmarkError, RefusedError
from lotmark.base.limits import Limits
from lotmark.intake.api import parse_json
from lotmark.matrix._elements import MAX_MESSAGE, MAX_NAME
from lotmark.matrix._identity import SUITE, normalise_id
from lotmark.matrix._statuses import STATUS_WORDS, seconds_of
from lotmark.matrix.models import DeclaredGap, ResultCase, ResultFormat, ResultReport, TestAttempt, TestStatus

_CTRF: Final[dict[str, TestStatus]] = {"passed": "passed", "failed": "failed", "skipped": "skipped", "pending": "skipped"}
_MOST_RETRIES: Final = 100


def read_json_results(data: bytes, name: str, take: Callable[[ResultCase], object], limits: Limits) -> ResultReport:
    """The report in `data`, whose cases go to `take`.

    Raises:
        RefusedError: LM-MTX-003 no JSON, -004 truncated, -006 over a limit, -007 JSON of another kind, -010 encoding.
    """
    try:
        document = parse_json(data, limits=Limits(limits.max_bytes, limits.max_depth, limits.max_items * 8))
    except LotmarkError as error:
        raise _unreadable(data, name, error) from error
    if isinstance(document, dict) and isinstance(document.get("results"), dict) and isinstance(document["results"].get("tests"), list):
        found = _Cases(name, limits, take)
        results: Mapping[str, Any] = document["results"]
        for test in results["tests"]:
            found.ctrf(test)
        return found.report("ctrf", _number(results.get("summary"), "tests"))
    if isinstance(document, dict) and isinstance(document.get("examples"), list):
        found = _Cases(name, limits, take)
        for example in document["examples"]:
            found.rspec(example)
        summary = document.get("summary")
        for _ in range(min(_number(summary, "errors_outside_of_examples_count"), 1)):
            said = "; ".join(str(line) for line in document.get("messages", ()) if isinstance(line, str))
            found.add(
                ResultCase(
                    normalise_id(nodeid="", classname="", name=SUITE, file="", suite="rspec"),
                    SUITE,
                    "",
                    "rspec",
                    "",
                    "error",
                    0.0,
                    said[:MAX_MESSAGE] or "an error outside of any example",
                )
            )
        return found.report("rspec", _number(summary, "example_count"))
    raise RefusedError(
        "LM-MTX-007",
        f"{name} is JSON but no test results that are read here",
        where=f"{name}:1",
        solution="let the runner write CTRF (`results.tests`), RSpec's JSON (`examples`) or JUnit XML",
    )


def _unreadable(data: bytes, name: str, error: LotmarkError) -> RefusedError:
    """Which of the refusals of this room the strict reader's is."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as broken:
        line = data.count(b"\n", 0, broken.start) + 1
        return RefusedError("LM-MTX-010", f"{name} is not UTF-8 at byte {broken.start}", where=f"{name}:{line}", solution="write the results as UTF-8")
    try:
        json.loads(text)
    except json.JSONDecodeError as broken:
        number, what = ("004", "ends in the middle") if broken.pos >= len(text.rstrip()) - 1 else ("003", "is not well-formed JSON")
        where = f"{name}:{broken.lineno}:{broken.colno}"
        return RefusedError(
            f"LM-MTX-{number}", f"{name} {what}: {broken.msg}", where=where, solution="run the tests again; a results file is read whole or not at all"
        )
    except RecursionError:
        return RefusedError("LM-MTX-006", f"{name} is nested too deeply", where=f"{name}:1", solution="this is no plausible test result")
    return RefusedError("LM-MTX-003", f"{name} is no strict JSON: {error.reason}", where=f"{name}:1", solution="mend the producer")


class _Cases:
    """Gives the cases of one report on, and counts them."""

    def __init__(self, name: str, limits: Limits, take: Callable[[ResultCase], object]) -> None:
        self._name = name
        self._limits = limits
        self._take = take
        self._count = 0
        self._suites: set[str] = set()

    def add(self, case: ResultCase) -> None:
        self._count += 1
        if self._count > self._limits.max_items:
            raise self._limit(f"more than {self._limits.max_items} test cases")
        self._suites.add(case.suite)
        self._take(case)

    def report(self, kind: ResultFormat, declared: int) -> ResultReport:
        gaps = (DeclaredGap("", declared, self._count, 1),) if declared > self._count else ()
        return ResultReport(self._name, (), len(self._suites), gaps, kind)

    def ctrf(self, test: object) -> None:
        """One test of a CTRF report."""
        fields = self._object(test)
        status, why = _known(_CTRF, fields.get("status"))
        suite = fields.get("suite")
        owner = " > ".join(str(part) for part in suite) if isinstance(suite, list) else self._text(fields, "suite")
        name, file = self._text(fields, "name"), self._text(fields, "filePath")
        told = fields.get("extra")
        extra: Mapping[str, Any] = told if isinstance(told, dict) else {}
        message = (self._text(fields, "message", MAX_MESSAGE) or self._text(fields, "trace", MAX_MESSAGE) or why)[:MAX_MESSAGE]
        seconds = _milliseconds(fields.get("duration"))
        identity = normalise_id(nodeid=self._text(extra, "nodeid"), classname=owner or file, name=name, file="", suite="")
        tries = _tries(fields, TestAttempt(status=status, seconds=seconds, message=message))
        self.add(ResultCase(identity, name, owner or file, owner, file, status, seconds, message, tries, _words(extra.get("verifies"))))

    def rspec(self, example: object) -> None:
        """One example of RSpec."""
        fields = self._object(example)
        word = fields.get("status")
        status, why = _known({"passed": "passed", "failed": "failed", "pending": "skipped"}, word)
        file = self._text(fields, "file_path").removeprefix("./")
        name = self._text(fields, "full_description") or self._text(fields, "description")
        raised = fields.get("exception")
        message = (self._text(raised, "message", MAX_MESSAGE) if isinstance(raised, dict) else "") or self._text(fields, "pending_message", MAX_MESSAGE) or why
        identity = normalise_id(nodeid="", classname=file, name=name, file="", suite="")
        self.add(ResultCase(identity, name, file, file, file, status, seconds_of(str(fields.get("run_time", ""))), message[:MAX_MESSAGE]))

    def _object(self, value: object) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise RefusedError("LM-MTX-003", f"test {self._count + 1} of {self._name} is no object", where=f"{self._name}:1", solution="mend the producer")
        return value

    def _text(self, fields: Mapping[str, Any], key: str, cut: int | None = None) -> str:
        value = fields.get(key)
        text = value if isinstance(value, str) else ""
        if cut is None and len(text) > MAX_NAME:
            raise self._limit(f"{key!r} has {len(text)} characters, more than {MAX_NAME}")
        return text[:cut]

    def _limit(self, what: str) -> RefusedError:
        return RefusedError(
            "LM-MTX-006", f"{self._name}: {what}", where=f"{self._name}:1", solution="this is no plausible test result; if it is, split the file"
        )


def _known(words: Mapping[str, TestStatus], word: object) -> tuple[TestStatus, str]:
    known = words.get(word) if isinstance(word, str) else None
    return (known, "") if known else ("error", f"the status {str(word)[:40]!r} does not count as passed")


def _tries(fields: Mapping[str, Any], last: TestAttempt) -> tuple[TestAttempt, ...]:
    """Every try of a test that was tried again; none where the report tells of one only."""
    told = fields.get("retryAttempts")
    found = []
    for each in told if isinstance(told, list) else ():
        word = each.get("status") if isinstance(each, dict) else None
        status = STATUS_WORDS.get(str(word).lower(), "error") if word else "error"
        message = each.get("message") if isinstance(each, dict) else ""
        seconds = _milliseconds(each.get("duration")) if isinstance(each, dict) else 0.0
        found.append(TestAttempt(status=status, seconds=seconds, message=str(message or "")[:MAX_MESSAGE]))
    retries = fields.get("retries")
    count = retries if isinstance(retries, int) and not isinstance(retries, bool) and retries > 0 else int(fields.get("flaky") is True)
    found += [TestAttempt(status="failed", message="retried; the report does not say why")] * (min(count, _MOST_RETRIES) - len(found))
    return (*found, last) if found else ()


def _words(value: object) -> tuple[str, ...]:
    texts: Sequence[object] = value if isinstance(value, list) else [value]
    return tuple(word for text in texts if isinstance(text, str) for word in re.split(r"[\s,;]+", text) if word)


def _milliseconds(value: object) -> float:
    return seconds_of(str(value / 1000)) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def _number(fields: object, key: str) -> int:
    value = fields.get(key) if isinstance(fields, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
