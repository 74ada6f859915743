"""Views of the trace: matrix, risks before and after control, what is not verified, impact and graph, for people and tables.

Duty: turn a graph and the results at hand into one page of HTML, CSV and XLSX tables, and DOT, Mermaid or JSON graphs.

Invariants: pure, the same input gives the same bytes; a page loads nothing, runs without script, and tells every state by
symbol and word; only a passing result shows as verified; no cell of a table is a formula to a spreadsheet.
"""
