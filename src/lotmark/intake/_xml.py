"""The XML reader: expat behind a fence, as events (`XmlScanner`) or as a tree (`parse_xml`).

A document type or entity declaration is refused before it can be expanded, so that no text grows and nothing is fetched
(billion laughs, quadratic blow-up, external entities, parameter entities). Depth, elements and bytes are bounded; encodings
are those that real producers declare. Spec: XML 1.0 (fifth edition), Namespaces in XML 1.0.
"""

import codecs
import re
from collections.abc import Callable
from typing import Final, Protocol
from xml.parsers import expat

from lotmark.base.errors import LotmarkError, UsageError
from lotmark.base.limits import Limits
from lotmark.intake._refusal import Refusal
from lotmark.intake.models import XmlElement

XML_LIMITS: Final = Limits(max_bytes=64 * 1024 * 1024, max_depth=64, max_items=1_000_000)
"""What the XML readers take unless told otherwise; the items are elements."""

# Single- and multi-byte text encodings that real producers declare. Python has more codecs; some of them execute or inflate.
_CODECS: Final = re.compile(
    r"(?:us-?)?ascii|utf-?8|utf-?16(?:-?[lb]e)?|iso-?8859-\d{1,2}|latin-?1|(?:windows-|cp)(?:125\d|437|850|852|932|936|949|950)|shift_?jis|euc-?jp|euc-?kr|gb2312|gbk|gb18030|big5|koi8-[ru]",
    re.IGNORECASE,
)
_DECLARED: Final = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_TRUNCATED: Final = frozenset({3, 5, 6, 20})
"""expat: no element found, unclosed token, partial character, unclosed CDATA section."""
_DECLARES: Final = re.compile(rb"<!(ENTITY|DOCTYPE)")


class XmlHandler(Protocol):
    """Takes the events of an `XmlScanner`. Names are as written; with namespaces they are ``uri}local``."""

    def start(self, name: str, attributes: dict[str, str], /) -> None: ...

    def end(self, name: str, /) -> None: ...

    def text(self, text: str, /) -> None:
        """Text, in pieces; only while `XmlScanner.listen` is on."""
        ...


class XmlScanner:
    """One pass over one document; the events go to the handler, which may raise what it likes.

    `line` and `column` (from 1) tell during an event where it stands, `depth` how many elements are open.
    """

    def __init__(
        self, handler: XmlHandler, *, what: str, error: type[LotmarkError] = UsageError, limits: Limits = XML_LIMITS, namespaces: bool = False
    ) -> None:
        """A scanner; `what` is how messages call the document, `error` the class that is raised."""
        self.depth = 0
        self._handler = handler
        self._what = what
        self._error = error
        self._limits = limits
        self._namespaces = namespaces
        self._elements = 0
        self._listening = False
        self._parser: expat.XMLParserType = expat.ParserCreate()

    @property
    def line(self) -> int:
        return self._parser.CurrentLineNumber

    @property
    def column(self) -> int:
        return self._parser.CurrentColumnNumber + 1

    def listen(self, on: bool) -> None:
        """Whether the handler gets text from here on."""
        self._listening = on
        self._parser.CharacterDataHandler = self._handler.text if on else None

    def scan(self, data: bytes, *, look: Callable[[bytes], None] | None = None) -> None:
        """Read the document, whole; `look` sees it as UTF-8 before it is parsed, and may raise.

        Raises:
            LotmarkError: of class `error`: LM-INT-004 encoding, -005 too deep, -006 too large, -008 not well-formed,
                -009 document type or entity, -010 ends in the middle.
        """
        try:
            self._scan(data, look)
        except Refusal as refusal:
            raise refusal.as_error(self._error, self._what) from refusal

    def _scan(self, data: bytes, look: Callable[[bytes], None] | None) -> None:
        if len(data) > self._limits.max_bytes:
            raise Refusal("LM-INT-006", f"{len(data)} bytes are more than {self._limits.max_bytes}")
        text, encoding = decode_xml(data)
        if look is not None:
            look(text)
        parser = self._parser = expat.ParserCreate(encoding, "}") if self._namespaces else expat.ParserCreate(encoding)
        parser.buffer_text = True
        self.listen(self._listening)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._forbidden
        parser.EntityDeclHandler = self._forbidden
        parser.ExternalEntityRefHandler = self._forbidden
        try:
            parser.Parse(text, True)
        except expat.ExpatError as error:
            raise self._malformed(error, text) from error
        finally:
            # The bound methods and the parser hold each other: let both go without the collector.
            for name in ("StartElementHandler", "EndElementHandler", "CharacterDataHandler", "StartDoctypeDeclHandler"):
                setattr(parser, name, None)
            parser.EntityDeclHandler = parser.ExternalEntityRefHandler = None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self._elements += 1
        if self.depth > self._limits.max_depth:
            raise Refusal("LM-INT-005", f"elements are nested deeper than {self._limits.max_depth}", place=(self.line, self.column))
        if self._elements > self._limits.max_items:
            raise Refusal("LM-INT-006", f"it holds more than {self._limits.max_items} elements", place=(self.line, self.column))
        self._handler.start(name, attributes)

    def _end(self, name: str) -> None:
        self.depth -= 1
        self._handler.end(name)

    def _forbidden(self, *_: object) -> int:
        raise _declares((self.line, self.column))

    def _malformed(self, error: expat.ExpatError, data: bytes) -> Refusal:
        place = (error.lineno, error.offset + 1)
        what = expat.ErrorString(error.code)
        start = data[max(0, self._parser.ErrorByteIndex - 2) :][:16].lstrip(codecs.BOM_UTF8).lstrip()
        if _DECLARES.match(start):  # broken before expat calls a handler, yet a declaration
            return _declares(place)
        if error.code in _TRUNCATED and self._elements:
            return Refusal("LM-INT-010", f"it ends in the middle ({what})", place=place)
        return Refusal("LM-INT-008", f"it is not well-formed XML: {what}", place=place)


