"""What every call has in common: exit codes, help, streams, colours, empty values, and errors that became exit codes."""

import errno
import importlib
import io
import json
import os
import signal
import subprocess
import sys

import click
import pytest

from fakes.quick import quick_environment
from fakes.tiny_product import call
from lotmark.base import errors
from lotmark.base.errors import ExitCode
from lotmark.cli import main
from lotmark.cli._output import Output, fold_findings, format_finding, table
from lotmark.cli._progress import LineProgress, open_progress
from lotmark.pipeline.models import Outcome, Stage, StageStatus

pytestmark = pytest.mark.verifies("REQ-025", "RC-009")


def groups():
    """Every command and subcommand that there is, with the words that call it."""
    for name in main._COMMANDS:
        try:
            command = main.lotmark.get_command(click.Context(main.lotmark), name)
        except ModuleNotFoundError:
            continue
        yield (name,), command
        if isinstance(command, click.Group):
            for below, each in command.commands.items():
                yield (name, below), each


COMMANDS = dict(groups())


@pytest.fixture
def command(monkeypatch):
    """Puts a function in the place of a command."""

    def put(function, name="doctor"):
        class Module:
            pass

        Module.command = click.command(name)(click.pass_obj(function))
        real = importlib.import_module
        monkeypatch.setattr(main.importlib, "import_module", lambda name_: Module if name_ == f"lotmark.cli.{name}" else real(name_))

    return put


# ---------------------------------------------------------------- help


@pytest.mark.parametrize("words", [(), *COMMANDS], ids=" ".join)
def test_help_lists_the_exit_codes(words):
    called = call(*words, "--help")
    assert (called.code, called.err) == (0, "")
    for code, meaning in (
        (0, "accepted"),
        (1, "judged and refused"),
        (2, "usage"),
        (3, "our bug"),
        (4, "no identity"),
        (5, "nothing to judge"),
        (6, "integrity"),
        (8, "pending"),
    ):
        assert f"{code}  {meaning}" in called.out


def test_the_exit_codes_are_those_of_the_table():
    assert {code.name: code.value for code in ExitCode} == {
        "ACCEPTED": 0, "REFUSED": 1, "USAGE": 2, "BUG": 3, "ENVIRONMENT": 4, "NOTHING_TO_JUDGE": 5, "INTEGRITY": 6, "PENDING": 8
    }  # fmt: skip


@pytest.mark.parametrize(("words", "each"), COMMANDS.items(), ids=lambda value: " ".join(value) if isinstance(value, tuple) else "")
def test_every_flag_is_a_variable_too_and_no_flag_takes_a_secret(words, each):
    for option in each.params:
        if isinstance(option, click.Option):
            flag = max(option.opts, key=len).lstrip("-").replace("-", "_").upper()
            variables = [option.envvar] if isinstance(option.envvar, str) else list(option.envvar or ())
            assert variables[:1] == ["_".join(["LOTMARK", *(word.upper() for word in words), flag])]
            assert "passphrase" not in flag.lower()
            assert "password" not in flag.lower()
    assert each.help


def test_without_words_the_help_is_shown_and_it_is_a_wrong_call():
    called = call()
    assert (called.code, called.out) == (2, "")
    assert called.err.startswith("Usage: lotmark")


def test_help_imports_no_heavy_library():
    script = "import sys; from lotmark.cli.main import run; run(['--help']); print(sorted({'dbos','sqlalchemy','rich','cel','cyclonedx','jinja2','msgspec','cryptography'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=quick_environment())
    assert done.stdout.splitlines()[-1] == "[]"


def test_version():
    called = call("--version")
    assert called.code == 0
    assert called.out.startswith("lotmark, version ")


