"""Items of other tools, as they stand there: nothing is renamed, nothing is left out, nothing is judged.

A reader turns the bytes of one file into a `ForeignDocument`; what becomes of the fields is the mapping's business.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lotmark.base.errors import UsageError
from lotmark.base.findings import Finding, Location, Severity

Text = str | tuple[str, ...]
"""The value of a field: one text of any length, or several values."""


@dataclass(frozen=True, slots=True)
class ForeignLink:
    """A link as its tool writes it: what it is called there, and the id that it names."""

    role: str
    target: str


@dataclass(frozen=True, slots=True)
class ForeignItem:
    """One item; `fields` holds everything that the file says of it, under the names of the file, in its order."""

    id: str
    kind: str
    """What the tool calls it: a tag, a directive, an object type; empty where it has no kinds."""
    fields: Mapping[str, Text]
    line: int
    links: tuple[ForeignLink, ...] = ()
    """Links that the format itself marks as such; those that stand in fields, the mapping finds."""
    chapter: tuple[str, ...] = ()
    """The headings above it, outermost first."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """Which field of a format usually means what: the mapping where nobody has written one."""

    title: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    sections: Mapping[str, str] | None = None
    """Field -> ``rationale``, ``verification`` or ``notes``."""
    status: str = ""
    ignore: tuple[str, ...] = ()
    """Fields that say nothing of the item: the tool's own bookkeeping, computed reverse links."""


@dataclass(frozen=True, slots=True)
class ForeignDocument:
    """What one file holds, and what the reader could not take from it."""

    path: str
    reader: str
    items: tuple[ForeignItem, ...]
    title: str = ""
    findings: tuple[Finding, ...] = ()
    defaults: Defaults = Defaults()


Reader = Callable[[str, bytes, Mapping[str, str]], ForeignDocument]
"""Path as shown, content, options of the mapping -> document.

Raises:
    UsageError: if the file is not of this format: LM-TRC-050 or a code of `lotmark.intake`, with the line.
"""


def refuse(path: str, line: int, reason: str, cure: str) -> UsageError:
    """The refusal of a whole file."""
    return UsageError("LM-TRC-050", f"{path}: {reason}", where=f"{path}:{line}:1" if line else path, solution=cure)


def note(path: str, line: int, message: str, cure: str, *, code: str = "LM-TRC-052", severity: Severity = Severity.ERROR) -> Finding:
    """A finding about a part of a file; the rest was read."""
    return Finding(code, message, severity, Location(path, line), path, cure)


def decode(path: str, data: bytes, options: Mapping[str, str]) -> str:
    """Bytes -> text with LF line ends. UTF-8 or UTF-16 with its mark, unless the mapping names the encoding.

    Raises:
        UsageError: LM-TRC-050.
    """
    encoding = options.get("encoding", "")
    if not encoding:
        encoding = "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    if encoding.lower() not in ENCODINGS:
        raise refuse(path, 0, f"the encoding {encoding!r} is not read", f"one of: {', '.join(sorted(ENCODINGS))}")
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, UnicodeError) as error:
        start = getattr(error, "start", 0)
        line = data.count(b"\n", 0, start) + 1
        cure = "save it as UTF-8, or name its encoding in the mapping: options: {encoding: cp1252}"
        raise refuse(path, line, f"it is not {encoding.removesuffix('-sig')} at byte {start}", cure) from error
    if "\0" in text:
        raise refuse(path, text.count("\n", 0, text.index("\0")) + 1, "a NUL stands in it: it is no text", "name the right file")
    return text.replace("\r\n", "\n").replace("\r", "\n")


ENCODINGS = frozenset(
    {
        "utf-8",
        "utf-8-sig",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "cp1252",
        "latin-1",
        "iso-8859-1",
        "iso-8859-15",
        "shift_jis",
        "gb18030",
        "cp437",
        "cp850",
        "mac_roman",
    }
)
