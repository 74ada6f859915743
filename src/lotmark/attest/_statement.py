"""in-toto Statement v1: https://github.com/in-toto/attestation/blob/v1.1.0/spec/v1/statement.md

Every subject is named and has a sha256; weaker digests never stand in a Statement (git object ids may stand beside it).
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from lotmark.attest.models import STATEMENT_TYPE, Evidence, PredicateKind, Registry, Statement, Subject
from lotmark.base.errors import IntegrityError, LotmarkError, UsageError
from lotmark.intake.api import format_json, parse_json

_MEMBERS: Final = {"_type", "subject", "predicateType", "predicate"}
_DIGESTS: Final = {
    "sha256": re.compile(r"[0-9a-f]{64}\Z"),
    "sha384": re.compile(r"[0-9a-f]{96}\Z"),
    "sha512": re.compile(r"[0-9a-f]{128}\Z"),
    "gitCommit": re.compile(r"([0-9a-f]{40}|[0-9a-f]{64})\Z"),
    "gitTree": re.compile(r"([0-9a-f]{40}|[0-9a-f]{64})\Z"),
}
_BIDI_CONTROLS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def build_payload(evidence: Evidence, registry: Registry) -> bytes:
    """The Statement bytes that a signer signs.

    Raises:
        UsageError: LM-INT-007 no JSON value, -010 unknown kind, -015, -016 or -024 a subject that would not count,
            -018 a predicate that its kind does not allow.
    """
    kind = registry.kind(evidence.kind)
    check_subjects(evidence.subjects, UsageError)
    payload = format_json(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": subject.name, "digest": subject.digest} for subject in evidence.subjects],
            "predicateType": kind.uri,
            "predicate": evidence.predicate,
        }
    )
    # What will be read is checked, not what was given: a tuple or an IntEnum has become a plain value by now.
    check_body(kind, parse_json(payload)["predicate"], UsageError)
    return payload


def parse_statement(payload: bytes) -> Statement:
    """Statement bytes -> Statement. Call it with verified bytes only, and once.

    Raises:
        IntegrityError: LM-INT-001 to -006 not strict JSON, -014 not a Statement v1, -015, -016 or -024 its subjects.
    """
    tree = parse_json(payload, what="the Statement")
    if not isinstance(tree, dict) or tree.keys() != _MEMBERS:
        raise _malformed(f"it must hold {', '.join(sorted(_MEMBERS))}, and nothing else")
    if tree["_type"] != STATEMENT_TYPE:
        raise _malformed(f"its _type is not {STATEMENT_TYPE}")
    if not isinstance(tree["predicateType"], str) or not isinstance(tree["predicate"], dict):
        raise _malformed("predicateType must be a text and predicate an object")
    try:
        subjects = msgspec.convert(tree["subject"], tuple[Subject, ...], strict=True)
    except msgspec.ValidationError as error:
        raise _malformed(f"subject: {error}") from error
    check_subjects(subjects, IntegrityError)
    return Statement(subjects, tree["predicateType"], tree["predicate"])


def check_subjects(subjects: Iterable[Subject], error: type[LotmarkError]) -> None:
    """Refuse a Statement about nothing, about a name alone, or under a weak digest.

    Raises:
        LotmarkError: of class `error`: LM-ATT-015, -016 or -024.
    """
    names: set[str] = set()
    for subject in subjects:
        if not is_plain_text(subject.name):
            raise error("LM-ATT-024", f"the subject name {subject.name[:80]!r} is empty or holds control characters", solution="name the subject in plain text")
        if subject.name in names:
            raise error("LM-ATT-024", f"the subject name {subject.name[:80]!r} stands twice", solution="give each subject its own name")
        names.add(subject.name)
        if "sha256" not in subject.digest:
            raise error(
                "LM-ATT-015", f"NO_SUBJECT_DIGEST: the subject {subject.name[:80]!r} has no sha256 digest", solution="give the sha256 of the subject's bytes"
            )
        for algorithm, value in subject.digest.items():
            if algorithm not in _DIGESTS:
                raise error(
                    "LM-ATT-016", f"ALGORITHM_NOT_ALLOWED: the digest algorithm {algorithm[:40]!r} is not allowed", solution=f"use {', '.join(_DIGESTS)}"
                )
            if not _DIGESTS[algorithm].match(value):
                raise error(
                    "LM-ATT-016", f"the {algorithm} of {subject.name[:80]!r} is not lower-case hex of its length", solution="write the digest as lower-case hex"
                )
    if not names:
        raise error("LM-ATT-015", "NO_SUBJECT_DIGEST: the Statement has no subject", solution="name at least one subject with its sha256")


def check_body(kind: PredicateKind, predicate: dict[str, Any], error: type[LotmarkError]) -> None:
    """Refuse a predicate that does not convert to the type that its kind gives, if it gives one.

    Raises:
        LotmarkError: of class `error`: LM-ATT-018.
    """
    if kind.body is None:
        return
    try:
        msgspec.convert(predicate, kind.body, strict=True)
    except msgspec.ValidationError as problem:
        raise error("LM-ATT-018", f"the predicate is no {kind.name}: {problem}", solution=f"see the schema of {kind.uri}") from problem


def is_plain_text(text: str) -> bool:
    """Whether the text is not empty and holds no control, surrogate, private or unassigned character and no reordering."""
    return bool(text.strip()) and not any(char in _BIDI_CONTROLS or unicodedata.category(char) in {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"} for char in text)


def _malformed(reason: str) -> IntegrityError:
    return IntegrityError("LM-ATT-014", f"not an in-toto Statement v1: {reason}", where="the Statement", solution="make the evidence with `lotmark attest`")
