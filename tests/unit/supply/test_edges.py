"""Edges at which a careless change of the supply room would show."""

import json
import zipfile

import pytest

from fakes.supply_world import hex_of, osv_record
from lotmark.supply import _dump
from lotmark.supply._markers import Markers
from lotmark.supply._readers._reading import Source
from lotmark.supply._readers.uv import read_uv

pytestmark = pytest.mark.verifies("REQ-014", "RC-011", "HAZ-002")


def zipped(path, *records):
    with zipfile.ZipFile(path, "w") as archive:
        for number, record in enumerate(records):
            archive.writestr(f"{number}.json", record)
    return path


def read_dump(path) -> int:
    dump = _dump.Dump(path)
    try:
        return sum(1 for _ in dump.records())
    finally:
        dump.close()


@pytest.mark.attack("P09")
@pytest.mark.parametrize(
    ("limit", "spare", "holds"), [("_MAX_TOTAL", 0, True), ("_MAX_TOTAL", -1, False), ("_MAX_RECORD", 0, True), ("_MAX_RECORD", -1, False)]
)
def test_p09_a_zip_of_records_is_read_up_to_its_limits(tmp_path, monkeypatch, limit, spare, holds):
    records = [json.dumps(osv_record(identifier=f"OSV-{number}")) for number in range(3)]
    path = zipped(tmp_path / "osv.zip", *records)
    size = sum(map(len, records)) if limit == "_MAX_TOTAL" else len(records[0])
    monkeypatch.setattr(_dump, limit, size + spare)
    if holds:
        assert read_dump(path) == 3
    else:
        with pytest.raises(_dump.DumpError, match="unfold") as caught:
            read_dump(path)
        assert caught.value.code == "LM-SUP-042"


@pytest.mark.parametrize(
    ("version", "events", "fixed"),
    [
        ("1.0", [{"introduced": "0"}, {"fixed": "1.2"}], ("1.2",)),
        ("2.0", [{"introduced": "0"}, {"fixed": "1.2"}, {"introduced": "2.0"}, {"fixed": "2.3"}], ("2.3",)),
        ("1.0", [{"introduced": "0"}, {"fixed": "1.10"}, {"introduced": "1.11"}, {"fixed": "1.12"}], ("1.10", "1.12")),
        ("1.0", [{"introduced": "0"}, {"last_affected": "1.5"}], ()),
    ],
    ids=["later", "an earlier fix is none", "in the order of versions", "no fix"],
)
def test_only_later_versions_are_named_as_fixed(world, version, events, fixed):
    world.require("flask", version)
    world.dump([osv_record(), osv_record("flask", identifier="GHSA-9", events=events)])
    (found,) = world.examine().vulnerabilities
    assert found.fixed == fixed


def uv(text: str):
    package = (
        f'[[package]]\nname = "{{}}"\nversion = "1.0"\nsource = {{{{ registry = "r" }}}}\nwheels = [{{{{ url = "x.whl", hash = "sha256:{hex_of("x")}" }}}}]\n'
    )
    data = "version = 1\n" + text + "".join(package.format(name) for name in ("a", "b"))
    return read_uv(Source("uv.lock", data.encode(), lambda _: b"", Markers("3.11.7")))


@pytest.mark.parametrize(
    ("manifest", "pins", "left_out"),
    [
        ("", ["a", "b"], []),
        ('[manifest]\nrequirements = [{ name = "a" }]\n', ["a"], ["pkg:pypi/b@1.0"]),
        ('[manifest.dependency-groups]\ndev = [{ name = "b" }]\n', ["b"], ["pkg:pypi/a@1.0"]),
    ],
    ids=["a lock without a root", "a script's requirements", "groups alone"],
)
def test_what_a_lock_without_a_package_of_its_own_needs(manifest, pins, left_out):
    reading = uv(manifest)
    assert [pin.name for pin in reading.pins] == pins
    assert [each.purl for each in reading.left_out] == left_out
    assert not reading.findings
