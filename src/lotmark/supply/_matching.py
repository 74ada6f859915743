"""What one OSV record says of one version: affected, not, or not to be told; its severity and the versions that fix it.

Spec: https://ossf.github.io/osv-schema/#evaluation.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from lotmark.supply._cvss import find_base_score, severity_of
from lotmark.supply._dump import OsvAffected, OsvRecord
from lotmark.supply._versions import find_version, is_in_range
from lotmark.supply.models import Component, Ecosystem, SeverityWord

AFFECTED: Final = "affected"
_EVENTS = frozenset({"introduced", "fixed", "last_affected", "limit"})
_WORDS: dict[str, SeverityWord] = {"low": "low", "moderate": "medium", "medium": "medium", "high": "high", "critical": "critical"}


def is_affected(ecosystem: Ecosystem, version: str, affected: OsvAffected) -> bool:
    """Whether this part of a record concerns that version; True when it cannot be told."""
    return judge_version(ecosystem, version, affected) != ""


def judge_version(ecosystem: Ecosystem, version: str, affected: OsvAffected) -> str:
    """``affected``, "" for unaffected, or the reason why it cannot be told."""
    ranges = [each for each in affected.ranges or () if each.type in ("ECOSYSTEM", "SEMVER")]
    versions = affected.versions or ()
    if not ranges and not versions:
        return "the record names no version that could be compared"
    if version in versions:
        return AFFECTED
    own = find_version(ecosystem, version)
    if own is not None and any(find_version(ecosystem, each) == own for each in versions):
        return AFFECTED
    unclear = "" if own is not None or ranges else f"{version!r} cannot be compared with the versions of {ecosystem}"
    for each in ranges:
        # A SEMVER range orders by Semantic Versioning whatever the ecosystem.
        order = ecosystem if each.type == "ECOSYSTEM" or ecosystem != "ConanCenter" else "npm"
        at = find_version(order, version)
        events = [pair for event in each.events for pair in event.items()]
        if not _begins(events):
            unclear = "a range of the record does not say in known words where it begins and ends"
            continue
        inside = is_in_range(order, at, events) if at is not None else None
        if inside:
            return AFFECTED
        if inside is None and not (at is None and _is_everything(events)):
            unclear = f"{version!r} cannot be ordered among the versions of its range in {ecosystem}"
        elif inside is None:
            return AFFECTED
    return unclear


def _begins(events: Sequence[tuple[str, str]]) -> bool:
    """Whether a range has the event that the schema asks for, and none that no reader knows."""
    return any(kind == "introduced" for kind, _ in events) and all(kind in _EVENTS for kind, _ in events)


def _is_everything(events: Sequence[tuple[str, str]]) -> bool:
    """Whether a range holds every version there is, so that no order is needed."""
    return bool(events) and all(pair in {("introduced", "0"), ("limit", "*")} for pair in events) and ("introduced", "0") in events


def read_severity(record: OsvRecord, affected: Sequence[OsvAffected]) -> tuple[SeverityWord, float | None, str]:
    """The rating, the CVSS 3 base score and the vector of a record.

    The highest CVSS 3 vector decides. Without one the database's own word does; without that, or with an unreadable
    vector, the rating is ``high``. Other vectors (CVSS 4) are kept as text.
    """
    given = [*(record.severity or ()), *(each for part in affected for each in part.severity or ())]
    scored = [(score, each.score) for each in given if (score := find_base_score(each.score)) is not None]
    if scored:
        best: tuple[Decimal, str] = max(scored)
        return severity_of(best[0]), float(best[0]), best[1]
    vector = next((each.score for each in sorted(given, key=lambda each: each.type, reverse=True)), "")
    return _WORDS.get(_database_word(record), "high"), None, vector


def _database_word(record: OsvRecord) -> str:
    if not bytes(record.database_specific):
        return ""
    details: Any = msgspec.json.decode(record.database_specific)
    word = details.get("severity") if isinstance(details, dict) else None
    return word.lower() if isinstance(word, str) else ""


def fixed_versions(component: Component, affected: Sequence[OsvAffected]) -> tuple[str, ...]:
    """The versions named as fixed that come after the component's."""
    own = find_version(component.ecosystem, component.version)
    named = {text for part in affected for each in part.ranges or () if each.type != "GIT" for event in each.events if (text := event.get("fixed"))}
    ordered = [(at, text) for text in named if (at := find_version(component.ecosystem, text)) is not None and (own is None or at > own)]
    return tuple(text for _, text in sorted(ordered, key=lambda pair: pair[0]))
