"""Lotmark: what was built, from what, by whom, with which tests, under which approval.

Every answer is a signed Statement in one append-only ledger; see ``docs/architecture.md``.
"""

__version__ = "0.1.0"
