"""The storage's locks, where blobs lie in a bucket that locks: brought in line with retention and holds."""

from collections.abc import Callable, Collection

from lotmark.bootstrap._workspace import Workspace
from lotmark.ledger.ports import BlobLocks
from lotmark.records.api import LockReport, RunRecords, apply_locks, plan_locks
from lotmark.records.models import RetentionEnd


def follow_retention(
    workspace: Workspace, runs: Callable[[], list[tuple[RunRecords, RetentionEnd]]], *, scopes: Collection[str] | None = None
) -> LockReport | None:
    """Lock the blobs of the scopes (default: all) as their retention and holds ask for; None where the storage does not lock.

    `runs` gives every run with the end of its retention. Again is no change, and finishes what was cut short.
    """
    store = workspace.ledger.blobs
    if not isinstance(store, BlobLocks) or not store.locks:
        return None
    return apply_locks(store, plan_locks(workspace.ledger, workspace.reader.records(), runs(), scopes=scopes), workspace.clock.now())
