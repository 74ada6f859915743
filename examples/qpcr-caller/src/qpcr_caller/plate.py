"""The plate file: strict CSV in, complete curves out. A file that leaves any doubt is refused whole (RC-006, RC-008)."""

import csv
import hashlib
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from qpcr_caller.assay import Assay

COLUMNS = ("well", "sample", "role", "channel", "cycle", "fluorescence")
MAXIMUM_BYTES = 16 * 1024 * 1024
_WELL = re.compile(r"[A-H](0[1-9]|1[0-2])")
# Starts with a letter or digit: a name like "=cmd()" would be a formula in the spreadsheet that opens the report.
_SAMPLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_CYCLE = re.compile(r"[1-9][0-9]?")
# A plain decimal: no exponent, no nan, and a decimal comma is an error, never a column.
_FLUORESCENCE = re.compile(r"-?[0-9]{1,7}(\.[0-9]{1,6})?")


class PlateError(ValueError):
    """The file cannot be used; the message says where and why."""


class Role(StrEnum):
    """What a reaction is for."""

    SAMPLE = "sample"
    PTC = "ptc"
    NTC = "ntc"


ROLES = tuple(role.value for role in Role)


@dataclass(frozen=True, slots=True)
class Well:
    """One reaction: who it belongs to and its fluorescence per dye, cycle 1 first."""

    position: str
    sample: str
    role: Role
    curves: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Plate:
    """All reactions of a run, ordered by position, and the digest of the file that they came from."""

    wells: tuple[Well, ...]
    sha256: str


def read_plate(path: Path, assay: Assay) -> Plate:
    """Reads a plate file.

    Raises:
        PlateError: unreadable, or `parse_plate` refuses it.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAXIMUM_BYTES + 1)
    except OSError as error:
        raise PlateError(f"cannot read {path}: {error.strerror}") from error
    return parse_plate(data, assay)


def parse_plate(data: bytes, assay: Assay) -> Plate:
    """The complete plate in `data`.

    Raises:
        PlateError: too large, not UTF-8, another header, a malformed row, a contradiction between rows, a sample in
            two wells, or a curve with a cycle or dye too few or too many.
    """
    if len(data) > MAXIMUM_BYTES:
        raise PlateError(f"the file is larger than {MAXIMUM_BYTES} bytes")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PlateError(f"the file is not UTF-8 at byte {error.start}") from error
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    owners: dict[str, tuple[str, Role]] = {}
    readings: dict[str, dict[str, dict[int, float]]] = {}
    try:
        if tuple(next(rows, ())) != COLUMNS:
            raise PlateError(f"line 1: the header must be {','.join(COLUMNS)}")
        for row in rows:
            position, sample, role, dye, cycle, value = _parse_row(row, rows.line_num)
            if owners.setdefault(position, (sample, role)) != (sample, role):
                raise PlateError(f"line {rows.line_num}: well {position} already belongs to {' '.join(owners[position])}")
            curve = readings.setdefault(position, {}).setdefault(dye, {})
            if cycle in curve:
                raise PlateError(f"line {rows.line_num}: well {position} has cycle {cycle} of {dye} twice")
            curve[cycle] = value
    except csv.Error as error:
        raise PlateError(f"line {rows.line_num}: {error}") from error
    _check_samples(owners)
    wells = tuple(Well(position, *owners[position], _complete(position, readings[position], assay)) for position in sorted(readings))
    if not wells:
        raise PlateError("the file holds no well")
    return Plate(wells, hashlib.sha256(data).hexdigest())


def _parse_row(row: list[str], line: int) -> tuple[str, str, Role, str, int, float]:
    if len(row) != len(COLUMNS):
        raise PlateError(f"line {line}: {len(row)} values instead of {len(COLUMNS)}")
    position, sample, role, dye, cycle, value = row
    if role not in ROLES:
        raise PlateError(f"line {line}: role {role!r} is none of {', '.join(ROLES)}")
    for name, text, pattern in (("well", position, _WELL), ("sample", sample, _SAMPLE), ("cycle", cycle, _CYCLE), ("fluorescence", value, _FLUORESCENCE)):
        if not pattern.fullmatch(text):
            raise PlateError(f"line {line}: {name} {text!r} is malformed")
    return position, sample, Role(role), dye, int(cycle), float(value)


def _check_samples(owners: Mapping[str, tuple[str, Role]]) -> None:
    """A specimen in two wells could get two results; which one holds is not for software to guess."""
    seen: dict[str, str] = {}
    for position, (sample, role) in owners.items():
        if role is Role.SAMPLE and seen.setdefault(sample, position) != position:
            raise PlateError(f"sample {sample} stands in well {seen[sample]} and in well {position}")


def _complete(position: str, curves: Mapping[str, Mapping[int, float]], assay: Assay) -> dict[str, tuple[float, ...]]:
    dyes = {assay.target.dye, assay.internal.dye}
    if set(curves) != dyes:
        raise PlateError(f"well {position} has the dyes {', '.join(sorted(curves))} instead of {', '.join(sorted(dyes))}")
    for dye, curve in curves.items():
        missing = sorted(set(range(1, assay.cycles + 1)) - set(curve))
        if missing or len(curve) > assay.cycles:
            what = f"lacks cycle {missing[0]}" if missing else f"has more than {assay.cycles} cycles"
            raise PlateError(f"well {position} {what} of {dye}")
    return {dye: tuple(curve[cycle] for cycle in sorted(curve)) for dye, curve in curves.items()}
