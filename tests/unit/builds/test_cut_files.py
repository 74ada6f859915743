"""Files that were cut, bent or made to hurt: every format refuses them by its own error and never with a crash, and calls nothing equivalent that is not."""

import gzip
import io
import struct
import zipfile
from contextlib import suppress

import pytest

from fakes.archives import make_gzip, make_tar, make_zip
from fakes.elves import ALLOC, NOBITS, NOTE, PROGBITS, make_ar, make_elf, program_elf
from lotmark.builds import _archives
from lotmark.builds._ar import read_ar
from lotmark.builds._archives import ArchiveError, looks_like, read_archive, stored_times
from lotmark.builds._comparators import is_equivalent, matches_output
from lotmark.builds._elf import Section, read_elf, same_program
from lotmark.builds._outputs import collect
from lotmark.product.models import Comparator

pytestmark = pytest.mark.verifies("REQ-601", "RC-007", "HAZ-004")

MEMBERS = [("a.txt", b"alpha" * 50), ("b.txt", b"beta")]
PARTS = [(b"//", b"a_name_longer_than_sixteen.o/\n"), (b"/0", b"one"), (b"short.o/", b"four")]
FORMS = [{"wide": wide, "big": big} for wide in (True, False) for big in (True, False)]
FORM_IDS = ["64 little", "64 big", "32 little", "32 big"]


def comparator(kind: str, **options: object) -> Comparator:
    values: dict[str, object] = {"pattern": "*", "kind": kind, "reason": "r", "owner": "quinn", "expires": "2027-01-01", **options}
    return Comparator(**values)  # type: ignore[arg-type]


# ---------------------------------------------------------------- ELF


@pytest.mark.parametrize("form", FORMS, ids=FORM_IDS)
def test_an_elf_file_cut_anywhere_is_refused(form: dict[str, bool]) -> None:
    """The section table stands last, so each cut takes a part of it."""
    whole = program_elf(**form)
    for length in range(len(whole)):
        with pytest.raises(ValueError, match=r"^(no ELF header|the tables do not lie in the file|a section or segment does not lie in the file)"):
            read_elf(whole[:length])


@pytest.mark.parametrize("form", FORMS, ids=FORM_IDS)
@pytest.mark.parametrize(
    ("place", "width", "value", "told"),
    [
        ((32, 28), "word", -1, "the tables do not lie in the file"),
        ((40, 32), "word", -1, "the tables do not lie in the file"),
        ((40, 32), "word", 1, "the tables do not lie in the file"),
        ((54, 42), "half", 0xFFFF, "the tables do not lie in the file"),
        ((56, 44), "half", 0xFFFF, "the tables do not lie in the file"),
        ((58, 46), "half", 0xFFFF, "the tables do not lie in the file"),
        ((60, 48), "half", 0xFFFF, "the tables do not lie in the file"),
        ((60, 48), "half", 65_281, "the tables do not lie in the file"),
        ((54, 42), "half", 0, "the tables do not lie in the file"),
    ],
    ids=[
        "programs far away", "sections far away", "sections one on", "programs too big", "too many programs",
        "sections too big", "too many sections", "more sections than the standard has", "programs of no size",
    ],
)  # fmt: skip
def test_an_elf_header_that_points_out_of_the_file(form: dict[str, bool], place: tuple[int, int], width: str, value: int, told: str) -> None:
    data = bytearray(program_elf(**form))
    size = 2 if width == "half" else 8 if form["wide"] else 4
    at, order = place[0 if form["wide"] else 1], "big" if form["big"] else "little"
    new = (int.from_bytes(data[at : at + size], order) + value if value == 1 else value) & (256**size - 1)  # type: ignore[arg-type]
    data[at : at + size] = new.to_bytes(size, order)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=told):
        read_elf(bytes(data))


@pytest.mark.parametrize("form", FORMS, ids=FORM_IDS)
def test_an_elf_file_is_read_whole(form: dict[str, bool]) -> None:
    elf = read_elf(program_elf(**form))
    assert [section.name for section in elf.sections] == ["", ".note.gnu.build-id", ".text", ".bss", ".comment", ".debug_info", ".shstrtab"]
    assert [section.debug for section in elf.sections] == [False, False, False, False, False, True, False]
    assert len(elf.programs) == len(elf.segments) == 1
    assert elf.header[1:4] == (2, 62, 1)
    assert elf.tables[0] == (0, 64 if form["wide"] else 52)
    assert elf.tables[2][1] == len(program_elf(**form))


