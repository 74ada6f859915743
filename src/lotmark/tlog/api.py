"""The room's door: Merkle tree, proofs, notes, checkpoints."""

from lotmark.tlog._checkpoints import format_checkpoint, is_origin, parse_checkpoint, sign_checkpoint, verify_checkpoint
from lotmark.tlog._merkle import EMPTY_ROOT, HASH_SIZE, Frontier, LeafNodes, leaf_hash, node_hash, tree_root
from lotmark.tlog._notes import format_note, format_vkey, make_key, parse_note, parse_vkey, sign_note, verify_note
from lotmark.tlog._proofs import consistency_proof, inclusion_proof, verify_consistency, verify_inclusion

__all__ = [
    "EMPTY_ROOT",
    "HASH_SIZE",
    "Frontier",
    "LeafNodes",
    "consistency_proof",
    "format_checkpoint",
    "format_note",
    "format_vkey",
    "inclusion_proof",
    "is_origin",
    "leaf_hash",
    "make_key",
    "node_hash",
    "parse_checkpoint",
    "parse_note",
    "parse_vkey",
    "sign_checkpoint",
    "sign_note",
    "tree_root",
    "verify_checkpoint",
    "verify_consistency",
    "verify_inclusion",
    "verify_note",
]
