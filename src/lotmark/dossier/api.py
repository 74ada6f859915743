"""The door of the dossier room: write and verify bundles; show a release to a person.

Verifying needs no server, database or network, and imports nothing that renders; what renders is loaded when it is asked for.
"""

from typing import TYPE_CHECKING

from lotmark.base.doors import open_late
from lotmark.dossier._bundle import select_scope, write_bundle
from lotmark.dossier._verify import verify_bundle
from lotmark.dossier._verify_artifact import verify_artifact

if TYPE_CHECKING:
    from lotmark.dossier._html import render_html
    from lotmark.dossier._pdf import render_pdf
    from lotmark.dossier._view import build_view
    from lotmark.dossier._view_timeline import log_facts

__all__ = ["build_view", "log_facts", "render_html", "render_pdf", "select_scope", "verify_artifact", "verify_bundle", "write_bundle"]

_LATE = {"build_view": "_view", "log_facts": "_view_timeline", "render_html": "_html", "render_pdf": "_pdf"}

__getattr__ = open_late(__name__, _LATE)
