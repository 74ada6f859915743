"""Signed notes: C2SP ``signed-note``.

Lines of keys that the caller does not name are counted and ignored, whatever their type, so a note can gather
signatures that this reader does not know. A wrong signature of a key that he names is an error even beside a good one.
"""

import base64
import re
from collections.abc import Iterable, Sequence

from lotmark.tlog._signatures import verify_signature
from lotmark.tlog._vkeys import decode_base64, is_key_name, make_key
from lotmark.tlog.errors import NoteMalformedError, NoteUnverifiedError
from lotmark.tlog.models import Note, NoteSignature, VerifiedNote, VerifiedSignature, VerifierKey
from lotmark.tlog.ports import NoteSigner

_MAX_NOTE = 1_000_000
_MAX_SIGNATURES = 100
_PREFIX = "\N{EM DASH} "
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f]")


def sign_note(text: str, signer: NoteSigner) -> bytes:
    """The note of `text` with the signer's one signature.

    Raises:
        NoteMalformedError: if the text cannot be a note's.
        KeyTextError: if the signer's name or key cannot be a note key's.
    """
    key = make_key(signer.name, signer.public_key)
    signature = NoteSignature(key.name, key.key_hash, signer.sign(text.encode()))
    return format_note(Note(text, (signature,)))


def format_note(note: Note) -> bytes:
    """The bytes of a note with its signature lines.

    Raises:
        NoteMalformedError: if they would not parse as this note.
    """
    data = (note.text + "\n" + format_signatures(note.signatures)).encode()
    if parse_note(data) != note:
        raise NoteMalformedError("the text cannot stand in a signed note")
    return data


def parse_note(data: bytes) -> Note:
    """The bytes of a signed note -> text and signatures, nothing verified.

    Raises:
        NoteMalformedError: too long, not UTF-8, control characters, no text, no or too many signature lines, or one that is not well formed.
    """
    if len(data) > _MAX_NOTE:
        raise NoteMalformedError(f"a note of {len(data)} bytes, more than {_MAX_NOTE}")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NoteMalformedError(f"the note is not UTF-8 at byte {error.start}") from error
    if _CONTROL.search(whole):
        raise NoteMalformedError("the note holds a control character")
    # The last empty line parts text and signatures: a text may hold empty lines itself.
    cut = whole.rfind("\n\n")
    if cut < 0 or not whole.endswith("\n"):
        raise NoteMalformedError("the note has no signature block")
    return Note(whole[: cut + 1], parse_signatures(whole[cut + 2 :]))


def format_signatures(signatures: Iterable[NoteSignature]) -> str:
    """Signature lines, as they stand in a note and in the answer of a witness."""
    return "".join(f"{_PREFIX}{s.name} {base64.b64encode(s.key_hash.to_bytes(4, 'big') + s.signature).decode()}\n" for s in signatures)


def parse_signatures(block: str) -> tuple[NoteSignature, ...]:
    """Signature lines -> signatures, nothing verified.

    Raises:
        NoteMalformedError: no or too many lines, or one that is not well formed.
    """
    *lines, rest = block.split("\n")
    if rest or not lines or len(lines) > _MAX_SIGNATURES:
        raise NoteMalformedError(f"{len(lines)} whole signature lines")
    return tuple(_parse_line(line) for line in lines)


def add_signatures(data: bytes, signatures: Iterable[NoteSignature]) -> bytes:
    """The note with further signature lines behind its own; one that it has already is not added again.

    Raises:
        NoteMalformedError: if `data` is no note, or the result would be none.
    """
    note = parse_note(data)
    return format_note(Note(note.text, tuple(dict.fromkeys((*note.signatures, *signatures)))))


def verify_note(data: bytes, keys: Iterable[VerifierKey]) -> VerifiedNote:
    """The note in `data`, once every line of the given keys holds and there is at least one.

    Raises:
        NoteMalformedError: if it is no note.
        NoteUnverifiedError: no line of a given key, a wrong signature, or two given keys with one name and hash.
    """
    return verify_parsed_note(parse_note(data), tuple(keys))


def verify_parsed_note(note: Note, keys: Sequence[VerifierKey]) -> VerifiedNote:
    """As `verify_note`, from the parsed note."""
    good: dict[VerifierKey, VerifiedSignature] = {}
    unknown = 0
    for line in note.signatures:
        matching = [key for key in keys if (key.name, key.key_hash) == (line.name, line.key_hash)]
        if not matching:
            unknown += 1
            continue
        if len(matching) > 1:
            raise NoteUnverifiedError(f"two trusted keys are called {line.name}+{line.key_hash:08x}")
        verified = verify_signature(matching[0], note.text, line.signature)
        # Of two cosignatures of one key the younger one says more.
        if verified.key not in good or (verified.time or 0) > (good[verified.key].time or 0):
            good[verified.key] = verified
    if not good:
        raise NoteUnverifiedError("the note has no signature of a trusted key")
    return VerifiedNote(note.text, tuple(good.values()), unknown)


def _parse_line(line: str) -> NoteSignature:
    name, space, text = line.removeprefix(_PREFIX).partition(" ")
    if not line.startswith(_PREFIX) or not space or not is_key_name(name):
        raise NoteMalformedError(f"not a signature line: {line[:80]!r}")
    try:
        data = decode_base64(text)
    except ValueError as error:
        raise NoteMalformedError(f"the signature of {name[:80]!r} is not base64") from error
    if len(data) <= 4:
        raise NoteMalformedError(f"the signature of {name[:80]!r} is too short")
    return NoteSignature(name, int.from_bytes(data[:4], "big"), data[4:])
