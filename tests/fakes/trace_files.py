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


def anything():
    """One item of each type of the default with every field that it may have, aliases, extensions and sections."""
    body = "The software shall do it.\n\n- one\n- two\n\n## Rationale\n\nBecause.\nTwo lines.\n\n## Extension: Comment\n\nOf another tool.\n"
    risk = [line for line in RISK_LINES if not line.startswith("hazardous")]
    made = {
        "requirements/REQ-010": item(
            "security-requirement",
            "REQ-010",
            'aliases: [OLD-1, "their id"]',
            "derives: [UN-001]",
            "refines: [REQ-001]",
            "layers: [unit]",
            "owner: Ada",
            "x-team: Blue",
            "x-tags: [a, b]",
            "x-map: {key: value}",
            "x-one: [single]",
            body=body,
        ),
        "architecture/SI-001": item("software-item", "SI-001", "safety-class: C", "satisfies: [REQ-001]"),
        "architecture/SI-002": item("software-item", "SI-002", "safety-class: B", "part-of: [SI-001]"),
        "risks/HAZ-002": item("hazard", "HAZ-002"),
        "risks/HS-001": item("hazardous-situation", "HS-001", *risk, "arises-from: [HAZ-002]"),
        "risks/RC-002": item("risk-control", "RC-002", "kind: information", "mitigates: [HS-001, THR-001]"),
        "requirements/REQ-011": item("requirement", "REQ-011", "implements: [RC-002]"),
        "risks/THR-001": item("threat", "THR-001", "category: spoofing", "contributes-to: [HAZ-001]"),
        "tests/TC-001": item("test-case", "TC-001", "layer: validation", "verifies: [REQ-011, REQ-010]", body=""),
        "tests/ST-001": item("study", "ST-001", "protocol: EP05-A3", "validates: [UN-001]"),
        "anomalies/ANO-001": item("anomaly", "ANO-001", "severity: 3", "affects: [REQ-001]", body="It blinks.\n\n## Rationale\n\nCosmetic.").replace(
            b"status: approved", b"status: closed"
        ),
        "changes/CHG-001": item("change", "CHG-001", "changes: [REQ-001]", "resolves: [ANO-001]").replace(b"status: approved", b"status: implemented"),
        "soup/SOUP-001": item("soup", "SOUP-001", "manufacturer: zlib", 'version: "1.3"', 'purl: "pkg:generic/zlib@1.3"', "part-of: [SI-001]"),
        "releases/REL-001": item("release", "REL-001", 'version: "2.0"', "includes: [CHG-001, SOUP-001]", body=""),
    }
    return {f"quality/{name}.md": data for name, data in made.items()}
