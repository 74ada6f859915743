"""Archives that differ in a single place: whether a comparator may call them equivalent, told place by place, both ways round."""

import io
import struct
import tarfile
import zipfile

import pytest

from fakes.archives import make_gzip, make_tar, make_zip, time_extra, unix_extra
from lotmark.builds._archives import ArchiveError, looks_like, read_archive, stored_times
from lotmark.builds._comparators import is_equivalent
from lotmark.product.models import Comparator

pytestmark = pytest.mark.verifies("REQ-013", "RC-007", "HAZ-004")

MEMBERS = [("a.txt", b"alpha" * 50), ("b.txt", b"beta")]


def comparator(kind: str, ranges=()) -> Comparator:
    return Comparator(pattern="*", kind=kind, reason="r", owner="quinn", expires="2030-01-01", ranges=[list(pair) for pair in ranges])


def directory_at(data: bytes) -> tuple[int, int]:
    """Where the end record of a zip stands, and what it says of the start of the directory."""
    end = data.rfind(b"PK\x05\x06")
    return end, struct.unpack_from("<I", data, end + 16)[0]


def with_block(block: bytes, members=MEMBERS) -> bytes:
    """A zip with bytes between the last member and the directory, as a signature block of Android stands there."""
    data = make_zip(members)
    end, start = directory_at(data)
    changed = bytearray(data[:start] + block + data[start:])
    struct.pack_into("<I", changed, end + len(block) + 16, start + len(block))
    return bytes(changed)


def with_gap(block: bytes) -> bytes:
    """A zip with bytes between its two members."""
    data = make_zip(MEMBERS)
    end, start = directory_at(data)
    second = data.index(b"PK\x03\x04", 4)
    changed = bytearray(data[:second] + block + data[second:])
    entry = changed.index(b"PK\x01\x02", changed.index(b"PK\x01\x02") + 4)
    struct.pack_into("<I", changed, entry + 42, second + len(block))
    struct.pack_into("<I", changed, end + len(block) + 16, start + len(block))
    return bytes(changed)


def streamed(level: int = 6, *, force64: bool = False, late: bytes = b"") -> bytes:
    """A zip written to a pipe: the sizes stand behind each member."""

    class Pipe(io.BytesIO):
        def seekable(self):
            return False

        def seek(self, *_):
            raise io.UnsupportedOperation

        def tell(self):
            raise io.UnsupportedOperation

    target = Pipe()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, data in MEMBERS:
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=force64) as stream:
                stream.write(data + late)
    return target.getvalue()


def pax(name: str = "a", *, kind: bytes = tarfile.REGTYPE, numbers=(0, 0), **headers: str) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo(name)
        info.type, info.pax_headers, (info.devmajor, info.devminor) = kind, {key.replace("__", "."): value for key, value in headers.items()}, numbers
        archive.addfile(info)
    return target.getvalue()


def linked(target_name: str, kind: bytes = tarfile.SYMTYPE) -> bytes:
    return make_tar([("link", b"")], kind=kind, link=target_name)


