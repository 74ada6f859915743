"""`manifest.json` and `log/proofs.json`: their one form, written and read.

The manifest is covered by nothing else in the bundle, so each of its bytes must follow from its values: one file a line, in
the order of the archive. That also lets `sed` and `sha256sum` read it.
"""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import msgspec

from lotmark.attest.api import format_json, parse_json
from lotmark.base.digest import Digest
from lotmark.base.errors import IntegrityError
from lotmark.dossier.models import BundleFile, Manifest

MANIFEST: Final = "manifest.json"
CHECKPOINT: Final = "log/checkpoint"
HEADERS: Final = "log/headers"
PROOFS: Final = "log/proofs.json"
TRUST: Final = "trust/trust.json"
HTML: Final = "dossier.html"
PDF: Final = "dossier.pdf"
GUIDE: Final = "VERIFY.md"
FORMAT: Final = 1
ALLOWED: Final = re.compile(
    r"(log/(checkpoint|headers|proofs\.json|timestamps/[0-9a-f]{16}\.tsr)|trust/trust\.json|names/openings\.json|dossier\.(html|pdf)|VERIFY\.md"
    r"|envelopes/[0-9]{4,}-[a-z][a-z0-9]*(-[a-z0-9]+)*\.json|blobs/sha256/[0-9a-f]{64})\Z"
)
"""Every path that a bundle may hold beside its manifest."""
TIMESTAMPS: Final = "log/timestamps/"
"""Below it: RFC 3161 replies over the text of the checkpoint, each named by the nonce of its request."""
REQUIRED: Final = (CHECKPOINT, HEADERS, PROOFS, TRUST, HTML, GUIDE)

Hex = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
Count = Annotated[int, msgspec.Meta(ge=0)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: Text
    sha256: Hex
    size: Count


class _Log(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    origin: Text
    size: Annotated[int, msgspec.Meta(ge=1)]


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    lotmark_bundle: Literal[1]
    product: Text
    version: str
    run: Text
    outcome: Text
    log: _Log
    files: list[_File]


def format_manifest(manifest: Manifest) -> bytes:
    """The one form of a manifest: ASCII, one file a line."""
    head: list[tuple[str, Any]] = [
        ("lotmarkBundle", FORMAT),
        ("product", manifest.product),
        ("version", manifest.version),
        ("run", manifest.run),
        ("outcome", manifest.outcome),
        ("log", {"origin": manifest.origin, "size": manifest.log_size}),
    ]
    lines = [f" {json.dumps(name)}: {json.dumps(value)}," for name, value in head]
    files = ",\n".join(f"  {json.dumps({'path': file.path, 'sha256': file.sha256, 'size': file.size})}" for file in manifest.files)
    return ("{\n" + "\n".join(lines) + '\n "files": [\n' + files + "\n ]\n}\n").encode("ascii")


def parse_manifest(data: bytes) -> Manifest:
    """The bytes of a manifest -> values.

    Raises:
        IntegrityError: LM-DOS-003 if they are not the one form of a manifest.
    """
    try:
        wire = msgspec.convert(parse_json(data, what=MANIFEST), _Manifest, strict=True)
    except msgspec.ValidationError as error:
        raise _malformed(str(error)) from error
    except IntegrityError as error:
        raise _malformed(error.reason) from error
    files = tuple(BundleFile(file.path, file.sha256, file.size) for file in wire.files)
    manifest = Manifest(wire.product, wire.version, wire.run, wire.outcome, wire.log.origin, wire.log.size, files)
    if format_manifest(manifest) != data:
        raise _malformed("it is not in the one form of its values")
    if wire.run.partition(":")[0] != wire.product:
        raise _malformed(f"the run {wire.run!r} is not one of the product {wire.product!r}")
    paths = [file.path for file in files]
    if paths != sorted(set(paths)):
        raise _malformed("its files are not sorted, each once")
    return manifest


@dataclass(frozen=True, slots=True)
class EntryProof:
    """What the bundle gives for one entry: the inclusion proof, and the list of the blobs that it needs."""

    index: int
    proof: tuple[bytes, ...]
    blobs: tuple[Digest, ...]


class _EntryWire(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    index: Count
    envelope: str
    leaf_hash: str
    proof: list[str]
    blobs: list[Hex]


class _ProofsWire(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    size: Count
    root: str
    entries: list[_EntryWire]


def format_proofs(size: int, root: bytes, entries: Sequence[tuple[EntryProof, str, bytes]]) -> bytes:
    """`log/proofs.json` from each entry's proof, the path of its envelope and its leaf hash."""
    wire = {
        "size": size,
        "root": _text(root),
        "entries": [
            {
                "index": entry.index,
                "envelope": path,
                "leafHash": _text(leaf),
                "proof": [_text(value) for value in entry.proof],
                "blobs": [blob.hex for blob in entry.blobs],
            }
            for entry, path, leaf in entries
        ],
    }
    return format_json(wire) + b"\n"


def parse_proofs(data: bytes) -> tuple[tuple[int, bytes], Mapping[int, EntryProof]]:
    """(size, root) of the tree, and the proofs by index; nothing is verified.

    Raises:
        IntegrityError: LM-DOS-014 if it has not that form.
    """
    try:
        wire = msgspec.convert(parse_json(data, what=PROOFS), _ProofsWire, strict=True)
        root = base64.b64decode(wire.root, validate=True)
        proofs = {
            item.index: EntryProof(
                item.index, tuple(base64.b64decode(value, validate=True) for value in item.proof), tuple(Digest(blob) for blob in item.blobs)
            )
            for item in wire.entries
        }
    except (msgspec.ValidationError, IntegrityError, ValueError) as error:
        raise IntegrityError("LM-DOS-014", f"PROOF_INVALID: {PROOFS} cannot be read: {error}", where=PROOFS, solution=AGAIN) from error
    return (wire.size, root), proofs


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


AGAIN: Final = "get the bundle again from where it was made, and compare its SHA-256"


def _malformed(reason: str) -> IntegrityError:
    return IntegrityError("LM-DOS-003", f"MANIFEST_MALFORMED: {reason}", where=MANIFEST, solution=AGAIN)
