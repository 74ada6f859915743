"""The set of lock files: declared, undeclared, contradicted, empty."""

import json

import pytest

from fakes.supply_world import hex_of, messages, requirement
from lotmark.base.findings import Severity
from lotmark.supply._locks import merge_pins
from lotmark.supply.api import check_locks, find_kind
from lotmark.supply.models import Location, Pin

pytestmark = pytest.mark.verifies("REQ-014", "RC-011", "HAZ-002")


def test_a_pinned_product_is_accepted(world):
    world.require("flask", "3.0.0")
    report = world.examine()
    assert report.accepted
    assert not report.findings
    assert [(lock.path, lock.kind, lock.components) for lock in report.locks] == [("requirements.txt", "pip", 1)]


def test_neither_locks_nor_none_is_refused(world):
    assert world.codes() == ["LM-SUP-001"]


def test_a_declared_lock_that_is_absent_is_refused(world):
    world.config["locks"] = [{"path": "uv.lock"}]
    report = world.examine()
    assert [finding.code for finding in report.findings] == ["LM-SUP-002"]
    assert "there is no such file" in report.findings[0].message
    assert not report.locks


@pytest.mark.parametrize("path", ["../uv.lock", "/etc/uv.lock"])
def test_a_lock_outside_the_product_is_refused(world, path):
    world.config["locks"] = [{"path": path}]
    assert world.codes() == ["LM-SUP-002"]


def test_a_link_that_leads_outside_is_refused(world, tmp_path):
    (tmp_path / "uv.lock").write_text("version = 1\n")
    (world.root / "uv.lock").symlink_to(tmp_path / "uv.lock")
    world.config["locks"] = [{"path": "uv.lock"}]
    assert world.codes() == ["LM-SUP-002"]


def test_a_lock_of_unknown_kind_is_refused_until_its_kind_is_named(world):
    world.install("a", "1.0")
    world.lock("deps.list", requirement("a", "1.0"))
    assert world.codes() == ["LM-SUP-003"]
    world.config["locks"][0]["kind"] = "pip"
    assert world.codes() == []


def test_a_lock_beside_an_outside_configuration_is_read(world, tmp_path):
    outside = tmp_path / "config"
    outside.mkdir()
    (outside / "requirements.txt").write_text(requirement("a", "1.0"))
    (world.root / "osv.jsonl").rename(outside / "osv.jsonl")
    world.install("a", "1.0")
    world.config["locks"] = [{"path": "requirements.txt"}]
    assert world.codes(config_root=outside) == []
    assert world.codes() == ["LM-SUP-002", "LM-SUP-040"]


def test_a_path_may_be_written_in_a_roundabout_way(world):
    world.require("a", "1.0")
    world.config["locks"] = [{"path": "./sub/../requirements.txt"}]
    report = world.examine()
    assert not report.findings
    assert report.locks[0].path == "requirements.txt"


NOTHING = {
    "bom.json": json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}),
    "services.cdx.json": json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "services": [{"name": "s"}]}),
    "vex.cdx.json": json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "vulnerabilities": [{"id": "CVE-1"}]}),
    "devices.cdx.json": json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"type": "device", "name": "s"}]}),
    "a.spdx.json": json.dumps({"spdxVersion": "SPDX-2.3"}),
    "a.spdx": "SPDXVersion: SPDX-2.3\n",
    "Cargo.lock": "",
    "Gemfile.lock": "\n",
    "gradle.lockfile": " \r\n",
}
BARE = {
    "gradle.lockfile": "# This is a Gradle generated file\nempty=classpath\n",
    "Cargo.lock": 'version = 4\n\n[[package]]\nname = "own"\nversion = "0.1.0"\n',
    "conan.lock": '{"version": "0.5"}',
    "pnpm-lock.yaml": "lockfileVersion: '9.0'\n",
    "yarn.lock": "# yarn lockfile v1\n",
    "package-lock.json": '{"lockfileVersion": 3, "packages": {"": {}}}',
    "requirements-dev.txt": "# nothing\n",
}


