"""A plainer way to read XML results than JUnit's: one object an element, for formats whose files are small."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from lotmark.matrix._xml import XmlPass
from lotmark.matrix.models import DeclaredGap, ResultCase

MAX_NAME: Final = 4096
MAX_MESSAGE: Final = 2000


@dataclass(slots=True)
class Element:
    """An element while it is open. `text` is its own, bounded; `said` is what its children left for it."""

    tag: str
    attrs: dict[str, str]
    line: int
    text: str = ""
    said: dict[str, list[str]] = field(default_factory=dict)

    def first(self, key: str) -> str:
        """The first thing that a child left under this key; empty if none did."""
        return next(iter(self.said.get(key, ())), "")

    def say(self, key: str, text: str) -> None:
        self.said.setdefault(key, []).append(text)


class ElementDialect:
    """Base of a dialect: keeps the open elements and calls `close` with each that ends and its parent."""

    TEXTS: frozenset[str] = frozenset()
    """Elements whose text is kept."""

    def __init__(self, reading: XmlPass, take: Callable[[ResultCase], object]) -> None:
        self.gaps: list[DeclaredGap] = []
        self.suites = 0
        self.declared = 0
        self.path: list[Element] = []
        self._pass = reading
        self._parser = reading.parser
        self._take = take

    def start(self, tag: str, attrs: list[str]) -> None:
        """An element begins."""
        if len(self.path) >= self._pass.limits.max_depth:
            raise self._pass.limit(f"elements are nested deeper than {self._pass.limits.max_depth}")
        local = tag.rpartition(":")[2]
        element = Element(local, dict(zip(attrs[::2], attrs[1::2], strict=True)), self._parser.CurrentLineNumber)
        if any(len(value) > MAX_NAME for key, value in element.attrs.items() if key in {"name", "fullname", "classname", "className", "type", "testName"}):
            raise self._pass.limit(f"a name has more than {MAX_NAME} characters")
        self.path.append(element)
        self._parser.CharacterDataHandler = self._text if local in self.TEXTS else None
        self.open(element)

    def end(self, _tag: str) -> None:
        """An element ends."""
        element = self.path.pop()
        parent = self.path[-1] if self.path else None
        self._parser.CharacterDataHandler = self._text if parent is not None and parent.tag in self.TEXTS else None
        self.close(element, parent)

    def finish(self) -> None:
        """The document has ended."""

    def _text(self, text: str) -> None:
        element = self.path[-1]
        if len(element.text) < 2 * MAX_MESSAGE:
            element.text += text[: 2 * MAX_MESSAGE]

    def open(self, element: Element) -> None:
        """What an element means when it begins; its attributes are there."""

    def close(self, element: Element, parent: Element | None) -> None:
        """What an element means when it ends; its text and children are there."""
        raise NotImplementedError

    def give(self, case: ResultCase) -> None:
        """Give a case on."""
        self._pass.cases += 1
        if self._pass.cases > self._pass.limits.max_items:
            raise self._pass.limit(f"more than {self._pass.limits.max_items} test cases")
        self._take(case)

    def compare(self, suite: str, declared: str, listed: int, line: int) -> None:
        """Note a suite that declares more tests than it lists."""
        count = int(declared) if declared.isascii() and declared.isdigit() and len(declared) < 10 else 0
        self.declared = max(self.declared, count)
        if count > listed:
            self.gaps.append(DeclaredGap(suite, count, listed, line))
