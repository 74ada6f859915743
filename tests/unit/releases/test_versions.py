"""The version read back out of what was built; a broken or hostile archive tells none and breaks nothing."""

import gzip
import io
import json
import lzma
import struct
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.archives import make_tar, make_zip
from lotmark.base.digest import Digest
from lotmark.base.errors import RefusedError
from lotmark.product.models import DeviceSection
from lotmark.releases import _metadata
from lotmark.releases.api import read_artifact_version
from lotmark.releases.models import ArtifactFile

pytestmark = pytest.mark.verifies("REQ-020", "RC-008")


METADATA = b"Metadata-Version: 2.1\nName: qpcr\nVersion: 1.4.0\n\nVersion: 9.9.9 is only mentioned here\n"
WHEEL = [("qpcr/__init__.py", b""), ("qpcr-1.4.0.dist-info/METADATA", METADATA), ("qpcr-1.4.0.dist-info/RECORD", b"")]
SDIST = [("qpcr-1.4.0/setup.py", b""), ("qpcr-1.4.0/src/qpcr.egg-info/PKG-INFO", b"Version: 0.0.1\n"), ("qpcr-1.4.0/PKG-INFO", METADATA)]
NPM = [("package/index.js", b"x"), ("package/package.json", b'{"name": "qpcr", "version": "1.4.0"}')]


@pytest.fixture
def told(tmp_path):
    """The version that an artifact of that name and content tells."""

    def read(name, data, device=None):
        path = tmp_path / "blob"
        path.write_bytes(data)
        return read_artifact_version(ArtifactFile(name, path, len(data), Digest.of(data)), device)

    return read


GOOD = {
    "a wheel": ("qpcr-1.4.0-py3-none-any.whl", make_zip(WHEEL)),
    "a zip with metadata": ("qpcr.zip", make_zip(WHEEL)),
    "an sdist": ("qpcr-1.4.0.tar.gz", gzip.compress(make_tar(SDIST))),
    "an sdist that is not compressed": ("qpcr-1.4.0.tar", make_tar(SDIST)),
    "an npm package": ("qpcr-1.4.0.tgz", gzip.compress(make_tar(NPM))),
    "a header with spaces around": ("q.whl", make_zip([("q-1.dist-info/METADATA", b"Version:   1.4.0  \n\n")])),
    "several gzip members": ("q.tar.gz", gzip.compress(make_tar(SDIST)[:1024]) + gzip.compress(make_tar(SDIST)[1024:])),
}


@pytest.mark.parametrize(("name", "data"), GOOD.values(), ids=GOOD)
def test_a_package_tells_its_version(told, name, data):
    assert told(name, data) == "1.4.0"


def encrypted() -> bytes:
    data = bytearray(make_zip(WHEEL))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at >= 0:
            data[at + offset] |= 1
            at = data.find(mark, at + 4)
    return bytes(data)


def of_method(method: int) -> bytes:
    data = bytearray(make_zip(WHEEL))
    for mark, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = data.find(mark)
        while at >= 0:
            data[at + offset : at + offset + 2] = struct.pack("<H", method)
            at = data.find(mark, at + 4)
    return bytes(data)


def lying_size() -> bytes:
    """Says that its metadata is small and unpacks to much."""
    data = bytearray(make_zip([("q-1.dist-info/METADATA", b"Version: 1.4.0\n" + b"x" * 10_000_000)]))
    at = data.find(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 100)
    return bytes(data)


