"""Receipts and headers exports: read and verified offline, with the log's key alone."""

import base64
import json
import re
from collections.abc import Callable, Collection
from typing import Any, Final

import msgspec

from lotmark.base.errors import IntegrityError
from lotmark.ledger._cosignatures import cosigned_checkpoint
from lotmark.ledger._headers import parse_header
from lotmark.ledger.models import Entry, Receipt
from lotmark.ledger.ports import CheckpointVerifier, Ledger
from lotmark.tlog import api as tlog
from lotmark.tlog.errors import CheckpointMalformedError, NoteMalformedError, ProofError, TlogError
from lotmark.tlog.models import Checkpoint, ProofFile

_LINE: Final = re.compile(rb"[^\n]*\n")
_AGAIN: Final = "get the file again from where it was made; if it stays so, do not rely on it"


class _Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    checkpoint: str
    header: str
    index: int
    proof: list[str]


def parse_receipt(data: bytes) -> Receipt:
    """The JSON of a receipt -> values, nothing verified.

    Raises:
        IntegrityError: LM-LED-113 if it is not the one form of a receipt.
    """
    try:
        wire = msgspec.json.decode(data, type=_Wire)
        proof = tuple(base64.b64decode(value, validate=True) for value in wire.proof)
        receipt = Receipt(wire.index, wire.header.encode("ascii"), proof, wire.checkpoint.encode())
    except ValueError as error:
        raise IntegrityError("LM-LED-113", f"RECEIPT_INVALID: not a receipt: {error}", solution=_AGAIN) from error
    if receipt.to_json() != data:
        raise IntegrityError("LM-LED-113", "RECEIPT_INVALID: the receipt is not in the one form of its values", solution=_AGAIN)
    return receipt


def verify_receipt(receipt: Receipt, log_keys: Collection[str], *, origin: str | None = None) -> tuple[Entry, Checkpoint]:
    """The entry of a receipt and the checkpoint that covers it, once signature and inclusion hold.

    Args:
        receipt: From anywhere.
        log_keys: Verifier keys (C2SP vkey text) that the caller trusts.
        origin: The log that it must be of, if given.

    Raises:
        IntegrityError: LM-LED-111 for the checkpoint, LM-LED-113 for the proof, LM-LED-105 for the header.
    """
    checkpoint = verify_log_checkpoint(receipt.checkpoint, log_keys, origin=origin)
    return _verify_inclusion(receipt, checkpoint), checkpoint


def _verify_inclusion(receipt: Receipt, checkpoint: Checkpoint) -> Entry:
    """The entry of a receipt, once its proof leads to the root of the checkpoint."""
    leaf = tlog.leaf_hash(receipt.header_bytes)
    try:
        tlog.verify_inclusion(leaf, receipt.index, checkpoint.size, receipt.proof, checkpoint.root)
    except ProofError as error:
        raise IntegrityError("LM-LED-113", f"{error.code}: {error}", where=f"entry {receipt.index}", solution=_AGAIN) from error
    return Entry(receipt.index, parse_header(receipt.header_bytes), receipt.header_bytes, leaf)


def verify_log_checkpoint(data: bytes, log_keys: Collection[str], *, origin: str | None = None) -> Checkpoint:
    """The checkpoint in the signed note, signed by one of the log keys (C2SP vkey text) of the caller.

    Raises:
        IntegrityError: LM-LED-111 if it does not hold; its text says whether it is malformed or not signed.
    """
    try:
        return tlog.verify_checkpoint(data, [tlog.parse_vkey(key) for key in log_keys], origin=origin)
    except TlogError as error:
        raise IntegrityError(
            "LM-LED-111",
            f"{checkpoint_word(error)}: {error}",
            where="checkpoint",
            solution="compare the log key in the trust file with the published one; if it is right, do not rely on this log",
        ) from error


def checkpoint_word(error: TlogError) -> str:
    """How an error in a signed checkpoint is called: a note that is none cannot hold one."""
    return CheckpointMalformedError.code if isinstance(error, NoteMalformedError) else error.code


def export_headers(ledger: Ledger, size: int | None = None) -> bytes:
    """The first `size` headers (default: all) in log order, one a line: with the checkpoint of that size they let anybody recompute the root.

    Raises:
        IntegrityError: if a row has changed or is missing.
    """
    return b"".join(entry.header_bytes + b"\n" for entry in ledger.entries(end=size))


