"""Checkpoints as signed notes."""

from collections.abc import Iterable

from lotmark.tlog._checkpoint_text import format_checkpoint, parse_checkpoint
from lotmark.tlog._notes import parse_note, sign_note, verify_parsed_note
from lotmark.tlog._vkeys import is_key_name
from lotmark.tlog.errors import NoteUnverifiedError
from lotmark.tlog.models import Checkpoint, VerifierKey
from lotmark.tlog.ports import NoteSigner


def sign_checkpoint(checkpoint: Checkpoint, signer: NoteSigner) -> bytes:
    """The signed note of a checkpoint.

    Raises:
        CheckpointMalformedError: if the values cannot stand in one.
        KeyTextError: if the signer's name or key cannot be a note key's.
    """
    return sign_note(format_checkpoint(checkpoint), signer)


def verify_checkpoint(data: bytes, vkeys: Iterable[VerifierKey], *, origin: str | None = None, allow_extension: bool = False) -> Checkpoint:
    """The checkpoint in the signed note `data`, signed by at least one of `vkeys` and about the log `origin` if given.

    Raises:
        NoteMalformedError: if it is no note.
        NoteUnverifiedError: no good signature, or another log's checkpoint.
        CheckpointMalformedError: if the signed text is no checkpoint.
    """
    note = verify_parsed_note(parse_note(data), tuple(vkeys))
    checkpoint = parse_checkpoint(note.text, allow_extension=allow_extension)
    if origin is not None and checkpoint.origin != origin:
        raise NoteUnverifiedError(f"the checkpoint is of the log {checkpoint.origin!r}, not {origin!r}")
    return checkpoint


def is_origin(text: str) -> bool:
    """Whether a log can be called so and sign under that name."""
    return is_key_name(text) and text.isprintable()
