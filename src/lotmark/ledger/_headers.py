"""The header, leaf of the tree: one strict ASCII JSON form of 200 to 400 bytes (``docs/spec/ledger.md``, section 2).

Digests and key ids stand as unpadded base64url (43 characters), absent values are left out, and a header that does not
come out of its own values byte for byte is refused: so two headers are equal when their bytes are.
"""

import base64
import re
from functools import lru_cache
from typing import Final

import msgspec

from lotmark.base.clock import parse_instant
from lotmark.base.digest import Digest
from lotmark.base.errors import IntegrityError, UsageError
from lotmark.ledger.models import Header

MAX_HEADER: Final = 1024
"""A header is 200 to 400 bytes; names as long as they may be make it longer, never more than this."""
_KIND: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")
_KEY_ID: Final = re.compile(r"[0-9a-f]{64}\Z")
_LONGEST: Final = {"kind": 40, "scope": 160, "slot": 240, "submitter": 80}
_MAX_KEYS: Final = 4


class _Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename="camel"):
    """The JSON object, fields in the order of their bytes."""

    v: int
    kind: str
    envelope: str
    size: int
    payload: str
    keys: list[str]
    scope: str
    received_at: str
    slot: str = ""
    submitter: str = ""
    blobs: str = ""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Wire)


def format_header(header: Header) -> bytes:
    """The bytes of a header.

    Raises:
        UsageError: LM-LED-007 if a value may not stand in one.
    """
    complaint = _complaint(header)
    if complaint:
        raise unrecordable(complaint)
    return _encoder.encode(_to_wire(header))


def parse_header(data: bytes) -> Header:
    """The bytes of a header -> values.

    Raises:
        IntegrityError: LM-LED-105 if they are not the one form of a header.
    """
    if len(data) > MAX_HEADER:
        raise _malformed(f"{len(data)} bytes, more than {MAX_HEADER}", data)
    try:
        wire = _decoder.decode(data)
        header = Header(
            v=wire.v,
            kind=wire.kind,
            envelope=_digest(wire.envelope),
            size=wire.size,
            payload=_digest(wire.payload),
            keys=tuple(_digest(key).hex for key in wire.keys),
            scope=wire.scope,
            slot=wire.slot,
            received_at=wire.received_at,
            submitter=wire.submitter,
            blobs=_digest(wire.blobs) if wire.blobs else None,
        )
    except ValueError as error:
        raise _malformed(str(error), data) from error
    complaint = _complaint(header)
    if complaint is None and _encoder.encode(_to_wire(header)) != data:
        complaint = "it is not in the one form of its values"
    if complaint:
        raise _malformed(complaint, data)
    return header


def is_kind(text: str) -> bool:
    """Whether the text is a kebab-case word."""
    return _KIND.match(text) is not None


def is_text(text: str) -> bool:
    """Whether the text is printable ASCII without quote, backslash and spaces at its ends, and not empty: JSON has one way to write it."""
    return text.isascii() and text.isprintable() and '"' not in text and "\\" not in text and text.strip(" ") == text != ""


@lru_cache(maxsize=1024)
def complain_of_names(kind: str, scope: str, submitter: str) -> str | None:
    """What is wrong with the names in a header that many entries share, if anything."""
    if not _KIND.match(kind):
        return f"the kind {kind[:80]!r} is not a kebab-case word"
    if len(kind) > _LONGEST["kind"]:
        return f"the kind has {len(kind)} characters, more than {_LONGEST['kind']}"
    return _complain_of_text("scope", scope) or (_complain_of_text("submitter", submitter) if submitter else None)


def complain_of_slot(slot: str) -> str | None:
    """What is wrong with a slot, if anything."""
    return _complain_of_text("slot", slot) if slot else None


def _complain_of_text(name: str, text: str) -> str | None:
    if not is_text(text):
        return f"the {name} {text[:80]!r} is not printable ASCII without quotes and backslashes"
    return f"the {name} has {len(text)} characters, more than {_LONGEST[name]}" if len(text) > _LONGEST[name] else None


def unrecordable(complaint: str) -> UsageError:
    """The error for a submission that is not well formed."""
    return UsageError("LM-LED-007", f"the submission cannot be recorded: {complaint}", solution="name it as docs/spec/ledger.md, section 2 says")


def _malformed(reason: str, data: bytes) -> IntegrityError:
    return IntegrityError(
        "LM-LED-105", f"HEADER_MALFORMED: {reason}: {data[:120]!r}", solution="get the headers again from where they were made; do not rely on these"
    )


def text_form(digest: Digest) -> str:
    """A digest as it stands in a header: unpadded base64url of the 32 bytes."""
    return base64.urlsafe_b64encode(digest.raw).decode("ascii")[:43]


def _digest(text: str) -> Digest:
    raw = base64.b64decode(text + "=", altchars=b"-_", validate=True)
    if len(raw) != 32:
        raise ValueError("a digest of the wrong length")
    return Digest(raw.hex())


def _to_wire(header: Header) -> _Wire:
    return _Wire(
        v=header.v,
        kind=header.kind,
        envelope=text_form(header.envelope),
        size=header.size,
        payload=text_form(header.payload),
        keys=[text_form(Digest(key)) for key in header.keys],
        scope=header.scope,
        received_at=header.received_at,
        slot=header.slot,
        submitter=header.submitter,
        blobs=text_form(header.blobs) if header.blobs else "",
    )


def _complaint(header: Header) -> str | None:
    """What is wrong with the values, if anything."""
    if header.v != 1:
        return f"version {header.v} of the header is unknown"
    complaint = complain_of_names(header.kind, header.scope, header.submitter) or complain_of_slot(header.slot)
    if complaint:
        return complaint
    if not 1 <= header.size < 2**53:
        return f"an envelope of {header.size} bytes"
    if not 1 <= len(header.keys) <= _MAX_KEYS or not all(_KEY_ID.match(key) for key in header.keys):
        return "the key ids are not one to four SHA-256 digests in hex"
    try:
        parse_instant(header.received_at)
    except ValueError:
        return f"{header.received_at[:40]!r} is not an instant"
    return None
