"""VEX documents: OpenVEX and CycloneDX JSON, each statement as a judgement of one vulnerability in some components.

Formats: https://github.com/openvex/spec, https://cyclonedx.org/docs/1.6/json/#vulnerabilities. A statement counts only with a
justification or a text that says why, only for this product (or a component of it), and until the day that the
declaration names. What another statement contradicts does not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import unquote

import msgspec

from lotmark.base.findings import Finding, Location
from lotmark.product.models import VexFile
from lotmark.supply._findings import make_finding
from lotmark.supply._json import convert_json, decode_json
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
WHOLE_PRODUCT = ""
"""In place of a component: the statement is about the product with everything in it."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One judgement: of which vulnerability, in which components (`WHOLE_PRODUCT` among them), and what it says."""

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
            each == WHOLE_PRODUCT or refers_to(each, component.ecosystem, component.name, component.version) for each in self.components
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
        tree = decode_json(data, dict[str, Any], declared.path)
        if str(tree.get("@context", "")).startswith("https://openvex.dev/ns"):
            rows = _openvex(convert_json(tree, _OpenVex), product)
        elif tree.get("bomFormat") == "CycloneDX" and "vulnerabilities" in tree:
            rows = _cyclonedx(convert_json(tree, _CycloneDx), product)
        else:
            raise ValueError("it is neither OpenVEX nor a CycloneDX document with vulnerabilities")  # noqa: TRY301 -- as the readers raise
    except ValueError as error:
        reading.findings.append(make_finding("LM-SUP-051", f"{declared.path} cannot be read: {error}", place))
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
"""Ids, components, status, justification, reason."""
_Text = Annotated[str, msgspec.Meta(min_length=1)]


class _Identified(msgspec.Struct, rename={"id": "@id"}):
    id: str = ""
    identifiers: dict[str, str] = {}
    subcomponents: list["_Text | _Identified"] = []


class _Named(msgspec.Struct):
    name: _Text
    aliases: list[_Text] = []


class _Statement(msgspec.Struct):
    vulnerability: _Text | _Named
    status: str
    products: list[_Text | _Identified] = []
    justification: str | None = None
    impact_statement: str | None = None
    status_notes: str | None = None
    action_statement: str | None = None


class _OpenVex(msgspec.Struct):
    statements: list[_Statement]


def _openvex(document: _OpenVex, product: RootComponent) -> list[_Row]:
    rows = []
    for each in document.statements:
        # Version 0.0.1 wrote the name alone.
        named = each.vulnerability if isinstance(each.vulnerability, _Named) else _Named(each.vulnerability)
        components = tuple(found for entry in each.products for found in _openvex_components(entry, product))
        reason = each.impact_statement or each.status_notes or each.action_statement or ""
        rows.append((frozenset((named.name, *named.aliases)), components, each.status, each.justification or "", reason.strip()[:500]))
    return rows


def _openvex_components(entry: str | _Identified, product: RootComponent) -> list[str]:
    identity = _identify(entry)
    below = [] if isinstance(entry, str) else entry.subcomponents
    if _is_product(identity, product):
        return [found for each in below if (found := _identify(each))] if below else [WHOLE_PRODUCT]
    # Another product's statement says nothing of ours, unless it speaks of the component as such.
    return [] if below or not identity else [_without_qualifiers(identity)]


def _identify(entry: str | _Identified) -> str:
    """Its name or package URL; "" where it has only identifiers of other kinds (CPE), by which nothing is found here.

    Raises:
        ValueError: if it has none at all.
    """
    if isinstance(entry, str):
        return entry
    if not entry.id and not any(entry.identifiers.values()):
        raise ValueError("a product or subcomponent has neither `@id` nor `identifiers`")
    return entry.id or entry.identifiers.get("purl", "")


def _is_product(identity: str, product: RootComponent) -> bool:
    found = find_purl(identity)
    if found is None:
        return identity in {product.id, product.name, f"{product.id}@{product.version}", f"{product.name}@{product.version}"}
    return found[1].rpartition("/")[2] in {product.id, product.name} and found[2] in {"", product.version}


def _without_qualifiers(purl: str) -> str:
    return purl.partition("?")[0].partition("#")[0]


class _Component(msgspec.Struct, rename={"bom_ref": "bom-ref"}):
    name: str = ""
    version: str = ""
    bom_ref: str = ""
    purl: str = ""


class _Metadata(msgspec.Struct):
    component: _Component | None = None


class _Reference(msgspec.Struct):
    id: _Text


class _Affected(msgspec.Struct):
    ref: _Text


class _Analysis(msgspec.Struct):
    state: str
    justification: str | None = None
    detail: str | None = None


class _Judged(msgspec.Struct):
    id: _Text
    references: list[_Reference] = []
    affects: list[_Affected] = []
    analysis: _Analysis | None = None


class _CycloneDx(msgspec.Struct, rename="camel"):
    vulnerabilities: list[_Judged]
    serial_number: str = ""
    metadata: _Metadata | None = None
    components: list[_Component] = []


def _cyclonedx(document: _CycloneDx, product: RootComponent) -> list[_Row]:
    known = {each.bom_ref or each.purl: _without_qualifiers(each.purl) or f"{each.name}@{each.version}" for each in document.components}
    root = document.metadata.component if document.metadata else None
    if root is not None and root.name in {product.id, product.name} and (root.version or product.version) == product.version:
        known[root.bom_ref] = WHOLE_PRODUCT
    known.pop("", None)  # nothing can refer to what has no reference
    rows = []
    for each in document.vulnerabilities:
        if each.analysis is None:
            continue  # a vulnerability without an analysis is no statement
        ids = frozenset((each.id, *(reference.id for reference in each.references)))
        components = tuple(found for affected in each.affects if (found := _cyclonedx_component(affected.ref, document.serial_number, known)) is not None)
        rows.append((ids, components, each.analysis.state, each.analysis.justification or "", (each.analysis.detail or "").strip()[:500]))
    return rows


def _cyclonedx_component(reference: str, serial: str, known: dict[str, str]) -> str | None:
    """What a ``bom-ref`` or BOM-link (``urn:cdx:serial/version#ref``) means; None for something outside."""
    own = True
    if reference.startswith("urn:cdx:"):
        link, _, fragment = reference.partition("#")
        reference = unquote(fragment)
        own = link.removeprefix("urn:cdx:").partition("/")[0] == serial.removeprefix("urn:uuid:")
    if own and reference in known:
        return known[reference]
    return _without_qualifiers(reference) if reference.startswith("pkg:") else None
