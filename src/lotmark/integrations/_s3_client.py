"""One bucket through two libraries: obstore moves the bytes, boto3 asks what obstore cannot (versions, Object Lock).

Every request has a time-out and a bounded number of tries; every error of either library comes out as one of ours.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from lotmark.base.errors import EnvironmentLacksError, LotmarkError
from lotmark.integrations._s3_settings import Bucket

if TYPE_CHECKING:
    from obstore.store import S3Store

TRIES: Final = 4
"""How often a request is sent at the most."""
REQUEST_TIMEOUT: Final = timedelta(seconds=30)
"""For one request; a part of a big blob is one."""
GIVE_UP: Final = timedelta(seconds=90)
"""From when on nothing is tried again."""
MULTIPART_FROM: Final = 16 * 1024 * 1024
"""From this size on a blob is sent in parts."""
PART: Final = 8 * 1024 * 1024


class S3Bucket:
    """The requests that the stores need. Threads may share one."""

    def __init__(self, bucket: Bucket) -> None:
        """The bucket; nothing is asked of it yet.

        Raises:
            EnvironmentLacksError: LM-ITG-002 if the extra ``s3`` is not installed, LM-ITG-003 if there are no credentials.
        """
        self.bucket = bucket
        try:
            import boto3
            import obstore  # noqa: F401
        except ImportError as error:
            raise EnvironmentLacksError(
                "LM-ITG-002", f"{bucket.place} needs the extra 's3', which is not installed", where=bucket.place, solution="pip install 'lotmark[s3]'"
            ) from error
        self._session = boto3.Session(region_name=bucket.region or None)
        if self._session.get_credentials() is None:
            raise EnvironmentLacksError(
                "LM-ITG-003",
                f"there are no credentials for {bucket.place}",
                where=bucket.place,
                solution="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile of ~/.aws/credentials by AWS_PROFILE",
            )
        self._making = threading.Lock()

    @cached_property
    def _store(self) -> "S3Store":
        from obstore.auth.boto3 import Boto3CredentialProvider
        from obstore.store import S3Store

        bucket = self.bucket
        config: dict[str, Any] = {"region": self._session.region_name or "us-east-1", "checksum_algorithm": "SHA256"}
        if bucket.endpoint:
            config |= {"endpoint": bucket.endpoint, "virtual_hosted_style_request": False}
        return S3Store(
            bucket.name,
            config=config,  # type: ignore[arg-type]
            credential_provider=Boto3CredentialProvider(self._session),
            client_options={"allow_http": bucket.endpoint.startswith("http:"), "timeout": REQUEST_TIMEOUT, "connect_timeout": timedelta(seconds=10)},
            retry_config={"max_retries": TRIES - 1, "retry_timeout": GIVE_UP},
        )

    @cached_property
    def _client(self) -> Any:
        from botocore.config import Config

        seconds = REQUEST_TIMEOUT.total_seconds()
        config = Config(
            connect_timeout=10,
            read_timeout=seconds,
            retries={"total_max_attempts": TRIES, "mode": "standard"},
            s3={"addressing_style": "path"} if self.bucket.endpoint else {},
        )
        with self._making:  # making a client is not thread-safe, using one is
            return self._session.client("s3", endpoint_url=self.bucket.endpoint or None, config=config)

    # ---- bytes

    def put(self, name: str, data: bytes | Iterator[bytes], *, size: int, new: bool = False) -> str | None:
        """Send an object, durable when this returns; gives its version where the bucket keeps versions.

        With `new` the server is asked to refuse if there is one; not every server listens.

        Raises:
            FileExistsError: if the server refused so.
            EnvironmentLacksError: LM-LED-004. What was sent of an iterator that failed is thrown away by the server.
        """
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        parts = size >= MULTIPART_FROM
        try:
            with self._translated(name):
                if parts:
                    done = obstore.put(self._store, self.bucket.key(name), data, use_multipart=True, chunk_size=PART, max_concurrency=4)
                else:
                    whole = data if isinstance(data, bytes) else b"".join(data)
                    done = obstore.put(self._store, self.bucket.key(name), whole, use_multipart=False, mode="create" if new else "overwrite")
        except (AlreadyExistsError, PreconditionError) as error:
            raise FileExistsError(name) from error
        except FileNotFoundError:
            self.require()  # a write finds nothing only where there is no bucket
            raise
        return done["version"]

    def stream(self, name: str, version: str | None = None, *, block: int = 1 << 20) -> Iterator[bytes]:
        """The bytes of an object, in blocks.

        Raises:
            FileNotFoundError: if there is none (or no such version).
            EnvironmentLacksError: LM-LED-004.
        """
        import obstore

        with self._translated(name):
            found = obstore.get(self._store, self.bucket.key(name), options={"version": version} if version else None)
            yield from found.stream(min_chunk_size=block)

    def head(self, name: str, version: str | None = None) -> tuple[int, str | None]:
        """Size and version of an object.

        Raises:
            FileNotFoundError: if there is none.
            EnvironmentLacksError: LM-LED-004.
        """
        import obstore

        with self._translated(name):
            options: dict[str, Any] = {"head": True, **({"version": version} if version else {})}
            meta = obstore.get(self._store, self.bucket.key(name), options=options).meta  # type: ignore[arg-type]
            return meta["size"], meta["version"]

    def names(self, prefix: str = "") -> Iterator[str]:
        """The names that start with the prefix, sorted by their bytes.

        Raises:
            EnvironmentLacksError: LM-LED-004.
        """
        for page in self._pages("list_objects_v2", prefix):
            for item in page.get("Contents", ()):
                yield self._name(item["Key"])

    # ---- versions and locks

    def versions(self, name: str) -> list[str]:
        """The versions of an object, newest first; markers of deletion are none.

        Raises:
            EnvironmentLacksError: LM-LED-004.
        """
        return [item["VersionId"] for page in self._pages("list_object_versions", name) for item in page.get("Versions", ()) if self._name(item["Key"]) == name]

    def delete(self, name: str, version: str) -> None:
        """Delete that version for good.

        Raises:
            EnvironmentLacksError: LM-LED-004 if it is locked, or the service refuses otherwise.
        """
        self._ask(name, "delete_object", VersionId=version)

    def retention(self, name: str, version: str) -> tuple[str, datetime] | None:
        """Mode and date up to which a version is kept; None if it is not locked.

        Raises:
            EnvironmentLacksError: LM-LED-004, LM-LED-032.
        """
        found = self._ask(name, "get_object_retention", VersionId=version, missing={"NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"})
        held = found.get("Retention") if found else None
        return (held["Mode"], held["RetainUntilDate"]) if held else None

    def retain(self, name: str, version: str, mode: str, until: datetime) -> None:
        """Lock a version up to the date.

        Raises:
            EnvironmentLacksError: LM-LED-032 if the bucket does not lock, LM-LED-004.
        """
        self._ask(name, "put_object_retention", VersionId=version, Retention={"Mode": mode, "RetainUntilDate": until})

    def hold(self, name: str, version: str, *, on: bool) -> None:
        """Lock a version whatever its date, or no longer.

        Raises:
            EnvironmentLacksError: LM-LED-032 if the bucket does not lock, LM-LED-004.
        """
        self._ask(name, "put_object_legal_hold", VersionId=version, LegalHold={"Status": "ON" if on else "OFF"})

    def locks(self) -> bool:
        """Whether the bucket was made with Object Lock; asking is the test that it can be reached.

        Raises:
            EnvironmentLacksError: LM-LED-004.
        """
        found = self._ask("", "get_object_lock_configuration", missing={"ObjectLockConfigurationNotFoundError", "NoSuchObjectLockConfiguration"})
        return bool(found) and found["ObjectLockConfiguration"].get("ObjectLockEnabled") == "Enabled"

    def require(self) -> None:
        """Hold that the bucket is there, so that what was not found in it is really missing.

        Raises:
            EnvironmentLacksError: LM-LED-004.
        """
        self._ask("", "head_bucket")

    # ----

    def _name(self, key: str) -> str:
        return key.removeprefix(f"{self.bucket.prefix}/") if self.bucket.prefix else key

    def _pages(self, operation: str, prefix: str) -> Iterator[Mapping[str, Any]]:
        with self._translated(prefix):
            yield from self._client.get_paginator(operation).paginate(Bucket=self.bucket.name, Prefix=self.bucket.key(prefix))

    def _ask(self, name: str, operation: str, *, missing: set[str] = frozenset(), **options: Any) -> Any:  # type: ignore[assignment]
        """One request through boto3; None if its answer is one of the `missing` codes."""
        from botocore.exceptions import ClientError

        call: Callable[..., Any] = getattr(self._client, operation)
        with self._translated(name):
            try:
                return call(Bucket=self.bucket.name, **({"Key": self.bucket.key(name)} if name else {}), **options)
            except ClientError as error:
                code = error.response.get("Error", {}).get("Code", "")
                if code in missing:
                    return None
                if code in {"InvalidRequest", "ObjectLockConfigurationNotFoundError", "InvalidBucketState"} and operation.startswith(
                    ("put_object_", "get_object_")
                ):
                    raise no_lock(self.bucket) from error
                raise

    @contextmanager
    def _translated(self, name: str) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError
        from obstore.exceptions import AlreadyExistsError, BaseError, PermissionDeniedError, PreconditionError, UnauthenticatedError

        where = f"{self.bucket.place}/{name}".rstrip("/")
        try:
            yield
        except (LotmarkError, FileNotFoundError, AlreadyExistsError, PreconditionError):
            raise
        except (BaseError, BotoCoreError, ClientError, OSError) as error:
            refused = isinstance(error, PermissionDeniedError | UnauthenticatedError) or (
                isinstance(error, ClientError) and error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") in {401, 403}
            )
            cure = (
                "give the credentials in use the rights to read, write and (with a lock) retain in this bucket"
                if refused
                else "look whether endpoint, region and bucket are right and the server is up (`lotmark doctor`), then run the command again"
            )
            told = str(error).strip().partition("\n")[0][:300] or type(error).__name__
            raise EnvironmentLacksError("LM-LED-004", f"the object storage {'refuses' if refused else 'fails'}: {told}", where=where, solution=cure) from error


def no_lock(bucket: Bucket) -> EnvironmentLacksError:
    """The bucket keeps no versions or was made without Object Lock."""
    return EnvironmentLacksError(
        "LM-LED-032",
        f"the bucket {bucket.name} does not lock objects",
        where=bucket.place,
        solution="make a bucket with Object Lock enabled (it cannot always be switched on later), or take `lock=` out of the setting",
    )
