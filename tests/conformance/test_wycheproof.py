"""Ed25519: every test of Wycheproof's ed25519_test.json."""

import json
import os
from pathlib import Path

import pytest

from lotmark.attest.api import check_public_key, key_id_of, parse_public_pem, public_pem, verify_signature

pytestmark = pytest.mark.verifies("REQ-003")


REFERENCE = Path(os.environ.get("LOTMARK_REFERENCE", Path(__file__).parents[2] / ".." / "shared" / "reference"))


@pytest.fixture(scope="module")
def groups():
    path = REFERENCE / "vectors" / "wycheproof_ed25519_test.json"
    if not path.exists():
        pytest.skip(f"the reference vectors are not at {REFERENCE} (LOTMARK_REFERENCE)")
    return json.loads(path.read_text())["vectors"]


def test_every_signature_is_judged_as_wycheproof_judges_it(groups):
    wrong, judged = [], 0
    for group in groups:
        public = bytes.fromhex(group["publicKey"]["pk"])
        for case in group["tests"]:
            judged += 1
            holds = verify_signature(public, bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))
            if holds is not (case["result"] == "valid"):
                wrong.append((case["tcId"], case["comment"], case["result"]))
    assert wrong == []
    assert judged >= 100


def test_every_valid_key_has_its_one_pem(groups):
    for group in groups:
        public = bytes.fromhex(group["publicKey"]["pk"])
        check_public_key(public)
        assert parse_public_pem(group["publicKeyPem"].encode()) == public
        assert public_pem(public).split() == group["publicKeyPem"].encode().split()
        assert len(key_id_of(public)) == 64
