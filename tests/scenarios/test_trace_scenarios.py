"""Scenarios: trees of requirements as they go wrong in practice; each folder ``trace-*`` has a README."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from fakes.scenario import SCENARIOS, as_json, compare_outputs, read_inputs, read_options
from lotmark.base.formats import format_findings
from lotmark.trace.api import changed_items, check_trace, find_impact, mark_tests, parse_trace, roll_up, scan_source, summarise_coverage
from lotmark.trace.models import SourceScan, TraceGraph
from lotmark.trace.rules import RULES

pytestmark = pytest.mark.verifies("REQ-008", "RC-009", "HAZ-006")

FOLDERS = sorted(SCENARIOS.glob("trace-*"))
BY_CODE = {rule.code: rule for rule in RULES}


def scan(files: dict[str, bytes]) -> SourceScan:
    """The sources of the scenario: all that stands below ``tests/`` or ``src/``."""
    scans = [scan_source(name, data, "qpcr") for name, data in files.items() if name.startswith(("tests/", "src/"))]
    return SourceScan(
        tuple(marker for one in scans for marker in one.markers),
        tuple(test for one in scans for test in one.tests),
        len(scans),
        tuple(finding for one in scans for finding in one.findings),
    )


def read(folder: Path) -> TraceGraph:
    files = read_inputs(folder, "quality/", "tests/", "src/")
    graph = parse_trace({name: data for name, data in files.items() if name.startswith("quality/")}, "qpcr", sources=scan(files))
    listed = read_options(folder).get("listed", {})
    return mark_tests(graph, listed.items(), complete=True) if listed else graph


def judge(folder: Path):
    options = read_options(folder)
    return check_trace(read(folder), safety_class=options.get("safetyClass", "C"), externals=options.get("externals", ()))


def shown_coverage(folder: Path) -> str:
    graph, options = read(folder), read_options(folder)
    coverage = roll_up(graph, options.get("results", {}))
    summary = summarise_coverage(graph, coverage)
    rows = [f"{one.id:<10} {one.status.value:<11} {'; '.join(one.reasons)}".rstrip() for one in coverage.values()]
    return "\n".join(
        [*rows, f"{summary.requirements} requirements, {summary.with_risk_or_need} with origin, {summary.with_test} with test, {summary.verified} verified", ""]
    )


def shown_impact(folder: Path) -> str:
    graph = read(folder)
    impacts = {item: find_impact(graph, [item]) for item in graph.items}
    return as_json({item: {"below": impact.below, "above": impact.above, "tests": impact.tests} for item, impact in impacts.items()})


def outputs(folder: Path) -> dict[str, str]:
    findings = judge(folder)
    forms = {"findings.txt": "text", "findings.sarif": "sarif", "findings.xml": "junit"}
    shown = {name: format_findings(findings, form, version="0") for name, form in forms.items()}
    return {**shown, "coverage.txt": shown_coverage(folder), "impact.json": shown_impact(folder)}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_tree_gives_the_findings_coverage_and_impact_that_were_reviewed(folder):
    compare_outputs(folder, outputs(folder))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_forms_agree_on_how_many_findings_there_are(folder):
    findings = judge(folder)
    sarif = json.loads(format_findings(findings, "sarif", rules=BY_CODE, version="0"))
    junit = ET.fromstring(format_findings(findings, "junit", rules=BY_CODE, version="0"))
    assert len(sarif["runs"][0]["results"]) == len(findings)
    assert len(list(junit.iter("failure"))) == sum(finding.severity.value == "error" for finding in findings)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_order_in_which_files_come_does_not_matter(folder):
    files = read_inputs(folder, "quality/")
    turned = dict(reversed(files.items()))
    assert list(parse_trace(turned, "qpcr").items) == list(parse_trace(files, "qpcr").items)
    assert parse_trace(turned, "qpcr").findings == parse_trace(files, "qpcr").findings


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_windows_line_ends_change_no_fingerprint_and_no_place(folder):
    """A checkout with CRLF says the same of the same lines, beside the warning about the line ends."""
    files = {name: data for name, data in read_inputs(folder, "quality/").items() if b"\r" not in data}
    crlf = {name: data.replace(b"\n", b"\r\n") for name, data in files.items()}
    assert changed_items(files, crlf, "qpcr").all == ()
    said = [(f.code, str(f.location)) for f in check_trace(parse_trace(crlf, "qpcr")) if f.code != "LM-TRC-007"]
    assert said == [(f.code, str(f.location)) for f in check_trace(parse_trace(files, "qpcr")) if f.code != "LM-TRC-007"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_leaving_out_any_one_item_is_noticed(folder):
    """A file that vanishes is never a tree that looks as good as before."""
    files = read_inputs(folder, "quality/")
    sources = scan(read_inputs(folder))
    whole = parse_trace(files, "qpcr", sources=sources)
    for item in whole.items.values():
        if not item.path.endswith(".md") or item.obsolete:
            continue
        less = parse_trace({name: data for name, data in files.items() if name != item.path}, "qpcr", sources=sources)
        named = [other for other in whole.items.values() if not other.obsolete and item.id in other.targets()]
        marked = whole.verified_by.get(item.id)
        if item.id not in less.items and (named or marked):
            assert {finding.subject for finding in check_trace(less) if finding.code in {"LM-TRC-023", "LM-TRC-041"} and item.id in finding.message}


def test_every_scenario_says_what_it_is_about():
    assert len(FOLDERS) >= 6
    for folder in FOLDERS:
        assert len((folder / "README.md").read_text().splitlines()) >= 5
