"""Proof files: C2SP ``tlog-proof``, everything that shows offline that an entry is in a log."""

import base64
import re
from collections.abc import Collection

from lotmark.tlog._checkpoints import verify_checkpoint
from lotmark.tlog._merkle import HASH_SIZE
from lotmark.tlog._proofs import verify_inclusion
from lotmark.tlog._vkeys import decode_base64
from lotmark.tlog.errors import ProofFileMalformedError
from lotmark.tlog.models import Checkpoint, ProofFile, VerifierKey

_HEADER = b"c2sp.org/tlog-proof@v1"
_INDEX = re.compile(rb"index (0|[1-9][0-9]{0,18})\Z", re.ASCII)
_EXTRA = b"extra "
_MAX_HASHES = 64
_MAX_FILE = 1_100_000
"""Bytes: the longest note and the longest proof fit in."""


def format_proof_file(proof: ProofFile) -> bytes:
    """The bytes of a proof file.

    Raises:
        ProofFileMalformedError: if they would not parse.
    """
    lines = [_HEADER]
    if proof.extra is not None:
        lines.append(_EXTRA + base64.b64encode(proof.extra))
    lines += [b"index %d" % proof.index, *map(base64.b64encode, proof.proof), b""]
    data = b"".join(line + b"\n" for line in lines) + proof.note
    parse_proof_file(data)
    return data


def parse_proof_file(data: bytes) -> ProofFile:
    """The bytes of a proof file -> values; the checkpoint in it is not read.

    Raises:
        ProofFileMalformedError: if they are not of the form, or a hash is not 32 bytes in canonical base64.
    """
    if len(data) > _MAX_FILE:
        raise ProofFileMalformedError(f"a proof file of {len(data)} bytes, more than {_MAX_FILE}")
    head, empty, note = data.partition(b"\n\n")
    lines = head.split(b"\n")
    if not empty or lines.pop(0) != _HEADER:
        raise ProofFileMalformedError(f"a proof file begins with {_HEADER.decode()} and has an empty line before its checkpoint")
    extra = None
    if lines and lines[0].startswith(_EXTRA):
        extra = _decode(lines.pop(0).removeprefix(_EXTRA), "the extra data")
    match = _INDEX.match(lines.pop(0)) if lines else None
    if match is None:
        raise ProofFileMalformedError("the proof file does not name its index")
    if len(lines) > _MAX_HASHES:
        raise ProofFileMalformedError(f"a proof of {len(lines)} hashes, more than {_MAX_HASHES}")
    hashes = tuple(_decode(line, f"hash {number + 1}") for number, line in enumerate(lines))
    for value in hashes:
        if len(value) != HASH_SIZE:
            raise ProofFileMalformedError(f"a hash of {len(value)} bytes instead of {HASH_SIZE}")
    return ProofFile(int(match[1]), hashes, note, extra)


def verify_proof_file(proof: ProofFile, leaf: bytes, keys: Collection[VerifierKey], *, origin: str | None = None) -> Checkpoint:
    """The checkpoint of the proof, once one of `keys` signed it and the leaf hash `leaf` is in its tree at the index.

    Whether enough witnesses cosigned it is for a policy to say (`check_policy`).

    Raises:
        NoteMalformedError, NoteUnverifiedError, CheckpointMalformedError: as `verify_checkpoint`.
        ProofError: if the proof does not lead to the root.
    """
    checkpoint = verify_checkpoint(proof.note, keys, origin=origin, allow_extension=True)
    verify_inclusion(leaf, proof.index, checkpoint.size, proof.proof, checkpoint.root)
    return checkpoint


def _decode(text: bytes, what: str) -> bytes:
    try:
        return decode_base64(text.decode("ascii"))
    except ValueError as error:
        raise ProofFileMalformedError(f"{what} is not base64") from error