@pytest.mark.parametrize(
    ("name", "flags", "debug"),
    [
        (".debug_info", 0, True),
        (".debug_str", 0x30, True),
        (".zdebug_line", 0, True),
        (".stab", 0, True),
        (".stabstr", 0, True),
        (".rela.debug_info", 0, True),
        (".rel.debug_info", 0, True),
        (".rela.stab", 0, True),
        (".gnu_debuglink", 0, True),
        (".gnu_debugaltlink", 0, True),
        (".gdb_index", 0, True),
        (".debug_info", ALLOC, False),
        (".debug_info", ALLOC | 4, False),
        (".gnu_debuglink", ALLOC, False),
        (".debug", 0, False),
        ("debug_info", 0, False),
        (".gnu_debuglink2", 0, False),
        (".text", 0, False),
        (".symtab", 0, False),
        (".comment", 0, False),
        ("", 0, False),
    ],
)
def test_what_is_debug_information(name: str, flags: int, debug: bool) -> None:
    assert Section(name, PROGBITS, flags, 0, 0, 0, ()).debug is debug


@pytest.mark.parametrize(("kind", "end"), [(PROGBITS, 12), (NOTE, 12), (NOBITS, 5)], ids=["bytes", "a note", "no bytes in the file"])
def test_where_a_section_ends(kind: int, end: int) -> None:
    assert Section(".x", kind, 0, 0, 5, 7, ()).end == end


@pytest.mark.parametrize("form", FORMS, ids=FORM_IDS)
@pytest.mark.parametrize("at", range(16, 20))
def test_kind_and_machine_of_a_program_count(form: dict[str, bool], at: int) -> None:
    data = bytearray(program_elf(**form))
    data[at] ^= 1
    assert not same_program(program_elf(**form), bytes(data))


@pytest.mark.parametrize("form", FORMS, ids=FORM_IDS)
@pytest.mark.parametrize("at", range(6, 16))
def test_the_identification_of_a_program_counts(form: dict[str, bool], at: int) -> None:
    data = bytearray(program_elf(**form))
    data[at] ^= 1
    assert not same_program(program_elf(**form), bytes(data))


@pytest.mark.parametrize(
    ("sections", "same"),
    [
        ([(".text", PROGBITS, ALLOC, b"code"), (".debug_info", PROGBITS, 0, b"d")], True),
        ([(".text", PROGBITS, ALLOC, b"code"), (".debug_info", PROGBITS, 0, b"d"), (".debug_str", PROGBITS, 0, b"s")], True),
        ([(".text", PROGBITS, ALLOC, b"code"), (".stab", PROGBITS, 0, b"d" * 99)], True),
        ([(".text", PROGBITS, ALLOC, b"code"), (".extra", PROGBITS, 0, b"")], False),
        ([(".text", PROGBITS, ALLOC, b"cod3")], False),
        ([(".text", PROGBITS, ALLOC | 1, b"code")], False),
        ([(".text", NOTE, ALLOC, b"code")], False),
        ([(".txet", PROGBITS, ALLOC, b"code")], False),
        ([], False),
    ],
    ids=["debug added", "two added", "another debug format", "an empty section more", "code", "writable", "type", "name", "nothing"],
)
def test_what_strip_takes_out_does_not_count(sections: list[tuple[str, int, int, bytes]], same: bool) -> None:
    assert same_program(make_elf([(".text", PROGBITS, ALLOC, b"code")]), make_elf(sections)) is same


# ---------------------------------------------------------------- ar


def test_an_archive_cut_within_a_member_is_refused() -> None:
    """A cut between two members leaves a whole, shorter archive; every other is refused."""
    whole = make_ar(PARTS)
    starts = [member.offset for member in read_ar(whole).members]
    for length in range(len(whole)):
        if length in starts:
            assert len(read_ar(whole[:length]).members) == starts.index(length)
        elif length == starts[2] - 1:
            # The padding of an odd member at the end of the file may be lacking.
            assert [member.read() for member in read_ar(whole[:length]).members][1] == b"one"
        else:
            with pytest.raises(ArchiveError):
                read_archive(whole[:length], "ar")