TAR = make_tar(MEMBERS)
SAME = {
    "zip: the very same": ("zip", make_zip(MEMBERS), make_zip(MEMBERS)),
    "zip: times": ("zip", make_zip(MEMBERS), make_zip(MEMBERS, when=(1999, 12, 31, 23, 59, 58))),
    "zip: a month that is none": ("zip", make_zip(MEMBERS), make_zip(MEMBERS).replace(struct.pack("<H", (46 << 9) | (1 << 5) | 2), b"\0\0")),
    "zip: order": ("zip", make_zip(MEMBERS), make_zip(MEMBERS[::-1])),
    "zip: compression": ("zip", make_zip(MEMBERS), make_zip(MEMBERS, level=1)),
    "zip: owners in extra fields": ("zip", make_zip(MEMBERS, extra=unix_extra(0, 0)), make_zip(MEMBERS, extra=unix_extra(7, 7))),
    "zip: times in extra fields": ("zip", make_zip(MEMBERS, extra=time_extra(1)), make_zip(MEMBERS)),
    "zip: readable by others": ("zip", make_zip(MEMBERS, mode=0o100644), make_zip(MEMBERS, mode=0o100600)),
    "zip: sizes behind the members": ("zip", make_zip(MEMBERS), streamed()),
    "zip: sizes of eight bytes behind the members": ("zip", make_zip(MEMBERS), streamed(force64=True)),
    "zip: both streamed": ("zip", streamed(1), streamed(9)),
    "zip: empty": ("zip", make_zip([]), make_zip([])),
    "zip: the same block before the directory": ("zip", with_block(b"signed"), with_block(b"signed")),
    "zip: executable folders": ("zip", make_zip([("d/", b"")], mode=0o40755), make_zip([("d/", b"")], mode=0o40644)),
    "tar: times": ("tar", TAR, make_tar(MEMBERS, mtime=1)),
    "tar: owners": ("tar", TAR, make_tar(MEMBERS, uid=0, user="root")),
    "tar: order": ("tar", TAR, make_tar(MEMBERS[::-1])),
    "tar: writable by the group": ("tar", TAR, make_tar(MEMBERS, mode=0o664)),
    "tar: more zeros at the end": ("tar", TAR, TAR + bytes(10_240)),
    "tar: in gzip": ("tar", TAR, make_gzip(TAR)),
    "tar: exact times": ("tar", pax(mtime="1.5", atime="3"), pax(mtime="2.25")),
    "tar: exact owners": ("tar", pax(uname="é", uid="9999999"), pax(uname="ü")),
    "tar: empty": ("tar", make_tar([]), make_tar([])),
    "gzip: time": ("gzip", make_gzip(b"x" * 99), make_gzip(b"x" * 99, mtime=7)),
    "gzip: name": ("gzip", make_gzip(b"x" * 99, name="a"), make_gzip(b"x" * 99, name="b")),
    "gzip: level": ("gzip", make_gzip(b"x" * 99, level=1), make_gzip(b"x" * 99)),
    "gzip: in two pieces": ("gzip", make_gzip(b"ab"), make_gzip(b"a") + make_gzip(b"b")),
}
OTHER = {
    "zip: a byte of content": ("zip", make_zip(MEMBERS), make_zip([MEMBERS[0], ("b.txt", b"bets")])),
    "zip: a name": ("zip", make_zip(MEMBERS), make_zip([MEMBERS[0], ("B.txt", b"beta")])),
    "zip: a member more": ("zip", make_zip(MEMBERS), make_zip([*MEMBERS, ("c", b"")])),
    "zip: contents exchanged": ("zip", make_zip([("a", b"1"), ("b", b"2")]), make_zip([("a", b"2"), ("b", b"1")])),
    "zip: executable": ("zip", make_zip(MEMBERS), make_zip(MEMBERS, mode=0o100755)),
    "zip: a link": ("zip", make_zip([("a", b"b")]), make_zip([("a", b"b")], mode=0o120777)),
    "zip: a launcher in front": ("zip", make_zip(MEMBERS), make_zip(MEMBERS, prefix=b"#!/bin/sh\n")),
    "zip: another launcher in front": ("zip", make_zip(MEMBERS, prefix=b"#!/bin/one\n"), make_zip(MEMBERS, prefix=b"#!/bin/two\n")),
    "zip: another launcher in front of nothing": ("zip", make_zip([], prefix=b"#!/bin/one\n"), make_zip([], prefix=b"#!/bin/two\n")),
    "zip: the comment": ("zip", make_zip(MEMBERS, comment=b"one"), make_zip(MEMBERS, comment=b"two")),
    "zip: a block before the directory": ("zip", make_zip(MEMBERS), with_block(b"signed")),
    "zip: another block before the directory": ("zip", with_block(b"signed by one"), with_block(b"signed by two")),
    "zip: another block that looks like sizes": ("zip", with_block(b"PK\x07\x08" + b"1" * 12), with_block(b"PK\x07\x08" + b"2" * 12)),
    "zip: bytes between members": ("zip", with_gap(b"one"), with_gap(b"two")),
    "zip: bytes behind the end": ("zip", make_zip(MEMBERS) + b"one", make_zip(MEMBERS) + b"two"),
    "zip: streamed, other content": ("zip", streamed(), streamed(late=b"!")),
    "tar: a byte of content": ("tar", TAR, make_tar([MEMBERS[0], ("b.txt", b"bets")])),
    "tar: a name": ("tar", TAR, make_tar([MEMBERS[0], ("c.txt", b"beta")])),
    "tar: a member twice": ("tar", TAR, make_tar([*MEMBERS, MEMBERS[0]])),
    "tar: executable": ("tar", TAR, make_tar(MEMBERS, mode=0o755)),
    "tar: where a link leads": ("tar", linked("/etc/passwd"), linked("/etc/shadow")),
    "tar: a hard link for a soft one": ("tar", linked("a"), linked("a", tarfile.LNKTYPE)),
    "tar: a fifo": ("tar", make_tar([("a", b"")]), make_tar([("a", b"")], kind=tarfile.FIFOTYPE)),
    "tar: another device": ("tar", pax(kind=tarfile.CHRTYPE, numbers=(1, 3)), pax(kind=tarfile.CHRTYPE, numbers=(1, 5))),
    "tar: a capability": ("tar", pax(), pax(SCHILY__xattr__security__capability="cap_net_admin")),
    "tar: another access list": ("tar", pax(SCHILY__acl__access="u:1:r"), pax(SCHILY__acl__access="u:1:rw")),
    "tar: bytes behind the end": ("tar", TAR + b"one".ljust(512, b"."), TAR + b"two".ljust(512, b".")),
    "tar: bytes behind the end of one": ("tar", TAR, TAR + b"!" * 512),
    "tar: bytes behind the end, in gzip": ("tar", make_gzip(TAR + b"1" * 512), make_gzip(TAR + b"2" * 512)),
    "gzip: content": ("gzip", make_gzip(b"one"), make_gzip(b"two")),
    "gzip: a piece more": ("gzip", make_gzip(b"one"), make_gzip(b"one") + make_gzip(b"!")),
}


