"""Whichever single byte changes, in the database, a blob, a tile or a bundle, is reported; or it is a byte that nothing reads."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.bundles import unpack, verify
from fakes.keyring import signer
from fakes.ledger import ORIGIN, REGISTRY, founding, note, policy
from fakes.release_log import ReleaseLog
from lotmark.attest.models import Trust
from lotmark.base.digest import Digest
from lotmark.base.errors import LotmarkError
from lotmark.ledger import api

pytestmark = pytest.mark.verifies("REQ-005", "REQ-006", "REQ-019", "RC-003", "RC-009", "HAZ-005")

WHERE = st.floats(0, 1, exclude_max=True)
BITS = st.integers(1, 255)
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A closed ledger of some entries with blobs, its export as tiles, and a bundle of a release."""
    folder = tmp_path_factory.mktemp("bytes")
    with api.create_ledger(folder / "ledger", ORIGIN, signer("log")) as ledger:
        ledger.append(founding())
        for number in range(9):
            blob = ledger.blobs.put(f"blob {number}".encode() * 40)
            ledger.append([note(f"text {number}", blobs=(blob,))])
        api.export_tiles(ledger, api.ObjectFolder(folder / "tiles"), verified)
    ReleaseLog().record().bundle(folder / "bundle.zip")
    return folder


def verified(data):
    return api.verify_by_log_keys(data, policy(), Trust())


def flip(path: Path, where: float, bits: int) -> int:
    """Change one byte of the file; gives its position."""
    data = bytearray(path.read_bytes())
    position = int(where * len(data))
    data[position] ^= bits
    path.chmod(0o644)
    path.write_bytes(data)
    return position


def pick(paths, where):
    paths = sorted(path for path in paths if path.is_file() and path.stat().st_size)
    return paths[int(where * len(paths))]


def copied(made, name):
    target = made / "changed" / name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(made / name, target)
    return target


def content(folder):
    """Everything that the ledger says."""
    with api.open_ledger(folder) as ledger:
        entries = list(ledger.entries())
        said = [(entry.header_bytes, ledger.envelope(entry).raw, ledger.entry_blobs(entry), ledger.receipt(entry.index).to_json()) for entry in entries]
        return said, ledger.checkpoint(), sorted(ledger.blobs)


@QUICK
@given(where=WHERE, bits=BITS)
def test_any_byte_of_the_database(made, where, bits):
    """SQLite has bytes that hold nothing (free space of a page, counters in its head): with those the ledger says what it said."""
    folder = copied(made, "ledger")
    position = flip(folder / "ledger.db", where, bits)
    try:
        report = api.fsck(folder, policy(), REGISTRY)
    except LotmarkError:
        return
    if report.is_sound:
        assert content(folder) == content(made / "ledger"), f"byte {position}"


@QUICK
@given(which=WHERE, where=WHERE, bits=BITS)
def test_any_byte_of_a_blob(made, which, where, bits):
    folder = copied(made, "ledger")
    path = pick((folder / "blobs" / "sha256").rglob("*"), which)
    flip(path, where, bits)
    report = api.fsck(folder, policy(), REGISTRY)
    assert [finding.code for finding in report.findings if finding.severity == "error"] == ["LM-LED-109"]
    assert any(path.name in f"{finding.message} {finding.subject}" for finding in report.findings)
    with api.open_ledger(folder) as ledger, pytest.raises(LotmarkError):
        ledger.blobs.get(Digest(path.name))


@QUICK
@given(which=WHERE, where=WHERE, bits=BITS)
def test_any_byte_of_a_tile_or_of_its_checkpoint(made, which, where, bits):
    folder = copied(made, "tiles")
    path = pick(folder.rglob("*"), which)
    flip(path, where, bits)
    try:
        report = api.check_tiles(api.ObjectFolder(folder), verified)
    except LotmarkError:
        return
    assert not report.is_sound, path.relative_to(folder)


@QUICK
@given(where=WHERE, bits=BITS)
def test_any_byte_of_a_bundle(made, where, bits):
    place = made / "changed.zip"
    shutil.copyfile(made / "bundle.zip", place)
    position = flip(place, where, bits)
    assert verify(place).exit_code == 6, f"byte {position}"


def test_and_without_a_changed_byte_all_four_hold(made):
    assert api.fsck(made / "ledger", policy(), REGISTRY).is_sound
    assert api.check_tiles(api.ObjectFolder(made / "tiles"), verified).is_sound
    assert verify(made / "bundle.zip").exit_code == 0
    assert len(unpack(made / "bundle.zip")) > 20
