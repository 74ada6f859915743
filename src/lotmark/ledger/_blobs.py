"""The blob store: a folder in which every file is named by the SHA-256 of its bytes (``blobs/sha256/ab/<hex>``).

A blob appears whole or not at all: temporary file in the same folder, fsync, rename, fsync of the folder. The name
is the only thing trusted; bytes are hashed on the way in and on the way out.
"""

import hashlib
import io
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError, IntegrityError

_BLOCK: Final = 1 << 20
_TEMPORARY: Final = ".tmp-"
_RESTORE: Final = "restore the file from a backup; its name is the SHA-256 of its bytes"


class BlobFolder:
    """A `BlobStore` in a folder. Only the holder of the ledger's writer lock may have it writable."""

    def __init__(self, root: Path, *, writable: bool, fsync: Callable[[int], None] = os.fsync) -> None:
        """The store below `root`; `fsync` makes a file descriptor durable (a test lets it fail)."""
        self._root = root / "sha256"
        self._writable = writable
        self._fsync = fsync

    def put(self, data: bytes) -> Digest:
        """See `BlobStore`."""
        return self._store(io.BytesIO(data), Digest.of(data))

    def put_file(self, path: Path) -> Digest:
        """See `BlobStore`. The file may change between hashing and copying; the blob is what was copied."""
        try:
            with path.open("rb") as stream:
                digest = Digest(hashlib.file_digest(stream, "sha256").hexdigest())
                stream.seek(0)
                return self._store(stream, digest)
        except OSError as error:
            raise EnvironmentLacksError("LM-LED-004", f"cannot read {path}: {error.strerror}", where=str(path), solution="make it a readable file") from error

    def get(self, digest: Digest) -> bytes:
        """See `BlobStore`."""
        try:
            data = self.path(digest).read_bytes()
        except OSError as error:
            raise self._missing(digest, error) from error
        if Digest.of(data) != digest:
            raise self._changed(digest)
        return data

    def find_fault(self, digest: Digest) -> IntegrityError | None:
        """See `BlobStore`."""
        try:
            return None if Digest.of_file(self.path(digest)) == digest else self._changed(digest)
        except OSError as error:
            return self._missing(digest, error)

    @contextmanager
    def local_file(self, digest: Digest) -> Iterator[Path]:
        """See `BlobStore`: the file itself, its bytes checked."""
        fault = self.find_fault(digest)
        if fault is not None:
            raise fault
        yield self.path(digest)

    def path(self, digest: Digest) -> Path:
        """Where the blob lies (or would); its bytes are not checked."""
        return self._root / digest.hex[:2] / digest.hex

    def has(self, digest: Digest) -> bool:
        """See `BlobStore`."""
        return self.path(digest).is_file()

    def remove(self, digest: Digest) -> bool:
        """See `BlobStore`."""
        if not self._writable:
            raise self._read_only()
        path = self.path(digest)
        try:
            path.unlink()
            sync_folder(path.parent, self._fsync)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise EnvironmentLacksError(
                "LM-LED-004", f"the blob {digest} cannot be deleted: {error.strerror}", where=str(path), solution="mend the disk or its permissions"
            ) from error
        return True

    def __iter__(self) -> Iterator[Digest]:
        for file in sorted(self._root.glob("??/*")):
            try:
                yield Digest(file.name)
            except ValueError:
                continue  # a temporary file of a writer, or a stranger's: not a blob

    def sweep(self) -> None:
        """Remove what a killed writer left half-written. Only for the holder of the writer lock."""
        for file in self._root.glob(f"??/{_TEMPORARY}*"):
            file.unlink(missing_ok=True)

    def _missing(self, digest: Digest, error: OSError) -> IntegrityError:
        return IntegrityError(
            "LM-LED-108", f"BLOB_MISSING: the blob {digest} cannot be read: {error.strerror}", where=str(self.path(digest)), solution=_RESTORE
        )

    def _read_only(self) -> EnvironmentLacksError:
        return EnvironmentLacksError(
            "LM-LED-009", "the ledger was opened for reading only", where=str(self._root), solution="open it with its log key to write"
        )

    def _changed(self, digest: Digest) -> IntegrityError:
        return IntegrityError("LM-LED-109", f"BLOB_MISMATCH: the blob {digest} has other bytes", where=str(self.path(digest)), solution=_RESTORE)

    def _store(self, stream: BinaryIO, expected: Digest) -> Digest:
        if not self._writable:
            raise self._read_only()
        folder = self.path(expected).parent
        temporary: str | None = None
        try:
            if self._holds(expected):
                # Whoever stored it may have been killed before the folder was synced.
                sync_folder(folder, self._fsync)
                return expected
            if not folder.is_dir():
                folder.mkdir(parents=True, exist_ok=True)
                for parent in (self._root, self._root.parent):
                    sync_folder(parent, self._fsync)
            descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=_TEMPORARY)
            written = self._copy(stream, descriptor)
            if written != expected:
                raise EnvironmentLacksError("LM-LED-004", "the file changed while it was stored", solution="let whatever writes it finish, then try again")
            Path(temporary).replace(self.path(expected))
            temporary = None
            sync_folder(folder, self._fsync)
        except OSError as error:
            raise EnvironmentLacksError(
                "LM-LED-004",
                f"the blob {expected} cannot be stored: {error.strerror}",
                where=str(folder),
                solution="free space on the disk, or mend it, then run the command again",
            ) from error
        finally:
            if temporary is not None:
                Path(temporary).unlink(missing_ok=True)
        return expected

    def _holds(self, digest: Digest) -> bool:
        """Whether the blob is there with the right bytes; wrong bytes are replaced by the right ones."""
        try:
            return Digest.of_file(self.path(digest)) == digest
        except OSError:
            return False

    def _copy(self, stream: BinaryIO, descriptor: int) -> Digest:
        """Copy to the descriptor, make it durable and read-only, close it."""
        hasher = hashlib.sha256()
        with os.fdopen(descriptor, "wb") as target:
            while block := stream.read(_BLOCK):
                hasher.update(block)
                target.write(block)
            target.flush()
            os.fchmod(target.fileno(), stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
            self._fsync(target.fileno())
        return Digest(hasher.hexdigest())


def sync_folder(folder: Path, fsync: Callable[[int], None] = os.fsync) -> None:
    """Make the names in the folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fsync(descriptor)
    finally:
        os.close(descriptor)
