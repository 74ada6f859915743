"""An attacker with the log's and the pipeline's key: rewrites the ledger of a tiny product so that every hash and checkpoint fits again.

What is left to give him away are the signatures of others, and what records say of each other.
"""

import json
import shutil
from collections.abc import Callable
from typing import Any

from fakes.tiny_product import TinyProduct
from lotmark.attest.api import FileSigner, parse_envelope, sign_payload
from lotmark.attest.models import Envelope
from lotmark.attest.ports import Signer
from lotmark.ledger.api import create_ledger, open_ledger
from lotmark.ledger.models import Entry, Submission

Change = Callable[[Any], Any]


def rewrite(tiny: TinyProduct, change: Callable[[Entry, Envelope], Envelope | tuple[str, Envelope] | None]) -> None:
    """Make the ledger anew: `change` gives the envelope to record instead of an entry's own (with another kind, if it likes), or None to keep it."""
    keys = tiny.state / "keys"
    with open_ledger(tiny.state) as old:
        origin = old.origin
        told = [(entry, old.envelope(entry), old.entry_blobs(entry)) for entry in old.entries()]
    for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm", "index.db"):
        (tiny.state / name).unlink(missing_ok=True)
    shutil.rmtree(tiny.state / "witnessed", ignore_errors=True)
    with create_ledger(tiny.state, origin, FileSigner.load(keys / "log.key"), tiny.clock) as new:
        for entry, envelope, blobs in told:
            made = change(entry, envelope) or envelope
            kind, kept = made if isinstance(made, tuple) else (entry.header.kind, made)
            new.append([Submission(kept, kind, entry.header.scope, entry.header.slot, blobs=blobs, submitter=entry.header.submitter)])


def forge(tiny: TinyProduct, kind: str, change: Change, *, by: Signer | None = None, raw: Callable[[bytes], bytes] = bytes) -> int:
    """Let the newest record of the kind say something else, signed with the pipeline's key or `by`; `raw` is the last word on its bytes. Gives its index."""
    with tiny.workspace() as workspace:
        index = max(entry.index for entry in workspace.ledger.entries(kind=kind))
    signer = by or FileSigner.load(tiny.state / "keys" / "pipeline.key")

    def replace(entry: Entry, envelope: Envelope) -> Envelope | None:
        if entry.index != index:
            return None
        tree = json.loads(envelope.payload)
        return sign_payload(raw(json.dumps(change(tree) or tree).encode()), signer)

    rewrite(tiny, replace)
    return index


def add(tiny: TinyProduct, envelope: Envelope, kind: str, scope: str) -> int:
    """Record an envelope as it is, past every check of the command line; gives its index."""
    with tiny.workspace() as workspace, workspace.writer() as ledger:
        (receipt,) = ledger.append([Submission(envelope, kind, scope)])
    return receipt.index


def newest(tiny: TinyProduct, kind: str) -> tuple[int, Envelope, str]:
    """Index, envelope and scope of the newest record of the kind."""
    with tiny.workspace() as workspace:
        entry = list(workspace.ledger.entries(kind=kind))[-1]
        return entry.index, workspace.ledger.envelope(entry), entry.header.scope


def reshaped(envelope: Envelope, change: Change) -> bytes:
    """The bytes of an envelope whose JSON somebody changed."""
    tree = json.loads(envelope.raw)
    return json.dumps(change(tree) or tree).encode()


def as_envelope(raw: bytes) -> Envelope:
    return parse_envelope(raw)
