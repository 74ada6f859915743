"""Which items changed between two states of the quality files, by fingerprint."""

from collections.abc import Mapping

from lotmark.trace._tree import parse_trace
from lotmark.trace.models import ChangedItems, TraceGraph


def changed_items(before: Mapping[str, bytes], after: Mapping[str, bytes], product: str) -> ChangedItems:
    """New, changed and removed ids between two sets of file contents (path -> bytes, as git gives them).

    A file that moved without a change of its item changes nothing. An item that became obsolete counts as removed, one
    that came back as new.
    """
    unchanged = {path for path, data in after.items() if before.get(path) == data and path.endswith(".md")}
    old = parse_trace({path: data for path, data in before.items() if path not in unchanged}, product)
    new = parse_trace({path: data for path, data in after.items() if path not in unchanged}, product)
    return compare_graphs(old, new)


def compare_graphs(old: TraceGraph, new: TraceGraph) -> ChangedItems:
    """As `changed_items`, for two graphs that are read already."""
    first = {item.id: item.fingerprint for item in old.items.values() if not item.obsolete}
    second = {item.id: item.fingerprint for item in new.items.values() if not item.obsolete}
    return ChangedItems(
        new=tuple(sorted(second.keys() - first.keys())),
        changed=tuple(sorted(item_id for item_id in first.keys() & second.keys() if first[item_id] != second[item_id])),
        removed=tuple(sorted(first.keys() - second.keys())),
    )
