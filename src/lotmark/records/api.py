"""The door of the room: retention classes and dates, retention events, the vault, and what of it may be shown."""

from typing import TYPE_CHECKING

from lotmark.base.doors import open_late
from lotmark.records._reveal import Revealer, conceal
from lotmark.records._vault import COMMITMENT, SALT, VAULT, Disclosure, Vault, commit, find_commitments

if TYPE_CHECKING:
    from lotmark.records._audit import AuditSpool, Spooled, SpooledEvent, audit_evidence
    from lotmark.records._backup import KEYS, SIGNED, Backup, copy_files, copy_keys, copy_state, read_backup, require_no_backup
    from lotmark.records._classes import CLASSES, KIND_CLASSES, classes_of, retention_end
    from lotmark.records._erasure import Occurrence, carry_out_erasure, check_erasure, erasure_act, find_in_blobs, find_values, kept_commitments
    from lotmark.records._events import build_retention_event, order_digest, replay_events
    from lotmark.records._expiry import Removed, RunRecords, carry_out_expiry, plan_expiry, run_retention
    from lotmark.records._locks import BlobLock, LockReport, apply_locks, plan_locks

__all__ = [
    "CLASSES",
    "COMMITMENT",
    "KEYS",
    "KIND_CLASSES",
    "SALT",
    "SIGNED",
    "VAULT",
    "AuditSpool",
    "Backup",
    "BlobLock",
    "Disclosure",
    "LockReport",
    "Occurrence",
    "Removed",
    "Revealer",
    "RunRecords",
    "Spooled",
    "SpooledEvent",
    "Vault",
    "apply_locks",
    "audit_evidence",
    "build_retention_event",
    "carry_out_erasure",
    "carry_out_expiry",
    "check_erasure",
    "classes_of",
    "commit",
    "conceal",
    "copy_files",
    "copy_keys",
    "copy_state",
    "erasure_act",
    "find_commitments",
    "find_in_blobs",
    "find_values",
    "kept_commitments",
    "order_digest",
    "plan_expiry",
    "plan_locks",
    "read_backup",
    "replay_events",
    "require_no_backup",
    "retention_end",
    "run_retention",
]

_LATE = {
    "KEYS": "_backup",
    "SIGNED": "_backup",
    "Backup": "_backup",
    "copy_files": "_backup",
    "copy_keys": "_backup",
    "copy_state": "_backup",
    "read_backup": "_backup",
    "require_no_backup": "_backup",
    "AuditSpool": "_audit",
    "Spooled": "_audit",
    "SpooledEvent": "_audit",
    "audit_evidence": "_audit",
    "Removed": "_expiry",
    "RunRecords": "_expiry",
    "carry_out_expiry": "_expiry",
    "plan_expiry": "_expiry",
    "run_retention": "_expiry",
    "Occurrence": "_erasure",
    "carry_out_erasure": "_erasure",
    "check_erasure": "_erasure",
    "erasure_act": "_erasure",
    "find_in_blobs": "_erasure",
    "find_values": "_erasure",
    "BlobLock": "_locks",
    "LockReport": "_locks",
    "apply_locks": "_locks",
    "plan_locks": "_locks",
    "kept_commitments": "_erasure",
    "CLASSES": "_classes",
    "KIND_CLASSES": "_classes",
    "classes_of": "_classes",
    "retention_end": "_classes",
    "build_retention_event": "_events",
    "order_digest": "_events",
    "replay_events": "_events",
}
"""What a command that only reads names does not need; loaded when asked for (PEP 562)."""

__getattr__ = open_late(__name__, _LATE)
