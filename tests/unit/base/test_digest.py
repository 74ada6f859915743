"""Digest: a SHA-256 in one spelling."""

import hashlib

import pytest

from lotmark.base.digest import Digest

pytestmark = pytest.mark.verifies("REQ-025")


EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_the_digest_of_bytes_is_that_of_fips_180_4():
    assert Digest.of(b"").hex == EMPTY
    assert Digest.of(b"abc").hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_file_has_the_digest_of_its_bytes_however_long(tmp_path):
    data = bytes(range(256)) * 20_000
    (tmp_path / "f").write_bytes(data)
    assert Digest.of_file(tmp_path / "f") == Digest.of(data)


def test_a_folder_has_no_digest(tmp_path):
    with pytest.raises(OSError):
        Digest.of_file(tmp_path)


@pytest.mark.parametrize(
    "text",
    ["", "sha256:", EMPTY.upper(), EMPTY[:-1], EMPTY + "0", EMPTY + "\n", " " + EMPTY, f"sha256:sha256:{EMPTY}", f"sha512:{EMPTY}", "g" * 64, "０" * 64],
    ids=["empty", "prefix", "upper case", "short", "long", "line feed", "space", "prefix twice", "other algorithm", "no hex", "wide digits"],
)
def test_any_other_spelling_is_refused(text):
    with pytest.raises(ValueError, match="not a lower-case SHA-256"):
        Digest.parse(text)


@pytest.mark.parametrize("text", [EMPTY, f"sha256:{EMPTY}"])
def test_both_spellings_are_the_same_digest(text):
    digest = Digest.parse(text)
    assert (digest.hex, str(digest), digest.short(), digest.digest_set) == (EMPTY, f"sha256:{EMPTY}", EMPTY[:12], {"sha256": EMPTY})
    assert digest.raw == hashlib.sha256().digest()


def test_digests_have_an_order_and_are_keys():
    low, high = Digest("0" * 64), Digest("f" * 64)
    assert sorted([high, low]) == [low, high]
    assert len({low, Digest("0" * 64)}) == 1
