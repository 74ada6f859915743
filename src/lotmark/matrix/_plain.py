"""Cases that say nothing but their names and how long they took: read many at once, without a line of Python for each.

Nearly all cases of nearly all files are such. Where one of them is out of the ordinary in any way, none is read here.
"""

import re
from collections.abc import Sequence
from itertools import chain, repeat
from math import isfinite
from operator import add, itemgetter
from typing import Final

from lotmark.matrix._identity import Identities
from lotmark.matrix.models import ResultCase

_KEYS: Final = ("classname", "name", "time")
_LONGEST: Final = 400
# Names of test functions as pytest reports them, parameters in brackets behind them; one a line.
_FUNCTIONS: Final = re.compile(r"test\w*+(?:\[.*\])?+(?:\ntest\w*+(?:\[.*\])?+)*+", re.ASCII)


def plain_cases(waiting: Sequence[Sequence[str]], identities: Identities, suite: str, file: str) -> list[ResultCase] | None:
    """The cases of these attributes (name, value, name, value, ...), all passed; None if one of them needs a closer look."""
    if set(map(len, waiting)) != {6}:
        return None
    flat = list(chain.from_iterable(waiting))
    order = flat[0:6:2]
    if set(order) != set(_KEYS) or any(flat[2 * at :: 6].count(key) != len(waiting) for at, key in enumerate(order)):
        return None
    classes, names, times = (flat[2 * order.index(key) + 1 :: 6] for key in _KEYS)
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
    if not all(map(itemgetter(1), known)) and not _FUNCTIONS.fullmatch("\n".join(names)):  # type: ignore[arg-type]
        return None
    try:
        seconds = list(map(float, times))
    except ValueError:
        return None
    # The sum of one that is no number is none.
    if not (min(seconds) >= 0.0 and max(seconds) < 1e9 and isfinite(sum(seconds))):
        return None
    ids = map(add, map(itemgetter(0), known), names)  # type: ignore[arg-type]
    return list(map(ResultCase, ids, names, classes, repeat(suite), repeat(file), repeat("passed"), seconds))