HEADER = b"%-16s%-12s%-6s%-6s%-8s%-10s`\n"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ((b"a/", b"0", b"0", b"0", b"644", b"x"), "no number"),
        ((b"a/", b"0", b"0", b"0", b"644", b"-1"), "no number"),
        ((b"a/", b"0", b"0", b"0", b"644", b"+2"), "no number"),
        ((b"a/", b"0", b"0", b"0", b"644", b"0x2"), "no number"),
        ((b"a/", b"0", b"0", b"0", b"644", b"1_0"), "no number"),
        ((b"a/", b"0", b"0", b"0", b"644", b"9999999999"), "the member at byte 8 does not end where it says"),
        ((b"a/", b"0", b"0", b"0", b"644", b"3"), "the member at byte 8 does not end where it says"),
        ((b"a/", b"-1", b"0", b"0", b"644", b"2"), "no number"),
        ((b"a/", b"1.5", b"0", b"0", b"644", b"2"), "no number"),
        ((b"a/", b"0", b"x", b"0", b"644", b"2"), "no number"),
        ((b"a/", b"0", b"0", b"x", b"644", b"2"), "no number"),
        ((b"a/", b"0", b"0", b"0", b"648", b"2"), "invalid literal"),
        ((b"a/", b"0", b"0", b"0", b"rw", b"2"), "no number"),
        ((b"#1/", b"0", b"0", b"0", b"644", b"2"), None),
        ((b"#1/3", b"0", b"0", b"0", b"644", b"2"), "a name is longer than its member"),
        ((b"#1/-1", b"0", b"0", b"0", b"644", b"2"), "no number"),
        ((b"#1/a", b"0", b"0", b"0", b"644", b"2"), "no number"),
        ((b"/0", b"0", b"0", b"0", b"644", b"2"), "the name table has nothing at 0"),
        ((b"/999999999999", b"0", b"0", b"0", b"644", b"2"), "the name table has nothing at 999999999999"),
    ],
    ids=lambda value: b"|".join(value).decode() if isinstance(value, tuple) else None,
)
def test_each_field_of_a_member_is_held(fields: tuple[bytes, ...], told: str | None) -> None:
    data = b"!<arch>\n" + HEADER % fields + b"xx"
    if told is None:
        assert read_ar(data).members[0].read() == b"xx"
        return
    with pytest.raises(ValueError, match=told):
        read_ar(data)
    with pytest.raises(ArchiveError, match=r"^not a readable ar file: "):
        read_archive(data, "ar")


@pytest.mark.parametrize(
    ("label", "name"),
    [
        (b"a.o/", "a.o"), (b"a.o", "a.o"), (b"/", "/"), (b"//", "//"), (b"/SYM64/", "/SYM64/"), (b"a b.o/", "a b.o"), (b"sixteen_letters/", "sixteen_letters"),
        (b"\xff.o/", "\udcff.o"), (b"../evil/", "../evil"), (b"", ""),
    ],
)  # fmt: skip
def test_the_short_names_of_an_archive(label: bytes, name: str) -> None:
    assert [member.name for member in read_ar(make_ar([(label, b"x")])).members] == [name]


def test_there_is_an_end_to_members(monkeypatch: pytest.MonkeyPatch) -> None:
    from lotmark.builds import _ar

    monkeypatch.setattr(_ar, "_MAX_MEMBERS", 3)
    assert len(read_ar(make_ar([(b"a/", b"")] * 3)).members) == 3
    with pytest.raises(ValueError, match="more than 3 members"):
        read_ar(make_ar([(b"a/", b"")] * 4))


# ---------------------------------------------------------------- zip, tar, gzip


def read_all(data: bytes, kind: str) -> list[bytes]:
    return [member.read() for member in read_archive(data, kind).members]


@pytest.mark.parametrize(("kind", "whole"), [("zip", make_zip(MEMBERS)), ("gzip", make_gzip(b"data" * 9))], ids=["zip", "gzip"])
def test_an_archive_cut_anywhere_has_no_content(kind: str, whole: bytes) -> None:
    for length in range(len(whole)):
        with pytest.raises(ArchiveError):
            read_all(whole[:length], kind)


def test_a_tar_cut_anywhere_is_never_equivalent_to_the_whole() -> None:
    """Behind the last member there are only zeros, and without them it is the same archive."""
    whole = make_tar(MEMBERS)
    for length in range(0, 512 * 4, 5):
        if length <= 512 * 3 + len(MEMBERS[1][1]):
            with suppress(ArchiveError):
                assert not is_equivalent(comparator("tar"), whole, whole[:length]), length


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (make_zip(MEMBERS), "zip"),
        (make_zip([]), "zip"),
        (b"#!/bin/sh\n" + make_zip(MEMBERS), "zip"),
        (make_tar(MEMBERS), "tar"),
        (make_gzip(b"x"), "gzip"),
        (make_gzip(make_tar(MEMBERS)), "gzip"),
        (make_ar(PARTS), "ar"),
        (b"!<arch>\n", "ar"),
        (b"", ""),
        (b"PK\x03\x04 but no end", ""),
        (b"\x1f", ""),
        (b"!<thin>\n", ""),
        (program_elf(), ""),
        (b"ustar" * 20, ""),
    ],
)
def test_a_format_is_known_by_its_content(data: bytes, kind: str) -> None:
    assert looks_like(data) == kind


