"""The attempts of one layer, read: each results file is taken or refused, and a refusal is kept with its reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from lotmark.base.clock import format_instant
from lotmark.base.errors import LotmarkError, NothingToJudgeError, RefusedError
from lotmark.base.limits import Limits
from lotmark.matrix._reports import read_results
from lotmark.matrix._statuses import worst
from lotmark.matrix.models import Attempt, Layer, ResultCase, ResultReport, TestAttempt
from lotmark.trace.api import base_test_id

STALE_TOLERANCE: Final = timedelta(milliseconds=20)
"""File times come from the kernel's coarse clock, which lags up to a tick behind the instant that the caller noted."""


@dataclass(slots=True)
class Try:
    """One attempt, read: its cases by id, what could not be read, suites that list fewer tests than they declare."""

    attempt: Attempt
    cases: dict[str, list[ResultCase]] = field(default_factory=dict)
    reports: list[ResultReport] = field(default_factory=list)
    refusals: list[LotmarkError] = field(default_factory=list)


def read_attempt(attempt: Attempt, limits: Limits, names: Mapping[str, str]) -> Try:
    found = Try(attempt)
    for file in attempt.files:
        try:
            if file.modified_at < attempt.started_at - STALE_TOLERANCE:
                raise RefusedError(
                    "LM-MTX-009",
                    f"{file.name} is stale: written {format_instant(file.modified_at)}, before this run started at {format_instant(attempt.started_at)}",
                    where=file.name,
                    solution="delete old results before the run, and check that the command writes to the files named in `results`",
                )
            report = read_results(file.data, file.name, limits=limits)
        except LotmarkError as error:
            found.refusals.append(error)
            continue
        found.reports.append(report)
        for case in report.cases:
            base = base_test_id(case.id)
            identity = names.get(base, base) + case.id[len(base) :]
            found.cases.setdefault(identity, []).append(case)
    return found


def refuse_nothing(layer: Layer, tries: Sequence[Try]) -> None:
    """Nothing was read in any attempt: there is no test run to record."""
    if any(found.cases for found in tries):
        return
    refusals = [error for found in tries for error in found.refusals]
    hard = next((error for error in refusals if not isinstance(error, NothingToJudgeError)), None)
    first = hard or next(iter(refusals), None)
    exits = ", ".join(str(found.attempt.exit_code) for found in tries) or "never"
    if first is None:
        raise NothingToJudgeError(
            "LM-MTX-011",
            f"the {layer} tests left no results file (exit code: {exits})",
            where=layer,
            solution="look at the command's output; `tests." + layer + ".results` in lotmark.yaml must name the files that it writes",
        )
    more = f"; {len(refusals) - 1} more of the layer's results files could not be used either" if len(refusals) > 1 else ""
    raise type(first)(first.code, f"{first.reason}{more} ({layer} tests, exit code: {exits})", where=first.where, solution=first.solution)


def attempts_of(cases: Sequence[ResultCase] | None) -> tuple[TestAttempt, ...]:
    """The tries of one test within one attempt of the layer; of several results for one id the worst holds."""
    if not cases:
        return (TestAttempt(status="missing"),)
    if len(cases) == 1:
        return cases[0].attempts
    status = cases[0].status
    for case in cases[1:]:
        status = worst(status, case.status)
    message = next((case.message for case in cases if case.status == status), "")
    earlier = tuple(attempt for case in cases for attempt in case.attempts[:-1])
    return (*earlier, TestAttempt(status=status, seconds=round(sum(case.seconds for case in cases), 6), message=message))
