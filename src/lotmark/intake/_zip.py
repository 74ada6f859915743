"""The zip reader: stored and deflated plain files, nothing else (PKWARE APPNOTE 6.3.10).

The whole directory is checked before the first byte is unpacked: links, encryption, other methods, unsafe or doubled names,
records that overlap or differ from the directory, and what would unfold to more than the limits.
"""

import stat
import struct
import zipfile
from pathlib import Path
from typing import IO, Final

from lotmark.base.errors import IntegrityError, LotmarkError
from lotmark.intake._archive import ARCHIVE_LIMITS, Budget, SafeArchive, opened
from lotmark.intake._names import MemberNames, unsafe
from lotmark.intake._refusal import Refusal
from lotmark.intake.models import ArchiveLimits

_END: Final = struct.Struct("<4s4H2IH")
_LOCAL: Final = struct.Struct("<4s5H3I2H")
_END_SEARCH: Final = _END.size + 0xFFFF
_ENCRYPTED, _STRONG, _MASKED, _UTF8 = 0x0001, 0x0040, 0x2000, 0x0800
_MAX_RECORD: Final = 46 + 3 * 0xFFFF
"""The longest record of a directory."""


class ZipArchive(SafeArchive):
    """See `open_zip`."""

    def __init__(self, archive: zipfile.ZipFile, infos: dict[str, zipfile.ZipInfo], what: str, error: type[LotmarkError], stream: IO[bytes] | None) -> None:
        super().__init__({name: info.file_size for name, info in infos.items()}, what, error, stream)
        self._archive = archive
        self._infos = infos

    def _open(self, name: str) -> IO[bytes]:
        return self._archive.open(self._infos[name])


def open_zip(
    source: Path | bytes | IO[bytes], limits: ArchiveLimits = ARCHIVE_LIMITS, *, what: str = "the zip", error: type[LotmarkError] = IntegrityError
) -> SafeArchive:
    """A zip, its members checked before any of them is unpacked.

    Args:
        source: The file, its bytes, or a seekable stream (which stays open and the caller's).
        limits: Size, count, total, member and ratio that are accepted.
        what: How messages call the archive.
        error: The class that is raised.

    Raises:
        LotmarkError: of class `error`: LM-INT-006 too large, LM-INT-011 unsafe, LM-INT-012 no zip, or damaged.
    """
    with opened(source, limits, "zip", what=what, error=error) as (stream, size, owned):
        _check_directory_size(stream, size, limits)
        archive = zipfile.ZipFile(stream)
        return ZipArchive(archive, _check_members(archive, stream, size, limits), what, error, owned)


def _check_directory_size(stream: IO[bytes], size: int, limits: ArchiveLimits) -> None:
    """Refuse a directory that could not be that of an archive within the limits, before it is read into memory."""
    start = max(0, size - _END_SEARCH)
    stream.seek(start)
    tail = stream.read()
    found = tail.rfind(b"PK\5\6")
    if found < 0 or len(tail) - found < _END.size:
        raise Refusal("LM-INT-012", "it is no zip, or it was cut off")
    _, _, _, _, count, length, _, comment = _END.unpack_from(tail, found)
    if found + _END.size + comment != len(tail):
        raise unsafe("bytes trail it, or it has two ends")
    wide = count == 0xFFFF or length == 0xFFFFFFFF
    if not wide and count > limits.max_members:
        raise unsafe(f"it holds more than {limits.max_members} members")
    if min(length, size) > limits.max_members * _MAX_RECORD:
        raise unsafe(f"its directory is too long for {limits.max_members} members")
    stream.seek(0)


def _check_members(archive: zipfile.ZipFile, stream: IO[bytes], size: int, limits: ArchiveLimits) -> dict[str, zipfile.ZipInfo]:
    budget, names = Budget(limits, size), MemberNames()
    found: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        _check_record(info)
        name = names.add(info.orig_filename, folder=info.is_dir())
        budget.add(name, info.file_size, info.compress_size)
        if not info.is_dir():
            found[name] = info
        elif info.file_size:
            raise unsafe("it is a folder that holds bytes", name)
    _check_overlap(archive, stream)
    return found


def _check_record(info: zipfile.ZipInfo) -> None:
    name = info.orig_filename[:80]
    if info.flag_bits & (_ENCRYPTED | _STRONG | _MASKED):
        raise unsafe("it is encrypted", name)
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise unsafe(f"it is packed by method {info.compress_type}; stored and deflated files are read", name)
    if info.compress_type == zipfile.ZIP_STORED and info.compress_size != info.file_size:
        raise unsafe("it is stored, yet its two sizes differ", name)
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR} or (kind == stat.S_IFDIR) > info.is_dir():
        raise unsafe("it is a link" if kind == stat.S_IFLNK else "it is no plain file", name)


def _check_overlap(archive: zipfile.ZipFile, stream: IO[bytes]) -> None:
    """No two members share bytes, none reaches into the directory, and each record before the bytes tells what the directory tells."""
    position = 0
    for info in sorted(archive.infolist(), key=lambda info: info.header_offset):
        name = info.orig_filename
        if info.header_offset < position:
            raise unsafe("it overlaps another", name)
        stream.seek(info.header_offset)
        head = stream.read(_LOCAL.size)
        if len(head) < _LOCAL.size or not head.startswith(b"PK\3\4"):
            raise unsafe("there is no record where its bytes should begin", name)
        _, _, flags, method, _, _, _, _, _, length, extra = _LOCAL.unpack(head)
        raw = stream.read(length)
        if method != info.compress_type or (flags ^ info.flag_bits) & (_ENCRYPTED | _UTF8) or raw.decode("utf-8" if flags & _UTF8 else "cp437") != name:
            raise unsafe("the record before its bytes differs from the one in the directory", name)
        position = info.header_offset + _LOCAL.size + length + extra + info.compress_size
    if position > archive.start_dir:
        raise unsafe("its bytes reach into the directory")
