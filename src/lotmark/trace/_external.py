"""A trace snapshot of another product -> the items that links may name there."""

import hashlib
from collections.abc import Mapping

import msgspec

from lotmark.base.errors import UsageError
from lotmark.base.findings import Finding, Location, Severity
from lotmark.ids.api import parse_id
from lotmark.trace.models import External


class _ExternalItem(msgspec.Struct, frozen=True):
    id: str
    type: str = ""
    title: str = ""
    status: str = ""
    fingerprint: str = ""


class _Snapshot(msgspec.Struct, frozen=True):
    product: str
    items: list[_ExternalItem]


class _Statement(msgspec.Struct, frozen=True):
    predicate: _Snapshot


def read_external(product: str, name: str, sha256: str, files: Mapping[str, bytes], where: Location, findings: list[Finding]) -> dict[str, External]:
    """Canonical id -> item of the snapshot; empty, and a finding, where the file is not the one that was declared."""
    path = name.removeprefix("quality/")
    data = files.get(path)
    if data is None:
        findings.append(_say(where, f"the snapshot {name} is not there", "put the file below quality/external/"))
        return {}
    digest = hashlib.sha256(data).hexdigest()
    if digest != sha256:
        findings.append(_say(where, f"the snapshot {name} has the SHA-256 {digest}, not the declared one", "review what changed, then declare the new digest"))
        return {}
    try:
        snapshot = _decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        findings.append(_say(where, f"the snapshot {name} is none: {error}", "take the predicate trace-snapshot/v1, or its Statement, as JSON"))
        return {}
    if snapshot.product != product:
        findings.append(_say(where, f"the snapshot {name} is of {snapshot.product!r}, not of {product!r}", "correct the product, or the file"))
        return {}
    found: dict[str, External] = {}
    for item in snapshot.items:
        try:
            canonical = parse_id(item.id, product).canonical
        except UsageError:
            findings.append(_say(where, f"the snapshot {name} holds {item.id!r}, which is no identifier", "ask its makers for a sound one"))
            continue
        found[canonical] = External(canonical, item.type, item.title, item.status, item.fingerprint)
    return found


def _decode(data: bytes) -> _Snapshot:
    try:
        return msgspec.json.decode(data, type=_Statement).predicate
    except msgspec.ValidationError:
        return msgspec.json.decode(data, type=_Snapshot)


def _say(where: Location, message: str, cure: str) -> Finding:
    return Finding("LM-TRC-017", message, Severity.ERROR, where, where.path, cure)
