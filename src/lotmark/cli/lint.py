"""`lotmark lint`: inputs that are not pinned and steps that do not come out the same twice."""

from pathlib import Path

import click

from lotmark import __version__
from lotmark.base.clock import SystemClock
from lotmark.base.errors import ExitCode, UsageError
from lotmark.base.findings import has_errors
from lotmark.cli._output import Output, fold_findings

_FORMS = frozenset({"json", "sarif", "junit", "github", "gitlab", "markdown", "text"})


@click.command(name="lint")
@click.option(
    "--read-set", type=click.Path(path_type=Path, exists=True, dir_okay=False), default=None, help="Names of the files that a build read: they come first."
)
@click.option("--all", "show_all", is_flag=True, help="Show every finding; by default a rule that only warns is shown three times.")
@click.pass_obj
def command(output: Output, read_set: Path | None, show_all: bool) -> int:
    """Unpinned inputs and causes of builds that differ, in build scripts, CI and container files, requirements and C sources; exits 1 on an error.

    Reads text alone; runs and fetches nothing. Forms: text, json, sarif, junit, github, gitlab, markdown.
    """
    from lotmark.base.formats import format_findings
    from lotmark.lint.api import lint_tree, parse_read_set
    from lotmark.lint.rules import RULES

    if output.format not in _FORMS:
        raise UsageError("LM-CLI-005", f"`lotmark lint` has no form {output.format!r}", solution=f"forms: {', '.join(sorted(_FORMS))}")
    root = output.product.resolve()
    if not root.is_dir():
        raise UsageError("LM-CLI-005", f"{root} is no folder", solution="name the top of a work tree with -C")
    known = parse_read_set(read_set.read_bytes(), str(read_set)) if read_set else None
    declared = (output.config or root) / "quality" / "lint.yaml"
    report = lint_tree(root, today=SystemClock().now().date(), read_set=known, declared=declared.read_bytes() if declared.is_file() else None)
    if not report.read and not report.findings:
        output.note(f"none of {report.files} files decides about a build")
        return int(ExitCode.NOTHING_TO_JUDGE)
    shown = list(report.findings)
    hidden: dict[str, int] = {}
    if not show_all and output.format in {"text", "markdown", "github"}:
        shown, hidden = fold_findings(shown)
    if output.format == "text" and not shown:
        output.print(f"✓ {report.read} of {report.files} files decide about a build: nothing found")
    else:
        output.print(format_findings(shown, output.format, rules={rule.code: rule for rule in RULES}, version=__version__), newline=False)
    if hidden:
        output.note(f"{sum(hidden.values())} more are not shown; `lotmark lint --all` shows them")
    output.note(f"{report.read} of {report.files} files looked at, {report.declared} hits declared in quality/lint.yaml")
    return int(ExitCode.REFUSED if has_errors(report.findings) else ExitCode.ACCEPTED)
