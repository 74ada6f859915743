"""Agreement with the reference: 144 curves of exactly known Ct (reference/curves.csv, see make_reference.py)."""

import csv
import hashlib
import subprocess
import sys
from pathlib import Path
from statistics import fmean

import pytest
from qpcr_caller.assay import PERTUSSIS
from qpcr_caller.calling import State, call_curve

REFERENCE = Path(__file__).parent / "reference"
GROWTHS = ("1.75", "1.90", "2.00", "2.15")
ALLOWED = 0.25
"""Cycles, REQ-003."""


def curves() -> list[dict[str, str]]:
    with (REFERENCE / "curves.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def readings(row: dict[str, str]) -> list[float]:
    return [float(row[f"c{cycle}"]) for cycle in range(1, 46)]


@pytest.mark.verifies("REQ-003")
def test_reference_is_what_its_method_gives() -> None:
    made = subprocess.run([sys.executable, REFERENCE / "make_reference.py"], capture_output=True, check=True).stdout
    assert hashlib.sha256(made).hexdigest() == hashlib.sha256((REFERENCE / "curves.csv").read_bytes()).hexdigest()


@pytest.mark.verifies("REQ-003", "REQ-010", "REQ-008", "RC-003")
@pytest.mark.parametrize("growth", GROWTHS)
def test_every_reference_curve_is_amplified_at_its_ct(growth: str) -> None:
    rows = [row for row in curves() if row["growth"] == growth]
    assert len(rows) == 36
    wrong = []
    for row in rows:
        call = call_curve(readings(row), PERTUSSIS.target, PERTUSSIS)
        if call.state is not State.AMPLIFIED or call.ct is None or abs(call.ct - float(row["ct"])) > ALLOWED:
            wrong.append((row["curve"], row["ct"], call))
    assert wrong == []


@pytest.mark.verifies("REQ-003")
def test_there_is_no_bias_over_the_range() -> None:
    errors = [(call_curve(readings(row), PERTUSSIS.target, PERTUSSIS).ct or 0.0) - float(row["ct"]) for row in curves()]
    assert abs(fmean(errors)) < 0.05


@pytest.mark.verifies("REQ-009", "RC-004")
def test_strong_specimens_lose_no_signal_to_the_baseline() -> None:
    strong = [row for row in curves() if float(row["ct"]) < 15]
    assert len(strong) == 36
    for row in strong:
        call = call_curve(readings(row), PERTUSSIS.target, PERTUSSIS)
        assert call.state is State.AMPLIFIED, row["curve"]
        assert call.ct == pytest.approx(float(row["ct"]), abs=ALLOWED)


@pytest.mark.verifies("REQ-003")
def test_tenfold_dilutions_are_evenly_spaced() -> None:
    """Efficiency from the slope of a dilution series: 10 ** (-1 / slope) - 1 is 100 % for doubling."""
    from support.curves import draw

    cts = [call_curve(draw(16.0 + step * 3.3219), PERTUSSIS.target, PERTUSSIS).ct or 0.0 for step in range(7)]
    slope = -fmean(b - a for a, b in zip(cts, cts[1:], strict=False))
    assert 10 ** (-1 / slope) - 1 == pytest.approx(1.0, abs=0.01)
