"""The door of the room: `examine` the product's dependencies, `build_evidence` from the report; `check_locks` before a merge."""

from typing import TYPE_CHECKING

from lotmark.supply._check import check_locks
from lotmark.supply._locks import find_kind

if TYPE_CHECKING:
    from lotmark.supply._report import build_evidence, examine
    from lotmark.supply._soup import draft_soup

__all__ = ["build_evidence", "check_locks", "draft_soup", "examine", "find_kind"]


def __getattr__(name: str) -> object:
    """What only a run needs is loaded when asked for (PEP 562)."""
    if name == "draft_soup":
        from lotmark.supply._soup import draft_soup

        return draft_soup
    if name not in {"build_evidence", "examine"}:
        raise AttributeError(name)
    import lotmark.supply._report as report

    return getattr(report, name)
