"""What stands in a row of `inbox` and of `answer`: submissions one way, receipts or an error the other. Scratch, never evidence."""

import msgspec

from lotmark.attest.api import parse_envelope
from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError, IntegrityError, LotmarkError, NothingToJudgeError, RefusedError, UsageError
from lotmark.ledger.models import Receipt, Submission

_ERRORS = {kind.__name__: kind for kind in (UsageError, RefusedError, EnvironmentLacksError, IntegrityError, NothingToJudgeError)}


class _Submission(msgspec.Struct, array_like=True):
    envelope: bytes
    kind: str
    scope: str
    slot: str
    submitter: str
    blobs: list[bytes]


class _Receipt(msgspec.Struct, array_like=True):
    index: int
    header: bytes
    proof: list[bytes]
    checkpoint: bytes


class _Error(msgspec.Struct, array_like=True):
    kind: str
    code: str
    reason: str
    where: str | None
    solution: str | None


class _Outcome(msgspec.Struct, array_like=True):
    receipts: list[_Receipt]
    error: _Error | None


_encoder = msgspec.msgpack.Encoder()
_batch = msgspec.msgpack.Decoder(list[_Submission])
_outcome = msgspec.msgpack.Decoder(_Outcome)


def encode_batch(submissions: list[Submission]) -> bytes:
    """The submissions of one batch."""
    return _encoder.encode(
        [_Submission(one.envelope.raw, one.kind, one.scope, one.slot, one.submitter, [blob.raw for blob in one.blobs]) for one in submissions]
    )


def decode_batch(data: bytes) -> list[Submission]:
    """The submissions of one batch; anybody who may write to the inbox may have written it.

    Raises:
        UsageError: LM-LED-007 if it is none.
    """
    try:
        return [
            Submission(parse_envelope(one.envelope), one.kind, one.scope, one.slot, one.submitter, tuple(Digest(blob.hex()) for blob in one.blobs))
            for one in _batch.decode(data)
        ]
    except (msgspec.DecodeError, ValueError, LotmarkError) as error:
        raise UsageError("LM-LED-007", f"the submission cannot be recorded: it is no batch of envelopes: {error}", solution="submit with Lotmark") from error


def encode_outcome(receipts: tuple[Receipt, ...], error: BaseException | None) -> bytes:
    """The receipts of a batch, or why there are none."""
    if error is None:
        return _encoder.encode(_Outcome([_Receipt(one.index, one.header_bytes, list(one.proof), one.checkpoint) for one in receipts], None))
    if isinstance(error, LotmarkError):
        return _encoder.encode(_Outcome([], _Error(type(error).__name__, error.code, error.reason, _text(error.where), error.solution)))
    return _encoder.encode(_Outcome([], _Error("EnvironmentLacksError", "LM-LED-006", f"the sequencer failed: {error}", None, "look at its log")))


def decode_outcome(data: bytes) -> tuple[tuple[Receipt, ...], LotmarkError | None]:
    """See `encode_outcome`."""
    outcome = _outcome.decode(data)
    if outcome.error is None:
        return tuple(Receipt(one.index, one.header, tuple(one.proof), one.checkpoint) for one in outcome.receipts), None
    told = outcome.error
    return (), _ERRORS.get(told.kind, EnvironmentLacksError)(told.code, told.reason, where=told.where, solution=told.solution)


def _text(where: object) -> str | None:
    return None if where is None else str(where)
