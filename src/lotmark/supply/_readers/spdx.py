"""SPDX 2.2 and 2.3 documents, JSON and tag-value, as a list of components that somebody else made.

Format: https://spdx.github.io/spdx-spec/v2.3/. The package that the document describes is the product itself.
"""

import re
from typing import Any

import msgspec

from lotmark.base.findings import Location
from lotmark.supply._names import find_purl
from lotmark.supply._readers._reading import Lines, Reading, Source, decode_text, find_hash, load_json, number_lines
from lotmark.supply.models import Ecosystem, LeftOut, Pin, Scope

_VERSIONS = frozenset({"SPDX-2.2", "SPDX-2.3"})
_TAG = re.compile(r"([A-Za-z][A-Za-z-]*):\s?(.*)\Z")
_UNSAID = frozenset({"", "NOASSERTION", "NONE"})
_DOWN = frozenset({"DEPENDS_ON", "CONTAINS", "DYNAMIC_LINK", "STATIC_LINK"})
_UP: dict[str, Scope] = {
    "DEPENDENCY_OF": "runtime", "RUNTIME_DEPENDENCY_OF": "runtime", "CONTAINED_BY": "runtime", "OPTIONAL_DEPENDENCY_OF": "runtime",
    "PROVIDED_DEPENDENCY_OF": "runtime", "BUILD_DEPENDENCY_OF": "build", "BUILD_TOOL_OF": "build", "DEV_DEPENDENCY_OF": "test",
    "DEV_TOOL_OF": "test", "TEST_DEPENDENCY_OF": "test", "TEST_TOOL_OF": "test",
}  # fmt: skip


class _Checksum(msgspec.Struct, rename="camel"):
    algorithm: str
    checksum_value: str


class _Reference(msgspec.Struct, rename="camel"):
    reference_type: str = ""
    reference_locator: str = ""


class _Package(msgspec.Struct, rename="camel"):
    name: str
    spdx_id: str = msgspec.field(default="", name="SPDXID")
    version_info: str = ""
    supplier: str = ""
    originator: str = ""
    license_concluded: str = ""
    license_declared: str = ""
    checksums: list[_Checksum] = []
    external_refs: list[_Reference] = []


class _Relationship(msgspec.Struct, rename="camel"):
    spdx_element_id: str
    relationship_type: str
    related_spdx_element: str


class _Document(msgspec.Struct, rename="camel"):
    spdx_version: str = ""
    document_describes: list[str] = []
    packages: list[_Package] = []
    relationships: list[_Relationship] = []


def read_spdx(source: Source) -> Reading:
    """Read an SPDX document; SPDX 3 and the RDF, YAML and XML forms are refused."""
    reading = Reading()
    text = decode_text(source.data, source.name, reading)
    if text is None:
        return reading
    if text.lstrip()[:1] == "{":
        if '"@context"' in text[:4096]:
            cure = "write SPDX 2.3 (JSON or tag-value) or CycloneDX"
            reading.refuse("LM-SUP-004", f"{source.name} is SPDX 3 (JSON-LD); 2.2 and 2.3 are read", Location(source.name, 1), cure=cure)
            return reading
        document, lines = load_json(source, _Document, reading)
        if document is None:
            return reading
    else:
        document, lines = _parse_tags(text, source.name, reading), Lines(text)
    if document.spdx_version not in _VERSIONS:
        message = f"{source.name} has spdxVersion {document.spdx_version!r}; SPDX-2.2 and SPDX-2.3 are read"
        reading.refuse("LM-SUP-004", message, Location(source.name, lines.find("spdxVersion", "SPDXVersion")))
        return reading
    _pin_all(source.name, document, lines, reading)
    reading.files.append((source.name, source.data, len(reading.pins)))
    return reading


