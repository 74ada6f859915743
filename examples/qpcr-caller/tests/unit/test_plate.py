"""Reading a plate file: complete and unambiguous, or refused."""

from pathlib import Path

import pytest
from qpcr_caller.assay import PERTUSSIS
from qpcr_caller.plate import MAXIMUM_BYTES, PlateError, Role, parse_plate, read_plate
from support.curves import CONTROLS, plate_csv, well

GOOD = plate_csv({**CONTROLS, "B01": well("S-1", "sample", 22.0)})


def refusal(text: str | bytes) -> str:
    with pytest.raises(PlateError) as caught:
        parse_plate(text.encode() if isinstance(text, str) else text, PERTUSSIS)
    return str(caught.value)


@pytest.mark.verifies("REQ-005")
def test_complete_plate_is_read_in_order_of_position() -> None:
    header, *rows = GOOD.splitlines()
    plate = parse_plate("\n".join([header, *reversed(rows)]).encode(), PERTUSSIS)
    assert [w.position for w in plate.wells] == ["A01", "A02", "B01"]
    assert [w.role for w in plate.wells] == [Role.PTC, Role.NTC, Role.SAMPLE]
    assert [len(curve) for w in plate.wells for curve in w.curves.values()] == [45] * 6
    assert plate.wells[2].curves["FAM"][0] == pytest.approx(1002.0, abs=0.01)


@pytest.mark.verifies("REQ-005", "RC-008")
@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("well,sample", "Well,sample", "header"),
        ("A01,PTC,ptc,FAM,1,", "A01,PTC,ptc,FAM,1.5,", "cycle '1.5' is malformed"),
        ("A01,PTC,ptc,FAM,1,", "A13,PTC,ptc,FAM,1,", "well 'A13' is malformed"),
        ("A01,PTC,ptc,FAM,1,", "A01,PTC,control,FAM,1,", "role 'control'"),
        ("A01,PTC,ptc,FAM,1,1002.000", "A01,PTC,ptc,FAM,1,1002,000", "7 values instead of 6"),
        ("A01,PTC,ptc,FAM,1,1002.000", 'A01,PTC,ptc,FAM,1,"1002,000"', "fluorescence '1002,000' is malformed"),
        ("A01,PTC,ptc,FAM,1,1002.000", "A01,PTC,ptc,FAM,1,nan", "fluorescence 'nan' is malformed"),
        ("A01,PTC,ptc,FAM,1,1002.000", "A01,PTC,ptc,FAM,1,1e3", "fluorescence '1e3' is malformed"),
        ("A01,PTC,ptc,FAM,1,1002.000", "A01,PTC,ptc,FAM,1,", "fluorescence '' is malformed"),
    ],
)
def test_malformed_row_is_refused_with_its_line(old: str, new: str, reason: str) -> None:
    assert old in GOOD
    message = refusal(GOOD.replace(old, new, 1))
    assert reason in message
    assert message.startswith("line ")


@pytest.mark.verifies("REQ-006", "RC-008")
def test_truncated_file_is_refused() -> None:
    assert "well B01 lacks cycle 45 of HEX" in refusal("\n".join(GOOD.splitlines()[:-1]))
    assert "well B01 has the dyes FAM instead of FAM, HEX" in refusal("\n".join(GOOD.splitlines()[:-45]))


@pytest.mark.verifies("REQ-006", "RC-008")
def test_cycle_too_many_or_twice_is_refused() -> None:
    assert "more than 45 cycles" in refusal(GOOD + "B01,S-1,sample,FAM,46,1.0\n")
    assert "cycle 45 of FAM twice" in refusal(GOOD + "B01,S-1,sample,FAM,45,1.0\n")


@pytest.mark.verifies("REQ-006")
@pytest.mark.parametrize("text", ["", "\n", "well,sample,role,channel,cycle,fluorescence\n"])
def test_plate_without_wells_is_refused(text: str) -> None:
    assert refusal(text)


@pytest.mark.verifies("REQ-007", "RC-006")
def test_sample_in_two_wells_is_refused() -> None:
    message = refusal(plate_csv({**CONTROLS, "B01": well("S-1", "sample", 22.0), "B02": well("S-1", "sample", None)}))
    assert message == "sample S-1 stands in well B01 and in well B02"


@pytest.mark.verifies("REQ-007", "RC-006")
def test_well_with_two_owners_is_refused() -> None:
    message = refusal(GOOD.replace("B01,S-1,sample,HEX,7,", "B01,S-2,sample,HEX,7,"))
    assert "well B01 already belongs to S-1 sample" in message


@pytest.mark.verifies("REQ-007")
def test_replicates_of_a_control_are_allowed() -> None:
    plate = parse_plate(plate_csv({**CONTROLS, "A03": CONTROLS["A02"]}).encode(), PERTUSSIS)
    assert len(plate.wells) == 3


@pytest.mark.verifies("REQ-023")
@pytest.mark.parametrize(
    "sample",
    ["=1+1", "+49", "-1", "@sum", "a b", "a\tb", "x" * 41, "\N{CYRILLIC SMALL LETTER A}1", ""],
    ids=["equals", "plus", "minus", "at", "space", "tab", "too long", "look-alike", "empty"],
)
def test_sample_name_that_a_spreadsheet_or_a_person_could_misread_is_refused(sample: str) -> None:
    assert "sample" in refusal(GOOD.replace("S-1", sample))


@pytest.mark.verifies("REQ-023")
def test_hostile_bytes_are_refused() -> None:
    assert "larger than" in refusal(b"x" * (MAXIMUM_BYTES + 1))
    assert "not UTF-8 at byte 3" in refusal(b"abc\xff")
    assert "line " in refusal('well,sample,role,channel,cycle,fluorescence\n"A01"x,S,sample,FAM,1,1\n')


@pytest.mark.verifies("REQ-005")
def test_unreadable_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlateError, match="cannot read"):
        read_plate(tmp_path / "absent.csv", PERTUSSIS)
