"""Time stamps: what an authority on loopback signs is verified; everything else is refused."""

import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import cms, keys, tsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from lotmark.base.errors import EnvironmentLacksError, IntegrityError, UsageError
from lotmark.integrations import _rfc3161
from lotmark.integrations._rfc3161 import MAX_REPLY, CertificateVerifier, make_request, parse_certificates
from lotmark.integrations._tsa import TsaClient
from servers.tsa import YEAR, authority, running, stamper

pytestmark = pytest.mark.verifies("REQ-053", "RC-003", "HAZ-001")

DATA = b"example.org/log\n7\nroot\n"
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module", params=[True, False], ids=["with chain", "without chain"])
def tsa(request):
    with running(chain=request.param) as server:
        yield server


def roots(*issued):
    return parse_certificates(b"".join(each.pem for each in issued), "ca.pem")


def refusal(reply, data=DATA, *, trusted=(), nonce=None):
    with pytest.raises(IntegrityError) as caught:
        CertificateVerifier(roots(*trusted) if trusted else ()).verify(reply, data, nonce=nonce)
    assert (caught.value.code, caught.value.reason.startswith("TIMESTAMP_INVALID: ")) == ("LM-LED-133", True)
    return caught.value.reason


# ---- an authority that is as it should be


def test_a_stamp_of_openssl_is_verified_by_its_root_alone(tsa):
    reply, nonce = TsaClient(tsa.url).stamp(DATA)
    stamp = CertificateVerifier(roots(tsa.root)).verify(reply, DATA, nonce=nonce)
    assert stamp.authority == "CN=Test TSA"
    assert abs(stamp.time - datetime.now(UTC)) < timedelta(minutes=1)
    assert int(stamp.serial, 16) >= 1
    assert CertificateVerifier(roots(authority("Another"), tsa.root)).verify(reply, DATA) == stamp


def test_both_readers_come_to_the_same(tsa, monkeypatch):
    reply, nonce = TsaClient(tsa.url).stamp(DATA)
    first = CertificateVerifier(roots(tsa.root)).verify(reply, DATA, nonce=nonce)
    monkeypatch.setattr(CertificateVerifier, "_verify_first", lambda *_: False)
    assert CertificateVerifier(roots(tsa.root)).verify(reply, DATA, nonce=nonce) == first
    refusal(reply, trusted=[authority("Another")])


def test_openssl_reads_our_request_and_each_has_a_nonce_of_its_own(tmp_path):
    request, nonce = make_request(DATA)
    (tmp_path / "query").write_bytes(request)
    told = subprocess.run(["openssl", "ts", "-query", "-in", "query", "-text"], cwd=tmp_path, capture_output=True, text=True).stdout
    assert "Hash Algorithm: sha256" in told
    assert "Certificate required: yes" in told
    assert make_request(DATA)[1] != nonce
    assert tsp.TimeStampReq.load(request)["nonce"].native == nonce < 2**63


