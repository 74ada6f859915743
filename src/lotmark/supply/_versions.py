"""Ordering of versions per ecosystem and OSV's rule for whether a version is affected.

PyPI: PEP 440 through `packaging`. npm, crates.io and Go: Semantic Versioning 2.0.0, section 11, written out here, since
loading a general library costs more than the whole evaluation. Maven and RubyGems: `_orders`. Of other ecosystems no
order is known; a range of the type SEMVER orders by Semantic Versioning whatever the ecosystem.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from lotmark.supply._orders import find_gem, find_maven
from lotmark.supply.models import Ecosystem

_NUMBER = r"(0|[1-9]\d*)"
_SEMVER = re.compile(rf"[v=]*{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?\Z")

# At the same version a fix comes before a new introduction (in doubt the version is affected), and the last affected
# version is still affected.
_AT_SAME_VERSION = {"fixed": 0, "introduced": 1, "last_affected": 2}


def find_version(ecosystem: Ecosystem, text: str) -> Any | None:
    """A value that orders like the version does in its ecosystem; None if it is no version there."""
    return _ORDERS.get(ecosystem, _find_nothing)(text)


def _find_nothing(text: str) -> None:
    """Of these ecosystems no order is known, so nothing is claimed."""
    del text


def _find_pep440(text: str) -> Any | None:
    from packaging.version import InvalidVersion, Version

    try:
        return Version(text)
    except InvalidVersion:
        return None


def _find_semver(text: str) -> tuple[Any, ...] | None:
    match = _SEMVER.match(text.strip())
    if match is None:
        return None
    core = tuple(int(match[i]) for i in (1, 2, 3))
    if match[4] is None:
        # A release comes after all of its pre-releases.
        return (*core, (1,))
    identifiers = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in match[4].split("."))
    return (*core, (0, identifiers))


_ORDERS: dict[Ecosystem, Callable[[str], Any | None]] = {
    "PyPI": _find_pep440,
    "npm": _find_semver,
    "crates.io": _find_semver,
    "Go": _find_semver,
    "Maven": find_maven,
    "RubyGems": find_gem,
}


def is_in_range(ecosystem: Ecosystem, version: Any, events: Iterable[tuple[str, str]]) -> bool | None:
    """OSV's evaluation of one range: is the version affected; None if an event's version cannot be ordered.

    `events` are pairs such as ``("introduced", "1.0")``; https://ossf.github.io/osv-schema/#evaluation.
    """
    ordered: list[tuple[Any, str]] = []
    limits: list[Any] = []
    begins = False
    for kind, text in events:
        if kind == "introduced" and text == "0":
            begins = True
            continue
        if kind == "limit" and text == "*":
            continue
        at = find_version(ecosystem, text)
        if at is None:
            return None
        (limits if kind == "limit" else ordered).append(at if kind == "limit" else (at, kind))
    if limits and not any(version < limit for limit in limits):
        return False
    affected = begins
    for at, kind in sorted(ordered, key=lambda pair: (pair[0], _AT_SAME_VERSION.get(pair[1], 0))):
        if kind == "introduced" and version >= at:
            affected = True
        elif (kind == "fixed" and version >= at) or (kind == "last_affected" and version > at):
            affected = False
    return affected
