"""The projectors: one verified entry in, rows of the index out. Pure: no database, no clock, no other entry.

`PROJECTORS` finds one by the kind of evidence. A kind without one is known by its line in `entries` alone.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from lotmark.index._projectors import approving, building, delivering, keeping, running, supplying, testing, tracing, trusting, waiving
from lotmark.index._projectors._row import Projector

PROJECTORS: Final[Mapping[str, Projector]] = MappingProxyType(
    {
        kind: projector
        for theme in (trusting, running, supplying, building, testing, tracing, waiving, approving, delivering, keeping)
        for kind, projector in theme.PROJECTORS.items()
    }
)
