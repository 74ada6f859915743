"""The setting that names a bucket: ``s3://bucket/prefix?endpoint=URL&region=NAME&lock=compliance:15y``.

It never holds credentials; those come from the usual AWS environment and files.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, cast
from urllib.parse import parse_qsl, urlsplit

from lotmark.base.errors import UsageError

LockMode = Literal["COMPLIANCE", "GOVERNANCE"]

_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_REGION: Final = re.compile(r"[A-Za-z0-9-]{1,40}")
_LOCK: Final = re.compile(r"(compliance|governance):([1-9]\d{0,4})([dy])")
_DAYS: Final = {"d": 1, "y": 366}
"""A year of a lock is 366 days: a leap year never ends one early."""
_MAX_DAYS: Final = 100 * 366


@dataclass(frozen=True, slots=True)
class BucketLock:
    """Object Lock (S3): for how long a new blob cannot be deleted; in compliance mode by nobody, in governance mode by whom the bucket's owner allows."""

    mode: LockMode
    days: int

    def until(self, now: datetime) -> datetime:
        """The date up to which a blob that is stored now is kept."""
        return now + timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, the prefix below which everything lies (no slash at its end), how to reach it, and its lock if any."""

    name: str
    prefix: str = ""
    endpoint: str = ""
    region: str = ""
    lock: BucketLock | None = None

    @property
    def place(self) -> str:
        """How messages call it."""
        return f"s3://{self.name}/{self.prefix}".rstrip("/")

    def key(self, name: str) -> str:
        """The key of the object that is called so below the prefix."""
        return f"{self.prefix}/{name}" if self.prefix else name


def parse_bucket(url: str) -> Bucket:
    """The bucket that a setting names.

    Raises:
        UsageError: LM-ITG-001 if it is not such a URL, or holds credentials.
    """
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise _wrong("it holds credentials", "keep credentials in the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) or in ~/.aws/credentials")
    prefix = parts.path.strip("/")
    if parts.scheme != "s3" or not _BUCKET.fullmatch(parts.netloc) or (prefix and not _PREFIX.fullmatch(prefix)) or parts.fragment:
        raise _wrong(f"{parts.scheme}://{parts.netloc}{parts.path} is not s3://bucket/prefix")
    options: dict[str, str] = {}
    for key, value in parse_qsl(parts.query, keep_blank_values=True):
        if key not in {"endpoint", "region", "lock"} or key in options:
            raise _wrong(f"the option {key[:40]!r} is unknown or stands twice")
        options[key] = value
    endpoint, region = options.get("endpoint", ""), options.get("region", "")
    if endpoint and (urlsplit(endpoint).scheme not in {"http", "https"} or not urlsplit(endpoint).hostname or urlsplit(endpoint).username is not None):
        raise _wrong("the endpoint is not an http or https URL without credentials")
    if region and not _REGION.fullmatch(region):
        raise _wrong("the region is not a region's name")
    return Bucket(parts.netloc, prefix, endpoint.rstrip("/"), region, _parse_lock(options["lock"]) if "lock" in options else None)


def _parse_lock(text: str) -> BucketLock:
    found = _LOCK.fullmatch(text)
    days = int(found[2]) * _DAYS[found[3]] if found else 0
    if found is None or days > _MAX_DAYS:
        raise _wrong(f"the lock {text[:40]!r} is not like compliance:15y or governance:90d (at most 100 years)")
    return BucketLock(cast("LockMode", found[1].upper()), days)


def _wrong(
    reason: str, solution: str = "write s3://bucket/prefix?endpoint=https://host&region=name&lock=compliance:15y; all options may be left out"
) -> UsageError:
    return UsageError("LM-ITG-001", f"the setting is not understood: {reason}", where="s3", solution=solution)
