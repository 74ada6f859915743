"""Tables: CSV of any separator, XLSX, and the tables of Markdown documents. One row, one item; the head names the fields.

CSV as RFC 4180 and as spreadsheets write it; XLSX is ISO/IEC 29500; Markdown tables as GitHub writes them.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lotmark.base.errors import EnvironmentLacksError
from lotmark.base.findings import Finding, Severity
from lotmark.trace._foreign import Defaults, ForeignDocument, ForeignItem, decode, note, refuse

MAX_COLUMNS = 1000
_ID_NAMES = (
    "id", "uid", "requirement id", "req id", "req_id", "reqid", "item id", "key", "issue key", "identifier", "object identifier", "number", "no.", "no",
    "requirement", "custom field (requirement id)", "hazard id", "risk id", "test id", "test case id", "ref",
)  # fmt: skip
DEFAULTS = Defaults(
    title=("title", "summary", "name", "heading", "short description"),
    text=("text", "statement", "description", "requirement text", "requirement", "object text", "body"),
    sections={
        "rationale": "rationale",
        "custom field (requirement rationale)": "rationale",
        "justification": "rationale",
        "verification": "verification",
        "verification criteria": "verification",
        "notes": "notes",
        "comment": "notes",
        "comments": "notes",
    },
    status="status",
)


def read_csv(path: str, data: bytes, options: Mapping[str, str]) -> ForeignDocument:
    """A CSV file; options: ``delimiter``, ``encoding``, ``header`` (line of the head, from 1), ``id`` (column of the id)."""
    text = decode(path, data, options)
    start = max(int(options.get("header", "1") or "1"), 1) - 1
    lines = text.split("\n")
    if not text.strip():
        raise refuse(path, 1, "it is empty", "name the right file")
    delimiter = {"tab": "\t", "\\t": "\t"}.get(options.get("delimiter", ""), options.get("delimiter", "")) or _guess_delimiter(lines[start : start + 1])
    if len(delimiter) != 1:
        raise refuse(path, 0, f"the delimiter {delimiter!r} is not one character", "write options: {delimiter: ';'}")
    reader = csv.reader(io.StringIO("\n".join(lines[start:]), newline=""), delimiter=delimiter, strict=True)
    try:
        rows = list(_csv_rows(reader, start))
    except csv.Error as error:
        raise refuse(path, reader.line_num + start, f"it is not CSV: {error}", "mend the quotes of that line, or name the delimiter in the mapping") from error
    return _document(path, "csv", rows, options)


def _csv_rows(reader: Any, start: int) -> Iterator[tuple[int, list[str]]]:
    """(line where the row starts, cells)."""
    line = start + 1
    for row in reader:
        yield line, row
        line = start + reader.line_num + 1


def _guess_delimiter(head: Sequence[str]) -> str:
    first = head[0] if head else ""
    return max(",;\t|", key=lambda mark: (first.count(mark), mark == ","))


def read_xlsx(path: str, data: bytes, options: Mapping[str, str]) -> ForeignDocument:
    """A sheet of an XLSX workbook; options: ``sheet`` (name; the first), ``header``, ``id``. Formulas count as their last value."""
    from lotmark.base.errors import UsageError
    from lotmark.intake.api import XmlScanner, open_zip

    with open_zip(data, what=path, error=UsageError) as archive:
        for member in archive.members:
            if member.name.endswith((".xml", ".rels")):
                # openpyxl has its own parser; what it gets has been through ours.
                XmlScanner(_Nothing(), what=f"{path}!{member.name}", error=UsageError).scan(archive.read(member.name))
    try:
        import openpyxl
    except ImportError as error:  # pragma: no cover - the extra is part of every development environment
        raise EnvironmentLacksError("LM-TRC-050", "reading XLSX needs openpyxl", where=path, solution="pip install 'lotmark[xlsx]'") from error
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    except Exception as error:
        raise refuse(path, 0, f"it is no workbook that can be read: {error}", "save it again as .xlsx") from error
    wanted = options.get("sheet", "")
    if wanted and wanted not in book.sheetnames:
        raise refuse(path, 0, f"there is no sheet {wanted!r}", f"one of: {', '.join(book.sheetnames)}")
    if not book.worksheets:
        raise refuse(path, 0, "the workbook has no sheet", "save it again as .xlsx")
    sheet = book[wanted] if wanted else book.worksheets[0]
    start = max(int(options.get("header", "1") or "1"), 1)
    rows = [
        (number, [_cell(value) for value in row]) for number, row in enumerate(sheet.iter_rows(min_row=start, max_col=MAX_COLUMNS, values_only=True), start)
    ]
    others = [name for name in book.sheetnames if name != sheet.title]
    findings = [
        note(path, 0, f"the sheet {name!r} was not read", "name it in a mapping of its own: options: {sheet: ...}", severity=Severity.WARNING)
        for name in others
    ]
    book.close()
    return _document(path, "xlsx", rows, options, findings)


class _Nothing:
    """A handler that only lets the scanner look."""

    def start(self, name: str, attributes: dict[str, str], /) -> None:
        del name, attributes

    def end(self, name: str, /) -> None:
        del name

    def text(self, text: str, /) -> None:
        del text


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _document(path: str, reader: str, rows: Sequence[tuple[int, list[str]]], options: Mapping[str, str], findings: Sequence[Finding] = ()) -> ForeignDocument:
    """Rows, the head first -> items."""
    rows = [(line, cells) for line, cells in rows if any(cell.strip() for cell in cells)]
    if not rows:
        raise refuse(path, 1, "it holds no row", "name the right file, sheet or line of the head")
    found = list(findings)
    head_line, head = rows[0]
    names = _head(path, head_line, head, found)
    column = _id_column(names, options)
    if column is None:
        cure = f"name it in the mapping: options: {{id: ...}}; the columns are: {', '.join(names[:30])}"
        raise refuse(path, head_line, "no column holds the ids", cure)
    items: list[ForeignItem] = []
    for line, cells in rows[1:]:
        item = _row(path, line, cells, names, column, found)
        if item is not None:
            items.append(item)
    return ForeignDocument(path, reader, tuple(items), findings=tuple(found), defaults=DEFAULTS)


def _head(path: str, line: int, head: Sequence[str], findings: list[Finding]) -> list[str]:
    names: list[str] = []
    while head and not head[-1].strip():
        head = head[:-1]
    if len(head) > MAX_COLUMNS:
        raise refuse(path, line, f"the head has {len(head)} columns, more than {MAX_COLUMNS}", "name the right delimiter")
    for number, cell in enumerate(head, 1):
        name = " ".join(cell.split()) or f"column {number}"
        if name in names:
            # Jira exports a column once per value: these are values of one field.
            findings.append(note(path, line, f"the column {name!r} stands twice; its cells count as values of one field", "nothing", severity=Severity.INFO))
        names.append(name)
    return names


def _id_column(names: Sequence[str], options: Mapping[str, str]) -> int | None:
    lower = [name.lower() for name in names]
    wanted = options.get("id", "")
    for name in (wanted.lower(),) if wanted else _ID_NAMES:
        if name in lower:
            return lower.index(name)
    return None if wanted else next((number for number, name in enumerate(lower) if re.search(r"\bid\b", name)), None)


def _row(path: str, line: int, cells: list[str], names: Sequence[str], column: int, findings: list[Finding]) -> ForeignItem | None:
    if len(cells) > len(names) and any(cell.strip() for cell in cells[len(names) :]):
        findings.append(note(path, line, f"the row has {len(cells)} cells and the head {len(names)}; the rest is kept without a name", "mend the row"))
    item_id = _plain(cells[column]) if column < len(cells) else ""
    if not item_id:
        shown = " | ".join(cell.strip() for cell in cells if cell.strip())[:60]
        findings.append(note(path, line, f"the row has no id: {shown!r}", "give it one there; it was not carried over", code="LM-TRC-053"))
        return None
    fields: dict[str, str | tuple[str, ...]] = {}
    for number, cell in enumerate(cells):
        name = names[number] if number < len(names) else f"column {number + 1}"
        value = cell.strip()
        if number == column or (not value and (name in fields or number >= len(names))):
            continue
        held = fields.get(name)
        fields[name] = (*((held,) if isinstance(held, str) else held), value) if held else value
    return ForeignItem(item_id, "", fields, line)


# ---- Markdown


_RULE = re.compile(r"^\s*\|?\s*:?-{1,}:?\s*(?:\|\s*:?-{1,}:?\s*)*\|?\s*$")
_HEADING = re.compile(r"^(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_ID_CELL = re.compile(r"^[A-Za-z][A-Za-z0-9_.:/-]*[0-9][A-Za-z0-9_.:/-]*$")


def read_markdown(path: str, data: bytes, options: Mapping[str, str]) -> ForeignDocument:
    """The tables of a Markdown document whose rows name ids, bold or plain; other tables are passed over and counted."""
    text = decode(path, data, options)
    lines = text.split("\n")
    items: list[ForeignItem] = []
    findings: list[Finding] = []
    chapter: list[str] = []
    at, fence, passed, title = 0, "", 0, ""
    while at < len(lines):
        line = lines[at]
        mark = line.lstrip()[:3]
        if mark in {"```", "~~~"}:
            fence = "" if fence == mark else fence or mark
        heading = None if fence else _HEADING.match(line)
        if heading:
            level = len(heading[1])
            title = title or heading[2]
            chapter = [*(chapter + [""] * level)[: level - 1], heading[2]]
        if not fence and "|" in line and at + 1 < len(lines) and "|" in lines[at + 1] and _RULE.match(lines[at + 1]):
            end = at + 2
            while end < len(lines) and "|" in lines[end]:
                end += 1
            more = _table(path, lines, at, end, options, tuple(name for name in chapter if name), findings)
            passed += not more
            items.extend(more)
            at = end
            continue
        at += 1
    if passed and items:
        findings.append(note(path, 0, f"{passed} tables without ids were passed over", "nothing, if they hold no items", severity=Severity.INFO))
    if not items:
        raise refuse(path, 1, "no table in it has a column of ids", "name the column in the mapping: options: {id: ...}")
    return ForeignDocument(path, "markdown", tuple(items), title, tuple(findings), DEFAULTS)


def _table(
    path: str, lines: Sequence[str], start: int, end: int, options: Mapping[str, str], chapter: tuple[str, ...], findings: list[Finding]
) -> list[ForeignItem]:
    names = [_plain(cell) or f"column {number}" for number, cell in enumerate(_cells(lines[start]), 1)]
    rows = [(number + 1, _cells(lines[number])) for number in range(start + 2, end)]
    column = _id_column(names, options)
    if column is None:
        first = [_plain(cells[0]) for _, cells in rows if cells]
        column = 0 if first and sum(bool(_ID_CELL.match(cell)) for cell in first) * 2 > len(first) else None
    if column is None:
        return []
    found: list[ForeignItem] = []
    for line, cells in rows:
        item = _row(path, line, cells, names, column, findings)
        if item is not None:
            found.append(ForeignItem(item.id, "", item.fields, line, chapter=chapter))
    return found


def _cells(line: str) -> list[str]:
    """The cells of a row; a bar behind a backslash is text."""
    body = line.strip().removeprefix("|")
    if body.endswith("|") and not body.endswith("\\|"):
        body = body[:-1]
    return [cell.strip().replace("\\|", "|").replace("<br>", "\n").replace("<br/>", "\n") for cell in re.split(r"(?<!\\)\|", body)]


def _plain(cell: str) -> str:
    """The text of a cell without bold, code or link marks around it."""
    text = cell.strip()
    link = re.fullmatch(r"\[([^\]]*)\]\([^)]*\)", text)
    text = link[1] if link else text
    while len(text) > 2 and text[0] == text[-1] and text[0] in "*_`":
        text = text[1:-1].strip()
    return re.sub(r"^<a [^>]*>\s*(?:</a>)?|</a>$", "", text).strip()
