"""open_signer: one URI -> a Signer, wherever the key lies. Secrets are asked for or read from a guarded file."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from lotmark.attest.api import open_file_signer
from lotmark.attest.ports import Signer
from lotmark.base.errors import EnvironmentLacksError
from lotmark.integrations._key_uri import Ask, KeyUri, is_key_uri, parse_key_uri


def open_signer(uri: str, ask: Ask) -> Signer:
    """The signer that the URI names; nothing is signed by opening it.

    Args:
        uri: ``file:PATH``, ``pkcs11:token=...;object=...?module-path=...``, ``awskms:KEY`` or ``hashivault:KEY``.
        ask: Asks for a passphrase or PIN where one is needed and no ``pin-source`` names a file.

    Raises:
        UsageError: LM-ITG-040, -041.
        EnvironmentLacksError: LM-ITG-042 no such key, -043 no answer, -044 wrong PIN; LM-ATT-025 a key of another
            algorithm; for files as `FileSigner.load` and `PassphraseSigner.load`.
    """
    parsed = parse_key_uri(uri)
    try:
        return _OPENERS[parsed.scheme](parsed, ask)
    except ImportError as error:
        raise EnvironmentLacksError(
            "LM-ITG-045", f"the library for {parsed.scheme}: keys is not installed: {error.name}", solution="pip install 'lotmark[pkcs11,kms]'"
        ) from error


def _open_file(uri: KeyUri, ask: Ask) -> Signer:
    path = Path(unquote(uri.path.removeprefix("//")))
    return open_file_signer(path, lambda: ask(f"Passphrase of {path}"))


def _open_pkcs11(uri: KeyUri, ask: Ask) -> Signer:
    from lotmark.integrations._pkcs11 import open_token_signer

    return open_token_signer(uri, ask)


def _open_aws(uri: KeyUri, _ask: Ask) -> Signer:
    from lotmark.integrations._kms import open_aws_signer

    return open_aws_signer(uri)


def _open_vault(uri: KeyUri, _ask: Ask) -> Signer:
    from lotmark.integrations._kms import open_vault_signer

    return open_vault_signer(uri)


_OPENERS: Final[Mapping[str, Callable[[KeyUri, Ask], Signer]]] = {
    "file": _open_file,
    "pkcs11": _open_pkcs11,
    "awskms": _open_aws,
    "hashivault": _open_vault,
}
"""Scheme -> what opens it; the libraries behind are loaded only then."""


__all__ = ["is_key_uri", "open_signer"]
