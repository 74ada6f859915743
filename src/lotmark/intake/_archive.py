"""What zip and tar readers share: members that were checked before one is read, and reading within bounds."""

import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, Self

from lotmark.base.errors import LotmarkError
from lotmark.intake._names import unsafe
from lotmark.intake._refusal import Refusal
from lotmark.intake.models import ArchiveLimits, ArchiveMember

ARCHIVE_LIMITS: Final = ArchiveLimits()
"""What the archive readers take unless told otherwise."""

ARCHIVE_FAULTS: Final = (
    zipfile.BadZipFile,
    tarfile.TarError,
    lzma.LZMAError,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    LookupError,
    ArithmeticError,
)
"""What the parsers of the standard library raise on bytes that are no archive, or were damaged."""

Opened = tuple[IO[bytes], int, IO[bytes] | None]
"""A seekable stream, its size in bytes, and the stream once more if it is ours to close."""

_RATIO_FROM: Final = 1 << 20
"""Below a mebibyte no ratio hurts."""


class SafeArchive:
    """An archive whose members were all checked: plain files with safe, single names, within the limits.

    A context manager; closing lets go of the file, if the archive opened one.
    """

    def __init__(self, members: Mapping[str, int], what: str, error: type[LotmarkError], stream: IO[bytes] | None) -> None:
        self._sizes = dict(members)
        self._what = what
        self._error = error
        self._owned = stream

    @property
    def members(self) -> tuple[ArchiveMember, ...]:
        """The files, in the order in which they stand."""
        return tuple(ArchiveMember(name, size) for name, size in self._sizes.items())

    def __contains__(self, name: str) -> bool:
        return name in self._sizes

    def read(self, name: str) -> bytes:
        """The bytes of a file: as many as its header says, its checksum (if the format has one) right.

        Raises:
            KeyError: if there is no such file.
            LotmarkError: LM-INT-011 if it unfolds to more than it says, LM-INT-012 if it is damaged.
        """
        size = self._sizes[name]
        try:
            with self._open(name) as stream:
                data = stream.read(size)
                more = bool(stream.read(1))
            _check_length(name, size, len(data), more=more)
        except Refusal as refusal:
            raise refusal.as_error(self._error, self._what) from refusal
        except ARCHIVE_FAULTS as error:
            raise Refusal("LM-INT-012", f"{name!r} is damaged: {error}").as_error(self._error, self._what) from error
        return data

    def close(self) -> None:
        """Let go of the file; again is no error."""
        if self._owned is not None:
            self._owned.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self, name: str) -> IO[bytes]:
        raise NotImplementedError


def _check_length(name: str, size: int, length: int, *, more: bool) -> None:
    if more:
        raise unsafe(f"it holds more than the {size} bytes that it says", name)
    if length != size:
        raise Refusal("LM-INT-012", f"{name!r} ends after {length} of {size} bytes")


def _open_source(source: Path | bytes | IO[bytes], limits: ArchiveLimits) -> tuple[IO[bytes], int, bool]:
    """The archive as a seekable stream, its size, and whether the stream is ours to close.

    Raises:
        Refusal: LM-INT-006 if it is too large, LM-INT-012 if it cannot be read.
    """
    if isinstance(source, bytes):
        stream: IO[bytes] = io.BytesIO(source)
    elif isinstance(source, Path):
        try:
            stream = source.open("rb")
        except OSError as error:
            raise Refusal("LM-INT-012", f"it cannot be read: {error.strerror}") from error
    else:
        stream = source
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    if size > limits.max_bytes:
        if stream is not source:
            stream.close()
        raise Refusal("LM-INT-006", f"{size} bytes are more than {limits.max_bytes}")
    return stream, size, stream is not source


@contextmanager
def opened(source: Path | bytes | IO[bytes], limits: ArchiveLimits, form: str, *, what: str, error: type[LotmarkError]) -> Iterator[Opened]:
    """What a reader of the format `form` makes its checked archive of. What it finds wrong is raised as `error`, and our stream closed then.

    Raises:
        LotmarkError: of class `error`: LM-INT-006 too large, LM-INT-011 unsafe, LM-INT-012 of another format, or damaged.
    """
    owned: IO[bytes] | None = None
    try:
        stream, size, ours = _open_source(source, limits)
        owned = stream if ours else None
        yield stream, size, owned
    except BaseException as fault:
        if owned is not None:
            owned.close()
        if isinstance(fault, Refusal):
            raise fault.as_error(error, what) from fault
        if isinstance(fault, ARCHIVE_FAULTS):
            raise Refusal("LM-INT-012", f"it is no readable {form}: {fault}").as_error(error, what) from fault
        raise


class Budget:
    """Counts members and bytes while the directory of an archive is read, and refuses what exceeds the limits."""

    def __init__(self, limits: ArchiveLimits, packed: int) -> None:
        """A count for an archive of `packed` bytes."""
        self._limits = limits
        self._packed = packed
        self._members = 0
        self._total = 0

    def add(self, name: str, size: int, packed: int | None = None) -> None:
        """Count a member of `size` bytes, stored in `packed`.

        Raises:
            Refusal: LM-INT-011.
        """
        self._members += 1
        self._total += size
        if self._members > self._limits.max_members:
            raise unsafe(f"it holds more than {self._limits.max_members} members")
        if size > self._limits.max_member:
            raise unsafe(f"it would unfold to {size} bytes, more than {self._limits.max_member}", name)
        if self._total > self._limits.max_total:
            raise unsafe(f"it would unfold to more than {self._limits.max_total} bytes")
        for unpacked, stored, whose in ((size, packed, name), (self._total, self._packed, None)):
            if stored is not None and unpacked > _RATIO_FROM and unpacked > self._limits.max_ratio * max(stored, 1):
                raise unsafe(f"it would unfold to more than {self._limits.max_ratio} times its size", whose)
