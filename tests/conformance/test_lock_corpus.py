"""Real lock files of other projects: each is read, or refused with a code and a place, never with a traceback."""

import json
import os
from pathlib import Path

import pytest

from fakes.locks import read
from fakes.supply_world import World

REFERENCE = Path(os.environ.get("LOTMARK_REFERENCE", Path(__file__).parents[2].parent / "shared" / "reference"))
LOCKS = sorted((REFERENCE / "corpus" / "locks").glob("*")) if (REFERENCE / "corpus" / "locks").is_dir() else []
BILLS = sorted((REFERENCE / "corpus" / "cyclonedx").glob("*.json"))

pytestmark = [pytest.mark.verifies("REQ-014", "REQ-630"), pytest.mark.skipif(not LOCKS, reason=f"no corpus of lock files below {REFERENCE}")]


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_every_lock_of_the_corpus_is_read_or_refused_with_code_and_place(world, path):
    world.lock(path.name, path.read_bytes())
    report = world.examine()
    assert report.components or report.findings
    for finding in report.findings:
        assert finding.code.startswith("LM-SUP-")
        assert finding.help
        assert finding.location is not None or finding.code == "LM-SUP-024"


@pytest.mark.parametrize(
    ("name", "components", "codes"),
    [
        ("CBOM-Example-With-Dependencies-bom.json", 2, {"LM-SUP-006"}),
        ("SBOM-laravel-7.12.0-bom.1.2.json", 62, {"LM-SUP-006"}),
        ("SaaSBOM-apigateway-microservices-datastores-bom.json", 0, set()),
        ("VEX-CISA-Use-Cases-Case-1-vex-not_affected.json", 0, set()),
        ("VEX-CISA-Use-Cases-Case-8-vex.json", 0, set()),
    ],
)
def test_bills_of_materials_of_others_are_read_or_refused_with_a_reason(world, name, components, codes):
    path = REFERENCE / "corpus" / "cyclonedx" / name
    reading = read("cyclonedx", name, {name: path.read_bytes()})
    assert len(reading.pins) == components
    assert {finding.code for finding in reading.findings} == codes
    assert all(finding.help and finding.location.line for finding in reading.findings)
    world.lock(name, path.read_bytes(), "cyclonedx")
    # Whatever it holds, the whole judgement of it has an end and is no acceptance.
    assert not world.examine(python=None).accepted


def test_no_bill_of_materials_is_overlooked():
    assert len(BILLS) == 5


@pytest.mark.parametrize(
    ("name", "count", "has"), [("respiraworks-tools.poetry.lock", 45, ("platformio", "6.1.16")), ("reqif.poetry.lock", 42, ("lxml", "4.9.2"))]
)
def test_the_poetry_locks_of_two_projects_are_read_whole(world, name, count, has):
    text = (REFERENCE / "corpus" / "locks" / name).read_text()
    world.lock(name, text)
    report = world.examine()
    # Nothing of it is installed here, and that is all that is wrong with it.
    assert {finding.code for finding in report.findings} <= {"LM-SUP-022", "LM-SUP-024"}
    assert len(report.components) + len(report.left_out) == count == text.count("[[package]]")
    assert has in {(each.name, each.version) for each in report.components}
    assert all(text.splitlines()[each.location.line - 1] == "[[package]]" for each in report.components)


def test_a_pylock_without_packages_is_refused(world):
    world.lock("pylock.toml", (REFERENCE / "corpus" / "locks" / "pipaudit-pylock.missing-packages.toml").read_bytes())
    (finding,) = world.examine().findings
    assert (finding.code, finding.location.path) == ("LM-SUP-004", "pylock.toml")
    assert "packages" in finding.message


def test_our_own_lock_is_read_whole():
    from lotmark.supply._markers import Markers
    from lotmark.supply._readers._reading import Source
    from lotmark.supply._readers.uv import read_uv

    path = Path(__file__).parents[2] / "uv.lock"
    if not path.exists():
        pytest.skip("the repository has no uv.lock here")
    reading = read_uv(Source("uv.lock", path.read_bytes(), lambda _: b"", Markers("3.11.7")))
    assert not reading.findings
    assert len(reading.pins) + len(reading.left_out) + 1 == path.read_text().count("[[package]]")


def test_the_origins_of_the_corpus_are_known():
    origins = {entry["file"] for entry in json.loads((REFERENCE / "corpus" / "ORIGINS.json").read_text())}
    assert {f"locks/{path.name}" for path in LOCKS} <= origins
