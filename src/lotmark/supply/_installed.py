"""The environment against the pins: what is missing, what differs, what is left out because nobody needs it here."""

from collections.abc import Sequence

from lotmark.base.findings import Finding, Location, Severity
from lotmark.supply._findings import make_finding
from lotmark.supply._names import format_purl
from lotmark.supply.models import Distribution, Environment, LeftOut, Pin


def compare_installed(pins: Sequence[Pin], environment: Environment | None, place: Location) -> tuple[list[Pin], list[LeftOut], list[Finding]]:
    """The pins that are part of the product, those left out, and a finding per difference.

    Pins of other ecosystems than PyPI pass: npm installs into the tree, which is clean when it is examined.
    """
    python = [pin for pin in pins if pin.ecosystem == "PyPI"]
    if environment is None:
        if not python:
            return list(pins), [], []
        message = f"{len(python)} Python components are locked, but there is no environment to compare them with"
        return list(pins), [], [make_finding("LM-SUP-020", message, place)]
    installed = {each.name: each for each in environment.distributions}
    kept: list[Pin] = []
    left: list[LeftOut] = []
    findings: list[Finding] = []
    for pin in pins:
        found = installed.get(pin.name) if pin.ecosystem == "PyPI" else None
        if pin.ecosystem != "PyPI" or (found and is_same_version(found.version, pin.version)):
            kept.append(pin)
        elif not pin.needed and (found is None or _is_pinned(found, python)):
            left.append(LeftOut(format_purl(pin.ecosystem, pin.name, pin.version), f"{pin.group} is not installed"))
        else:
            kept.append(pin)
            findings.append(_differs(pin, found, environment))
    return kept, left, findings


def _differs(pin: Pin, found: Distribution | None, environment: Environment) -> Finding:
    if found is None:
        return make_finding("LM-SUP-022", f"{pin.name} {pin.version} is locked but not installed for {environment.python}", pin.location, subject=pin.name)
    return make_finding("LM-SUP-021", f"{pin.name} is locked as {pin.version} but installed as {found.version}", pin.location, subject=pin.name)


def _is_pinned(found: Distribution, pins: Sequence[Pin]) -> bool:
    """Whether what is installed is some pin of that name: an alternative of the lock, not a stray version."""
    return any(pin.name == found.name and is_same_version(found.version, pin.version) for pin in pins)


def is_same_version(first: str, second: str) -> bool:
    """PEP 440 equality, local label included: a wheel with another label is another build."""
    if first == second:
        return True
    from packaging.version import InvalidVersion, Version

    try:
        return Version(first) == Version(second)
    except InvalidVersion:
        return False


def summarise_left_out(left: Sequence[LeftOut]) -> list[Finding]:
    """One note for all that was left out, so that nobody takes it for examined."""
    if not left:
        return []
    names = ", ".join(sorted(each.purl for each in left)[:5])
    more = f" and {len(left) - 5} more" if len(left) > 5 else ""
    return [make_finding("LM-SUP-024", f"{len(left)} locked components are no part of this product here: {names}{more}", severity=Severity.INFO)]
