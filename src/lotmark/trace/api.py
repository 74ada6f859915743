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

from typing import TYPE_CHECKING

from lotmark.base.doors import open_late
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

if TYPE_CHECKING:
    from lotmark.trace._documents_of import list_documents
    from lotmark.trace._edit import add_alias, join_items, new_item, next_id, rename_item, split_document
    from lotmark.trace._foreign import ForeignDocument
    from lotmark.trace._history import find_used_ids
    from lotmark.trace._import import ImportPlan, PlannedFile, plan_import
    from lotmark.trace._import_files import read_import
    from lotmark.trace._mapping import MappingFile, format_mapping, propose_mapping
    from lotmark.trace._outline import Outline, check_outlines, outline_items, parse_outline
    from lotmark.trace._readers._registry import READERS, read_foreign
    from lotmark.trace._render import render_html, render_markdown
    from lotmark.trace._reqif_out import format_reqif

__all__ = [
    "DEFAULT_POLICY",
    "DEFAULT_SCALE",
    "READERS",
    "ForeignDocument",
    "ImportPlan",
    "MappingFile",
    "Outline",
    "PlannedFile",
    "add_alias",
    "base_test_id",
    "build_graph",
    "changed_items",
    "check_outlines",
    "check_trace",
    "compare_graphs",
    "find_below",
    "find_cycles",
    "find_impact",
    "find_layer",
    "find_level",
    "find_tested",
    "find_used_ids",
    "fingerprint",
    "format_mapping",
    "format_reqif",
    "hazard_of",
    "join_items",
    "list_documents",
    "load_product_trace",
    "load_trace",
    "mark_tests",
    "new_item",
    "next_id",
    "outline_items",
    "parse_outline",
    "parse_trace",
    "plan_import",
    "propose_mapping",
    "read_foreign",
    "read_import",
    "read_quality_files",
    "rename_item",
    "render_html",
    "render_markdown",
    "roll_up",
    "scan_source",
    "scan_sources",
    "split_document",
    "summarise_coverage",
    "verifies_of",
]

_LATE = {
    "READERS": "_readers._registry",
    "ForeignDocument": "_foreign",
    "ImportPlan": "_import",
    "MappingFile": "_mapping",
    "Outline": "_outline",
    "PlannedFile": "_import",
    "add_alias": "_edit",
    "check_outlines": "_outline",
    "find_used_ids": "_history",
    "format_mapping": "_mapping",
    "format_reqif": "_reqif_out",
    "join_items": "_edit",
    "list_documents": "_documents_of",
    "new_item": "_edit",
    "next_id": "_edit",
    "outline_items": "_outline",
    "parse_outline": "_outline",
    "plan_import": "_import",
    "propose_mapping": "_mapping",
    "read_foreign": "_readers._registry",
    "read_import": "_import_files",
    "rename_item": "_edit",
    "render_html": "_render",
    "render_markdown": "_render",
    "split_document": "_edit",
}
"""What only importing, editing and rendering need; loaded when asked for, so that checking starts fast (PEP 562)."""

__getattr__ = open_late(__name__, _LATE)
