"""Anomalies that are written as items join those of `quality/anomalies.yaml`: one list for the snapshot and the gate."""

from collections.abc import Mapping

from lotmark.base.findings import Finding, Severity
from lotmark.trace.models import Anomaly, Item

SEVERITIES = ("1", "2", "3", "4")
"""1 is the gravest."""


def add_anomalies(declared: tuple[Anomaly, ...] | None, items: Mapping[str, Item], findings: list[Finding]) -> tuple[Anomaly, ...] | None:
    """The declared anomalies and those among the items, obsolete ones left out; None where there is neither."""
    written = [item for item in items.values() if item.type == "anomaly" and not item.obsolete]
    if not written:
        return declared
    known = {anomaly.id: anomaly for anomaly in declared or ()}
    for item in written:
        if item.id in known:
            text = f"{item.id} is an anomaly of quality/anomalies.yaml and an item"
            findings.append(Finding("LM-TRC-011", text, Severity.ERROR, item.where("id"), item.id, "keep one of the two"))
            continue
        known[item.id] = _anomaly(item, findings)
    return tuple(known.values())


def _anomaly(item: Item, findings: list[Finding]) -> Anomaly:
    """An unreadable severity counts as the gravest, a missing rationale stays missing: neither makes the anomaly harmless."""
    written = item.attributes.get("severity", "")
    if written not in SEVERITIES:
        if "severity" in item.places:
            cure = f"one of: {', '.join(SEVERITIES)}; 1 is the gravest"
            findings.append(Finding("LM-TRC-006", f"unknown severity {written!r}", Severity.ERROR, item.where("severity"), item.id, cure))
        written = SEVERITIES[0]
    rationale = item.sections.get("rationale", "")
    if not rationale:
        text = f"{item.id} does not say why the product may be released with it, or how it was closed"
        findings.append(Finding("LM-TRC-006", text, Severity.ERROR, item.where("id"), item.id, "write a section '## Rationale'"))
    status = "closed" if item.status == "closed" else "open"
    return Anomaly(item.id, item.title, int(str(written)), status, rationale, item.targets("affects"), item.where("id"))
