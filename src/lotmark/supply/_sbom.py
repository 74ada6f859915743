"""The CycloneDX 1.6 JSON document of a product, the same bytes for the same components.

Implements: https://cyclonedx.org/docs/1.6/json/. The document is written here and not by a library, so that its bytes do
not change with a library's version; the tests read it with cyclonedx-python-lib and validate it against the schema
(decision record 0101).
"""

import hashlib
import json
import uuid
from collections.abc import Sequence
from typing import Any

from lotmark import __version__
from lotmark.supply.models import Component, RootComponent

ALGORITHMS = {"sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}
_SERIAL_NAMESPACE = "https://lotmark.dev/sbom/"


def format_sbom(product: RootComponent, components: Sequence[Component], committed_at: str) -> bytes:
    """The document as ASCII JSON, keys sorted, without blanks.

    The serial number is a version 5 UUID over the document without it; the time is the commit's.
    """
    root = f"{product.id}@{product.version}"
    document: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": committed_at,
            "authors": [{"name": product.manufacturer or product.name}],
            "lifecycles": [{"phase": "build"}],
            "tools": {"components": [{"type": "application", "name": "lotmark", "version": __version__}]},
            "component": _root(product, root),
        },
        "components": [_component(component) for component in components],
        "dependencies": _dependencies(root, components),
    }
    content = hashlib.sha256(_encode(document)).hexdigest()
    document["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, _SERIAL_NAMESPACE + content)}"
    return _encode(document)


def _encode(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def _root(product: RootComponent, reference: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": product.type, "bom-ref": reference, "name": product.name, "version": product.version}
    if product.manufacturer:
        entry["supplier"] = {"name": product.manufacturer}
        entry["manufacturer"] = {"name": product.manufacturer}
    return entry


def _component(component: Component) -> dict[str, Any]:
    group, slash, name = component.name.rpartition("/")
    entry: dict[str, Any] = {
        "type": "library",
        "bom-ref": component.purl,
        "purl": component.purl,
        "name": name,
        "version": component.version,
        # What only builds or tests the product is listed, and marked as not delivered with it.
        "scope": "required" if component.scope == "runtime" else "excluded",
        "properties": [{"name": "lotmark:scope", "value": component.scope}, {"name": "lotmark:licence-verdict", "value": component.licence_verdict}],
    }
    if slash:
        entry["group"] = group
    if component.hashes:
        # Every file that the lock accepts for this version.
        listed = [{"alg": ALGORITHMS[algorithm], "content": digits} for algorithm, digits in component.hashes if algorithm in ALGORITHMS]
        # Hashes that only one tool knows, over something else than the registry's file, are no hash of CycloneDX.
        entry["properties"] += [{"name": f"lotmark:hash:{algorithm}", "value": digits} for algorithm, digits in component.hashes if algorithm not in ALGORITHMS]
        if listed:
            entry["hashes"] = listed
    if component.supplier:
        entry["supplier"] = {"name": component.supplier}
    if component.licence:
        acknowledgement = "concluded" if component.licence_source == "exception" else "declared"
        entry["licenses"] = [{"expression": component.licence, "acknowledgement": acknowledgement}]
    return entry


def _dependencies(root: str, components: Sequence[Component]) -> list[dict[str, Any]]:
    known = {component.purl for component in components}
    edges = [{"ref": root, "dependsOn": sorted(component.purl for component in components if component.direct)}]
    edges.extend({"ref": component.purl, "dependsOn": sorted(known.intersection(component.requires) - {component.purl})} for component in components)
    return edges
