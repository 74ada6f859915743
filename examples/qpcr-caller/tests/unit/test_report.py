"""The report: what stands in it, and what must not."""

import json

import pytest
from qpcr_caller.assay import PERTUSSIS
from qpcr_caller.interpretation import interpret_plate
from qpcr_caller.plate import parse_plate
from qpcr_caller.report import format_json, format_text, report_data
from support.curves import CONTROLS, plate_csv, well

WELLS = {
    **CONTROLS,
    "B01": well("S-1", "sample", 22.0),
    "B02": well("S-2", "sample", None),
    "B03": well("S-3", "sample", None, None),
    "B04": well("S-4", "sample", 40.0),
}


def report(wells: dict = WELLS) -> dict:
    plate = parse_plate(plate_csv(wells).encode(), PERTUSSIS)
    return report_data(interpret_plate(plate, PERTUSSIS), plate, PERTUSSIS)


@pytest.mark.verifies("REQ-019")
def test_each_specimen_has_one_line_with_result_ct_and_reason() -> None:
    specimens = {row["sample"]: row for row in report()["specimens"]}
    assert {name: row["result"] for name, row in specimens.items()} == {"S-1": "positive", "S-2": "negative", "S-3": "invalid", "S-4": "inconclusive"}
    assert specimens["S-1"]["target_ct"] == "22.01"
    assert specimens["S-2"]["target_ct"] == "-"
    assert all(row["reason"] for row in specimens.values())


@pytest.mark.verifies("REQ-019", "RC-009")
def test_invalid_specimen_shows_no_numbers() -> None:
    (row,) = (row for row in report()["specimens"] if row["result"] == "invalid")
    assert (row["target_ct"], row["internal_ct"]) == ("-", "-")


@pytest.mark.verifies("REQ-019", "REQ-002", "RC-009")
def test_invalid_run_makes_every_specimen_invalid_and_says_so_first() -> None:
    data = report({**WELLS, "A02": well("NTC", "ntc", 34.0)})
    assert {row["result"] for row in data["specimens"]} == {"invalid"}
    assert {row["target_ct"] for row in data["specimens"]} == {"-"}
    text = format_text(data)
    assert text.index("INVALID") < text.index("contamination") < text.index("S-1")
    assert "POSITIVE" not in text


@pytest.mark.verifies("REQ-019", "RC-012")
def test_text_tells_the_reader_what_to_do_next() -> None:
    text = format_text(report())
    assert "FAM rises only after cycle 38: repeat the specimen" in text
    assert "internal control failed: repeat from extraction" in text


@pytest.mark.verifies("REQ-020", "RC-013")
def test_report_names_software_assay_and_plate() -> None:
    data = report()
    assert data["software"]["name"] == "qpcr-caller"
    assert data["software"]["version"]
    assert data["assay"]["sha256"] == PERTUSSIS.sha256
    assert len(data["plate"]["sha256"]) == 64
    text = format_text(data)
    assert PERTUSSIS.sha256 in text
    assert data["plate"]["sha256"] in text
    assert "pertussis-is481 revision 3" in text


@pytest.mark.verifies("REQ-021")
def test_order_of_lines_in_the_file_does_not_change_the_results() -> None:
    header, *rows = plate_csv(WELLS).splitlines()
    plate = parse_plate("\n".join([header, *reversed(rows)]).encode(), PERTUSSIS)
    assert report_data(interpret_plate(plate, PERTUSSIS), plate, PERTUSSIS)["specimens"] == report()["specimens"]


@pytest.mark.verifies("REQ-019")
def test_json_holds_the_same_data() -> None:
    data = report()
    assert json.loads(format_json(data)) == data
