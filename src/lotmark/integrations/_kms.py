"""Signers over keys in a key service, through securesystemslib: AWS KMS, and the transit engine of HashiCorp Vault.

Credentials and addresses are the ambient ones of each client (AWS_*, VAULT_ADDR, VAULT_TOKEN), never part of a URI.
"""

import base64
import binascii
from typing import Any, Final

from lotmark.attest.api import canonical_signature, key_id_of, parse_public_pem
from lotmark.attest.ports import Signer
from lotmark.base.errors import EnvironmentLacksError, UsageError
from lotmark.integrations._key_uri import KeyUri, no_answer, no_such_key, not_a_uri

_P256: Final = "ecdsa-sha2-nistp256"


class ServiceSigner:
    """A Signer over a securesystemslib signer; its answer is brought into the one form of a signature."""

    def __init__(self, service: str, signer: Any, public_key: bytes, errors: tuple[type[Exception], ...]) -> None:
        self._service = service
        self._signer = signer
        self._public = public_key
        self._errors: tuple[type[Exception], ...] = (*errors, ValueError, KeyError, IndexError, TypeError)

    @property
    def key_id(self) -> str:
        return key_id_of(self._public)

    @property
    def public_key(self) -> bytes:
        return self._public

    def sign(self, data: bytes) -> bytes:
        """The service's signature over `data`.

        Raises:
            EnvironmentLacksError: LM-ITG-043 if the service refuses, is away, or answers nonsense.
        """
        try:
            return canonical_signature(self._public, bytes.fromhex(self._signer.sign(data).signature))
        except self._errors as error:
            raise no_answer(self._service, _tell(error)) from error


def open_aws_signer(uri: KeyUri) -> Signer:
    """The signer of ``awskms:KEY``: key id, ARN, ``alias/NAME`` or alias ARN of an ECC_NIST_P256 signing key.

    Raises:
        UsageError, EnvironmentLacksError: as `open_signer`.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from securesystemslib.exceptions import UnsupportedAlgorithmError
    from securesystemslib.signer import AWSSigner

    key = uri.path.lstrip("/")
    try:
        _, public = AWSSigner.import_(key, _P256)
        return ServiceSigner("AWS KMS", AWSSigner(key, public), _raw(public.keyval["public"].encode()), (BotoCoreError, ClientError))
    except UnsupportedAlgorithmError as error:
        raise _other_algorithm("AWS KMS") from error
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "NotFoundException":
            raise no_such_key("AWS KMS", f"there is no key {key}") from error
        raise no_answer("AWS KMS", _tell(error)) from error
    except (BotoCoreError, ValueError, KeyError) as error:
        raise no_answer("AWS KMS", _tell(error)) from error


def open_vault_signer(uri: KeyUri) -> Signer:
    """The signer of ``hashivault:NAME?version=N``: a transit key of type ed25519 or ecdsa-p256, its newest version by default.

    Raises:
        UsageError, EnvironmentLacksError: as `open_signer`.
    """
    import hvac
    import requests
    from hvac.exceptions import InvalidPath, VaultError
    from securesystemslib.signer import SSlibKey, VaultSigner

    class P256VaultSigner(VaultSigner):
        """As its base, which knows Ed25519 alone: a P-256 key is told the hash and the form of its signature."""

        def sign(self, payload: bytes) -> Any:
            from securesystemslib.signer import Signature

            answer = self._client.secrets.transit.sign_data(
                self.hv_key_name,
                hash_input=base64.b64encode(payload).decode(),
                key_version=self.hv_key_version,
                hash_algorithm="sha2-256",
                marshaling_algorithm="asn1",
            )
            return Signature(self.public_key.keyid, base64.b64decode(answer["data"]["signature"].split(":")[2]).hex())

    errors = (VaultError, requests.RequestException)
    name = uri.path.lstrip("/")
    version = uri.query.get("version", "")
    if uri.query.keys() - {"version"} or (version and not version.isascii()) or (version and not version.isdigit()):
        raise not_a_uri(uri.text, "after the name may stand ?version=N alone")
    try:
        data = hvac.Client().secrets.transit.read_key(name)["data"]
        chosen = version or max(data["keys"], key=int)
        if chosen not in data["keys"]:
            raise no_such_key("Vault", f"the key {name} has no version {chosen}")
        text = data["keys"][chosen]["public_key"]
        if data["type"] == "ed25519":
            raw, kind = base64.b64decode(text, validate=True), VaultSigner
        elif data["type"] == "ecdsa-p256":
            raw, kind = _raw(text.encode()), P256VaultSigner
        else:
            raise _other_algorithm("Vault")
        public = SSlibKey("", data["type"], data["type"], {"public": text})
        return ServiceSigner("Vault", kind(name, public, int(chosen)), raw, errors)
    except InvalidPath as error:
        raise no_such_key("Vault", f"there is no transit key {name}") from error
    except (*errors, ValueError, KeyError, TypeError, binascii.Error) as error:
        raise no_answer("Vault", _tell(error)) from error


def _raw(pem: bytes) -> bytes:
    try:
        return parse_public_pem(pem)
    except UsageError as error:
        raise EnvironmentLacksError(error.code, error.reason, solution=error.solution) from error


def _other_algorithm(service: str) -> EnvironmentLacksError:
    return EnvironmentLacksError(
        "LM-ATT-025",
        f"ALGORITHM_NOT_ALLOWED: the key in {service} is neither Ed25519 nor P-256",
        solution="make an ed25519 or ecdsa-p256 (ECC_NIST_P256) signing key there and enrol that",
    )


def _tell(error: BaseException) -> str:
    # One line, and short: such errors quote whole responses.
    return f"{type(error).__name__} {' '.join(str(error).split())[:200]}".strip()
