"""The one form of a bundle's zip, written and read by the same few lines (PKWARE APPNOTE 6.3.10).

Files are stored, not compressed: so there is nothing whose bytes depend on a library, and nothing that could unfold. Names
stand in sorted order, local records touch each other, then the directory, then its end; each field has the one value that
`_local`, `_central` and `_end` give it. The reader compares every record with what the writer would have written, so an
archive that is anything else (a link, a second copy, a gap, an extra field, a trailing byte) is refused before a file is read.
"""

import os
import re
import stat
import struct
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final

from lotmark.base.errors import IntegrityError, RefusedError, UsageError
from lotmark.base.limits import Limits

ARCHIVE_LIMITS: Final = Limits(max_bytes=1 << 30, max_items=20_000)
_MAX_NAME: Final = 200
_BLOCK: Final = 1 << 20
_MAX_ZIP: Final = 1 << 32
_LOCAL: Final = struct.Struct("<4s5H3I2H")
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_END: Final = struct.Struct("<4s4H2IH")
_DATE: Final = 0x0021
"""1980-01-01 00:00:00, the first instant that a zip can tell."""
_VERSION: Final = 10
_MADE_BY: Final = (3 << 8) | 20
_MODE: Final = stat.S_IFREG | 0o644
_ENCRYPTED, _DESCRIPTOR = 0x0001, 0x0008
_SAFE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*\Z")


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive: where its bytes lie, and the checksum that the archive tells of them."""

    name: str
    start: int
    size: int
    crc: int


class Archive:
    """An archive in the one form. `read` gives a file's bytes; whether they are the right ones is the manifest's matter."""

    def __init__(self, data: bytes, members: Mapping[str, Member]) -> None:
        self._data = memoryview(data)
        self._members = dict(members)
        self.sha256 = sha256(data).hexdigest()
        self.size = len(data)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._members)

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def read(self, name: str) -> bytes:
        """The bytes of a file.

        Raises:
            KeyError: if there is no such file.
        """
        member = self._members[name]
        return bytes(self._data[member.start : member.start + member.size])

    def view(self, name: str) -> memoryview:
        """As `read`, without a copy."""
        member = self._members[name]
        return self._data[member.start : member.start + member.size]

    def digest(self, name: str) -> str:
        """The SHA-256 (hex) of a file."""
        member = self._members[name]
        return sha256(self._data[member.start : member.start + member.size]).hexdigest()

    def size_of(self, name: str) -> int:
        return self._members[name].size

    def has_crc(self, name: str) -> bool:
        """Whether the archive's own checksum of the file is right."""
        member = self._members[name]
        return zlib.crc32(self._data[member.start : member.start + member.size]) == member.crc


# ---- writing


