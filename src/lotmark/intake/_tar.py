"""The tar reader: plain files and folders, plain or packed by gzip, bzip2 or xz (POSIX.1-2017 pax; GNU long names).

The whole archive is walked and checked before a member is given out: links, devices, sparse files, unsafe or doubled names, and
what would unfold to more than the limits. Unpacking is counted as it goes, so that no header is believed.
"""

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final, cast

from lotmark.base.errors import IntegrityError, LotmarkError
from lotmark.intake._archive import ARCHIVE_LIMITS, Budget, SafeArchive, opened
from lotmark.intake._names import MemberNames, unsafe
from lotmark.intake.models import ArchiveLimits

_BLOCK: Final = 1 << 20
_PACKED: Final[dict[bytes, Callable[[IO[bytes]], IO[bytes]]]] = {
    b"\x1f\x8b": lambda stream: cast("IO[bytes]", gzip.GzipFile(fileobj=stream)),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
}
"""How a packed tar begins, and what unpacks it."""
_RATIO_FROM: Final = 1 << 20
_HEADERS: Final = 4096
"""Bytes of headers and padding that a member may bring along with its content: long names, pax records."""


class TarArchive(SafeArchive):
    """See `open_tar`."""

    def __init__(self, archive: tarfile.TarFile, infos: dict[str, tarfile.TarInfo], what: str, error: type[LotmarkError], stream: IO[bytes] | None) -> None:
        super().__init__({name: info.size for name, info in infos.items()}, what, error, stream)
        self._archive = archive
        self._infos = infos

    def _open(self, name: str) -> IO[bytes]:
        stream = self._archive.extractfile(self._infos[name])
        if stream is None:  # pragma: no cover - only plain files are members
            raise LookupError(name)
        return stream


def open_tar(
    source: Path | bytes | IO[bytes], limits: ArchiveLimits = ARCHIVE_LIMITS, *, what: str = "the tar", error: type[LotmarkError] = IntegrityError
) -> SafeArchive:
    """A tar, its members checked before any of them is given out. A packed one is unpacked to memory, within the limits.

    Args:
        source: The file, its bytes, or a seekable stream (which stays open and the caller's).
        limits: Size, count, total, member and ratio that are accepted.
        what: How messages call the archive.
        error: The class that is raised.

    Raises:
        LotmarkError: of class `error`: LM-INT-006 too large, LM-INT-011 unsafe, LM-INT-012 no tar, or damaged.
    """
    with opened(source, limits, "tar", what=what, error=error) as (stream, size, owned):
        plain = _unpacked(stream, size, limits)
        archive = tarfile.open(fileobj=plain, mode="r:")  # noqa: SIM115 - the archive lives as long as what is returned
        return TarArchive(archive, _check_members(archive, size, limits), what, error, owned)


def _unpacked(stream: IO[bytes], size: int, limits: ArchiveLimits) -> IO[bytes]:
    """The tar itself; unpacked if need be, never more of it than the limits allow."""
    magic = stream.read(6)
    stream.seek(0)
    unpacker = next((make(stream) for start, make in _PACKED.items() if magic.startswith(start)), None)
    if unpacker is None:
        return stream
    most = limits.max_total + limits.max_members * _HEADERS
    plain = io.BytesIO()
    with unpacker:
        while block := unpacker.read(_BLOCK):
            plain.write(block)
            if plain.tell() > most:
                raise unsafe(f"it unfolds to more than {most} bytes")
            if plain.tell() > max(_RATIO_FROM, limits.max_ratio * size):
                raise unsafe(f"it unfolds to more than {limits.max_ratio} times its size")
    plain.seek(0)
    return plain


def _check_members(archive: tarfile.TarFile, size: int, limits: ArchiveLimits) -> dict[str, tarfile.TarInfo]:
    budget, names = Budget(limits, size), MemberNames()
    found: dict[str, tarfile.TarInfo] = {}
    for info in archive:
        shown = info.name[:80]
        if info.issym() or info.islnk():
            raise unsafe(f"it is a link to {info.linkname[:80]!r}", shown)
        if not (info.isreg() or info.isdir()) or info.issparse():
            raise unsafe("it is no plain file", shown)
        if info.size < 0:
            raise unsafe("its size is negative", shown)
        # `tar -C folder .` writes "./": that folder is the root itself, and a leading "./" says nothing.
        plain = info.name.removeprefix("./")
        if info.isdir() and plain in {"", "."}:
            continue
        name = names.add(plain, folder=info.isdir())
        budget.add(name, info.size)
        if info.isreg():
            found[name] = info
    return found