def prove(ledger: Ledger, index: int) -> dict[str, Any]:
    """Everything that proves the entry under the newest checkpoint, as JSON-ready values.

    Raises:
        NothingToJudgeError: LM-LED-010 if there is no such entry.
    """
    note = ledger.checkpoint()
    checkpoint = tlog.parse_checkpoint(tlog.parse_note(note).text)
    entry = ledger.entry(index)
    return {
        "origin": checkpoint.origin,
        "index": index,
        "size": checkpoint.size,
        "root": base64.b64encode(checkpoint.root).decode(),
        "leafHash": base64.b64encode(entry.leaf_hash).decode(),
        "header": entry.header_bytes.decode("ascii"),
        "proof": [base64.b64encode(value).decode() for value in ledger.inclusion_proof(index, checkpoint.size)],
        "checkpoint": note.decode(),
    }


def tlog_proof(ledger: Ledger, index: int) -> bytes:
    """The C2SP ``tlog-proof`` of the entry under the newest checkpoint, with its cosignatures; its extra line is the header.

    Raises:
        NothingToJudgeError: LM-LED-010 if there is no such entry.
    """
    note = cosigned_checkpoint(ledger)
    size = tlog.parse_checkpoint(tlog.parse_note(note).text).size
    entry = ledger.entry(index)
    return tlog.format_proof_file(ProofFile(index, ledger.inclusion_proof(index, size), note, entry.header_bytes))


def verify_proof(data: bytes, verify: CheckpointVerifier) -> tuple[Entry, Checkpoint, bytes]:
    """The entry of a receipt or ``tlog-proof``, the checkpoint that covers it and its note, once signature and inclusion hold.

    Args:
        data: A receipt as JSON, or a ``tlog-proof`` whose extra line is the header.
        verify: Which checkpoints of the log the caller trusts.

    Raises:
        IntegrityError: as `parse_receipt` and `verify_receipt`.
    """
    if data.lstrip().startswith(b"{"):
        receipt = parse_receipt(_compact(data))
    else:
        try:
            proof = tlog.parse_proof_file(data)
        except TlogError as error:
            raise IntegrityError("LM-LED-113", f"PROOF_INVALID: {error}", solution=_AGAIN) from error
        if proof.extra is None:
            raise IntegrityError("LM-LED-113", "PROOF_INVALID: the proof does not hold the header that it proves", solution=_AGAIN)
        receipt = Receipt(proof.index, proof.extra, proof.proof, proof.note)
    checkpoint = verify(receipt.checkpoint)
    return _verify_inclusion(receipt, checkpoint), checkpoint, receipt.checkpoint


def _compact(data: bytes) -> bytes:
    """A receipt as `lotmark log prove` prints it, in the one form of a receipt again; other bytes as they are."""
    try:
        return json.dumps(json.loads(data), separators=(",", ":")).encode() if b"\n" in data.strip() else data
    except ValueError:
        return data


def verify_headers(data: bytes | memoryview, checkpoint: Checkpoint) -> tuple[Entry, ...]:
    """The entries of a headers export, once they are exactly those that `checkpoint` (already verified) commits to.

    Raises:
        IntegrityError: LM-LED-104 if there are more or fewer, LM-LED-102 if their root is another, LM-LED-105 for a line that is no header.
    """
    return tuple(select_headers(data, checkpoint, lambda _: True).values())


def select_headers(data: bytes | memoryview, checkpoint: Checkpoint, wanted: Callable[[Entry], bool]) -> dict[int, Entry]:
    """The wanted entries of a headers export by index, once all of it is what `checkpoint` commits to.

    Of a log of any length only they are held in memory. `wanted` sees each entry once, in order, once the root is known to be right.

    Raises:
        As `verify_headers`.
    """
    lines = sum(1 for _ in _LINE.finditer(data))
    if lines != checkpoint.size or bytes(data[-1:]) not in {b"", b"\n"}:
        raise IntegrityError(
            "LM-LED-104", f"SIZE_MISMATCH: {lines} whole headers, the checkpoint speaks of {checkpoint.size}", where="headers", solution=_AGAIN
        )
    frontier = tlog.Frontier()
    for line in _LINE.finditer(data):
        frontier.append(tlog.leaf_hash(line.group()[:-1]))
    if frontier.root() != checkpoint.root:
        raise IntegrityError(
            "LM-LED-102", f"ROOT_MISMATCH: the headers are not those of the checkpoint of size {checkpoint.size}", where="headers", solution=_AGAIN
        )
    found = {}
    for index, line in enumerate(_LINE.finditer(data)):
        header = line.group()[:-1]
        entry = Entry(index, parse_header(header), header, tlog.leaf_hash(header))
        if wanted(entry):
            found[index] = entry
    return found
