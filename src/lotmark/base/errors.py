"""The error root: what went wrong, where, and how to cure it.

An exception means "could not decide" and every gate reads it as *no*; a negative judgement is a value
(`Finding`, `Decision`), never an exception. The exit codes are those of ``docs/reference/exit-codes.md``.
"""

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What a process tells its caller; the same meaning in every command."""

    ACCEPTED = 0
    REFUSED = 1
    USAGE = 2
    BUG = 3
    ENVIRONMENT = 4
    NOTHING_TO_JUDGE = 5
    INTEGRITY = 6
    PENDING = 8


class LotmarkError(Exception):
    """Root of every error that Lotmark raises on purpose.

    `code` is a stable rule code (``LM-LED-004``, see ``lotmark explain``), `reason` one sentence of what happened,
    `where` the place (``file:line:column``, a record, a path) and `solution` the cure, shown after ``help:``.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.BUG

    def __init__(self, code: str, reason: str, *, where: str | None = None, solution: str | None = None) -> None:
        super().__init__(code, reason)  # both, so that a copy or a pickle of the error can be made
        self.code = code
        self.reason = reason
        self.where = where
        self.solution = solution

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        return f"{self.code}: {self.reason}{place}"


class RefusedError(LotmarkError):
    """Something was judged and refused; nothing was recorded beyond what is said."""

    exit_code = ExitCode.REFUSED


class UsageError(LotmarkError):
    """The command line or a configuration file is wrong."""

    exit_code = ExitCode.USAGE


class EnvironmentLacksError(LotmarkError):
    """No identity, no permission, or the machine lacks something that `solution` names."""

    exit_code = ExitCode.ENVIRONMENT


class NothingToJudgeError(LotmarkError):
    """There is no evidence to judge: no tests collected, an empty ledger, an unknown id."""

    exit_code = ExitCode.NOTHING_TO_JUDGE


class IntegrityError(LotmarkError):
    """A digest, a signature or the log does not hold."""

    exit_code = ExitCode.INTEGRITY


class PendingError(LotmarkError):
    """The work waits for people."""

    exit_code = ExitCode.PENDING
