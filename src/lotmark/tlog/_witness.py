"""The witness protocol: C2SP ``tlog-witness``, requests and answers, and the one judgement that a witness makes.

Transport and storage are the caller's. `judge_checkpoint` needs the checkpoint that the witness cosigned last; reading
that, judging and storing the new one must be one transaction, or two requests that race could roll the log back.
"""

import base64
import re
from collections.abc import Collection

from lotmark.tlog._checkpoint_text import read_checkpoint
from lotmark.tlog._merkle import EMPTY_ROOT
from lotmark.tlog._notes import parse_note, verify_parsed_note
from lotmark.tlog._proofs import verify_consistency
from lotmark.tlog._vkeys import decode_base64
from lotmark.tlog.errors import CheckpointMalformedError, NoteMalformedError, NoteUnverifiedError, ProofError, WitnessRefusalError
from lotmark.tlog.models import AddCheckpoint, Checkpoint, VerifierKey

MAX_PROOF_LINES = 63
MAX_REQUEST = 64 * 1024
"""Bytes of a request: 63 hashes, a checkpoint and sixteen post-quantum signatures fit in."""
SIZE_TYPE = "text/x.tlog.size"
"""Content type of the answer 409, which holds the size that the witness knows."""
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})\Z", re.ASCII)
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n\Z", re.ASCII)


def format_add_checkpoint(request: AddCheckpoint) -> bytes:
    """The body of a request."""
    lines = [f"old {request.old_size}", *(base64.b64encode(value).decode() for value in request.proof), ""]
    return "".join(f"{line}\n" for line in lines).encode() + request.note


def parse_add_checkpoint(body: bytes) -> AddCheckpoint:
    """The body of a request -> values; the checkpoint in it is not read yet.

    Raises:
        WitnessRefusalError: 400 if it is too long or not of the form.
    """
    if len(body) > MAX_REQUEST:
        raise WitnessRefusalError(400, f"a request of {len(body)} bytes, more than {MAX_REQUEST}")
    head, empty, note = body.partition(b"\n\n")
    lines = head.decode("ascii", "replace").split("\n")
    match = _OLD.match(lines[0])
    if not empty or match is None:
        raise WitnessRefusalError(400, "the request does not begin with an old size, proof lines and an empty line")
    if len(lines) - 1 > MAX_PROOF_LINES:
        raise WitnessRefusalError(400, f"{len(lines) - 1} proof lines, more than {MAX_PROOF_LINES}")
    try:
        proof = tuple(decode_base64(line) for line in lines[1:])
    except ValueError as error:
        raise WitnessRefusalError(400, "a proof line is not base64") from error
    return AddCheckpoint(int(match[1]), proof, note)


def read_origin(request: AddCheckpoint) -> str:
    """The origin of the log that a request is about, so that its keys can be looked up; nothing is verified.

    Raises:
        WitnessRefusalError: 400 if there is no checkpoint in it.
    """
    return _read_text(request.note).origin


def judge_checkpoint(request: AddCheckpoint, keys: Collection[VerifierKey], known: Checkpoint | None) -> Checkpoint:
    """The checkpoint of a request, once it continues what the witness cosigned last.

    Args:
        request: As it came.
        keys: Those that the witness trusts for this origin; none for a log that it does not know.
        known: The latest checkpoint of the log that it cosigned, if any.

    Raises:
        WitnessRefusalError: 400, 403, 404, 409 or 422, as the specification says and in its order.
    """
    checkpoint = _read_text(request.note)
    if not keys:
        raise WitnessRefusalError(404, f"unknown log {checkpoint.origin[:120]!r}")
    try:
        verify_parsed_note(parse_note(request.note), tuple(keys))
    except (NoteMalformedError, NoteUnverifiedError) as error:
        # A line that cannot be read is a signature that does not verify.
        raise WitnessRefusalError(403, f"invalid signature: {error}") from error
    size = known.size if known else 0
    if request.old_size > checkpoint.size:
        raise WitnessRefusalError(400, f"the old size {request.old_size} is larger than the checkpoint's {checkpoint.size}")
    if request.old_size != size:
        raise WitnessRefusalError(409, f"this witness cosigned size {size}", size=size)
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise WitnessRefusalError(422, "the root of the empty tree is another")
    if size == 0:
        if request.proof:
            raise WitnessRefusalError(422, "a consistency proof from the empty tree is empty")
        return checkpoint
    try:
        verify_consistency(size, checkpoint.size, request.proof, known.root if known else EMPTY_ROOT, checkpoint.root)
    except ProofError as error:
        raise WitnessRefusalError(422, f"the consistency proof does not verify: {error}") from error
    return checkpoint


def format_size(size: int) -> bytes:
    """The body of the answer 409."""
    return f"{size}\n".encode()


def parse_size(body: bytes) -> int:
    """The size in the body of an answer 409.

    Raises:
        WitnessRefusalError: 409 without a size if there is none.
    """
    match = _SIZE.match(body)
    if match is None:
        raise WitnessRefusalError(409, "the witness knows another size and does not say which")
    return int(match[1])


def _read_text(note: bytes) -> Checkpoint:
    """The checkpoint that stands above the signature lines, whatever those are."""
    try:
        text, _, _ = note.decode().rpartition("\n\n")
        return read_checkpoint(text + "\n", allow_extension=True)
    except (UnicodeDecodeError, CheckpointMalformedError) as error:
        raise WitnessRefusalError(400, f"no checkpoint in the request: {error}") from error
