"""From unverified envelope to `Verified`, in numbered steps; nothing else makes one.

1. the kind is known; 2. the key id names a key for which a root vouched; 3. that key counts at this log index;
4. the signature holds over the exact payload bytes; 5. the payload type is in-toto's; 6. keys of this kind may sign
this kind of evidence; 7. these same bytes are parsed, once; 8. the predicateType is the kind's; 9. the predicate
converts to the kind's type. Steps 5 to 9 look only at bytes that step 4 vouched for.
"""

from typing import NoReturn

from lotmark.attest._envelope import pae
from lotmark.attest._keys import verify_signature
from lotmark.attest._statement import check_body, parse_statement
from lotmark.attest.models import PAYLOAD_TYPE, Envelope, Registry, Trust, Verified
from lotmark.base.errors import IntegrityError


def verify_envelope(envelope: Envelope, *, kind: str, index: int, trust: Trust, registry: Registry) -> Verified:
    """Verify the envelope that stands in the log at `index` as evidence of `kind`.

    Raises:
        IntegrityError: LM-ATT-019 the kind is unknown and never counts, -020 unknown key, -021 key not valid at
            this index, -022 signature, -013 payload type, -023 keys of this kind may not sign it, -001 to -006, -014
            to -016 and -024 Statement, -017 another predicateType, -018 predicate.
    """
    where = f"log entry {index}"

    def refuse(code: str, reason: str, solution: str) -> NoReturn:
        raise IntegrityError(code, reason, where=where, solution=solution)

    known = registry.find(kind)
    if known is None:
        refuse("LM-ATT-019", f"evidence of the unknown kind {kind[:80]!r} never counts", "read it with a version of Lotmark that knows the kind")
    key = trust.find(envelope.key_id)
    if key is None:
        refuse("LM-ATT-020", f"UNSIGNED: the signer {envelope.key_id[:12]} is not an enrolled key", "have an administrator enrol the key, then sign again")
    if not key.is_valid_at(index):
        until = "" if key.valid_until is None else f" to before {key.valid_until}"
        if key.disowned is not None and key.is_disowned_at(index):
            refuse("LM-ATT-021", f"KEY_NOT_VALID: the key of {key.name} was disowned from entry {key.disowned[0]} on", "have it signed anew")
        refuse(
            "LM-ATT-021", f"KEY_NOT_VALID: the key of {key.name} counts from entry {key.valid_from}{until}, not here", "sign again with a key that is valid now"
        )
    if not verify_signature(key.public_key, envelope.signature, pae(envelope.payload_type, envelope.payload)):
        refuse("LM-ATT-022", f"the signature of {key.name} does not hold", "the bytes were changed after signing: restore them from another copy")
    if envelope.payload_type != PAYLOAD_TYPE:
        refuse("LM-ATT-013", f"TYPE_NOT_ALLOWED: the payload type {envelope.payload_type[:80]!r} is not {PAYLOAD_TYPE}", "only in-toto Statements are evidence")
    if key.kind not in known.signers:
        refuse(
            "LM-ATT-023",
            f"TYPE_NOT_ALLOWED: a {key.kind} key may not sign {kind}; allowed: {', '.join(sorted(known.signers))}",
            "have it signed by somebody who may",
        )
    try:
        statement = parse_statement(envelope.payload)
        if statement.predicate_type != known.uri:
            refuse(
                "LM-ATT-017",
                f"TYPE_NOT_ALLOWED: the Statement is a {statement.predicate_type[:120]!r}, not a {kind}",
                "evidence counts only as what it was signed as",
            )
        check_body(known, statement.predicate, IntegrityError)
    except IntegrityError as error:
        raise IntegrityError(error.code, error.reason, where=where, solution=error.solution) from error
    return Verified(index, kind, statement, key, envelope)
