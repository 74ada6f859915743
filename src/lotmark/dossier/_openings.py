"""`names/openings.json`: the clear names and addresses behind commitments that signatures of people keep as long as their records.

Such a value cannot be erased while the record is kept (21 CFR 11.50 and 11.70), so a bundle that carries it takes nobody's
right away; a bundle without it would print names that nobody can check. Other commitments stay closed.
"""

import base64
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final

import msgspec

from lotmark.attest.api import format_json, parse_json
from lotmark.attest.models import Verified
from lotmark.base.errors import IntegrityError
from lotmark.dossier._archive import Archive
from lotmark.dossier._steps import StepFailedError, broken
from lotmark.records.api import SALT, Disclosure, kept_commitments

OPENINGS: Final = "names/openings.json"
_CODE: Final = "LM-DOS-023"


class _Opening(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    commitment: str
    salt: str
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class _Openings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    openings: Annotated[list[_Opening], msgspec.Meta(min_length=1)]


def format_openings(disclosures: Iterable[Disclosure]) -> bytes:
    """The file, sorted by commitment; empty if there is nothing to open."""
    wire: list[dict[str, Any]] = [
        {"commitment": found.commitment, "salt": base64.b64encode(found.salt).decode("ascii"), "value": found.value}
        for found in sorted(disclosures, key=lambda found: found.commitment)
    ]
    return format_json({"openings": wire}) + b"\n" if wire else b""


def check_openings(archive: Archive, verified: Sequence[Verified]) -> str:
    """How many names are opened, in words, once each is the value of a commitment in a signed record of the archive.

    Raises:
        StepFailedError: LM-DOS-023.
    """
    if OPENINGS not in archive:
        return ""
    try:
        found = [
            Disclosure(opening.commitment, base64.b64decode(opening.salt, validate=True), opening.value)
            for opening in msgspec.convert(parse_json(archive.read(OPENINGS), what=OPENINGS), _Openings, strict=True).openings
        ]
    except (msgspec.ValidationError, IntegrityError, ValueError) as error:
        raise _failed(f"{OPENINGS} cannot be read: {error}") from error
    if archive.read(OPENINGS) != format_openings({opened.commitment: opened for opened in found}.values()):
        raise _failed(f"{OPENINGS} is not in the one form of its values")
    kept = kept_commitments(verified)
    for opened in found:
        if len(opened.salt) != SALT or not opened.holds:
            raise _failed(f"COMMITMENT_MISMATCH: {opened.value[:80]!r} is not the value of {opened.commitment}")
        if opened.commitment not in kept:
            raise _failed(f"COMMITMENT_MISMATCH: no signature in the bundle speaks of {opened.value[:80]!r}")
    return f"{len(found)} {'name or address' if len(found) == 1 else 'names and addresses'} opened"


def _failed(reason: str) -> StepFailedError:
    return StepFailedError(reason, [broken(_CODE, reason, OPENINGS)])
