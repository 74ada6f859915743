"""Markers of StrictDoc, OpenFastTrace and LOBSTER in sources of any language, resolved through aliases."""

import pytest

from fakes.trace_files import graph_of, requirement
from lotmark.trace._foreign_markers import find_foreign_markers
from lotmark.trace.api import check_trace, scan_source

pytestmark = pytest.mark.verifies("REQ-008", "REQ-450", "RC-009")


def found(line):
    return [(marker.kind.value if marker.kind else None, marker.ids, marker.problem) for marker in find_foreign_markers(line, "qpcr")]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("// @relation(REQ-001, scope=function)", [(None, ("REQ-001",), "")]),
        ("# @relation(REQ-001, REQ-002, scope=file, role=Verification)", [("verifies", ("REQ-001", "REQ-002"), "")]),
        ("/* @relation(gd_req__x, role=Implements) */", [("implements", ("gd_req__x",), "")]),
        ("@relation(REQ-001 through REQ-003, scope=class)", [(None, ("REQ-001", "REQ-002", "REQ-003"), "")]),
        ("@relation(REQ-001, scope=range_start) @relation(REQ-001, scope=range_end)", [(None, ("REQ-001",), "")]),
        ("@relation(scope=function)", [(None, (), "@relation names no id")]),
        ("@relation(REQ-001,", [(None, (), "@relation is not closed on its line")]),
        ("@relation(REQ-001 through REQ-000)", [(None, (), "REQ-001 through REQ-000: the range runs backwards"), (None, (), "@relation names no id")]),
        ("// [impl->dsn~login-limit~1]", [("implements", ("dsn~login-limit",), "")]),
        ("// [utest -> req~login~2]", [("verifies", ("req~login",), "")]),
        ("// [itest~check~1->req~login~2>>stest]", [("verifies", ("req~login",), "")]),
        ("# [impl->REQ-001]", [("implements", ("REQ-001",), "")]),
        ("// lobster-trace: pump.stop, pump.start", [(None, ("pump.stop", "pump.start"), "")]),
        ("# lobster-trace: REQ-001", [(None, ("REQ-001",), "")]),
        ("x->y; a[i]->b; [a->b]; map<int>->z", []),
        ("an email@relation.example and a @relation of ours", []),
        ("lobster-trace:", []),
    ],
)
def test_a_line_is_read(line, expected):
    assert found(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        "@relation(" * 20_000,
        "[impl->" * 20_000,
        "[" * 100_000 + "->",
        "@relation(" + "a," * 100_000 + ")",
        "lobster-trace: " + "a," * 100_000,
        " " * 200_000 + "->",
    ],
)
def test_generated_lines_are_read_in_good_time(line):
    assert isinstance(found(line), list)


@pytest.mark.parametrize(
    ("path", "text", "test", "kind"),
    [
        ("tests/unit/test_a.c", "// @relation(REQ-001, scope=function)\nvoid test_stop(void)\n", "test_stop", "verifies"),
        ("src/pump.c", "// @relation(REQ-001, scope=function)\nvoid stop(void)\n", "stop", "implements"),
        ("src/pump.c", "// @relation(REQ-001, role=Verification)\nvoid stop(void)\n", "stop", "verifies"),
        ("tests/unit/a.spec.ts", "// lobster-trace: REQ-001\nit('stops', () => {\n", "stops", "verifies"),
        ("src/lib.rs", "// [utest->REQ-001]\nfn stops() {\n", "stops", "verifies"),
        ("tests/unit/test_a.py", "# @relation(REQ-001, scope=function)\ndef test_stop():\n    pass\n", "test_stop", "verifies"),
        ("tests/unit/test_a.py", "def test_stop():\n    # lobster-trace: REQ-001\n    pass\n", "test_stop", "verifies"),
        ("tests/unit/test_a.py", 'def test_stop():\n    """Stops.\n\n    @relation(REQ-001, scope=function)\n    """\n', "test_stop", "verifies"),
        ("src/pump.py", "# [impl->REQ-001]\ndef stop():\n    pass\n", "stop", "implements"),
    ],
)
def test_a_marker_belongs_to_what_stands_below_or_around_it(path, text, test, kind):
    scan = scan_source(path, text.encode(), "qpcr")
    assert [(marker.test_id, marker.ids, marker.kind.value) for marker in scan.markers] == [(f"{path}::{test}", ("REQ-001",), kind)]
    assert scan.findings == ()


def test_names_of_other_tools_are_found_by_their_aliases():
    scan = scan_source("tests/unit/test_a.c", b"// [utest->req~login~2] lobster-trace: pump.stop\nvoid test_stop(void)\n", "qpcr")
    graph = graph_of(requirement("REQ-001", 'aliases: ["req~login"]'), requirement("REQ-002", "aliases: [pump.stop]"), scan=scan)
    assert graph.verified_by == {"REQ-001": ("tests/unit/test_a.c::test_stop",), "REQ-002": ("tests/unit/test_a.c::test_stop",)}
    assert [finding.code for finding in check_trace(graph) if finding.code == "LM-TRC-041"] == []


def test_a_name_that_nothing_bears_is_said():
    scan = scan_source("tests/unit/test_a.c", b"// [utest->req~login~2]\nvoid test_stop(void)\n", "qpcr")
    (finding,) = [finding for finding in check_trace(graph_of(requirement("REQ-001"), scan=scan)) if finding.code == "LM-TRC-041"]
    assert "req~login" in finding.message


def test_a_broken_marker_is_said_with_its_place():
    scan = scan_source("tests/unit/test_a.c", b"\n  // @relation(scope=function)\nvoid test_stop(void)\n", "qpcr")
    (finding,) = scan.findings
    assert (finding.code, finding.location.line, finding.location.column) == ("LM-TRC-042", 2, 6)


@pytest.mark.parametrize("text", ["REQ-001 through REQ-003", "REQ-001..REQ-003", "REQ-001 ... REQ-003", "REQ-001 to REQ-003"])
def test_ranges_are_written_in_several_ways(text):
    scan = scan_source("tests/unit/test_a.c", f"// @verifies {text}\nvoid test_stop(void)\n".encode(), "qpcr")
    assert scan.markers[0].ids == ("REQ-001", "REQ-002", "REQ-003")