@pytest.mark.parametrize("kind", ["zip", "tar", "ar", "gzip"])
@pytest.mark.parametrize(
    "data",
    [b"", b"\0", b"\x1f\x8b", b"PK\x05\x06", b"PK" * 50, b"!<arch>", b"x" * 600, program_elf()],
    ids=["empty", "zero", "gzip", "zip", "pk", "ar", "text", "elf"],
)
def test_what_is_no_archive_is_said_to_be_none(kind: str, data: bytes) -> None:
    with pytest.raises(ArchiveError, match=rf"not a readable {kind} file: |a member cannot be read: "):
        assert read_all(data, kind) is None


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_archives, "_MAX_TOTAL", 1000)
    for kind, data in (("zip", make_zip([("a", bytes(1001))])), ("gzip", make_gzip(bytes(1001))), ("tar", make_tar([("a", bytes(600)), ("b", bytes(401))]))):
        with pytest.raises(ArchiveError):
            read_all(data, kind)
    assert read_all(make_zip([("a", bytes(1000))]), "zip") == [bytes(1000)]
    assert read_all(make_gzip(bytes(1000)), "gzip") == [bytes(1000)]


def test_a_zip_member_that_is_bigger_than_it_says_is_refused() -> None:
    data = bytearray(make_zip([("a", b"x" * 100)]))
    directory = data.rfind(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = struct.pack("<I", 5)
    with pytest.raises(ArchiveError):
        read_all(bytes(data), "zip")


def test_members_beyond_the_limit_are_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_archives, "_MAX_MEMBERS", 2)
    for kind, make in (("zip", make_zip), ("tar", make_tar)):
        assert len(read_archive(make([("a", b""), ("b", b"")]), kind).members) == 2
        with pytest.raises(ArchiveError):
            read_archive(make([("a", b""), ("b", b""), ("c", b"")]), kind)


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "a\nb", "a\u202eb", "x" * 300, "a//b", "C:\\x"])
def test_odd_names_in_a_zip_are_names_and_nothing_else(name: str) -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), b"x")
    [member] = read_archive(sink.getvalue(), "zip").members
    assert member.read() == b"x"
    assert is_equivalent(comparator("zip"), sink.getvalue(), sink.getvalue())


@pytest.mark.parametrize(
    ("data", "times"),
    [
        (make_zip([("a", b"")], when=(2020, 1, 1, 0, 0, 0)), [1_577_836_800]),
        (make_tar([("a", b""), ("b", b"")], mtime=5), [5, 5]),
        (make_gzip(b"", mtime=77), [77]),
        (make_ar([(b"a/", b""), (b"b/", b"")], mtime=9), [9, 9]),
        (b"no archive", []),
        (b"PK\x05\x06" + b"\0" * 9, []),
    ],
    ids=["zip", "tar", "gzip", "ar", "none", "damaged"],
)
def test_the_times_that_an_archive_stores(data: bytes, times: list[int]) -> None:
    assert list(stored_times(data)) == times


# ---------------------------------------------------------------- comparators


@pytest.mark.parametrize(
    ("ranges", "first", "second", "same"),
    [
        ([[0, 1]], b"abc", b"xbc", True),
        ([[0, 1]], b"abc", b"axc", False),
        ([[2, 3]], b"abc", b"abx", True),
        ([[2, 99]], b"abc", b"abx", True),
        ([[5, 9]], b"abc", b"abx", False),
        ([[0, 3]], b"abc", b"xyz", True),
        ([[-1, 0]], b"abc", b"abx", True),
        ([[-3, -2]], b"abc", b"xbc", True),
        ([[-99, 0]], b"abc", b"xyz", True),
        ([[-99, -3]], b"abc", b"xbc", False),
        ([[-2, -1]], b"abc", b"abx", False),
        ([[0, 1], [2, 3]], b"abc", b"xby", True),
        ([[0, 2], [1, 3]], b"abc", b"xyz", True),
        ([], b"abc", b"abc", True),
        ([], b"abc", b"abx", False),
        ([[0, 9]], b"abc", b"abcd", False),
        ([[0, 9]], b"", b"", True),
    ],
    ids=str,
)
def test_byte_ranges_hide_their_bytes_alone(ranges: list[list[int]], first: bytes, second: bytes, same: bool) -> None:
    assert is_equivalent(comparator("byte-ranges", ranges=ranges), first, second) is same


