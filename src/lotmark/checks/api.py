"""The door of the room.

Typical use::

    report = check_product(CheckRequest(root, clock, base="origin/main", state=root / ".lotmark"))
    shown, hidden = limit_annotations(report.findings)
    suspects = find_suspects(graph, parse_lock(data))
    judged = apply_exceptions(findings, parse_exceptions(data), day, people=people, change=change, signed=signed)

`check_product` reads the work tree; everything else is pure.
"""

from typing import TYPE_CHECKING

from lotmark.base.doors import open_late
from lotmark.checks._check import CheckRequest, check_product
from lotmark.checks._order import limit_annotations, order_findings

if TYPE_CHECKING:
    from lotmark.checks._change import check_commits, check_policy_files, named_by, read_change
    from lotmark.checks._exception_file import parse_exceptions
    from lotmark.checks._exceptions import apply_exceptions, entry_digest
    from lotmark.checks._issues import check_issues, find_jira_keys, find_numbers, parse_export, read_issue
    from lotmark.checks._reviews import SHORT, check_reviews, find_suspects, format_lock, merge_reviews, pair_of, parse_lock, reviews_of

__all__ = [
    "SHORT",
    "CheckRequest",
    "apply_exceptions",
    "check_commits",
    "check_issues",
    "check_policy_files",
    "check_product",
    "check_reviews",
    "entry_digest",
    "find_jira_keys",
    "find_numbers",
    "find_suspects",
    "format_lock",
    "limit_annotations",
    "merge_reviews",
    "named_by",
    "order_findings",
    "pair_of",
    "parse_exceptions",
    "parse_export",
    "parse_lock",
    "read_change",
    "read_issue",
    "reviews_of",
]

_LATE = {
    "check_issues": "_issues",
    "find_jira_keys": "_issues",
    "find_numbers": "_issues",
    "parse_export": "_issues",
    "read_issue": "_issues",
    "SHORT": "_reviews",
    "apply_exceptions": "_exceptions",
    "check_commits": "_change",
    "check_policy_files": "_change",
    "check_reviews": "_reviews",
    "entry_digest": "_exceptions",
    "find_suspects": "_reviews",
    "format_lock": "_reviews",
    "merge_reviews": "_reviews",
    "named_by": "_change",
    "pair_of": "_reviews",
    "parse_exceptions": "_exception_file",
    "parse_lock": "_reviews",
    "read_change": "_change",
    "reviews_of": "_reviews",
}
"""Loaded when asked for (PEP 562): a check whose answer is remembered needs none of them."""

__getattr__ = open_late(__name__, _LATE)
