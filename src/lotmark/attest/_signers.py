"""Signers over keys in files, and the one way in which a private key reaches the disk.

A machine's key lies in the clear in a file that only its user can read; a person's key is sealed with a passphrase
that is never stored. Both are PKCS#8 PEM, so that openssl opens them too.
"""

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lotmark.attest import _p256, _pkcs8
from lotmark.attest._keys import key_id_of, raw_public_key
from lotmark.base.errors import EnvironmentLacksError, UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

MIN_PASSPHRASE: Final = 12
"""Characters (NIST SP 800-63B asks for 8 behind a rate limit; a file can be attacked offline)."""

PrivateKey = Ed25519PrivateKey | _p256.PrivateKey
"""The private keys that a file may hold."""

_MAX_FILE: Final = 64 * 1024
_CLEAR: Final = b"-----BEGIN PRIVATE KEY-----"
_SEALED: Final = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"


class KeySigner:
    """A Signer over a private key in this process's memory: Ed25519, or P-256 as other tools make them."""

    __slots__ = ("_key_id", "_private", "_public")

    def __init__(self, private: PrivateKey) -> None:
        self._private = private
        self._public = raw_public_key(private.public_key())
        self._key_id = key_id_of(self._public)

    @property
    def key_id(self) -> str:
        return self._key_id

    @property
    def public_key(self) -> bytes:
        return self._public

    def sign(self, data: bytes) -> bytes:
        if isinstance(self._private, Ed25519PrivateKey):
            return self._private.sign(data)
        return _p256.sign(self._private, data)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._key_id[:12]})"


