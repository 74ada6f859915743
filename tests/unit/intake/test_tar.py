"""Tars of others: plain files are read; links, devices, doubled names and bombs are refused."""

import bz2
import gzip
import io
import lzma
import os
import tarfile

import pytest

from lotmark.base.errors import IntegrityError, UsageError
from lotmark.intake.api import ARCHIVE_LIMITS, open_tar
from lotmark.intake.models import ArchiveLimits, ArchiveMember

pytestmark = pytest.mark.verifies("REQ-052", "RC-001")


def entry(name, kind=tarfile.REGTYPE, **fields):
    made = tarfile.TarInfo(name)
    made.type = kind
    for key, value in fields.items():
        setattr(made, key, value)
    return made


def make(members, *, form=tarfile.PAX_FORMAT):
    """A tar of (name or TarInfo, bytes)."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        for name, data in members:
            info = name if isinstance(name, tarfile.TarInfo) else entry(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def refusal(data, limits=ARCHIVE_LIMITS, code="LM-INT-011"):
    with pytest.raises(IntegrityError) as caught:
        open_tar(data, limits, what="x.tar")
    assert (caught.value.code, caught.value.reason.startswith("x.tar: ")) == (code, True)
    return caught.value.reason


GOOD = [("a.txt", b"one"), ("folder/b.bin", os.urandom(2000)), ("folder/" + "long" * 60, b""), ("ü", b"three")]


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT], ids=["pax", "gnu"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress], ids=["plain", "gzip", "bzip2", "xz"])
def test_plain_files_are_listed_and_read(form, pack):
    with open_tar(pack(make(GOOD, form=form))) as archive:
        assert archive.members == tuple(ArchiveMember(name, len(data)) for name, data in GOOD)
        assert [archive.read(member.name) for member in archive.members] == [data for _, data in GOOD]


def test_folders_and_the_leading_dot_of_tar_are_no_names_of_their_own(tmp_path):
    members = [(entry("./", tarfile.DIRTYPE), b""), (entry("./sub", tarfile.DIRTYPE), b""), ("./sub/a", b"x"), (entry(".", tarfile.DIRTYPE), b"")]
    (tmp_path / "x.tar").write_bytes(make(members))
    with open_tar(tmp_path / "x.tar") as archive:
        assert archive.members == (ArchiveMember("sub/a", 1),)
    assert open_tar(make([])).members == ()


NAMES = {
    "parent": "../outside",
    "absolute": "/etc/passwd",
    "parent inside": "a/../../x",
    "drive": "C:x",
    "backslash": "a\\b",
    "line feed": "a\nb",
    "dots": "a/./b",
}


@pytest.mark.attack("P08")
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_p08_a_name_that_leads_elsewhere_is_refused(name):
    assert "name" in refusal(make([("good", b""), (name, b"x")]))


KINDS = {
    "link out": entry("x", tarfile.SYMTYPE, linkname="/etc/passwd"),
    "link inside": entry("x", tarfile.SYMTYPE, linkname="good"),
    "hard link": entry("x", tarfile.LNKTYPE, linkname="../../etc/shadow"),
    "block device": entry("x", tarfile.BLKTYPE, devmajor=8),
    "character device": entry("x", tarfile.CHRTYPE, devmajor=1),
    "pipe": entry("x", tarfile.FIFOTYPE),
}


@pytest.mark.attack("P08")
@pytest.mark.parametrize("member", KINDS.values(), ids=KINDS)
def test_p08_what_is_no_plain_file_is_refused(member):
    refusal(make([("good", b""), (member, b"")]))


@pytest.mark.attack("P08")
def test_p08_a_write_through_a_link_is_refused_before_it():
    """A link to a folder outside, then a file below it."""
    assert "link" in refusal(make([(entry("x", tarfile.SYMTYPE, linkname="/tmp"), b""), ("x/evil", b"x")]))


@pytest.mark.attack("P08")
@pytest.mark.parametrize(
    "names", [("a", "a"), ("a", "A"), ("a", "a/b"), ("d/x", "D/y"), ("a", "./a")], ids=["twice", "case", "file then folder", "folder case", "dot"]
)
def test_p08_two_names_for_one_file_are_refused(names):
    refusal(make([(name, b"") for name in names]))


def test_sparse_files_are_refused():
    member = entry("x")
    member.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "x", "GNU.sparse.realsize": str(1 << 40)}
    with pytest.raises(IntegrityError) as caught:
        open_tar(make([(member, b"0\n" + b"\0" * 510)]))
    assert caught.value.code in {"LM-INT-011", "LM-INT-012"}


@pytest.mark.attack("P08")
@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (ArchiveLimits(max_members=2), "more than 2 members"),
        (ArchiveLimits(max_member=99), "more than 99"),
        (ArchiveLimits(max_total=299), "more than 299"),
    ],
    ids=["count", "member", "total"],
)
def test_p08_an_archive_is_read_up_to_its_limits(limits, told):
    data = make([(name, os.urandom(100)) for name in "abc"])
    assert told in refusal(data, limits)
    assert len(open_tar(data, ArchiveLimits(max_bytes=len(data), max_members=3, max_member=100, max_total=300)).members) == 3
    refusal(data, ArchiveLimits(max_bytes=len(data) - 1), "LM-INT-006")


@pytest.mark.attack("P08")
@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress], ids=["gzip", "bzip2", "xz"])
def test_p08_a_bomb_is_stopped_while_it_unfolds(pack):
    bomb = pack(b"\0" * (64 << 20))
    assert "times its size" in refusal(bomb)
    assert "more than" in refusal(pack(make([("x", os.urandom(300_000))])), ArchiveLimits(max_total=1000, max_members=1))


def test_a_header_that_claims_more_than_there_is_is_told():
    data = bytearray(make([("x", b"y" * 600)]))
    data = bytes(data[:1024])
    with pytest.raises(IntegrityError) as caught, open_tar(data) as archive:
        archive.read("x")
    assert caught.value.code == "LM-INT-012"


@pytest.mark.parametrize(
    "data",
    [b"", b"hello" * 200, b"\x1f\x8b not gzip", gzip.compress(b"not a tar" * 100), gzip.compress(make(GOOD))[:-20], b"PK\3\4" + b"\0" * 600],
    ids=["nothing", "text", "no gzip", "gzip of text", "cut off", "zip"],
)
def test_what_is_no_tar_is_told(data):
    refusal(data, code="LM-INT-012")


def test_the_error_is_of_the_class_that_was_asked_for(tmp_path):
    with pytest.raises(UsageError) as caught:
        open_tar(tmp_path / "none", error=UsageError)
    assert caught.value.code == "LM-INT-012"
    with pytest.raises(UsageError):
        open_tar(make([("../x", b"")]), error=UsageError)
