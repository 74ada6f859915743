"""Cosignatures: C2SP ``tlog-cosignature``, both types."""

import base64
import struct

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from fakes.note_signers import Log, NoteKey
from lotmark.tlog import _signatures
from lotmark.tlog import api as tlog
from lotmark.tlog.errors import CheckpointMalformedError, KeyTextError, NoteUnverifiedError
from lotmark.tlog.models import KeyType, Note, NoteSignature

pytestmark = pytest.mark.verifies("REQ-060", "RC-060")

LOG = Log()
NOTE = LOG.note(7)
TEXT = tlog.parse_note(NOTE).text
NOW = 1_790_000_000
TYPES = [KeyType.COSIGNATURE, KeyType.MLDSA44]
BOTH = pytest.mark.parametrize("kind", TYPES, ids=["Ed25519", "ML-DSA-44"])


def witness(kind=KeyType.COSIGNATURE, name="witness.example/w1"):
    return NoteKey(name, kind)


@BOTH
def test_a_cosigned_checkpoint_verifies_and_tells_when(kind):
    key = witness(kind).key
    verified = tlog.verify_note(witness(kind).cosign(NOTE, NOW), [LOG.signer.key, key])
    assert [(signature.key, signature.time) for signature in verified.signatures] == [(LOG.signer.key, None), (key, NOW)]
    assert verified.signers == (LOG.signer.key, key)


@BOTH
def test_who_does_not_know_the_witness_ignores_its_line(kind):
    verified = tlog.verify_note(witness(kind).cosign(NOTE, NOW), [LOG.signer.key])
    assert (verified.signers, verified.unknown) == ((LOG.signer.key,), 1)


@BOTH
def test_a_cosignature_on_another_checkpoint_is_wrong(kind):
    line = tlog.parse_note(witness(kind).cosign(LOG.note(8), NOW)).signatures[1]
    with pytest.raises(NoteUnverifiedError, match=r"witness.example/w1.* is wrong"):
        tlog.verify_note(tlog.add_signatures(NOTE, [line]), [LOG.signer.key, witness(kind).key])


@BOTH
@pytest.mark.parametrize("position", [0, 7, 8, 40, -1])
def test_every_changed_byte_of_a_cosignature_makes_it_wrong(kind, position):
    line = tlog.parse_note(witness(kind).cosign(NOTE, NOW)).signatures[1]
    raw = bytearray(line.signature)
    raw[position] ^= 1
    changed = tlog.add_signatures(NOTE, [NoteSignature(line.name, line.key_hash, bytes(raw))])
    with pytest.raises(NoteUnverifiedError):
        tlog.verify_note(changed, [witness(kind).key])


@BOTH
@pytest.mark.parametrize("cut", [slice(0, -1), slice(0, 8), slice(8, None), slice(0, 64)])
def test_a_cosignature_of_another_length_is_wrong(kind, cut):
    line = tlog.parse_note(witness(kind).cosign(NOTE, NOW)).signatures[1]
    changed = tlog.add_signatures(NOTE, [NoteSignature(line.name, line.key_hash, line.signature[cut])])
    with pytest.raises(NoteUnverifiedError, match="bytes"):
        tlog.verify_note(changed, [witness(kind).key])


def test_the_ed25519_message_is_the_one_of_the_specification():
    line = tlog.cosign(TEXT, witness(), NOW)
    assert line.signature[:8] == struct.pack(">Q", NOW)
    message = f"cosignature/v1\ntime {NOW}\n{TEXT}".encode()
    Ed25519PublicKey.from_public_bytes(witness().public_key).verify(line.signature[8:], message)
    assert len(line.signature) == 72


def test_the_ml_dsa_message_names_cosigner_origin_size_and_root():
    checkpoint = tlog.parse_checkpoint(TEXT)
    name, origin = b"witness.example/w1", b"log.example/one"
    expected = (
        b"subtree/v1\n\0" + bytes([len(name)]) + name + struct.pack(">Q", NOW) + bytes([len(origin)]) + origin + struct.pack(">QQ", 0, 7) + checkpoint.root
    )

    class Recorder:
        name = "witness.example/w1"
        public_key = bytes(1312)

        def sign(self, data):
            self.seen = data
            return bytes(2420)

    recorder = Recorder()
    assert len(tlog.cosign(TEXT, recorder, NOW, kind=KeyType.MLDSA44).signature) == 2428
    assert recorder.seen == expected


def test_an_ml_dsa_line_of_the_log_itself_is_a_second_signature():
    """A log may sign its records of 10 to 15 years under a second key, with no time."""
    second = NoteKey(LOG.signer.name, KeyType.MLDSA44)
    note = second.cosign(NOTE, 0)
    assert tlog.verify_checkpoint(note, [second.key], origin=LOG.signer.name).size == 7
    assert tlog.verify_checkpoint(note, [LOG.signer.key]).size == 7
    assert tlog.verify_note(note, [second.key]).signatures[0].time == 0


