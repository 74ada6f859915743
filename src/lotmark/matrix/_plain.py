"""Cases that say nothing but their names and how long they took: read many at once, without a line of Python for each.

Nearly all cases of nearly all files are such. Where one of them is out of the ordinary in any way, none is read here.
"""

from collections.abc import Sequence
from itertools import repeat
from operator import add, itemgetter
from typing import Final

from lotmark.matrix._identity import Identities
from lotmark.matrix.models import ResultCase

_KEYS: Final = ("classname", "name", "time")
_NAMES = itemgetter(0, 2, 4)
_LONGEST: Final = 400


def plain_cases(waiting: Sequence[Sequence[str]], identities: Identities, suite: str, file: str) -> list[ResultCase] | None:
    """The cases of these attributes (name, value, name, value, ...), all passed; None if one of them needs a closer look."""
    if set(map(len, waiting)) != {6}:
        return None
    orders = set(map(_NAMES, waiting))
    order = orders.pop()
    if orders or set(order) != set(_KEYS):
        return None
    classes, names, times = (list(map(itemgetter(2 * order.index(key) + 1), waiting)) for key in _KEYS)
    prefixes = identities.by_class(set(classes))
    known = list(map(prefixes.__getitem__, classes))
    together = "".join(names)
    # More digits than these are rounded, where a case is looked at closely.
    if (
        None in known
        or not (together.isascii() and together.isprintable())
        or max(map(len, times)) > 8
        or not 0 < min(map(len, names)) <= max(map(len, names)) < _LONGEST
    ):
        return None
    if not all(map(itemgetter(1), known)) and not _all_functions(names):  # type: ignore[arg-type]
        return None
    try:
        seconds = list(map(float, times))
    except ValueError:
        return None
    if not all(0.0 <= one < 1e9 for one in seconds):
        return None
    ids = map(add, map(itemgetter(0), known), names)  # type: ignore[arg-type]
    return list(map(ResultCase, ids, names, classes, repeat(suite), repeat(file), repeat("passed"), seconds))


def _all_functions(names: Sequence[str]) -> bool:
    """Whether all are names of test functions as pytest reports them, parameters in brackets behind them."""
    bases = [name.partition("[")[0] if name[-1] == "]" else name for name in names]
    return all(map(str.isidentifier, bases)) and all(map(str.startswith, bases, repeat("test")))
