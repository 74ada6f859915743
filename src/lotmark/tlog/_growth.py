"""Growth: what a batch of new leaves does to a tree, computed once for all of them.

The hashes of the batch are kept level by level, with the old tree's edge where a node reaches over it. From them come the
nodes that each leaf completes, the new right edge, the root and every new leaf's inclusion proof, without reading a node.
"""

from collections.abc import Sequence

from lotmark.tlog._merkle import Frontier, node_hash


class Growth:
    """A tree of `frontier.size` leaves grown by `leaves` (leaf hashes, in order; at least one)."""

    __slots__ = ("_first", "_levels", "_size", "frontier", "root")

    def __init__(self, frontier: Frontier, leaves: Sequence[bytes]) -> None:
        self._first = frontier.size
        self._size = frontier.size + len(leaves)
        edge = list(frontier.edge)
        start, hashes = frontier.size, list(leaves)
        self._levels: list[tuple[int, list[bytes]]] = []
        while True:
            if start & 1:
                # The left sibling of the first node lies wholly in the old tree, so it is on its edge: the smallest of it first.
                hashes.insert(0, edge.pop())
                start -= 1
            self._levels.append((start, hashes))
            if start == 0 and len(hashes) == 1:
                break
            above = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes) - 1, 2)]
            if len(hashes) & 1:
                above.append(hashes[-1])  # the subtree at the right end is not complete: it stands for itself one level up
            start, hashes = start >> 1, above
        self.root = self._levels[-1][1][0]
        self.frontier = Frontier(self._size, self._edge(frontier))

    def nodes(self, index: int) -> bytes:
        """The hash of the new leaf at `index`, then each interior node that it completes, by level, as one byte string."""
        count = index + 1
        if index & 1 == 0:
            start, hashes = self._levels[0]
            return hashes[index - start]
        parts = []
        for level in range((count & -count).bit_length()):
            start, hashes = self._levels[level]
            parts.append(hashes[(count >> level) - 1 - start])
        return b"".join(parts)

    def inclusion_proofs(self) -> list[tuple[bytes, ...]]:
        """The inclusion proof (RFC 9162, 2.1.3) of each new leaf in the grown tree, in order. Leaves share what their paths share."""
        above: list[tuple[bytes, ...]] = [()]
        above_start = 0
        for start, hashes in reversed(self._levels[:-1]):
            paths = []
            for offset in range(len(hashes)):
                rest = above[(start + offset >> 1) - above_start]
                sibling = (start + offset ^ 1) - start
                paths.append((hashes[sibling], *rest) if sibling < len(hashes) else rest)
            above, above_start = paths, start
        return above[self._first - above_start :]

    def _edge(self, frontier: Frontier) -> list[bytes]:
        """The complete subtrees of the grown tree, largest first: those of the old edge that stayed, then new ones."""
        old = dict(zip(_levels_of(frontier.size), frontier.edge, strict=True))
        edge = []
        for level in _levels_of(self._size):
            position = (self._size >> level) - 1
            start, hashes = self._levels[level]
            edge.append(hashes[position - start] if position >= start else old[level])
        return edge


def _levels_of(size: int) -> list[int]:
    """The levels of the complete subtrees of a tree of that size, largest first."""
    return [level for level in range(size.bit_length() - 1, -1, -1) if size >> level & 1]
