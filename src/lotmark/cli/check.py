"""`lotmark check`: what a developer wants to know before a merge."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lotmark import __version__
from lotmark.base.clock import SystemClock
from lotmark.base.errors import ExitCode, UsageError
from lotmark.base.findings import Finding, has_errors
from lotmark.cli._output import Output, fold_findings

if TYPE_CHECKING:
    from lotmark.checks.models import CheckReport
    from lotmark.checks.ports import IssueSource

_FORMS = ("json", "sarif", "junit", "github", "gitlab", "markdown", "text")


@click.command(name="check")
@click.option("--changed-since", "base", default=None, metavar="REF", help="Also judge the commits since REF; findings on lines that changed since come first.")
@click.option(
    "--all", "show_all", is_flag=True, help="Show every finding; by default a rule that only warns is shown three times, and GitHub gets ten a level."
)
@click.option("--also", multiple=True, metavar="FORM=FILE", help="Write the result in another form to a file too: sarif=lotmark.sarif (may be repeated).")
@click.option(
    "--branch",
    default=None,
    envvar=["LOTMARK_CHECK_BRANCH", "GITHUB_HEAD_REF", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME"],
    help="Name of the branch: the ids in it must exist.",
)
@click.option("--title", default=None, envvar=["LOTMARK_CHECK_TITLE", "CI_MERGE_REQUEST_TITLE"], help="Title of the pull request: the ids in it must exist.")
@click.option(
    "--issues",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=None,
    help="Export of the tracker: the issues that commits name must stand in it.",
)
@click.option(
    "--tracker",
    default=None,
    metavar="KIND:PROJECT",
    help="Ask the tracker instead: github:owner/name, gitlab:group/name, jira:KEY; token in LOTMARK_TRACKER_TOKEN.",
)
@click.option("--tracker-url", default=None, help="Address of the tracker, where it is your own.")
@click.option("--no-cache", is_flag=True, help="Read and judge everything, whatever is remembered in the state folder.")
@click.pass_obj
def command(
    output: Output,
    base: str | None,
    show_all: bool,
    also: tuple[str, ...],
    branch: str | None,
    title: str | None,
    issues: Path | None,
    tracker: str | None,
    tracker_url: str | None,
    no_cache: bool,
) -> int:
    """Links, ids, matrix gaps and unpinned inputs, all findings in one run; never writes into the product, exits 1 on an error.

    Forms: text, json, sarif, junit, github, gitlab, markdown.
    """
    from lotmark.checks.api import CheckRequest, check_product

    wanted = [_parse_also(text) for text in also]
    root = _find_root(output.product)
    state = None if no_cache else output.state or root / ".lotmark"
    request = CheckRequest(root, SystemClock(), output.config, base, branch or "", title or "", state, _issue_source(issues, tracker, tracker_url))
    report = check_product(request)
    for form, path in wanted:
        with path.open("a" if form == "markdown" else "w", encoding="utf-8") as stream:
            stream.write(_format(report.findings, form, show_all=show_all))
    if output.format in {"text", "markdown"} and not report.findings:
        output.print(f"✓ {report.items} items, {report.tests} tests: nothing found")
    else:
        output.print(_format(report.findings, output.format, show_all=show_all), newline=False)
        _tell(output, report, base)
    return int(ExitCode.REFUSED if has_errors(report.findings) else ExitCode.ACCEPTED)


def _issue_source(issues: Path | None, tracker: str | None, url: str | None) -> "IssueSource | None":
    if issues is not None:
        from lotmark.checks.api import parse_export

        return parse_export(issues.read_bytes(), str(issues))
    if tracker is not None:
        from lotmark.integrations.api import open_tracker

        return open_tracker(tracker, url or "", os.environ.get("LOTMARK_TRACKER_TOKEN", ""))
    return None


def _tell(output: Output, report: "CheckReport", base: str | None) -> None:
    if base is not None:
        elsewhere = len(report.findings) - report.changed
        output.note(f"{report.changed} findings on lines changed since {base}, shown first; {elsewhere} elsewhere")


def _format(findings: Sequence[Finding], form: str, *, show_all: bool) -> str:
    from lotmark.base.formats import format_findings
    from lotmark.checks.api import limit_annotations

    shown: list[Finding] = list(findings)
    hidden: dict[str, int] = {}
    if not show_all and form == "github":
        shown, hidden = limit_annotations(findings)
    elif not show_all and form in {"text", "markdown"}:
        shown, hidden = fold_findings(findings)
    rules = {}
    if form == "sarif":
        from lotmark.bootstrap.api import rules as all_rules

        rules = {rule.code: rule for rule in all_rules()}
    return format_findings(shown, form, rules=rules, version=__version__, hidden=hidden)


def _parse_also(text: str) -> tuple[str, Path]:
    form, _, path = text.partition("=")
    if form not in _FORMS or not path:
        raise UsageError("LM-CLI-005", f"--also {text!r} is not FORM=FILE", solution=f"forms: {', '.join(_FORMS)}")
    return form, Path(path)


def _find_root(start: Path) -> Path:
    """The top of the work tree. Where `.git` lies is plain to see; git itself is asked only where it is not."""
    here = start.resolve()
    for folder in (here, *here.parents):
        if (folder / ".git" / "HEAD").is_file() and (folder / "lotmark.yaml").is_file():
            return folder
    from lotmark.product.api import find_root

    return find_root(start)
