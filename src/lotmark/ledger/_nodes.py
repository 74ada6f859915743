"""Tree nodes out of the rows: all that a computation asks for in one query.

Node (level, position) stands in the row of the entry that completes it: ``((position + 1) << level) - 1``.
"""

from collections.abc import Callable
from typing import TypeVar

from lotmark.base.errors import IntegrityError
from lotmark.ledger._records import RESTORE, gap, place
from lotmark.ledger._rows import Rows
from lotmark.tlog.api import HASH_SIZE
from lotmark.tlog.ports import NodeReader

_T = TypeVar("_T")


def with_nodes(rows: Rows, compute: Callable[[NodeReader], _T]) -> _T:
    """What `compute` makes of the stored nodes; which ones it asks for must not depend on what they are.

    Raises:
        IntegrityError: LM-LED-103 if the entry that completes a node is missing, LM-LED-112 if it does not hold the hash.
    """
    wanted: list[tuple[int, int]] = []

    def note(level: int, position: int) -> bytes:
        wanted.append((level, position))
        return bytes(HASH_SIZE)

    compute(note)
    if not wanted:
        return compute(note)
    indices = sorted({_index(level, position) for level, position in wanted})
    marks = ", ".join("?" * len(indices))
    stored: dict[int, bytes] = dict(rows.read(f"SELECT idx, nodes FROM entry WHERE idx IN ({marks})", indices))  # noqa: S608 - marks only

    def node(level: int, position: int) -> bytes:
        index = _index(level, position)
        if index not in stored:
            raise gap(index)
        value = bytes(stored[index][level * HASH_SIZE : (level + 1) * HASH_SIZE])
        if len(value) != HASH_SIZE:
            raise IntegrityError(
                "LM-LED-112", f"NODE_MISMATCH: entry {index} does not hold the tree node of level {level}", where=place(index), solution=RESTORE
            )
        return value

    return compute(node)


def _index(level: int, position: int) -> int:
    return ((position + 1) << level) - 1
