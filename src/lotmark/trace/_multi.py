"""The multi-item form: several items in one Markdown document, each a heading with its id, a list of fields, and its text.

    ## SRS-0031 Reject an expired reagent lot

    - type: software-requirement
    - status: approved
    - derives: [UN-0007]

    The software shall reject a reagent lot whose expiry date is before the run date.

    ### Rationale

The fields are those of a front matter, the text ends at the next heading of an item or of the same or a higher level, and
headings inside it count from the level of the item: both forms read to the same items with the same fingerprints.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lotmark.base.findings import Finding, Location, Severity
from lotmark.trace._items import ItemReader
from lotmark.trace._lines import Fields, decode_text, read_line
from lotmark.trace._writer import ORDER, format_value
from lotmark.trace.models import Item, TracePolicy, Value

_ITEM = re.compile(
    r"^(#{1,5})[ \t]+((?:[a-z][a-z0-9-]{0,39}:)?[A-Z][A-Z0-9]{0,15}(?:-[A-Z0-9]{1,16}){0,6}-[0-9]{1,9})(?:[ \t]*:)?(?:[ \t]+(.*?))?[ \t]*#*[ \t]*$"
)
_HEADING = re.compile(r"^(#{1,6})([ \t]+.*)$")
_FIELD = re.compile(r"^[-*][ \t]+(?:\*\*)?([a-z][a-z0-9-]*)(?:\*\*)?:(?:\*\*)?(?:[ \t]+(.*))?$")


@dataclass(slots=True)
class Piece:
    """An item of a document before its fields are read, or (without an id) text between items."""

    line: int
    level: int = 0
    id: str = ""
    title: str = ""
    fields: list[tuple[int, str]] = field(default_factory=list)
    """(line, ``key: value``)."""
    lines: list[str] = field(default_factory=list)
    body_line: int = 0


def split_pieces(text: str) -> list[Piece]:
    """The document as items and the text around them, in order; nothing is left out."""
    pieces: list[Piece] = [Piece(1)]
    fence = ""
    reading_fields = False
    for number, line in enumerate(text.split("\n"), 1):
        mark = line.lstrip(" ")[:3]
        if mark in {"```", "~~~"} and fence in {"", mark}:
            fence = "" if fence else mark
        item = None if fence else _ITEM.match(line)
        heading = None if fence else _HEADING.match(line)
        current = pieces[-1]
        if item:
            pieces.append(Piece(number, len(item[1]), item[2], item[3] or ""))
            reading_fields = True
        elif heading and current.id and len(heading[1]) <= current.level:
            pieces.append(Piece(number, lines=[line]))
            reading_fields = False
        elif reading_fields and (match := _FIELD.match(line)):
            current.fields.append((number, f"{match[1]}: {match[2] or ''}".rstrip()))
        elif reading_fields and not line.strip():
            # The list of fields ends at the first empty line after it: a list behind that is text.
            reading_fields = not current.fields
        else:
            reading_fields = False
            current.body_line = current.body_line or number
            current.lines.append(_raised(line, heading, current.level - 1) if current.id else line)
    return pieces


def _raised(line: str, heading: re.Match[str] | None, by: int) -> str:
    """A heading inside an item, as it would stand in a file of its own: below level 1."""
    return line if heading is None or by <= 0 else f"{'#' * max(len(heading[1]) - by, 1)}{heading[2]}"


def parse_multi(path: str, data: bytes, product: str, policy: TracePolicy, findings: list[Finding]) -> list[Item]:
    """The items of a document in the multi-item form."""
    text = decode_text(path, data, findings)
    if text is None:
        return []
    return [ItemReader(path, _fields(path, piece, findings), product, policy, findings, named_by_file=False).item() for piece in split_pieces(text) if piece.id]


def piece_values(path: str, piece: Piece, findings: list[Finding]) -> Fields:
    """The fields of an item of a document, by the reader of front matters."""
    return _fields(path, piece, findings)


def _fields(path: str, piece: Piece, findings: list[Finding]) -> Fields:
    fields = Fields()
    fields.values["id"] = piece.id
    fields.places["id"] = (piece.line, piece.level + 2)
    if piece.title:
        fields.values["title"] = piece.title
        fields.places["title"] = (piece.line, piece.level + 2 + len(piece.id) + 1)
    _read_fields(path, piece.fields, fields, findings)
    fields.body = "\n".join(piece.lines)
    fields.body_line = piece.body_line or piece.line
    return fields


def find_unjoinable(text: str, level: int) -> str:
    """The first heading of a text that no document can hold below an item of this level; empty if there is none."""
    fence = ""
    for line in text.split("\n"):
        mark = line.lstrip(" ")[:3]
        if mark in {"```", "~~~"} and fence in {"", mark}:
            fence = "" if fence else mark
        heading = None if fence else _HEADING.match(line)
        if heading and not 2 <= len(heading[1]) <= 7 - level:
            return line.strip()
    return ""


def _read_fields(path: str, lines: Sequence[tuple[int, str]], fields: Fields, findings: list[Finding]) -> None:
    """Lines ``key: value``, each with its number, into `fields`; a key that stands twice is said, as in a front matter."""
    for number, line in lines:
        said: list[Finding] = []
        one = read_line(path, line, said)
        findings.extend(replace(finding, location=Location(path, number, finding.location.column + 2)) if finding.location else finding for finding in said)
        for key, value in one.values.items():
            if key in fields.places:
                text, cure = (
                    f"the key {key!r} stands twice, first on line {fields.places[key][0]}",
                    "remove one of them; the reader never guesses which one holds",
                )
                findings.append(Finding("LM-TRC-004", text, Severity.ERROR, Location(path, number, 3), path, cure))
                continue
            fields.values[key] = value
            fields.places[key] = (number, one.places[key][1] + 2)


def format_multi(values: Mapping[str, Value], text: str, sections: Mapping[str, str], level: int) -> str:
    """An item as a part of a document whose item headings have this level."""
    title = values.get("title", "")
    lines = [f"{'#' * level} {values['id']} {title}".rstrip(), ""]
    keys = [*(key for key in ORDER if key in values), *(key for key in values if key not in ORDER)]
    lines += [f"- {key}: {format_value(values[key])}" for key in keys if key not in {"id", "title"}]
    if text:
        lines += ["", *_lowered(text.split("\n"), level - 1)]
    for name, body in sections.items():
        if body:
            lines += ["", f"{'#' * (level + 1)} {name[:1].upper()}{name[1:]}", "", *_lowered(body.split("\n"), level - 1)]
    return "\n".join(lines) + "\n"


def _lowered(lines: Sequence[str], by: int) -> Iterator[str]:
    fence = ""
    for line in lines:
        mark = line.lstrip(" ")[:3]
        if mark in {"```", "~~~"} and fence in {"", mark}:
            fence = "" if fence else mark
        heading = None if fence else _HEADING.match(line)
        yield f"{'#' * (len(heading[1]) + by)}{heading[2]}" if heading else line
