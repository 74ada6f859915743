"""The door of the trace room.

Typical use::

    graph = load_product_trace(product)            # items, markers, anomalies, findings of reading
    findings = check_trace(graph, safety_class="C")
    verifies_of(graph)("tests/unit/test_ct.py::test_plateau[a]")      # the ids that the test verifies
    graph = mark_tests(graph, [("Profile::should create it", "unit")], complete=True)   # tests that only results know
    coverage = roll_up(graph, {"tests/unit/test_ct.py::test_plateau[a]": "passed"})
    changed = changed_items(files_before, files_after, "qpcr")

`parse_trace`, `scan_source`, `check_trace`, `roll_up`, `find_impact` and `changed_items` are pure; `load_*`,
`scan_sources` read folders and write nothing.
"""

from lotmark.trace._changes import changed_items, compare_graphs
from lotmark.trace._checks import check_trace
from lotmark.trace._declared import mark_tests, verifies_of
from lotmark.trace._files import load_product_trace, load_trace, read_quality_files
from lotmark.trace._fingerprint import fingerprint
from lotmark.trace._graph import build_graph, find_below, find_cycles, find_impact
from lotmark.trace._policy import DEFAULT_POLICY, DEFAULT_SCALE
from lotmark.trace._risk import find_level, hazard_of
from lotmark.trace._rollup import find_tested, roll_up, summarise_coverage
from lotmark.trace._scan import find_layer, scan_source, scan_sources
from lotmark.trace._test_ids import base_test_id
from lotmark.trace._tree import parse_trace

__all__ = [
    "DEFAULT_POLICY",
    "DEFAULT_SCALE",
    "base_test_id",
    "build_graph",
    "changed_items",
    "check_trace",
    "compare_graphs",
    "find_below",
    "find_cycles",
    "find_impact",
    "find_layer",
    "find_level",
    "find_tested",
    "fingerprint",
    "hazard_of",
    "load_product_trace",
    "load_trace",
    "mark_tests",
    "parse_trace",
    "read_quality_files",
    "roll_up",
    "scan_source",
    "scan_sources",
    "summarise_coverage",
    "verifies_of",
]
