"""The one form of the archive, and every way out of it."""

import io
import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from lotmark.base.errors import IntegrityError, RefusedError, UsageError
from lotmark.base.limits import Limits
from lotmark.dossier._archive import Archive, parse_archive, read_bytes, write_archive

pytestmark = pytest.mark.verifies("REQ-022", "RC-003")


FILES = {"a.txt": b"alpha", "b/c.json": b"{}", "b/empty": b""}


@pytest.fixture
def good(tmp_path: Path) -> bytes:
    write_archive(tmp_path / "good.zip", FILES)
    return (tmp_path / "good.zip").read_bytes()


def foreign(files: dict[str, bytes] | None = None, **change) -> bytes:
    """An archive as another program writes it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in (files or FILES).items():
            info = zipfile.ZipInfo(name)
            info.create_system = 3
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            for key, value in change.items():
                setattr(info, key, value)
            archive.writestr(info, data)
    return stream.getvalue()


def refuse(data: bytes, *words: str, **limits) -> None:
    with pytest.raises(IntegrityError) as caught:
        parse_archive(data, limits=Limits(**limits)) if limits else parse_archive(data)
    assert caught.value.code == "LM-DOS-001"
    assert caught.value.reason.startswith("ARCHIVE_UNSAFE: ")
    for word in words:
        assert word in caught.value.reason
    assert caught.value.where


def test_what_is_written_is_read(good: bytes) -> None:
    archive = Archive(good, parse_archive(good))
    assert archive.names == ("a.txt", "b/c.json", "b/empty")
    assert [archive.read(name) for name in archive.names] == [b"alpha", b"{}", b""]
    assert "a.txt" in archive
    assert "b" not in archive
    assert archive.size_of("a.txt") == 5
    assert all(archive.has_crc(name) for name in archive.names)
    assert archive.size == len(good)


def test_other_programs_read_it(good: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == FILES
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {info.external_attr >> 16 for info in archive.infolist()} == {stat.S_IFREG | 0o644}


def test_the_form_is_the_one_that_python_writes_with_the_same_fields(good: bytes) -> None:
    """A second implementation agrees on every byte but `version made by`, of which python tells 2.0 in both places."""
    theirs = foreign(extract_version=10)
    assert len(theirs) == len(good)
    differing = [position for position, (a, b) in enumerate(zip(theirs, good, strict=True)) if a != b]
    assert all(theirs[position] == 20 and good[position] == 10 for position in differing)


def test_order_of_the_files_and_where_they_lie_play_no_part(tmp_path: Path, good: bytes) -> None:
    place = tmp_path / "alpha"
    place.write_bytes(b"alpha")
    os.utime(place, (0, 0))
    digest, size = write_archive(tmp_path / "other.zip", {"b/empty": b"", "a.txt": place, "b/c.json": b"{}"})
    assert (tmp_path / "other.zip").read_bytes() == good
    assert size == len(good)
    assert digest == Archive(good, parse_archive(good)).sha256
    assert stat.S_IMODE((tmp_path / "other.zip").stat().st_mode) == 0o644


def test_large_files_are_copied_in_blocks(tmp_path: Path) -> None:
    place = tmp_path / "large"
    place.write_bytes(os.urandom(3 << 20))
    write_archive(tmp_path / "large.zip", {"large": place})
    data = (tmp_path / "large.zip").read_bytes()
    archive = Archive(data, parse_archive(data))
    assert archive.read("large") == place.read_bytes()
    assert archive.has_crc("large")


@pytest.mark.parametrize("name", ["../a", "/a", "a//b", "a/", ".hidden", "a\\b", "ä", "a\nb", "", "x" * 201])
def test_no_unsafe_name_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        write_archive(tmp_path / "x.zip", {name: b""})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("limits", [Limits(max_bytes=100), Limits(max_items=2)])
def test_what_no_reader_would_take_is_not_written(tmp_path: Path, limits: Limits) -> None:
    with pytest.raises(RefusedError, match="3 files") as caught:
        write_archive(tmp_path / "x.zip", FILES, limits=limits)
    assert caught.value.code == "LM-DOS-051"
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    place = tmp_path / "x.zip"
    place.write_bytes(b"old")
    with pytest.raises(FileNotFoundError):
        write_archive(place, {"a": tmp_path / "absent"})
    assert place.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [place]


def test_more_than_zip_can_tell_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lotmark.dossier._archive._MAX_ZIP", 64)
    with pytest.raises(RefusedError, match="4 GiB"):
        write_archive(tmp_path / "x.zip", FILES)


# ---- P08, P09: attacks on archives


@pytest.mark.attack("P08")
def test_p08_a_tar_is_no_bundle() -> None:
    import tarfile

    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        info = tarfile.TarInfo("../etc/passwd")
        archive.addfile(info)
    refuse(stream.getvalue(), "it is no zip")


@pytest.mark.attack("P09")
@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/passwd", "..\\evil", "\\evil", "C:/evil", "C:\\evil"])
def test_p09_traversal(name: str) -> None:
    refuse(foreign({name: b"x"}), name, "leads out of the folder")


@pytest.mark.attack("P09")
@pytest.mark.parametrize("name", ["folder/", ".hidden", "a//b", "a b", "a/./b", "-x", "ä", "x" * 201, "a\tb"])
def test_p09_names_that_are_no_plain_path(name: str) -> None:
    refuse(foreign({name: b""}), "not a plain relative path")


@pytest.mark.attack("P09")
def test_p09_bomb() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", b"\0" * 5_000_000)
    assert len(stream.getvalue()) < 10_000
    refuse(stream.getvalue(), "bomb: it is compressed", "5000000")


@pytest.mark.attack("P09")
def test_p09_duplicate_name() -> None:
    once = foreign({"a.txt": b"good", "b.txt": b"evil"})
    twice = once.replace(b"b.txt", b"a.txt")
    refuse(_ten(twice), "a.txt: it stands there twice")


@pytest.mark.attack("P09")
def test_p09_names_that_differ_in_case_alone() -> None:
    refuse(_ten(foreign({"VERIFY.md": b"good", "verify.md": b"evil"})), "verify.md", "differs from VERIFY.md in case alone")


@pytest.mark.attack("P09")
def test_p09_overlapping_entries(good: bytes) -> None:
    """The second directory record points at the first file's bytes."""
    data = bytearray(good)
    record = data.rindex(b"PK\1\2", 0, data.rindex(b"PK\1\2"))
    struct.pack_into("<I", data, record + 42, 0)
    refuse(bytes(data), "b/c.json", "overlaps another")