@pytest.mark.parametrize(("kind", "first", "second"), SAME.values(), ids=SAME)
def test_what_a_comparator_ignores(kind, first, second):
    assert is_equivalent(comparator(kind), first, second)
    assert is_equivalent(comparator(kind), second, first)


@pytest.mark.parametrize(("kind", "first", "second"), OTHER.values(), ids=OTHER)
def test_what_no_comparator_ignores(kind, first, second):
    assert first != second
    assert not is_equivalent(comparator(kind), first, second)
    assert not is_equivalent(comparator(kind), second, first)
    assert is_equivalent(comparator(kind), first, first)


WRONG = {
    "zip: a tar": ("zip", TAR),
    "zip: nothing": ("zip", b""),
    "zip: the directory is cut off": ("zip", make_zip(MEMBERS)[:-30]),
    "zip: a damaged member": ("zip", make_zip(MEMBERS).replace(b"PK\x03\x04", b"PK\x03\x05", 1)),
    "zip: the name differs from the directory's": ("zip", make_zip(MEMBERS).replace(b"a.txt", b"x.txt", 1)),
    "zip: a checksum differs": ("zip", make_zip([("a", b"alpha")], level=0).replace(b"alpha", b"ALPHA")),
    "tar: a zip": ("tar", make_zip(MEMBERS)),
    "tar: cut in a member": ("tar", TAR[:600]),
    "tar: a damaged header": ("tar", b"!" + TAR[1:]),
    "gzip: plain": ("gzip", b"plain text, long enough to be one"),
    "gzip: cut": ("gzip", make_gzip(b"data" * 500)[:-9]),
    "gzip: a checksum differs": ("gzip", make_gzip(b"data")[:-8] + b"\0" * 8),
    "gzip: other bytes behind it": ("gzip", make_gzip(b"data") + b"trailer"),
    "gzip: shorter than a header": ("gzip", b"\x1f\x8b\x08"),
}


@pytest.mark.parametrize(("kind", "data"), WRONG.values(), ids=WRONG)
def test_what_is_not_of_the_kind_is_never_equivalent(kind, data):
    with pytest.raises(ArchiveError):
        is_equivalent(comparator(kind), data, bytes(data))


RANGES = {
    "inside": ([(2, 4)], b"abXXef", True),
    "one byte short": ([(2, 3)], b"abXXef", False),
    "one byte late": ([(3, 5)], b"abXXef", False),
    "two ranges": ([(0, 1), (5, 6)], b"XbcdeX", True),
    "two ranges, the middle differs": ([(0, 1), (5, 6)], b"XbXdeX", False),
    "overlapping": ([(1, 4), (2, 5)], b"aXXXXf", True),
    "to beyond the end": ([(4, 999)], b"abcdXX", True),
    "all behind the end": ([(7, 9)], b"abcdef", True),
    "another length": ([(0, 99)], b"abcdefg", False),
    "none": ([], b"abcdef", True),
    "none, and they differ": ([], b"abcdeX", False),
}


