"""Zips of others: plain files are read; what could harm is refused before a byte is unpacked."""

import io
import os
import stat
import struct
import zipfile

import pytest

from lotmark.base.errors import IntegrityError, UsageError
from lotmark.intake.api import ARCHIVE_LIMITS, open_zip
from lotmark.intake.models import ArchiveLimits, ArchiveMember

pytestmark = pytest.mark.verifies("REQ-052", "RC-001")


def make(members, *, method=zipfile.ZIP_DEFLATED, comment=b""):
    """A zip of (name or ZipInfo, bytes)."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
        archive.comment = comment
    return stream.getvalue()


def info(name, mode=stat.S_IFREG | 0o644, **fields):
    made = zipfile.ZipInfo(name)
    made.external_attr = mode << 16
    made.create_system = 3
    made.compress_type = zipfile.ZIP_DEFLATED
    for key, value in fields.items():
        setattr(made, key, value)
    return made


def refusal(data, limits=ARCHIVE_LIMITS, code="LM-INT-011"):
    with pytest.raises(IntegrityError) as caught:
        open_zip(data, limits, what="x.zip")
    assert (caught.value.code, caught.value.reason.startswith("x.zip: ")) == (code, True)
    assert ("ARCHIVE_UNSAFE" in caught.value.reason) == (code == "LM-INT-011")
    return caught.value.reason


GOOD = [("a.txt", b"one"), ("folder/", b""), ("folder/b.bin", bytes(range(256)) * 20), ("folder/ü.txt", b""), ("c", b"three")]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_plain_files_are_listed_and_read(method):
    with open_zip(make(GOOD, method=method)) as archive:
        assert archive.members == tuple(ArchiveMember(name, len(data)) for name, data in GOOD if not name.endswith("/"))
        assert [archive.read(member.name) for member in archive.members] == [data for name, data in GOOD if not name.endswith("/")]
        assert ("a.txt" in archive, "folder/" in archive, "none" in archive) == (True, False, False)
        with pytest.raises(KeyError):
            archive.read("none")


def test_it_reads_a_path_bytes_or_a_stream_which_stays_open(tmp_path):
    data = make(GOOD)
    (tmp_path / "x.zip").write_bytes(data)
    stream = io.BytesIO(data)
    for source in (data, tmp_path / "x.zip", stream):
        with open_zip(source) as archive:
            assert archive.read("c") == b"three"
    assert not stream.closed


@pytest.mark.parametrize("members", [[], [("only/", b"")]], ids=["empty", "a folder"])
def test_an_archive_may_hold_no_file(members):
    with open_zip(make(members)) as archive:
        assert archive.members == ()


def test_what_other_tools_write_is_read(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("streamed.txt", "w", force_zip64=True) as member:
        member.write(b"with wide sizes")
    with open_zip(stream.getvalue()) as archive:
        assert archive.read("streamed.txt") == b"with wide sizes"

    class Pipe(io.RawIOBase):
        """Not seekable: sizes stand behind the bytes."""

        def __init__(self):
            self.data = b""

        def writable(self):
            return True

        def write(self, data):
            self.data += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("piped.txt", b"piped" * 100)
    with open_zip(pipe.data) as archive:
        assert archive.read("piped.txt") == b"piped" * 100
    with open_zip(make(GOOD, comment=b"a comment")) as archive:
        assert "c" in archive


NAMES = {
    "parent": "../outside",
    "parent inside": "a/../../outside",
    "absolute": "/etc/passwd",
    "drive": "C:/windows",
    "drive of another form": "c:x",
    "backslash": "a\\..\\b",
    "share": "\\\\host\\share",
    "dot": "./a",
    "double slash": "a//b",
    "control": "a\x01b",
    "line feed": "a\nb",
    "turned text": "a\u202egnp.exe",
    "invisible": "a\u200bb",
    "too long": "a" * 1025,
}


@pytest.mark.attack("P09")
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_p09_a_name_that_leads_elsewhere_or_hides_is_refused(name):
    assert "name" in refusal(make([("good", b""), (info(name), b"x")]))


def test_a_name_with_nul_is_refused():
    data = make([("aXb", b"x")]).replace(b"aXb", b"a\0b")
    refusal(data)


@pytest.mark.attack("P09")
@pytest.mark.parametrize(
    "names",
    [("a", "a"), ("a", "A"), ("dir/x", "DIR/x"), ("straße", "STRASSE"), ("e\u0301", "\u00e9"), ("a", "a/b"), ("a/b", "a"), ("d/x", "D/y"), ("a/", "A/x")],
    ids=["twice", "case", "case of a folder", "sharp s", "accents", "file then folder", "folder then file", "two spellings of a folder", "folder and case"],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_p09_two_names_for_one_file_are_refused(names):
    refusal(make([(name, b"") for name in names]))


KINDS = {"link": stat.S_IFLNK, "device": stat.S_IFBLK, "pipe": stat.S_IFIFO, "socket": stat.S_IFSOCK, "folder without slash": stat.S_IFDIR}


@pytest.mark.attack("P09")
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_p09_what_is_no_plain_file_is_refused(kind):
    refusal(make([(info("x", kind | 0o777), b"/etc/passwd")]))


def test_a_folder_with_bytes_is_refused():
    assert "holds bytes" in refusal(make([(info("folder/", stat.S_IFREG), b"bytes")]))


def central(data, number=0):
    """Where the number-th record of the directory begins."""
    position = data.index(b"PK\1\2")
    for _ in range(number):
        position = data.index(b"PK\1\2", position + 4)
    return position


def patched(data, position, form, value):
    changed = bytearray(data)
    struct.pack_into(form, changed, position, value)
    return bytes(changed)


@pytest.mark.attack("P09")
@pytest.mark.parametrize("flag", [0x0001, 0x0041, 0x2000], ids=["encrypted", "strongly encrypted", "masked directory"])
def test_p09_encrypted_members_are_refused(flag):
    data = make([("x", b"secret")])
    assert "encrypted" in refusal(patched(data, central(data) + 8, "<H", flag))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_methods_are_refused(method):
    assert "method" in refusal(make([("x", b"data" * 100)], method=method))


@pytest.mark.attack("P09")
def test_p09_members_that_share_bytes_are_refused():
    """The overlapping zip bomb of David Fifield: many records of the directory point to one member."""
    data = make([("a", b"x" * 100), ("b", b"x" * 100)], method=zipfile.ZIP_STORED)
    assert refusal(patched(data, central(data, 1) + 42, "<I", 0))


@pytest.mark.attack("P09")
def test_p09_a_record_that_differs_from_the_directory_is_refused():
    data = make([("harmless", b"x")], method=zipfile.ZIP_STORED)
    assert "differs" in refusal(data.replace(b"harmless", b"HARMFUL!", 1))


def test_a_record_that_is_none_is_refused():
    data = make([("a", b"x" * 100)], method=zipfile.ZIP_STORED)
    refusal(b"XX" + data[2:])


def test_bytes_that_reach_into_the_directory_are_refused():
    data = make([("a", b"x" * 100)], method=zipfile.ZIP_STORED)
    size = len(data)
    for offset in (20, 24):
        data = patched(data, central(data) + offset, "<I", size)
    refusal(data)


# ---- bombs


@pytest.mark.attack("P09")
def test_p09_a_bomb_is_refused_by_its_ratio():
    bomb = make([("x", b"\0" * (50 << 20))])
    assert len(bomb) < 60_000
    assert "times its size" in refusal(bomb)


@pytest.mark.attack("P09")
@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (ArchiveLimits(max_members=2), "more than 2 members"),
        (ArchiveLimits(max_member=99), "more than 99"),
        (ArchiveLimits(max_total=299), "more than 299 bytes"),
    ],
    ids=["count", "member", "total"],
)
def test_p09_an_archive_is_read_up_to_its_limits(limits, told):
    data = make([(name, os.urandom(100)) for name in "abc"])
    assert told in refusal(data, limits)
    exact = ArchiveLimits(max_bytes=len(data), max_members=3, max_member=100, max_total=300)
    assert len(open_zip(data, exact).members) == 3
    assert "more than" in refusal(data, ArchiveLimits(max_bytes=len(data) - 1), "LM-INT-006")


@pytest.mark.attack("P09")
def test_p09_a_member_that_holds_more_than_it_says_is_stopped():
    data = make([("x", b"\0" * 5000)])
    for position in (central(data) + 24, 22):
        data = patched(data, position, "<I", 10)
    with open_zip(data) as archive, pytest.raises(IntegrityError) as caught:
        archive.read("x")
    assert caught.value.code in {"LM-INT-011", "LM-INT-012"}


@pytest.mark.attack("P09")
def test_p09_a_directory_that_claims_too_much_is_not_read_into_memory():
    data = make([("a", b"x")])
    end = data.rindex(b"PK\5\6")
    refusal(patched(patched(data, end + 8, "<H", 60_000), end + 10, "<H", 60_000), ArchiveLimits(max_members=10))
    long = patched(data, end + 12, "<I", 0xFFFFFFF0)
    refusal(long + b"", ArchiveLimits(max_members=0))


# ---- what is no zip


BROKEN = {
    "nothing": b"",
    "text": b"hello world, this is no archive",
    "cut off": make(GOOD)[:-30],
    "only an end": b"PK\5\6",
    "tar": b"a" * 600,
    "an end that lies": b"PK\5\6" + struct.pack("<4H2IH", 0, 0, 1, 1, 46, 0, 0),
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_what_is_no_zip_is_told(data):
    refusal(data, code="LM-INT-012")


def test_bytes_behind_the_end_are_refused():
    assert "trail" in refusal(make(GOOD) + b"x")


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UsageError) as caught:
        open_zip(tmp_path / "none", error=UsageError, what="none")
    assert caught.value.code == "LM-INT-012"


def test_a_damaged_member_is_told_when_it_is_read():
    data = bytearray(make([("a", b"x" * 100), ("b", b"y")], method=zipfile.ZIP_STORED))
    data[40] ^= 1
    with open_zip(bytes(data), what="x.zip") as archive:
        assert archive.read("b") == b"y"
        with pytest.raises(IntegrityError, match="damaged") as caught:
            archive.read("a")
    assert caught.value.code == "LM-INT-012"


def test_any_changed_byte_is_refused_or_changes_no_meaning():
    data = make(GOOD)
    good = {member.name: member.size for member in open_zip(data).members}
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 0xFF
        try:
            with open_zip(bytes(changed)) as archive:
                for member in archive.members:
                    assert len(archive.read(member.name)) == member.size
                assert len(archive.members) <= len(good)
        except IntegrityError as error:
            assert error.code in {"LM-INT-006", "LM-INT-011", "LM-INT-012"}  # noqa: PT017
