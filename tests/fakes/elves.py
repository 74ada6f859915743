"""ELF files and ar archives made by hand, in every form that the standard knows."""

import struct
from collections.abc import Sequence

ALLOC, NOTE, PROGBITS, NOBITS, STRTAB = 2, 7, 1, 8, 3
BUILD_ID = struct.pack("<III4s", 4, 20, 3, b"GNU\0")
Section = tuple[str, int, int, bytes]
"""name, type, flags, content"""


def make_elf(sections: Sequence[Section], *, wide: bool = True, big: bool = False, entry: int = 0x1000, tail: bytes = b"", gap: bytes = b"") -> bytes:
    """A file with the sections behind one loaded segment that holds the allocated ones."""
    end = ">" if big else "<"
    header_size, program_size, section_size = (64, 56, 64) if wide else (52, 32, 40)
    table = b"\0" + b"".join(name.encode() + b"\0" for name, *_ in sections) + b".shstrtab\0"
    whole = [*sections, (".shstrtab", STRTAB, 0, table)]
    at = header_size + program_size
    body, headers, loaded = b"", [bytes(section_size)], at
    for name, kind, flags, content in whole:
        place = table.index(b"\0" + name.encode() + b"\0") + 1
        size = len(content)
        fields = (place, kind, flags, 0x400000 + at if flags & ALLOC else 0, at + len(body), size, 0, 0, 1, 0)
        headers.append(struct.pack(f"{end}II{'QQQQIIQQ' if wide else 'IIIIIIII'}", *fields))
        if kind != NOBITS:
            body += content
        if flags & ALLOC:
            loaded = at + len(body)
    body += gap
    if wide:
        program = struct.pack(f"{end}IIQQQQQQ", 1, 5, at, 0x400000, 0x400000, loaded - at, loaded - at, 1)
    else:
        program = struct.pack(f"{end}IIIIIIII", 1, at, 0x400000, 0x400000, loaded - at, loaded - at, 5, 1)
    identity = b"\x7fELF" + bytes((2 if wide else 1, 2 if big else 1, 1)) + bytes(9)
    counts = (header_size, program_size, 1, section_size, len(headers), len(headers) - 1)
    header = struct.pack(f"{end}HHI{'QQQ' if wide else 'III'}IHHHHHH", 2, 62, 1, entry, header_size, at + len(body), 0, *counts)
    return identity + header + program + body + b"".join(headers) + tail


def program_elf(*, text: bytes = b"code", debug: bytes = b"dwarf", build_id: bytes = b"\x11" * 20, **options: object) -> bytes:
    """A small program with a build id, code, data, debug information and a comment."""
    big = bool(options.get("big"))
    note = struct.pack(">III4s" if big else "<III4s", 4, 20, 3, b"GNU\0")
    sections: list[Section] = [
        (".note.gnu.build-id", NOTE, ALLOC, note + build_id),
        (".text", PROGBITS, ALLOC, text),
        (".bss", NOBITS, ALLOC, b"12345678"),
        (".comment", PROGBITS, 0, b"GCC 12"),
        (".debug_info", PROGBITS, 0, debug),
    ]
    return make_elf(sections, **options)  # type: ignore[arg-type]


def make_ar(members: Sequence[tuple[bytes, bytes]], *, mtime: int = 0, uid: int = 0, gid: int = 0, mode: int = 0o100644) -> bytes:
    """An archive of (name as stored in the header, content)."""
    parts = [b"!<arch>\n"]
    for name, content in members:
        parts += [b"%-16s%-12d%-6d%-6d%-8o%-10d`\n" % (name, mtime, uid, gid, mode, len(content)), content, b"\n" if len(content) % 2 else b""]
    return b"".join(parts)
