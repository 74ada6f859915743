"""What can be wrong with a proof, a note or a checkpoint.

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
