r"""Reading the pinned OSV dump: its digest, its shape (zip, folder, JSON lines, JSON array), its records.

The digest of a file is its SHA-256. The digest of a folder is the SHA-256 of one line per file, sorted by name in byte
order: 64 hex digits, two blanks, the POSIX name relative to the folder, a line feed; what
``find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum`` prints.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from lotmark.base.errors import IntegrityError
from lotmark.intake.api import open_zip
from lotmark.intake.models import ArchiveLimits

_MAX_RECORD = 32 * 1024 * 1024
_MAX_TOTAL = 8 * 1024**3
_MAX_ZIP = 8 * 1024**3
_MAX_RECORDS = 5_000_000
_MAX_RATIO = 1032
"""What DEFLATE can reach: advisories repeat themselves, and the sizes are bounded as it is."""


class DumpError(Exception):
    """The dump cannot be used; `code` is the rule that it breaks."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class OsvPackage(msgspec.Struct, gc=False):
    ecosystem: str
    name: str


class OsvSeverity(msgspec.Struct, gc=False):
    type: str = ""
    score: str = ""


class OsvRange(msgspec.Struct):
    type: str
    events: list[dict[str, str]] = []


class OsvAffected(msgspec.Struct):
    package: OsvPackage | None = None
    ranges: list[OsvRange] | None = None
    versions: list[str] | None = None
    severity: list[OsvSeverity] | None = None


class OsvRecord(msgspec.Struct):
    """What is read of an OSV record (https://ossf.github.io/osv-schema/, version 1.6); the rest is passed over."""

    id: str
    withdrawn: str | None = None
    aliases: list[str] | None = None
    upstream: list[str] | None = None
    summary: str = ""
    severity: list[OsvSeverity] | None = None
    affected: list[OsvAffected] | None = None
    database_specific: msgspec.Raw = msgspec.Raw()


_DECODER = msgspec.json.Decoder(OsvRecord)
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])


class Dump:
    """An OSV dump on disk whose bytes have been hashed; `records` parses them.

    A file is opened once: what was hashed is what is parsed.

    Raises:
        DumpError: LM-SUP-040 if it cannot be read, LM-SUP-042 if a folder holds something that is no plain file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream: BinaryIO | None = None
        self._files: list[tuple[str, str]] = []
        try:
            if path.is_dir():
                self.sha256 = self._hash_folder()
            elif path.is_file():
                self._stream = path.open("rb")
                self.sha256 = hashlib.file_digest(self._stream, "sha256").hexdigest()
            else:
                raise DumpError("LM-SUP-040", "there is no such file or folder")
        except OSError as error:
            raise DumpError("LM-SUP-040", error.strerror or type(error).__name__) from error

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            self._stream.close()

    def _hash_folder(self) -> str:
        for folder, folders, files in os.walk(self.path, onerror=_raise):
            for name in files:
                path = Path(folder) / name
                if path.is_symlink() or not path.is_file() or "\n" in name or "\\" in name:
                    raise DumpError("LM-SUP-042", f"it holds {name!r}, which is no plain file")
                with path.open("rb") as stream:
                    self._files.append((path.relative_to(self.path).as_posix(), hashlib.file_digest(stream, "sha256").hexdigest()))
            linked = next((name for name in folders if (Path(folder) / name).is_symlink()), None)
            if linked is not None:
                raise DumpError("LM-SUP-042", f"it holds {linked!r}, which is a link")
        self._files.sort(key=lambda item: os.fsencode(item[0]))
        lines = "".join(f"{digest}  {name}\n" for name, digest in self._files)
        return hashlib.sha256(os.fsencode(lines)).hexdigest()

    def records(self) -> Iterator[OsvRecord]:
        """Every record of the dump.

        Raises:
            DumpError: LM-SUP-042 at the first part that is not an OSV record.
        """
        for count, (name, data) in enumerate(self._parts()):
            if count >= _MAX_RECORDS:
                raise DumpError("LM-SUP-042", f"it has more than {_MAX_RECORDS} records")
            try:
                record = _DECODER.decode(data)
                # What msgspec passes over as raw text it does not look at.
                str(record.database_specific, "utf-8")
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise DumpError("LM-SUP-042", f"{name} is not an OSV record: {error}") from error
            yield record

    def _parts(self) -> Iterator[tuple[str, bytes | msgspec.Raw]]:
        try:
            if self._stream is None:
                yield from self._folder_parts()
                return
            self._stream.seek(0)
            if self._stream.read(2) == b"PK":
                yield from self._zip_parts()
                return
            self._stream.seek(0)
            yield from _text_parts(self.path.name, self._stream)
        except OSError as error:
            raise DumpError("LM-SUP-040", error.strerror or type(error).__name__) from error

    def _folder_parts(self) -> Iterator[tuple[str, bytes | msgspec.Raw]]:
        for name, digest in self._files:
            if not name.endswith((".json", ".jsonl", ".ndjson")):
                continue
            with (self.path / name).open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != digest:
                    raise DumpError("LM-SUP-041", f"{name} changed while it was read")
                stream.seek(0)
                yield from _text_parts(name, stream)

    def _zip_parts(self) -> Iterator[tuple[str, bytes | msgspec.Raw]]:
        assert self._stream is not None  # noqa: S101 - the caller saw the stream
        limits = ArchiveLimits(max_bytes=_MAX_ZIP, max_members=_MAX_RECORDS, max_total=_MAX_TOTAL, max_member=_MAX_RECORD, max_ratio=_MAX_RATIO)
        try:
            with open_zip(self._stream, limits, what=self.path.name) as archive:
                for member in archive.members:
                    if member.name.endswith(".json"):
                        yield member.name, archive.read(member.name)
        except IntegrityError as error:
            raise DumpError("LM-SUP-042", f"the zip cannot be read: {error.reason}") from error


def _text_parts(name: str, stream: BinaryIO) -> Iterator[tuple[str, bytes | msgspec.Raw]]:
    """The records of a JSON array, of JSON lines, or of a file that is one record."""
    head = stream.read(4096).lstrip(b" \t\r\n")
    stream.seek(0)
    if head.startswith(b"["):
        try:
            yield from ((f"record {index} of {name}", part) for index, part in enumerate(_ARRAY.decode(stream.read())))
        except (msgspec.DecodeError, RecursionError) as error:
            raise DumpError("LM-SUP-042", f"{name} is no JSON array: {error}") from error
        return
    if not name.endswith((".jsonl", ".ndjson")):
        whole = stream.read(_MAX_RECORD)
        if not whole.strip():
            return
        if _is_one_value(whole):
            yield name, whole
            return
        stream.seek(0)
    for number, line in enumerate(stream, start=1):
        if line.strip():
            yield f"line {number} of {name}", line


def _is_one_value(data: bytes) -> bool:
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except msgspec.DecodeError:
        return False
    return True


def _raise(error: OSError) -> None:
    raise error
