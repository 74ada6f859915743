"""One pass of expat over one results file, in pieces: memory does not grow with the file.

What is refused here is refused for every format: an empty file, console output before the XML, bytes in another encoding
than declared, a document type or entity (before it can be expanded), a truncated or malformed document, and more bytes
than the limit. The root element chooses the dialect, whose two handlers then hang on expat directly: test results are the
one input of a hundred megabytes, for which the scanner of `intake`, made for documents, does too much for each element.
"""

import codecs
import re
from collections.abc import Callable, Mapping
from typing import BinaryIO, Final, Protocol
from xml.parsers import expat

from lotmark.base.errors import LotmarkError, RefusedError
from lotmark.base.limits import Limits

PIECE: Final = 256 * 1024
"""Bytes that are read and parsed at a time."""

# Single- and multi-byte text encodings that real producers declare. Python has more codecs; some of them execute or inflate.
_CODECS: Final = re.compile(
    r"(?:us-?)?ascii|utf-?8|utf-?16(?:-?[lb]e)?|iso-?8859-\d{1,2}|latin-?1|(?:windows-|cp)(?:125\d|437|850|852|932|936|949|950)|shift_?jis|euc-?jp|euc-?kr|gb2312|gbk|gb18030|big5|koi8-[ru]",
    re.IGNORECASE,
)
_DECLARED: Final = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_TRUNCATED: Final = frozenset({3, 5, 6, 20})
"""expat: no element found, unclosed token, partial character, unclosed CDATA section."""
_INVALID: Final = 4
"""expat: not well-formed (invalid token); bytes that are no UTF-8 are one."""
_START: Final = re.compile(rb"<\?xml|<(?:testsuites?|test-results|test-run|TestRun|assembl(?:y|ies)|robot)[\s>/]")


class Dialect(Protocol):
    """The two handlers of one format (attributes as name, value, name, value), and what is to be done once the document has ended."""

    @property
    def start(self) -> Callable[[str, list[str]], object]: ...

    @property
    def end(self) -> Callable[[str], object]: ...

    def finish(self) -> None: ...


class XmlPass:
    """One file on its way through expat.

    `roots` maps the name of a root element (without a namespace) to what makes its dialect; another root is LM-MTX-007.
    """

    def __init__(self, name: str, limits: Limits, roots: Mapping[str, Callable[["XmlPass"], Dialect]], known: str) -> None:
        self.name = name
        self.limits = limits
        self.root_line = 1
        self.cases = 0
        """How many test cases were read; the dialect counts them."""
        self.parser = expat.ParserCreate()
        self._roots = roots
        self._known = known
        self.settle: Callable[[], None] = _nothing
        """What the dialect does once the last element has ended."""
        self._window = b""
        self._window_at = 0
        self._begun = False

    # ---- reading

    def read(self, head: bytes, stream: BinaryIO) -> None:
        """Parse `head` and the rest of `stream`.

        Raises:
            RefusedError: LM-MTX-001 to -007, -010.
        """
        label = _label(head, self.name)
        # expat reads UTF-8 by itself, and refuses what is none.
        decode = None if label.lower() in {"utf-8", "utf8"} else _Decoder(self, label)
        self._open("utf-8" if decode else None)
        size = 0
        piece = head
        while piece:
            size += len(piece)
            if size > self.limits.max_bytes:
                raise self.refused(
                    "006",
                    f"{self.name} has more than {self.limits.max_bytes} bytes",
                    self.name,
                    "split the results into several files, or keep console output out of them",
                )
            data = decode.piece(piece) if decode else piece
            if size == len(head):
                data = data.removeprefix(codecs.BOM_UTF8)
                self._refuse_noise(data, stream)
            self._feed(data, final=False)
            piece = stream.read(PIECE)
        self._feed(decode.piece(b"", final=True) if decode else b"", final=True)

    def _open(self, encoding: str | None) -> None:
        parser = self.parser = expat.ParserCreate(encoding)
        parser.buffer_text = True
        parser.ordered_attributes = True
        parser.StartElementHandler = self._root
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = self._doctype
        parser.ExternalEntityRefHandler = self._doctype

    def _feed(self, data: bytes, *, final: bool) -> None:
        keep = self._window[-64:]
        self._window_at += len(self._window) - len(keep)
        self._window = keep + data
        try:
            self.parser.Parse(data, final)
        except expat.ExpatError as error:
            raise self._malformed(error) from error

    def _refuse_noise(self, body: bytes, stream: BinaryIO) -> None:
        """Refuse a file in which other text stands before the XML."""
        start = _START.match(body)
        if start is not None:
            return
        if body.lstrip().startswith(b"<") and _START.search(body) is None:
            return  # a comment, another root: XML, and expat's business
        while (start := _START.search(body)) is None:
            more = stream.read(PIECE)
            if not more or len(body) > self.limits.max_bytes:
                return  # no XML of any kind that is known here: expat says where it goes wrong
            body += more
        before = body[: start.start()]
        if before.lstrip().startswith(b"<"):
            return  # a comment, a document type
        line = before.count(b"\n") + 1
        sample = before.strip().split(b"\n", 1)[0][:60].decode("utf-8", "replace")
        what = f"console output ({sample!r})" if sample else "white space"
        raise self.refused(
            "002",
            f"{what} stands in {self.name} before the XML begins",
            f"{self.name}:{line}",
            "let the runner write its XML to a file of its own, not to standard output",
        )

    # ---- the root

    def _root(self, tag: str, attrs: list[str]) -> None:
        self._begun = True
        self.root_line = self.parser.CurrentLineNumber
        local = tag.rpartition(":")[2]
        make = self._roots.get(local)
        if make is None:
            raise self.refused(
                "007",
                f"{self.name} is XML but no test results that are read here: its root element is <{local[:40]}>",
                self.where(),
                f"let the runner write {self._known}, or convert it",
            )
        dialect = make(self)
        self.settle = dialect.finish
        self.parser.StartElementHandler = dialect.start
        self.parser.EndElementHandler = dialect.end
        dialect.start(tag, attrs)

    # ---- refusals

    def where(self) -> str:
        """Where expat stands."""
        return f"{self.name}:{self.parser.CurrentLineNumber}:{self.parser.CurrentColumnNumber + 1}"

    def not_encoded(self, label: str, byte: int, line: int) -> RefusedError:
        """The refusal of bytes that are not in the encoding that the file declares."""
        return self.refused(
            "010",
            f"{self.name} is not {label} at byte {byte}",
            f"{self.name}:{line}",
            "write the file in the encoding that its first line declares; without one it is UTF-8",
        )

    def limit(self, what: str) -> LotmarkError:
        """The refusal of something that is larger than any plausible result."""
        return self.refused("006", f"{self.name}: {what}", self.where(), "this is no plausible test result; if it is, split the file")

    def refused(self, number: str, reason: str, where: str, solution: str) -> RefusedError:
        """A refusal of the file."""
        return RefusedError(f"LM-MTX-{number}", reason, where=where, solution=solution)

    def _malformed(self, error: expat.ExpatError) -> LotmarkError:
        where = f"{self.name}:{error.lineno}:{error.offset + 1}"
        what = expat.ErrorString(error.code)
        at = max(0, self.parser.ErrorByteIndex - 2 - self._window_at)
        if re.match(rb"<!(ENTITY|DOCTYPE)", self._window[at:].lstrip()[:9]):
            return self._doctype_error(where)
        if error.code == _INVALID and not _is_utf8(self._window[at:]):
            return self.not_encoded("utf-8", self.parser.ErrorByteIndex, error.lineno)
        if error.code in _TRUNCATED and self._begun:
            self.settle()
            return self.refused(
                "004",
                f"{self.name} ends in the middle ({what}); {self.cases} test cases were read before",
                where,
                "the runner was killed or the disk was full while it wrote: run the tests again",
            )
        return self.refused("003", f"{self.name} is not well-formed XML: {what}", where, "mend the producer; a results file is read whole or not at all")

    def _doctype(self, *_: object) -> int:
        raise self._doctype_error(self.where())

    def _doctype_error(self, where: str) -> LotmarkError:
        return self.refused(
            "005",
            f"{self.name} declares a document type or an entity",
            where,
            "write the results without <!DOCTYPE> and <!ENTITY>: no test runner needs them, attacks do",
        )


