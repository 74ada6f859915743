"""render_html: the view as one self-contained page. No script, no network, no font; the clock is never asked.

Everything in a view is untrusted text. Three things keep it text: every expression is escaped, characters that steer a
terminal or the direction of writing are shown as a mark, and a content security policy allows nothing but this page's
own style sheet, named by its hash.
"""

import base64
import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from lotmark.dossier._view_model import DossierView
from lotmark.dossier._view_timeline import witness_sentence
from lotmark.dossier._view_words import instant, number, visible

TEMPLATES: Final = Path(__file__).with_name("templates")
SECTIONS: Final = (
    ("verdict", "Verdict"),
    ("answers", "The five answers"),
    ("criteria", "Release criteria"),
    ("approvals", "Approvals"),
    ("waivers", "Waivers and residual risks"),
    ("risk", "Hazards and risk controls"),
    ("trace", "Trace matrix"),
    ("matrix", "Test matrix by hazard"),
    ("layers", "Test layers"),
    ("rebuild", "Rebuild"),
    ("components", "Components, licences and vulnerabilities"),
    ("changes", "Source changes and authors"),
    ("artifact", "Artifact and device attributes"),
    ("deployments", "Deployments and read-back checks"),
    ("anomalies", "Unresolved anomalies"),
    ("relaxations", "Relaxations of the policy"),
    ("timeline", "Timeline of the log"),
    ("log", "Log position"),
    ("verify", "How to verify this"),
    ("digests", "Digests in full"),
)
NUMBERS: Final = {name: str(position) for position, (name, _) in enumerate(SECTIONS, 1)}


def render_html(view: DossierView) -> bytes:
    """The page, UTF-8. The same view gives the same bytes."""
    style = _style(view)
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    page = (
        _environment()
        .get_template("dossier.html.j2")
        .render(
            view=view,
            sections=SECTIONS,
            titles=dict(SECTIONS),
            numbers=NUMBERS,
            known=frozenset(fact.value for fact in view.digests),
            targets=_targets(view),
            witness=witness_sentence(view.log.witnesses),
            style=Markup(style),  # noqa: S704  # our own style sheet; what comes from the view stands in it as CSS escapes
            style_hash=digest,
        )
    )
    return page.encode("utf-8")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_finalize
    )
    environment.filters.update(instant=instant, number=number)
    return environment


def _finalize(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _targets(view: DossierView) -> frozenset[str]:
    """The items that have a place on the page to which a reference can lead."""
    found: set[str] = set()
    for group in view.trace.groups if view.trace else ():
        found.add(group.id)
        found.update(row.id for row in group.rows)
    if view.risk:
        found.update(hazard.id for hazard in view.risk.hazards)
        found.update(control.id for control in view.risk.controls)
    return frozenset(found)


def _style(view: DossierView) -> str:
    artifact = f"sha256 {view.artifact.value[:16]}…" if view.artifact else "no artifact"
    head = f"{view.name} {view.version}, {view.run}"
    boxes = {
        "top-left": css_string(head),
        "top-right": css_string(view.verdict.status.word),
        "bottom-left": css_string(f"{artifact}  log {view.log.origin}, size {view.log.size}"),
        "bottom-right": '"Page " counter(page) " of " counter(pages)',
    }
    rules = "".join(f"@{name} {{ content: {content}; font: 7.5pt system-ui, sans-serif; color: #3c444b; }} " for name, content in boxes.items())
    return f"{_sheet('screen.css')}{_sheet('print.css')}@page {{ {rules}}}\n"


@lru_cache(maxsize=2)
def _sheet(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def css_string(text: str) -> str:
    """The text as a CSS string: everything but letters, digits and a few marks as an escape, so that it ends nothing."""
    escaped = re.sub(r"[^A-Za-z0-9 .,:_-]", lambda match: f"\\{ord(match[0]):x} ", visible(text))
    return f'"{escaped}"'
