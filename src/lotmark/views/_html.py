"""The page: one file of HTML that loads nothing. Rows are complete without script; the script only filters them."""

import base64
import hashlib
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lotmark.base.formats import show_text
from lotmark.views.models import SYMBOLS, State, TraceView, TrendPoint

TEMPLATES = Path(__file__).with_name("templates")


def render_html(view: TraceView) -> bytes:
    """The page, UTF-8; the same view gives the same bytes."""
    style, script = ((TEMPLATES / name).read_text(encoding="utf-8") for name in ("trace.css", "trace.js"))
    page = (
        _environment()
        .get_template("trace.html.j2")
        .render(
            view=view,
            symbols=SYMBOLS,
            states=tuple(State),
            kinds=tuple(dict.fromkeys(row.kind for row in view.rows)),
            style=style,
            script=script,
            policy=f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; base-uri 'none'; form-action 'none'",
            trend=_trend(view.trend),
        )
    )
    return page.encode("utf-8", "replace")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _trend(points: tuple[TrendPoint, ...]) -> list[tuple[str, str]]:
    """Two lines of an SVG of 600 x 120: share of requirements with a test, and verified."""
    if len(points) < 2:
        return []
    step = 580 / (len(points) - 1)
    lines = []
    for name in ("tested", "verified"):
        shares = [getattr(point, name) / point.requirements if point.requirements else 0 for point in points]
        lines.append((name, " ".join(f"{10 + number * step:.1f},{110 - share * 100:.1f}" for number, share in enumerate(shares))))
    return lines


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters["visible"] = show_text
    return made
