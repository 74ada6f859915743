import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lotmark.tlog import api as tlog
from lotmark.tlog.errors import KeyTextError, NoteMalformedError, NoteUnverifiedError
from lotmark.tlog.models import Note, NoteSignature

pytestmark = pytest.mark.verifies("REQ-005", "RC-003")


class Signer:
    def __init__(self, name):
        self.name = name
        self._key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
        self.public_key = self._key.public_key().public_bytes_raw()

    def sign(self, data):
        return self._key.sign(data)

    @property
    def key(self):
        return tlog.make_key(self.name, self.public_key)


ALICE, BOB = Signer("alice.example/log"), Signer("bob.example")
TEXT = "one line\n\nanother after an empty one\n"


def test_a_signed_note_verifies_and_gives_back_its_text():
    note = tlog.verify_note(tlog.sign_note(TEXT, ALICE), [BOB.key, ALICE.key])
    assert (note.text, note.signers, note.unknown) == (TEXT, (ALICE.key,), 0)


def test_signatures_of_unknown_keys_are_counted_and_ignored():
    lines = (tlog.parse_note(tlog.sign_note(TEXT, signer)).signatures[0] for signer in (BOB, ALICE))
    note = tlog.verify_note(tlog.format_note(Note(TEXT, tuple(lines))), [ALICE.key])
    assert (note.signers, note.unknown) == ((ALICE.key,), 1)


def test_a_repeated_signature_counts_once():
    line = tlog.parse_note(tlog.sign_note(TEXT, ALICE)).signatures[0]
    assert tlog.verify_note(tlog.format_note(Note(TEXT, (line, line))), [ALICE.key]).signers == (ALICE.key,)


def test_a_wrong_signature_of_a_trusted_key_is_an_error_even_beside_a_good_one():
    good = tlog.parse_note(tlog.sign_note(TEXT, ALICE)).signatures[0]
    bad = NoteSignature(BOB.name, BOB.key.key_hash, bytes(64))
    with pytest.raises(NoteUnverifiedError, match=r"bob.example.* is wrong"):
        tlog.verify_note(tlog.format_note(Note(TEXT, (good, bad))), [ALICE.key, BOB.key])


def test_a_signature_of_the_wrong_length_is_wrong_not_a_crash():
    short = NoteSignature(ALICE.name, ALICE.key.key_hash, b"x")
    with pytest.raises(NoteUnverifiedError, match="is wrong"):
        tlog.verify_note(tlog.format_note(Note(TEXT, (short,))), [ALICE.key])


def test_a_note_by_nobody_whom_the_caller_trusts_is_unverified():
    with pytest.raises(NoteUnverifiedError, match="no signature of a trusted key"):
        tlog.verify_note(tlog.sign_note(TEXT, ALICE), [BOB.key])


def test_two_trusted_keys_of_one_name_and_hash_are_ambiguous():
    with pytest.raises(NoteUnverifiedError, match="two trusted keys"):
        tlog.verify_note(tlog.sign_note(TEXT, ALICE), [ALICE.key, ALICE.key])


@pytest.mark.parametrize(
    "text",
    ["", "no newline", "a tab\there\n", "a return\r\n", "\x7f\n"],
    ids=["empty", "no final newline", "tab", "carriage return", "delete"],
)
def test_a_text_that_would_not_come_back_is_not_signed(text):
    with pytest.raises(NoteMalformedError):
        tlog.sign_note(text, ALICE)


def test_a_text_that_looks_like_a_signature_block_is_signed_as_text():
    text = TEXT + "\n\N{EM DASH} alice AAAA\n"
    assert tlog.verify_note(tlog.sign_note(text, ALICE), [ALICE.key]).text == text


def test_a_name_that_would_smuggle_in_a_second_signature_line_is_not_formatted():
    smuggler = NoteSignature(f"a {GOOD}\n\N{EM DASH} b", 1, bytes(64))
    with pytest.raises(NoteMalformedError, match="cannot stand"):
        tlog.format_note(Note(TEXT, (smuggler,)))


def note_with(line):
    return (TEXT + "\n" + line).encode()


GOOD = base64.b64encode(b"hash" + bytes(64)).decode()


@pytest.mark.parametrize(
    "data",
    [
        b"x" * 1_000_001,
        note_with(""),
        note_with(f"\N{EM DASH} name {GOOD}"),
        note_with(f"-- name {GOOD}\n"),
        note_with("\N{EM DASH} name\n"),
        note_with(f"\N{EM DASH}  {GOOD}\n"),
        note_with(f"\N{EM DASH} na+me {GOOD}\n"),
        note_with("\N{EM DASH} name !!!!\n"),
        note_with("\N{EM DASH} name QUJDREX=\n"),
        note_with(f"\N{EM DASH} name {base64.b64encode(b'hash').decode()}\n"),
        note_with(f"\N{EM DASH} name {GOOD}\n\n"),
        note_with(f"\N{EM DASH} name {GOOD}\r\n"),
        b"\xff" + note_with(f"\N{EM DASH} name {GOOD}\n"),
    ],
    ids=[
        "longer than a megabyte",
        "no signature line",
        "no final newline",
        "not an em dash",
        "no signature",
        "no name",
        "plus in the name",
        "not base64",
        "base64 with spare bits",
        "no signature bytes",
        "empty line after the signatures",
        "carriage return",
        "not UTF-8",
    ],
)
def test_what_is_not_a_note_is_malformed(data):
    with pytest.raises(NoteMalformedError):
        tlog.parse_note(data)


def test_a_verifier_key_goes_through_its_text():
    text = tlog.format_vkey(ALICE.key)
    assert text.startswith("alice.example/log+")
    assert tlog.parse_vkey(text) == ALICE.key


def test_a_verifier_key_of_another_algorithm_is_refused_by_name():
    text = tlog.format_vkey(ALICE.key)
    name, key_hash, key = text.split("+", 2)
    other = base64.b64encode(b"\x02" + base64.b64decode(key)[1:]).decode()
    with pytest.raises(KeyTextError, match="not an Ed25519 key"):
        tlog.parse_vkey(f"{name}+{key_hash}+{other}")


@pytest.mark.parametrize(
    "text", ["", "name", "name+12345678", "name+XYZ45678+AAAA", "name+12345678+!!!"], ids=["empty", "name alone", "no key", "hash not hex", "key not base64"]
)
def test_what_is_not_a_verifier_key_is_refused(text):
    with pytest.raises(KeyTextError):
        tlog.parse_vkey(text)


def test_a_verifier_key_with_the_hash_of_another_is_refused():
    name, _, key = tlog.format_vkey(ALICE.key).split("+", 2)
    with pytest.raises(KeyTextError, match="hash of the verifier key"):
        tlog.parse_vkey(f"{name}+00000000+{key}")


@pytest.mark.parametrize("name", ["", "two words", "a+b", "a\nb", "a\u2028b", "\x00"], ids=["empty", "space", "plus", "newline", "line separator", "NUL"])
def test_a_name_that_cannot_stand_in_a_signature_line_is_refused(name):
    with pytest.raises(KeyTextError, match="not a key name"):
        tlog.make_key(name, ALICE.public_key)


def test_a_key_of_the_wrong_length_is_refused():
    with pytest.raises(KeyTextError, match="31 bytes"):
        tlog.make_key("name", bytes(31))
