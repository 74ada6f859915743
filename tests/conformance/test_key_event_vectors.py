"""The published vectors of keys and trust are what the replay gives, and every shape of event occurs in them."""

import base64
import json

import pytest

from fakes.key_vectors import PLACE, SCENARIOS, make
from lotmark.attest.api import parse_envelope, replay_trust
from lotmark.attest.models import Registry
from lotmark.attest.predicates import KINDS
from lotmark.base.errors import IntegrityError
from lotmark.bootstrap.api import schemas

pytestmark = pytest.mark.verifies("REQ-004", "REQ-330", "REQ-331")

TOLD = json.loads(PLACE.read_text(encoding="utf-8"))


def events(vector):
    return [(event["index"], parse_envelope(event["envelope"].encode())) for event in vector["events"]]


@pytest.mark.parametrize("vector", TOLD["vectors"], ids=lambda vector: vector["name"])
def test_a_log_amounts_to_what_its_vector_says(vector):
    roots = [base64.b64decode(root) for root in vector["roots"]]
    if "error" in vector:
        with pytest.raises(IntegrityError) as caught:
            replay_trust(events(vector), roots)
        assert (caught.value.code, caught.value.where) == (vector["error"], f"log entry {vector['at']}")
        return
    trust = replay_trust(events(vector), roots)
    assert trust.root_threshold == vector["rootThreshold"]
    assert [proposal.payload.hex for proposal in trust.proposals] == vector["waiting"]
    for key, wanted in zip(trust.keys, vector["keys"], strict=True):
        assert (key.key_id, key.kind, key.person, key.valid_from, key.valid_until) == (
            wanted["id"],
            wanted["kind"],
            wanted["person"],
            wanted["validFrom"],
            wanted["validUntil"],
        )
        assert (list(key.disowned) if key.disowned else None) == wanted["disowned"]


def test_the_published_file_is_what_the_scenarios_give():
    assert json.loads(json.dumps(make())) == TOLD, "write it anew: python tests/fakes/key_vectors.py"
    assert [vector["name"] for vector in TOLD["vectors"]] == list(SCENARIOS)


def test_every_shape_of_event_occurs_and_fits_the_published_schema():
    jsonschema = pytest.importorskip("jsonschema")
    (schema,) = [json.loads(data) for name, data in schemas() if name == "key-event.v1.json"]
    validator = jsonschema.Draft202012Validator(schema)
    seen = set()
    for vector in TOLD["vectors"]:
        for _, envelope in events(vector):
            predicate = json.loads(envelope.payload)["predicate"]
            if vector["name"] != "refused: an algorithm that is not allowed" or predicate["event"] == "genesis":
                validator.validate(predicate)
            else:
                assert not validator.is_valid(predicate)
            seen.add(predicate["event"])
    assert seen == {"genesis", "enrol", "rotate", "revoke", "lost", "compromised", "threshold"}
    assert len(Registry(KINDS)) == 1
