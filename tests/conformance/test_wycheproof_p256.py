"""ECDSA over P-256: every test of Wycheproof's ecdsa_secp256r1_sha256_test.json, with one named exception.

The exception: a signature that holds and is not the one with the lower s. Wycheproof calls it valid; here it is the
second form of a signature that anybody can make of the first, and only the first counts (docs/spec/envelope.md).
"""

import json
import os
from pathlib import Path

import pytest

from fakes.key_services import ORDER
from lotmark.attest.api import algorithm_of, canonical_signature, check_public_key, key_id_of, parse_public_pem, public_pem, verify_signature

pytestmark = pytest.mark.verifies("REQ-332", "REQ-003")

REFERENCE = Path(os.environ.get("LOTMARK_REFERENCE", Path(__file__).parents[2] / ".." / "shared" / "reference"))


@pytest.fixture(scope="module")
def groups():
    path = REFERENCE / "vectors" / "wycheproof_ecdsa_secp256r1_sha256_test.json"
    if not path.exists():
        pytest.skip(f"the reference vectors are not at {REFERENCE} (LOTMARK_REFERENCE)")
    return json.loads(path.read_text())["vectors"]


def is_high(signature):
    """Whether s lies in the upper half, read with the plainest of DER readers."""
    return int.from_bytes(signature[-signature[3 + signature[3] + 2] :], "big") > ORDER // 2


@pytest.mark.attack("E07")
def test_every_signature_is_judged_as_wycheproof_judges_it(groups):
    wrong, judged, halves = [], 0, 0
    for group in groups:
        public = bytes.fromhex(group["publicKey"]["uncompressed"])
        for case in group["tests"]:
            judged += 1
            signature, message = bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])
            holds = verify_signature(public, signature, message)
            expected = case["result"] == "valid"
            if expected and not holds:
                halves += 1
                lower = canonical_signature(public, signature)
                if not (lower != signature and is_high(signature) and verify_signature(public, lower, message)):
                    wrong.append((case["tcId"], case["comment"], case["result"]))
            elif holds is not expected:
                wrong.append((case["tcId"], case["comment"], case["result"]))
    assert wrong == []
    assert judged >= 400
    assert 0 < halves < judged


def test_every_valid_key_has_its_one_pem_and_algorithm(groups):
    for group in groups:
        public = bytes.fromhex(group["publicKey"]["uncompressed"])
        check_public_key(public)
        assert algorithm_of(public) == "ecdsa-p256-sha256"
        assert parse_public_pem(group["publicKeyPem"].encode()) == public
        assert public_pem(public).split() == group["publicKeyPem"].encode().split()
        assert len(key_id_of(public)) == 64
