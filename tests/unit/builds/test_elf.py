"""Programs: equal but for debug information and build id, and in nothing else."""

import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.elves import ALLOC, NOTE, PROGBITS, make_elf, program_elf
from lotmark.builds._comparators import is_equivalent
from lotmark.builds._elf import read_elf, same_program
from lotmark.product.models import Comparator

pytestmark = pytest.mark.verifies("REQ-601", "RC-007", "HAZ-004")

FORMS = [{"wide": wide, "big": big} for wide in (True, False) for big in (True, False)]
NAMES = ["64 little", "64 big", "32 little", "32 big"]
ELF = Comparator(pattern="*", kind="elf", reason="r", owner="quinn", expires="2027-01-01")


@pytest.mark.parametrize("form", FORMS, ids=NAMES)
@pytest.mark.parametrize(
    "other",
    [{}, {"debug": b"another"}, {"debug": b"longer than before" * 9}, {"debug": b""}, {"build_id": b"\x22" * 20}, {"debug": b"x", "build_id": b"\x33" * 20}],
    ids=["nothing", "debug", "longer debug", "no debug", "build id", "both"],
)
def test_debug_information_and_build_id_do_not_count(form: dict[str, bool], other: dict[str, bytes]) -> None:
    assert is_equivalent(ELF, program_elf(**form), program_elf(**form, **other))


@pytest.mark.parametrize("form", FORMS, ids=NAMES)
@pytest.mark.parametrize(
    "other",
    [{"text": b"evil"}, {"text": b"code and more"}, {"entry": 0x2000}, {"tail": b"payload"}, {"gap": b"hidden"}, {"build_id": b"\x22" * 19 + b"\0\0\0"}],
    ids=["code", "more code", "entry point", "behind the end", "between sections", "a build id that is longer than it says"],
)
def test_everything_else_counts(form: dict[str, bool], other: dict[str, object]) -> None:
    assert not same_program(program_elf(**form), program_elf(**form, **other))  # type: ignore[arg-type]


def test_other_forms_of_one_program_are_not_the_same() -> None:
    forms = [program_elf(**form) for form in FORMS]
    assert [[same_program(one, two) for two in forms] for one in forms] == [[row == column for column in range(4)] for row in range(4)]


@pytest.mark.parametrize(
    ("mine", "theirs", "same"),
    [
        ((".debug_line", PROGBITS, 0, b"a"), (".debug_line", PROGBITS, 0, b"b"), True),
        ((".zdebug_str", PROGBITS, 0, b"a"), (".zdebug_str", PROGBITS, 0, b"b"), True),
        ((".gnu_debuglink", PROGBITS, 0, b"a"), (".gnu_debuglink", PROGBITS, 0, b"bbbb"), True),
        ((".rela.debug_info", 4, 0, b"a"), (".rela.debug_info", 4, 0, b"b"), True),
        ((".debug_line", PROGBITS, ALLOC, b"a"), (".debug_line", PROGBITS, ALLOC, b"b"), False),
        ((".comment", PROGBITS, 0, b"a"), (".comment", PROGBITS, 0, b"b"), False),
        ((".debugger", PROGBITS, 0, b"a"), (".debugger", PROGBITS, 0, b"b"), False),
        ((".data", PROGBITS, ALLOC, b"a"), (".date", PROGBITS, ALLOC, b"a"), False),
        ((".data", PROGBITS, ALLOC, b"a"), (".data", PROGBITS, ALLOC | 1, b"a"), False),
        ((".note.gnu.build-id", NOTE, ALLOC, b"short"), (".note.gnu.build-id", NOTE, ALLOC, b"SHORT"), False),
        ((".note.gnu.build-id", PROGBITS, ALLOC, struct.pack("<III4s", 4, 1, 3, b"GNU\0") + b"a"),) * 2 + (True,),
        (
            (".note.gnu.build-id", NOTE, ALLOC, struct.pack("<III4s", 4, 1, 9, b"GNU\0") + b"a"),
            (".note.gnu.build-id", NOTE, ALLOC, struct.pack("<III4s", 4, 1, 9, b"GNU\0") + b"b"),
            False,
        ),
    ],
    ids=[
        "lines",
        "compressed",
        "link",
        "relocations",
        "loaded debug",
        "comment",
        "a name like debug",
        "a name",
        "flags",
        "no note",
        "not of type note",
        "a note of another type",
    ],
)
def test_what_a_section_must_be_to_be_left_out(mine: tuple[str, int, int, bytes], theirs: tuple[str, int, int, bytes], same: bool) -> None:
    assert same_program(make_elf([mine]), make_elf([theirs])) is same


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x7fELF",
        b"MZ" + bytes(100),
        program_elf()[:80],
        program_elf()[:-1],
        b"\x7fELF\x03" + program_elf()[5:],
        b"\x7fELF\x02\x07" + program_elf()[6:],
        program_elf()[:40] + b"\xff" * 8 + program_elf()[48:],
        program_elf()[:60] + b"\xff\xff" + program_elf()[62:],
    ],
    ids=["empty", "magic alone", "another format", "cut", "cut by one", "class", "byte order", "section table far away", "too many sections"],
)
def test_what_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"ELF|lie"):
        same_program(data, program_elf())


@given(st.integers(0, 400), st.integers(0, 255))
def test_one_changed_byte_is_debug_information_or_counts(at: int, value: int) -> None:
    """Of every byte of the file, a change is either seen, or lies in debug information, the build id or the section table's place."""
    data = program_elf()
    at %= len(data)
    changed = data[:at] + bytes([value]) + data[at + 1 :]
    elf = read_elf(data)
    free = {index for section in elf.sections for index in range(section.offset, section.end) if section.debug or section.name == ".shstrtab"}
    note = next(section for section in elf.sections if section.name == ".note.gnu.build-id")
    free |= set(range(note.offset + 16, note.end)) | set(range(64))
    debug = next(index for index, section in enumerate(elf.sections) if section.debug)
    table = elf.tables[2][0]
    free |= set(range(table, len(data)))
    assert debug
    if changed != data and at not in free:
        try:
            assert not same_program(data, changed)
        except ValueError:
            return


@given(st.binary(max_size=400), st.sampled_from(FORMS))
def test_no_bytes_raise_anything_but_a_value_error(data: bytes, form: dict[str, bool]) -> None:
    for candidate in (data, program_elf(**form)[:64] + data):
        try:
            read_elf(candidate)
        except ValueError:
            continue


def test_real_programs_of_a_real_compiler(tmp_path: Path) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("no compiler")
    (tmp_path / "m.c").write_text("#include <stdio.h>\nint main(void) { puts(TEXT); return 0; }\n")

    def build(name: str, text: str, *options: str) -> bytes:
        subprocess.run(["gcc", f'-DTEXT="{text}"', *options, "-o", name, "m.c"], cwd=tmp_path, check=True)
        return (tmp_path / name).read_bytes()

    plain, debug = build("a", "hi", "-g", "-Wl,--build-id=0x11"), build("b", "hi", "-g3", "-Wl,--build-id=0x22")
    assert plain != debug
    assert same_program(plain, debug)
    assert not same_program(plain, build("c", "ho", "-g", "-Wl,--build-id=0x11"))
