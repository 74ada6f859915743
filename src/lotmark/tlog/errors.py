"""What can be wrong with a proof, a note, a checkpoint, a tile or a policy.

Each error has a stable `code`, the word by which attack lists and reports call it.
"""

from typing import ClassVar


class TlogError(ValueError):
    """Root of this room's errors: the value does not hold."""

    code: ClassVar[str] = "TLOG_INVALID"


class ProofError(TlogError):
    """A proof does not lead from what it is about to the root."""

    code = "PROOF_INVALID"


class KeyTextError(TlogError):
    """The text is not a verifier key."""

    code = "KEY_MALFORMED"


class NoteMalformedError(TlogError):
    """The bytes are not a signed note."""

    code = "NOTE_MALFORMED"


class NoteUnverifiedError(TlogError):
    """No signature of a key that the caller trusts, or a wrong one."""

    code = "NOTE_UNVERIFIED"


class CheckpointMalformedError(TlogError):
    """The text is not the one form of a checkpoint."""

    code = "CHECKPOINT_MALFORMED"


class ProofFileMalformedError(TlogError):
    """The bytes are not a proof file."""

    code = "PROOF_MALFORMED"


class PolicyMalformedError(TlogError):
    """The bytes are not a policy, or one that contradicts itself."""

    code = "POLICY_MALFORMED"


class TileError(TlogError):
    """A tile or entry bundle is not the one that the checkpoint commits to."""

    code = "TILE_MISMATCH"


class WitnessRefusalError(TlogError):
    """A witness does not cosign.

    `status` is the HTTP status that C2SP ``tlog-witness`` gives the reason; at 409 `size` is the one that it knows.
    """

    code = "WITNESS_REFUSED"

    def __init__(self, status: int, reason: str, *, size: int | None = None) -> None:
        """`reason` is for people: its text is not part of the protocol."""
        super().__init__(reason)
        self.status = status
        self.size = size
