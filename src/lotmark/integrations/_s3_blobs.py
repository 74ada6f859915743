"""The blob store in a bucket: every object is named by the SHA-256 of its bytes, and its version is noted.

Bytes are hashed on the way in and on the way out; the bucket is never believed. Where the bucket keeps versions, the one that was
stored is read, so that writing over a key, or deleting it, changes nothing that is read and shows in fsck.
"""

import hashlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from lotmark.base.clock import Clock
from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError, IntegrityError
from lotmark.integrations._blob_versions import BlobVersions
from lotmark.integrations._s3_client import S3Bucket, no_lock

_BLOCK: Final = 1 << 20
_RESTORE: Final = "restore the object from a backup or another bucket; its name is the SHA-256 of its bytes"


class S3Blobs:
    """A `BlobStore` with `BlobLocks` in a bucket. Threads may share one."""

    def __init__(self, bucket: S3Bucket, versions: BlobVersions, clock: Clock, *, writable: bool) -> None:
        """The store in the bucket, with the table that notes versions."""
        self._bucket = bucket
        self._versions = versions
        self._clock = clock
        self._writable = writable
        self._durable: set[Digest] = set()
        """What this process stored or found whole."""
        self._storing: dict[Digest, threading.Lock] = {}
        self._mutex = threading.Lock()

    # ---- writing

    def put(self, data: bytes) -> Digest:
        """See `BlobStore`."""
        digest = Digest.of(data)
        self._store(digest, len(data), lambda: data)
        return digest

    def put_file(self, path: Path) -> Digest:
        """See `BlobStore`. The file is read twice; if it changed in between, nothing is stored."""
        try:
            with path.open("rb") as stream:
                digest = Digest(hashlib.file_digest(stream, "sha256").hexdigest())
                size = stream.seek(0, os.SEEK_END)
                self._store(digest, size, lambda: _checked(stream, digest))
                return digest
        except OSError as error:
            raise EnvironmentLacksError("LM-LED-004", f"cannot read {path}: {error.strerror}", where=str(path), solution="make it a readable file") from error

    def _store(self, digest: Digest, size: int, content: Callable[[], bytes | Iterator[bytes]]) -> None:
        if not self._writable:
            raise EnvironmentLacksError("LM-LED-009", "the ledger was opened for reading only", solution="open it with its log key to write")
        with self._alone(digest):
            if digest not in self._durable:
                self._send(digest, size, content)

    @contextmanager
    def _alone(self, digest: Digest) -> Iterator[None]:
        """One thread at a time for one blob: the same bytes put twice at once would make two versions."""
        with self._mutex:
            lock = self._storing.setdefault(digest, threading.Lock())
        with lock:
            yield

    def _send(self, digest: Digest, size: int, content: Callable[[], bytes | Iterator[bytes]]) -> None:
        version = self._find_whole(digest, size)
        if version is None:
            version = self._bucket.put(_name(digest), content(), size=size) or ""
        self._lock(digest, version)
        if version:
            self._versions.add(digest, version)
        self._durable.add(digest)

    def _find_whole(self, digest: Digest, size: int) -> str | None:
        """The version (empty in a bucket without versions) that holds the blob already; None if none does."""
        try:
            length, version = self._bucket.head(_name(digest), self._versions.find(digest))
            return (version or "") if length == size and self._hash(digest, version) == digest else None
        except FileNotFoundError:
            return None

    def _lock(self, digest: Digest, version: str) -> None:
        """Lock a version that was just stored, or stored by somebody who was killed before he locked it."""
        lock = self._bucket.bucket.lock
        if lock is None:
            return
        if not version or version == "null":
            raise no_lock(self._bucket.bucket)
        self._extend(digest, version, lock.until(self._clock.now()))

    def remove(self, digest: Digest) -> bool:
        """See `BlobStore`: every version goes. A version that is locked stays, and the service's refusal is the error."""
        if not self._writable:
            raise EnvironmentLacksError("LM-LED-009", "the ledger was opened for reading only", solution="open it with its log key to write")
        versions = self._bucket.versions(_name(digest))
        for version in versions:
            self._bucket.delete(_name(digest), version)
        self._versions.drop(digest)
        self._durable.discard(digest)
        return bool(versions)

    # ---- locks

    @property
    def locks(self) -> bool:
        """See `BlobLocks`."""
        return self._bucket.bucket.lock is not None

    def retain(self, digest: Digest, until: datetime) -> None:
        """See `BlobLocks`."""
        self._extend(digest, self._locked_version(digest), until)

    def hold(self, digest: Digest, *, on: bool) -> None:
        """See `BlobLocks`."""
        self._bucket.hold(_name(digest), self._locked_version(digest), on=on)

    def _locked_version(self, digest: Digest) -> str:
        version = self._version_of(digest)
        if version is None:
            raise self._missing(digest)
        if not version:
            raise no_lock(self._bucket.bucket)
        return version

    def _extend(self, digest: Digest, version: str, until: datetime) -> None:
        lock = self._bucket.bucket.lock
        kept = self._bucket.retention(_name(digest), version)
        if kept is None or kept[1].astimezone(UTC) < until:
            mode = kept[0] if kept else lock.mode if lock else "COMPLIANCE"
            self._bucket.retain(_name(digest), version, mode, until)

    # ---- reading

    def get(self, digest: Digest) -> bytes:
        """See `BlobStore`."""
        pieces: list[bytes] = []
        self._read(digest, pieces.append, pieces.clear)
        return b"".join(pieces)

    @contextmanager
    def local_file(self, digest: Digest) -> Iterator[Path]:
        """See `BlobStore`: a temporary file, which is gone when the context ends."""
        try:
            descriptor, name = tempfile.mkstemp(prefix="lotmark-blob-")
        except OSError as error:
            raise _no_room(error) from error
        try:
            with os.fdopen(descriptor, "wb") as target:

                def write(block: bytes) -> None:
                    try:
                        target.write(block)
                    except OSError as error:
                        raise _no_room(error) from error

                def again() -> None:
                    target.seek(0)
                    target.truncate()

                self._read(digest, write, again)
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def has(self, digest: Digest) -> bool:
        """See `BlobStore`."""
        return digest in self._durable or self._version_of(digest) is not None

    def find_fault(self, digest: Digest) -> IntegrityError | None:
        """See `BlobStore`. Beyond the bytes: LM-LED-131 if the key was written over or deleted, LM-LED-132 if it is not locked as it should."""
        found = self._first_whole(digest)
        if isinstance(found, IntegrityError):
            return found
        try:
            _, current = self._bucket.head(_name(digest))
        except FileNotFoundError:
            return self._fault("LM-LED-131", f"BLOB_OVERWRITTEN: the key of the blob {digest} was deleted; its version {found} still holds", digest)
        # Two machines may have stored the same bytes at the same time: a newer version with these bytes is no fault.
        if found and current != found and self._hash(digest, current) != digest:
            return self._fault("LM-LED-131", f"BLOB_OVERWRITTEN: the key of the blob {digest} was written over; its version {found} still holds", digest)
        lock = self._bucket.bucket.lock
        if lock is not None:
            kept = self._bucket.retention(_name(digest), found) if found else None
            if kept is None or (lock.mode == "COMPLIANCE" and kept[0] != "COMPLIANCE"):
                return self._fault("LM-LED-132", f"BLOB_NOT_LOCKED: the blob {digest} is not kept as the setting says", digest)
        return None

    def __iter__(self) -> Iterator[Digest]:
        found = set(self._versions)
        for name in self._bucket.names("sha256/"):
            try:
                digest = Digest(name.rpartition("/")[2])
            except ValueError:
                continue  # a stranger's object: not a blob
            if name == _name(digest):
                found.add(digest)
        return iter(sorted(found))

    # ----

    def _version_of(self, digest: Digest) -> str | None:
        """The version that answers for the blob, its bytes unchecked (empty in a bucket without versions); None if there is none."""
        for version in (self._versions.find(digest), None):
            try:
                return self._bucket.head(_name(digest), version)[1] or ""
            except FileNotFoundError:
                continue
        self._bucket.require()
        return None

    def _read(self, digest: Digest, take: Callable[[bytes], object], again: Callable[[], object]) -> None:
        """Give the blob's bytes to `take`; `again` says that those before were wrong."""
        found = self._first_whole(digest, take, again)
        if isinstance(found, IntegrityError):
            raise found

    def _first_whole(self, digest: Digest, take: Callable[[bytes], object] = len, again: Callable[[], object] = int) -> str | IntegrityError:
        """The version whose bytes have the digest: the noted one, the current one, then all that there are; or what is wrong."""
        noted = self._versions.find(digest)
        looked: set[str] = set()
        changed = False
        for version in (*([noted] if noted else []), None):
            try:
                if version is None:
                    version = self._bucket.head(_name(digest))[1]  # noqa: PLW2901 - the current one by its name, so that it is read once
                if version in looked:
                    continue
                if self._hash(digest, version, take) == digest:
                    return version or ""
                changed = True
                looked.add(version or "")
            except FileNotFoundError:
                looked.add(version or "")
            again()
        self._bucket.require()
        for version in self._bucket.versions(_name(digest)):
            if version in looked:
                continue
            if self._hash(digest, version, take) == digest:
                return version
            changed = True
            again()
        return self._changed(digest) if changed else self._missing(digest)

    def _hash(self, digest: Digest, version: str | None, take: Callable[[bytes], object] = len) -> Digest:
        hasher = hashlib.sha256()
        for block in self._bucket.stream(_name(digest), version):
            data = bytes(block)
            hasher.update(data)
            take(data)
        return Digest(hasher.hexdigest())

    def _missing(self, digest: Digest) -> IntegrityError:
        return self._fault("LM-LED-108", f"BLOB_MISSING: there is no blob {digest}", digest)

    def _changed(self, digest: Digest) -> IntegrityError:
        return self._fault("LM-LED-109", f"BLOB_MISMATCH: the blob {digest} has other bytes", digest)

    def _fault(self, code: str, reason: str, digest: Digest) -> IntegrityError:
        cure = {
            "LM-LED-131": "find out who may write to the bucket and did; the evidence holds. Then delete the newer versions or the marker of deletion",
            "LM-LED-132": "lock it anew: put the blob again, or set its retention; from then on only the storage decides",
        }.get(code, _RESTORE)
        return IntegrityError(code, reason, where=f"{self._bucket.bucket.place}/{_name(digest)}", solution=cure)


def _name(digest: Digest) -> str:
    return f"sha256/{digest.hex[:2]}/{digest.hex}"


def _checked(stream: BinaryIO, digest: Digest) -> Iterator[bytes]:
    """The file in blocks; it fails at its end if the bytes are not those of the digest, so that the upload is thrown away."""
    stream.seek(0)
    hasher = hashlib.sha256()
    while block := stream.read(_BLOCK):
        hasher.update(block)
        yield block
    if hasher.hexdigest() != digest.hex:
        raise EnvironmentLacksError("LM-LED-004", "the file changed while it was stored", solution="let whatever writes it finish, then try again")


def _no_room(error: OSError) -> EnvironmentLacksError:
    return EnvironmentLacksError(
        "LM-LED-004",
        f"a blob cannot be copied to this machine: {error.strerror}",
        where=tempfile.gettempdir(),
        solution="free space there, or set TMPDIR to a bigger disk",
    )
