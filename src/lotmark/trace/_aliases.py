"""Aliases: the other names of items, explicit and unique, resolved to the one canonical id before anything is checked."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from lotmark.base.findings import Finding, Severity
from lotmark.trace.models import Anomaly, DeclaredMarker, Item, Link, Marker, SourceScan


def find_aliases(items: Mapping[str, Item]) -> dict[str, str]:
    """Alias -> id. A text that is an id, or the alias of an earlier item, is no alias: `check_aliases` says so."""
    found: dict[str, str] = {}
    for item in items.values():
        for alias in item.aliases:
            if alias not in items:
                found.setdefault(alias, item.id)
    return found


def check_aliases(items: Mapping[str, Item], findings: list[Finding]) -> None:
    """Say which aliases are taken: by an item, or by another item's alias."""
    bearers: dict[str, str] = {}
    for item in items.values():
        for alias in item.aliases:
            other = items[alias].id if alias in items else bearers.setdefault(alias, item.id)
            if other != item.id:
                reason = "is an item" if alias in items else f"is an alias of {other} too"
                findings.append(
                    Finding("LM-TRC-016", f"the alias {alias!r} of {item.id} {reason}", Severity.ERROR, item.where("aliases"), item.id, "one name, one item")
                )


def resolve_aliases(
    aliases: Mapping[str, str],
    items: Mapping[str, Item],
    sources: SourceScan,
    anomalies: tuple[Anomaly, ...] | None,
    declared: tuple[DeclaredMarker, ...],
) -> tuple[dict[str, Item], SourceScan, tuple[Anomaly, ...] | None, tuple[DeclaredMarker, ...]]:
    """The same with each alias in a link, marker or anomaly replaced by the id of its item."""
    resolved = {
        key: replace(item, links=_links(aliases, item.links)) if any(link.target in aliases for link in item.links) else item for key, item in items.items()
    }
    markers = tuple(_marker(aliases, marker) for marker in sources.markers)
    known = None if anomalies is None else tuple(replace(anomaly, affects=_names(aliases, anomaly.affects)) for anomaly in anomalies)
    entries = tuple(replace(entry, ids=_names(aliases, entry.ids)) for entry in declared)
    return resolved, replace(sources, markers=markers), known, entries


def _links(aliases: Mapping[str, str], links: Iterable[Link]) -> tuple[Link, ...]:
    found: dict[tuple[str, str], Link] = {}
    for link in links:
        target = aliases.get(link.target, link.target)
        found.setdefault((link.type, target), replace(link, target=target))
    return tuple(found.values())


def _marker(aliases: Mapping[str, str], marker: Marker) -> Marker:
    return replace(marker, ids=_names(aliases, marker.ids)) if any(name in aliases for name in marker.ids) else marker


def _names(aliases: Mapping[str, str], names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(aliases.get(name, name) for name in names))
