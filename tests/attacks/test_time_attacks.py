"""Attacks on time, as a user meets them: stamps at the command line and in a bundle (attack T05)."""

import asyncio
import functools
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import keys, tsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from fakes.bundles import pack, unpack
from fakes.tiny_product import call
from lotmark.integrations._rfc3161 import make_request
from servers.tsa import authority, running, stamper

pytestmark = pytest.mark.verifies("REQ-053", "RC-003", "HAZ-001")

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def server():
    with running() as tsa:
        yield tsa


@pytest.fixture
def tsa(server, monkeypatch, tmp_path):
    """An authority, configured with its certificates."""
    real = server.answer
    (tmp_path / "ca.pem").write_bytes(server.root.pem)
    monkeypatch.setenv("LOTMARK_TSA", server.url)
    monkeypatch.setenv("LOTMARK_TSA_CA", str(tmp_path / "ca.pem"))
    yield server
    server.answer = real


@pytest.fixture
def bundle(tsa, tiny_released, tmp_path):
    """A bundle with a stamp over its checkpoint, as files, and how to verify it when it was changed."""
    plain = tmp_path / "plain.zip"
    assert tiny_released.cli("release", "bundle", "-o", str(plain)).code == 0
    size = unpack(plain)["log/checkpoint"].decode().split("\n")[1]
    stamped = tiny_released.cli("log", "timestamp", "--size", size)
    assert stamped.code == 0, stamped.err
    path = tmp_path / "stamped.zip"
    assert tiny_released.cli("release", "bundle", "-o", str(path)).code == 0
    files = unpack(path)
    (name,) = [name for name in files if name.startswith("log/timestamps/")]

    class Bundle:
        def __init__(self):
            self.files, self.name = files, name
            self.text = files["log/checkpoint"].partition(b"\n\n")[0] + b"\n"
            self.nonce = int(name.rpartition("/")[2].removesuffix(".tsr"), 16)

        def verify(self, changes=(), *words):
            changed = {**files, **dict(changes)}
            pack(tmp_path / "changed.zip", {name: data for name, data in changed.items() if data is not None})
            return call("verify", str(tmp_path / "changed.zip"), "--trust", str(tiny_released.folder / "trust.json"), *words)

    return Bundle()


def refused(called):
    assert (called.code, "LM-LED-133" in called.out, "TIMESTAMP_INVALID" in called.out) == (6, True, True), called.out
    assert "broken: do not rely on it" in called.out


