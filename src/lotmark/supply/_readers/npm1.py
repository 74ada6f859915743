"""package-lock.json, lockfileVersion 1 (npm 5 and 6): the tree is nested, edges are `requires`."""

from collections.abc import Callable
from typing import Any

import msgspec

from lotmark.base.findings import Location
from lotmark.supply._readers._reading import Reading, find_integrity, merge_pin
from lotmark.supply.models import Pin


class Package1(msgspec.Struct, rename="camel"):
    """One package of the nested tree."""

    version: str = ""
    resolved: str | bool | None = None
    integrity: str | None = None
    dev: bool = False
    bundled: bool = False
    requires: Any = None
    dependencies: dict[str, "Package1"] = {}


def read_tree(name: str, packages: dict[str, Package1], line_of: Callable[[str], int], reading: Reading) -> None:
    """Add the packages of the tree to the reading; every one of the top counts as direct, since the lock does not tell."""
    pins: dict[tuple[str, str], Pin] = {}
    stack = [(key, package, [packages], False) for key, package in reversed(packages.items())]
    while stack:
        key, package, above, covered = stack.pop()
        hashes = find_integrity(package.integrity or "")
        inner = [*above, package.dependencies]
        stack += [(below, each, inner, bool(hashes) or covered) for below, each in reversed(package.dependencies.items())]
        place = Location(name, line_of(key))
        if ":" in package.version or "/" in package.version:
            reading.refuse("LM-SUP-007", f"{key} comes from {package.version[:100]}, no registry", place, key)
        elif not package.version:
            reading.refuse("LM-SUP-005", f"{key} has no version", place, key)
        elif not hashes and not (package.bundled and covered):
            what = "only a weak or malformed `integrity`" if package.integrity else "no `integrity`"
            reading.refuse("LM-SUP-006", f"{key} {package.version} has {what}", place, key)
        else:
            wanted = package.requires if isinstance(package.requires, dict) else {}
            requires = {(each, found) for each in wanted if (found := _find(each, inner))}
            scope = "test" if package.dev else "runtime"
            pin = Pin("npm", key, package.version, hashes, place, scope, direct=len(above) == 1, requires=tuple(sorted(requires)))  # type: ignore[arg-type]
            known = pins.get((key, package.version))
            pins[key, package.version] = merge_pin(known, pin) if known else pin
    reading.pins += pins.values()


def _find(wanted: str, above: list[dict[str, Package1]]) -> str:
    """The version of the nearest package of that name upwards; "" if there is none."""
    return next((level[wanted].version for level in reversed(above) if wanted in level), "")
