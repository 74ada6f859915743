"""What changed among the components since another list of them: added, removed, upgraded, downgraded, drifted."""

from collections.abc import Iterable, Mapping, Sequence

from lotmark.supply._names import find_purl
from lotmark.supply._versions import find_version
from lotmark.supply.models import Component, ComponentChange

_Key = tuple[str, str]


def compare_components(before: Iterable[Mapping[str, object]], after: Sequence[Component]) -> tuple[ComponentChange, ...]:
    """The changes from `before`, the components of a ``dependencies`` predicate, to `after`, sorted by name.

    A name that was there in one version and is in another was upgraded, or downgraded where the order of its versions says
    so. The same version with hashes that exclude the earlier ones has drifted: other bytes under the same name. Where a
    name stands in several versions, versions that came and went are told as added and removed.
    """
    old: dict[_Key, dict[str, frozenset[tuple[str, str]]]] = {}
    for each in before:
        found = find_purl(str(each["purl"]))
        if found is not None:
            old.setdefault(found[:2], {})[found[2]] = _old_hashes(each.get("hashes"))
    new: dict[_Key, dict[str, frozenset[tuple[str, str]]]] = {}
    for component in after:
        # Through the package URL, so that both sides went the same way.
        found = find_purl(component.purl)
        if found is not None:
            new.setdefault(found[:2], {})[found[2]] = frozenset(component.hashes)
    changes: list[ComponentChange] = []
    for key in sorted({*old, *new}):
        changes += _of_one(key, old.get(key, {}), new.get(key, {}))
    return tuple(changes)


def _old_hashes(told: object) -> frozenset[tuple[str, str]]:
    pairs = told.items() if isinstance(told, Mapping) else ()
    return frozenset((str(algorithm), str(digits)) for algorithm, values in pairs for digits in values)


def _of_one(key: _Key, old: dict[str, frozenset[tuple[str, str]]], new: dict[str, frozenset[tuple[str, str]]]) -> list[ComponentChange]:
    ecosystem, name = key
    gone, come = sorted(old.keys() - new.keys()), sorted(new.keys() - old.keys())
    if len(gone) == len(come) == 1:
        first, second = find_version(ecosystem, gone[0]), find_version(ecosystem, come[0])  # type: ignore[arg-type]
        lower = first is not None and second is not None and second < first
        return [ComponentChange("downgraded" if lower else "upgraded", ecosystem, name, gone[0], come[0])]
    changes = [ComponentChange("removed", ecosystem, name, version, "") for version in gone]
    changes += [ComponentChange("added", ecosystem, name, "", version) for version in come]
    for version in sorted(old.keys() & new.keys()):
        algorithms = {algorithm for algorithm, _ in old[version]} & {algorithm for algorithm, _ in new[version]}
        if algorithms and not old[version] & new[version]:
            changes.append(ComponentChange("drifted", ecosystem, name, version, version))
    return changes