def test_the_ml_dsa_form_does_not_cover_extension_lines_and_the_ed25519_form_does():
    text = TEXT + "more\n"
    for kind, covered in zip(TYPES, [True, False], strict=True):
        line = tlog.cosign(text, witness(kind), NOW, kind=kind)
        other = tlog.format_note(Note(TEXT + "else\n", (line,)))
        if covered:
            with pytest.raises(NoteUnverifiedError):
                tlog.verify_note(other, [witness(kind).key])
        else:
            assert tlog.verify_note(other, [witness(kind).key]).signers


def test_of_two_cosignatures_of_one_key_the_younger_counts():
    for first, second in ((NOW, NOW + 60), (NOW + 60, NOW)):
        note = witness().cosign(witness().cosign(NOTE, first), second)
        (verified,) = tlog.verify_note(note, [witness().key]).signatures
        assert verified.time == NOW + 60


def test_a_signature_line_is_added_once():
    line = tlog.cosign(TEXT, witness(), NOW)
    once = tlog.add_signatures(NOTE, [line])
    assert tlog.add_signatures(once, [line]) == once
    assert once.startswith(NOTE)


@pytest.mark.parametrize("time", [-1, 2**63])
def test_a_time_outside_of_the_format_is_refused(time):
    with pytest.raises(ValueError, match="no time"):
        tlog.cosign(TEXT, witness(), time)


def test_a_plain_ed25519_key_does_not_cosign():
    with pytest.raises(ValueError, match="no time or type"):
        tlog.cosign(TEXT, witness(), NOW, kind=KeyType.ED25519)


def test_only_a_checkpoint_is_cosigned():
    with pytest.raises(CheckpointMalformedError):
        tlog.cosign("a text\n", witness(), NOW)


def test_a_key_of_the_other_type_is_refused():
    with pytest.raises(KeyTextError, match="a key of 32 bytes, one of its type has 1312"):
        tlog.cosign(TEXT, witness(), NOW, kind=KeyType.MLDSA44)


def test_a_time_beyond_2_63_is_not_read():
    line = NoteSignature("w", 1, struct.pack(">Q", 2**63) + bytes(64))
    with pytest.raises(ValueError, match="beyond"):
        tlog.read_time(line.signature)
    key = witness().key
    with pytest.raises(NoteUnverifiedError, match="is wrong"):
        tlog.verify_note(tlog.add_signatures(NOTE, [NoteSignature(key.name, key.key_hash, line.signature)]), [key])


def test_a_name_too_long_for_the_ml_dsa_form_has_no_cosignature():
    log = Log(origin="l" * 256)
    with pytest.raises(CheckpointMalformedError, match="255"):
        tlog.cosign(tlog.parse_note(log.note(1)).text, witness(KeyType.MLDSA44), NOW, kind=KeyType.MLDSA44)


def test_an_ml_dsa_line_over_what_is_no_checkpoint_is_wrong():
    key = witness(KeyType.MLDSA44).key
    note = tlog.format_note(Note("a text\n", (NoteSignature(key.name, key.key_hash, bytes(2428)),)))
    with pytest.raises(NoteUnverifiedError):
        tlog.verify_note(note, [key])


def test_a_machine_without_ml_dsa_says_so_and_does_not_pass_the_line(monkeypatch):
    import builtins

    real = builtins.__import__

    def without(name, *arguments, **more):
        if name.endswith("asymmetric.mldsa"):
            raise ImportError(name)
        return real(name, *arguments, **more)

    note = witness(KeyType.MLDSA44).cosign(NOTE, NOW)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(NoteUnverifiedError, match="has no ML-DSA-44"):
        tlog.verify_note(note, [witness(KeyType.MLDSA44).key])


@BOTH
def test_a_verifier_key_of_each_type_is_read_back(kind):
    key = witness(kind).key
    assert tlog.parse_vkey(tlog.format_vkey(key)) == key
    data = base64.b64decode(tlog.format_vkey(key).split("+", 2)[2])
    assert (data[0], data[1:]) == (kind, key.public_key)


def test_one_public_key_has_another_hash_under_each_type():
    raw = witness().public_key
    assert tlog.make_key("w", raw).key_hash != tlog.make_key("w", raw, KeyType.COSIGNATURE).key_hash


def test_signature_sizes_are_those_of_the_standards():
    assert _signatures.SIGNATURE_SIZE == {KeyType.ED25519: 64, KeyType.COSIGNATURE: 72, KeyType.MLDSA44: 2428}
