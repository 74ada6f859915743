"""The room's door: make, open and check ledgers; receipts and exports that verify without them; cosignatures of witnesses."""

from lotmark.ledger._copy import copy_database
from lotmark.ledger._cosignatures import (
    NOT_WITNESSED,
    attach_cosignature,
    check_witnesses,
    cosigned_checkpoint,
    covering_checkpoint,
    describe_witnesses,
    judge_witnesses,
)
from lotmark.ledger._export import export_tiles
from lotmark.ledger._fsck import fsck
from lotmark.ledger._headers import MAX_HEADER, format_header, parse_header
from lotmark.ledger._log_keys import has_second_signature, verify_by_log_keys
from lotmark.ledger._mirror import check_tiles
from lotmark.ledger._objects import ObjectFolder, check_object_name, object_differs, object_missing
from lotmark.ledger._open import WAIT, folder_blobs
from lotmark.ledger._reader import StoredLedger
from lotmark.ledger._receipts import (
    export_headers,
    parse_receipt,
    prove,
    select_headers,
    tlog_proof,
    verify_headers,
    verify_log_checkpoint,
    verify_proof,
    verify_receipt,
)
from lotmark.ledger._stores import create_ledger, open_ledger
from lotmark.ledger._timestamps import TIMESTAMP, stamp_checkpoint, stamped_bytes, verify_timestamps
from lotmark.ledger._urls import has_password, parse_ledger_url, redact
from lotmark.ledger._witnessing import WitnessMemory, ask_witnesses, check_continues, find_witnessed

__all__ = [
    "MAX_HEADER",
    "NOT_WITNESSED",
    "TIMESTAMP",
    "WAIT",
    "ObjectFolder",
    "StoredLedger",
    "WitnessMemory",
    "ask_witnesses",
    "attach_cosignature",
    "check_continues",
    "check_object_name",
    "check_tiles",
    "check_witnesses",
    "copy_database",
    "cosigned_checkpoint",
    "covering_checkpoint",
    "create_ledger",
    "describe_witnesses",
    "export_headers",
    "export_tiles",
    "find_witnessed",
    "folder_blobs",
    "format_header",
    "fsck",
    "has_password",
    "has_second_signature",
    "judge_witnesses",
    "object_differs",
    "object_missing",
    "open_ledger",
    "parse_header",
    "parse_ledger_url",
    "parse_receipt",
    "prove",
    "redact",
    "select_headers",
    "stamp_checkpoint",
    "stamped_bytes",
    "tlog_proof",
    "verify_by_log_keys",
    "verify_headers",
    "verify_log_checkpoint",
    "verify_proof",
    "verify_receipt",
    "verify_timestamps",
]
