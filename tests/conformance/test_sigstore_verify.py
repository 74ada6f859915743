"""sigstore's JavaScript verifier (@sigstore/verify) as a second reader: it accepts our envelopes and refuses changed ones."""

import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from fakes.key_services import other_half, p256_key
from fakes.keyring import signer
from lotmark.attest.api import KeySigner, build_payload, public_pem, sign_payload, verify_signature
from lotmark.attest.models import Evidence, PredicateKind, Registry, Subject

pytestmark = pytest.mark.verifies("REQ-003", "REQ-332")

MODULES = Path(__file__).parents[2] / ".make" / "npm" / "node_modules"
REGISTRY = Registry([PredicateKind("thing", "urn:thing", "", "", frozenset({"pipeline"}))])
PAYLOAD = build_payload(Evidence("thing", (Subject("a", {"sha256": "ab" * 32}),), {"text": "é\U0001f600", "list": list(range(50))}), REGISTRY)
SIGNERS = {"ed25519": signer("pipeline"), "ecdsa-p256-sha256": KeySigner(p256_key("hsm"))}
SCRIPT = """
const { createPublicKey } = require('crypto');
const { DSSESignatureContent } = require('@sigstore/verify/dist/bundle/dsse');
const told = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const answers = told.map(({ envelope, pem }) => {
  const tree = JSON.parse(envelope);
  const env = {
    payload: Buffer.from(tree.payload, 'base64'),
    payloadType: tree.payloadType,
    signatures: tree.signatures.map((s) => ({ keyid: s.keyid, sig: Buffer.from(s.sig, 'base64') })),
  };
  return new DSSESignatureContent(env).verifySignature(createPublicKey(pem));
});
console.log(JSON.stringify(answers));
"""


def judge(cases):
    """What the foreign verifier says of each (envelope, public key)."""
    node = shutil.which("node")
    if node is None or not (MODULES / "@sigstore" / "verify").is_dir():
        pytest.skip(f"node or @sigstore/verify is missing (`make npm` fetches it into {MODULES})")
    told = json.dumps([{"envelope": json.dumps(tree), "pem": public_pem(public).decode()} for tree, public in cases])
    done = subprocess.run([node, "-e", SCRIPT], input=told, capture_output=True, text=True, check=True, env={"NODE_PATH": str(MODULES)})
    return json.loads(done.stdout)


def changed(tree, where):
    """The envelope with one thing changed."""
    payload, only = base64.b64decode(tree["payload"]), tree["signatures"][0]
    signature = bytearray(base64.b64decode(only["sig"]))
    signature[-1] ^= 1
    return {
        "payload": {**tree, "payload": base64.b64encode(payload.replace(b"urn:thing", b"urn:thong")).decode()},
        "payload type": {**tree, "payloadType": "application/json"},
        "signature": {**tree, "signatures": [{**only, "sig": base64.b64encode(signature).decode()}]},
        "no signature": {**tree, "signatures": []},
    }[where]


@pytest.mark.parametrize("algorithm", SIGNERS)
def test_it_accepts_our_envelopes(algorithm):
    by = SIGNERS[algorithm]
    trees = [json.loads(sign_payload(PAYLOAD, by).raw) for _ in range(3)]
    assert judge([(tree, by.public_key) for tree in trees]) == [True] * 3


@pytest.mark.parametrize("algorithm", SIGNERS)
def test_it_refuses_what_somebody_changed(algorithm):
    by = SIGNERS[algorithm]
    tree = json.loads(sign_payload(PAYLOAD, by).raw)
    cases = [(changed(tree, where), by.public_key) for where in ("payload", "payload type", "signature", "no signature")]
    cases.append((tree, signer("mallory").public_key))
    assert judge(cases) == [False] * 5


@pytest.mark.attack("E07")
def test_it_takes_the_second_form_of_an_ecdsa_signature_that_we_refuse():
    """Why the lower s is asked for: other verifiers see two envelopes in one act."""
    by = SIGNERS["ecdsa-p256-sha256"]
    envelope = sign_payload(PAYLOAD, by)
    tree = json.loads(envelope.raw)
    tree["signatures"][0]["sig"] = base64.b64encode(other_half(envelope.signature)).decode()
    assert judge([(tree, by.public_key)]) == [True]
    message = b"DSSEv1 28 application/vnd.in-toto+json %d %b" % (len(PAYLOAD), PAYLOAD)
    assert verify_signature(by.public_key, envelope.signature, message)
    assert not verify_signature(by.public_key, other_half(envelope.signature), message)
