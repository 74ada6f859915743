"""Inclusion and consistency proofs: RFC 9162 sections 2.1.3 and 2.1.4 (the same bytes as RFC 6962 section 2.1)."""

from collections.abc import Sequence

from lotmark.tlog._merkle import HASH_SIZE, node_hash, range_root
from lotmark.tlog.errors import ProofError
from lotmark.tlog.ports import NodeReader

_MAX_PROOF = 64
"""A tree of 2^64 leaves has paths of 64 hashes; a longer proof is refused before anything is hashed."""


def _split(size: int) -> int:
    """The largest power of two below `size` (at least 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(index: int, size: int, node: NodeReader) -> tuple[bytes, ...]:
    """The hashes that lead from leaf `index` to the root of the first `size` leaves, with O(log size) node reads.

    Raises:
        ProofError: if there is no such leaf.
    """
    if not 0 <= index < size:
        raise ProofError(f"no leaf {index} in a tree of {size}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(range_root(middle, end, node))
            end = middle
        else:
            path.append(range_root(start, middle, node))
            start = middle
    return tuple(reversed(path))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Return if `proof` shows that the leaf hash `leaf` stands at `index` in the tree of `size` leaves and this `root`.

    Raises:
        ProofError: in every other case.
    """
    if not 0 <= index < size:
        raise ProofError(f"no leaf {index} in a tree of {size}")
    _check_hashes(proof, leaf, root)
    position, last, result = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofError(f"the proof for leaf {index} in a tree of {size} is too long")
        if position & 1 or position == last:
            result = node_hash(sibling, result)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            result = node_hash(result, sibling)
        position >>= 1
        last >>= 1
    if last:
        raise ProofError(f"the proof for leaf {index} in a tree of {size} is too short")
    if result != root:
        raise ProofError(f"the proof does not lead from leaf {index} to the root of the tree of {size}")


def consistency_proof(old: int, new: int, node: NodeReader) -> tuple[bytes, ...]:
    """The hashes that show that the first `old` leaves of the tree of `new` leaves are the tree of `old`.

    Raises:
        ProofError: unless 1 <= old <= new.
    """
    if not 1 <= old <= new:
        raise ProofError(f"no consistency from {old} to {new}")
    path: list[bytes] = []
    start, end = 0, new
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(range_root(middle, end, node))
            end = middle
        else:
            path.append(range_root(start, middle, node))
            start = middle
    if start:
        # The old tree is not a complete left edge of the new one, so its own last subtree is the seed.
        path.append(range_root(start, end, node))
    return tuple(reversed(path))


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Return if `proof` shows that the tree of `new` leaves continues the tree of `old` leaves.

    Raises:
        ProofError: in every other case, `old` = 0 too: everything continues the empty tree, so that proves nothing.
    """
    if not 1 <= old <= new:
        raise ProofError(f"no consistency from {old} to {new}")
    if old == new:
        if proof or old_root != new_root:
            raise ProofError(f"two trees of {old} leaves, but not the same root or not an empty proof")
        return
    _check_hashes(proof, old_root, new_root)
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise ProofError(f"the proof from {old} to {new} is too short")
    position, last = old - 1, new - 1
    while position & 1:
        position >>= 1
        last >>= 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofError(f"the proof from {old} to {new} is too long")
        if position & 1 or position == last:
            first = node_hash(sibling, first)
            second = node_hash(sibling, second)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            second = node_hash(second, sibling)
        position >>= 1
        last >>= 1
    if last:
        raise ProofError(f"the proof from {old} to {new} is too short")
    if first != old_root or second != new_root:
        raise ProofError(f"the tree of {new} leaves does not continue the tree of {old}")


def _check_hashes(proof: Sequence[bytes], *others: bytes) -> None:
    """Every hash has its length, and there are not absurdly many."""
    if len(proof) > _MAX_PROOF:
        raise ProofError(f"a proof of {len(proof)} hashes, more than {_MAX_PROOF}")
    for value in (*proof, *others):
        if len(value) != HASH_SIZE:
            raise ProofError(f"a hash of {len(value)} bytes instead of {HASH_SIZE}")