# ---------------------------------------------------------------- wrong calls


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("chekc",), "Did you mean 'check'?"),
        (("xyzzy",), "`lotmark --help` lists the commands"),
        (("log", "serch"), "Did you mean 'search'?"),
        (("--fromat", "json", "check"), "--format"),
        (("--format", "xml", "check"), "'xml' is not one of"),
        (("run", "--stage", "lunch"), "'lunch' is not one of"),
        (("stage",), "Missing argument"),
        (("approve", "sign"), "Missing option"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_calls(words, said, tiny):
    called = call("-C", str(tiny.root), *words)
    assert (called.code, called.out) == (2, "")
    assert said in called.err


@pytest.mark.parametrize(
    ("words", "name"),
    [(("--config=", "check"), "--config"), (("--state", "", "run"), "--state"), (("explain", ""), "explain"), (("",), "an argument")],
    ids=["with =", "as a word", "an argument", "alone"],
)
def test_empty_values_are_refused(words, name):
    called = call(*words)
    assert called.code == 2
    assert f"error[LM-CLI-003]: {name} is empty" in called.err
    assert "unset shell variable" in called.err


@pytest.mark.parametrize("name", sorted(main._TEXT_OR_JSON))
def test_a_form_that_a_command_does_not_have_is_refused_before_it_does_anything(name):
    called = call("--format", "sarif", name, *{"stage": ["source"], "key": ["list"], "approve": ["request"], "deploy": ["status"]}.get(name, []))
    assert (called.code, called.out) == (2, "")
    assert "LM-CLI-005" in called.err


def test_a_result_has_no_form_of_findings(tiny):
    called = tiny.cli("--format", "junit", "log", "search")
    assert (called.code, "LM-CLI-005" in called.err) == (2, True)


def test_options_as_variables(tiny, monkeypatch):
    monkeypatch.setenv("LOTMARK_PRODUCT", str(tiny.root))
    monkeypatch.setenv("LOTMARK_FORMAT", "json")
    monkeypatch.setenv("LOTMARK_LOG_SEARCH_KIND", "key-event")
    monkeypatch.setenv("LOTMARK_LOG_SEARCH_LIMIT", "3")
    called = call("log", "search")
    assert len(called.wire["entries"]) == 3


# ---------------------------------------------------------------- errors become exit codes


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.RefusedError, 1),
        (errors.UsageError, 2),
        (errors.LotmarkError, 3),
        (errors.EnvironmentLacksError, 4),
        (errors.NothingToJudgeError, 5),
        (errors.IntegrityError, 6),
        (errors.PendingError, 8),
    ],
)
def test_each_error_has_its_exit_code_and_tells_code_place_and_cure(command, kind, code):
    def fail(output):
        raise kind("LM-TST-001", "it does not hold", where="a/file:3:4", solution="mend it")

    command(fail)
    called = call("doctor")
    assert (called.code, called.out) == (code, "")
    assert called.err == "error[LM-TST-001]: it does not hold\n  at: a/file:3:4\n  help: mend it\n  more: lotmark explain LM-TST-001\n"


def test_an_error_without_place_and_cure(command):
    def fail(output):
        raise errors.RefusedError("LM-TST-001", "it does not hold")

    command(fail)
    assert call("doctor").err == "error[LM-TST-001]: it does not hold\n  more: lotmark explain LM-TST-001\n"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EIO, errno.EROFS, errno.EDQUOT])
def test_what_the_machine_refuses_is_exit_4(command, number):
    def fail(output):
        raise OSError(number, os.strerror(number), "/the/file")

    command(fail)
    called = call("doctor")
    assert called.code == 4
    assert f"error[LM-CLI-002]: {os.strerror(number)}\n  at: /the/file\n  help: " in called.err


