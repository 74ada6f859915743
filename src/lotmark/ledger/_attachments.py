"""Attachments of a checkpoint: what may stand in one, and how its digest, the only thing that the ledger knows of it, is checked."""

import hashlib
from typing import Final

from lotmark.base.errors import IntegrityError, NothingToJudgeError, UsageError
from lotmark.ledger._headers import is_kind, is_text
from lotmark.ledger._records import RESTORE
from lotmark.ledger.models import Attachment

MAX_DATA: Final = 1 << 20
_LONGEST_KIND: Final = 40
_LONGEST_NAME: Final = 160


def attachment_digest(attachment: Attachment) -> bytes:
    """The SHA-256 of the data of a new attachment.

    Raises:
        UsageError: LM-LED-016 if it is not well formed.
    """
    complaint = _complaint(attachment)
    if complaint:
        raise UsageError("LM-LED-016", f"this cannot be attached to a checkpoint: {complaint}", solution="name it as docs/spec/ledger.md, section 4 says")
    return hashlib.sha256(attachment.data).digest()


def check_attachment(size: int, kind: str, name: str, digest: bytes, data: bytes) -> Attachment:
    """The attachment of a stored row.

    Raises:
        IntegrityError: LM-LED-117 if it is not what was attached.
    """
    attachment = Attachment(size, kind, name, data)
    complaint = _complaint(attachment)
    if complaint is None and hashlib.sha256(data).digest() != digest:
        complaint = "its data have changed"
    if complaint:
        raise IntegrityError(
            "LM-LED-117",
            f"ATTACHMENT_MISMATCH: {kind[:40]!r} of {name[:80]!r} at the checkpoint of size {size}: {complaint}",
            where=f"checkpoint of size {size}",
            solution=RESTORE,
        )
    return attachment


def no_checkpoint(size: int) -> NothingToJudgeError:
    """The error for a size at which no checkpoint was signed."""
    return NothingToJudgeError("LM-LED-010", f"no checkpoint was signed at size {size}", solution="a checkpoint is signed with each batch; take the newest")


def _complaint(attachment: Attachment) -> str | None:
    if not is_kind(attachment.kind) or len(attachment.kind) > _LONGEST_KIND:
        return f"the kind {attachment.kind[:80]!r} is not a kebab-case word of at most {_LONGEST_KIND} characters"
    if not is_text(attachment.name) or len(attachment.name) > _LONGEST_NAME:
        return f"the name {attachment.name[:80]!r} is not printable ASCII without quotes and backslashes, at most {_LONGEST_NAME} characters"
    if not 1 <= len(attachment.data) <= MAX_DATA:
        return f"data of {len(attachment.data)} bytes, not 1 to {MAX_DATA}"
    return None
