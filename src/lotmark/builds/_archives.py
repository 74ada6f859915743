"""Read zip, tar, ar and gzip files as lists of members, within limits, for comparators and explanations.

The archives were written by a product's commands: nothing is extracted, sizes are counted as they are read, and every
parser error comes out as `ArchiveError`.
"""

import calendar
import gzip
import io
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from typing import IO

from lotmark.builds._ar import AR_MAGIC, read_ar
from lotmark.builds._members import Archive, ArchiveError, Member
from lotmark.intake.api import ARCHIVE_FAULTS

__all__ = ["Archive", "ArchiveError", "Member", "looks_like", "read_archive", "stored_times"]

_MAX_TOTAL = 2 * 2**30
_MAX_MEMBERS = 200_000
_GZIP_SHORTEST = 18
_DESCRIPTOR = 8
"""The flag of a zip member whose sizes stand behind its data once more."""
_PAX_FIELDS = frozenset({"mtime", "atime", "ctime", "uid", "gid", "uname", "gname", "path", "linkpath", "size"})
"""Extended tar headers that only say more exactly what a member has as a field; others (capabilities, access lists) have a meaning of their own."""


def looks_like(data: bytes) -> str:
    """``zip``, ``tar``, ``ar`` or ``gzip`` by content, or empty."""
    if data[:2] == b"\x1f\x8b":
        return "gzip"
    if data[257:262] == b"ustar":
        return "tar"
    if data[:8] == AR_MAGIC:
        return "ar"
    return "zip" if b"PK\x05\x06" in data[-65_557:] else ""


def read_archive(data: bytes, kind: str) -> Archive:
    """The archive in `data`.

    Raises:
        ArchiveError: if it is not one of that kind, or too big.
    """
    try:
        match kind:
            case "zip":
                return _zip(data)
            case "tar":
                return _tar(data)
            case "ar":
                return read_ar(data)
            case _:
                return _gzip(data)
    except (*ARCHIVE_FAULTS, ValueError) as error:
        raise ArchiveError(f"not a readable {kind} file: {error}") from error


def _zip(data: bytes) -> Archive:
    archive = zipfile.ZipFile(io.BytesIO(data))
    infos = archive.infolist()
    _limit(len(infos), sum(info.file_size for info in infos))
    first = min((info.header_offset for info in infos), default=archive.start_dir)
    members = []
    for info in infos:
        mode = info.external_attr >> 16
        kind = "link" if mode & 0o170000 == 0o120000 else "folder" if info.is_dir() else "file"
        when = calendar.timegm((*info.date_time, 0, 0, 0)) if 1 <= info.date_time[1] <= 12 else 0
        members.append(
            Member(
                info.filename,
                kind,
                mode & 0o7777,
                when,
                (),
                info.header_offset,
                (info.compress_type, info.create_system, info.extra.hex(), info.comment.hex()),
                _zip_reader(archive, info),
            )
        )
    return Archive("zip", tuple(members), (data[:first], archive.comment, *_between(data, infos, archive.start_dir)))


def _between(data: bytes, infos: list[zipfile.ZipInfo], directory: int) -> tuple[bytes, ...]:
    """The bytes that belong to no member: between them, before the directory (a signature block, for one) and behind the end."""
    found: list[bytes] = []
    ordered = sorted(infos, key=lambda info: info.header_offset)
    starts = [*(info.header_offset for info in ordered), directory]
    for info, following in zip(ordered, starts[1:], strict=True):
        name, extra = struct.unpack_from("<HH", data, info.header_offset + 26)
        gap = data[info.header_offset + 30 + name + extra + info.compress_size : following]
        if info.flag_bits & _DESCRIPTOR:
            sizes = struct.pack("<III", info.CRC, info.compress_size & 0xFFFFFFFF, info.file_size & 0xFFFFFFFF)
            for form in (b"PK\x07\x08" + sizes, sizes, b"PK\x07\x08" + struct.pack("<IQQ", info.CRC, info.compress_size, info.file_size)):
                if gap.startswith(form):
                    gap = gap[len(form) :]
                    break
        if gap:
            found.append(gap)
    end = data.rfind(b"PK\x05\x06")
    tail = data[end + 22 + int.from_bytes(data[end + 20 : end + 22], "little") :]
    return (*found, *([tail] if tail else ()))


