"""The URI of a key, taken apart, and the errors that every kind of signer shares. Secrets never stand in a URI."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote

from lotmark.attest.api import read_guarded
from lotmark.base.errors import EnvironmentLacksError, UsageError

Ask = Callable[[str], str]
"""Asks for a secret, with a prompt that says which."""

SCHEMES: Final = ("file", "pkcs11", "awskms", "hashivault")
_PRIVATE: Final = 0o177
_SECRETS: Final = frozenset({"pin-value", "pin", "password", "passphrase", "token"})


@dataclass(frozen=True, slots=True)
class KeyUri:
    """A key's URI, taken apart: ``scheme:path;name=value;...?name=value&...`` (RFC 7512 for ``pkcs11``)."""

    text: str
    scheme: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)

    def attributes(self) -> Mapping[str, str]:
        """The path as ``name=value`` parts, percent-decoded.

        Raises:
            UsageError: LM-ITG-040 if a part is none, or stands twice.
        """
        return _pairs(self.path, ";", self.text)


def parse_key_uri(text: str) -> KeyUri:
    """A text -> KeyUri.

    Raises:
        UsageError: LM-ITG-040 if it names no kind of signer or cannot be taken apart, LM-ITG-041 if it holds a secret.
    """
    scheme, colon, rest = text.partition(":")
    if not colon or scheme not in SCHEMES or not rest:
        raise not_a_uri(text, f"it begins with none of {', '.join(f'{name}:' for name in SCHEMES)}")
    path, _, query = rest.partition("?") if scheme != "file" else (rest, "", "")
    values = _pairs(query, "&", text)
    found = _SECRETS & {*values} - ({"token"} if scheme == "pkcs11" else set())
    if found:
        raise UsageError(
            "LM-ITG-041",
            f"the URI holds a secret: {', '.join(sorted(found))}",
            where=scheme,
            solution="leave it out and type it when asked, or name a file of mode 600: ?pin-source=file:/path",
        )
    return KeyUri(text, scheme, path, MappingProxyType(values))


def _pairs(text: str, separator: str, uri: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for number, part in enumerate(text.split(separator) if text else (), 1):
        name, equals, value = part.partition("=")
        if not equals or not name:
            raise not_a_uri(uri, f"its part {number} is no name=value")
        if name in values:
            raise not_a_uri(uri, f"{name[:40]!r} stands twice")
        values[name] = unquote(value, errors="surrogateescape")
    return values


def is_key_uri(text: str) -> bool:
    """Whether the text names a signer by its URI; anything else is the path of a key file."""
    return text.partition(":")[0] in SCHEMES and ":" in text


def read_pin(uri: KeyUri, ask: Ask, prompt: str) -> str:
    """The PIN: from the file that ``pin-source`` names, else asked for.

    Raises:
        UsageError: LM-ITG-040 if pin-source names no file by its absolute path.
        EnvironmentLacksError: LM-ATT-030 or -031 if the file is unreadable or open to others.
    """
    source = uri.query.get("pin-source")
    if source is None:
        return ask(prompt)
    path = Path(source.removeprefix("file:").removeprefix("//"))
    if not path.is_absolute():
        raise not_a_uri(uri.text, "pin-source must be file: and an absolute path")
    return read_guarded(path, forbidden=_PRIVATE).decode("utf-8", "replace").rstrip("\r\n")


def not_a_uri(text: str, reason: str) -> UsageError:
    """The refusal of a text that is no key's URI. It does not repeat the text whole: somebody may have put a secret into it."""
    return UsageError("LM-ITG-040", f"not the URI of a key: {reason}", where=text.partition(":")[0][:20], solution="write it as docs/how-to/keys.md shows")


def no_answer(what: str, reason: object) -> EnvironmentLacksError:
    """The error of a token or key service that cannot be used."""
    return EnvironmentLacksError("LM-ITG-043", f"{what} does not answer: {reason}", solution="check module path, network, credentials and permission")


def no_such_key(what: str, reason: str) -> EnvironmentLacksError:
    """The error of a token or key service that has no such key."""
    return EnvironmentLacksError("LM-ITG-042", f"{what}: {reason}", solution="name the key by token and object or id, or by its name in the key service")
