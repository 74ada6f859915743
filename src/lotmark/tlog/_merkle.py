"""The Merkle tree of RFC 6962 section 2.1: hashes, roots, and the frontier by which a log grows."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from lotmark.tlog.ports import NodeReader

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of the tree without leaves."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf: SHA-256 of 0x00 and the entry's bytes."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an interior node: SHA-256 of 0x01 and its two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def complete_nodes(start: int, end: int) -> Iterator[tuple[int, int]]:
    """The fewest complete subtrees (level, position), left to right, that cover the leaves [start, end).

    `start` must be aligned as ranges of the tree's recursion are; then there are at most log2(end - start) + 1 of them.
    """
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over complete subtrees of falling size, given left to right."""
    result = hashes[-1]
    for left in reversed(hashes[:-1]):
        result = node_hash(left, result)
    return result


def range_root(start: int, end: int, node: NodeReader) -> bytes:
    """The hash of the recursion's subtree over the leaves [start, end), which is not empty."""
    return fold([node(level, position) for level, position in complete_nodes(start, end)])


def tree_root(leaf_hashes: Iterable[bytes]) -> bytes:
    """The root of the tree with these leaf hashes (not leaf data), in one pass."""
    frontier = Frontier()
    for leaf in leaf_hashes:
        frontier.append(leaf)
    return frontier.root()


class Frontier:
    """The right edge of a growing tree: the roots of its complete subtrees, largest first.

    Enough to append and to tell the root, in O(log n) space.
    """

    __slots__ = ("_edge", "_size")

    def __init__(self, size: int = 0, edge: Iterable[bytes] = ()) -> None:
        """A frontier of `size` leaves whose complete subtrees have the hashes `edge`.

        Raises:
            ValueError: if there are not as many hashes as `size` has bits set.
        """
        self._size = size
        self._edge = list(edge)
        if len(self._edge) != size.bit_count():
            raise ValueError(f"{len(self._edge)} hashes for a tree of {size} leaves")

    @classmethod
    def load(cls, size: int, node: NodeReader) -> "Frontier":
        """The frontier of a stored tree."""
        return cls(size, [node(level, position) for level, position in complete_nodes(0, size)])

    @property
    def size(self) -> int:
        """How many leaves the tree has."""
        return self._size

    @property
    def edge(self) -> tuple[bytes, ...]:
        """The roots of the complete subtrees, largest first: with `size` all that is needed to make the frontier again."""
        return tuple(self._edge)

    def copy(self) -> "Frontier":
        """An independent frontier of the same tree."""
        return Frontier(self._size, self._edge)

    def append(self, leaf: bytes) -> list[bytes]:
        """Add a leaf hash; the result is that hash and then each interior node that it completes, by level.

        Node (level, position) is thus completed by, and found with, the leaf ``((position + 1) << level) - 1``.
        """
        completed = [leaf]
        size = self._size
        while size & 1:
            completed.append(node_hash(self._edge.pop(), completed[-1]))
            size >>= 1
        self._edge.append(completed[-1])
        self._size += 1
        return completed

    def root(self) -> bytes:
        """The tree's root."""
        return fold(self._edge) if self._edge else EMPTY_ROOT


class LeafNodes:
    """A `NodeReader` over leaf hashes held in memory; interior nodes are computed once and kept."""

    def __init__(self, leaf_hashes: Sequence[bytes]) -> None:
        self._levels: list[list[bytes]] = [list(leaf_hashes)]

    def __call__(self, level: int, position: int) -> bytes:
        while len(self._levels) <= level:
            below = self._levels[-1]
            self._levels.append([node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])
        return self._levels[level][position]
