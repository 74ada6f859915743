"""The door of the room: make, sign, parse and verify evidence; keys, and trust in keys by log index.

A maker calls `build_payload` and `sign_payload`; a reader calls `parse_envelope`, `replay_trust` over the log's key
events with the roots that he holds himself, then `verify_envelope` for each entry. Everything else may fail, and a
failure is an exception: nothing that was returned is left to be checked.
"""

from lotmark.attest._effect import find_effect, group_signatures
from lotmark.attest._envelope import is_canonical, pae, parse_envelope, sign_payload
from lotmark.attest._events import EventName, key_event, threshold_event
from lotmark.attest._keys import (
    algorithm_of,
    canonical_signature,
    check_public_key,
    generate_key,
    key_id_of,
    parse_public_pem,
    public_pem,
    raw_public_key,
    verify_signature,
)
from lotmark.attest._kind_schemas import kind_schemas
from lotmark.attest._second_key import SecondLogSigner
from lotmark.attest._signers import MIN_PASSPHRASE, FileSigner, KeySigner, PassphraseSigner, open_file_signer, read_guarded, write_key, write_private
from lotmark.attest._statement import build_payload
from lotmark.attest._trust import apply_key_event, log_keys_at, parse_key_event, replay_trust
from lotmark.attest._trust_files import KnownLogs, format_trust_policy, known_logs_folder, parse_trust_policy
from lotmark.attest._verify import verify_envelope
from lotmark.attest._witnesses import witness_policy
from lotmark.intake.api import JSON_LIMITS, MAX_INTEGER, format_json, parse_json

__all__ = [
    "JSON_LIMITS",
    "MAX_INTEGER",
    "MIN_PASSPHRASE",
    "EventName",
    "FileSigner",
    "KeySigner",
    "KnownLogs",
    "PassphraseSigner",
    "SecondLogSigner",
    "algorithm_of",
    "apply_key_event",
    "build_payload",
    "canonical_signature",
    "check_public_key",
    "find_effect",
    "format_json",
    "format_trust_policy",
    "generate_key",
    "group_signatures",
    "is_canonical",
    "key_event",
    "key_id_of",
    "kind_schemas",
    "known_logs_folder",
    "log_keys_at",
    "open_file_signer",
    "pae",
    "parse_envelope",
    "parse_json",
    "parse_key_event",
    "parse_public_pem",
    "parse_trust_policy",
    "public_pem",
    "raw_public_key",
    "read_guarded",
    "replay_trust",
    "sign_payload",
    "threshold_event",
    "verify_envelope",
    "verify_signature",
    "witness_policy",
    "write_key",
    "write_private",
]
