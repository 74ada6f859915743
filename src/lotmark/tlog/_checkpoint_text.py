"""The text of a checkpoint: C2SP ``tlog-checkpoint``, read strictly so that a tree state has one text."""

import base64
import re

from lotmark.tlog._merkle import EMPTY_ROOT, HASH_SIZE
from lotmark.tlog._vkeys import decode_base64
from lotmark.tlog.errors import CheckpointMalformedError
from lotmark.tlog.models import Checkpoint

_SIZE = re.compile(r"(0|[1-9][0-9]{0,18})\Z", re.ASCII)
_MAX_SIZE = 2**63 - 1


def format_checkpoint(checkpoint: Checkpoint) -> str:
    """The text that is signed.

    Raises:
        CheckpointMalformedError: if it would not parse as this checkpoint.
    """
    lines = (checkpoint.origin, str(checkpoint.size), base64.b64encode(checkpoint.root).decode(), *checkpoint.extension)
    text = "".join(f"{line}\n" for line in lines)
    if parse_checkpoint(text, allow_extension=True) != checkpoint:
        raise CheckpointMalformedError("these values cannot stand in a checkpoint")
    return text


def parse_checkpoint(text: str, *, allow_extension: bool = False) -> Checkpoint:
    """The text of a checkpoint (a note's text, no signatures) -> values, nothing verified.

    Raises:
        CheckpointMalformedError: fewer than three lines, no final newline, an origin that cannot be a key name, a size
            with a sign or leading zeros, a root that is not 32 bytes in canonical base64, a root of the empty tree that
            is not it, control characters, or extension lines where they are not allowed (or empty ones).
    """
    checkpoint = read_checkpoint(text, allow_extension=allow_extension)
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise CheckpointMalformedError("the root of the empty tree is another")
    return checkpoint


def read_checkpoint(text: str, *, allow_extension: bool = False) -> Checkpoint:
    """As `parse_checkpoint`, but a root of the empty tree may be another: a witness has an answer of its own for that."""
    if not text.endswith("\n") or not text.replace("\n", "").isprintable():
        raise CheckpointMalformedError("a checkpoint's lines are printable and end in a newline")
    lines = text.split("\n")[:-1]
    if len(lines) < 3:
        raise CheckpointMalformedError(f"a checkpoint of {len(lines)} lines")
    origin, size_text, root_text, *extension = lines
    # The origin may hold spaces ("go.sum database tree"); a key name may not, so a log that signs under its origin has none.
    if not origin.strip():
        raise CheckpointMalformedError("the checkpoint has no origin")
    if not _SIZE.match(size_text) or int(size_text) > _MAX_SIZE:
        raise CheckpointMalformedError(f"not a tree size: {size_text[:40]!r}")
    try:
        root = decode_base64(root_text)
    except ValueError as error:
        raise CheckpointMalformedError(f"not a root hash: {root_text[:80]!r}") from error
    if len(root) != HASH_SIZE:
        raise CheckpointMalformedError(f"a root hash of {len(root)} bytes")
    if extension and not (allow_extension and all(extension)):
        raise CheckpointMalformedError("the checkpoint has extension lines")
    return Checkpoint(origin, int(size_text), root, tuple(extension))
