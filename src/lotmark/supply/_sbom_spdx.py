"""The SPDX 2.3 JSON document of a product, the same bytes for the same components.

Implements: https://spdx.github.io/spdx-spec/v2.3/. Like the CycloneDX document it is written here, so that its bytes do not change
with a library's version.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any

from lotmark import __version__
from lotmark.supply._sbom import ALGORITHMS
from lotmark.supply.models import Component, RootComponent

_NAMESPACE = "https://lotmark.dev/spdx/"
_OWN = re.compile(r"(?:DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+")
_ROOT = "SPDXRef-Product"
_RELATIONS = {"build": "BUILD_DEPENDENCY_OF", "test": "TEST_DEPENDENCY_OF"}


def format_spdx(product: RootComponent, components: Sequence[Component], committed_at: str) -> bytes:
    """The document as ASCII JSON, keys sorted, without blanks; the namespace is derived from the content, the time is the commit's."""
    ids = {component.purl: _identify(component.purl) for component in components}
    document: dict[str, Any] = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"{product.id}-{product.version}",
        "creationInfo": {
            # SPDX has whole seconds.
            "created": re.sub(r"\.\d+Z\Z", "Z", committed_at),
            "creators": [f"Tool: lotmark-{__version__}", f"Organization: {product.manufacturer or product.name}"],
        },
        "packages": [_root(product), *(_package(component, ids[component.purl]) for component in components)],
        "relationships": _relationships(components, ids),
    }
    own = sorted({word for component in components for word in _OWN.findall(component.licence) if word.startswith("LicenseRef-")})
    if own:
        text = "The text is kept with the component; the product's licence policy names the expression."
        document["hasExtractedLicensingInfos"] = [{"licenseId": word, "extractedText": text} for word in own]
    content = hashlib.sha256(_encode(document)).hexdigest()
    document["documentNamespace"] = f"{_NAMESPACE}{content}"
    return _encode(document)


def _encode(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def _identify(purl: str) -> str:
    """An SPDX identifier that is as unique as the package URL: its characters where SPDX allows them, and a short digest."""
    return f"SPDXRef-{re.sub(r'[^A-Za-z0-9.-]+', '-', purl)[:80]}-{hashlib.sha256(purl.encode()).hexdigest()[:12]}"


def _root(product: RootComponent) -> dict[str, Any]:
    return {
        "SPDXID": _ROOT,
        "name": product.name,
        "versionInfo": product.version,
        "supplier": f"Organization: {product.manufacturer}" if product.manufacturer else "NOASSERTION",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
        "primaryPackagePurpose": "FIRMWARE" if product.type == "firmware" else "APPLICATION",
    }


def _package(component: Component, identifier: str) -> dict[str, Any]:
    licence = component.licence or "NOASSERTION"
    concluded = component.licence_source == "exception"
    entry: dict[str, Any] = {
        "SPDXID": identifier,
        "name": component.name,
        "versionInfo": component.version,
        "supplier": f"Organization: {component.supplier}" if component.supplier else "NOASSERTION",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": licence if concluded else "NOASSERTION",
        "licenseDeclared": "NOASSERTION" if concluded else licence,
        "copyrightText": "NOASSERTION",
        "primaryPackagePurpose": "LIBRARY",
        "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": component.purl}],
    }
    checksums = [{"algorithm": algorithm.upper(), "checksumValue": digits} for algorithm, digits in component.hashes if algorithm in ALGORITHMS]
    if checksums:
        entry["checksums"] = checksums
    return entry


def _relationships(components: Sequence[Component], ids: dict[str, str]) -> list[dict[str, str]]:
    rows = [("SPDXRef-DOCUMENT", "DESCRIBES", _ROOT)]
    for component in components:
        own = ids[component.purl]
        if component.scope in _RELATIONS:
            rows.append((own, _RELATIONS[component.scope], _ROOT))
        elif component.direct:
            rows.append((_ROOT, "DEPENDS_ON", own))
        rows += [(own, "DEPENDS_ON", ids[target]) for target in sorted(set(component.requires) & ids.keys() - {component.purl})]
    return [{"spdxElementId": first, "relationshipType": kind, "relatedSpdxElement": second} for first, kind, second in rows]