@pytest.mark.parametrize(("ranges", "second", "same"), RANGES.values(), ids=RANGES)
def test_byte_ranges_are_half_open(ranges, second, same):
    assert is_equivalent(comparator("byte-ranges", ranges), b"abcdef", second) is same
    assert is_equivalent(comparator("byte-ranges", ranges), second, b"abcdef") is same


@pytest.mark.parametrize("pair", [(4, 2), (3, 3), (-1, 2), (1,), (1, 2, 3), ()], ids=str)
def test_what_is_no_range_is_said(pair):
    with pytest.raises(ValueError, match="is not a range"):
        is_equivalent(comparator("byte-ranges", [pair]), b"abcdef", b"abcdef")


KINDS = {
    "zip": (make_zip(MEMBERS), "zip"),
    "an empty zip": (make_zip([]), "zip"),
    "a zip behind a launcher": (make_zip(MEMBERS, prefix=b"#!/bin/sh\n"), "zip"),
    "a zip with the longest comment": (make_zip(MEMBERS, comment=b"x" * 65_535), "zip"),
    "tar": (TAR, "tar"),
    "gzip": (make_gzip(b""), "gzip"),
    "a tar in gzip": (make_gzip(TAR), "gzip"),
    "an ELF program": (b"\x7fELF" + bytes(600), ""),
    "an old tar without magic": (TAR[:257] + bytes(8) + TAR[265:], ""),
    "nothing": (b"", ""),
}


@pytest.mark.parametrize(("data", "kind"), KINDS.values(), ids=KINDS)
def test_the_kind_is_told_by_the_content(data, kind):
    assert looks_like(data) == kind


@pytest.mark.parametrize("depth", [0, 1, 2, 3, 4])
def test_times_are_found_down_to_a_depth(depth):
    data = make_zip([("x", b"")], when=(2026, 1, 2, 3, 4, 6))
    for _ in range(depth):
        data = make_zip([("in.zip", data)], when=(2000, 1, 1, 0, 0, 0))
    assert (1_767_323_046.0 in set(stored_times(data))) == (depth <= 3)
    assert (946_684_800.0 in set(stored_times(data))) == (depth > 0)


@pytest.mark.parametrize("name", ["in.zip", "in.whl", "in.jar", "in.tar", "in.tgz", "in.bin"])
def test_only_members_that_are_named_like_archives_are_opened(name):
    inner = make_tar([("x", b"")], mtime=77) if name.endswith(("tar", "bin")) else make_zip([("x", b"")], when=(2026, 1, 2, 3, 4, 6))
    inner = make_gzip(make_tar([("x", b"")], mtime=77), mtime=5) if name.endswith("tgz") else inner
    found = set(stored_times(make_zip([(name, inner)], when=(2000, 1, 1, 0, 0, 0))))
    assert (len(found) > 1) == (name != "in.bin")


@pytest.mark.parametrize("limit", ["_MAX_MEMBERS", "_MAX_TOTAL"])
@pytest.mark.parametrize(("kind", "data"), [("zip", make_zip(MEMBERS)), ("tar", TAR)])
def test_limits_are_kept_and_no_tighter(monkeypatch, limit, kind, data):
    exact = 2 if limit == "_MAX_MEMBERS" else 254
    monkeypatch.setattr(f"lotmark.builds._archives.{limit}", exact)
    assert [member.name for member in read_archive(data, kind).members] == ["a.txt", "b.txt"]
    monkeypatch.setattr(f"lotmark.builds._archives.{limit}", exact - 1)
    with pytest.raises(ArchiveError, match="more than"):
        read_archive(data, kind)


def test_a_gzip_that_swells_is_not_read_to_its_end(monkeypatch):
    monkeypatch.setattr("lotmark.builds._archives._MAX_TOTAL", 1000)
    (member,) = read_archive(make_gzip(b"x" * 1000), "gzip").members
    assert len(member.read()) == 1000
    (member,) = read_archive(make_gzip(b"x" * 1001), "gzip").members
    with pytest.raises(ArchiveError, match="bigger than"):
        member.read()
