"""Names of packages: normalisation per ecosystem, package URLs, and references to components in exceptions."""

import re
from urllib.parse import quote

from lotmark.supply.models import Ecosystem

_SEPARATORS = re.compile(r"[-_.]+")
_TYPES: dict[str, str] = {"PyPI": "pypi", "npm": "npm"}


def normalise_name(ecosystem: Ecosystem, name: str) -> str:
    """The name under which a registry knows it: PEP 503 for PyPI, as written for npm."""
    return _SEPARATORS.sub("-", name).lower() if ecosystem == "PyPI" else name


def format_purl(ecosystem: Ecosystem, name: str, version: str) -> str:
    """The canonical package URL of a normalised name and version (purl-spec, types pypi and npm)."""
    path = "/".join(quote(part, safe=".-_~") for part in name.split("/"))
    return f"pkg:{_TYPES[ecosystem]}/{path}@{quote(version, safe='.-_~:')}"


def refers_to(reference: str, ecosystem: Ecosystem, name: str, version: str) -> bool:
    """Whether a reference in an exception (``name``, ``name@version`` or a purl with or without version) means this component."""
    purl = format_purl(ecosystem, name, version)
    if reference.startswith("pkg:"):
        return reference in (purl, purl.rpartition("@")[0])
    # The version is split off behind the first character: npm scopes begin with "@".
    head, at, wanted = reference[1:].rpartition("@")
    given = reference[0] + head if at else reference
    return normalise_name(ecosystem, given) == name and (not at or wanted == version)
