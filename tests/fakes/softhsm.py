"""A SoftHSM token in a temporary folder, with real keys in it; the module stays loaded, so there is one token for a test process."""

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
TOKEN, PIN = "lotmark", "12345678"
EDWARDS25519 = bytes.fromhex("06032b6570")
"""DER of the object identifier 1.3.101.112 (RFC 8410)."""


@cache
def token() -> Any:
    """The token, with an Ed25519 and a P-256 key pair in it, and keys that Lotmark must refuse."""
    pkcs11 = pytest.importorskip("pkcs11")
    if not MODULE.exists() or shutil.which("softhsm2-util") is None:
        pytest.skip("softhsm2 is not installed")
    folder = Path(tempfile.mkdtemp(prefix="lotmark-softhsm-"))
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    command = ["softhsm2-util", "--init-token", "--free", "--label", TOKEN, "--pin", PIN, "--so-pin", PIN]
    subprocess.run(command, check=True, capture_output=True)
    made = pkcs11.lib(str(MODULE)).get_token(token_label=TOKEN)
    with made.open(rw=True, user_pin=PIN) as session:
        _fill(pkcs11, session)
    return made


def _fill(pkcs11: Any, session: Any) -> None:
    from pkcs11.util.ec import encode_named_curve_parameters

    def pair(curve: str, label: str, key_id: bytes) -> None:
        parameters = session.create_domain_parameters(pkcs11.KeyType.EC, {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters(curve)}, local=True)
        parameters.generate_keypair(store=True, label=label, id=key_id, mechanism=pkcs11.Mechanism.EC_KEY_PAIR_GEN)

    pair("secp256r1", "p256", b"\x01")
    pair("secp384r1", "p384", b"\x03")
    pair("secp256r1", "twice", b"\x05")
    pair("secp256r1", "twice", b"\xff\x06")
    edwards = session.create_domain_parameters(pkcs11.KeyType.EC_EDWARDS, {pkcs11.Attribute.EC_PARAMS: EDWARDS25519}, local=True)
    edwards.generate_keypair(store=True, label="ed25519", id=b"\x02", mechanism=pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN)
    session.generate_keypair(pkcs11.KeyType.RSA, 2048, store=True, label="rsa", id=b"\x04")


def uri(name: str, *, more: str = "") -> str:
    """The RFC 7512 URI of a key of the token."""
    token()
    return f"pkcs11:token={TOKEN};object={name}?module-path={MODULE}{more}"
