"""The hazardous situations of quality/risks, played through: whatever comes, the dangerous result must not."""

import json
from collections.abc import Iterable
from pathlib import Path
from random import Random

import pytest
from qpcr_caller.assay import PERTUSSIS
from qpcr_caller.calling import State, call_curve
from qpcr_caller.interpretation import Result, interpret_plate
from qpcr_caller.plate import PlateError, parse_plate
from support.curves import CONTROLS, draw, internal, plate_csv, well

POSITIONS = [f"{row}{column:02}" for row in "BCDEFGH" for column in range(1, 13)]


def results(specimens: Iterable[tuple], controls: dict = CONTROLS) -> list[Result]:
    """Results of specimens given as (target curve, internal control curve), with good controls unless others are given."""
    wells = {position: (f"S-{position}", "sample", {"FAM": target, "HEX": control}) for position, (target, control) in zip(POSITIONS, specimens, strict=False)}
    plate = parse_plate(plate_csv({**controls, **wells}).encode(), PERTUSSIS)
    return [specimen.result for specimen in interpret_plate(plate, PERTUSSIS).specimens]


def tenths(first: float, last: float, step: float) -> list[float]:
    return [first + i * step for i in range(round((last - first) / step) + 1)]


@pytest.mark.verifies("REQ-015", "REQ-018", "RC-001", "RC-011")
def test_inhibited_reactions_are_never_negative() -> None:
    late_or_absent = [None, *tenths(34.3, 44.5, 0.3)]
    assert Result.NEGATIVE not in results((draw(None), internal(ct)) for ct in late_or_absent)
    tired_reagents = {**CONTROLS, "A01": well("PTC", "ptc", 31.0)}
    assert set(results([(draw(None), internal())], tired_reagents)) == {Result.INVALID}


@pytest.mark.verifies("REQ-017", "RC-002")
def test_contamination_of_any_strength_invalidates_the_run() -> None:
    for ct in tenths(8.0, 44.0, 2.0):
        contaminated = {**CONTROLS, "A02": well("NTC", "ntc", ct)}
        assert set(results([(draw(30.0), internal())], contaminated)) == {Result.INVALID}, ct


@pytest.mark.verifies("REQ-011", "REQ-014", "RC-003", "RC-010")
def test_artefacts_are_never_positive() -> None:
    flat = draw(None)
    bubbles = [tuple(v + height * (c >= cycle) for c, v in enumerate(flat, 1)) for cycle in range(6, 44, 4) for height in (200.0, 800.0, 4000.0)]
    drifts = [tuple(v + k * max(0, c - start) ** 2 for c, v in enumerate(flat, 1)) for start in range(3, 33, 3) for k in (0.2, 1.0, 10.0)]
    slopes = [draw(None, slope=slope) for slope in range(-20, 41, 10)]
    assert Result.POSITIVE not in results((curve, internal()) for curve in (*bubbles, *drifts, *slopes))


@pytest.mark.verifies("REQ-009", "REQ-014", "RC-004", "RC-010")
@pytest.mark.parametrize("growth", [1.75, 2.0, 2.15])
def test_strong_specimens_are_never_negative(growth: float) -> None:
    strong = [draw(ct, growth=growth, amplitude=amplitude) for ct in tenths(2.0, 16.0, 0.5) for amplitude in (1000.0, 5000.0)]
    assert set(results((curve, internal()) for curve in strong)) <= {Result.POSITIVE, Result.INVALID, Result.INCONCLUSIVE}


@pytest.mark.verifies("REQ-012", "RC-005", "RC-012")
def test_late_amplification_is_always_inconclusive() -> None:
    assert set(results((draw(ct), internal()) for ct in tenths(38.1, 44.5, 0.1))) == {Result.INCONCLUSIVE}


@pytest.mark.verifies("REQ-007", "RC-006")
def test_swapped_or_doubled_specimens_stop_the_plate() -> None:
    good = {**CONTROLS, "B01": well("S-1", "sample", 22.0), "B02": well("S-2", "sample", None)}
    lines = plate_csv(good).splitlines()
    random = Random(6)
    for _ in range(50):
        damaged = list(lines)
        at = random.choice([i for i, line in enumerate(lines) if ",sample," in line and line.startswith("B")])
        damaged[at] = damaged[at].replace("S-1", "S-X").replace("S-2", "S-1").replace("S-X", "S-2")
        with pytest.raises(PlateError):
            parse_plate("\n".join(damaged).encode(), PERTUSSIS)


@pytest.mark.verifies("REQ-022", "REQ-020", "RC-007", "RC-013")
def test_no_setting_at_the_laboratory_moves_a_result(command, tmp_path: Path) -> None:
    plate = tmp_path / "plate.csv"
    plate.write_text(plate_csv({**CONTROLS, "B01": well("S-1", "sample", 39.0)}), encoding="utf-8")
    (tmp_path / "qpcr_caller.json").write_text('{"late_ct": 45}', encoding="utf-8")
    data = json.loads(command("call", plate, "--format", "json", QPCR_LATE_CT="45", HOME=str(tmp_path)).stdout)
    assert data["specimens"][0]["result"] == "inconclusive"
    assert data["assay"]["sha256"] == PERTUSSIS.sha256


@pytest.mark.verifies("REQ-005", "REQ-006", "RC-008")
def test_damaged_files_are_refused_wherever_they_are_cut() -> None:
    data = plate_csv({**CONTROLS, "B01": well("S-1", "sample", 37.0)}).encode()
    last = data.rstrip(b"\n").rfind(b".")
    for size in range(0, last, 211):
        with pytest.raises(PlateError):
            parse_plate(data[:size], PERTUSSIS)
    lines = data.splitlines(keepends=True)
    for missing in range(1, len(lines), 7):
        with pytest.raises(PlateError):
            parse_plate(b"".join(lines[:missing] + lines[missing + 1 :]), PERTUSSIS)


@pytest.mark.verifies("REQ-019", "REQ-024", "RC-009", "RC-014")
def test_invalid_reports_hold_nothing_to_misread_and_stay_as_they_were(command, tmp_path: Path) -> None:
    plate, report = tmp_path / "plate.csv", tmp_path / "report.txt"
    plate.write_text(plate_csv({**CONTROLS, "A01": well("PTC", "ptc", None), "B01": well("S-1", "sample", 21.0)}), encoding="utf-8")
    assert command("call", plate, "--output", report).returncode == 1
    (line,) = (line for line in report.read_text(encoding="utf-8").splitlines() if "S-1" in line)
    assert line.split()[2:5] == ["INVALID", "-", "-"]
    before = report.read_bytes()
    assert command("call", plate, "--output", report).returncode == 2
    assert report.read_bytes() == before


@pytest.mark.verifies("REQ-010", "REQ-013", "REQ-003")
def test_plateaus_of_every_kind_leave_the_call_alone() -> None:
    for ct in (12.0, 20.0, 28.0, 36.0):
        for sag in (0.0, 0.003, 0.008):
            curve = [v * (1 - sag * max(0, c - ct - 12)) for c, v in enumerate(draw(ct), 1)]
            call = call_curve(curve, PERTUSSIS.target, PERTUSSIS)
            assert call.state is State.AMPLIFIED
            assert call.ct == pytest.approx(ct, abs=0.25)
