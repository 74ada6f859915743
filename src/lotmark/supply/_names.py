"""Names of packages: normalisation per ecosystem, package URLs, and references to components in exceptions."""

import re
from urllib.parse import quote, unquote

from lotmark.supply.models import Ecosystem

_SEPARATORS = re.compile(r"[-_.]+")
_TYPES: dict[str, str] = {"PyPI": "pypi", "npm": "npm", "crates.io": "cargo", "Go": "golang", "Maven": "maven", "RubyGems": "gem", "ConanCenter": "conan"}
_ECOSYSTEMS: dict[str, Ecosystem] = {kind: name for name, kind in _TYPES.items()}  # type: ignore[misc]
_TYPE = re.compile(r"[a-z][a-z0-9.+-]*\Z")


def normalise_name(ecosystem: Ecosystem, name: str) -> str:
    """The name under which a registry knows it: PEP 503 for PyPI, lower case for Conan, as written elsewhere."""
    if ecosystem == "PyPI":
        return _SEPARATORS.sub("-", name).lower()
    return name.lower() if ecosystem == "ConanCenter" else name


def format_purl(ecosystem: Ecosystem, name: str, version: str) -> str:
    """The canonical package URL of a normalised name and version (purl-spec).

    A Maven name is ``group:artifact``, a name of ``other`` begins with its purl type; Go's is written in lower case.
    """
    if ecosystem == "other":
        kind, _, name = name.partition("/")
    else:
        kind = _TYPES[ecosystem]
    if ecosystem == "Maven":
        name = name.replace(":", "/", 1)
    elif ecosystem == "Go":
        name = name.lower()
    path = "/".join(quote(part, safe=".-_~") for part in name.split("/"))
    return f"pkg:{kind}/{path}" + (f"@{quote(version, safe='.-_~:')}" if version else "")


def find_purl(text: str) -> tuple[Ecosystem, str, str] | None:
    """A package URL -> ecosystem, normalised name and version (""); qualifiers and subpath are left out. None if it is none."""
    scheme, colon, rest = text.partition(":")
    if scheme.lower() != "pkg" or not colon:
        return None
    rest = rest.partition("#")[0].partition("?")[0].strip("/")
    kind, slash, path = rest.partition("/")
    kind = kind.lower()
    head, at, version = path.rpartition("@")
    # An "@" at the start of a segment is a scope that was not quoted, no version.
    if not at or not head or head.endswith("/"):
        head, version = path, ""
    parts = [unquote(part) for part in head.split("/") if part]
    if not slash or not parts or not _TYPE.match(kind) or any("/" in part for part in parts):
        return None
    ecosystem = _ECOSYSTEMS.get(kind, "other")
    if ecosystem == "Maven" and len(parts) == 2:
        return ecosystem, ":".join(parts), unquote(version)
    if ecosystem in {"other", "Maven"}:
        return "other", "/".join([kind, *parts]), unquote(version)
    if ecosystem == "ConanCenter":
        parts = parts[-1:]
    return ecosystem, normalise_name(ecosystem, "/".join(parts)), unquote(version)


def refers_to(reference: str, ecosystem: Ecosystem, name: str, version: str) -> bool:
    """Whether a reference in an exception (``name``, ``name@version`` or a purl with or without version) means this component."""
    if reference.startswith("pkg:"):
        return reference in (format_purl(ecosystem, name, version), format_purl(ecosystem, name, ""))
    # The purl type is no part of how people call it, but messages show it.
    names = (name, name.partition("/")[2]) if ecosystem == "other" else (name,)
    # The version is split off behind the first character: npm scopes begin with "@".
    head, at, wanted = reference[1:].rpartition("@")
    given = reference[0] + head if at else reference
    return normalise_name(ecosystem, given) in names and (not at or wanted == version)


def names_version(reference: str) -> bool:
    """Whether a reference means one version alone."""
    if reference.startswith("pkg:"):
        found = find_purl(reference)
        return found is not None and found[2] != ""
    return "@" in reference[1:]
