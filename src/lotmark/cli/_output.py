"""What every command shares: where the product lies, the form of the result, and how text reaches the two streams."""

import contextlib
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from lotmark.base.errors import UsageError
from lotmark.base.findings import Finding, Severity

if TYPE_CHECKING:
    from lotmark.bootstrap.api import Workspace

F = TypeVar("F", Finding, Mapping[str, Any])
_OFTEN = 3
_MARK = {Severity.ERROR: ("✗", "red"), Severity.WARNING: ("!", "yellow"), Severity.INFO: ("·", "blue")}


@dataclass(frozen=True, slots=True)
class Output:
    """The global options of one call."""

    product: Path
    config: Path | None
    state: Path | None
    format: str
    quiet: bool

    @property
    def json(self) -> bool:
        return self.format == "json"

    def workspace(self) -> "Workspace":
        """The product and its ledger, opened when first needed."""
        from lotmark.bootstrap.api import open_workspace

        workspace = open_workspace(self.product, self.config, self.state)
        context = click.get_current_context(silent=True)
        if context is not None:
            context.call_on_close(workspace.close)
        return workspace

    def result(self, schema: str, value: Mapping[str, Any], text: str) -> None:
        """Print the result: JSON with its schema's name and version, or the text.

        Raises:
            UsageError: LM-CLI-005 for a form that only findings have.
        """
        if self.json:
            self.print(self.format_json(schema, value))
        elif self.format == "text":
            self.print(text)
        else:
            raise UsageError("LM-CLI-005", f"this command has no form {self.format!r}", solution="use text or json; `check` has the other forms")

    def format_json(self, schema: str, value: Mapping[str, Any]) -> str:
        """The result as JSON with its schema's name and version; no control character of a record stands raw in it."""
        from lotmark.base.formats import show_json

        return show_json(json.dumps({"schema": f"https://lotmark.dev/output/{schema}/v1", **value}, indent=2, ensure_ascii=False))

    def print(self, text: str, *, newline: bool = True) -> None:
        """Print to stdout; of a text no control character of a record reaches the terminal. A reader that has seen enough (head, a pager) changes nothing of the command's exit code."""
        from lotmark.base.formats import show_page

        shown = show_page(text) if self.format == "text" else text
        try:
            click.echo(shown, nl=newline, color=_wants_color(sys.stdout))
            sys.stdout.flush()
        except BrokenPipeError:
            drop_stdout()

    def note(self, text: str) -> None:
        """Tell the person something that is not the result."""
        from lotmark.base.formats import show_page

        if not self.quiet:
            with contextlib.suppress(BrokenPipeError):
                click.echo(show_page(text), err=True, color=_wants_color(sys.stderr))

    def findings(self, findings: Sequence[Finding]) -> None:
        """Print findings in the form asked for: on stdout, since here they are the result."""
        from lotmark.base.formats import format_findings

        if self.format == "csv":
            raise UsageError("LM-CLI-005", "findings have no form 'csv'", solution="use text, json, sarif, junit, github, gitlab or markdown")
        self.print(format_findings(findings, self.format), newline=False)


def drop_stdout() -> None:
    """Send what is still printed to nobody: Python would complain about a broken pipe once more when it closes stdout."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _wants_color(stream: Any) -> bool | None:
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return None if stream.isatty() else False


def table(rows: Iterable[Sequence[str]], *, indent: str = "") -> str:
    """Rows as aligned columns, two spaces apart; a line feed in a cell makes no row."""
    cells = [tuple(str(cell).replace("\n", "\\n") for cell in row) for row in rows]
    if not cells:
        return ""
    widths = [max(len(click.unstyle(row[i])) for row in cells if i < len(row)) for i in range(max(len(row) for row in cells))]
    lines = []
    for row in cells:
        padded = [cell + " " * (widths[i] - len(click.unstyle(cell))) for i, cell in enumerate(row)]
        lines.append((indent + "  ".join(padded)).rstrip())
    return "\n".join(lines)


def fold_findings(findings: Sequence[F]) -> tuple[list[F], dict[str, int]]:
    """Every error, and of each rule that only warns the first three; and of each such rule how many are left out."""
    seen: Counter[str] = Counter()
    shown = []
    for finding in findings:
        code, severity = (finding.code, finding.severity) if isinstance(finding, Finding) else (finding["code"], Severity(finding["severity"]))
        seen[code] += severity is not Severity.ERROR
        if severity is Severity.ERROR or seen[code] <= _OFTEN:
            shown.append(finding)
    return shown, {code: count - _OFTEN for code, count in sorted(seen.items()) if count > _OFTEN}


def format_finding(finding: Mapping[str, Any]) -> str:
    """One finding, as it stands in evidence, for a terminal."""
    from lotmark.base.formats import show_text

    mark, color = _MARK[Severity(finding["severity"])]
    place = f" {finding['location']}:" if finding.get("location") else ""
    lines = [f"{click.style(mark, fg=color, bold=True)} {finding['code']}{show_text(place)} {show_text(finding['message'])}"]
    if finding.get("help"):
        lines.append(f"  help: {show_text(finding['help'])}")
    return "\n".join(lines)
