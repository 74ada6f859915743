"""The version that a package's own metadata tells: wheel, sdist, npm package.

An archive is foreign input, even our own build's: what is read of it is bounded, nothing is extracted, and whatever is
broken, encrypted, ambiguous or too large tells no version.
"""

import email.parser
import gzip
import re
import tarfile
import zipfile
from pathlib import Path
from typing import IO, Final, cast

from lotmark.base.errors import IntegrityError
from lotmark.intake.api import ARCHIVE_FAULTS, parse_json

_MAX_METADATA: Final = 4 * 1024 * 1024
_MAX_UNPACKED = 512 * 1024 * 1024
_MAX_MEMBERS = 200_000
_BROKEN: Final = (*ARCHIVE_FAULTS, IntegrityError, TypeError)


def read_metadata_version(path: Path, name: str) -> str | None:
    """The version in the metadata of the package at `path`, by the kind that its file `name` tells; None for none."""
    try:
        if name.endswith((".whl", ".zip")):
            return _zip_version(path)
        if name.endswith((".tar.gz", ".tgz")):
            with gzip.open(path) as stream:
                return _tar_version(cast("IO[bytes]", stream))
        if name.endswith(".tar"):
            with path.open("rb") as stream:
                return _tar_version(stream)
    except _BROKEN:
        return None
    return None


def _zip_version(path: Path) -> str | None:
    with zipfile.ZipFile(path) as archive:
        found = [info for info in archive.infolist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", info.filename)]
        if len(found) != 1 or found[0].file_size > _MAX_METADATA:
            return None
        return _header_version(archive.read(found[0]))  # the reader stops at file_size, whatever the data would unpack to


def _tar_version(stream: IO[bytes]) -> str | None:
    versions = []
    with tarfile.open(fileobj=cast("IO[bytes]", _Bounded(stream)), mode="r:") as archive:
        for number, member in enumerate(archive):
            if number >= _MAX_MEMBERS:
                return None
            is_header = re.fullmatch(r"[^/]+/PKG-INFO", member.name)
            if not member.isfile() or not (is_header or member.name == "package/package.json"):
                continue
            if member.size > _MAX_METADATA:
                return None
            content = archive.extractfile(member)
            data = content.read() if content else b""
            versions.append(_header_version(data) if is_header else _json_version(data))
    return versions[0] if len(versions) == 1 else None  # of two nobody knows which one an installer takes


def _header_version(data: bytes) -> str | None:
    versions = email.parser.BytesHeaderParser().parsebytes(data).get_all("Version") or []
    return str(versions[0]).strip() or None if len(versions) == 1 else None


def _json_version(data: bytes) -> str | None:
    version = parse_json(data)["version"]
    return version if isinstance(version, str) and version else None


class _Bounded:
    """A stream up to a limit, which a small archive that unpacks to a huge one, or claims to, meets."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int) -> bytes:
        self._check(self._stream.tell() + size)
        return self._stream.read(size)

    def seek(self, position: int) -> int:
        self._check(position)
        return self._stream.seek(position)

    def tell(self) -> int:
        return self._stream.tell()

    def _check(self, position: int) -> None:
        if position > _MAX_UNPACKED:
            raise ValueError("the archive unpacks to too much")
