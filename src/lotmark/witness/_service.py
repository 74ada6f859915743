"""The witness itself: requests in, answers out, whatever carries them."""

import hashlib
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from lotmark.base.errors import EnvironmentLacksError, IntegrityError
from lotmark.tlog import api as tlog
from lotmark.tlog.errors import TlogError, WitnessRefusalError
from lotmark.tlog.models import AddCheckpoint, Checkpoint, Note, VerifierKey
from lotmark.tlog.ports import NoteSigner
from lotmark.witness._publish import PublishedFolder
from lotmark.witness._store import WitnessStore
from lotmark.witness.models import Answer

_NEW: Final = "restore the witness's newest database; if there is none, make a new witness with a new key and tell the logs' owners"


class Witness:
    """A C2SP witness with one key of the type ``cosignature/v1``."""

    def __init__(self, store: WitnessStore, signer: NoteSigner, published: Path, now: Callable[[], datetime]) -> None:
        """A witness that signs with `signer` and publishes into the folder `published`, best on another disk than its store.

        Raises:
            IntegrityError: LM-WIT-101 if it published what its store does not know, so that the store was put back.
            KeyTextError: if the signer's name or key cannot be a witness's.
        """
        self._store = store
        self._signer = signer
        self._published = PublishedFolder(published)
        self._now = now
        self._mutex = threading.Lock()
        self._key = tlog.witness_key(tlog.make_key(signer.name, signer.public_key))
        for log in store.logs():
            self._newest(log.origin, store.cosigned(log.origin))

    @property
    def vkey(self) -> str:
        """Its verifier key (C2SP vkey text), for those who name it in their policy."""
        return tlog.format_vkey(self._key)

    def add_checkpoint(self, body: bytes) -> Answer:
        """The answer to ``POST /add-checkpoint``: 200, 400, 403, 404, 409 or 422; 500 where the witness itself is at fault."""
        try:
            request = tlog.parse_add_checkpoint(body)
            origin = tlog.read_origin(request)
            keys = self._store.keys(origin)
            lines: list[str] = []

            def judge(stored: bytes | None) -> bytes:
                checkpoint = tlog.judge_checkpoint(request, keys, self._newest(origin, stored))
                note, line = self._cosign(request, keys, checkpoint)
                lines.append(line)
                return note

            with self._mutex:  # published in the order in which it was stored
                note = self._store.advance(origin, judge)
                self._published.put(hash_origin(origin), note)
        except WitnessRefusalError as refusal:
            if refusal.status == 409 and refusal.size is not None:
                return Answer(409, tlog.format_size(refusal.size), tlog.SIZE_TYPE)
            return Answer(refusal.status, f"{refusal}\n".encode())
        except (EnvironmentLacksError, IntegrityError) as error:
            return Answer(500, f"{error.code}: this witness does not cosign now\n".encode())
        return Answer(200, lines[0].encode())

    def checkpoint(self, origin_hash: str) -> Answer:
        """The answer to ``GET /<origin hash>/checkpoint``: the last cosigned checkpoint, with the log's and its own signature."""
        note = self._published.get(origin_hash)
        return Answer(404, b"no checkpoint of that log was cosigned\n") if note is None else Answer(200, note)

    def _newest(self, origin: str, stored: bytes | None) -> Checkpoint | None:
        """The last checkpoint of the log that this witness cosigned, by its store and by what it published.

        Raises:
            IntegrityError: LM-WIT-101 if it published a larger one than is stored, or another one of that size.
        """
        known = None if stored is None else self._read(stored, "the stored checkpoint")
        note = self._published.get(hash_origin(origin))
        published = None if note is None else self._read(note, "the published checkpoint")
        if published is None:
            return known
        size = known.size if known else 0
        if published.size > size or (known and published.size == size and published.root != known.root):
            raise IntegrityError(
                "LM-WIT-101",
                f"ROLLBACK: this witness published size {published.size} of {origin}, its database knows {size}",
                where=str(self._published.path(hash_origin(origin))),
                solution=_NEW,
            )
        return known

    def _read(self, note: bytes, what: str) -> Checkpoint:
        try:
            return tlog.verify_checkpoint(note, [self._key], allow_extension=True)
        except TlogError as error:
            raise IntegrityError("LM-WIT-101", f"{what} is not one that this witness cosigned: {error}", where=what, solution=_NEW) from error

    def _cosign(self, request: AddCheckpoint, keys: Sequence[VerifierKey], checkpoint: Checkpoint) -> tuple[bytes, str]:
        """The note with the signatures of the log and of the witness, and the witness's line alone."""
        text = tlog.format_checkpoint(checkpoint)
        line = tlog.cosign(text, self._signer, int(self._now().timestamp()))
        known = {(key.name, key.key_hash) for key in keys}
        kept = [signature for signature in tlog.parse_note(request.note).signatures if (signature.name, signature.key_hash) in known]
        return tlog.format_note(Note(text, (*dict.fromkeys(kept), line))), tlog.format_signatures([line])


def hash_origin(origin: str) -> str:
    """How a log is called in the paths of the monitoring prefix: SHA-256 of its origin, in hex."""
    return hashlib.sha256(origin.encode()).hexdigest()