SILENT = {
    "no bytes": ("q.whl", b""),
    "noise": ("q.whl", b"\x00\xff" * 500),
    "half a zip": ("q.whl", make_zip(WHEEL)[:200]),
    "an encrypted zip": ("q.whl", encrypted()),
    "an unknown compression": ("q.whl", of_method(97)),
    "a wrong compression, lzma": ("q.whl", of_method(14)),
    "a wrong compression, bzip2": ("q.whl", of_method(12)),
    "a changed byte": ("q.whl", make_zip(WHEEL).replace(b"PK\x03\x04", b"PK\x03\x05", 2)),
    "a size that lies": ("q.whl", lying_size()),
    "metadata that are too large": ("q.whl", make_zip([("q-1.dist-info/METADATA", b"Version: 1.4.0\n" + b"x" * 5_000_000)])),
    "two metadata": ("q.whl", make_zip([*WHEEL, ("other-1.dist-info/METADATA", METADATA)])),
    "no metadata": ("q.zip", make_zip([("main.c", b"")])),
    "metadata too deep": ("q.whl", make_zip([("a/q-1.dist-info/METADATA", METADATA)])),
    "no version": ("q.whl", make_zip([("q-1.dist-info/METADATA", b"Name: q\n")])),
    "an empty version": ("q.whl", make_zip([("q-1.dist-info/METADATA", b"Version: \n")])),
    "two versions": ("q.whl", make_zip([("q-1.dist-info/METADATA", b"Version: 1.4.0\nVersion: 1.5.0\n")])),
    "a tar that is none": ("q.tar.gz", b"not gzip"),
    "gzip of no tar": ("q.tar.gz", gzip.compress(b"not tar" * 100)),
    "half a gzip": ("q.tar.gz", gzip.compress(make_tar(SDIST))[:-30]),
    "a tar with a broken header": ("q.tar", b"\x01" * 512 + make_tar(SDIST)),
    "an empty tar": ("q.tar", make_tar([])),
    "xz under the name of gzip": ("q.tar.gz", lzma.compress(make_tar(SDIST))),
    "two headers in an sdist": ("q.tar", make_tar([*SDIST, ("other/PKG-INFO", METADATA)])),
    "a header that is too large": ("q.tar", make_tar([("q/PKG-INFO", METADATA + b"x" * 5_000_000)])),
    "package.json that is no JSON": ("q.tgz", gzip.compress(make_tar([("package/package.json", b"{")]))),
    "package.json that is a list": ("q.tgz", gzip.compress(make_tar([("package/package.json", b"[1]")]))),
    "package.json without version": ("q.tgz", gzip.compress(make_tar([("package/package.json", b"{}")]))),
    "package.json with a number": ("q.tgz", gzip.compress(make_tar([("package/package.json", b'{"version": 1.4}')]))),
    "package.json with an empty version": ("q.tgz", gzip.compress(make_tar([("package/package.json", b'{"version": ""}')]))),
    "package.json without end": ("q.tgz", gzip.compress(make_tar([("package/package.json", b"[" * 100_000)]))),
    "package.json that is no text": ("q.tgz", gzip.compress(make_tar([("package/package.json", b"\xff\xfe\x00")]))),
    "another kind of file": ("q.deb", make_zip(WHEEL)),
    "an upper-case name": ("Q.WHL", make_zip(WHEEL)),
}


@pytest.mark.parametrize(("name", "data"), SILENT.values(), ids=SILENT)
def test_what_is_broken_or_says_nothing_tells_no_version(told, name, data):
    assert told(name, data) is None


def test_a_file_that_is_gone_tells_no_version(tmp_path):
    for name in ("q.whl", "q.tar", "q.tar.gz"):
        assert read_artifact_version(ArtifactFile(name, tmp_path / "gone", 1, Digest.of(b"")), None) is None


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_a_header_that_is_no_file_is_not_read(told, kind):
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        info = tarfile.TarInfo("q/PKG-INFO")
        info.type, info.linkname = kind, "/etc/hostname"
        archive.addfile(info)
    assert told("q.tar", target.getvalue()) is None


def test_a_bomb_is_left_after_the_limit(told, monkeypatch):
    monkeypatch.setattr(_metadata, "_MAX_UNPACKED", 1_000_000)
    bomb = gzip.compress(make_tar([("q/zeros", bytes(8_000_000)), ("q/PKG-INFO", METADATA)]))
    assert told("q.tar.gz", bomb) is None
    monkeypatch.setattr(_metadata, "_MAX_UNPACKED", 10_000_000)
    assert told("q.tar.gz", bomb) == "1.4.0"


def test_a_tar_of_too_many_members_is_left(told, monkeypatch):
    monkeypatch.setattr(_metadata, "_MAX_MEMBERS", 3)
    members = [(f"q/{number}", b"") for number in range(3)]
    assert told("q.tar", make_tar([("q/PKG-INFO", METADATA), *members])) is None


