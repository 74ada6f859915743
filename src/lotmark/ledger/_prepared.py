"""A submission on its way into the log: checked, hashed, its header complete but for the time of receipt.

This half of an append needs neither store nor lock, so threads do it side by side while another batch is being written.
"""

import hashlib
import re
from binascii import b2a_base64
from datetime import timedelta
from functools import lru_cache
from typing import Final

from lotmark.attest.api import is_canonical, parse_envelope
from lotmark.attest.models import Envelope
from lotmark.base.clock import format_instant, parse_instant
from lotmark.base.digest import Digest
from lotmark.base.errors import LotmarkError, RefusedError, UsageError
from lotmark.ledger._headers import complain_of_names, complain_of_slot, text_form, unrecordable
from lotmark.ledger._records import blobs_root
from lotmark.ledger.models import Submission, blob_list

MAX_ENVELOPE: Final = 64 * 1024 * 1024
_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
FUTURE: Final = timedelta(minutes=5)
"""How far clocks of honest machines may be apart: evidence that claims to be from later than that is refused."""
_ACT: Final = b'At":"'
_OWN: Final = b'"predicateType":"https://lotmark.dev/attestation/'
_CLAIM: Final = re.compile(rb'(?<!committed)At":"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})')
"""When an act is said to have been done, in Lotmark's own kinds of evidence. The time of a commit is git's word and no act of ours."""


class Prepared:
    """A submission that is well formed. `payload` and `signers` are the texts that stand in its header."""

    __slots__ = ("_after", "_before", "blobs", "claimed", "kind", "payload", "raw", "scope", "signers", "slot", "submission")

    def __init__(self, submission: Submission) -> None:
        """Check the submission.

        Raises:
            UsageError: LM-LED-007 if it is not well formed.
        """
        envelope = submission.envelope
        complaint = complain_of_names(submission.kind, submission.scope, submission.submitter) or complain_of_slot(submission.slot)
        if complaint:
            raise unrecordable(complaint)
        if not _holds(envelope):
            raise UsageError(
                "LM-LED-007",
                f"the submission ({submission.kind}) cannot be recorded: its envelope's bytes are not its values",
                solution="make envelopes with lotmark.attest",
            )
        self.submission = submission
        self.kind = submission.kind
        self.scope = submission.scope
        self.slot = submission.slot
        self.blobs = blob_list(submission.blobs) if submission.blobs else ()
        self.raw = envelope.raw
        self.payload = _text_of(envelope.payload)
        self.claimed = max(_CLAIM.findall(envelope.payload), default=b"") if _ACT in envelope.payload and _OWN in envelope.payload else b""
        signer = _key_text(envelope.key_id)
        self.signers = f'["{signer}"]'
        self._before = (
            f'{{"v":1,"kind":"{self.kind}","envelope":"{_text_of(self.raw)}","size":{len(self.raw)},"payload":"{self.payload}",'
            f'"keys":{self.signers},"scope":"{self.scope}","receivedAt":"'
        )
        root = blobs_root(self.blobs) if self.blobs else None
        self._after = (
            (f'","slot":"{self.slot}' if self.slot else "")
            + (f'","submitter":"{submission.submitter}' if submission.submitter else "")
            + (f'","blobs":"{text_form(root)}"}}' if root else '"}')
        )

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Two submissions of one identity are the same evidence."""
        return (self.scope, self.kind, self.payload, self.signers)

    def check_claim(self, received_at: str) -> None:
        """Return if no act is claimed to be from later than the clocks of honest machines allow.

        Raises:
            RefusedError: LM-LED-018.
        """
        if self.claimed > _limit(received_at):
            raise RefusedError(
                "LM-LED-018",
                f"FUTURE_TIME: the submission ({self.kind}) claims to be of {self.claimed.decode()}Z, and it is {received_at}",
                solution=f"set the clock of the machine that made it (or of this one): more than {FUTURE.seconds // 60} minutes are no difference of clocks",
            )

    def header(self, received_at: str) -> str:
        """The header: what `format_header` gives for the same values."""
        return f"{self._before}{received_at}{self._after}"


def _holds(envelope: Envelope) -> bool:
    """Whether the envelope's bytes are its values."""
    if len(envelope.raw) > MAX_ENVELOPE:
        return False
    try:
        return is_canonical(envelope) or parse_envelope(envelope.raw) == envelope
    except LotmarkError:
        return False


def _text_of(data: bytes) -> str:
    """The digest of the data as `text_form` writes it."""
    return str(b2a_base64(hashlib.sha256(data).digest(), newline=False).translate(_URL_SAFE), "ascii")[:43]


@lru_cache(maxsize=4)
def _limit(received_at: str) -> bytes:
    return format_instant(parse_instant(received_at) + FUTURE)[:19].encode()


@lru_cache(maxsize=1024)
def _key_text(key_id: str) -> str:
    return text_form(Digest(key_id))
