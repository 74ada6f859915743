"""Find which varied condition makes an output differ, when its bytes do not tell: build again with fewer of them varied. Pure.

First once more under the same conditions: what differs then depends on chance, and no condition is to blame.
"""

from collections.abc import Callable
from dataclasses import dataclass

from lotmark.builds.models import Dimension

Differs = Callable[[frozenset[Dimension]], bool | None]
"""Build with these dimensions varied: whether the output still differs; None when no build is left in the budget, or it failed."""


@dataclass(frozen=True, slots=True)
class Bisected:
    """`chance`: it differs under the same conditions. Otherwise the smallest set found; `complete` if one build held each step."""

    chance: bool
    dimensions: frozenset[Dimension]
    complete: bool


def bisect(differs: Differs, varied: frozenset[Dimension]) -> Bisected:
    """Halve the varied dimensions while one half alone still makes the output differ."""
    alone = differs(frozenset())
    if alone is not False:
        return Bisected(chance=alone is True, dimensions=frozenset() if alone else varied, complete=alone is True)
    suspects = sorted(varied, key=list(Dimension).index)
    while len(suspects) > 1:
        middle = len(suspects) // 2
        for half in (suspects[:middle], suspects[middle:]):
            answer = differs(frozenset(half))
            if answer is None:
                return Bisected(chance=False, dimensions=frozenset(suspects), complete=False)
            if answer:
                suspects = half
                break
        else:
            # Only together do they make it differ.
            return Bisected(chance=False, dimensions=frozenset(suspects), complete=True)
    return Bisected(chance=False, dimensions=frozenset(suspects), complete=True)
