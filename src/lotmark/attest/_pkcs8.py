"""PKCS#8 with a passphrase (RFC 5958, RFC 8018 PBES2): PBKDF2-HMAC-SHA-256 and AES-256-CBC.

cryptography's own writer takes 2,048 PBKDF2 rounds and no other number, so the envelope is built here; every reader of
PKCS#8 (cryptography, ``openssl pkey``) opens it.
"""

import base64
import hashlib
import os
from typing import Final

ROUNDS: Final = 600_000
"""PBKDF2 rounds: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#pbkdf2"""

_PBES2: Final = bytes.fromhex("06092a864886f70d01050d")
_PBKDF2: Final = bytes.fromhex("06092a864886f70d01050c")
_HMAC_SHA256: Final = bytes.fromhex("300c06082a864886f70d02090500")
_AES256_CBC: Final = bytes.fromhex("060960864801650304012a")
_BLOCK: Final = 16


def encrypt_pkcs8(der: bytes, passphrase: bytes, *, rounds: int) -> bytes:
    """Clear PKCS#8 DER -> ``ENCRYPTED PRIVATE KEY`` PEM with a fresh salt and IV."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    salt, iv = os.urandom(_BLOCK), os.urandom(_BLOCK)
    key = hashlib.pbkdf2_hmac("sha256", passphrase, salt, rounds, dklen=32)
    fill = _BLOCK - len(der) % _BLOCK
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    sealed = encryptor.update(der + bytes([fill]) * fill) + encryptor.finalize()
    count = rounds.to_bytes(rounds.bit_length() // 8 + 1, "big")
    derivation = _sequence(_PBKDF2, _sequence(_der(0x04, salt), _der(0x02, count), _HMAC_SHA256))
    scheme = _sequence(_PBES2, _sequence(derivation, _sequence(_AES256_CBC, _der(0x04, iv))))
    return _pem("ENCRYPTED PRIVATE KEY", _sequence(scheme, _der(0x04, sealed)))


def _sequence(*parts: bytes) -> bytes:
    return _der(0x30, b"".join(parts))


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 0x80 else bytes([0x81, size])  # an Ed25519 key never needs two length bytes
    return bytes([tag]) + length + content


def _pem(label: str, der: bytes) -> bytes:
    text = base64.b64encode(der).decode("ascii")
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode("ascii")
