"""Names, files and markers."""

import os

import pytest
from packageurl import PackageURL

from lotmark.base.errors import UsageError
from lotmark.supply._files import FolderFiles
from lotmark.supply._findings import find_date
from lotmark.supply._markers import Markers
from lotmark.supply._names import format_purl, names_version, normalise_name, refers_to
from lotmark.supply._readers._reading import find_hash, find_integrity, group_scope

pytestmark = pytest.mark.verifies("REQ-014", "RC-011", "HAZ-002")


@pytest.mark.parametrize(("ecosystem", "name", "expected"), [("PyPI", "Zope.Interface__X", "zope-interface-x"), ("npm", "JSONStream", "JSONStream")])
def test_names_are_normalised_per_ecosystem(ecosystem, name, expected):
    assert normalise_name(ecosystem, name) == expected


@pytest.mark.parametrize(
    ("ecosystem", "name", "version"),
    [("PyPI", "zope-interface", "1.0"), ("PyPI", "a", "1!2.0+local.1"), ("npm", "@scope/a", "1.0.0-rc.1+build"), ("npm", "a", "1.0.0")],
)
def test_purls_are_canonical(ecosystem, name, version):
    purl = format_purl(ecosystem, name, version)
    assert PackageURL.from_string(purl).to_string() == purl
    assert PackageURL.from_string(purl).version == version


@pytest.mark.parametrize(
    ("reference", "refers"),
    [
        ("@s/a", True),
        ("@s/a@1.0.0", True),
        ("@s/a@1.0.1", False),
        ("@s/b", False),
        ("a", False),
        ("pkg:npm/%40s/a@1.0.0", True),
        ("pkg:npm/%40s/a", True),
        ("pkg:npm/%40s/a@2", False),
        ("@", False),
    ],
)
def test_references_to_scoped_components(reference, refers):
    assert refers_to(reference, "npm", "@s/a", "1.0.0") is refers


@pytest.mark.parametrize("reference", ["heap_4", "heap_4@1.0", "generic/heap_4", "generic/heap_4@1.0", "pkg:generic/heap_4", "pkg:generic/heap_4@1.0"])
def test_a_component_without_a_registry_is_called_with_or_without_its_type(reference):
    assert refers_to(reference, "other", "generic/heap_4", "1.0")
    assert not refers_to(reference, "other", "generic/heap_5", "1.0")
    assert names_version(reference) is ("1.0" in reference)


@pytest.mark.parametrize(("reference", "one"), [("@s/a", False), ("@s/a@1", True), ("pkg:npm/@s/a", False), ("pkg:npm/%40s/a@1", True), ("pkg:", False)])
def test_a_scope_is_no_version(reference, one):
    assert names_version(reference) is one


def test_files_are_read_within_limits(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    files = FolderFiles(tmp_path)
    assert files.read("a", 5) == b"12345"
    with pytest.raises(OSError, match="more than 4 bytes"):
        files.read("a", 4)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileNotFoundError):
        files.read("pipe", 5)
    with pytest.raises(UsageError):
        files.read("../a", 5)


def test_markers_are_evaluated_for_the_declared_python():
    markers = Markers("3.9.18")
    assert markers.holds("python_version < '3.10' and python_full_version >= '3.9.18'")
    assert markers.holds("extra == 'x'", "x")
    assert not markers.holds("extra == 'x'")
    assert markers.holds("")
    assert not Markers(None).decisive


@pytest.mark.parametrize(
    "marker",
    ["what", "python_version ~ '3'", "os_name == ", "python_version > 'x' and ???", "(" * 20_000 + "os_name == 'x'"],
    ids=["word", "operator", "open", "rest", "deep"],
)
@pytest.mark.parametrize("python", [None, "3.11.7"])
def test_what_is_no_marker_is_refused(marker, python):
    with pytest.raises(ValueError, match="not an environment marker"):
        Markers(python).holds(marker)


def test_hash_words():
    assert find_hash("sha256:" + "A" * 64) == ("sha256", "a" * 64)
    assert find_hash("sha1:" + "a" * 40) is None
    assert find_integrity("sha1-x sha512-" + "A" * 86 + "==?opt") == (("sha512", "0" * 128),)
    assert find_integrity("sha512-AAAA") == ()


def test_groups_and_dates():
    assert (group_scope("build"), group_scope("build-tools"), group_scope("rebuild"), group_scope("dev")) == ("build", "build", "test", "test")
    assert find_date("2026-02-30") is None
    # Python reads these too, but nobody who compares texts.
    assert [find_date(text) for text in ("20260228", "2026-W09-1", "2026W0911", "2026-2-28", "2026-02-28 ", "")] == [None] * 6
