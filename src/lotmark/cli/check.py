"""`lotmark check`: what a developer wants to know before a merge."""

import gc
from pathlib import Path

import click

from lotmark.base.clock import SystemClock
from lotmark.base.errors import ExitCode
from lotmark.base.findings import Finding, Severity, has_errors
from lotmark.cli._output import Output, fold_findings
from lotmark.product.models import DependencySection


@click.command(name="check")
@click.option("--changed-since", "base", default=None, metavar="REF", help="Also judge the commits since REF, and name the items that changed.")
@click.option("--all", "show_all", is_flag=True, help="Show every warning; by default a rule that fires often is shown three times.")
@click.pass_obj
def command(output: Output, base: str | None, show_all: bool) -> int:
    """Links, ids, matrix gaps and unpinned inputs, all findings in one run; reads only, exits 1 on an error.

    Forms: text, json, sarif, junit, github, gitlab, markdown.
    """
    # Nothing of what is read is garbage before the process ends; looking for it would take a quarter of the time.
    gc.disable()
    from lotmark.matrix.api import check_matrix, find_gaps, find_known_tests, read_matrix
    from lotmark.product.api import find_root, load_product
    from lotmark.trace.api import check_trace, load_product_trace

    root = find_root(output.product)
    product = load_product(root, output.config, pinned=False)
    graph = load_product_trace(product)
    safety_class = product.file.product.safety_class
    findings = [*check_trace(graph, safety_class=safety_class)]
    matrix = read_matrix(product.quality / "matrix.yaml", name="quality/matrix.yaml")
    tests = find_known_tests(matrix.value, graph)
    layers = product.file.tests
    all_listed = all(layer.list_command for layer in (layers.unit, layers.integration, layers.validation))
    findings += check_matrix(matrix, graph, tests=tests, all_listed=all_listed, safety_class=safety_class, day=SystemClock().now().date())
    findings += find_gaps(matrix, graph, tests, safety_class=safety_class)
    findings += _check_inputs(product.root, product.config_root, product.file.dependencies)
    if base is not None:
        findings += _check_commits(root, product.id, base)
    if output.format in {"text", "markdown"} and not findings:
        items = len(graph.items)
        output.print(f"✓ {items} items, {len(graph.sources.tests)} tests: nothing found")
    else:
        fold = not show_all and output.format in {"text", "markdown", "github"}
        shown, hidden = fold_findings(findings) if fold else (findings, {})
        output.findings(shown)
        for code, count in hidden.items():
            output.note(f"{count} more {code} are hidden; `lotmark check --all` shows them")
    return int(ExitCode.REFUSED if has_errors(findings) else ExitCode.ACCEPTED)


def _check_inputs(root: Path, config_root: Path, declared: DependencySection) -> tuple[Finding, ...]:
    """Unpinned inputs; licences and vulnerabilities are judged by the pipeline, with the environment at hand."""
    from lotmark.supply.api import check_locks

    return check_locks(root, declared, config_root=config_root)


def _check_commits(root: Path, product: str, base: str) -> list[Finding]:
    """Commits since `base` that reference nothing: a warning here, refused at release."""
    from lotmark.ids.api import find_ids
    from lotmark.product.api import list_commits, resolve_commit

    return [
        Finding(
            "LM-PIP-011",
            f"commit {commit.sha[:12]} ({commit.subject}) references no requirement, risk, anomaly or change",
            Severity.WARNING,
            subject=commit.sha,
            help="name what it is for in the message: a trailer `Refs: REQ-001`",
        )
        for commit in list_commits(root, resolve_commit(root, base), "HEAD")
        if not find_ids(commit.body, product)
    ]