def giant(kind: bytes) -> bytes:
    """A header of a few bytes that claims eight exabytes."""
    info = tarfile.TarInfo("q/huge")
    info.size, info.type = 8**20, kind
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME], ids=["a file", "an extended header", "a long name"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_member_that_claims_to_be_a_giant_is_not_waited_for(told, kind, pack):
    assert told("q.tar" if pack is bytes else "q.tgz", pack(giant(kind) + make_tar(SDIST))) is None


@given(st.binary(max_size=300), st.sampled_from(["q.whl", "q.zip", "q.tar", "q.tgz"]), st.integers(0, 600))
def test_no_change_of_bytes_crashes_the_reader(tmp_path_factory, noise, name, at):
    whole = {"q.whl": make_zip(WHEEL), "q.zip": make_zip(WHEEL), "q.tar": make_tar(SDIST), "q.tgz": gzip.compress(make_tar(NPM))}[name]
    data = whole[:at] + noise + whole[at + len(noise) :]
    path = tmp_path_factory.mktemp("noise") / "blob"
    path.write_bytes(data)
    version = read_artifact_version(ArtifactFile(name, path, len(data), Digest.of(data)), None)
    assert version is None or isinstance(version, str)


class TestFirmware:
    IMAGE = b"\x7fELF\x00\xff" + b"LP-FW v1.4.0\x00" + b"\xff" * 100

    def read(self, told, pattern):
        return told("fw.bin", self.IMAGE, DeviceSection(models=["LP-1"], version_pattern=pattern))

    def test_the_version_stands_in_the_bytes(self, told):
        assert self.read(told, r"LP-FW v([0-9.]+)\x00") == "1.4.0"

    @pytest.mark.parametrize(
        "pattern", ["LP-XX v(.*)", "LP-FW v", "LP-FW v1.4.0(beta)?", "LP-FW v()"], ids=["no match", "no group", "group not taken", "empty"]
    )
    def test_bytes_that_do_not_say_it_tell_no_version(self, told, pattern):
        assert self.read(told, pattern) is None

    def test_a_version_that_is_no_text_is_shown_and_never_equal(self, told):
        assert self.read(told, rb"ELF\x00(.)".decode()) == "\ufffd"

    def test_a_pattern_that_is_none_is_refused(self, told):
        with pytest.raises(RefusedError, match="not a regular expression") as error:
            self.read(told, "(")
        assert error.value.code == "LM-REL-003"

    def test_a_device_without_pattern_tells_what_its_package_tells(self, told):
        assert told("q.whl", make_zip(WHEEL), DeviceSection(models=["LP-1"])) == "1.4.0"
        assert told("fw.bin", self.IMAGE, DeviceSection(models=["LP-1"])) is None


@pytest.mark.parametrize("name", ["fw.bin", "q.whl"])
def test_a_pattern_may_be_declared_for_any_artifact(tmp_path, name):
    data = b"\x00version=7.7.7;"
    (tmp_path / "blob").write_bytes(data)
    file = ArtifactFile(name, tmp_path / "blob", len(data), Digest.of(data))
    assert read_artifact_version(file, None, "version=([^;]+)") == "7.7.7"
    assert read_artifact_version(file, DeviceSection(models=["m"]), "version=([^;]+)") == "7.7.7"
    assert read_artifact_version(file, DeviceSection(models=["m"], version_pattern="version=(.)"), "version=([^;]+)") == "7"


def test_the_examples_of_this_file_are_what_they_say():
    with zipfile.ZipFile(io.BytesIO(encrypted())) as archive, pytest.raises(RuntimeError):
        archive.read("qpcr-1.4.0.dist-info/METADATA")
    assert json.loads(NPM[1][1])["version"] == "1.4.0"


def test_a_pattern_without_a_device_reads_the_version_out_of_any_artifact(tmp_path):
    from lotmark.base.digest import Digest
    from lotmark.releases.api import read_artifact_version
    from lotmark.releases.models import ArtifactFile

    path = tmp_path / "tool.bin"
    path.write_bytes(b"\x00\xffTOOL-VERSION=3.1.4\x00")
    artifact = ArtifactFile("tool.bin", path, path.stat().st_size, Digest.of_file(path))
    assert read_artifact_version(artifact, None) is None
    assert read_artifact_version(artifact, None, r"TOOL-VERSION=([0-9.]+)") == "3.1.4"
    assert read_artifact_version(artifact, None, r"OTHER=([0-9.]+)") is None
