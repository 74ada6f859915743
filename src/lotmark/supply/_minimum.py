"""What a bill of materials must tell at least, and what a release must not hide about its components.

NTIA, The Minimum Elements For a Software Bill of Materials (2021): supplier, component name, version, other unique identifiers,
dependency relationship, author of the data, time stamp. The document always has the last two and the identifiers; the
others are held here.
"""

from collections.abc import Sequence

from lotmark.base.findings import Finding, Severity
from lotmark.supply._findings import make_finding
from lotmark.supply.models import Component, ComponentChange, RootComponent


def check_minimum(components: Sequence[Component], product: RootComponent) -> list[Finding]:
    """A warning for each minimum element that the document cannot tell."""
    findings = []
    if not product.manufacturer:
        findings.append(
            make_finding(
                "LM-SUP-025", "the bill of materials has no supplier of the product itself", severity=Severity.WARNING, cure="set `product.manufacturer`"
            )
        )
    nameless = [component for component in components if not component.supplier and component.scope == "runtime"]
    if nameless:
        more = f" and {len(nameless) - 3} more" if len(nameless) > 3 else ""
        told = ", ".join(f"{each.name} {each.version}" for each in nameless[:3])
        findings.append(
            make_finding(
                "LM-SUP-025", f"the supplier of {len(nameless)} components is not known: {told}{more}", nameless[0].location, severity=Severity.WARNING
            )
        )
    return findings


def tell_drift(changes: Sequence[ComponentChange], since: str) -> list[Finding]:
    """A finding for each component whose bytes are others under the same version as at the last release."""
    return [
        make_finding("LM-SUP-026", f"{each.name} {each.after} has other hashes than in release {since}: other bytes under the same version", subject=each.name)
        for each in changes
        if each.kind == "drifted"
    ]
