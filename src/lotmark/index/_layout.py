"""Aligned text for a terminal: labelled paragraphs that wrap, tables, symbols that always stand beside their word."""

import re
import textwrap
from collections.abc import Sequence
from typing import Final

from lotmark.base.formats import show_text

LABEL: Final = 16
"""Columns of the label, after an indent of two."""
_ANSI: Final = re.compile("\x1b\\[[0-9;]*m")
_COLORS: Final = {"green": 32, "red": 31, "yellow": 33, "dim": 2, "bold": 1}


class Page:
    """Collects the lines of a page of at most `width` columns; `styled` lets colours in."""

    def __init__(self, width: int, *, styled: bool) -> None:
        self._width = max(width, 60)
        self._styled = styled
        self._lines: list[str] = []

    def style(self, text: str, color: str) -> str:
        """The text in that colour, control characters written out; without a colour on a plain page."""
        shown = show_text(text)
        return f"\x1b[{_COLORS[color]}m{shown}\x1b[0m" if self._styled and shown else shown

    def title(self, name: str, *more: str) -> None:
        """A line of its own: the name of what the page is about, and what else stands beside it as it is (see `style`)."""
        self._lines.append("  ".join((self.style(name, "bold"), *more)))

    def heading(self, text: str) -> None:
        """The heading of a part, after an empty line."""
        self._lines += ["", self.style(text, "bold")]

    def field(self, label: str, text: str, *, mark: str = "", color: str = "") -> None:
        """A labelled paragraph. `mark` stands before the text in `color`; further lines align under the text."""
        room = self._width - 2 - LABEL - (len(mark) + 1 if mark else 0)
        lines = _wrap(show_text(text), room)
        before = self.style(mark, color) + " " if mark else ""
        self._lines.append(f"  {self.style(show_text(label).ljust(LABEL), 'dim')}{before}{lines[0]}".rstrip())
        hang = " " * (2 + LABEL + (len(mark) + 1 if mark else 0))
        self._lines += [hang + line for line in lines[1:]]

    def more(self, label: str, text: str) -> None:
        """A paragraph that belongs to the field above, with a small label of its own."""
        label = show_text(label)
        room = self._width - 4 - LABEL - len(label) - 2
        lines = _wrap(show_text(text), room)
        hang = " " * (4 + LABEL)
        self._lines.append(f"{hang}{self.style(label + ':', 'dim')} {lines[0]}")
        self._lines += [f"{hang}{' ' * (len(label) + 2)}{line}" for line in lines[1:]]

    def line(self, text: str) -> None:
        """A paragraph that belongs to the field above."""
        hang = " " * (4 + LABEL)
        self._lines += [hang + line for line in _wrap(show_text(text), self._width - 4 - LABEL)]

    def table(self, rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> None:
        """Rows in columns two spaces apart, those numbered in `right` flush right; the last column may run on. Cells stand as they are (see `style`)."""
        widths = [max(len(_plain(row[i])) for row in rows) for i in range(len(rows[0]))]
        for row in rows:
            cells = []
            for position, cell in enumerate(row):
                gap = " " * (widths[position] - len(_plain(cell)))
                cells.append(gap + cell if position in right else cell + gap)
            self._lines.append(("  " + "  ".join(cells)).rstrip())

    def text(self) -> str:
        """The page."""
        return "\n".join(self._lines)


def _plain(text: str) -> str:
    return _ANSI.sub("", text)


def _wrap(text: str, room: int) -> list[str]:
    """Lines of at most `room` columns; a word that is longer than a line is broken, after a mark of separation if it has one."""
    room = max(room, 20)
    lines: list[str] = []
    for line in textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False):
        rest = line
        while len(rest) > room:
            cut = rest.rfind("::", 1, room)
            if cut < 0:
                cut = max(rest.rfind(mark, room // 2, room) for mark in ("/", "[", "-", "_"))
            cut = cut if cut > 0 else room
            lines.append(rest[:cut])
            rest = rest[cut:]
        lines.append(rest)
    return lines or [""]
