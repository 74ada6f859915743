"""How a person's key and passphrase reach the command line: a prompt, a file descriptor or a file, never a flag's value."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from lotmark.attest.ports import Signer
from lotmark.base.errors import EnvironmentLacksError, UsageError

PASSPHRASE_FILE = "LOTMARK_PASSPHRASE_FILE"  # noqa: S105 (the name of a variable)


def person_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--as PERSON``, the id that stands in people.yaml."""
    return click.option("--as", "person", required=True, help="Your id in people.yaml.")(function)


def key_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--key FILE``."""
    return click.option(
        "--key",
        "key_file",
        default=None,
        help="Your key: a file (default: in your lotmark configuration folder), or the URI of a key in a token or key service.",
    )(function)


def key_path(person: str) -> Path:
    """Where a person's key lies by default."""
    if not person.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise UsageError("LM-CLI-012", f"{person!r} is no id of a person", solution="use the id that stands in people.yaml")
    base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "lotmark" / "keys" / f"{person}.key"


def load_signer(key: str | None, *, person: str | None = None) -> Signer:
    """The key that `key` names (a file, or a URI); without it that of the person.

    Raises:
        UsageError: LM-CLI-014 if neither is given; as `load_personal_key` and `integrations.open_signer`.
    """
    if key is None and person is None:
        raise UsageError("LM-CLI-014", "say whose key: --as PERSON, or --key FILE or URI", solution="give one of the two")
    if person is not None:
        return load_personal_key(person, key)
    from lotmark.integrations.api import is_key_uri, open_signer

    named = str(key)
    return open_signer(named if is_key_uri(named) else f"file:{named}", read_passphrase)


def read_public_key(path: Path) -> bytes:
    """The public key in a PEM file.

    Raises:
        UsageError: LM-ATT-025 or LM-ATT-037.
    """
    from lotmark.attest.api import parse_public_pem

    return parse_public_pem(path.read_bytes())


def load_personal_key(person: str, key_file: str | None) -> Signer:
    """The person's key, opened with the passphrase or PIN that the person gives now.

    Raises:
        EnvironmentLacksError: if there is no key, no passphrase, or a wrong one.
    """
    from lotmark.attest.api import PassphraseSigner

    if key_file is not None:
        from lotmark.integrations.api import is_key_uri, open_signer

        if key_file.startswith("file:"):
            key_file = key_file.removeprefix("file:").removeprefix("//")  # a person's key in a file is sealed, however it is named
        elif is_key_uri(key_file):
            return open_signer(key_file, lambda prompt: read_passphrase(f"{person}: {prompt}"))
    path = Path(key_file) if key_file else key_path(person)
    if not path.is_file():
        raise EnvironmentLacksError(
            "LM-CLI-014",
            f"there is no key of {person}",
            where=str(path),
            solution=f"`lotmark key generate --as {person}` makes one; an administrator enrols it",
        )
    return PassphraseSigner.load(path, read_passphrase(f"Passphrase of {person}"))


def read_passphrase(prompt: str) -> str:
    """From the file that LOTMARK_PASSPHRASE_FILE names, else typed at the terminal.

    Raises:
        EnvironmentLacksError: LM-CLI-015 if there is neither.
    """
    place = os.environ.get(PASSPHRASE_FILE)
    if place:
        path = Path(place)
        if path.stat().st_mode & 0o077:
            raise EnvironmentLacksError("LM-CLI-015", "others may read the passphrase file", where=place, solution=f"chmod 600 {place}")
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    if not sys.stdin.isatty():
        raise EnvironmentLacksError(
            "LM-CLI-015", "there is no terminal to type the passphrase at", solution=f"run it at a terminal, or name a file of mode 600 in {PASSPHRASE_FILE}"
        )
    typed: str = click.prompt(prompt, hide_input=True, err=True)
    return typed


def new_passphrase(person: str) -> str:
    """A new passphrase, typed twice at a terminal or taken from the file."""
    first = read_passphrase(f"New passphrase of {person}")
    if not os.environ.get(PASSPHRASE_FILE) and click.prompt("Once more", hide_input=True, err=True) != first:
        raise UsageError("LM-CLI-016", "the two passphrases differ", solution="try again; nothing was written")
    return first
