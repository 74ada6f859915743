"""`lotmark`: the group of commands, loaded when called, and the one place where errors become exit codes."""

import difflib
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from lotmark import __version__
from lotmark.base.errors import ExitCode, LotmarkError, UsageError
from lotmark.cli._output import Output, drop_stdout

_COMMANDS = {
    "init": ("init", "write a first lotmark.yaml, quality/ and a CI file for a repository that exists"),
    "demo": ("demo", "run the whole pipeline on an example product and print the five answers"),
    "doctor": ("doctor", "what is missing on this machine, each with the command that cures it"),
    "check": ("check", "what a developer wants to know before a merge"),
    "supply": ("supply", "examine components; write the SBOM; draft SOUP entries; records nothing"),
    "lint": ("lint", "unpinned inputs and causes of builds that differ"),
    "trace": ("trace", "matrix, impact, graph, export; documents, split, join, reqif; reviews of links and exceptions, signed"),
    "import": ("import_", "requirements, hazards and tests from other tools' formats; shows first, writes with --write"),
    "id": ("id_", "new, rename, alias: identifiers that are never reused"),
    "run": ("run", "the pipeline; resumes where a crash or a wait for people left it"),
    "stage": ("stage", "one stage, inside somebody else's CI"),
    "build": ("build", "the sealed build, made twice and compared"),
    "rebuild": ("rebuild", "a past release from its capsule alone, compared with what was released"),
    "test": ("test", "plan what a change must run; collect results"),
    "gate": ("gate", "evaluate the release criteria, every rule explained"),
    "approve": ("approve", "request, sign, reject, delegate, withdraw"),
    "waive": ("waive", "a signed exception with scope, reason, residual risk, owner and expiry"),
    "release": ("release", "list, notes, bundle"),
    "deploy": ("deploy", "plan, apply, verify, rollback, status"),
    "show": ("show", "the five answers for a version, commit, digest or id"),
    "verify": ("verify", "a bundle, an artifact, a deployment; offline"),
    "log": ("log", "search, fsck, prove, checkpoint, export, witness"),
    "records": ("records", "status, trigger, hold, release, expire, erase: how long records are kept"),
    "backup": ("backup", "a copy of the ledger while it is in use, with a signed list"),
    "restore": ("restore", "prove a backup, byte for byte, and put it back"),
    "key": ("key", "generate, enrol, list, revoke"),
    "explain": ("explain", "the whole story behind a rule code"),
}

_EXITS = """\b
Exit codes:
  0  accepted
  1  judged and refused
  2  usage or configuration
  3  our bug
  4  no identity, no permission, or the environment lacks something that is named
  5  nothing to judge
  6  integrity broken
  8  pending: waiting for people
"""


_STOPPED = 130
"""128 + SIGINT, as every shell knows it."""
_WORDS = "lotmark.words"
_TEXT_OR_JSON = frozenset(
    {"init", "demo", "doctor", "run", "stage", "build", "rebuild", "gate", "approve", "waive", "deploy", "key", "records", "backup", "restore", "explain"}
)
"""Commands whose results have no other forms: said before they do anything."""


