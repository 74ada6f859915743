"""Signer: the port through which every room signs; the private key stays behind it (file, HSM, KMS, a person's token)."""

from typing import Protocol


class Signer(Protocol):
    """Signs bytes with one Ed25519 key.

    `key_id` is the SHA-256 (hex) of the DER SubjectPublicKeyInfo, `public_key` the 32 raw bytes. An implementation
    may refuse (`EnvironmentLacksError`), it never returns a signature that `public_key` does not verify.
    """

    @property
    def key_id(self) -> str: ...

    @property
    def public_key(self) -> bytes: ...

    def sign(self, data: bytes) -> bytes:
        """The 64-byte Ed25519 signature (RFC 8032) over exactly `data`."""
        ...