@pytest.mark.attack("P09")
def test_p09_encrypted(good: bytes) -> None:
    data = bytearray(good)
    struct.pack_into("<H", data, data.index(b"PK\1\2") + 8, 1)
    refuse(bytes(data), "a.txt: it is encrypted")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR, 0])
def test_links_folders_and_devices(kind: int) -> None:
    refuse(_ten(foreign({"a.txt": b"/etc/passwd"}, external_attr=(kind | 0o644) << 16)), "a.txt: it is", "link" if kind == stat.S_IFLNK else "no plain file")


def test_data_descriptors() -> None:
    class Pipe(io.RawIOBase):
        data = b""

        def writable(self) -> bool:
            return True

        def write(self, data) -> int:
            self.data += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w") as archive:
        archive.writestr("a.txt", b"x")
    refuse(pipe.data, "a.txt", "data descriptor")


@pytest.mark.parametrize(
    ("tail", "word"),
    [(b"\0", "bytes trail it"), (b"PK\5\6" + bytes(18), "end of its directory"), (b"x" * 70_000, "bytes trail it")],
    ids=["byte", "second end", "much"],
)
def test_trailing_data(good: bytes, tail: bytes, word: str) -> None:
    refuse(good + tail, word)


def test_data_before_the_archive(good: bytes) -> None:
    refuse(b"#!/bin/sh\n" + good, "it is no zip")


def test_bytes_between_files_and_directory(good: bytes) -> None:
    start = good.index(b"PK\1\2")
    data = bytearray(good[:start] + b"hidden" + good[start:])
    struct.pack_into("<I", data, len(data) - 6, start + 6)
    refuse(bytes(data), "belong to no file")


