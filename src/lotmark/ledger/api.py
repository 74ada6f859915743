"""The room's door: make, open and check ledgers; receipts and exports that verify without them."""

from lotmark.ledger._fsck import fsck
from lotmark.ledger._headers import MAX_HEADER, format_header, parse_header
from lotmark.ledger._log_keys import verify_by_log_keys
from lotmark.ledger._objects import ObjectFolder, check_object_name, object_differs, object_missing
from lotmark.ledger._open import create_ledger, folder_blobs, open_ledger
from lotmark.ledger._receipts import export_headers, parse_receipt, prove, verify_headers, verify_log_checkpoint, verify_receipt

__all__ = [
    "MAX_HEADER",
    "ObjectFolder",
    "check_object_name",
    "create_ledger",
    "export_headers",
    "folder_blobs",
    "format_header",
    "fsck",
    "object_differs",
    "object_missing",
    "open_ledger",
    "parse_header",
    "parse_receipt",
    "prove",
    "verify_by_log_keys",
    "verify_headers",
    "verify_log_checkpoint",
    "verify_receipt",
]
