"""`lotmark supply` on a small product: what the stage would say, both bills of materials, drafts of SOUP entries."""

import json
import subprocess

import pytest
import yaml

from fakes.locks import CYCLONEDX, read
from fakes.supply_world import osv_record
from lotmark.base.digest import Digest
from lotmark.cli.main import run

pytestmark = pytest.mark.verifies("REQ-632", "REQ-633")

CONFIG = """lotmark: 1
product: {id: pump, name: Pump, version: "1.0", manufacturer: Example, intended-use: pumps, safety-class: B}
source: {}
environment: {python: none}
dependencies:
  locks: [{path: parts.cdx.json}]
  licences:
    allow: [MIT, curl]
    exceptions:
      - {component: aws/FreeRTOS, licence: MIT, reason: looked, owner: dana, expires: 2099-01-01}
      - {component: heap_4, licence: MIT, reason: looked, owner: dana, expires: 2099-01-01}
      - {component: unity, licence: MIT, reason: looked, owner: dana, expires: 2099-01-01}
  vulnerabilities:
    dump: osv.jsonl
    sha256: "%s"
    retrieved: 2026-01-01
    max-age-days: 36500
    assessed:
      - {component: aws/FreeRTOS, reason: looked, owner: dana, expires: 2099-01-01}
      - {component: heap_4, reason: looked, owner: dana, expires: 2099-01-01}
      - {component: pkg:deb/debian/curl, reason: looked, owner: dana, expires: 2099-01-01}
build: {command: [make], outputs: [x]}
tests:
  unit: {command: [make], results: [r.xml]}
  integration: {command: [make], results: [r.xml]}
  validation: {command: [make], results: [r.xml]}
package: {artifact: x, media-type: application/octet-stream}
deploy: {targets: [{name: line, path: ../line}]}
"""


@pytest.fixture
def call(tmp_path, capsys):
    dump = (json.dumps(osv_record("x", ecosystem="ConanCenter")) + "\n").encode()
    (tmp_path / "quality").mkdir()
    (tmp_path / "lotmark.yaml").write_text(CONFIG % Digest.of(dump).hex)
    (tmp_path / "osv.jsonl").write_bytes(dump)
    (tmp_path / "parts.cdx.json").write_text(CYCLONEDX)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *words], check=True)

    def make(*words):
        code = run(["-C", str(tmp_path), *words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return make


def test_examine_says_what_the_stage_would_say(call):
    code, out, _ = call("supply", "examine")
    assert code == 0, out
    assert "4 components in 1 lock files, 0 SOUP items, vulnerabilities evaluated" in out
    assert "LM-SUP-060" in out
    wire = json.loads(call("--format", "json", "supply", "examine")[1])
    assert wire["accepted"]
    assert "pkg:deb/debian/curl@8.8.0" in {each["purl"] for each in wire["components"]}


def test_drafts_are_refused_until_a_person_has_filled_them_in(call, tmp_path):
    code, out, _ = call("supply", "soup")
    assert code == 1
    entries = yaml.safe_load(out)["soup"]
    assert [each["component"] for each in entries] == ["pkg:deb/debian/curl@8.8.0", "pkg:generic/aws/FreeRTOS@11.1.0", "pkg:generic/heap_4@11.1.0"]
    assert entries[0]["manufacturer"] == "Debian"
    (tmp_path / "quality" / "soup.yaml").write_text(out)
    assert call("supply", "examine")[0] == 1
    for each in entries:
        each.update(manufacturer="M", requirements=["r"], needs=["n"], anomalies={"source": "s", "evaluated": "2026-11-01"}, support="by-us")
        each["end-of-support"] = "not-announced"
    (tmp_path / "quality" / "soup.yaml").write_text(json.dumps({"soup": entries}))
    code, out, _ = call("supply", "soup")
    assert (code, "every component" in out) == (0, True)
    assert "3 SOUP items" in call("supply", "examine")[1]


@pytest.mark.parametrize("text", [None, "", "{", '{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}'])
def test_where_the_components_are_not_known_no_one_is_told_that_all_are_described(call, tmp_path, text):
    place = tmp_path / "parts.cdx.json"
    place.unlink() if text is None else place.write_text(text)
    code, out, err = call("supply", "soup")
    assert (code, "every component" in out) == (1, False)
    assert "LM-SUP-0" in err


@pytest.mark.parametrize(("form", "name"), [("cyclonedx", "bom.json"), ("spdx", "x.spdx.json")])
def test_both_bills_of_materials_are_written_and_read_back(call, tmp_path, form, name):
    place = tmp_path / name
    assert call("supply", "sbom", "--form", form, "-o", str(place))[0] == 0
    first = place.read_bytes()
    assert call("supply", "sbom", "--form", form, "-o", str(place))[0] == 0
    assert place.read_bytes() == first
    assert len(read(form, name, {name: first}).pins) == 4


@pytest.mark.parametrize(
    "words", [("--format", "sarif", "supply", "examine"), ("-C", "/", "supply", "examine"), ("supply", "sbom"), ("supply", "sbom", "--form", "x", "-o", "y")]
)
def test_what_the_command_cannot_take_is_an_error_of_usage(call, words):
    assert call(*words)[0] == 2


def test_an_incomplete_bill_is_written_and_refused(call, tmp_path):
    (tmp_path / "parts.cdx.json").write_text(CYCLONEDX.replace('"SHA-256"', '"MD5"'))
    code, _, err = call("supply", "sbom", "-o", str(tmp_path / "out.json"))
    assert code == 1
    assert "LM-SUP-006" in err
    assert (tmp_path / "out.json").exists()
