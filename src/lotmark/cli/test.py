"""`lotmark test`: what a change must run and why; results in, missing ones counted; which tests are not to be believed."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lotmark.base.errors import ExitCode, UsageError
from lotmark.base.findings import Severity, has_errors
from lotmark.cli._output import Output, format_finding, table

if TYPE_CHECKING:
    from lotmark.matrix.models import CollectedResults, Plan

_LAYERS = ("unit", "integration", "validation")
_OCCASIONS = ("pull-request", "nightly", "release-candidate")
_ENVIRONMENT = "LM-MTX-065"


@click.group(name="test")
def command() -> None:
    """Plan what a change must run; collect results; find flaky tests. Records nothing: `lotmark run` does."""


@command.command()
@click.option("--changed-since", "base", default=None, metavar="REF", help="The change: everything since REF (default: nothing was released before).")
@click.option("--layer", "--occasion", "occasion", type=click.Choice(_OCCASIONS), default="pull-request", show_default=True, help="What the tests are run for.")
@click.option("--of", "only", type=click.Choice(_LAYERS), default=None, help="Only the tests of this stage.")
@click.option("--ids", is_flag=True, help="Print nothing but the ids of the tests to run, one a line.")
@click.option("--shards", type=int, default=None, metavar="N", help="Spread the tests to run over N workers.")
@click.option("--shard", type=int, default=None, metavar="K", help="Only the tests of worker K of N, from 1.")
@click.option(
    "--durations", multiple=True, type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Earlier results, by whose times the tests are spread."
)
@click.pass_obj
def plan(output: Output, base: str | None, occasion: Any, only: Any, ids: bool, shards: int | None, shard: int | None, durations: tuple[Path, ...]) -> int:
    """List the tests that a change needs, each with its reasons, and those it does not, each with one."""
    if shard is not None and (shards is None or not 1 <= shard <= shards):
        raise UsageError("LM-MTX-074", f"there is no worker {shard} of {shards or 'an unknown number'}", solution="name --shards N, and --shard from 1 to N")
    made = _plan(output, base, occasion)
    layers = {test.id: test.layer for test in made.tests}
    chosen = [each for each in made.selected if only in {None, layers[each.test]}]
    left = [each for each in made.left_out if only in {None, layers[each.test]}]
    spread: tuple[tuple[str, ...], ...] = ()
    if shards is not None:
        from lotmark.matrix.api import split_tests

        spread = split_tests([each.test for each in chosen], shards, _recorded(durations))
    mine = None if shard is None else set(spread[shard - 1])
    chosen = [each for each in chosen if mine is None or each.test in mine]
    if ids:
        for each in chosen:
            output.print(each.test)
        return int(ExitCode.ACCEPTED if chosen else ExitCode.NOTHING_TO_JUDGE)
    wire = {
        "occasion": made.occasion,
        "selected": [{"test": each.test, "layer": layers[each.test], "reasons": list(each.reasons)} for each in chosen],
        "leftOut": [{"test": each.test, "layer": layers[each.test], "reason": each.reason} for each in left],
        "shards": [list(each) for each in spread],
    }
    rows = [("▶", each.test, "; ".join(each.reasons)) for each in chosen] + [("·", each.test, f"left out: {each.reason}") for each in left]
    lines = [table(rows), *(f"worker {number} of {len(spread)}: {len(each)} tests" for number, each in enumerate(spread, 1))]
    output.result("test-plan", wire, "\n".join([*lines, f"{len(chosen)} tests to run, {len(left)} left out"]))
    return int(ExitCode.ACCEPTED)


def _plan(output: Output, base: str | None, occasion: Any) -> "Plan":
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
    return plan_tests(
        matrix,
        graph,
        find_known_tests(matrix, graph),
        changed_paths=paths,
        changed_items=items or (),
        occasion=occasion,
        first_release=base is None,
        safety_class=product.file.product.safety_class,
    )


def _recorded(files: Sequence[Path]) -> Mapping[str, float]:
    """Test id -> seconds, from results files of earlier runs."""
    from lotmark.matrix.api import read_results

    return {case.id: case.seconds for path in files for case in read_results(path.read_bytes(), str(path)).cases}


@command.command()
@click.argument("layer", type=click.Choice(_LAYERS))
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--exit-code", type=int, default=0, show_default=True, help="Exit code of the command that made the results.")
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The plan (`lotmark --format json test plan`) whose tests are expected, worker by worker.",
)
@click.option("--since", default=None, metavar="INSTANT", help="When the run started (RFC 3339); results written before are refused.")
@click.pass_obj
def collect(output: Output, layer: Any, results: tuple[Path, ...], exit_code: int, plan_file: Path | None, since: str | None) -> int:
    """Judge results files against the tests that are expected in this layer.

    Reads JUnit XML, NUnit, xUnit.net, TRX, Robot Framework, CTRF and RSpec. Exits 4 where nothing but the environment failed.
    """
    from datetime import UTC, datetime

    from lotmark.base.clock import parse_instant
    from lotmark.matrix.api import collect_results, find_known_tests, read_matrix
    from lotmark.matrix.models import Attempt, ResultFile
    from lotmark.product.api import find_root, load_product
    from lotmark.trace.api import load_product_trace, verifies_of

    product = load_product(find_root(output.product), output.config)
    graph = load_product_trace(product)
    matrix = read_matrix(product.quality / "matrix.yaml", name="quality/matrix.yaml").value
    files = tuple(ResultFile(str(path), path.read_bytes(), datetime.fromtimestamp(path.stat().st_mtime, UTC)) for path in results)
    times = [file.modified_at for file in files]
    try:
        started = parse_instant(since) if since else min(times)
    except ValueError as error:
        raise UsageError("LM-CLI-003", f"--since: {error}", solution="name an instant such as 2026-11-23T12:00:00Z") from error
    known = [test.id for test in find_known_tests(matrix, graph) if test.layer == layer]
    expected, optional, shards, whole = _expected(plan_file, layer) if plan_file else (known, [], [], False)
    collected = collect_results(
        layer,
        [Attempt(files, started, max(times), exit_code)],
        run=f"{product.id}:RUN-0000",
        product=product.id,
        expected=expected,
        expected_complete=whole,
        optional=optional,
        shards=shards,
        verifies=verifies_of(graph),
        matrix=matrix,
    )
    return _tell(output, layer, collected)


def _expected(path: Path, layer: str) -> tuple[list[str], list[str], list[list[str]], bool]:
    """What a plan expects of the layer, what it left out, what of it each worker runs, and whether it knows the layer of every test."""
    try:
        made = json.loads(path.read_text(encoding="utf-8"))
        selected = {each["test"] for each in made["selected"] if each["layer"] == layer}
        whole = all(each["layer"] for each in made["selected"])
        left_out = [each["test"] for each in made["leftOut"]]
        shards = [[test for test in shard if test in selected] for shard in made["shards"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            "LM-CLI-003", f"{path} is no plan: {type(error).__name__} {error}", solution="make one with `lotmark --format json test plan`"
        ) from error
    return sorted(selected), left_out, shards, whole


def _tell(output: Output, layer: str, collected: "CollectedResults") -> int:
    run = collected.test_run
    counts = {name: getattr(run.counts, name) for name in ("passed", "failed", "error", "skipped", "missing")}
    wire = {
        "layer": layer,
        "expected": run.expected,
        "received": run.received,
        "counts": counts,
        "shards": [shard.to_wire() for shard in run.shards],
        "findings": [finding.to_wire() for finding in collected.findings],
    }
    if output.format not in {"text", "json"}:
        output.findings(collected.findings)
    else:
        lines = [format_finding(finding.to_wire()) for finding in collected.findings]
        lines.append(f"{run.received} of {run.expected} expected tests reported: " + ", ".join(f"{count} {name}" for name, count in counts.items() if count))
        output.result("test-collect", wire, "\n".join(lines))
    if not has_errors(collected.findings):
        return int(ExitCode.ACCEPTED)
    errors = {finding.code for finding in collected.findings if finding.severity is Severity.ERROR}
    return int(ExitCode.ENVIRONMENT if errors == {_ENVIRONMENT} else ExitCode.REFUSED)


@command.command()
@click.option("--all", "show_all", is_flag=True, help="Show stable tests too.")
@click.option("--confidence", type=click.FloatRange(0.5, 0.999), default=0.95, show_default=True, help="Of the interval.")
@click.pass_obj
def flaky(output: Output, show_all: bool, confidence: float) -> int:
    """How often each test was red and green on the same artifacts, from every recorded run.

    The interval is Wilson's score interval (J. Am. Stat. Assoc. 22, 1927).
    """
    from lotmark.matrix.api import flake_statistics, parse_test_run

    workspace = output.workspace()
    runs = [parse_test_run(entry.statement.predicate) for entry in workspace.reader.entries(kind="test-run")]
    found = flake_statistics(runs, confidence=confidence)
    shown = [each for each in found if show_all or each.flaky]
    rows = [
        (
            each.test,
            f"{each.flaky} of {each.trials}",
            f"{each.rate:.1%}",
            f"[{each.low:.1%}, {each.high:.1%}]",
            f"{each.red} of {each.attempts} attempts red",
            f"{each.environment} for the environment" if each.environment else "",
        )
        for each in shown
    ]
    head = (
        f"{len(shown)} of {len(found)} tests" + ("" if show_all else " were red and green on the same artifacts") + f"; {confidence:.0%} interval (Wilson 1927)"
    )
    output.result("test-flaky", {"confidence": confidence, "tests": [each.to_wire() for each in shown]}, "\n".join([table(rows), head]) if rows else head)
    return int(ExitCode.ACCEPTED if runs else ExitCode.NOTHING_TO_JUDGE)
