"""From the instrument's file to the report, through the command line, with the artifact that will be released."""

import json
import tomllib
from pathlib import Path

import pytest

DATA = Path(__file__).parent / "data"
ROOT = Path(__file__).resolve().parents[2]

# What each specimen of routine.csv was drawn with (make_data.py): result, target Ct, internal control Ct.
ROUTINE = {
    "S-1001": ("positive", 22.4, 29.3),
    "S-1002": ("negative", None, 28.9),
    "S-1003": ("positive", 14.2, None),
    "S-1004": ("positive", 9.6, None),
    "S-1005": ("invalid", None, None),
    "S-1006": ("inconclusive", 39.4, 29.1),
    "S-1007": ("inconclusive", 23.1, 29.0),
    "S-1008": ("inconclusive", 34.9, None),
    "S-1009": ("positive", 36.8, 29.6),
    "S-1010": ("invalid", None, None),
    "S-1011": ("invalid", None, None),
    "S-1012": ("positive", 31.0, 33.1),
}


def same_ct(shown: str, drawn: float | None) -> bool:
    return shown == "-" if drawn is None else abs(float(shown) - drawn) <= 0.25


@pytest.mark.verifies("REQ-001", "REQ-003", "REQ-012", "REQ-014", "REQ-015", "REQ-016", "RC-001", "RC-003", "RC-004", "RC-005", "RC-010")
def test_routine_plate_gives_the_expected_results(command) -> None:
    process = command("call", DATA / "routine.csv", "--format", "json")
    assert process.returncode == 0
    rows = {row["sample"]: row for row in json.loads(process.stdout)["specimens"]}
    assert {sample: row["result"] for sample, row in rows.items()} == {sample: expected[0] for sample, expected in ROUTINE.items()}
    for sample, (_, target, internal) in ROUTINE.items():
        assert same_ct(rows[sample]["target_ct"], target), sample
        assert same_ct(rows[sample]["internal_ct"], internal), sample


@pytest.mark.verifies("REQ-002", "REQ-017", "REQ-018", "RC-002", "RC-011")
@pytest.mark.parametrize(("plate", "fault"), [("contaminated", "contamination cannot be excluded"), ("weak-control", "expected 24 to 30")])
def test_failed_control_invalidates_the_run(command, plate: str, fault: str) -> None:
    process = command("call", DATA / f"{plate}.csv", "--format", "json")
    data = json.loads(process.stdout)
    assert process.returncode == 1
    assert data["run"]["valid"] is False
    assert fault in data["run"]["faults"][0]
    assert {(row["result"], row["target_ct"]) for row in data["specimens"]} == {("invalid", "-")}


@pytest.mark.verifies("REQ-021", "REQ-004")
def test_two_reports_of_one_plate_are_the_same_bytes(command, tmp_path: Path) -> None:
    for name, variables in (("one", {"TZ": "UTC", "PYTHONHASHSEED": "1"}), ("two", {"TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "2"})):
        assert command("call", DATA / "routine.csv", "--output", tmp_path / name, **variables).returncode == 0
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.verifies("REQ-006", "REQ-023", "RC-008")
def test_every_truncation_of_a_plate_is_refused(command, tmp_path: Path) -> None:
    data = (DATA / "contaminated.csv").read_bytes()
    for size in (0, 10, 43, len(data) // 3, len(data) // 2, len(data) - 40):
        path = tmp_path / f"{size}.csv"
        path.write_bytes(data[:size])
        process = command("call", path)
        assert (process.returncode, process.stdout) == (2, "")
        assert process.stderr.startswith("qpcr-caller: ")


@pytest.mark.verifies("REQ-020", "REQ-004", "RC-013")
def test_version_is_that_of_the_release_or_none(command, pytestconfig: pytest.Config) -> None:
    released = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    expected = released if pytestconfig.getoption("--artifact") else "unbuilt"
    assert command("--version").stdout == f"qpcr-caller {expected}\n"