class FileSigner(KeySigner):
    """The Signer of a machine: an unsealed key in a file that nobody else can read."""

    __slots__ = ()

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the key.

        Raises:
            EnvironmentLacksError: LM-ATT-030 unreadable, -031 open to others or a link, -032 no such key, -035 sealed.
        """
        data = read_guarded(path, forbidden=0o177)
        if _SEALED in data:
            raise EnvironmentLacksError(
                "LM-ATT-035",
                "the key is sealed with a passphrase; a machine's key is not",
                where=str(path),
                solution="use the pipeline's own key here, never a person's",
            )
        return cls(_load(data, None, path))


class PassphraseSigner(KeySigner):
    """The Signer of a person: a sealed key, opened with the passphrase that only that person knows."""

    __slots__ = ()

    @classmethod
    def load(cls, path: Path, passphrase: str) -> Self:
        """Read the key and open it.

        Raises:
            EnvironmentLacksError: LM-ATT-030 unreadable, -031 open to others or a link, -032 no such key,
                -033 wrong passphrase, -034 the passphrase is too short to protect it, -035 not sealed.
        """
        data = read_guarded(path, forbidden=0o177)
        if _SEALED not in data and _CLEAR in data:
            raise EnvironmentLacksError(
                "LM-ATT-035",
                "the key is not sealed; a person's key must be",
                where=str(path),
                solution="seal it: openssl pkcs8 -topk8 -v2 aes256 -iter 600000 -in KEY -out SEALED",
            )
        private = _load(data, passphrase.encode("utf-8"), path)
        if len(passphrase) < MIN_PASSPHRASE:
            raise EnvironmentLacksError(
                "LM-ATT-034",
                f"the passphrase has fewer than {MIN_PASSPHRASE} characters",
                where=str(path),
                solution="change it: openssl pkcs8 -topk8 -v2 aes256 -iter 600000 -in KEY -out NEW",
            )
        return cls(private)


def open_file_signer(path: Path, ask: Callable[[], str]) -> KeySigner:
    """The key in a file, sealed or not; `ask` gives the passphrase of a sealed one and is not called for any other.

    Raises:
        EnvironmentLacksError: as `PassphraseSigner.load` and `FileSigner.load`.
    """
    if _SEALED in read_guarded(path, forbidden=0o177):
        return PassphraseSigner.load(path, ask())
    return FileSigner.load(path)


def _load(data: bytes, passphrase: bytes | None, path: Path) -> PrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if _CLEAR not in data and _SEALED not in data:
        raise EnvironmentLacksError(
            "LM-ATT-032", "the file holds no PKCS#8 PEM private key", where=str(path), solution="make a key with `lotmark key generate`"
        )
    try:
        key = load_pem_private_key(data, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if passphrase is None:
            raise EnvironmentLacksError(
                "LM-ATT-032", "the private key in the file cannot be read", where=str(path), solution="restore the file, or revoke the key and enrol a new one"
            ) from error
        raise EnvironmentLacksError(
            "LM-ATT-033",
            "the passphrase does not open the key",
            where=str(path),
            solution="type the passphrase of this key; if it is lost, revoke the key and enrol a new one",
        ) from error
    if not isinstance(key, Ed25519PrivateKey) and not _p256.is_private_key(key):
        raise EnvironmentLacksError(
            "LM-ATT-032",
            "ALGORITHM_NOT_ALLOWED: the private key in the file is neither Ed25519 nor P-256",
            where=str(path),
            solution="make a key with `lotmark key generate`",
        )
    return key


def write_key(path: Path, private: "Ed25519PrivateKey | MLDSA44PrivateKey", passphrase: str | None) -> None:
    """Write the key as PKCS#8 PEM with mode 0600, whole or not at all; an existing file is never touched.

    Raises:
        UsageError: LM-ATT-034 the passphrase is too short, -036 the file exists.
        EnvironmentLacksError: LM-ATT-039 the disk refused.
    """
    from cryptography.hazmat.primitives import serialization

    if passphrase is None:
        data = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    elif len(passphrase) < MIN_PASSPHRASE:
        raise UsageError("LM-ATT-034", f"the passphrase has fewer than {MIN_PASSPHRASE} characters", solution="choose a longer one; five random words are good")
    else:
        der = private.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        data = _pkcs8.encrypt_pkcs8(der, passphrase.encode("utf-8"), rounds=_pkcs8.ROUNDS)
    try:
        write_private(path, data, replace=False)
    except FileExistsError as error:
        raise UsageError(
            "LM-ATT-036", "the key file exists and is never overwritten", where=str(path), solution="choose another path, or move the old key away yourself"
        ) from error
    except OSError as error:
        raise EnvironmentLacksError(
            "LM-ATT-039", f"the key cannot be written: {error.strerror}", where=str(path), solution="free the disk or choose a folder that you may write to"
        ) from error


def write_private(path: Path, data: bytes, *, replace: bool) -> None:
    """Write a file that only its user can read: whole or not at all, on the disk when this returns.

    Raises:
        FileExistsError: if the file exists and `replace` is not asked for.
        OSError: if the disk refuses; nothing is left behind.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            os.fchmod(stream.fileno(), 0o600)
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if replace:
            draft.replace(path)
        else:
            os.link(draft, path, follow_symlinks=False)  # unlike rename, a link never replaces
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_guarded(path: Path, *, forbidden: int) -> bytes:
    """The bytes of a small regular file whose mode has none of the `forbidden` bits; checked on the open file, no race.

    Raises:
        EnvironmentLacksError: LM-ATT-030 unreadable or too large, LM-ATT-031 a link, no plain file or too open.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if path.is_symlink():
            raise EnvironmentLacksError("LM-ATT-031", "the file is a symbolic link", where=str(path), solution="give the path of the file itself") from error
        raise EnvironmentLacksError(
            "LM-ATT-030", f"the file cannot be read: {error.strerror}", where=str(path), solution="check the path and whose file it is"
        ) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise EnvironmentLacksError("LM-ATT-031", "this is no plain file", where=str(path), solution="give the path of a plain file")
        if status.st_mode & forbidden:
            raise EnvironmentLacksError(
                "LM-ATT-031",
                f"the file has mode {stat.S_IMODE(status.st_mode):04o}, others may touch it",
                where=str(path),
                solution=f"chmod 600 {path}; if others could read a key, revoke it",
            )
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            data = stream.read(_MAX_FILE + 1)
    finally:
        os.close(descriptor)
    if len(data) > _MAX_FILE:
        raise EnvironmentLacksError("LM-ATT-030", f"the file has more than {_MAX_FILE} bytes", where=str(path), solution="check that this is the right file")
    return data
