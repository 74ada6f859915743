"""The view as tables: CSV (RFC 4180) and XLSX.

A cell that starts with ``= + - @``, a tab or a carriage return, blanks before it or none, is a formula to a spreadsheet, and
titles come from anybody who can open a pull request; so such a cell gets an apostrophe in front (OWASP, CSV injection). In XLSX every cell is written as text.
"""

import csv
import io
from collections.abc import Iterable, Sequence

from lotmark.base.errors import EnvironmentLacksError
from lotmark.base.formats import mark_formula, show_text
from lotmark.views.models import TraceView

MATRIX = ("id", "type", "title", "status", "class", "above", "below", "tests", "state", "why not")
RISKS = ("hazard", "title", "situation", "harm", "severity before", "probability before", "level before", "severity after", "probability after", "level after")
RISKS_MORE = ("controls", "residual risk", "rationale", "state", "why not")
MAX_CELL = 32_767
"""Characters that a cell of XLSX holds; what is longer is cut and ends in an ellipsis."""


def matrix_table(view: TraceView) -> list[tuple[str, ...]]:
    """A head, and a row for each item."""
    rows = [
        (
            *(row.id, row.kind, row.title, row.status, row.safety_class, " ".join(row.above), " ".join(row.below)),
            "\n".join(f"{test}: {status}" for test, status in row.tests),
            row.state.value,
            "\n".join(row.reasons),
        )
        for row in view.rows
    ]
    return [MATRIX, *rows]


def risk_table(view: TraceView) -> list[tuple[str, ...]]:
    """A head, and a row for each hazard."""
    rows = [
        (
            *(risk.id, risk.title, risk.situation, risk.harm, *risk.before, *risk.after),
            "\n".join(f"{control} ({kind}): implementation {done.value}, effectiveness {works.value}" for control, _, kind, done, works in risk.controls),
            *(risk.acceptable, risk.rationale, risk.state.value, "\n".join(risk.reasons)),
        )
        for risk in view.risks
    ]
    return [(*RISKS, *RISKS_MORE), *rows]


def format_csv(table: Iterable[Sequence[str]]) -> bytes:
    """UTF-8 with byte order mark, which spreadsheets need to read it as UTF-8; CRLF line ends (RFC 4180, 2)."""
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([escape_cell(cell) for cell in row] for row in table)
    return b"\xef\xbb\xbf" + stream.getvalue().encode("utf-8", "replace")


def escape_cell(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula."""
    # Marked first: written out, a tab or a carriage return in front would be seen no more.
    return "\n".join(show_text(line) for line in mark_formula(text).split("\n"))


def format_xlsx(view: TraceView) -> bytes:
    """A workbook with the sheets `Matrix` and `Risks`, the head fixed and filters set; every cell is text.

    Raises:
        EnvironmentLacksError: LM-CLI-060 without openpyxl.
    """
    try:
        from openpyxl import Workbook
        from openpyxl.styles import Alignment, Font
    except ImportError as error:
        raise EnvironmentLacksError("LM-CLI-060", "XLSX needs the package openpyxl", solution="pip install 'lotmark[xlsx]', or take csv") from error
    book = Workbook()
    book.remove(book.active)
    for title, table in (("Matrix", matrix_table(view)), ("Risks", risk_table(view))):
        sheet = book.create_sheet(title)
        for number, row in enumerate(table, 1):
            for column, text in enumerate(row, 1):
                cell = sheet.cell(row=number, column=column)
                shown = escape_cell(text)
                if shown:
                    cell.value = shown if len(shown) <= MAX_CELL else shown[: MAX_CELL - 1] + "…"
                    cell.data_type = "s"
                cell.alignment = Alignment(wrap_text=True, vertical="top")
                if number == 1:
                    cell.font = Font(bold=True)
        sheet.freeze_panes = "B2"
        sheet.auto_filter.ref = sheet.dimensions
        for column in range(1, len(table[0]) + 1):
            width = max((len(line) for row in table for line in row[column - 1].split("\n")), default=8)
            sheet.column_dimensions[sheet.cell(row=1, column=column).column_letter].width = min(60, max(10, width + 2))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()
