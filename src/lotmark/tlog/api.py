"""The room's door: Merkle tree, proofs, notes, checkpoints, cosignatures, witness protocol, proof files, policies, tiles."""

from lotmark.tlog._checkpoint_text import format_checkpoint, parse_checkpoint
from lotmark.tlog._checkpoints import is_origin, sign_checkpoint, verify_checkpoint
from lotmark.tlog._growth import Growth
from lotmark.tlog._merkle import EMPTY_ROOT, HASH_SIZE, Frontier, LeafNodes, leaf_hash, node_hash, tree_root
from lotmark.tlog._notes import add_signatures, format_note, format_signatures, parse_note, parse_signatures, sign_note, verify_note
from lotmark.tlog._policies import NONE as NO_WITNESSES
from lotmark.tlog._policies import check_policy, format_policy, parse_policy, witness_key
from lotmark.tlog._proof_files import format_proof_file, parse_proof_file, verify_proof_file
from lotmark.tlog._proofs import consistency_proof, inclusion_proof, verify_consistency, verify_inclusion
from lotmark.tlog._signatures import cosign, read_time
from lotmark.tlog._tiles import (
    ENTRIES,
    TileNodes,
    TileWriter,
    count_new_tiles,
    edge_tiles,
    entry_bundles,
    format_entries,
    format_tile_path,
    full_tiles,
    parse_entries,
    parse_tile,
    parse_tile_path,
    verify_edge,
    verify_entries,
    verify_tile,
)
from lotmark.tlog._vkeys import format_vkey, log_key, make_key, parse_vkey
from lotmark.tlog._witness import (
    MAX_REQUEST,
    SIZE_TYPE,
    format_add_checkpoint,
    format_size,
    judge_checkpoint,
    parse_add_checkpoint,
    parse_size,
    read_origin,
)

__all__ = [
    "EMPTY_ROOT",
    "ENTRIES",
    "HASH_SIZE",
    "MAX_REQUEST",
    "NO_WITNESSES",
    "SIZE_TYPE",
    "Frontier",
    "Growth",
    "LeafNodes",
    "TileNodes",
    "TileWriter",
    "add_signatures",
    "check_policy",
    "consistency_proof",
    "cosign",
    "count_new_tiles",
    "edge_tiles",
    "entry_bundles",
    "format_add_checkpoint",
    "format_checkpoint",
    "format_entries",
    "format_note",
    "format_policy",
    "format_proof_file",
    "format_signatures",
    "format_size",
    "format_tile_path",
    "format_vkey",
    "full_tiles",
    "inclusion_proof",
    "is_origin",
    "judge_checkpoint",
    "leaf_hash",
    "log_key",
    "make_key",
    "node_hash",
    "parse_add_checkpoint",
    "parse_checkpoint",
    "parse_entries",
    "parse_note",
    "parse_policy",
    "parse_proof_file",
    "parse_signatures",
    "parse_size",
    "parse_tile",
    "parse_tile_path",
    "parse_vkey",
    "read_origin",
    "read_time",
    "sign_checkpoint",
    "sign_note",
    "tree_root",
    "verify_checkpoint",
    "verify_consistency",
    "verify_edge",
    "verify_entries",
    "verify_inclusion",
    "verify_note",
    "verify_proof_file",
    "verify_tile",
    "witness_key",
]
