"""The door of the room.

view = build_view(graph, statuses, name="qPCR caller", version="1.4.0")
page = render_html(view)
table = format_csv(matrix_table(view))
text = format_mermaid(graph, select_items(graph, ["HAZ-001"]))
"""

from lotmark.views._build import build_view
from lotmark.views._graphs import format_dot, format_graph_json, format_mermaid, select_items
from lotmark.views._html import render_html
from lotmark.views._tables import escape_cell, format_csv, format_xlsx, matrix_table, risk_table

__all__ = [
    "build_view",
    "escape_cell",
    "format_csv",
    "format_dot",
    "format_graph_json",
    "format_mermaid",
    "format_xlsx",
    "matrix_table",
    "render_html",
    "risk_table",
    "select_items",
]