def _declares(place: tuple[int, int]) -> Refusal:
    return Refusal("LM-INT-009", "it declares a document type or an entity", place=place)


def decode_xml(data: bytes) -> tuple[bytes, str | None]:
    """The bytes for expat and the encoding to force on it; None where expat knows by itself.

    Raises:
        Refusal: LM-INT-004.
    """
    if data[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        label = "utf-16"
    elif data[:2] in {b"<\0", b"\0<"}:
        label = "utf-16-le" if data[:1] == b"<" else "utf-16-be"
    else:
        found = _DECLARED.search(data[:1024])
        label = found[1].decode("ascii") if found else "utf-8"
        if label.lower().replace("-", "").startswith("utf16"):
            # Declared UTF-16 without its byte order mark, yet readable up to here: the bytes are not UTF-16.
            raise Refusal("LM-INT-004", f"it declares {label} but its bytes are not", place=(1, 0))
    if not _CODECS.fullmatch(label):
        raise Refusal("LM-INT-004", f"it declares the encoding {label!r}, which is not read", place=(1, 0))
    try:
        text = data.decode(label)
    except UnicodeDecodeError as error:
        raise Refusal("LM-INT-004", f"it is not {label} at byte {error.start}", place=(data.count(b"\n", 0, error.start) + 1, 0)) from error
    if label.lower() in {"utf-8", "utf8"}:
        return data, None
    return text.removeprefix("\ufeff").encode("utf-8"), "utf-8"


class _Builder:
    """Builds the tree."""

    def __init__(self) -> None:
        self.root: XmlElement | None = None
        self.line: Callable[[], int] = lambda: 0
        self._open: list[XmlElement] = []
        self._last: XmlElement | None = None
        """The element that was closed last; the text behind it is its tail."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, local = name.rpartition("}")
        names = {f"{{{key}" if "}" in key else key: value for key, value in attributes.items()} if any("}" in key for key in attributes) else attributes
        element = XmlElement(local, space, names, self.line())
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)
        self._last = None

    def end(self, _name: str) -> None:
        self._last = self._open.pop()

    def text(self, text: str) -> None:
        if self._last is not None:
            self._last.tail += text
        else:
            self._open[-1].text += text


def parse_xml(
    data: bytes, limits: Limits = XML_LIMITS, *, what: str = "the XML text", error: type[LotmarkError] = UsageError, root: frozenset[str] | None = None
) -> XmlElement:
    """XML bytes -> the root element, namespaces resolved; comments and processing instructions are left out.

    Use it for documents that fit in memory as a tree; `XmlScanner` reads big ones as events.

    Args:
        data: The document, whole.
        limits: Bytes, depth and number of elements that are read.
        what: How messages call the document (its file name).
        error: The class that is raised.
        root: The local names that the root element may have; None for any.

    Raises:
        LotmarkError: as `XmlScanner.scan`, and LM-INT-008 for another root element.
    """
    builder = _Builder()
    scanner = XmlScanner(builder, what=what, error=error, limits=limits, namespaces=True)
    builder.line = lambda: scanner.line
    scanner.listen(True)
    scanner.scan(data)
    found = builder.root
    if found is None:  # pragma: no cover - expat refuses a document without an element
        raise AssertionError
    if root is not None and found.name not in root:
        raise Refusal(
            "LM-INT-008", f"its root element is <{found.name[:40]}>, not {' or '.join(f'<{name}>' for name in sorted(root))}", place=(found.line, 0)
        ).as_error(error, what, cure="name the file of the format that is read here")
    return found
