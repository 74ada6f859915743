"""Time stamps of checkpoints: what is stamped, where the stamp is kept, and what it says (``docs/spec/timestamps.md``).

The stamped bytes are the text of the checkpoint's note (origin, size, root), without the empty line and the signatures behind it: so
cosignatures may come later, and a key may be rotated, and the stamp still speaks of the same tree. A stamp is kept as an attachment of the
checkpoint, whole as it came; its name tells the authority and the nonce of the request.
"""

import re
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Final

from lotmark.base.errors import IntegrityError
from lotmark.ledger.models import Attachment, Timestamp
from lotmark.ledger.ports import Ledger, TimestampAuthority, TimestampVerifier
from lotmark.tlog import api as tlog

TIMESTAMP: Final = "rfc3161"
"""The kind of attachment."""
_NAME: Final = re.compile(r"(?P<authority>[!-~]{1,120})/(?P<nonce>[0-9a-f]{1,16})")


def stamped_bytes(note: bytes) -> bytes:
    """What is stamped of a checkpoint: the text of its note."""
    return tlog.parse_note(note).text.encode()


def stamp_checkpoint(
    ledger: Ledger,
    authority: TimestampAuthority,
    verifier: TimestampVerifier,
    *,
    open_attaching: Callable[[], AbstractContextManager[Ledger]],
    size: int | None = None,
) -> Timestamp:
    """Have the checkpoint of that size (default: the newest) stamped, verify the stamp, and keep it.

    The authority is asked while nothing is held; no append waits for it.

    Raises:
        NothingToJudgeError: LM-LED-010 if no checkpoint was signed at that size.
        IntegrityError: LM-LED-133 if the stamp does not hold; it is not kept then.
        EnvironmentLacksError: LM-ITG-022 if the authority does not answer, LM-LED-004 if the stamp cannot be kept.
    """
    note = ledger.checkpoint(size)
    text = stamped_bytes(note)
    reply, nonce = authority.stamp(text)
    stamp = verifier.verify(reply, text, nonce=nonce)
    with open_attaching() as writer:
        writer.attach(tlog.parse_checkpoint(text.decode()).size, TIMESTAMP, f"{authority.name[:120]}/{nonce:x}", reply)
    return stamp


def verify_timestamps(note: bytes, attachments: Iterable[Attachment], verifier: TimestampVerifier) -> tuple[Timestamp, ...]:
    """The stamps among the attachments of the checkpoint, oldest first, each verified.

    Raises:
        IntegrityError: LM-LED-133 naming the first that does not hold.
    """
    text = stamped_bytes(note)
    found = []
    for attachment in attachments:
        if attachment.kind == TIMESTAMP:
            name = _NAME.fullmatch(attachment.name)
            where = f"checkpoint of size {attachment.size}"
            if name is None:
                raise IntegrityError("LM-LED-133", f"TIMESTAMP_INVALID: the name {attachment.name!r} tells no nonce", where=where, solution=_AGAIN)
            try:
                found.append(verifier.verify(attachment.data, text, nonce=int(name["nonce"], 16)))
            except IntegrityError as error:
                raise IntegrityError(error.code, f"{error.reason} (the stamp {attachment.name})", where=where, solution=error.solution) from error
    return tuple(sorted(found, key=lambda stamp: stamp.time))


_AGAIN: Final = "keep it as evidence, and have the checkpoint stamped again: `lotmark log timestamp`"
