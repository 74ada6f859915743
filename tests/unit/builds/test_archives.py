"""Reading archives that a stranger wrote."""

import io
import tarfile
import zipfile

import pytest

from fakes.archives import make_gzip, make_tar, make_zip
from lotmark.builds import _archives
from lotmark.builds._archives import ArchiveError, looks_like, read_archive, stored_times

pytestmark = pytest.mark.verifies("REQ-013", "RC-007", "HAZ-004")


MEMBERS = [("a.txt", b"alpha" * 50), ("dir/b.txt", b"beta")]


@pytest.mark.parametrize(
    ("data", "kind"),
    [(make_zip(MEMBERS), "zip"), (make_tar(MEMBERS), "tar"), (make_gzip(b"x"), "gzip"), (b"", ""), (b"plain text", ""), (b"\x7fELF" + bytes(600), "")],
    ids=["zip", "tar", "gzip", "empty", "text", "elf"],
)
def test_the_kind_is_told_by_content(data: bytes, kind: str) -> None:
    assert looks_like(data) == kind


def test_zip_members_come_in_order_with_time_mode_and_place() -> None:
    data = make_zip(MEMBERS, mode=0o100755, prefix=b"#!/usr/bin/python\n", comment=b"note")
    archive = read_archive(data, "zip")
    first = archive.members[0]
    assert [member.name for member in archive.members] == ["a.txt", "dir/b.txt"]
    assert (first.kind, first.mode, first.read()) == ("file", 0o755, b"alpha" * 50)
    assert data[first.offset : first.offset + 4] == b"PK\x03\x04"
    assert first.when == 1767323046
    assert archive.frame == (b"#!/usr/bin/python\n", b"note")


def test_zip_folders_and_links_are_told_apart() -> None:
    folder = read_archive(make_zip([("d/", b"")], mode=0o040755), "zip").members[0]
    link = read_archive(make_zip([("l", b"target")], mode=0o120777), "zip").members[0]
    assert (folder.kind, link.kind, link.read()) == ("folder", "link", b"target")


def test_a_zip_time_that_is_none_is_zero() -> None:
    data = bytearray(make_zip([("a", b"x")]))
    at = data.rindex(b"PK\x01\x02")
    data[at + 14 : at + 16] = b"\0\0"
    assert read_archive(bytes(data), "zip").members[0].when == 0


def test_tar_members_carry_owner_mode_and_content() -> None:
    first = read_archive(make_tar(MEMBERS, uid=7, user="dana"), "tar").members[0]
    assert (first.owner, first.mode, first.kind, first.when, first.read()) == ((7, 7, "dana", "dana"), 0o644, "file", 1_760_000_000, b"alpha" * 50)


@pytest.mark.parametrize(("kind", "name"), [(tarfile.SYMTYPE, "link"), (tarfile.LNKTYPE, "link"), (tarfile.DIRTYPE, "folder"), (tarfile.FIFOTYPE, "special")])
def test_tar_kinds_are_told_apart_and_read_as_their_target(kind: bytes, name: str) -> None:
    member = read_archive(make_tar([("m", b"")], kind=kind, link="to"), "tar").members[0]
    assert (member.kind, member.read()) == (name, b"to")


def test_a_compressed_tar_is_read_through() -> None:
    assert read_archive(make_gzip(make_tar(MEMBERS)), "tar").members[1].read() == b"beta"


def test_gzip_gives_time_name_and_content() -> None:
    [member] = read_archive(make_gzip(b"data", mtime=77, name="x.bin"), "gzip").members
    assert (member.when, member.name, member.read()) == (77, "x.bin", b"data")


@pytest.mark.parametrize("kind", ["zip", "tar", "gzip"])
@pytest.mark.parametrize(
    "data",
    [b"", b"no archive at all" * 60, make_zip(MEMBERS)[:60], b"\x1f\x8b\x08", b"PK\x05\x06" + bytes(10)],
    ids=["empty", "text", "cut off", "gzip magic alone", "end record alone"],
)
def test_what_is_none_is_one_kind_of_error(kind: str, data: bytes) -> None:
    with pytest.raises(ArchiveError):
        read_archive(data, kind)


def test_a_damaged_member_is_the_same_error() -> None:
    data = bytearray(make_zip([("a", bytes(range(256)) * 40)]))
    data[60:90] = bytes(30)
    with pytest.raises(ArchiveError):
        read_archive(bytes(data), "zip").members[0].read()
    damaged = bytearray(make_gzip(b"x" * 1000))
    damaged[-6] ^= 1
    with pytest.raises(ArchiveError):
        read_archive(bytes(damaged), "gzip").members[0].read()


def test_an_encrypted_member_is_the_same_error() -> None:
    data = bytearray(make_zip([("a", b"x")]))
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(ArchiveError):
        read_archive(bytes(data), "zip").members[0].read()


def test_bombs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_archives, "_MAX_TOTAL", 10_000)
    with pytest.raises(ArchiveError, match="more than"):
        read_archive(make_zip([("a", bytes(20_000))]), "zip")
    with pytest.raises(ArchiveError, match="more than"):
        read_archive(make_tar([("a", bytes(20_000))]), "tar")
    with pytest.raises(ArchiveError, match="bigger"):
        read_archive(make_gzip(bytes(20_000)), "gzip").members[0].read()
    monkeypatch.setattr(_archives, "_MAX_MEMBERS", 1)
    with pytest.raises(ArchiveError, match="more than"):
        read_archive(make_zip([("a", b""), ("b", b"")]), "zip")


def test_a_member_bigger_than_it_says_is_refused() -> None:
    source = io.BytesIO()
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("a", b"0123456789")
    data = bytearray(source.getvalue())
    central = data.rindex(b"PK\x01\x02")
    for at in (22, central + 24):
        data[at : at + 4] = (3).to_bytes(4, "little")
    with pytest.raises(ArchiveError):
        read_archive(bytes(data), "zip").members[0].read()


def test_stored_times_are_found_through_nested_archives() -> None:
    inner = make_tar([("a", b"x")], mtime=111)
    assert list(stored_times(make_gzip(inner, mtime=222))) == [222, 111]
    assert 111 in list(stored_times(make_zip([("inner.tar", inner)])))
    assert list(stored_times(b"plain")) == []
    deep = b"x"
    for _ in range(8):
        deep = make_gzip(deep, mtime=5)
    assert list(stored_times(deep)) == [5, 5, 5, 5]


def test_stored_times_of_a_broken_archive_are_those_before_the_break() -> None:
    data = bytearray(make_gzip(b"x" * 999, mtime=9))
    data[-6] ^= 1
    assert list(stored_times(bytes(data))) == [9]