def _pin_all(name: str, document: _Document, lines: Lines, reading: Reading) -> None:
    edges, scopes, roots = _relations(document)
    known = {package.spdx_id: _identify(package) for package in document.packages}
    direct = {target for root in roots for target in edges.get(root, ())}
    seen: set[str] = set()
    for package in document.packages:
        if not package.spdx_id or package.spdx_id in seen:
            told = f"stands twice, as {package.spdx_id}," if package.spdx_id else "has no SPDXID"
            place = Location(name, lines.find(f'"{package.name}"', f"PackageName: {package.name}\n"))
            reading.refuse("LM-SUP-004", f"{name}: {package.name} {told} so that no relationship means it alone", place, package.name)
        seen.add(package.spdx_id)
        if package.spdx_id in roots:
            reading.left_out.append(LeftOut(f"{package.name} {package.version_info}".strip(), "it is what the document describes: the product itself"))
            continue
        ecosystem, called, version = _identify(package)
        place = Location(name, lines.find(f'"{package.spdx_id}"', f"SPDXID: {package.spdx_id}\n"))
        if not version:
            reading.refuse("LM-SUP-005", f"{package.name} has no version", place, called)
            continue
        strong = {found for each in package.checksums if (found := find_hash(f"{each.algorithm.lower()}:{each.checksum_value}"))}
        if not strong:
            reading.refuse("LM-SUP-006", f"{package.name} {version} has {'only a weak' if package.checksums else 'no'} checksum", place, called)
        requires = sorted({known[target][1:] for target in edges.get(package.spdx_id, ()) if target in known and known[target][0] == ecosystem})
        licence = next((each for each in (package.license_concluded, package.license_declared) if each not in _UNSAID), "")
        reading.pins.append(
            Pin(
                ecosystem,
                called,
                version,
                tuple(sorted(strong)),
                place,
                scopes.get(package.spdx_id, "runtime"),
                direct=not direct or package.spdx_id in direct,
                licence=licence,
                requires=tuple(requires),
                supplier=_maker(package),
            )
        )


def _relations(document: _Document) -> tuple[dict[str, list[str]], dict[str, Scope], set[str]]:
    """Edges from package to package, scopes that relationships tell, and the packages that the document describes."""
    edges: dict[str, list[str]] = {}
    scopes: dict[str, Scope] = {}
    roots = set(document.document_describes)
    for each in document.relationships:
        kind = each.relationship_type
        if kind == "DESCRIBES" and each.spdx_element_id == "SPDXRef-DOCUMENT":
            roots.add(each.related_spdx_element)
        elif kind == "DESCRIBED_BY":
            roots.add(each.spdx_element_id)
        elif kind in _DOWN:
            edges.setdefault(each.spdx_element_id, []).append(each.related_spdx_element)
            scopes[each.related_spdx_element] = "runtime"
        elif kind in _UP:
            edges.setdefault(each.related_spdx_element, []).append(each.spdx_element_id)
            if scopes.setdefault(each.spdx_element_id, _UP[kind]) != "runtime":
                scopes[each.spdx_element_id] = _UP[kind]
    # A list that describes every package as such has no product in it.
    return edges, scopes, roots if len(roots) < len(document.packages) else set()


def _identify(package: _Package) -> tuple[Ecosystem, str, str]:
    locator = next((each.reference_locator for each in package.external_refs if each.reference_type == "purl"), "")
    found = find_purl(locator) if locator else None
    version = "" if package.version_info in _UNSAID else package.version_info
    return (found[0], found[1], found[2] or version) if found else ("other", f"generic/{package.name}", version)


def _maker(package: _Package) -> str:
    told = next((each for each in (package.supplier, package.originator) if each not in _UNSAID), "")
    return told.partition(":")[2].strip() if told.startswith(("Organization:", "Person:")) else told


def _parse_tags(text: str, name: str, reading: Reading) -> _Document:
    """A tag-value document; tags that are not needed here are passed over."""
    document: dict[str, Any] = {"packages": [], "relationships": []}
    package: dict[str, Any] = {}
    wanted = {"PackageVersion": "versionInfo", "PackageSupplier": "supplier", "PackageOriginator": "originator", "SPDXID": "SPDXID"}
    wanted |= {"PackageLicenseConcluded": "licenseConcluded", "PackageLicenseDeclared": "licenseDeclared"}
    open_text = False
    for number, line in number_lines(text):
        if open_text:
            open_text = "</text>" not in line
            continue
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _TAG.match(line)
        if match is None:
            reading.refuse("LM-SUP-004", f"{name}: the line is not `Tag: value`", Location(name, number))
            break
        tag, value = match[1], match[2].strip()
        open_text = value.startswith("<text>") and "</text>" not in value
        words = value.split()
        if tag == "SPDXVersion":
            document["spdxVersion"] = value
        elif tag == "PackageName":
            package = {"name": value, "checksums": [], "externalRefs": []}
            document["packages"].append(package)
        elif tag in {"FileName", "SnippetSPDXID"}:
            package = {}  # what follows speaks of a file
        elif tag == "Relationship" and len(words) >= 3:
            document["relationships"].append({"spdxElementId": words[0], "relationshipType": words[1], "relatedSpdxElement": words[2]})
        elif package and tag in wanted:
            package[wanted[tag]] = value
        elif package and tag == "PackageChecksum" and len(words) == 2:
            package["checksums"].append({"algorithm": words[0].rstrip(":"), "checksumValue": words[1]})
        elif package and tag == "ExternalRef" and len(words) >= 3:
            package["externalRefs"].append({"referenceType": words[1], "referenceLocator": words[2]})
    return msgspec.convert(document, _Document)
