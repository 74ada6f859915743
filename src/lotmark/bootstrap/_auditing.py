"""Audit events: who exported, tried and administered what, told to the log as soon as somebody with its key is there."""

import contextlib
import os
from typing import Final

from lotmark.base.clock import format_instant
from lotmark.base.errors import EnvironmentLacksError
from lotmark.bootstrap._workspace import Workspace
from lotmark.ledger.ports import Ledger
from lotmark.records.api import AuditSpool, SpooledEvent

_IN_A_ROW: Final = 8
"""So many audit events at the end of the log in a row are a flood: further ones wait, counted together, for the next other record."""


def record_event(workspace: Workspace, tag: str, *, outcome: str = "done", person: str = "", subject: str = "", code: str = "", detail: str = "") -> None:
    """Tell the log that something was done or refused: durably spooled when this returns, recorded if the log's key is at hand.

    Args:
        workspace: Whose ledger; without a ledger there is nothing to tell, and one that cannot be written tells nothing.
        tag: ``source:subject:action``, each a kebab-case word.
        outcome: ``done`` or ``refused``.
        person: Id of whom the actor claimed to be.
        subject: On what.
        code: Rule code of the refusal.
        detail: Why.
    """
    if not (workspace.state / "trust.json").is_file():
        return
    if not os.access(workspace.state, os.W_OK, effective_ids=True):
        return  # an archive on a medium that cannot be written is read by anybody who holds it
    at = format_instant(workspace.clock.now())
    actor = workspace.submitter()
    AuditSpool(workspace.state).append(SpooledEvent(tag, outcome, actor, person, subject, code, detail, 1, at, at))
    if not _is_flood(workspace.ledger):
        # Without the log's key, or while another process writes, it waits for the next writer.
        with contextlib.suppress(EnvironmentLacksError), workspace.writer(wait=0):
            pass


def _is_flood(ledger: Ledger) -> bool:
    size = ledger.size
    last = list(ledger.entries(max(size - _IN_A_ROW, 0), size))
    return len(last) == _IN_A_ROW and all(entry.header.kind == "audit-event" for entry in last)
