"""`names/openings.json`: which names a bundle opens, and that each is the one to which a signature commits."""

import base64
import json

import pytest

from fakes.bundles import expect, pack, unpack, verify
from fakes.keyring import person
from fakes.release_log import ReleaseLog
from lotmark.attest.models import Person
from lotmark.dossier._openings import OPENINGS, format_openings
from lotmark.records.api import Disclosure, commit, kept_commitments

pytestmark = pytest.mark.verifies("REQ-352", "REQ-019", "RC-002", "HAZ-003")


def sealed(value, salt=b"s"):
    salt = salt * 32
    return Disclosure(commit(salt, value), salt, value)


QUINN, RENE = sealed("quinn@example.org"), sealed("rené@example.org", b"t")
STRANGER = sealed("mallory@example.org")


@pytest.fixture(scope="module")
def log():
    """Quinn and Rene stand in their key events with commitments for their addresses."""
    made = ReleaseLog()
    made.sealed = {name: Person(person(name).id, person(name).name, found.commitment) for name, found in (("quinn", QUINN), ("rene", RENE))}
    return made.record()


@pytest.fixture
def bundle(log, tmp_path):
    place = tmp_path / "bundle.zip"
    log.bundle(place, openings=[RENE, QUINN])
    return place


def test_what_signatures_speak_of_is_found_and_nothing_else(log):
    assert kept_commitments(log.reader.entries()) == {QUINN.commitment, RENE.commitment}


def test_a_bundle_opens_them_and_verifying_says_how_many(bundle):
    wire = json.loads(unpack(bundle)[OPENINGS])["openings"]
    assert [each["commitment"] for each in wire] == sorted([QUINN.commitment, RENE.commitment])
    assert {each["value"] for each in wire} == {QUINN.value, RENE.value}
    report = verify(bundle)
    assert report.exit_code == 0
    assert "2 names and addresses opened" in report.steps[4].detail


def test_one_is_told_as_one(log, tmp_path):
    log.bundle(tmp_path / "one.zip", openings=[QUINN])
    assert "1 name or address opened" in verify(tmp_path / "one.zip").steps[4].detail


def test_a_bundle_without_any_has_no_such_file(log, tmp_path):
    log.bundle(tmp_path / "none.zip")
    assert OPENINGS not in unpack(tmp_path / "none.zip")
    assert format_openings([]) == b""
    report = verify(tmp_path / "none.zip")
    assert report.exit_code == 0
    assert "opened" not in report.steps[4].detail


def test_the_same_openings_give_the_same_bytes_in_any_order(log, tmp_path):
    log.bundle(tmp_path / "one.zip", openings=[QUINN, RENE])
    log.bundle(tmp_path / "two.zip", openings=[RENE, QUINN])
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def changed(bundle, tmp_path, data):
    return verify(pack(tmp_path / "changed.zip", {**unpack(bundle), OPENINGS: data}))


@pytest.mark.parametrize(
    ("openings", "words"),
    [
        pytest.param([Disclosure(QUINN.commitment, QUINN.salt, "mallory@example.org")], "is not the value of", id="another name"),
        pytest.param([Disclosure(QUINN.commitment, bytes(32), QUINN.value)], "is not the value of", id="another salt"),
        pytest.param([Disclosure(RENE.commitment, QUINN.salt, QUINN.value)], "is not the value of", id="another commitment"),
        pytest.param([Disclosure(QUINN.commitment, b"", QUINN.value)], "is not the value of", id="no salt"),
        # SHA-256 runs over salt and value in a row: a longer salt with a shorter value would pass for another name.
        pytest.param([Disclosure(QUINN.commitment, QUINN.salt + b"quinn", "@example.org")], "is not the value of", id="a part of the name as salt"),
        pytest.param([STRANGER], "no signature in the bundle speaks of", id="a name of which no record speaks"),
    ],
)
def test_a_name_that_was_not_signed_is_refused(bundle, tmp_path, openings, words):
    expect(changed(bundle, tmp_path, format_openings(openings)), 5, "LM-DOS-023", words)


def wire(*openings):
    return json.dumps({"openings": list(openings)}, separators=(",", ":"), sort_keys=True).encode() + b"\n"


ONE = {"commitment": QUINN.commitment, "salt": base64.b64encode(QUINN.salt).decode(), "value": QUINN.value}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[]", id="no mapping"),
        pytest.param(wire(), id="nothing opened"),
        pytest.param(wire({**ONE, "more": 1}), id="an unknown member"),
        pytest.param(wire({"commitment": QUINN.commitment, "value": QUINN.value}), id="no salt"),
        pytest.param(wire({**ONE, "value": ""}), id="an empty name"),
        pytest.param(wire({**ONE, "value": "x" * 1001}), id="a name without end"),
        pytest.param(wire({**ONE, "salt": "not base64!"}), id="a salt that is no base64"),
        pytest.param(wire(ONE, ONE), id="one twice"),
        pytest.param(wire(ONE)[:-1], id="another form of the same"),
        pytest.param(b'{"openings": [], "openings": []}', id="a member twice"),
    ],
)
def test_a_file_of_another_form_is_refused(bundle, tmp_path, data):
    expect(changed(bundle, tmp_path, data), 5, "LM-DOS-023", "openings")


def test_any_changed_byte_of_the_file_is_told(bundle, tmp_path):
    good = unpack(bundle)[OPENINGS]
    for position in range(0, len(good), max(1, len(good) // 16)):
        data = bytearray(good)
        data[position] ^= 0x01
        assert changed(bundle, tmp_path, bytes(data)).exit_code == 6, position