def dummy(signer, data, nonce, *, at=NOW):
    """A reply by whatever certificate."""
    store = SimpleCertificateStore()
    certificate = asn1_x509.Certificate.load(signer.certificate.public_bytes(serialization.Encoding.DER))
    store.register(certificate)
    key = keys.PrivateKeyInfo.load(signer.key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    request = tsp.TimeStampReq.load(make_request(data, nonce)[0])
    return DummyTimeStamper(certificate, key, certs_to_embed=store, fixed_dt=at, include_nonce=True).request_tsa_response(request).dump()


def test_a_stamp_in_a_bundle_tells_when_the_log_existed_to_whom_trusts_its_authority(bundle, monkeypatch):
    called = bundle.verify()
    assert (called.code, "says CN=Test TSA" in called.out) == (0, True), called.out
    monkeypatch.delenv("LOTMARK_TSA_CA")
    called = bundle.verify()
    assert (called.code, "not judged" in called.out) == (0, True)


@pytest.mark.attack("T05")
def test_t05_a_stamp_of_another_checkpoint_is_refused(bundle, tiny_released, tmp_path):
    assert tiny_released.cli("log", "timestamp", "--size", "3").code == 0
    with tiny_released.workspace() as workspace:
        (other,) = workspace.ledger.attachments(3)
    nonce = other.name.rpartition("/")[2]
    refused(bundle.verify({bundle.name: None, f"log/timestamps/{nonce:0>16}.tsr": other.data}))


@pytest.mark.attack("T05")
def test_t05_a_stamp_of_another_request_is_refused(bundle):
    refused(bundle.verify({bundle.name: None, "log/timestamps/00000000deadbeef.tsr": bundle.files[bundle.name]}))


@functools.cache
def root():
    return authority("Test root of the attacker's choice")


HOSTILE = {
    "certificate without time stamping": lambda: (stamper("X", root(), usages=(ExtendedKeyUsageOID.CODE_SIGNING,)), NOW),
    "certificate for more than time stamping": lambda: (
        stamper("X", root(), usages=(ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.SERVER_AUTH)),
        NOW,
    ),
    "certificate without extended usage": lambda: (stamper("X", root(), usages=()), NOW),
    "usage not critical": lambda: (stamper("X", root(), critical=False), NOW),
    "expired": lambda: (stamper("X", root(), end=NOW - timedelta(days=2)), NOW),
    "not yet valid": lambda: (stamper("X", root()), NOW - timedelta(days=800)),
    "chain expired": lambda: (stamper("X", authority("Old", by=root(), end=NOW - timedelta(days=2))), NOW),
    "authority of nobody": lambda: (stamper("X", authority("Nobody")), NOW),
}


@pytest.mark.attack("T05")
@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_t05_a_stamp_by_a_certificate_that_may_not_is_refused(bundle, tmp_path, make):
    signer, at = make()
    (tmp_path / "attacker.pem").write_bytes(root().pem)
    trusted = ("--tsa-ca", str(tmp_path / "attacker.pem"))
    good = dummy(stamper("Good", root()), bundle.text, bundle.nonce)
    assert bundle.verify({bundle.name: good}, *trusted).code == 0
    refused(bundle.verify({bundle.name: dummy(signer, bundle.text, bundle.nonce, at=at)}, *trusted))


@pytest.mark.attack("T05")
def test_t05_a_stamp_of_an_authority_that_the_caller_does_not_trust_is_refused(bundle, tmp_path):
    (tmp_path / "other.pem").write_bytes(authority("Other").pem)
    refused(bundle.verify({}, "--tsa-ca", str(tmp_path / "other.pem")))


@pytest.mark.attack("T05")
@pytest.mark.parametrize("data", [b"0", b"\x30\x03\x02\x01\x00", b"<html>"])
def test_t05_what_is_no_stamp_is_refused(bundle, data):
    refused(bundle.verify({bundle.name: data}))


@pytest.mark.attack("T05")
def test_t05_a_wrong_answer_is_not_kept(tsa, tiny_released):
    """The authority answers with a stamp over other bytes, or to another request."""
    sent = []
    real = tsa.answer

    def replay(query):
        sent.append(query)
        return real(sent[0])

    assert tiny_released.cli("log", "timestamp").code == 0
    before = kept(tiny_released)
    tsa.answer = lambda _: real(make_request(b"other bytes")[0])
    called = tiny_released.cli("log", "timestamp")
    assert (called.code, "LM-LED-133" in called.err) == (6, True)
    tsa.answer = replay
    assert tiny_released.cli("log", "timestamp").code == 0
    called = tiny_released.cli("log", "timestamp")
    assert (called.code, "nonce" in called.err) == (6, True)
    assert len(kept(tiny_released)) == len(before) + 1


def kept(tiny):
    with tiny.workspace() as workspace:
        return workspace.ledger.attachments(workspace.ledger.size)


@pytest.mark.attack("T05")
def test_t05_fsck_tells_a_stamp_that_somebody_put_there(tsa, tiny_released):
    assert tiny_released.cli("log", "timestamp").code == 0
    assert tiny_released.cli("log", "fsck").code == 0
    with tiny_released.workspace() as workspace, workspace.attaching() as ledger:
        signer = stamper("X", authority("Nobody"))
        ledger.attach(ledger.size, "rfc3161", "tsa.example.org/7", dummy(signer, b"whatever", 7))
    called = tiny_released.cli("log", "fsck")
    assert (called.code, "LM-LED-133" in called.out, "tsa.example.org/7" in called.out) == (6, True, True)


def test_nothing_of_a_running_loop_is_needed(bundle):
    async def inside():
        return bundle.verify()

    assert asyncio.run(inside()).code == 0