def write_archive(path: Path, files: Mapping[str, bytes | Path], *, limits: Limits = ARCHIVE_LIMITS) -> tuple[str, int]:
    """Write the files; gives SHA-256 (hex) and size of the archive. It appears whole or not at all.

    Raises:
        RefusedError: LM-DOS-051 if a reader would refuse it for its size.
        ValueError: if a name may not stand in a bundle.
    """
    unsafe = [name for name in files if not _SAFE.match(name) or len(name) > _MAX_NAME]
    if unsafe:
        raise ValueError(f"no name for a file in a bundle: {unsafe[0]!r}")
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    scratch = Path(name)
    try:
        with os.fdopen(descriptor, "w+b") as stream:
            _write(stream, files)
            size = stream.tell()
            _check_size(path, len(files), size, limits)
            stream.flush()
            os.fsync(stream.fileno())
            stream.seek(0)
            digest = sha256()
            while block := stream.read(_BLOCK):
                digest.update(block)
        scratch.chmod(0o644)
        scratch.replace(path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    return digest.hexdigest(), size


def _write(stream: BinaryIO, files: Mapping[str, bytes | Path]) -> None:
    directory: list[bytes] = []
    for name in sorted(files):
        offset = stream.tell()
        encoded = name.encode("ascii")
        # The checksum stands before the bytes, so its place is filled in once they have gone by.
        stream.write(_local(encoded, 0, 0))
        crc = size = 0
        for block in _blocks(files[name]):
            crc = zlib.crc32(block, crc)
            size += len(block)
            stream.write(block)
        end = stream.tell()
        if end >= _MAX_ZIP:
            raise RefusedError("LM-DOS-051", "the bundle would have more than 4 GiB", solution="keep large things out of the run's evidence")
        stream.seek(offset)
        stream.write(_local(encoded, crc, size))
        stream.seek(end)
        directory.append(_central(encoded, crc, size, offset))
    start = stream.tell()
    stream.write(b"".join(directory))
    stream.write(_end(len(directory), stream.tell() - start, start))


def _check_size(path: Path, count: int, size: int, limits: Limits) -> None:
    if size > limits.max_bytes or count > limits.max_items:
        raise RefusedError(
            "LM-DOS-051",
            f"the bundle would have {count} files and {size} bytes, more than {limits.max_items} and {limits.max_bytes}",
            where=str(path),
            solution="keep large things out of the run's evidence; a bundle holds what proves a release",
        )


def _blocks(source: bytes | Path) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    with source.open("rb") as stream:
        while block := stream.read(_BLOCK):
            yield block


def _local(name: bytes, crc: int, size: int) -> bytes:
    return _LOCAL.pack(b"PK\3\4", _VERSION, 0, 0, 0, _DATE, crc, size, size, len(name), 0) + name


def _central(name: bytes, crc: int, size: int, offset: int) -> bytes:
    return _CENTRAL.pack(b"PK\1\2", _MADE_BY, _VERSION, 0, 0, 0, _DATE, crc, size, size, len(name), 0, 0, 0, 0, _MODE << 16, offset) + name


def _end(count: int, size: int, start: int) -> bytes:
    return _END.pack(b"PK\5\6", 0, 0, count, count, size, start, 0)


# ---- reading


def read_bytes(path: Path, limits: Limits = ARCHIVE_LIMITS) -> bytes:
    """The bytes of the file, once: what is verified is what was read. Of a file that is too large none is read.

    Raises:
        UsageError: LM-DOS-002 if there is no such file.
        IntegrityError: LM-DOS-001 if it is too large.
    """
    try:
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if size > limits.max_bytes:
                raise _unsafe(f"it has {size} bytes, more than {limits.max_bytes}")
            return stream.read(size + 1)
    except OSError as error:
        raise UsageError(
            "LM-DOS-002", f"cannot read {path}: {error.strerror}", where=str(path), solution="name a bundle, made by `lotmark release bundle`"
        ) from error


def parse_archive(data: bytes, *, limits: Limits = ARCHIVE_LIMITS) -> dict[str, Member]:
    """The members of an archive by name, in order.

    Raises:
        IntegrityError: LM-DOS-001 if it is not in the one form.
    """
    count, size, start = _read_end(data, limits)
    members: dict[str, Member] = {}
    folded: dict[str, str] = {}
    position, expected, last = start, 0, ""
    for number in range(count):
        if position + _CENTRAL.size > start + size:
            raise _unsafe(f"its directory ends before file {number + 1} of {count}")
        length = _CENTRAL.unpack_from(data, position)[10]
        raw = data[position + _CENTRAL.size : position + _CENTRAL.size + length]
        name = _check_name(raw)
        member, offset = _check_record(data, position, raw, name, expected)
        if name in members:
            raise _unsafe("it stands there twice", name)
        if name.casefold() in folded:
            raise _unsafe(f"its name differs from {folded[name.casefold()]} in case alone", name)
        if name < last:
            raise _unsafe("it does not stand in sorted order", name)
        if offset != expected:
            raise _unsafe(f"it does not follow the file before it: it overlaps another or leaves a gap at byte {expected}", name)
        members[name] = member
        folded[name.casefold()] = name
        last = name
        expected = member.start + member.size
        position += _CENTRAL.size + length
    if expected != start or position != start + size:
        raise _unsafe("there are bytes between its files and its directory, or in the directory, that belong to no file")
    return members


def _read_end(data: bytes, limits: Limits) -> tuple[int, int, int]:
    """(number of files, size of the directory, its start) from the last 22 bytes."""
    if len(data) > limits.max_bytes:
        raise _unsafe(f"it has more than {limits.max_bytes} bytes")
    if len(data) < _END.size or not data.startswith((b"PK\3\4", b"PK\5\6")):
        raise _unsafe("it is no zip")
    tail = len(data) - _END.size
    signature, _, _, _, count, size, start, _ = _END.unpack_from(data, tail)
    if signature != b"PK\5\6":
        raise _unsafe("it does not end where a bundle ends: bytes trail it, or it was cut off")
    if count > limits.max_items:
        raise _unsafe(f"it tells of {count} files, more than {limits.max_items}")
    if start + size != tail or data[tail:] != _end(count, size, start):
        raise _unsafe("the end of its directory is not in the one form")
    return count, size, start


def _check_name(raw: bytes) -> str:
    shown = raw[:_MAX_NAME].decode("ascii", "backslashreplace")
    parts = shown.replace("\\", "/").split("/")
    if raw.startswith((b"/", b"\\")) or ".." in parts or ":" in parts[0] or b"\0" in raw:
        raise _unsafe("its name leads out of the folder into which it is unpacked", shown)
    if len(raw) > _MAX_NAME or not _SAFE.match(shown):
        raise _unsafe("its name is not a plain relative path, or it is a folder", shown)
    return shown


def _check_record(data: bytes, position: int, raw: bytes, name: str, expected: int) -> tuple[Member, int]:
    """The member, once its directory record and the record before its bytes are what the writer would have written."""
    (_, _, _, flags, method, _, _, crc, packed, size, _, extra, comment, _, _, attributes, offset) = _CENTRAL.unpack_from(data, position)
    kind = stat.S_IFMT(attributes >> 16)
    if flags & _ENCRYPTED:
        raise _unsafe("it is encrypted", name)
    if flags & _DESCRIPTOR:
        raise _unsafe("its size stands behind it (data descriptor)", name)
    if method or packed != size:
        raise _unsafe(f"it is compressed (method {method}: {packed} bytes would become {size}); a bundle only stores", name)
    if kind != stat.S_IFREG:
        raise _unsafe("it is a link" if kind == stat.S_IFLNK else "it is no plain file", name)
    if extra or comment:
        raise _unsafe("it has extra fields or a comment", name)
    if data[position : position + _CENTRAL.size + len(raw)] != _central(raw, crc, size, offset):
        raise _unsafe("its directory record is not in the one form", name)
    begin = expected + _LOCAL.size + len(raw)
    if offset == expected and (begin + size > len(data) or data[expected:begin] != _local(raw, crc, size)):
        raise _unsafe("the record before its bytes differs from the one in the directory", name)
    return Member(name, begin, size, crc), offset


def _unsafe(reason: str, name: str | None = None) -> IntegrityError:
    return IntegrityError(
        "LM-DOS-001",
        f"ARCHIVE_UNSAFE: {name}: {reason}" if name else f"ARCHIVE_UNSAFE: {reason}",
        where=name or "the archive",
        solution="get the bundle again from where it was made; unpacking and packing it anew makes another file",
    )
