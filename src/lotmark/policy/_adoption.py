"""Adopted configuration: once root persons have adopted a file, no release is decided by any other version of it.

An older version is a downgrade, a newer one a change that nobody has approved; the log index decides which is which.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from lotmark.attest.api import find_effect, group_signatures
from lotmark.attest.models import Evidence, Subject, Trust, Verified
from lotmark.base.clock import format_instant
from lotmark.base.digest import Digest
from lotmark.base.findings import Finding
from lotmark.policy.predicates import ADOPTED_FILES, POLICY_ADOPTION, AdoptionBody

_PEOPLE: Final = "quality/people.yaml"


@dataclass(frozen=True, slots=True)
class Adoption:
    """A version of a file that was adopted, and the log index at which that took effect."""

    path: str
    sha256: str
    index: int


def adoption_evidence(*, product: str, path: str, content: bytes, reason: str, at: datetime) -> Evidence:
    """The evidence that this version of the file is adopted, to be signed by root persons."""
    digest = Digest.of(content).hex
    predicate = {"product": product, "path": path, "sha256": digest, "reason": reason, "at": format_instant(at)}
    return Evidence(POLICY_ADOPTION.name, (Subject(path, {"sha256": digest}),), predicate, name=path)


def find_adoptions(entries: Iterable[Verified], trust: Trust, *, product: str) -> list[Adoption]:
    """What was adopted for the product, in the order of taking effect."""
    found = []
    for signatures in group_signatures(entries, POLICY_ADOPTION.name):
        body = msgspec.convert(signatures[0].statement.predicate, AdoptionBody)
        index = find_effect(signatures, trust)
        if body.product == product and index is not None and signatures[0].statement.subject == (Subject(body.path, {"sha256": body.sha256}),):
            found.append(Adoption(body.path, body.sha256, index))
    return sorted(found, key=lambda adoption: adoption.index)


def check_adopted(adoptions: Iterable[Adoption], configuration: Mapping[str, str], *, size: int) -> list[Finding]:
    """Findings for every file of which a version was adopted before log index `size` and which is not the newest of them.

    `configuration` gives the SHA-256 of each file that decides, by path. A file of which no version was ever adopted is
    not judged here.
    """
    versions: dict[str, list[Adoption]] = {}
    for adoption in adoptions:
        if adoption.index < size:
            versions.setdefault(adoption.path, []).append(adoption)
    return [finding for path in ADOPTED_FILES if path in versions for finding in _check(path, configuration.get(path, ""), versions[path])]


def _check(path: str, digest: str, versions: list[Adoption]) -> list[Finding]:
    newest = versions[-1]
    if digest == newest.sha256:
        return []
    if digest in {adoption.sha256 for adoption in versions}:
        code, word = "LM-POL-015", f"POLICY_DOWNGRADE: an older version of {path}"
    elif path == _PEOPLE:
        code, word = "LM-POL-016", f"ROLE_CHANGE_UNAPPROVED: a version of {path}"
    else:
        code, word = "LM-POL-016", f"POLICY_UNADOPTED: a version of {path}"
    message = f"{word} ({digest[:12] or 'no file'}) that is not the one adopted at entry {newest.index} ({newest.sha256[:12]})"
    return [Finding(code, message, subject=path, help=f"put the adopted version back, or have root persons adopt this one: `lotmark key adopt {path}`")]
