"""Zip, tar and gzip files made to measure."""

import gzip
import io
import struct
import tarfile
import zipfile
from collections.abc import Sequence


def make_zip(
    members: Sequence[tuple[str, bytes]],
    *,
    when: tuple[int, ...] = (2026, 1, 2, 3, 4, 6),
    mode: int = 0o100644,
    level: int | None = None,
    extra: bytes = b"",
    prefix: bytes = b"",
    comment: bytes = b"",
) -> bytes:
    target = io.BytesIO()
    target.write(prefix)
    with zipfile.ZipFile(target, "a" if prefix else "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name, when[:6])  # type: ignore[arg-type]
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            info.extra = extra
            archive.writestr(info, data, compresslevel=level)
        archive.comment = comment
    return target.getvalue()


def make_tar(
    members: Sequence[tuple[str, bytes]],
    *,
    mtime: int = 1_760_000_000,
    uid: int = 1000,
    user: str = "builder",
    mode: int = 0o644,
    kind: bytes = tarfile.REGTYPE,
    link: str = "",
) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.USTAR_FORMAT, errors="surrogateescape") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data) if kind == tarfile.REGTYPE else 0
            info.mtime, info.uid, info.gid, info.uname, info.gname, info.mode, info.type, info.linkname = mtime, uid, uid, user, user, mode, kind, link
            archive.addfile(info, io.BytesIO(data))
    return target.getvalue()


def make_gzip(data: bytes, *, mtime: int = 1_760_000_000, name: str = "", level: int = 9) -> bytes:
    target = io.BytesIO()
    with gzip.GzipFile(name, "wb", level, target, mtime) as stream:
        stream.write(data)
    return target.getvalue()


def unix_extra(uid: int, gid: int) -> bytes:
    """Info-ZIP's third owner field."""
    return struct.pack("<HHBBIBI", 0x7875, 11, 1, 4, uid, 4, gid)


def time_extra(when: int) -> bytes:
    """Info-ZIP's extended time stamp."""
    return struct.pack("<HHBI", 0x5455, 5, 1, when)
