"""Quality files for tests: small items written as people write them, and a graph that has nothing wrong with it."""

from lotmark.trace.api import check_trace, parse_trace, scan_source
from lotmark.trace.models import SourceScan

RISK_LINES = (
    "hazardous-situation: The patient is not treated",
    "harm: Death",
    "before: {severity: critical, probability: probable}",
    "after: {severity: critical, probability: improbable}",
    'residual-risk: {acceptable: true, rationale: "The benefit outweighs it."}',
)


def item(kind, item_id, *lines, title="A title", body="The software shall do it."):
    """The bytes of one item file."""
    head = "\n".join(["---", f"id: {item_id}", f"type: {kind}", f"title: {title}", "status: approved", *lines, "---"])
    return f"{head}\n{body}\n".encode()


def need(item_id, *lines, **more):
    return {f"quality/requirements/{item_id}.md": item("user-need", item_id, *lines, **more)}


def requirement(item_id, *lines, **more):
    return {f"quality/requirements/{item_id}.md": item("requirement", item_id, *lines, **more)}


def hazard(item_id, *lines, **more):
    """A hazard; lines whose key stands in RISK_LINES take their place."""
    keys = {line.partition(":")[0] for line in lines}
    rest = [line for line in RISK_LINES if line.partition(":")[0] not in keys]
    return {f"quality/risks/{item_id}.md": item("hazard", item_id, *(line for line in (*rest, *lines) if not line.endswith(": -")), **more)}


def control(item_id, *lines, kind="protective", **more):
    return {f"quality/risks/{item_id}.md": item("risk-control", item_id, f"kind: {kind}", *lines, **more)}


def case(item_id, *lines, **more):
    return {f"quality/requirements/{item_id}.md": item("test-case", item_id, *lines, **more)}


def sound():
    """UN-001 < REQ-001 > RC-001 > HAZ-001: nothing wrong, given `sound_sources`."""
    return {
        **need("UN-001"),
        **requirement("REQ-001", "derives: [UN-001]", "implements: [RC-001]"),
        **hazard("HAZ-001"),
        **control("RC-001", "mitigates: [HAZ-001]"),
    }


def sources(*texts, path="tests/unit/test_it.py"):
    """The scan of one Python source made of these lines."""
    return scan_source(path, "\n".join(("import pytest", *texts, "")).encode(), "qpcr")


def sound_sources():
    return sources('@pytest.mark.verifies("REQ-001")', "def test_it(): pass")


def graph_of(*groups, scan=None):
    files = {}
    for group in groups:
        files.update(group)
    return parse_trace(files, "qpcr", sources=scan or SourceScan())


def codes(findings):
    return [finding.code for finding in findings]


def check(*groups, scan=None, **options):
    """The findings of a check over these files."""
    return check_trace(graph_of(*groups, scan=scan), **options)


def found(findings, code):
    """The only finding of this code."""
    (one,) = [finding for finding in findings if finding.code == code]
    return one
