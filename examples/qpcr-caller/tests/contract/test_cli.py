"""The command line as others rely on it: exit codes, streams, files."""

import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from support.curves import CONTROLS, plate_csv, well

GOOD = {**CONTROLS, "B01": well("S-1", "sample", 22.0)}
BAD = {**GOOD, "A02": well("NTC", "ntc", 30.0)}


def plate(folder: Path, wells: dict) -> Path:
    path = folder / "plate.csv"
    path.write_text(plate_csv(wells), encoding="utf-8")
    return path


def outcome(process: CompletedProcess[str]) -> tuple[int, bool, bool]:
    return process.returncode, bool(process.stdout), bool(process.stderr)


@pytest.mark.verifies("REQ-002", "REQ-019")
def test_exit_code_tells_valid_invalid_and_refused(command, tmp_path: Path) -> None:
    assert outcome(command("call", plate(tmp_path, GOOD))) == (0, True, False)
    assert outcome(command("call", plate(tmp_path, BAD))) == (1, True, False)
    assert outcome(command("call", tmp_path / "absent.csv")) == (2, False, True)


@pytest.mark.verifies("REQ-005", "RC-008")
def test_refused_plate_gives_no_result_at_all(command, tmp_path: Path) -> None:
    path = plate(tmp_path, GOOD)
    path.write_text("\n".join(path.read_text(encoding="utf-8").splitlines()[:-1]), encoding="utf-8")
    process = command("call", path, "--output", tmp_path / "report.txt")
    assert outcome(process) == (2, False, True)
    assert "well B01 lacks cycle 45 of HEX" in process.stderr
    assert "Traceback" not in process.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["plate.csv"]


@pytest.mark.verifies("REQ-024", "RC-014")
def test_report_never_replaces_another(command, tmp_path: Path) -> None:
    report = tmp_path / "report.txt"
    assert command("call", plate(tmp_path, GOOD), "--output", report).returncode == 0
    first = report.read_bytes()
    process = command("call", plate(tmp_path, BAD), "--output", report)
    assert outcome(process) == (2, False, True)
    assert "File exists" in process.stderr
    assert report.read_bytes() == first
    assert sorted(p.name for p in tmp_path.iterdir()) == ["plate.csv", "report.txt"]


@pytest.mark.verifies("REQ-020")
def test_version_is_printed_alone(command) -> None:
    process = command("--version")
    assert process.returncode == 0
    assert process.stdout.split()[0] == "qpcr-caller"
    assert len(process.stdout.split()) == 2


@pytest.mark.verifies("REQ-022", "RC-007")
def test_nothing_on_the_command_line_changes_the_assay(command, tmp_path: Path) -> None:
    path = plate(tmp_path, GOOD)
    for option in ("--threshold=1", "--assay=other.json", "--late-ct=45", "--config=x"):
        assert outcome(command("call", path, option)) == (2, False, True)


@pytest.mark.verifies("REQ-022", "REQ-021", "RC-007")
def test_environment_and_folder_change_nothing(command, tmp_path: Path) -> None:
    path = plate(tmp_path, GOOD)
    plain = command("call", path, "--format", "json").stdout
    for variables in ({"LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8"}, {"TZ": "Pacific/Kiritimati"}, {"PYTHONHASHSEED": "7"}, {"QPCR_THRESHOLD": "1"}):
        assert command("call", path, "--format", "json", **variables).stdout == plain


@pytest.mark.verifies("REQ-019", "REQ-020", "RC-013")
def test_json_report_keeps_its_shape(command, tmp_path: Path) -> None:
    data = json.loads(command("call", plate(tmp_path, GOOD), "--format", "json").stdout)
    assert {key: sorted(value) if isinstance(value, dict) else sorted(value[0]) for key, value in data.items()} == {
        "assay": ["id", "name", "revision", "sha256"],
        "controls": ["internal_ct", "role", "sample", "target_ct", "well"],
        "plate": ["sha256", "wells"],
        "run": ["faults", "valid"],
        "software": ["name", "version"],
        "specimens": ["internal_ct", "reason", "result", "sample", "target_ct", "well"],
    }
