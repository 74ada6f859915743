"""Read what an ELF file is without its debug information and build id. Pure; 32 and 64 bits, either byte order.

What counts: the header, the program headers, every loaded byte, every other section but debug information, and any
byte that belongs to none of these. Source: System V ABI, chapter 4, and the note of ``ld --build-id``.
"""

import struct
from dataclasses import dataclass

_MAX_SECTIONS = 65_280
_NOBITS, _NOTE, _STRTAB = 8, 7, 3
_ALLOC = 2
_DEBUG = (".debug_", ".zdebug_", ".stab")
_DEBUG_NAMES = frozenset({".gnu_debuglink", ".gnu_debugaltlink", ".gdb_index"})
_BUILD_ID_TYPE = 3


@dataclass(frozen=True, slots=True)
class Section:
    """One section: name, type, flags, address, place in the file, size, alignment and the rest of its header."""

    name: str
    type: int
    flags: int
    address: int
    offset: int
    size: int
    rest: tuple[int, ...]

    @property
    def end(self) -> int:
        """One past its last byte in the file."""
        return self.offset + (0 if self.type == _NOBITS else self.size)

    @property
    def debug(self) -> bool:
        """Whether it is debug information, which is never loaded."""
        return not self.flags & _ALLOC and (
            self.name.startswith((*_DEBUG, *(f".rela{each}" for each in _DEBUG), *(f".rel{each}" for each in _DEBUG))) or self.name in _DEBUG_NAMES
        )


@dataclass(frozen=True, slots=True)
class Elf:
    """An ELF file: its header without the place of the section table, program headers as stored, sections, segments' places."""

    header: tuple[object, ...]
    programs: tuple[bytes, ...]
    segments: tuple[tuple[int, int], ...]
    sections: tuple[Section, ...]
    tables: tuple[tuple[int, int], ...]
    """Where the header and both tables stand: no byte of them is hidden."""


def read_elf(data: bytes) -> Elf:
    """The file in `data`.

    Raises:
        ValueError: if it is not one, or its tables do not lie in it.
    """
    if data[:4] != b"\x7fELF" or len(data) < 52 or data[4] not in (1, 2) or data[5] not in (1, 2):
        raise ValueError("no ELF header")
    wide, end = data[4] == 2, "<" if data[5] == 1 else ">"
    try:
        return _read(data, wide, end)
    except (struct.error, IndexError) as error:
        raise ValueError(f"the tables do not lie in the file: {error}") from error


def _read(data: bytes, wide: bool, end: str) -> Elf:
    form = f"{end}HHI{'QQQ' if wide else 'III'}IHHHHHH"
    kind, machine, version, entry, programs_at, sections_at, flags, size, program_size, programs, section_size, count, names = struct.unpack_from(
        form, data, 16
    )
    if count > _MAX_SECTIONS or programs * program_size + programs_at > len(data) or count * section_size + sections_at > len(data):
        raise ValueError("the tables do not lie in the file")
    stored = tuple(data[programs_at + index * program_size :][:program_size] for index in range(programs))
    segments = tuple(
        (struct.unpack_from(f"{end}Q", each, 8)[0], struct.unpack_from(f"{end}Q", each, 32)[0]) if wide else struct.unpack_from(f"{end}I8xI", each, 4)[:2]
        for each in stored
    )
    form = f"{end}II{'QQQQIIQQ' if wide else 'IIIIIIII'}"
    raw = [struct.unpack_from(form, data, sections_at + index * section_size) for index in range(count)]
    table = data[raw[names][4] : raw[names][4] + raw[names][5]] if names < count else b""
    sections = tuple(Section(_text(table, each[0]), each[1], each[2], each[3], each[4], each[5], each[6:]) for each in raw)
    if any(section.end > len(data) for section in sections) or any(at + length > len(data) for at, length in segments):
        raise ValueError("a section or segment does not lie in the file")
    tables = ((0, size), (programs_at, programs_at + programs * program_size), (sections_at, sections_at + count * section_size))
    return Elf((data[4:16], kind, machine, version, entry, programs_at, flags), stored, segments, sections, tables)


def _text(table: bytes, at: int) -> str:
    return table[at : table.find(b"\0", at)].decode("latin-1")


def same_program(first: bytes, second: bytes) -> bool:
    """Whether two ELF files differ in nothing but debug information and build id.

    Raises:
        ValueError: if one of them is no ELF file.
    """
    return _essence(first) == _essence(second)


def _essence(data: bytes) -> tuple[object, ...]:
    elf = read_elf(data)
    masked = bytearray(data)
    for section in elf.sections:
        if section.type == _NOTE and section.name == ".note.gnu.build-id":
            _mask_build_id(masked, section)
    # The header says where the section table is, which moves with the debug information; a loaded segment may hold it.
    masked[elf.tables[0][0] : elf.tables[0][1]] = bytes(elf.tables[0][1])
    loaded = tuple(bytes(masked[at : at + size]) for at, size in elf.segments)
    names = elf.sections
    kept = [
        (each.name, each.type, each.flags, each.address, each.size, *each.rest[2:], _name_of(names, each.rest[0]), bytes(masked[each.offset : each.end]))
        for each in elf.sections
        if not each.debug and each.name != ".shstrtab"
    ]
    return elf.header, elf.programs, loaded, tuple(kept), _between(bytes(masked), elf)


def _name_of(sections: tuple[Section, ...], index: int) -> str:
    """A link to another section by its name: numbers move when debug sections are left out."""
    return sections[index].name if index < len(sections) else str(index)


def _mask_build_id(data: bytearray, section: Section) -> None:
    """Blank the descriptor of a GNU build-id note, whose length must be as it says."""
    at = section.offset
    for order in ("<", ">"):
        name, size, kind = struct.unpack_from(f"{order}III", data, at) if section.size >= 16 else (0, 0, 0)
        if name == 4 and kind == _BUILD_ID_TYPE and 16 + size == section.size and data[at + 12 : at + 16] == b"GNU\0":
            data[at + 16 : at + 16 + size] = bytes(size)


def _between(data: bytes, elf: Elf) -> bytes:
    """The bytes that nothing claims, without zeros: a payload behind the end, or between sections."""
    claimed = sorted([*elf.tables, *((at, at + size) for at, size in elf.segments), *((each.offset, each.end) for each in elf.sections)])
    found = []
    last = 0
    for begin, end in claimed:
        if begin > last:
            found.append(data[last:begin].strip(b"\0"))
        last = max(last, end)
    return b"\n".join(each for each in (*found, data[last:].strip(b"\0")) if each)
