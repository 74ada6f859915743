"""Read ar archives (static libraries, .deb files) as members: the common header with GNU and BSD long names. Pure.

A member whose size, padding or name does not add up is refused, so nothing can hide between members.
"""

from lotmark.builds._members import Archive, Member

AR_MAGIC = b"!<arch>\n"
_HEADER = 60
_MAX_MEMBERS = 200_000


def read_ar(data: bytes) -> Archive:
    """The archive in `data`; its symbol table and name table are members as any other.

    Raises:
        ValueError: if it is not one.
    """
    if data[:8] != AR_MAGIC:
        raise ValueError("no ar header")
    members: list[Member] = []
    names = b""
    at = len(AR_MAGIC)
    while at < len(data):
        if len(members) >= _MAX_MEMBERS:
            raise ValueError(f"more than {_MAX_MEMBERS} members")
        header = data[at : at + _HEADER]
        if len(header) < _HEADER or header[58:] != b"`\n":
            raise ValueError(f"no member header at byte {at}")
        size = _number(header[48:58], 10)
        begin, end = at + _HEADER, at + _HEADER + size
        if end > len(data) or (size % 2 and data[end : end + 1] not in (b"\n", b"")):
            raise ValueError(f"the member at byte {at} does not end where it says")
        label = header[:16].rstrip(b" ")
        if label == b"//":
            names = data[begin:end]
        name, skipped = _name(label, names, data[begin:end])
        members.append(_member(header, name, data[begin + skipped : end], at))
        at = end + size % 2
    return Archive("ar", tuple(members), ())


def _member(header: bytes, name: bytes, content: bytes, offset: int) -> Member:
    """The member of a header: mtime, uid, gid and mode stand as text in fixed columns."""
    owner = (_number(header[28:34], 10), _number(header[34:40], 10))
    return Member(
        name.decode("utf-8", "surrogateescape"), "file", _number(header[40:48], 8) & 0o7777, _number(header[16:28], 10), owner, offset, (), lambda: content
    )


def _name(label: bytes, names: bytes, content: bytes) -> tuple[bytes, int]:
    """The member's name, and how many bytes of its content are the name (BSD)."""
    if label.startswith(b"#1/"):
        length = _number(label[3:], 10)
        if length > len(content):
            raise ValueError("a name is longer than its member")
        return content[:length].rstrip(b"\0"), length
    if label.startswith(b"/") and label[1:].isdigit():
        start = int(label[1:])
        end = names.find(b"/\n", start)
        if end < 0:
            raise ValueError(f"the name table has nothing at {start}")
        return names[start:end], 0
    return (label if label in (b"/", b"//", b"/SYM64/") else label.removesuffix(b"/")), 0


def _number(field: bytes, base: int) -> int:
    text = field.rstrip(b" ")
    if text and not text.isdigit():
        raise ValueError(f"{text!r} is no number")
    return int(text or b"0", base)
