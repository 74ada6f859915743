"""The plain values of the room."""

import pytest

from fakes.keyring import KeyLog, signer
from lotmark.attest.models import Envelope, KeyRecord, PredicateKind, Registry, Trust, lotmark_uri
from lotmark.base.digest import Digest
from lotmark.base.errors import UsageError

pytestmark = pytest.mark.verifies("REQ-025")


def _kind(name="thing", uri="urn:thing", signers=frozenset({"pipeline"})):
    return PredicateKind(name, uri, "IEC 62304 5.8", "device-lifetime", signers)


def _record(name, valid_from, valid_until):
    return KeyRecord(name, "ed25519", b"", "person", name, name, valid_from, valid_until)


def test_an_envelope_is_named_by_its_bytes():
    envelope = Envelope(b"payload", "type", "id", b"", b"raw")
    assert envelope.digest == Digest.of(b"raw")
    assert envelope.payload_digest == Digest.of(b"payload")


@pytest.mark.parametrize(
    ("valid_from", "valid_until", "index", "valid"),
    [(3, None, 2, False), (3, None, 3, True), (3, None, 10**9, True), (3, 5, 4, True), (3, 5, 5, False), (3, 3, 3, False)],
)
def test_a_key_counts_in_a_half_open_interval(valid_from, valid_until, index, valid):
    assert _record("a", valid_from, valid_until).is_valid_at(index) is valid


def test_trust_finds_keys_by_id_and_by_index():
    early, late = _record("early", 0, 4), _record("late", 4, None)
    trust = Trust((early, late))
    assert trust.find("early") is early
    assert trust.find("nobody") is None
    assert trust.valid_at(3) == (early,)
    assert trust.valid_at(4) == (late,)
    assert trust == Trust((early, late))
    assert hash(trust) == hash(Trust((early, late)))


def test_trust_without_keys_finds_none():
    assert Trust().valid_at(0) == ()
    assert Trust().find("") is None


def test_a_registry_knows_its_kinds_by_name_and_uri():
    kind = _kind()
    registry = Registry([kind])
    assert registry.kind("thing") is registry.find("thing") is registry.find_uri("urn:thing") is kind
    assert registry.find("other") is None
    assert registry.find_uri("urn:other") is None
    assert list(registry) == [kind]
    assert len(registry) == 1


def test_an_unknown_kind_is_a_usage_error_that_lists_the_known():
    with pytest.raises(UsageError) as caught:
        Registry([_kind()]).kind("tihng")
    assert caught.value.code == "LM-ATT-010"
    assert "thing" in str(caught.value.solution)


@pytest.mark.parametrize("second", [_kind(uri="urn:other"), _kind(name="other")], ids=["same name", "same uri"])
def test_a_registry_takes_nothing_twice(second):
    with pytest.raises(ValueError, match="registered twice"):
        Registry([_kind(), second])


@pytest.mark.parametrize("name", ["", "Thing", "a_b", "-a", "a-", "a\n", "a b"])
def test_a_kind_has_a_kebab_case_name(name):
    with pytest.raises(ValueError, match="not a name"):
        _kind(name=name)


@pytest.mark.parametrize("signers", [frozenset(), frozenset({"robot"}), frozenset({"person", "robot"})])
def test_a_kind_is_signed_by_known_kinds_of_keys(signers):
    with pytest.raises(ValueError, match="signers must be"):
        _kind(signers=signers)


def test_own_kinds_have_one_form_of_uri():
    assert lotmark_uri("waiver") == "https://lotmark.dev/attestation/waiver/v1"


def test_the_fake_key_log_is_a_valid_log():
    log = KeyLog()
    assert log.trust.keys[0].public_key == signer("ada").public_key
