"""DSSE v1 envelopes: https://github.com/secure-systems-lab/dsse/blob/v1.0.0/envelope.md

Stricter than DSSE, because the identity of evidence is payload and signer: exactly one signature, no unknown fields,
one base64 (standard alphabet, padded, no spare bits), a key id that is the SHA-256 of the key.
"""

import base64
import binascii
import re
from typing import Any, Final

from lotmark.attest._algorithms import ALGORITHMS
from lotmark.attest._keys import verify_signature
from lotmark.attest.models import PAYLOAD_TYPE, Envelope
from lotmark.attest.ports import Signer
from lotmark.base.errors import EnvironmentLacksError, IntegrityError
from lotmark.intake.api import JSON_LIMITS, format_json, parse_json

_KEY_ID: Final = re.compile(r"[0-9a-f]{64}\Z")
_SIGNATURE_SIZES: Final = frozenset(size for algorithm in ALGORITHMS.values() for size in algorithm.signature_sizes)
_ED25519: Final = 64
_DER_SEQUENCE: Final = 0x30
"""How an ECDSA signature begins (RFC 3279, 2.2.3)."""
_BEFORE: Final = b'{"payload":"'
_BETWEEN: Final = f'","payloadType":"{PAYLOAD_TYPE}","signatures":[{{"keyid":"'.encode("ascii")
_SIG: Final = b'","sig":"'
_END: Final = b'"}]}'
_SIG_AT: Final = -len(_END) - 88
"""Where the base64 of an Ed25519 signature begins, counted from the end of a canonical envelope; the key id and the payload's end before it."""
_KEY_AT: Final = _SIG_AT - len(_SIG) - 64
_PAYLOAD_END: Final = _KEY_AT - len(_BETWEEN)


def pae(payload_type: str, payload: bytes) -> bytes:
    """The DSSE pre-authentication encoding: exactly what is signed."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign_payload(payload: bytes, signer: Signer) -> Envelope:
    """Sign the Statement bytes and wrap them.

    Raises:
        EnvironmentLacksError: LM-ATT-038 if the signer gives back a signature that its own key does not verify.
    """
    message = pae(PAYLOAD_TYPE, payload)
    signature = signer.sign(message)
    if not verify_signature(signer.public_key, signature, message):
        raise EnvironmentLacksError(
            "LM-ATT-038",
            "the signer gave back a signature that its own key does not verify",
            solution="check the key or token behind the signer; nothing was recorded",
        )
    raw = format_json(
        {
            "payload": base64.b64encode(payload).decode("ascii"),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"keyid": signer.key_id, "sig": base64.b64encode(signature).decode("ascii")}],
        }
    )
    return Envelope(payload, PAYLOAD_TYPE, signer.key_id, signature, raw)


def parse_envelope(raw: bytes) -> Envelope:
    """Envelope bytes -> Envelope, unverified.

    Raises:
        IntegrityError: LM-INT-001 to -006 not strict JSON, -011 not a DSSE envelope, -012 not exactly one signature.
    """
    return _read_canonical(raw) or _read_any(raw)


def _read_canonical(raw: bytes) -> Envelope | None:
    """The envelope if its bytes are of the form that `sign_payload` writes; None to have them parsed.

    What stands at the places where that form has its values is decoded, and counts only if the form made of it is `raw`
    again. Nearly every envelope is of this form, and for a record of a kilobyte this takes two fifths of the time of parsing.
    """
    if len(raw) > JSON_LIMITS.max_bytes:
        return None
    try:
        payload = binascii.a2b_base64(raw[len(_BEFORE) : _PAYLOAD_END])
        signature = binascii.a2b_base64(raw[_SIG_AT : -len(_END)])
        key_id = raw[_KEY_AT : _KEY_AT + 64].decode("ascii")
    except ValueError:
        return None
    envelope = Envelope(payload, PAYLOAD_TYPE, key_id, signature, raw)
    return envelope if is_canonical(envelope) else None


def _read_any(raw: bytes) -> Envelope:
    tree = parse_json(raw, what="the envelope")
    if not _has_texts(tree, {"payload", "payloadType"}, {"signatures"}) or not isinstance(tree["signatures"], list):
        raise _malformed("it must hold payload, payloadType and signatures, and nothing else")
    signatures = tree["signatures"]
    if len(signatures) != 1:
        raise IntegrityError(
            "LM-ATT-012",
            f"{'' if signatures else 'UNSIGNED: '}the envelope holds {len(signatures)} signatures, not one",
            where="the envelope",
            solution="make one envelope for each signer",
        )
    only = signatures[0]
    if not _has_texts(only, {"keyid", "sig"}, set()):
        raise _malformed("a signature must hold keyid and sig, and nothing else")
    if not _KEY_ID.match(only["keyid"]):
        raise _malformed("keyid is not the SHA-256 of a public key in lower-case hex")
    signature = _decode(only["sig"], "sig")
    if len(signature) not in _SIGNATURE_SIZES or (len(signature) != _ED25519 and signature[0] != _DER_SEQUENCE):
        raise _malformed(f"sig has {len(signature)} bytes and is the signature of no allowed algorithm")
    return Envelope(_decode(tree["payload"], "payload"), tree["payloadType"], only["keyid"], signature, raw)


def is_canonical(envelope: Envelope) -> bool:
    """Whether `raw` is what `sign_payload` makes of the other values, so that it need not be parsed to know that it holds them."""
    if envelope.payload_type != PAYLOAD_TYPE or len(envelope.signature) != _ED25519 or not _KEY_ID.match(envelope.key_id):
        return False
    return envelope.raw == b"".join(
        (
            _BEFORE,
            binascii.b2a_base64(envelope.payload, newline=False),
            _BETWEEN,
            envelope.key_id.encode("ascii"),
            _SIG,
            binascii.b2a_base64(envelope.signature, newline=False),
            _END,
        )
    )


def _has_texts(tree: Any, texts: set[str], others: set[str]) -> bool:
    return isinstance(tree, dict) and tree.keys() == texts | others and all(isinstance(tree[key], str) for key in texts)


def _decode(text: str, field: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _malformed(f"{field} is not base64") from error
    if base64.b64encode(data) != text.encode("ascii"):
        raise _malformed(f"{field} is not the one canonical base64 of its bytes")
    return data


def _malformed(reason: str) -> IntegrityError:
    return IntegrityError(
        "LM-ATT-011",
        f"not a DSSE envelope: {reason}",
        where="the envelope",
        solution="write the envelope as docs/spec/envelope.md says, or make it with `lotmark attest`",
    )