@pytest.mark.parametrize("name", NOTHING)
def test_a_document_without_a_component_refuses_beside_a_lock_with_some(world, name):
    world.require("a", "1.0")
    world.lock(name, NOTHING[name])
    (finding,) = [each for each in world.examine().findings if each.code != "LM-SUP-024"]
    assert (finding.code, finding.severity, finding.message) == ("LM-SUP-011", Severity.ERROR, f"{name} holds no component")


@pytest.mark.parametrize("name", BARE)
def test_what_a_tool_writes_for_a_part_without_dependencies_is_a_warning_beside_others_and_refuses_alone(world, name):
    world.lock(name, BARE[name])
    assert world.codes() == ["LM-SUP-011"]
    world.config["locks"].insert(0, {"path": "requirements.txt"})
    world.require("a", "1.0")
    assert [(each.code, each.severity) for each in world.examine().findings] == [("LM-SUP-011", Severity.WARNING)]


def test_an_empty_lock_needs_the_statement_none(world):
    world.lock("requirements.txt", "# nothing\n")
    assert world.codes() == ["LM-SUP-011"]
    world.config["none"] = {"reason": "standard library only", "owner": "dana"}
    assert world.codes() == []


def test_none_without_locks_is_accepted_and_recorded(world):
    world.config["none"] = {"reason": "bare-metal C", "owner": "dana"}
    world.write("src/main.c", "int main(void) { return 0; }\n")
    report = world.examine(python=None)
    assert report.accepted
    assert report.none is not None
    assert report.none.owner == "dana"
    assert report.components == ()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("uv.lock", "version = 1\n"),
        ("tools/requirements.txt", "a\n"),
        ("tools/Cargo.lock", ""),
        ("package.json", '{"dependencies": {"a": "1"}}'),
        ("package.json", "not json"),
        ("pyproject.toml", '[project]\ndependencies = ["a"]\n'),
        ("pyproject.toml", "[project]\noptional-dependencies = {x = ['a']}\n"),
        ("pyproject.toml", b"\xff"),
    ],
)
def test_none_is_contradicted_by_dependency_files(world, name, content):
    world.config["none"] = {"reason": "bare-metal C", "owner": "dana"}
    world.write(name, content)
    assert world.codes() == ["LM-SUP-009"]


@pytest.mark.parametrize(
    ("name", "content"), [("pyproject.toml", "[project]\nname='x'\ndependencies=[]\n"), ("package.json", "{}"), ("pyproject.toml", "[tool.x]\n")]
)
def test_manifests_without_dependencies_do_not_contradict_none(world, name, content):
    world.config["none"] = {"reason": "bare-metal C", "owner": "dana"}
    world.write(name, content)
    assert world.codes() == []


def test_none_is_contradicted_by_what_its_own_locks_pin(world):
    world.require("a", "1.0")
    world.config["none"] = {"reason": "none at all", "owner": "dana"}
    assert world.codes() == ["LM-SUP-009"]


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("package-lock.json", Severity.ERROR),
        ("web/yarn.lock", Severity.ERROR),
        ("tests/data/package-lock.json", Severity.WARNING),
        ("requirements-dev.txt", Severity.WARNING),
        ("docs/requirements.txt", Severity.WARNING),
        ("requirements/base.txt", Severity.WARNING),
    ],
)
def test_dependency_files_that_nobody_declared_are_found(world, name, severity):
    world.require("a", "1.0")
    world.write(name, "")
    (finding,) = world.examine().findings
    assert (finding.code, finding.severity, str(finding.location)) == ("LM-SUP-008", severity, name)


@pytest.mark.parametrize("folder", [".git", "node_modules/x", ".venv", "env-of-somebody"])
def test_folders_that_are_not_sources_are_passed_over(world, folder):
    world.require("a", "1.0")
    world.write(f"{folder}/package-lock.json", "")
    if folder.startswith("env"):
        world.write(f"{folder}/pyvenv.cfg", "")
    assert not world.examine().findings


