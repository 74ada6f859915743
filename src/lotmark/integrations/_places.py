"""From a setting to a store: a folder by its path or ``file://`` URL, a bucket by its ``s3://`` URL."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from lotmark.base.clock import Clock
from lotmark.base.errors import EnvironmentLacksError, UsageError
from lotmark.ledger.api import ObjectFolder, folder_blobs
from lotmark.ledger.ports import BlobOpener, BlobStore, ObjectStore


def blob_opener(setting: str, state: Path, clock: Clock) -> BlobOpener:
    """What opens the blob store that the setting names; empty names the folder in `state`.

    Raises:
        UsageError: LM-ITG-001 if it is not understood.
        EnvironmentLacksError: LM-ITG-004 if it is empty, yet the blobs lie in a bucket.
    """
    if not setting:
        _refuse_forgotten(state)
        return folder_blobs(state)
    if not setting.startswith("s3:"):
        return folder_blobs(_folder(setting))
    from lotmark.integrations._s3_settings import parse_bucket

    bucket = parse_bucket(setting)

    def opener(writable: bool) -> BlobStore:
        from lotmark.integrations._blob_versions import BlobVersions
        from lotmark.integrations._s3_blobs import S3Blobs
        from lotmark.integrations._s3_client import S3Bucket

        return S3Blobs(S3Bucket(bucket), BlobVersions(state, bucket.place, writable=writable), clock, writable=writable)

    return opener


def _refuse_forgotten(state: Path) -> None:
    """Refuse the folder where a table of versions says that the blobs lie in a bucket: all of them would seem to be missing."""
    from lotmark.integrations._blob_versions import FILE, BlobVersions

    if (state / FILE).is_file() and not (state / "blobs").is_dir():
        places = BlobVersions(state, "", writable=False).places()
        if places:
            raise EnvironmentLacksError(
                "LM-ITG-004",
                f"the blobs of this ledger lie in {' and '.join(places)}, and LOTMARK_BLOBS is not set",
                where=str(state / FILE),
                solution=f"export LOTMARK_BLOBS='{places[0]}?...' with the options that were used",
            )


def open_objects(setting: str) -> ObjectStore:
    """The object store that the setting names.

    Raises:
        UsageError: LM-ITG-001 if it is not understood.
        EnvironmentLacksError: LM-ITG-002, LM-ITG-003.
    """
    if not setting.startswith("s3:"):
        return ObjectFolder(_folder(setting))
    from lotmark.integrations._s3_client import S3Bucket
    from lotmark.integrations._s3_objects import S3Objects
    from lotmark.integrations._s3_settings import parse_bucket

    return S3Objects(S3Bucket(parse_bucket(setting)))


def _folder(setting: str) -> Path:
    parts = urlsplit(setting)
    if parts.scheme == "file" and parts.netloc in {"", "localhost"} and not parts.query:
        setting = unquote(parts.path)
    if not setting.startswith("/") or "\0" in setting:
        raise UsageError(
            "LM-ITG-001",
            f"the setting is not understood: {setting[:80]!r} names no place",
            solution="write an absolute path, file:///path or s3://bucket/prefix",
        )
    return Path(setting)
