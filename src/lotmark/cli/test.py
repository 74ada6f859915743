"""`lotmark test`: what a change must run and why; results in, missing ones counted."""

from pathlib import Path
from typing import Any

import click

from lotmark.base.errors import ExitCode
from lotmark.base.findings import has_errors
from lotmark.cli._output import Output, format_finding, table

_LAYERS = ("unit", "integration", "validation")


@click.group(name="test")
def command() -> None:
    """Plan what a change must run; collect results. Records nothing: `lotmark run` does."""


@command.command()
@click.option("--changed-since", "base", default=None, metavar="REF", help="The change: everything since REF (default: nothing was released before).")
@click.option("--occasion", type=click.Choice(["always", "nightly", "release-candidate"]), default="always", show_default=True)
@click.pass_obj
def plan(output: Output, base: str | None, occasion: Any) -> None:
    """List the tests that a change needs, each with its reasons, and those it does not, each with one."""
    from lotmark.matrix.api import find_known_tests, plan_tests, read_matrix
    from lotmark.product.api import changed_paths, files_at, find_root, load_product, resolve_commit
    from lotmark.trace.api import changed_items, load_product_trace, read_quality_files

    root = find_root(output.product)
    product = load_product(root, output.config)
    graph = load_product_trace(product)
    matrix = read_matrix(product.quality / "matrix.yaml", name="quality/matrix.yaml").value
    paths = items = None
    if base is not None:
        commit = resolve_commit(root, base)
        paths = changed_paths(root, commit, "HEAD")
        items = changed_items(files_at(root, commit, "quality"), read_quality_files(product.quality, []), product.id).all
    made = plan_tests(
        matrix,
        graph,
        find_known_tests(matrix, graph),
        changed_paths=paths,
        changed_items=items or (),
        occasion=occasion,
        first_release=base is None,
        safety_class=product.file.product.safety_class,
    )
    wire = {
        "occasion": made.occasion,
        "selected": [{"test": each.test, "reasons": list(each.reasons)} for each in made.selected],
        "leftOut": [{"test": each.test, "reason": each.reason} for each in made.left_out],
    }
    rows = [("▶", each.test, "; ".join(each.reasons)) for each in made.selected] + [("·", each.test, f"left out: {each.reason}") for each in made.left_out]
    output.result("test-plan", wire, table(rows) + f"\n{len(made.selected)} tests to run, {len(made.left_out)} left out")


@command.command()
@click.argument("layer", type=click.Choice(_LAYERS))
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--exit-code", type=int, default=0, show_default=True, help="Exit code of the command that made the results.")
@click.pass_obj
def collect(output: Output, layer: Any, results: tuple[Path, ...], exit_code: int) -> int:
    """Judge JUnit XML files against the tests that are expected in this layer."""
    from datetime import UTC, datetime

    from lotmark.matrix.api import collect_results, find_known_tests, read_matrix
    from lotmark.matrix.models import Attempt, ResultFile
    from lotmark.product.api import find_root, load_product
    from lotmark.trace.api import load_product_trace, verifies_of

    product = load_product(find_root(output.product), output.config)
    graph = load_product_trace(product)
    matrix = read_matrix(product.quality / "matrix.yaml", name="quality/matrix.yaml").value
    files = tuple(ResultFile(str(path), path.read_bytes(), datetime.fromtimestamp(path.stat().st_mtime, UTC)) for path in results)
    times = [file.modified_at for file in files]
    collected = collect_results(
        layer,
        [Attempt(files, min(times), max(times), exit_code)],
        run=f"{product.id}:RUN-0000",
        product=product.id,
        expected=[test.id for test in find_known_tests(matrix, graph) if test.layer == layer],
        expected_complete=False,
        verifies=verifies_of(graph),
        matrix=matrix,
    )
    run = collected.test_run
    counts = {name: getattr(run.counts, name) for name in ("passed", "failed", "error", "skipped", "missing")}
    wire = {
        "layer": layer,
        "expected": run.expected,
        "received": run.received,
        "counts": counts,
        "findings": [finding.to_wire() for finding in collected.findings],
    }
    if output.format not in {"text", "json"}:
        output.findings(collected.findings)
    else:
        lines = [format_finding(finding.to_wire()) for finding in collected.findings]
        lines.append(f"{run.received} of {run.expected} expected tests reported: " + ", ".join(f"{count} {name}" for name, count in counts.items() if count))
        output.result("test-collect", wire, "\n".join(lines))
    return int(ExitCode.REFUSED if has_errors(collected.findings) else ExitCode.ACCEPTED)