def test_included_files_are_recorded_and_not_called_undeclared(world):
    world.install("a", "1.0")
    world.write("base-requirements.txt", requirement("a", "1.0"))
    world.lock("requirements.txt", "-r base-requirements.txt\n")
    report = world.examine()
    assert not report.findings
    assert [(lock.path, lock.components) for lock in report.locks] == [("base-requirements.txt", 1), ("requirements.txt", 0)]


def test_two_pins_of_one_name_are_refused(world):
    world.install("a", "1.0")
    world.lock("requirements.txt", requirement("a", "1.0"))
    world.lock("requirements-dev.txt", requirement("a", "2.0"))
    report = world.examine()
    assert messages(report, "LM-SUP-010") == ["a is pinned to 2.0 here and to 1.0 at requirements.txt:1"]


def test_the_same_pin_in_two_files_is_one_component(world):
    world.install("a", "1.0")
    world.lock("requirements.txt", requirement("a", "1.0"))
    world.lock("requirements-dev.txt", f"A==1.0 --hash=sha256:{hex_of('other')}")
    report = world.examine()
    assert report.accepted
    assert [(each.scope, len(each.hashes)) for each in report.components] == [("runtime", 2)]


def test_a_file_declared_twice_is_read_into_one_lock(world):
    world.require("a", "1.0")
    world.config["locks"].append({"path": "requirements.txt"})
    report = world.examine()
    assert report.accepted
    assert len(report.locks) == 1


def test_a_refused_lock_is_still_recorded_with_its_digest(world):
    world.lock("uv.lock", "version = 2\n")
    report = world.examine()
    assert [(lock.path, lock.components) for lock in report.locks] == [("uv.lock", 0)]
    assert [finding.code for finding in report.findings] == ["LM-SUP-004"]


def test_a_lock_whose_every_component_belongs_to_another_platform_is_not_empty(world):
    world.lock("requirements.txt", requirement("a", "1.0", "sys_platform == 'win32'"))
    report = world.examine()
    assert [finding.code for finding in report.findings] == ["LM-SUP-024"]
    assert report.accepted


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("uv.lock", "uv"),
        ("web/package-lock.json", "npm"),
        ("npm-shrinkwrap.json", "npm"),
        ("poetry.lock", "poetry"),
        ("pylock.dev.toml", "pylock"),
        ("requirements/dev.txt", "pip"),
        ("dev-requirements.txt", "pip"),
        ("notes.txt", None),
        ("yarn.lock", "yarn"),
        ("bun.lock", None),
    ],
)
def test_the_kind_is_found_from_the_name(path, kind):
    assert find_kind(path) == kind


def test_merging_keeps_the_strongest_need():
    place = Location("x")
    optional = Pin("PyPI", "a", "1", (("sha256", "0"),), place, scope="test", needed=False, group="group docs", direct=False)
    other = Pin("PyPI", "a", "1", (("sha256", "1"),), place, scope="build", needed=False, group="extra x", direct=True, licence="MIT", requires=(("b", "1"),))
    (merged,) = merge_pins([optional, other])
    assert (merged.scope, merged.needed, merged.group, merged.direct, merged.licence, merged.requires) == (
        "build",
        False,
        "group docs",
        True,
        "MIT",
        (("b", "1"),),
    )
    (needed,) = merge_pins([optional, Pin("PyPI", "a", "1", (), place)])
    assert (needed.scope, needed.needed, needed.group) == ("runtime", True, "")


def test_a_quick_check_looks_at_the_locks_alone(world):
    world.lock("requirements.txt", requirement("a", "1.0") + "b\n")
    world.pin("gone.zip", "0" * 64)
    findings = check_locks(world.root, world.declared())
    assert [(finding.code, str(finding.location)) for finding in findings] == [("LM-SUP-005", "requirements.txt:2"), ("LM-SUP-006", "requirements.txt:2")]
    world.write("requirements.txt", requirement("a", "1.0"))
    assert check_locks(world.root, world.declared(), config_root=world.root) == ()


def test_a_lock_keeps_the_bytes_that_were_read(world):
    world.require("a", "1.0")
    (lock,) = world.examine().locks
    assert lock.data == (world.root / "requirements.txt").read_bytes()
