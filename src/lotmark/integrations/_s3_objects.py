"""The object store in a bucket: what an export writes, where strangers read it over HTTP."""

from collections.abc import Iterator

from lotmark.integrations._s3_client import S3Bucket
from lotmark.ledger.api import check_object_name, object_differs, object_missing


class S3Objects:
    """An `ObjectStore` in a bucket.

    A server that knows conditional writes refuses a second first write (`If-None-Match`); others are asked before: one process writes.
    """

    def __init__(self, bucket: S3Bucket) -> None:
        self._bucket = bucket

    def put_new(self, name: str, data: bytes) -> None:
        """See `ObjectStore`."""
        check_object_name(name)
        if self._is_there(name, data):
            return
        try:
            self._bucket.put(name, data, size=len(data), new=True)
        except FileExistsError:
            self._is_there(name, data)

    def replace(self, name: str, data: bytes) -> None:
        """See `ObjectStore`."""
        self._bucket.put(check_object_name(name), data, size=len(data))

    def get(self, name: str) -> bytes:
        """See `ObjectStore`."""
        try:
            return b"".join(map(bytes, self._bucket.stream(check_object_name(name))))
        except FileNotFoundError as error:
            self._bucket.require()
            raise object_missing(name, f"{self._bucket.bucket.place}/{name}") from error

    def exists(self, name: str) -> bool:
        """See `ObjectStore`."""
        try:
            self._bucket.head(check_object_name(name))
        except FileNotFoundError:
            self._bucket.require()
            return False
        return True

    def names(self, prefix: str = "") -> Iterator[str]:
        """See `ObjectStore`."""
        return self._bucket.names(prefix)

    def _is_there(self, name: str, data: bytes) -> bool:
        """Whether the object is there with these bytes; with others it raises."""
        try:
            there = b"".join(map(bytes, self._bucket.stream(name)))
        except FileNotFoundError:
            self._bucket.require()
            return False
        if there != data:
            raise object_differs(name, f"{self._bucket.bucket.place}/{name}")
        return True
