"""Which ends of a command are attempts that the log is told of."""

import pytest

from lotmark.base.errors import ExitCode
from lotmark.cli._refusals import ACTING, is_attempt

pytestmark = pytest.mark.verifies("REQ-093", "RC-092")


@pytest.mark.parametrize("command", sorted(ACTING))
def test_what_was_judged_and_refused_is_one(command):
    assert is_attempt(command, ExitCode.REFUSED)
    assert is_attempt(command, ExitCode.REFUSED, "LM-XXX-001")


@pytest.mark.parametrize("code", ["LM-ATT-033", "LM-ATT-021", "LM-CLI-018", "LM-CLI-014", "LM-APR-002", "LM-REC-004"])
def test_who_was_not_let_is_one(code):
    assert is_attempt("approve", ExitCode.ENVIRONMENT, code)


@pytest.mark.parametrize("code", ["LM-LED-004", "LM-LED-003", "LM-CLI-015", "LM-BLD-001", ""])
def test_what_the_machine_lacks_is_none(code):
    assert not is_attempt("approve", ExitCode.ENVIRONMENT, code)


@pytest.mark.parametrize("exit_code", [ExitCode.ACCEPTED, ExitCode.USAGE, ExitCode.BUG, ExitCode.NOTHING_TO_JUDGE, ExitCode.INTEGRITY, ExitCode.PENDING])
def test_every_other_end_is_none(exit_code):
    assert not is_attempt("approve", exit_code, "LM-APR-001")


@pytest.mark.parametrize("command", ["show", "verify", "log", "run", "check", "demo", "init", None])
def test_a_command_that_does_not_act_makes_none(command):
    assert not is_attempt(command, ExitCode.REFUSED)
