"""When a record of the administration takes effect: at the entry at which enough root persons have signed the same bytes."""

from collections.abc import Iterable

from lotmark.attest.models import KeyRecord, Trust, Verified, count_signers


def find_effect(signatures: Iterable[Verified], trust: Trust, *, without: str = "") -> int | None:
    """The log index at which the Statement that all of `signatures` sign took effect; None while root persons are missing.

    Counted at each entry: distinct persons and public keys whose root keys count there, against the threshold in force there.
    `without` names a person whose own signature does not count, since the Statement is in his favour.
    """
    signers: list[KeyRecord] = []
    for entry in sorted(signatures, key=lambda entry: entry.index):
        signers.append(entry.key)
        current = [key for key in map(trust.find, (key.key_id for key in signers)) if key is not None]
        valid = [key for key in current if key.kind == "root" and key.is_valid_at(entry.index) and key.person != without]
        if count_signers(valid) >= trust.root_threshold_at(entry.index):
            return entry.index
    return None


def group_signatures(entries: Iterable[Verified], kind: str) -> list[list[Verified]]:
    """The entries of the kind by what they sign, in the order in which each was first signed."""
    groups: dict[str, list[Verified]] = {}
    for entry in sorted(entries, key=lambda entry: entry.index):
        if entry.kind == kind:
            groups.setdefault(entry.envelope.payload_digest.hex, []).append(entry)
    return list(groups.values())
