import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lotmark.tlog import api as tlog
from lotmark.tlog.errors import CheckpointMalformedError, KeyTextError, NoteMalformedError, NoteUnverifiedError
from lotmark.tlog.models import Checkpoint

pytestmark = pytest.mark.verifies("REQ-005", "RC-003")


ROOT = tlog.leaf_hash(b"root")
B64 = base64.b64encode(ROOT).decode()


class Signer:
    name = "example.com/log"
    _key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    public_key = _key.public_key().public_bytes_raw()

    def sign(self, data):
        return self._key.sign(data)


KEY = tlog.make_key(Signer.name, Signer.public_key)


def test_a_checkpoint_goes_through_its_text():
    checkpoint = Checkpoint("example.com/log", 7, ROOT)
    text = tlog.format_checkpoint(checkpoint)
    assert text == f"example.com/log\n7\n{B64}\n"
    assert tlog.parse_checkpoint(text) == checkpoint


def test_a_checkpoint_with_extension_lines_is_read_only_where_they_are_allowed():
    checkpoint = Checkpoint("example.com/log", 7, ROOT, ("time 1", "more"))
    text = tlog.format_checkpoint(checkpoint)
    assert tlog.parse_checkpoint(text, allow_extension=True) == checkpoint
    with pytest.raises(CheckpointMalformedError, match="extension"):
        tlog.parse_checkpoint(text)


@pytest.mark.parametrize(
    "checkpoint",
    [
        Checkpoint("", 1, ROOT),
        Checkpoint("a\nb", 1, ROOT),
        Checkpoint("log", -1, ROOT),
        Checkpoint("log", 2**63, ROOT),
        Checkpoint("log", 1, ROOT[:31]),
        Checkpoint("log", 0, ROOT),
        Checkpoint("log", 1, ROOT, ("",)),
        Checkpoint("log", 1, ROOT, ("a\nb",)),
    ],
    ids=["no origin", "two origins", "negative", "too large", "31 bytes", "root of the empty tree", "empty extension", "two lines in one"],
)
def test_values_that_cannot_stand_in_a_checkpoint_are_not_formatted(checkpoint):
    with pytest.raises(CheckpointMalformedError):
        tlog.format_checkpoint(checkpoint)


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"log\n7\n{B64}",
        "log\n7\n",
        f"log\r\n7\r\n{B64}\r\n",
        f"lo\x00g\n7\n{B64}\n",
        f"lo\u202eg\n7\n{B64}\n",
        f" \n7\n{B64}\n",
        f"log\n07\n{B64}\n",
        f"log\n+7\n{B64}\n",
        f"log\n-7\n{B64}\n",
        f"log\n 7\n{B64}\n",
        f"log\n7.0\n{B64}\n",
        f"log\n\N{ARABIC-INDIC DIGIT SEVEN}\n{B64}\n",
        "log\n9223372036854775808\n" + B64 + "\n",
        f"log\n7\n{B64[:-1]}\n",
        f"log\n7\n{B64[:-2]}B=\n",
        "log\n7\n" + base64.urlsafe_b64encode(b"\xff" * 32).decode() + "\n",
        "log\n7\nAAAA\n",
        f"log\n0\n{B64}\n",
        f"log\n7\n{B64}\nextension\n",
        f"log\n7\n{B64}\n\n",
    ],
    ids=[
        "empty",
        "no final newline",
        "two lines",
        "CRLF",
        "NUL",
        "reordering character",
        "blank origin",
        "leading zero",
        "plus sign",
        "negative",
        "space",
        "fraction",
        "other digits",
        "2^63",
        "no padding",
        "spare bits",
        "URL alphabet",
        "short root",
        "root of the empty tree",
        "extension",
        "empty extension",
    ],
)
def test_l20_what_is_not_the_one_form_of_a_checkpoint_is_malformed(text):
    with pytest.raises(CheckpointMalformedError) as caught:
        tlog.parse_checkpoint(text)
    assert caught.value.code == "CHECKPOINT_MALFORMED"


def test_the_empty_log_has_a_checkpoint():
    checkpoint = Checkpoint("log", 0, tlog.EMPTY_ROOT)
    assert tlog.parse_checkpoint(tlog.format_checkpoint(checkpoint)) == checkpoint


def test_a_signed_checkpoint_verifies_under_the_log_key():
    checkpoint = Checkpoint(Signer.name, 7, ROOT)
    data = tlog.sign_checkpoint(checkpoint, Signer())
    assert tlog.verify_checkpoint(data, [KEY], origin=Signer.name) == checkpoint
    assert tlog.verify_checkpoint(data, [KEY]) == checkpoint


def test_a_changed_byte_in_a_signed_checkpoint_never_verifies():
    data = tlog.sign_checkpoint(Checkpoint(Signer.name, 7, ROOT), Signer())
    for position in range(len(data)):
        changed = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
        with pytest.raises((CheckpointMalformedError, NoteMalformedError, NoteUnverifiedError)):
            tlog.verify_checkpoint(changed, [KEY])


def test_a_checkpoint_of_another_log_is_refused():
    data = tlog.sign_checkpoint(Checkpoint("example.com/other", 7, ROOT), Signer())
    with pytest.raises(NoteUnverifiedError, match=r"log 'example\.com/other'"):
        tlog.verify_checkpoint(data, [KEY], origin=Signer.name)


def test_a_signed_text_that_is_no_checkpoint_is_malformed():
    with pytest.raises(CheckpointMalformedError):
        tlog.verify_checkpoint(tlog.sign_note("hello\n", Signer()), [KEY])


def test_a_log_whose_name_cannot_be_a_key_name_cannot_sign():
    class Nameless(Signer):
        name = "two words"

    with pytest.raises(KeyTextError):
        tlog.sign_checkpoint(Checkpoint("log", 7, ROOT), Nameless())


@pytest.mark.parametrize("text, allowed", [("example.com/log", True), ("Größe", True), ("two words", False), ("a+b", False), ("", False), ("a\u202eb", False)])
def test_an_origin_is_a_printable_key_name(text, allowed):
    assert tlog.is_origin(text) is allowed
