"""The door of the index room.

Queries take an `Index` that was refreshed; `VerifiedReader` is for whoever decides something.
"""

from typing import TYPE_CHECKING

from lotmark.base.doors import open_late
from lotmark.index._reader import VerifiedReader

if TYPE_CHECKING:
    from lotmark.index._answer import CAVEAT, answer_question
    from lotmark.index._index import FILE, Index, Refreshed
    from lotmark.index._queries import component_releases, find_release, item_history, list_releases, list_runs, run_targets, run_timeline
    from lotmark.index._search import Search, SortKey, format_csv, search_log
    from lotmark.index._text import format_answers

__all__ = [
    "CAVEAT",
    "FILE",
    "Index",
    "Refreshed",
    "Search",
    "SortKey",
    "VerifiedReader",
    "answer_question",
    "component_releases",
    "find_release",
    "format_answers",
    "format_csv",
    "item_history",
    "list_releases",
    "list_runs",
    "run_targets",
    "run_timeline",
    "search_log",
]

_LATE = {
    "search_log": "_search",
    "format_csv": "_search",
    "SortKey": "_search",
    "Search": "_search",
    "CAVEAT": "_answer",
    "answer_question": "_answer",
    "FILE": "_index",
    "Index": "_index",
    "Refreshed": "_index",
    "component_releases": "_queries",
    "find_release": "_queries",
    "format_answers": "_text",
    "item_history": "_queries",
    "list_releases": "_queries",
    "list_runs": "_queries",
    "run_targets": "_queries",
    "run_timeline": "_queries",
}
"""What a command that only verifies does not need; loaded when asked for (PEP 562)."""

__getattr__ = open_late(__name__, _LATE)
