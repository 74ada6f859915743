"""The OSV dump: its forms, its digest, and what cannot be read."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import zipfile

import pytest

from fakes.supply_world import messages, osv_record
from lotmark.supply._dump import Dump, DumpError

pytestmark = pytest.mark.verifies("REQ-014", "RC-011", "HAZ-002")


RECORDS = [osv_record("a", identifier="X-1"), osv_record("b", identifier="X-2")]


def ids(path):
    dump = Dump(path)
    try:
        return [record.id for record in dump.records()]
    finally:
        dump.close()


def make_zip(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def make_folder(path):
    (path / "deep").mkdir(parents=True)
    (path / "X-1.json").write_text(json.dumps(RECORDS[0], indent=1))
    (path / "deep" / "X-2.json").write_text(json.dumps(RECORDS[1]))
    (path / "README.txt").write_text("not a record")
    return path


def test_each_form_gives_the_same_records(tmp_path):
    lines = "\n".join(json.dumps(record) for record in RECORDS)
    (tmp_path / "a.jsonl").write_text(lines + "\n\n")
    (tmp_path / "a.ndjson").write_text(lines)
    (tmp_path / "lines.json").write_text(lines)
    (tmp_path / "array.json").write_text(" " + json.dumps(RECORDS))
    make_zip(tmp_path / "all.zip", {"X-1.json": json.dumps(RECORDS[0]), "X-2.json": json.dumps(RECORDS[1]), "README": "x"})
    make_folder(tmp_path / "folder")
    for name in ("a.jsonl", "a.ndjson", "lines.json", "array.json", "all.zip", "folder"):
        assert sorted(ids(tmp_path / name)) == ["X-1", "X-2"], name


def test_a_file_may_be_one_record_and_a_folder_may_hold_lines(tmp_path):
    (tmp_path / "one.json").write_text(json.dumps(RECORDS[0], indent=2))
    assert ids(tmp_path / "one.json") == ["X-1"]
    folder = make_folder(tmp_path / "folder")
    (folder / "more.jsonl").write_text(json.dumps(RECORDS[0]) + "\n" + json.dumps(RECORDS[1]))
    assert len(ids(folder)) == 4


def test_the_digest_of_a_file_is_its_sha256(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"{}")
    dump = Dump(path)
    dump.close()
    assert dump.sha256 == hashlib.sha256(b"{}").hexdigest()


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="coreutils are not installed")
def test_the_digest_of_a_folder_is_what_the_documented_command_prints(tmp_path):
    folder = make_folder(tmp_path / "folder")
    (folder / "Ä.json").write_text(json.dumps(RECORDS[0]))
    (folder / "z z.json").write_text(json.dumps(RECORDS[0]))
    command = r"find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum"
    printed = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True, check=True).stdout
    assert Dump(folder).sha256 == printed.split()[0]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jsonl", b"{"),
        ("a.jsonl", b"[]x"),
        ("a.jsonl", b'{"id": 3}'),
        ("a.jsonl", b"{}"),
        ("a.jsonl", b'{"id": "X", "affected": {}}'),
        ("a.jsonl", b'{"id": "\xff"}'),
        ("a.json", b"[1]"),
        ("a.json", b'[{"id": "X"}'),
        ("a.json", b"{}\n{"),
        ("a.json", b"[" * 100_000),
        ("a.zip", b"PK\x03\x04 and no more"),
        ("a.xml", b"<osv/>"),
        ("a.jsonl", b'{"id": "X-1", "database_specific": {"severity": "\xff"}}'),
        ("a.jsonl", b'{"id": "X-1", "database_specific": {"severity": "\\ud800"}}'),
    ],
)
def test_what_cannot_be_parsed_is_refused_whole(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DumpError) as caught:
        ids(tmp_path / name)
    assert caught.value.code == "LM-SUP-042"


def test_damaged_encrypted_and_huge_zips_are_refused(tmp_path, monkeypatch):
    good = make_zip(tmp_path / "good.zip", {"X-1.json": json.dumps(RECORDS[0])})
    data = bytearray(good.read_bytes())
    encrypted = bytes(data).replace(b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00")
    data[45] ^= 0xFF
    for name, content in (("damaged.zip", bytes(data)), ("encrypted.zip", encrypted)):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DumpError) as caught:
            ids(tmp_path / name)
        assert caught.value.code == "LM-SUP-042"
    monkeypatch.setattr("lotmark.supply._dump._MAX_RECORD", 10)
    with pytest.raises(DumpError, match="unfold"):
        ids(good)


def test_the_number_of_records_is_limited(tmp_path, monkeypatch):
    (tmp_path / "a.json").write_text(json.dumps(RECORDS))
    monkeypatch.setattr("lotmark.supply._dump._MAX_RECORDS", 1)
    with pytest.raises(DumpError, match="more than 1 records"):
        ids(tmp_path / "a.json")


def test_a_dump_that_is_not_there_cannot_be_reached(tmp_path):
    with pytest.raises(DumpError) as caught:
        Dump(tmp_path / "gone.zip")
    assert caught.value.code == "LM-SUP-040"
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DumpError):
        Dump(tmp_path / "pipe")


def test_links_in_a_folder_are_refused(tmp_path):
    folder = make_folder(tmp_path / "folder")
    (folder / "link.json").symlink_to(folder / "X-1.json")
    with pytest.raises(DumpError, match="no plain file"):
        Dump(folder)
    (folder / "link.json").unlink()
    (folder / "linked").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(DumpError, match="which is a link"):
        Dump(folder)


def test_a_file_that_changes_after_it_was_hashed_is_noticed(tmp_path):
    folder = make_folder(tmp_path / "folder")
    dump = Dump(folder)
    (folder / "X-1.json").write_text("{}")
    with pytest.raises(DumpError) as caught:
        list(dump.records())
    assert caught.value.code == "LM-SUP-041"
    (folder / "X-1.json").unlink()
    with pytest.raises(DumpError) as caught:
        list(dump.records())
    assert caught.value.code == "LM-SUP-040"


def test_a_file_that_is_replaced_after_it_was_hashed_changes_nothing(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(RECORDS[0]))
    dump = Dump(path)
    other = tmp_path / "other"
    other.write_text("garbage")
    other.rename(path)
    assert [record.id for record in dump.records()] == ["X-1"]
    dump.close()


def test_an_error_while_reading_is_not_reached(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("{}")
    dump = Dump(path)
    dump.close()

    class Broken(io.BytesIO):
        def seek(self, *_):
            raise OSError(5, "Input/output error")

    dump._stream = Broken()
    with pytest.raises(DumpError, match="Input/output error"):
        list(dump.records())


def test_the_product_is_refused_when_the_dump_is_not_there(world):
    world.require("a", "1.0")
    (world.root / "osv.jsonl").unlink()
    report = world.examine()
    assert [finding.code for finding in report.findings] == ["LM-SUP-040"]
    assert "vulnerabilities were not evaluated" in report.findings[0].message
    assert (report.dump.evaluated, report.dump.sha256, report.dump.records) == (False, "", 0)


def test_the_product_is_refused_when_the_dump_is_another(world):
    world.require("a", "1.0")
    world.pin("osv.jsonl", "0" * 64)
    report = world.examine()
    assert [finding.code for finding in report.findings] == ["LM-SUP-041"]
    assert report.dump.sha256 in report.findings[0].message
    assert not report.dump.evaluated
    assert report.dump.records == 0


def test_the_product_is_refused_when_the_dump_is_empty(world):
    world.require("a", "1.0")
    world.dump([])
    assert world.codes() == ["LM-SUP-043"]
    world.dump([], name="osv.json")
    assert world.codes() == ["LM-SUP-043"]


def test_the_product_is_refused_when_the_dump_is_unparsable(world):
    world.require("a", "1.0")
    path = world.write("osv.jsonl", '{"id": "X"}\nnot json\n')
    world.pin("osv.jsonl", hashlib.sha256(path.read_bytes()).hexdigest())
    report = world.examine()
    assert [finding.code for finding in report.findings] == ["LM-SUP-042"]
    assert "line 2 of osv.jsonl" in messages(report, "LM-SUP-042")[0]
