"""``python -m bench NAME [--json FILE]``: run ``bench.NAME``, or ``all`` of them, and print both sides of every row."""

import argparse
import importlib
import json
import pkgutil
import sys
from pathlib import Path

import bench
from bench import Row


def names() -> list[str]:
    """The benchmarks that there are."""
    return sorted(module.name for module in pkgutil.iter_modules(bench.__path__) if not module.name.startswith("_"))


def number(value: float | None) -> str:
    """A number as people read it."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(rows: list[Row]) -> str:
    """The rows as text."""
    cells = [("measurement", "unit", "ours", "reference", "ratio", "aim", "met", "against")]
    for row in rows:
        aim = "-" if row.aim is None else f"{'>=' if row.better == 'higher' else '<='} {number(row.aim)}"
        met = {True: "yes", False: "NO", None: "-"}[row.met]
        cells.append((row.name, row.unit, number(row.ours), number(row.reference), number(row.ratio), aim, met, row.against))
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    return "\n".join(
        "  ".join(cell.rjust(width) if 2 <= column <= 5 else cell.ljust(width) for column, (cell, width) in enumerate(zip(line, widths, strict=True))).rstrip()
        for line in cells
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; exit 0 whether the aims are met or not, for a number on a busy machine is no verdict."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("name", choices=[*names(), "all"])
    parser.add_argument("--json", type=Path, help="also write the rows to this file")
    options = parser.parse_args(arguments)
    rows: list[Row] = []
    for name in names() if options.name == "all" else [options.name]:
        found: list[Row] = importlib.import_module(f"bench.{name}").run()
        print(("" if not rows else "\n") + table(found), flush=True)
        rows += found
    if options.json:
        options.json.write_text(json.dumps({"bench": options.name, "python": sys.version.split()[0], "rows": [row.to_wire() for row in rows]}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