@pytest.mark.parametrize("pair", [[1, 1], [2, 1], [-1, -1], [-1, -2], [-1, 1], [-3, 2], [0, 0], [0, -1], [1], [], [1, 2, 3]], ids=str)
def test_a_range_that_is_none_is_refused(pair: list[int]) -> None:
    with pytest.raises(ValueError, match=r"is not a range \[start, end\)$"):
        is_equivalent(comparator("byte-ranges", ranges=[pair]), b"abcd", b"abcx")


@pytest.mark.parametrize(
    ("name", "pattern", "matches"),
    [
        ("out/fw.bin", "*.bin", True),
        ("fw.bin", "*.bin", True),
        ("out/fw.bin", "out/*.bin", True),
        ("out/fw.bin", "*/fw.bin", True),
        ("out/fw.bin", "fw.bin", True),
        ("out/fw.bin", "fw.*", True),
        ("out/fw.bin", "other/*.bin", False),
        ("out/fw.bin", "*.BIN", False),
        ("out/fw.bin", "w.bin", False),
        ("out/fw.bin", "out", False),
        ("out/fw.bin", "fw.bi", False),
        ("a/b/fw.bin", "a/*.bin", True),
        ("fw.bin", "out/fw.bin", False),
        ("f[w].bin", "f[[]w].bin", True),
    ],
)
def test_which_outputs_a_pattern_means(name: str, pattern: str, matches: bool) -> None:
    assert matches_output(name, pattern) is matches


@pytest.mark.parametrize("kind", ["zip", "tar", "gzip", "ar", "elf"])
def test_a_file_of_another_kind_is_never_equivalent(kind: str) -> None:
    good = {"zip": make_zip(MEMBERS), "tar": make_tar(MEMBERS), "gzip": make_gzip(b"x"), "ar": make_ar(PARTS), "elf": program_elf()}
    for other, data in good.items():
        if other == kind:
            assert is_equivalent(comparator(kind), data, data)
        elif (kind, other) != ("tar", "gzip"):
            for pair in ((good[kind], data), (data, good[kind])):
                with pytest.raises((ArchiveError, ValueError)):
                    is_equivalent(comparator(kind), *pair)


def test_the_second_stream_of_a_gzip_file_counts() -> None:
    first, second = gzip.compress(b"a", mtime=0) + gzip.compress(b"b", mtime=0), gzip.compress(b"ab", mtime=9)
    assert is_equivalent(comparator("gzip"), first, second)
    assert not is_equivalent(comparator("gzip"), first, gzip.compress(b"a", mtime=0))


# ---------------------------------------------------------------- patterns of outputs


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("out/*.bin", ["out/a.bin", "out/b.bin"]),
        ("out/?.bin", ["out/a.bin", "out/b.bin"]),
        ("out/[ab].bin", ["out/a.bin", "out/b.bin"]),
        ("out/[!a].bin", ["out/b.bin"]),
        ("./out/a.bin", ["out/a.bin"]),
        ("**/*.bin", ["out/a.bin", "out/b.bin", "out/deep/er/c.bin", "top.bin"]),
        ("**", ["out/[x].txt", "out/a.bin", "out/b.bin", "out/deep/er/c.bin", "top.bin"]),
        ("out/**/c.bin", ["out/deep/er/c.bin"]),
        ("out/**/a.bin", ["out/a.bin"]),
        ("*.bin", ["top.bin"]),
        ("out/[[]x].txt", ["out/[x].txt"]),
        ("OUT/*.bin", []),
        ("out", []),
        ("out/deep", []),
        ("out/*.b", []),
    ],
)
def test_which_files_a_pattern_takes(tmp_path, pattern: str, found: list[str]) -> None:  # type: ignore[no-untyped-def]
    for name in ("out/a.bin", "out/b.bin", "out/deep/er/c.bin", "out/[x].txt", "top.bin"):
        path = tmp_path / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    collected = collect(tmp_path / "src", [pattern], tmp_path / "kept")
    assert sorted(output.name for output in collected.files) == found
    assert collected.refused == ()
    assert all((tmp_path / "kept" / name).read_bytes() == name.encode() for name in found)
