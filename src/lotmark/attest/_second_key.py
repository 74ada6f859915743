"""The second key of a log: ML-DSA-44 (FIPS 204) beside Ed25519, for records that must outlast what is known of elliptic curves today.

It signs checkpoints alone and stands in trust policies, never in key events: no envelope is signed with it.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lotmark.attest._signers import read_guarded, write_key
from lotmark.base.errors import EnvironmentLacksError
from lotmark.tlog.api import format_vkey, make_key
from lotmark.tlog.models import KeyType

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

_LACKS: Final = "this machine's cryptography library has no ML-DSA-44"


class SecondLogSigner:
    """A Signer over an ML-DSA-44 private key: 1,312 bytes of public key, 2,420 of signature."""

    __slots__ = ("_private", "key_id", "public_key")

    def __init__(self, private: "MLDSA44PrivateKey") -> None:
        import hashlib

        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        public = private.public_key()
        self._private = private
        self.public_key = public.public_bytes_raw()
        self.key_id = hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()

    @classmethod
    def make(cls, path: Path) -> "SecondLogSigner":
        """A fresh key, written to `path` as PKCS#8 PEM with mode 0600; a file that exists is never touched.

        Raises:
            EnvironmentLacksError: LM-ATT-053 without ML-DSA-44 on this machine, LM-ATT-039 if the disk refused.
            UsageError: LM-ATT-036 if the file exists.
        """
        private = _algorithm().generate()
        write_key(path, private, None)
        return cls(private)

    @classmethod
    def load(cls, path: Path) -> "SecondLogSigner":
        """The key in a file.

        Raises:
            EnvironmentLacksError: LM-ATT-030 unreadable, -031 open to others or a link, -032 no such key, -053 without ML-DSA-44 on this machine.
        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        algorithm = _algorithm()
        data = read_guarded(path, forbidden=0o177)
        try:
            private: Any = load_pem_private_key(data, None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            private = None
        if not isinstance(private, algorithm):
            raise EnvironmentLacksError(
                "LM-ATT-032",
                "the file holds no ML-DSA-44 private key",
                where=str(path),
                solution="restore the file, or make another with `lotmark key log second --replace`",
            )
        return cls(private)

    def sign(self, data: bytes) -> bytes:
        """The 2,420 bytes of the signature over `data`, with an empty context."""
        return self._private.sign(data)

    def vkey(self, origin: str) -> str:
        """The key as the trust policy of the log `origin` names it."""
        return format_vkey(make_key(origin, self.public_key, KeyType.MLDSA44))


def _algorithm() -> "type[MLDSA44PrivateKey]":
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

        MLDSA44PrivateKey.from_seed_bytes(bytes(32))  # the library may know the algorithm, and the OpenSSL below it not
    except (ImportError, UnsupportedAlgorithm) as error:
        raise EnvironmentLacksError("LM-ATT-053", _LACKS, solution="install cryptography 47 or newer on OpenSSL 3.5 or newer") from error
    return MLDSA44PrivateKey