def test_an_error_that_nobody_foresaw_is_our_bug(command):
    def fail(output):
        raise ZeroDivisionError("division by zero")

    command(fail)
    called = call("doctor")
    assert called.code == 3
    assert "Traceback" in called.err
    assert "error[LM-CLI-001]: an error that Lotmark did not foresee: ZeroDivisionError: division by zero" in called.err


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (click.ClickException("no"), 2, "error: no"),
        (click.FileError("there", "no"), 2, "error: "),
        (click.Abort(), 130, "stopped"),
        (KeyboardInterrupt(), 130, "stopped"),
        (click.exceptions.Exit(5), 5, ""),
        (BrokenPipeError(), 0, ""),
    ],
    ids=["click", "file", "abort", "interrupt", "exit", "pipe"],
)
def test_other_ends(command, error, code, said, monkeypatch):
    def fail(output):
        raise error

    monkeypatch.setattr(main, "drop_stdout", lambda: None)
    command(fail)
    called = call("doctor")
    assert called.code == code
    assert said in called.err


@pytest.mark.parametrize(("value", "code"), [(None, 0), (0, 0), (1, 1), (8, 8), (ExitCode.INTEGRITY, 6)])
def test_what_a_command_gives_back_is_the_exit_code(command, value, code):
    command(lambda output: value)
    assert call("doctor").code == code


def test_the_process_ends_with_the_exit_code():
    done = subprocess.run([sys.executable, "-m", "lotmark.cli.main", "explain", "LM-NONE-1"], capture_output=True, text=True, env=quick_environment())
    assert (done.returncode, done.stdout) == (2, "")


def test_a_person_who_stops_a_run_gets_the_terminal_back_at_once(tiny):
    """SIGINT while a test sleeps: the process ends, nothing of the stage is recorded, the next run goes on."""
    tiny.edit("tests/unit/tests.sh", "sh src/tool.sh | grep", "[ ! -e /proc/uptime ] || sleep 30; sh src/tool.sh | grep")
    tiny.commit()
    process = tiny.process("run")
    for line in process.stderr:
        if line.startswith("unit") and "expected tests" in line:
            break
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130, said
    assert "stopped" in said
    assert "unit" not in {each["stage"] for each in tiny.predicates("stage-result")}
    tiny.assert_sound()


# ---------------------------------------------------------------- streams


def test_the_result_goes_to_stdout_and_nothing_else_does(tiny):
    called = tiny.cli("run", "--stage", "source")
    assert called.code == 0
    assert called.out.splitlines()[-1] == "tiny:RUN-0001"
    assert "source        started" in called.err
    assert "started" not in called.out


def test_quiet_says_nothing_but_the_result(tiny):
    called = tiny.cli("--quiet", "run", "--stage", "source")
    assert (called.code, called.err) == (0, "")


@pytest.mark.parametrize(
    ("variables", "colored"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False), ({"NO_COLOR": "1"}, False)],
    ids=["no terminal", "forced", "both", "none"],
)
def test_colors(tiny, monkeypatch, variables, colored):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    called = tiny.cli("log", "fsck")
    assert ("\x1b[" in called.out) is colored
    assert "✓ sound" in click.unstyle(called.out)


