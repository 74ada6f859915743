"""The command line. Exit codes: 0 the run is valid, 1 the run is invalid, 2 the input is refused."""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from qpcr_caller import __version__
from qpcr_caller.assay import PERTUSSIS
from qpcr_caller.interpretation import interpret_plate
from qpcr_caller.plate import PlateError, read_plate
from qpcr_caller.report import format_json, format_text, report_data


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="qpcr-caller", description=__doc__)
    parser.add_argument("--version", action="version", version=f"qpcr-caller {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")
    call = commands.add_parser("call", help="call a plate and report its results")
    call.add_argument("plate", type=Path, help="CSV file with one fluorescence reading per line")
    call.add_argument("--format", choices=("text", "json"), default="text")
    call.add_argument("--output", type=Path, help="new file for the report (default: standard output)")
    options = parser.parse_args(arguments)
    try:
        plate = read_plate(options.plate, PERTUSSIS)
        run = interpret_plate(plate, PERTUSSIS)
        data = report_data(run, plate, PERTUSSIS)
        text = format_json(data) if options.format == "json" else format_text(data)
        if options.output is None:
            sys.stdout.write(text)
        else:
            write_new(options.output, text)
    except PlateError as error:
        print(f"qpcr-caller: {options.plate}: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"qpcr-caller: cannot write {options.output}: {error.strerror}", file=sys.stderr)
        return 2
    return 0 if run.valid else 1


def write_new(path: Path, text: str) -> None:
    """Writes a report whole or not at all, and never over one that exists.

    Raises:
        OSError: the file exists or cannot be written.
    """
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=".qpcr-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # A hard link, unlike a rename, fails if the name is taken.
        path.hardlink_to(scratch)
    finally:
        Path(scratch).unlink()