def test_a_stranger_verifies_the_reply_with_openssl(tsa, tmp_path):
    reply, _ = TsaClient(tsa.url).stamp(DATA)
    for name, data in (("reply", reply), ("text", DATA), ("ca.pem", tsa.root.pem)):
        (tmp_path / name).write_bytes(data)
    done = subprocess.run(["openssl", "ts", "-verify", "-in", "reply", "-data", "text", "-CAfile", "ca.pem"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, "Verification: OK" in done.stdout) == (0, True), done.stderr


# ---- attack T05


@pytest.mark.attack("T05")
def test_t05_a_stamp_over_other_bytes_is_refused(tsa):
    reply, nonce = TsaClient(tsa.url).stamp(b"example.org/log\n8\nroot\n")
    assert "over other bytes" in refusal(reply, trusted=[tsa.root], nonce=nonce)


@pytest.mark.attack("T05")
def test_t05_the_answer_to_another_request_is_refused(tsa):
    reply, nonce = TsaClient(tsa.url).stamp(DATA)
    assert "nonce" in refusal(reply, trusted=[tsa.root], nonce=nonce + 1)


@pytest.mark.attack("T05")
def test_t05_a_stamp_of_an_authority_that_nobody_trusts_is_refused(tsa):
    reply, _ = TsaClient(tsa.url).stamp(DATA)
    refusal(reply, trusted=[authority("Test root")])
    assert "no certificate" in refusal(reply)


@pytest.mark.attack("T05")
def test_t05_any_changed_byte_of_a_reply_is_refused_or_changes_nothing(tsa):
    reply, nonce = TsaClient(tsa.url).stamp(DATA)
    verifier = CertificateVerifier(roots(tsa.root))
    good = verifier.verify(reply, DATA, nonce=nonce)
    for position in range(0, len(reply), 17):
        changed = bytearray(reply)
        changed[position] ^= 0x55
        try:
            answer = verifier.verify(bytes(changed), DATA, nonce=nonce)
        except IntegrityError as error:
            answer = error.code
        assert answer in {good, "LM-LED-133"}, position


def dummy(signer, *, at=None, chain=(), by=None, data=DATA, nonce=7, digest="sha256"):
    """A reply made by hand, by whatever certificate."""
    store = SimpleCertificateStore()
    for each in (signer, *chain):
        store.register(asn1_x509.Certificate.load(each.certificate.public_bytes(serialization.Encoding.DER)))
    key = keys.PrivateKeyInfo.load(
        (by or signer).key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    certificate = asn1_x509.Certificate.load(signer.certificate.public_bytes(serialization.Encoding.DER))
    stamper_ = DummyTimeStamper(certificate, key, certs_to_embed=store, fixed_dt=at or NOW, include_nonce=True)
    import hashlib

    imprint = {"hash_algorithm": {"algorithm": digest}, "hashed_message": hashlib.new(digest, data).digest()}
    return stamper_.request_tsa_response(tsp.TimeStampReq({"version": "v1", "message_imprint": imprint, "nonce": nonce, "cert_req": True})).dump()


ROOT = authority("Root")
MIDDLE = authority("Middle", by=ROOT)


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_a_reply_made_by_hand_is_verified_too(digest):
    assert CertificateVerifier(roots(ROOT)).verify(dummy(stamper("Hand", ROOT), digest=digest), DATA, nonce=7).time == NOW


def test_a_certificate_that_ended_since_still_counts_for_its_time():
    then = NOW - 3 * YEAR
    root = authority("Old root", start=then - YEAR, end=then + YEAR)
    signer = stamper("Old", root, start=then - YEAR, end=then + timedelta(days=9))
    assert CertificateVerifier(roots(root)).verify(dummy(signer, at=then), DATA).time == then


WRONG = {
    "no extended usage": lambda: dummy(stamper("X", ROOT, usages=())),
    "another usage": lambda: dummy(stamper("X", ROOT, usages=(ExtendedKeyUsageOID.CODE_SIGNING,))),
    "time stamping not alone": lambda: dummy(stamper("X", ROOT, usages=(ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING))),
    "time stamping not critical": lambda: dummy(stamper("X", ROOT, critical=False)),
    "any usage": lambda: dummy(stamper("X", ROOT, usages=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,))),
    "certificate ended before": lambda: dummy(stamper("X", ROOT, end=NOW - timedelta(days=1))),
    "certificate begins later": lambda: dummy(stamper("X", ROOT, start=NOW + timedelta(days=1))),
    "stamped before its certificate began": lambda: dummy(stamper("X", ROOT), at=NOW - 2 * YEAR),
    "intermediate missing": lambda: dummy(stamper("X", MIDDLE)),
    "intermediate ended": lambda: dummy(stamper("X", old := authority("Old", by=ROOT, end=NOW - timedelta(days=1))), chain=(old,)),
    "self-signed": lambda: dummy(stamper("X", authority("Nobody"))),
    "signed by another key": lambda: dummy(stamper("X", ROOT), by=stamper("Y", ROOT)),
    "weak hash": lambda: dummy(stamper("X", ROOT), digest="sha1"),
}  # fmt: skip


@pytest.mark.attack("T05")
@pytest.mark.parametrize("second", [False, True], ids=["first reader", "second reader"])
@pytest.mark.parametrize("make", WRONG.values(), ids=WRONG)
def test_t05_a_certificate_that_may_not_stamp_then_is_refused(make, second, monkeypatch):
    if second:
        monkeypatch.setattr(CertificateVerifier, "_verify_first", lambda *_: False)
    refusal(make(), trusted=[ROOT], nonce=7)


def change(reply, act):
    """A reply with something changed by `act`, written anew."""
    response = tsp.TimeStampResp.load(reply)
    act(response)
    return response.dump(force=True)


def double_signer(response):
    signers = response["time_stamp_token"]["content"]["signer_infos"]
    signers.append(signers[0])


def drop_certificates(response):
    response["time_stamp_token"]["content"]["certificates"] = cms.CertificateSet([])


def refuse(response):
    response["status"]["status"] = "rejection"
    response["status"]["status_string"] = ["not today"]


@pytest.mark.parametrize(
    ("act", "told"),
    [(double_signer, "2 signers"), (drop_certificates, "certificate of its signer is not in it"), (refuse, "rejection: not today")],
    ids=["two signers", "no certificate", "refused"],
)
def test_a_reply_of_another_shape_is_refused(act, told):
    assert told in refusal(change(dummy(stamper("X", ROOT)), act), trusted=[ROOT])


def test_granted_with_modifications_is_a_stamp():
    def modify(response):
        response["status"]["status"] = "granted_with_mods"

    assert CertificateVerifier(roots(ROOT)).verify(change(dummy(stamper("X", ROOT)), modify), DATA).time == NOW


@pytest.mark.parametrize(
    "reply",
    [b"", b"hello", b"<html></html>", b"\x30\x80", b"\x30\x03\x02\x01\x00", b"\x30" * 5000, b"\0" * (MAX_REPLY + 1), dummy(stamper("X", ROOT)) + b"x"],
    ids=["nothing", "text", "page", "open length", "not a reply", "nested", "too long", "something behind"],
)
def test_what_is_no_reply_is_refused(reply):
    refusal(reply, trusted=[ROOT])


# ---- certificates and extra


def test_certificates_are_read_from_pem_each_once():
    assert roots(ROOT, MIDDLE, ROOT) == (
        ROOT.certificate.public_bytes(serialization.Encoding.DER),
        MIDDLE.certificate.public_bytes(serialization.Encoding.DER),
    )


@pytest.mark.parametrize("data", [b"", b"hello", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", ROOT.key_pem])
def test_a_file_without_certificates_is_refused(data):
    with pytest.raises(UsageError) as caught:
        parse_certificates(data, "ca.pem")
    assert (caught.value.code, caught.value.where) == ("LM-ITG-021", "ca.pem")


def test_without_the_extra_the_error_names_it(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    for act in (lambda: CertificateVerifier(()), lambda: TsaClient("http://127.0.0.1/"), _rfc3161.require_extra):
        with pytest.raises(EnvironmentLacksError) as caught:
            act()
        assert (caught.value.code, caught.value.solution) == ("LM-ITG-002", "pip install 'lotmark[timestamp]'")