def test_a_reader_that_has_seen_enough_changes_no_exit_code(tiny, monkeypatch):
    class Closed(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    output = Output(tiny.root, None, None, "text", quiet=False)
    monkeypatch.setattr(sys, "stdout", Closed())
    monkeypatch.setattr(sys, "stderr", Closed())
    output.print("seen enough")
    output.note("seen enough")


def test_a_closed_pipe_leaves_the_exit_code_of_the_judgement(tiny):
    (tiny.state / "blobs" / "sha256" / "00").mkdir(parents=True, exist_ok=True)
    (tiny.state / "ledger.db-wal").unlink(missing_ok=True)
    read, write = os.pipe()
    os.close(read)
    tiny.edit("quality/requirements/REQ-001.md", "UN-001", "UN-009")
    process = tiny.process("check", stdout=write)
    os.close(write)
    _, errors_ = process.communicate(timeout=30)
    assert (process.returncode, errors_) == (1, "")


def test_a_listener_that_went_away_ends_no_stage(monkeypatch):
    class Closed(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Closed())
    progress = LineProgress()
    progress.stage_started(Stage.UNIT, 1)
    progress.stage_note(Stage.UNIT, "note")
    progress.stage_ended(StageStatus(Stage.UNIT), 1.0)


def test_lines_of_progress(capsys):
    with open_progress(quiet=False) as progress:
        progress.stage_started(Stage.UNIT, 1)
        progress.stage_started(Stage.APPROVAL, 2)
        progress.stage_note(Stage.UNIT, "2 expected tests")
        progress.stage_ended(StageStatus(Stage.UNIT, 1, Outcome.ACCEPTED, "2 passed"), 1.23)
    assert capsys.readouterr().err.splitlines() == [
        "unit          started",
        "approval      started, attempt 2",
        "unit          2 expected tests",
        "unit          accepted in 1.2 s: 2 passed",
    ]
    with open_progress(quiet=True) as silence:
        silence.stage_started(Stage.UNIT, 1)
        silence.stage_note(Stage.UNIT, "x")
        silence.stage_ended(StageStatus(Stage.UNIT), 1.0)
    assert capsys.readouterr().err == ""


def test_progress_on_a_terminal(monkeypatch):
    from rich.console import Console

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with open_progress(quiet=False) as progress:
        progress.stage_started(Stage.SOURCE, 1)
        progress.stage_started(Stage.APPROVAL, 2)
        progress.stage_note(Stage.BUILD, "[odd] note")
        progress.stage_started(Stage.BUILD, 1)
        progress.stage_ended(StageStatus(Stage.SOURCE, 1, Outcome.ACCEPTED, "commit [abc]"), 0.5)
        progress.stage_ended(StageStatus(Stage.UNIT, 1, None, ""), 0.5)
        console = Console(file=io.StringIO(), width=100)
        console.print(progress._table())
    shown = console.file.getvalue()
    assert "✓ accepted" in shown
    assert "commit [abc]" in shown
    assert "▶ running" in shown
    assert "· waiting" in shown


# ---------------------------------------------------------------- small things


def test_tables_are_aligned_whatever_their_colors():
    rows = [(click.style("a", fg="red"), "bb", "c"), ("aaaa", "b"), ("", "", "x")]
    assert click.unstyle(table(rows)).splitlines() == ["a     bb  c", "aaaa  b", "          x"]
    assert table([]) == ""
    assert table([("a",)], indent="  ") == "  a"


def test_findings_for_a_terminal():
    finding = {"code": "LM-TST-001", "severity": "warning", "message": "look", "location": "a:1:2", "help": "mend"}
    assert click.unstyle(format_finding(finding)) == "! LM-TST-001 a:1:2: look\n  help: mend"
    assert click.unstyle(format_finding({"code": "LM-TST-001", "severity": "error", "message": "look"})) == "✗ LM-TST-001 look"


def test_findings_that_repeat_are_folded_and_errors_never():
    warnings = [{"code": "LM-TST-001", "severity": "warning", "message": str(number)} for number in range(5)]
    found = [{"code": "LM-TST-002", "severity": "error", "message": str(number)} for number in range(5)]
    shown, hidden = fold_findings([*warnings, *found])
    assert [each["message"] for each in shown] == ["0", "1", "2", "0", "1", "2", "3", "4"]
    assert hidden == {"LM-TST-001": 2}


def test_every_rule_has_a_story_and_a_cure():
    called = call("--format", "json", "explain")
    codes = [rule["code"] for rule in called.wire["rules"]]
    assert len(codes) == len(set(codes)) > 150
    one = call("explain", "lm-pip-002")
    assert one.code == 0
    assert "help: " in one.out
    assert json.loads(call("--format", "json", "explain", "LM-PIP-002").out)["cure"]
    assert "did you mean LM-PIP-0" in call("explain", "LM-PIP-0022").err
    assert "lists the codes" in call("explain", "nothing").err