def _zip_reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        with archive.open(info) as stream:
            return _bounded(stream, info.file_size)

    return _guarded(read)


def _tar(data: bytes) -> Archive:
    archive = tarfile.open(fileobj=io.BytesIO(data), mode="r:*")  # noqa: SIM115 (the members are read later; there is no file to close)
    infos = _some_members(archive)
    members = []
    for info in infos:
        kind = "link" if info.issym() or info.islnk() else "folder" if info.isdir() else "file" if info.isfile() else "special"
        members.append(
            Member(
                info.name,
                kind,
                info.mode,
                float(info.mtime),
                (info.uid, info.gid, info.uname, info.gname),
                info.offset,
                (
                    info.type,
                    info.linkname,
                    info.devmajor,
                    info.devminor,
                    tuple(sorted(item for item in info.pax_headers.items() if item[0] not in _PAX_FIELDS)),
                ),
                _tar_reader(archive, info),
            )
        )
    return Archive("tar", tuple(members), _behind(archive, infos))


def _behind(archive: tarfile.TarFile, infos: list[tarfile.TarInfo]) -> tuple[bytes, ...]:
    """What stands behind the last member and is not the zeros that end an archive."""
    end = max((info.offset_data + (-(-info.size // 512) * 512 if info.isreg() else 0) for info in infos), default=0)
    assert archive.fileobj is not None  # noqa: S101 - it was opened from one
    archive.fileobj.seek(end)
    tail = archive.fileobj.read(_MAX_TOTAL).strip(b"\0")
    return (tail,) if tail else ()


def _some_members(archive: tarfile.TarFile) -> list[tarfile.TarInfo]:
    found: list[tarfile.TarInfo] = []
    total = 0
    for info in archive:
        found.append(info)
        total += info.size
        _limit(len(found), total)
    return found


def _tar_reader(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        stream = archive.extractfile(info) if info.isfile() else None
        return _bounded(stream, info.size) if stream else info.linkname.encode("utf-8", "surrogateescape")

    return _guarded(read)


def _gzip(data: bytes) -> Archive:
    if data[:2] != b"\x1f\x8b" or len(data) < _GZIP_SHORTEST:
        raise gzip.BadGzipFile("no gzip header")
    when = float(int.from_bytes(data[4:8], "little"))
    name = data[10:].split(b"\0", 1)[0] if data[3] & 8 and not data[3] & 4 else b""

    def read() -> bytes:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            return _bounded(stream, _MAX_TOTAL)

    return Archive("gzip", (Member(name.decode("latin-1"), "file", 0, when, (), 0, (data[8], data[9]), _guarded(read)),), ())


def _guarded(read: Callable[[], bytes]) -> Callable[[], bytes]:
    def guarded() -> bytes:
        try:
            return read()
        except ARCHIVE_FAULTS as error:
            raise ArchiveError(f"a member cannot be read: {error}") from error

    return guarded


def _bounded(stream: IO[bytes] | gzip.GzipFile, size: int) -> bytes:
    """Read a member, never more than it claims or the limit allows."""
    data = stream.read(min(size, _MAX_TOTAL) + 1)
    if len(data) > min(size, _MAX_TOTAL):
        raise ValueError("a member is bigger than it says, or than the limit")
    return data


def _limit(count: int, total: int) -> None:
    if count > _MAX_MEMBERS or total > _MAX_TOTAL:
        raise ValueError(f"more than {_MAX_MEMBERS} members or {_MAX_TOTAL} bytes")


def stored_times(data: bytes, depth: int = 0) -> Iterator[float]:
    """Every time that the archive in `data` stores, archives within archives included; nothing for other files."""
    kind = looks_like(data)
    if not kind or depth > 3:
        return
    try:
        for member in read_archive(data, kind).members:
            yield member.when
            if kind == "gzip" or member.name.endswith((".zip", ".whl", ".tar", ".gz", ".tgz", ".jar")):
                yield from stored_times(member.read(), depth + 1)
    except ArchiveError:
        return