class _Decoder:
    """Turns another encoding into UTF-8, piece by piece."""

    def __init__(self, reading: XmlPass, label: str) -> None:
        self._reading = reading
        self._label = label
        self._decoder = codecs.getincrementaldecoder(label)("strict")
        self._size = 0
        self._lines = 1

    def piece(self, piece: bytes, *, final: bool = False) -> bytes:
        """The piece in UTF-8; half a character waits for the next."""
        pending = self._decoder.getstate()[0]
        try:
            text = self._decoder.decode(piece, final)
        except UnicodeDecodeError as error:
            line = self._lines + (pending + piece).count(b"\n", 0, error.start)
            raise self._reading.not_encoded(self._label, self._size - len(pending) + error.start, line) from error
        self._size += len(piece)
        self._lines += text.count("\n")
        return text.encode("utf-8").removeprefix(codecs.BOM_UTF8 if not self._size - len(piece) else b"")


def _nothing() -> None:
    pass


def _is_utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8, half a character at the end aside."""
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _label(head: bytes, name: str) -> str:
    """The encoding of a file by its first bytes.

    Raises:
        RefusedError: LM-MTX-001 or LM-MTX-010.
    """
    if not head.strip(b" \t\r\n\0\xef\xbb\xbf\xff\xfe"):
        raise RefusedError(
            "LM-MTX-001",
            f"{name} is empty",
            where=name,
            solution="the runner died before it wrote its results, or wrote them elsewhere: look at its output and exit code",
        )
    if head[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        return "utf-16"
    if head[:2] in {b"<\0", b"\0<"}:
        return "utf-16-le" if head[:1] == b"<" else "utf-16-be"
    found = _DECLARED.search(head[:1024])
    label = found[1].decode("ascii") if found else "utf-8"
    if label.lower().replace("-", "").startswith("utf16"):
        # Declared UTF-16 without its byte order mark, yet readable up to here: the bytes are not UTF-16.
        raise RefusedError(
            "LM-MTX-010",
            f"{name} declares {label} but its bytes are not",
            where=f"{name}:1",
            solution="write the file in the encoding that its first line declares",
        )
    if not _CODECS.fullmatch(label):
        raise RefusedError("LM-MTX-010", f"{name} declares the encoding {label!r}, which is not read", where=f"{name}:1", solution="write the results as UTF-8")
    return label
