"""A time stamping authority on loopback: `openssl ts -reply` behind a small HTTP server, with a certificate authority of its own."""

import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

YEAR = timedelta(days=365)


@dataclass
class Issued:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def authority(name: str, *, by: Issued | None = None, start: datetime | None = None, end: datetime | None = None) -> Issued:
    """A certificate authority; the root of all without `by`."""
    return _issue(name, by, start, end, [(x509.BasicConstraints(ca=True, path_length=None), True), (_usage(ca=True), True)])


def stamper(
    name: str, by: Issued, *, usages=(ExtendedKeyUsageOID.TIME_STAMPING,), critical: bool = True, start: datetime | None = None, end: datetime | None = None
) -> Issued:
    """The certificate of a time stamping authority, with these extended key usages (none for no extension)."""
    extensions = [(x509.BasicConstraints(ca=False, path_length=None), True), (_usage(ca=False), True)]
    if usages:
        extensions.append((x509.ExtendedKeyUsage(usages), critical))
    return _issue(name, by, start, end, extensions)


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=ca, crl_sign=ca, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _issue(name: str, by: Issued | None, start: datetime | None, end: datetime | None, extensions) -> Issued:
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start or now - YEAR)
        .not_valid_after(end or now + YEAR)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key((by.key if by else key).public_key()), critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return Issued(builder.sign((by or Issued(None, key)).key, hashes.SHA256()), key)


@dataclass
class Tsa:
    """A running authority; `answer` may be replaced by a test that wants a broken one."""

    url: str
    root: Issued
    answer: Callable[[bytes], tuple[int, str, bytes]]
    requests: list[bytes] = field(default_factory=list)


def openssl_answer(folder: Path, signer: Issued, chain: tuple[Issued, ...] = ()) -> Callable[[bytes], tuple[int, str, bytes]]:
    """An answerer that lets openssl sign; with `chain` the reply carries those certificates too."""
    if shutil.which("openssl") is None:
        pytest.skip("not installed: openssl")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "signer.pem").write_bytes(signer.pem)
    (folder / "signer.key").write_bytes(signer.key_pem)
    (folder / "chain.pem").write_bytes(b"".join(each.pem for each in chain))
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(_CONF.format(folder=folder))
    mutex = threading.Lock()

    def answer(query: bytes) -> tuple[int, str, bytes]:
        with mutex:
            (folder / "query").write_bytes(query)
            command = ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query", "-signer", "signer.pem", "-inkey", "signer.key", "-out", "reply"]
            done = subprocess.run([*command, *(["-chain", "chain.pem"] if chain else [])], cwd=folder, capture_output=True)
            return (200, "application/timestamp-reply", (folder / "reply").read_bytes()) if done.returncode == 0 else (500, "text/plain", done.stderr)

    return answer


@contextmanager
def running(*, chain: bool = True) -> Iterator[Tsa]:
    """An authority whose certificate was issued by an intermediate one; with `chain` its replies carry that too."""
    folder = Path(tempfile.mkdtemp(prefix="lotmark-tsa-"))
    root = authority("Test root")
    middle = authority("Test intermediate", by=root)
    tsa = Tsa("", root, openssl_answer(folder, stamper("Test TSA", middle if chain else root), (middle,) if chain else ()))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            tsa.requests.append(query)
            status, kind, body = tsa.answer(query)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            if status in {301, 302, 307}:
                self.send_header("Location", body.decode())
                body = b""
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    tsa.url = f"http://127.0.0.1:{server.server_address[1]}/tsr"
    try:
        yield tsa
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        shutil.rmtree(folder, ignore_errors=True)


_CONF = """[tsa]
default_tsa = own
[own]
dir = {folder}
serial = {folder}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = no
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""
