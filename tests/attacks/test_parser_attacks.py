"""Hostile files at the command line: each is refused with its code and exit code, and nothing is written (attacks P01 to P12)."""

import io
import json
import os
import stat
import struct
import tarfile
import time
import zipfile

import pytest

from fakes.bundles import pack, unpack
from fakes.tiny_product import call
from lotmark.dossier._bundle_manifest import MANIFEST

pytestmark = pytest.mark.verifies("REQ-052", "RC-001", "HAZ-001")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A sound bundle and the trust file for it, made once."""
    from fakes.tiny_world import released

    folder = tmp_path_factory.mktemp("bundle")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(folder))
        tiny = released().copy(folder / "tiny")
        assert tiny.cli("release", "bundle", "-o", str(folder / "good.zip")).code == 0
    return folder / "good.zip", tiny.folder / "trust.json"


@pytest.fixture
def world(made, tmp_path, monkeypatch):
    """Verifies what a test writes, in a folder of its own, and holds that nothing else came into being."""
    bundle, trust = made
    monkeypatch.chdir(tmp_path)

    class World:
        files = unpack(bundle)
        good = bundle.read_bytes()

        def verify(self, data, *, trust_data=None):
            (tmp_path / "x.zip").write_bytes(data)
            (tmp_path / "trust.json").write_bytes(trust.read_bytes() if trust_data is None else trust_data)
            before = snapshot(tmp_path)
            called = call("verify", "x.zip", "--trust", "trust.json")
            assert snapshot(tmp_path) == before
            return called

        def repack(self, changes):
            files = {name: data for name, data in {**self.files, **changes}.items() if data is not None}
            return pack(tmp_path / "packed.zip", files).read_bytes()

    world = World()
    assert world.verify(world.good).code == 0
    return world


def snapshot(folder):
    return {path.relative_to(folder): (path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(folder.rglob("*"))}


def refused(called, code, exit_code, *words):
    said = called.out + called.err
    assert (called.code, code in said) == (exit_code, True), said
    for word in words:
        assert word in said, said


# ---- JSON: P01 to P05

TRUST = json.dumps({"lotmarkTrust": 1, "origin": "example.org/tiny", "logKey": "k", "roots": ["r"], "witnesses": [], "quorum": 0}).encode()

HOSTILE_JSON = {
    "P01 duplicate key": (TRUST.replace(b'"quorum": 0', b'"quorum": 3, "quorum": 0'), "LM-INT-002"),
    "P01 duplicate key, one escaped": (TRUST.replace(b'"quorum": 0', b'"quorum": 3, "\\u0071uorum": 0'), "LM-INT-002"),
    "P02 100,000 arrays": (b"[" * 100_000, "LM-INT-005"),
    "P02 64 KiB of braces": (b'{"a":' * 13_108, "LM-INT-005"),
    "P02 closed arrays": (b"[" * 50_000 + b"]" * 50_000, "LM-INT-005"),
    "P04 NaN": (TRUST.replace(b'"quorum": 0', b'"quorum": NaN'), "LM-INT-003"),
    "P04 Infinity": (TRUST.replace(b'"quorum": 0', b'"quorum": -Infinity'), "LM-INT-003"),
    "P04 1e999": (TRUST.replace(b'"quorum": 0', b'"quorum": 1e999'), "LM-INT-003"),
    "P04 2^64+1": (TRUST.replace(b'"quorum": 0', b'"quorum": 18446744073709551617'), "LM-INT-003"),
    "P05 byte order mark": (b"\xef\xbb\xbf" + TRUST, "LM-INT-004"),
    "P05 UTF-16": (TRUST.decode().encode("utf-16"), "LM-INT-004"),
    "P05 half a pair": (TRUST.replace(b"example.org", b"\\ud800"), "LM-INT-004"),
    "P05 Latin-1": (TRUST.replace(b"example", b"ex\xe4mple"), "LM-INT-004"),
    "something behind": (TRUST + b"{}", "LM-INT-001"),
}


def cases(table):
    return [
        pytest.param(*values, id=name, marks=pytest.mark.attack(name[:3])) if name[0] == "P" else pytest.param(*values, id=name)
        for name, values in table.items()
    ]


@pytest.mark.parametrize(("data", "code"), cases(HOSTILE_JSON))
def test_p01_p02_p04_p05_a_hostile_trust_file_is_a_wrong_file(world, data, code):
    begun = time.process_time()
    refused(world.verify(world.good, trust_data=data), code, 2, "help:")
    assert time.process_time() - begun < 5  # an attack on the parser takes minutes or the stack, this takes milliseconds


@pytest.mark.parametrize(("data", "code"), cases(HOSTILE_JSON))
def test_p01_p02_p04_p05_hostile_json_in_a_bundle_breaks_it(world, data, code):
    called = world.verify(world.repack({"log/proofs.json": data}))
    assert called.code == 6
    assert "broken: do not rely on it" in called.out
    assert code in called.out or "LM-DOS" in called.out


@pytest.mark.attack("P05")
@pytest.mark.attack("P11")
@pytest.mark.parametrize(
    "origin", ["a\\nb", "a\\u0000b", "\\u2014 evil.example AAAA", "a b", "a+b"], ids=["line feed", "NUL", "signature line", "space", "plus"]
)
def test_p11_a_name_that_would_make_lines_of_its_own_is_not_allowed(world, origin):
    refused(world.verify(world.good, trust_data=TRUST.replace(b"example.org/tiny", origin.encode())), "LM-ATT-050", 2)


@pytest.mark.attack("P03")
def test_p03_a_file_beyond_the_limit_is_refused_unread(tmp_path, made, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "huge.zip").open("wb") as stream:
        stream.truncate((1 << 30) + 1)  # sparse
    begun = time.process_time()
    refused(call("verify", "huge.zip", "--trust", str(made[1])), "LM-DOS-001", 6, "ARCHIVE_UNSAFE", "more than")
    assert time.process_time() - begun < 5


@pytest.mark.attack("P03")
def test_p03_a_file_without_end_is_left_at_once(made):
    refused(call("verify", "/dev/zero", "--trust", str(made[1])), "LM-DOS-001", 6)


# ---- identifiers: P06

LOOK_ALIKES = {
    "full-width": "\uff32\uff25\uff31-001",
    "Cyrillic": "R\u0415Q-001",
    "trailing space": "REQ-001\u00a0",
    "combining": "RE\u0301Q-001",
    "invisible": "REQ\u200b-001",
}


@pytest.mark.attack("P06")
@pytest.mark.parametrize("identifier", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_p06_an_identifier_that_looks_like_another_is_refused(tiny, identifier):
    assert tiny.cli("check").code == 0
    path = next((tiny.root / "quality" / "requirements").glob("REQ-*.md"))
    path.write_text(path.read_text(encoding="utf-8").replace(f"id: {path.stem}", f"id: {identifier}"), encoding="utf-8")
    called = tiny.cli("check")
    assert called.code in {1, 2}, called.out + called.err
    assert "LM-" in called.out + called.err
    assert "help:" in called.out + called.err


# ---- XML: P07

XML = {
    "billion laughs": "<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>]><testsuite><testcase name='&b;'/></testsuite>",
    "quadratic blow-up": f"<!DOCTYPE l [<!ENTITY a '{'x' * 50_000}'>]><testsuite><testcase name='t'>{'&a;' * 20_000}</testcase></testsuite>",
    "external entity": "<!DOCTYPE l [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><testsuite><testcase name='&a;'/></testsuite>",
    "document type": "<!DOCTYPE testsuite SYSTEM 'http://127.0.0.1:9/x.dtd'><testsuite><testcase name='t'/></testsuite>",
    "100,000 elements deep": "<testsuite>" + "<x>" * 100_000 + "</x>" * 100_000 + "</testsuite>",
}


@pytest.mark.attack("P07")
@pytest.mark.parametrize("text", XML.values(), ids=XML)
def test_p07_hostile_test_results_are_refused(tiny, tmp_path, text):
    (tmp_path / "r.xml").write_text(text)
    before = tiny.size()
    called = tiny.cli("test", "collect", "unit", str(tmp_path / "r.xml"))
    assert called.code == 1, called.out + called.err
    assert "LM-MTX-00" in called.out + called.err
    assert "passed" not in called.out.split("LM-MTX")[0] or "0 passed" in called.out
    assert tiny.size() == before


# ---- archives: P08, P09


def tar(*members):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, kind, target in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info)
    return stream.getvalue()


TARS = {
    "parent": tar(("../evil", tarfile.REGTYPE, "")),
    "absolute": tar(("/tmp/evil", tarfile.REGTYPE, "")),
    "link, then through it": tar(("a", tarfile.SYMTYPE, "/tmp"), ("a/evil", tarfile.REGTYPE, "")),
    "hard link out": tar(("a", tarfile.LNKTYPE, "../../etc/passwd")),
    "device": tar(("a", tarfile.BLKTYPE, "")),
    "twice": tar(("a", tarfile.REGTYPE, ""), ("a", tarfile.REGTYPE, "")),
    "case": tar(("a", tarfile.REGTYPE, ""), ("A", tarfile.REGTYPE, "")),
}


@pytest.mark.attack("P08")
@pytest.mark.parametrize("data", TARS.values(), ids=TARS)
def test_p08_a_tar_is_no_bundle_whatever_is_in_it(world, data):
    refused(world.verify(data), "LM-DOS-001", 6, "ARCHIVE_UNSAFE")


def zipped(*members, method=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data, mode in members:
            info = zipfile.ZipInfo(name)
            info.external_attr, info.create_system, info.compress_type = mode << 16, 3, method
            archive.writestr(info, data)
    return stream.getvalue()


FILE = stat.S_IFREG | 0o644
ZIPS = {
    "parent": zipped(("../evil", b"x", FILE)),
    "absolute": zipped(("/tmp/evil", b"x", FILE)),
    "backslash": zipped(("..\\evil", b"x", FILE)),
    "link": zipped(("a", b"/etc/passwd", stat.S_IFLNK | 0o777)),
    "bomb": zipped(("a", bytes(50 << 20), FILE), method=zipfile.ZIP_DEFLATED),
    "case": zipped(("A", b"x", FILE), ("a", b"x", FILE)),
    "not a zip": b"hello",
    "nothing": b"",
}


@pytest.mark.attack("P09")
@pytest.mark.parametrize("data", ZIPS.values(), ids=ZIPS)
def test_p09_a_hostile_zip_is_refused_before_a_file_is_read(world, data):
    refused(world.verify(data), "LM-DOS-001", 6, "ARCHIVE_UNSAFE")


def directory(data):
    """The offset of the first record of the directory."""
    return struct.unpack_from("<I", data, len(data) - 6)[0]


def at(data, offset, form, value):
    changed = bytearray(data)
    struct.pack_into(form, changed, offset, value)
    return bytes(changed)


@pytest.mark.attack("P09")
@pytest.mark.parametrize(
    "change",
    [
        lambda good: at(good, directory(good) + 8, "<H", 1),
        lambda good: at(good, directory(good) + 42, "<I", 7),
        lambda good: at(good, directory(good) + 10, "<H", 8),
        lambda good: at(good, directory(good) + 24, "<I", 0xFFFFFFF0),
        lambda good: good + b"x",
        lambda good: b"x" + good,
        lambda good: good[:-1],
        lambda good: good + good,
    ],
    ids=["encrypted", "overlapping", "compressed", "claims 4 GiB", "bytes behind", "bytes before", "cut off", "twice"],
)
def test_p09_a_bundle_that_was_bent_is_refused(world, change):
    refused(world.verify(change(world.good)), "LM-DOS-001", 6, "ARCHIVE_UNSAFE")


# ---- files against the manifest: P12


@pytest.mark.attack("P12")
def test_p12_other_bytes_an_extra_file_and_a_missing_one_are_told(world, tmp_path):
    manifest = world.files[MANIFEST]

    def bundle(changes):
        files = {name: data for name, data in {**world.files, **changes, MANIFEST: manifest}.items() if data is not None}
        return pack(tmp_path / "packed.zip", files, honest=False).read_bytes()

    name = next(name for name in world.files if name.startswith("blobs/"))
    refused(world.verify(bundle({"dossier.html": b"<html>released</html>"})), "LM-DOS-004", 6, "DIGEST_MISMATCH", "dossier.html")
    refused(world.verify(bundle({name: os.urandom(9)})), "LM-DOS-004", 6, "DIGEST_MISMATCH")
    refused(world.verify(bundle({"blobs/sha256/" + "0" * 64: b"extra"})), "LM-DOS-005", 6, "UNLISTED")
    refused(world.verify(bundle({name: None})), "LM-DOS-006", 6, "MISSING")