def test_bytes_in_the_directory(good: bytes) -> None:
    end = good.rindex(b"PK\5\6")
    data = bytearray(good[:end] + b"hidden" + good[end:])
    struct.pack_into("<I", data, len(data) - 10, end - good.index(b"PK\1\2") + 6)
    refuse(bytes(data), "belong to no file")


def test_a_directory_that_tells_of_more_files_than_it_holds(good: bytes) -> None:
    data = bytearray(good)
    struct.pack_into("<HH", data, len(data) - 14, 9, 9)
    refuse(bytes(data), "ends before file 4 of 9")


def test_a_comment() -> None:
    stream = io.BytesIO(foreign({"a.txt": b"x"}))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.comment = b"hello"
    refuse(stream.getvalue(), "bytes trail it")


@pytest.mark.parametrize("change", [{"comment": b"hello"}, {"extra": b"\x99\x99\x01\x00x"}])
def test_extra_fields_and_comments(change) -> None:
    refuse(_ten(foreign({"a.txt": b"x"}, **change)), "a.txt", "extra fields or a comment")


@pytest.mark.parametrize(
    "change", [{"date_time": (2026, 1, 1, 0, 0, 0)}, {"external_attr": (stat.S_IFREG | 0o755) << 16}, {"internal_attr": 1}, {"create_system": 0}]
)
def test_every_field_has_one_value(change) -> None:
    refuse(_ten(foreign({"a.txt": b"x"}, **change)), "a.txt: its directory record is not in the one form")


def test_order() -> None:
    refuse(_ten(foreign({"b": b"", "a": b""})), "a: it does not stand in sorted order")


def test_the_two_records_of_a_file_must_agree(good: bytes) -> None:
    data = bytearray(good)
    data[30] = ord("z")  # the name beside the bytes
    refuse(bytes(data), "a.txt: the record before its bytes differs")


def test_limits(good: bytes, tmp_path: Path) -> None:
    refuse(good, "more than 50", max_bytes=50)
    refuse(good, "3 files, more than 2", max_items=2)
    (tmp_path / "x").write_bytes(bytes(200))
    assert len(read_bytes(tmp_path / "x", Limits(max_bytes=200))) == 200
    with pytest.raises(IntegrityError, match="200 bytes, more than 199") as caught:
        read_bytes(tmp_path / "x", Limits(max_bytes=199))
    assert caught.value.code == "LM-DOS-001"


@pytest.mark.parametrize("data", [b"", b"PK\3\4", b"PK\5\6" + bytes(17), b"hello, world, this is no archive"])
def test_no_zip_at_all(data: bytes) -> None:
    refuse(data, "it is no zip")


def test_an_empty_archive_is_an_archive(tmp_path: Path) -> None:
    write_archive(tmp_path / "empty.zip", {})
    assert parse_archive((tmp_path / "empty.zip").read_bytes()) == {}


def test_no_such_file(tmp_path: Path) -> None:
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(UsageError) as caught:
            read_bytes(path)
        assert caught.value.code == "LM-DOS-002"


def test_every_single_byte_counts(good: bytes) -> None:
    """No byte outside the files' own bytes can be changed, in any bit."""
    members = parse_archive(good)
    own = {position for member in members.values() for position in range(member.start, member.start + member.size)}
    for position in range(len(good)):
        if position in own:
            continue
        for bit in range(8):
            data = bytearray(good)
            data[position] ^= 1 << bit
            with pytest.raises(IntegrityError):
                parse_archive(bytes(data))


def test_every_truncation_is_refused(good: bytes) -> None:
    for length in range(len(good)):
        with pytest.raises(IntegrityError):
            parse_archive(good[:length])


def _ten(data: bytes) -> bytes:
    """The version 1.0 in every record, as a bundle tells it, so that another field is what differs."""
    changed = bytearray(data)
    for signature, places in ((b"PK\3\4", (4,)), (b"PK\1\2", (6,))):
        position = changed.find(signature)
        while position >= 0:
            for place in places:
                struct.pack_into("<H", changed, position + place, 10)
            position = changed.find(signature, position + 4)
    return bytes(changed)
