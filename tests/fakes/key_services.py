"""Key services on loopback, with real keys and the answers of the real ones: AWS KMS (JSON 1.1) and Vault's transit engine.

AWS: https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html, API_GetPublicKey.html
Vault: https://developer.hashicorp.com/vault/api-docs/secret/transit
"""

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
Answer = tuple[int, dict[str, Any]]


def p256_key(name: str) -> ec.EllipticCurvePrivateKey:
    """The P-256 key that belongs to the name."""
    return ec.derive_private_key(int.from_bytes(hashlib.sha256(name.encode()).digest(), "big") % ORDER, ec.SECP256R1())


def other_half(signature: bytes) -> bytes:
    """The second signature that anybody can make of an ECDSA signature: (r, n - s)."""
    r, s = decode_dss_signature(signature)
    return encode_dss_signature(r, ORDER - s)


def with_high_s(signature: bytes) -> bytes:
    """The one of the two with the higher s, which a key service may just as well give."""
    return signature if decode_dss_signature(signature)[1] > ORDER // 2 else other_half(signature)


class AwsKms:
    """Keys by id; `calls` counts operations, `fault` is a (status, type) that every call answers with."""

    def __init__(self) -> None:
        self.keys: dict[str, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey] = {}
        self.aliases: dict[str, str] = {}
        self.disabled: set[str] = set()
        self.fault: tuple[int, str] | None = None
        self.high_s = True
        self.tamper: Callable[[bytes], bytes] = bytes
        self.calls: list[str] = []

    def answer(self, method: str, path: str, headers: Any, body: bytes) -> Answer:
        if method != "POST" or path != "/" or not headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 Credential="):
            return 403, {"__type": "MissingAuthenticationTokenException", "message": "Missing Authentication Token"}
        operation = headers.get("X-Amz-Target", "").removeprefix("TrentService.")
        self.calls.append(operation)
        if self.fault is not None:
            return self.fault[0], {"__type": self.fault[1], "message": "as told"}
        told = json.loads(body)
        key_id = told["KeyId"].rpartition(":key/")[2] if ":key/" in told["KeyId"] else told["KeyId"]
        key_id = self.aliases.get(key_id.rpartition(":")[2], key_id)
        key = self.keys.get(key_id)
        if key is None:
            return 400, {"__type": "NotFoundException", "message": f"Key 'arn:aws:kms:eu-central-1:111122223333:key/{key_id}' does not exist"}
        if key_id in self.disabled:
            return 400, {"__type": "DisabledException", "message": f"{key_id} is disabled."}
        return self._public(key_id, key) if operation == "GetPublicKey" else self._sign(key_id, key, told)

    def _algorithms(self, key: Any) -> list[str]:
        if isinstance(key, rsa.RSAPrivateKey):
            return ["RSASSA_PSS_SHA_256", "RSASSA_PKCS1_V1_5_SHA_256"]
        return ["ECDSA_SHA_256"] if key.curve.name == "secp256r1" else ["ECDSA_SHA_384"]

    def _public(self, key_id: str, key: Any) -> Answer:
        der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return 200, {
            "KeyId": key_id,
            "PublicKey": base64.b64encode(der).decode(),
            "KeySpec": "ECC_NIST_P256" if len(der) == 91 else "OTHER",
            "KeyUsage": "SIGN_VERIFY",
            "SigningAlgorithms": self._algorithms(key),
        }

    def _sign(self, key_id: str, key: Any, told: dict[str, Any]) -> Answer:
        if told["SigningAlgorithm"] not in self._algorithms(key):
            return 400, {"__type": "InvalidKeyUsageException", "message": "not that algorithm"}
        message = base64.b64decode(told["Message"])
        if told.get("MessageType") == "DIGEST":
            if len(message) != 32:
                return 400, {"__type": "ValidationException", "message": "Digest is invalid length for algorithm ECDSA_SHA_256."}
            signature = key.sign(message, ec.ECDSA(Prehashed(hashes.SHA256())))
        else:
            signature = key.sign(message, ec.ECDSA(hashes.SHA256()))
        if self.high_s:
            signature = with_high_s(signature)
        signature = self.tamper(signature)
        return 200, {"KeyId": key_id, "Signature": base64.b64encode(signature).decode(), "SigningAlgorithm": told["SigningAlgorithm"]}