class LazyGroup(click.Group):
    """A group that imports a command when it is called and says what was probably meant."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, args)
        ctx.meta[_WORDS] = [*ctx._protected_args, *ctx.args]  # noqa: SLF001 - click keeps the command's own words there
        return rest

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a refused attempt is told to the log."""
        try:
            result = super().invoke(ctx)
        except LotmarkError as error:
            _tell(ctx, int(error.exit_code), error)
            raise
        _tell(ctx, result if isinstance(result, int) else 0, None)
        return result

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"lotmark.cli.{_COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        _complete(command, f"LOTMARK_{cmd_name.upper()}")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands from the table above, without importing any of them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            close = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else " `lotmark --help` lists the commands."
            raise click.UsageError(f"no such command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)


def _complete(command: click.Command, prefix: str) -> None:
    """Give a command what all have: the exit codes in its help, and a variable for each flag, called like the flag."""
    command.epilog = command.epilog or _EXITS
    for option in command.params:
        if isinstance(option, click.Option) and option.envvar is None:
            flag = max(option.opts, key=len).lstrip("-").replace("-", "_").upper()
            option.envvar = f"{prefix}_{flag}"
            option.show_envvar = True
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            _complete(below, f"{prefix}_{name.upper()}")


@click.group(cls=LazyGroup, epilog=_EXITS, context_settings={"auto_envvar_prefix": "LOTMARK", "help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("-C", "--product", type=click.Path(path_type=Path), default=Path(), show_default=False, help="Folder in the product's work tree (default: here).")
@click.option("--config", type=click.Path(path_type=Path), default=None, help="Folder with lotmark.yaml and quality/ in place of the product's own.")
@click.option("--state", type=click.Path(path_type=Path), default=None, help="Folder of ledger and keys (default: .lotmark in the product).")
@click.option(
    "--format",
    "format_",
    envvar="LOTMARK_FORMAT",
    show_default=True,
    type=click.Choice(["text", "json", "sarif", "junit", "github", "gitlab", "markdown", "csv"]),
    default="text",
    help="Form of the result.",
)
@click.option("--quiet", is_flag=True, help="No progress, no hints.")
@click.version_option(__version__, prog_name="lotmark")
@click.pass_context
def lotmark(ctx: click.Context, product: Path, config: Path | None, state: Path | None, format_: str, quiet: bool) -> None:
    """What was built, from what, by whom, with which tests, under which approval."""
    if format_ not in {"text", "json"} and ctx.invoked_subcommand in _TEXT_OR_JSON:
        raise UsageError("LM-CLI-005", f"`lotmark {ctx.invoked_subcommand}` has no form {format_!r}", solution="use text or json; `check` has the other forms")
    if format_ == "csv" and ctx.invoked_subcommand != "log":
        raise UsageError("LM-CLI-005", f"`lotmark {ctx.invoked_subcommand}` has no form 'csv'", solution="`lotmark --format csv log search` has")
    ctx.obj = Output(product=product, config=config, state=state, format=format_, quiet=quiet)


def _tell(ctx: click.Context, exit_code: int, error: LotmarkError | None) -> None:
    from lotmark.cli._refusals import is_attempt, tell_refusal

    if is_attempt(ctx.invoked_subcommand, exit_code, error.code if error else ""):
        tell_refusal(ctx.obj, ctx.meta[_WORDS], error)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with an `ExitCode`."""
    code = run(arguments)
    if code == _STOPPED:
        # At once, whatever threads still work: their sandboxes end with us, and the next run takes up what is not recorded.
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code as an int (`ExitCode`)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        _refuse_empty(words)
        result: Any = lotmark.main(args=words, prog_name="lotmark", standalone_mode=False)
    except LotmarkError as error:
        _complain(error.code, error.reason, error.where, error.solution)
        return int(error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return int(ExitCode.USAGE)
    except click.UsageError as error:
        usage = error.ctx.get_usage() + "\n" if error.ctx else ""
        click.echo(f"{usage}error: {error.format_message()}{_place_of(error)}", err=True)
        return int(ExitCode.USAGE)
    except click.ClickException as error:
        click.echo(f"error: {error.format_message()}", err=True)
        return int(ExitCode.USAGE)
    except click.exceptions.Exit as error:
        return int(error.exit_code)
    except click.Abort:
        click.echo("stopped; what is recorded stays, and the next call goes on from there", err=True)
        return _STOPPED
    except BrokenPipeError:
        # Results go through `Output`, which stands this; here it was help, or a text of click's own.
        drop_stdout()
        return int(ExitCode.ACCEPTED)
    except OSError as error:
        _complain(
            "LM-CLI-002",
            f"{error.strerror or error}",
            error.filename,
            "free space, or give this user the permission; nothing was recorded by the step that failed",
        )
        return int(ExitCode.ENVIRONMENT)
    except Exception as error:  # noqa: BLE001 - the last place: an unforeseen error is our bug and says so
        _bug(error)
        return int(ExitCode.BUG)
    return int(result) if isinstance(result, int) else int(ExitCode.ACCEPTED)


def _refuse_empty(words: Sequence[str]) -> None:
    """Refuse a word or an option's value that is empty, before anything acts on it."""
    for position, word in enumerate(words):
        if word == "" or (word.startswith("--") and word.endswith("=")):
            name = word.rstrip("=") or (words[position - 1] if position else "an argument")
            raise UsageError("LM-CLI-003", f"{name} is empty", solution="the usual cause is an unset shell variable")


def _place_of(error: click.UsageError) -> str:
    """A hint for an option of `lotmark` itself that stands behind the command."""
    if not isinstance(error, click.NoSuchOption) or error.option_name not in {name for option in lotmark.params for name in option.opts}:
        return ""
    return f" It stands before the command: `lotmark {error.option_name} ...`."


def _complain(code: str, reason: str, where: object, solution: str | None) -> None:
    from lotmark.base.formats import show_page, show_text

    click.echo(f"error[{code}]: {show_page(reason)}", err=True)
    if where:
        click.echo(f"  at: {show_text(str(where))}", err=True)
    if solution:
        click.echo(f"  help: {show_page(solution)}", err=True)
    click.echo(f"  more: lotmark explain {code}", err=True)


def _bug(error: Exception) -> None:
    import traceback

    click.echo("".join(traceback.format_exception(error)), err=True)
    _complain(
        "LM-CLI-001",
        f"an error that Lotmark did not foresee: {type(error).__name__}: {error}",
        None,
        "please report it with the lines above; the ledger is safe, it only grows by whole batches",
    )


if __name__ == "__main__":
    main()
