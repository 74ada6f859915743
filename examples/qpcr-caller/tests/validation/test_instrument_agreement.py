"""Agreement between the two instruments that the assay is made for.

The same 24 specimens run on both instruments, measured and not simulated. The comparison can be made once instrument B
is qualified; until then this test is skipped, and a person answers for the gap with a waiver.
"""

import csv
from pathlib import Path
from statistics import fmean

import pytest

RUNS = Path(__file__).parent / "reference"
ALLOWED = 0.5
"""Cycles, REQ-025."""


def cts(path: Path) -> dict[str, float]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["specimen"]: float(row["ct"]) for row in csv.DictReader(file)}


@pytest.mark.verifies("REQ-025")
def test_both_instruments_give_the_same_ct() -> None:
    first, second = RUNS / "instrument-a.csv", RUNS / "instrument-b.csv"
    if not second.exists():
        pytest.skip("instrument B is not qualified yet (protocol QP-0117), so the comparison has not been measured")
    one, two = cts(first), cts(second)
    assert one.keys() == two.keys()
    assert len(one) >= 24
    differences = [two[specimen] - one[specimen] for specimen in one]
    assert abs(fmean(differences)) <= ALLOWED / 2
    assert max(map(abs, differences)) <= ALLOWED
