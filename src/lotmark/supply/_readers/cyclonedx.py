"""CycloneDX JSON, specVersion 1.2 to 1.7, as a list of components that somebody else made.

Format: https://cyclonedx.org/docs/1.6/json/. A component without a package URL is one of the ecosystem ``other``; hashes and
versions are asked for as of any lock.
"""

from typing import Any

import msgspec

from lotmark.base.findings import Location
from lotmark.supply._names import find_purl, normalise_name
from lotmark.supply._readers._reading import Lines, Reading, Source, find_hash, load_json
from lotmark.supply.models import Ecosystem, LeftOut, Pin, Scope

_NO_SOFTWARE = frozenset({"cryptographic-asset", "data", "device", "machine-learning-model"})
_VERSIONS = frozenset({"1.2", "1.3", "1.4", "1.5", "1.6", "1.7"})
_SCOPES: dict[str, Scope] = {"excluded": "test"}


class _Hash(msgspec.Struct):
    alg: str
    content: str


class _Named(msgspec.Struct):
    name: str = ""


class _Component(msgspec.Struct, rename={"bom_ref": "bom-ref"}):
    name: str
    type: str = "library"
    bom_ref: str = ""
    group: str = ""
    version: str = ""
    purl: str = ""
    scope: str = ""
    publisher: str | None = None
    author: str | None = None
    supplier: _Named | None = None
    manufacturer: _Named | None = None
    hashes: list[_Hash] = []
    licenses: list[dict[str, Any]] = []
    properties: list[dict[str, Any]] = []
    components: list["_Component"] = []


class _Metadata(msgspec.Struct):
    component: _Component | None = None


class _Dependency(msgspec.Struct, rename="camel"):
    ref: str
    depends_on: list[str] = []


class _Document(msgspec.Struct, rename="camel"):
    bom_format: str = ""
    spec_version: str = ""
    metadata: _Metadata | None = None
    components: list[_Component] = []
    dependencies: list[_Dependency] = []


def read_cyclonedx(source: Source) -> Reading:
    """Read a CycloneDX document; nested components count like the others."""
    reading = Reading()
    if source.data.lstrip()[:1] == b"<":
        cure = "convert it to JSON (`cyclonedx convert --output-format json`)"
        reading.refuse("LM-SUP-004", f"{source.name} is CycloneDX as XML; JSON is read", Location(source.name, 1), cure=cure)
        return reading
    document, lines = load_json(source, _Document, reading)
    if document is None:
        return reading
    if document.bom_format != "CycloneDX" or document.spec_version not in _VERSIONS:
        what = f"specVersion {document.spec_version!r}" if document.bom_format == "CycloneDX" else f"bomFormat {document.bom_format!r}"
        reading.refuse(
            "LM-SUP-004", f"{source.name} has {what}; CycloneDX 1.2 to 1.7 is read", Location(source.name, lines.find('"specVersion"', '"bomFormat"'))
        )
        return reading
    _pin_all(source.name, document, lines, reading)
    reading.files.append((source.name, source.data, len(reading.pins)))
    return reading


def _pin_all(name: str, document: _Document, lines: Lines, reading: Reading) -> None:
    flat: list[_Component] = []
    stack = list(reversed(document.components))
    while stack:
        component = stack.pop()
        flat.append(component)
        stack += reversed(component.components)
    known = {component.bom_ref: identify(component) for component in flat if component.bom_ref}
    edges = {each.ref: each.depends_on for each in document.dependencies}
    root = document.metadata.component.bom_ref if document.metadata and document.metadata.component else ""
    direct = {known[ref] for ref in edges.get(root, ()) if ref in known}
    for component in flat:
        ecosystem, called, version = identify(component)
        place = Location(
            name, lines.find(f'"{component.bom_ref}"' if component.bom_ref else "", f'"{component.purl}"' if component.purl else "", f'"{component.name}"')
        )
        if component.type in _NO_SOFTWARE:
            reading.left_out.append(LeftOut(f"{component.type} {component.name}", f"a {component.type} is no software component"))
            continue
        if not version:
            reading.refuse("LM-SUP-005", f"{component.name} has no version", place, called)
            continue
        strong = {found for each in component.hashes if (found := find_hash(f"{each.alg.replace('-', '').lower()}:{each.content}"))}
        if not strong:
            reading.refuse("LM-SUP-006", f"{component.name} {version} has {'only a weak' if component.hashes else 'no'} hash", place, called)
        requires = {known[ref][1:] for ref in edges.get(component.bom_ref, ()) if ref in known and known[ref][0] == ecosystem}
        is_direct = not direct or (ecosystem, called, version) in direct
        reading.pins.append(
            Pin(
                ecosystem,
                called,
                version,
                tuple(sorted(strong)),
                place,
                _scope(component),
                direct=is_direct,
                licence=_licence(component.licenses),
                requires=tuple(sorted(requires)),
                supplier=_supplier(component),
            )
        )


def identify(component: _Component) -> tuple[Ecosystem, str, str]:
    """Ecosystem, name and version of a component: as its package URL says, otherwise by its own name."""
    found = find_purl(component.purl) if component.purl else None
    if found is not None:
        return found[0], found[1], found[2] or component.version
    name = f"{component.group}/{component.name}" if component.group else component.name
    return "other", normalise_name("other", f"generic/{name}"), component.version


def _scope(component: _Component) -> Scope:
    told = next((str(each.get("value")) for each in component.properties if each.get("name") == "lotmark:scope"), "")
    if told in {"runtime", "build", "test"}:
        return told  # type: ignore[return-value]
    return _SCOPES.get(component.scope, "runtime")


def _supplier(component: _Component) -> str:
    named = component.supplier or component.manufacturer
    return (named.name if named else "") or component.publisher or component.author or ""


def _licence(licences: list[dict[str, Any]]) -> str:
    """The licences as one expression; several hold together, since nothing says that one may choose. "" if one cannot be read."""
    words = []
    for entry in licences:
        inner = entry.get("license")
        word = entry.get("expression") or (inner.get("id") or inner.get("name") if isinstance(inner, dict) else None)
        if not word or not isinstance(word, str):
            return ""  # of several, the one that cannot be read may be the one that matters
        words.append(f"({word})" if len(licences) > 1 else word)
    return " AND ".join(words)
