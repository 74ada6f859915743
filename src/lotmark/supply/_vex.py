"""VEX documents: OpenVEX and CycloneDX JSON, each statement as a judgement of one vulnerability in some components.

Formats: https://github.com/openvex/spec, https://cyclonedx.org/docs/1.6/json/#vulnerabilities. A statement counts only with a
justification or a text that says why, only for this product (or a component of it), and until the day that the
declaration names. What another statement contradicts does not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from lotmark.base.errors import IntegrityError
from lotmark.base.findings import Finding, Location
from lotmark.intake.api import parse_json
from lotmark.product.models import VexFile
from lotmark.supply._findings import make_finding
from lotmark.supply._names import find_purl, refers_to
from lotmark.supply.models import Component, RootComponent

_NOT_AFFECTED = frozenset({"not_affected", "false_positive"})
_AFFECTED = frozenset({"affected", "under_investigation", "exploitable", "in_triage"})
_SILENT = frozenset({"fixed", "resolved", "resolved_with_pedigree"})
"""A statement about another version: what the dump says of this one holds."""
_OPENVEX = frozenset({
    "component_not_present", "vulnerable_code_not_present", "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary", "inline_mitigations_already_exist",
})  # fmt: skip
_CYCLONEDX = frozenset({
    "code_not_present", "code_not_reachable", "requires_configuration", "requires_dependency", "requires_environment",
    "protected_by_compiler", "protected_at_runtime", "protected_at_perimeter", "protected_by_mitigating_control",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Statement:
    """One judgement: of which vulnerability, in which components ("" for the product as a whole), and what it says."""

    ids: frozenset[str]
    components: tuple[str, ...]
    affected: bool
    justification: str
    reason: str
    owner: str
    expires: str
    source: str
    location: Location

    def concerns(self, ids: Sequence[str], component: Component) -> bool:
        """Whether it speaks of this vulnerability in this component."""
        return not self.ids.isdisjoint(ids) and any(
            not each or refers_to(each, component.ecosystem, component.name, component.version) for each in self.components
        )


@dataclass(slots=True)
class VexReading:
    """The statements of one document and the findings about it."""

    statements: list[Statement]
    findings: list[Finding]


def read_vex(data: bytes, declared: VexFile, product: RootComponent) -> VexReading:
    """The statements of a document; whatever is wrong with it is a finding (LM-SUP-051), and that statement does not count."""
    reading = VexReading([], [])
    place = Location(declared.path)
    try:
        tree = parse_json(data, what=declared.path)
    except IntegrityError as error:
        reading.findings.append(make_finding("LM-SUP-051", error.reason, place))
        return reading
    try:
        if isinstance(tree, dict) and str(tree.get("@context", "")).startswith("https://openvex.dev/ns"):
            rows = list(_openvex(tree, product))
        elif isinstance(tree, dict) and tree.get("bomFormat") == "CycloneDX" and isinstance(tree.get("vulnerabilities"), list):
            rows = list(_cyclonedx(tree, product))
        else:
            raise ValueError("it is neither OpenVEX nor a CycloneDX document with vulnerabilities")  # noqa: TRY301 -- as the readers raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        what = f"the field {error} is missing" if isinstance(error, KeyError) else str(error)
        reading.findings.append(make_finding("LM-SUP-051", f"{declared.path} cannot be read: {what}", place))
        return reading
    for ids, components, status, justification, reason in rows:
        known = status in _NOT_AFFECTED | _AFFECTED | _SILENT
        named = justification in _OPENVEX | _CYCLONEDX
        if not known or (justification and not named):
            what = f"status {status!r}" if not known else f"justification {justification!r}"
            reading.findings.append(make_finding("LM-SUP-051", f"{declared.path}: {min(ids)} has the {what}, which no format knows", place))
        elif status in _NOT_AFFECTED and not justification and not reason:
            reading.findings.append(make_finding("LM-SUP-051", f"{declared.path}: {min(ids)} is {status} without a justification", place))
        elif components and status not in _SILENT:
            owner, expires = declared.owner, declared.expires
            told = justification or status
            reading.statements.append(Statement(ids, components, status in _AFFECTED, told, reason or told, owner, expires, declared.path, place))
    return reading


_Row = tuple[frozenset[str], tuple[str, ...], str, str, str]


def _openvex(tree: dict[str, Any], product: RootComponent) -> list[_Row]:
    rows = []
    for statement in tree["statements"]:
        vulnerability = statement["vulnerability"]
        # Version 0.0.1 wrote the name alone.
        names = [vulnerability] if isinstance(vulnerability, str) else [vulnerability["name"], *vulnerability.get("aliases", [])]
        components = tuple(each for entry in statement.get("products") or [] for each in _openvex_components(entry, product))
        reason = statement.get("impact_statement") or statement.get("status_notes") or statement.get("action_statement") or ""
        rows.append((frozenset(map(str, names)), components, str(statement["status"]), str(statement.get("justification") or ""), str(reason)[:500]))
    return rows


def _openvex_components(entry: Any, product: RootComponent) -> list[str]:
    identity = entry if isinstance(entry, str) else str(entry.get("@id") or (entry.get("identifiers") or {}).get("purl") or "")
    below = [] if isinstance(entry, str) else entry.get("subcomponents") or []
    if _is_product(identity, product):
        return [each if isinstance(each, str) else str(each["@id"]) for each in below] or [""]
    # Another product's statement says nothing of ours, unless it speaks of the component as such.
    return [] if below else [_without_qualifiers(identity)]


def _is_product(identity: str, product: RootComponent) -> bool:
    found = find_purl(identity)
    if found is None:
        return identity in {product.id, product.name, f"{product.id}@{product.version}", f"{product.name}@{product.version}"}
    return found[1].rpartition("/")[2] in {product.id, product.name} and found[2] in {"", product.version}


def _without_qualifiers(purl: str) -> str:
    return purl.partition("?")[0].partition("#")[0]


def _cyclonedx(tree: dict[str, Any], product: RootComponent) -> list[_Row]:
    root = (tree.get("metadata") or {}).get("component") or {}
    known: dict[str, str] = {}
    for component in tree.get("components") or []:
        reference = str(component.get("bom-ref") or component.get("purl") or "")
        known[reference] = _without_qualifiers(str(component.get("purl") or f"{component.get('name')}@{component.get('version')}"))
    if root.get("name") in {product.id, product.name} and str(root.get("version") or product.version) == product.version:
        known[str(root.get("bom-ref") or "")] = ""
    rows = []
    for entry in tree["vulnerabilities"]:
        analysis = entry.get("analysis")
        if not analysis:
            continue  # a vulnerability without an analysis is no statement
        ids = [str(entry["id"]), *(str(each["id"]) for each in entry.get("references") or [])]
        components = tuple(found for each in entry.get("affects") or [] if (found := _cyclonedx_component(str(each["ref"]), known)) is not None)
        rows.append((frozenset(ids), components, str(analysis["state"]), str(analysis.get("justification") or ""), str(analysis.get("detail") or "")[:500]))
    return rows


def _cyclonedx_component(reference: str, known: dict[str, str]) -> str | None:
    """What a ``bom-ref`` or BOM-link (``urn:cdx:serial/version#ref``) means; None for something outside."""
    if reference.startswith("urn:cdx:"):
        reference = unquote(reference.partition("#")[2])
    if reference in known:
        return known[reference]
    return _without_qualifiers(reference) if reference.startswith("pkg:") else None
