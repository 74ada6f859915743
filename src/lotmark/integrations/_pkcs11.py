"""A signer over a key in a PKCS#11 token (HSM, smart card, SoftHSM): RFC 7512 names it, the key never leaves the token.

Ed25519 by CKM_EDDSA and P-256 by CKM_ECDSA (PKCS#11 3.0). The module is named by ``module-path`` or LOTMARK_PKCS11_MODULE.
Logging in to a token holds for the whole process and many modules bear one thread only, so each signature is a session of
its own, one at a time.
"""

import hashlib
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11 import exceptions as refused

from lotmark.attest.api import canonical_signature, check_public_key, key_id_of
from lotmark.base.errors import EnvironmentLacksError
from lotmark.integrations._key_uri import Ask, KeyUri, no_answer, no_such_key, not_a_uri, read_pin

MODULE: Final = "LOTMARK_PKCS11_MODULE"
_KNOWN: Final = frozenset({"token", "serial", "object", "id", "type", "manufacturer", "model"})
_OF_TOKEN: Final = (refused.NoSuchToken, refused.MultipleTokensReturned)
_OF_KEY: Final = (refused.NoSuchKey, refused.MultipleObjectsReturned)
_OF_PIN: Final = (refused.PinIncorrect, refused.PinInvalid, refused.PinLenRange, refused.PinLocked)
_HALF: Final = 32
_OCTET_STRING: Final = 0x04
_ONE_AT_A_TIME: Final = threading.Lock()


class TokenSigner:
    """A Signer whose key lies in a token. It keeps the PIN, not the session."""

    def __init__(self, token: Any, pin: str, wanted: Mapping[str, Any]) -> None:
        """The key pair that `wanted` (label, id) names in the token.

        Raises:
            EnvironmentLacksError: as `open_signer`.
        """
        self._token = token
        self._pin = pin
        self._wanted = dict(wanted)
        with self._session() as session:
            kind = self._key(session, ObjectClass.PRIVATE_KEY).key_type
            if kind not in {KeyType.EC_EDWARDS, KeyType.EC}:
                raise EnvironmentLacksError(
                    "LM-ATT-025",
                    f"ALGORITHM_NOT_ALLOWED: the key in the token is {getattr(kind, 'name', kind)}",
                    solution="make an Ed25519 or P-256 key in the token and enrol that",
                )
            self._edwards = kind == KeyType.EC_EDWARDS
            self._public = _point(bytes(self._key(session, ObjectClass.PUBLIC_KEY)[Attribute.EC_POINT]))
        check_public_key(self._public)

    @property
    def key_id(self) -> str:
        return key_id_of(self._public)

    @property
    def public_key(self) -> bytes:
        return self._public

    def sign(self, data: bytes) -> bytes:
        """The token's signature over `data`, in its one form.

        Raises:
            EnvironmentLacksError: as `open_signer`, if the token was taken out, locked or emptied meanwhile.
        """
        with self._session() as session:
            private = self._key(session, ObjectClass.PRIVATE_KEY)
            if self._edwards:
                return bytes(private.sign(data, mechanism=Mechanism.EDDSA))
            # CKM_ECDSA signs a digest and gives r and s side by side; CKM_ECDSA_SHA256 is missing in many tokens.
            pair = bytes(private.sign(hashlib.sha256(data).digest(), mechanism=Mechanism.ECDSA))
        return canonical_signature(self._public, _der_signature(pair))

    def _key(self, session: Any, kind: ObjectClass) -> Any:
        return session.get_key(object_class=kind, **self._wanted)

    @contextmanager
    def _session(self) -> Iterator[Any]:
        """A session that is logged in; what the token raises in it is translated."""
        label = f"the token {self._token.label}"
        try:
            with _ONE_AT_A_TIME, self._token.open(user_pin=self._pin) as session:
                yield session
        except _OF_PIN as error:
            raise EnvironmentLacksError("LM-ITG-044", f"{label} refuses the PIN: {_tell(error)}", solution="type the PIN of the token's user") from error
        except _OF_KEY as error:
            raise no_such_key(label, f"no key pair is called so, or several are: {_tell(error)}") from error
        except pkcs11.PKCS11Error as error:
            raise no_answer(label, _tell(error)) from error


def open_token_signer(uri: KeyUri, ask: Ask) -> TokenSigner:
    """The signer of a ``pkcs11:`` URI.

    Raises:
        UsageError, EnvironmentLacksError: as `open_signer`.
    """
    attributes = uri.attributes()
    unknown = attributes.keys() - _KNOWN
    if unknown:
        raise not_a_uri(uri.text, f"unknown: {', '.join(sorted(unknown))}")
    wanted: dict[str, Any] = {}
    if "object" in attributes:
        wanted["label"] = attributes["object"]
    if "id" in attributes:
        wanted["id"] = attributes["id"].encode("utf-8", "surrogateescape")
    if not wanted:
        raise not_a_uri(uri.text, "it names neither object nor id")
    module = uri.query.get("module-path") or os.environ.get(MODULE)
    if not module:
        raise not_a_uri(uri.text, f"it names no module: add ?module-path=/usr/lib/...so, or set {MODULE}")
    where: dict[str, Any] = {}
    if "token" in attributes:
        where["token_label"] = attributes["token"]
    if "serial" in attributes:
        where["token_serial"] = attributes["serial"].encode()
    try:
        with _ONE_AT_A_TIME:
            token = pkcs11.lib(module).get_token(**where)
    except _OF_TOKEN as error:
        raise no_such_key("the module", "it has no such token, or several") from error
    except (pkcs11.PKCS11Error, RuntimeError, OSError) as error:
        raise no_answer(f"the module {module}", _tell(error)) from error
    return TokenSigner(token, read_pin(uri, ask, f"PIN of the token {token.label}"), wanted)


def _point(value: bytes) -> bytes:
    """CKA_EC_POINT, which most tokens wrap into a DER OCTET STRING and some do not -> the bytes of the point."""
    wrapped = len(value) > 2 and value[0] == _OCTET_STRING and value[1] == len(value) - 2
    return value[2:] if wrapped else value


def _der_signature(pair: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    if len(pair) != 2 * _HALF:
        raise no_answer("the token", f"a signature of {len(pair)} bytes")
    return encode_dss_signature(int.from_bytes(pair[:_HALF], "big"), int.from_bytes(pair[_HALF:], "big"))


def _tell(error: BaseException) -> str:
    return f"{type(error).__name__} {error}".strip()