class Vault:
    """Transit keys: name -> its versions, oldest first; every request must carry `token`."""

    TOKEN = "hvs.test"

    def __init__(self) -> None:
        self.keys: dict[str, list[Any]] = {}
        self.sealed = False
        self.high_s = True
        self.calls: list[str] = []

    def answer(self, method: str, path: str, headers: Any, body: bytes) -> Answer:
        self.calls.append(f"{method} {path}")
        if self.sealed:
            return 503, {"errors": ["Vault is sealed"]}
        if headers.get("X-Vault-Token") != self.TOKEN:
            return 403, {"errors": ["permission denied"]}
        parts = path.removeprefix("/v1/transit/").split("/")
        if len(parts) != 2 or parts[1] not in self.keys:
            return 404, {"errors": []}
        versions = self.keys[parts[1]]
        if parts[0] == "keys" and method == "GET":
            public = {str(number): {"public_key": self._public(key), "creation_time": "2026-11-23T12:00:00Z"} for number, key in enumerate(versions, 1)}
            return 200, {"data": {"name": parts[1], "type": self._type(versions[0]), "keys": public, "latest_version": len(versions)}}
        if parts[0] == "sign" and method in {"POST", "PUT"}:
            return self._sign(versions, json.loads(body))
        return 405, {"errors": ["unsupported operation"]}

    def _type(self, key: Any) -> str:
        if isinstance(key, Ed25519PrivateKey):
            return "ed25519"
        return "rsa-2048" if isinstance(key, rsa.RSAPrivateKey) else {"secp256r1": "ecdsa-p256", "secp384r1": "ecdsa-p384"}[key.curve.name]

    def _public(self, key: Any) -> str:
        if isinstance(key, Ed25519PrivateKey):
            return base64.b64encode(key.public_key().public_bytes_raw()).decode()
        return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def _sign(self, versions: list[Any], told: dict[str, Any]) -> Answer:
        number = told.get("key_version") or len(versions)
        if not 1 <= number <= len(versions):
            return 400, {"errors": ["cannot sign: version does not exist"]}
        key, message = versions[number - 1], base64.b64decode(told["input"])
        if isinstance(key, Ed25519PrivateKey):
            signature = key.sign(message)
        elif isinstance(key, rsa.RSAPrivateKey):
            signature = key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        else:
            chosen = {"sha2-256": hashes.SHA256(), "sha2-512": hashes.SHA512()}[told.get("hash_algorithm", "sha2-256")]
            signature = key.sign(message, ec.ECDSA(chosen))
            if self.high_s:
                signature = with_high_s(signature)
            if told.get("marshaling_algorithm", "asn1") == "jws":
                r, s = decode_dss_signature(signature)
                return 200, {"data": {"signature": f"vault:v{number}:{base64.urlsafe_b64encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big')).decode()}"}}
        return 200, {"data": {"signature": f"vault:v{number}:{base64.b64encode(signature).decode()}", "key_version": number}}


@contextmanager
def served(service: AwsKms | Vault) -> Iterator[str]:
    """The service on a free port of loopback; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, answer = service.answer(self.command, self.path.partition("?")[0], self.headers, body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1" if isinstance(service, AwsKms) else "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = _handle

        def log_message(self, *args: object) -> None:
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def holds(key: ec.EllipticCurvePrivateKey, signature: bytes, message: bytes) -> bool:
    """Whether an ordinary ECDSA verifier accepts the signature, high s or low."""
    try:
        key.public_key().verify(signature, message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
