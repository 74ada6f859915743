"""The door of the matrix room.

Typical use::

    matrix = read_matrix(product.quality / "matrix.yaml", name="quality/matrix.yaml").value
    listed = parse_test_list(stdout, "tests.unit.list-command")
    tests = find_known_tests(matrix, graph, {"unit": listed})
    plan = plan_tests(matrix, graph, tests, changed_paths=paths, changed_items=items, safety_class="C")
    review = find_active_waivers(verified_entries, clock.now(), product="qpcr", version="1.4.0", rules=matrix.waivers)
    collected = collect_results("unit", attempts, run=run, product="qpcr", expected=plan.selected_ids("unit"),
                                verifies=verifies_of(graph), matrix=matrix, waivers=review)
    build_test_run(collected.test_run, subjects)                      # evidence; collected.findings judge the stage
    result = evaluate_matrix(matrix, graph, test_runs, run=run, waivers=review, changed_items=items, plan=plan, safety_class="C")
    build_matrix_evaluation(result.evaluation, subjects)              # evidence; result.findings judge the stage

Every function is pure but `read_matrix`, which reads the one file that it is given.
"""

from typing import TYPE_CHECKING

from lotmark.base.doors import open_late

if TYPE_CHECKING:
    from lotmark.matrix._check import check_matrix, find_gaps
    from lotmark.matrix._collect import collect_results
    from lotmark.matrix._evaluate import evaluate_matrix
    from lotmark.matrix._evidence import build_matrix_evaluation, build_test_result, build_test_run, parse_matrix_evaluation, parse_test_run
    from lotmark.matrix._flakes import flake_statistics, wilson_interval
    from lotmark.matrix._identity import normalise_id
    from lotmark.matrix._index import parse_matrix, read_matrix
    from lotmark.matrix._losses import Baseline
    from lotmark.matrix._plan import plan_tests
    from lotmark.matrix._reports import RESULT_LIMITS, read_results, scan_results
    from lotmark.matrix._reuse import PastRun, find_reusable
    from lotmark.matrix._schemas import matrix_schema
    from lotmark.matrix._shards import durations, split_tests
    from lotmark.matrix._tests import find_known_tests, parse_test_list
    from lotmark.matrix._waivers import build_waiver, build_waiver_closure, find_active_waivers

__all__ = [
    "RESULT_LIMITS",
    "Baseline",
    "PastRun",
    "build_matrix_evaluation",
    "build_test_result",
    "build_test_run",
    "build_waiver",
    "build_waiver_closure",
    "check_matrix",
    "collect_results",
    "durations",
    "evaluate_matrix",
    "find_active_waivers",
    "find_gaps",
    "find_known_tests",
    "find_reusable",
    "flake_statistics",
    "matrix_schema",
    "normalise_id",
    "parse_matrix",
    "parse_matrix_evaluation",
    "parse_test_list",
    "parse_test_run",
    "plan_tests",
    "read_matrix",
    "read_results",
    "scan_results",
    "split_tests",
    "wilson_interval",
]

_LATE = {
    "PastRun": "_reuse",
    "RESULT_LIMITS": "_reports",
    "build_matrix_evaluation": "_evidence",
    "build_test_result": "_evidence",
    "build_test_run": "_evidence",
    "build_waiver": "_waivers",
    "build_waiver_closure": "_waivers",
    "check_matrix": "_check",
    "collect_results": "_collect",
    "durations": "_shards",
    "evaluate_matrix": "_evaluate",
    "find_active_waivers": "_waivers",
    "find_gaps": "_check",
    "find_known_tests": "_tests",
    "Baseline": "_losses",
    "find_reusable": "_reuse",
    "flake_statistics": "_flakes",
    "matrix_schema": "_schemas",
    "normalise_id": "_identity",
    "parse_matrix": "_index",
    "parse_matrix_evaluation": "_evidence",
    "parse_test_list": "_tests",
    "parse_test_run": "_evidence",
    "plan_tests": "_plan",
    "read_matrix": "_index",
    "read_results": "_reports",
    "scan_results": "_reports",
    "split_tests": "_shards",
    "wilson_interval": "_flakes",
}
"""Loaded when asked for (PEP 562): who verifies a waiver needs none of what reads results and judges them."""

__getattr__ = open_late(__name__, _LATE)
