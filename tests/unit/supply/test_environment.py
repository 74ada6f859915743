"""The installed environment: found without running product code, compared with the locks."""

import json
import stat
import sys
from pathlib import Path

import pytest

from fakes.supply_world import codes_of, messages, requirement
from lotmark.supply._environment import read_environment
from lotmark.supply._installed import is_same_version

pytestmark = pytest.mark.verifies("REQ-014", "RC-011", "HAZ-002")


def test_distributions_are_read_from_their_metadata(world):
    world.install("Flask_Login", "1.0", "License: BSD", "Classifier: License :: OSI Approved :: MIT License", "Classifier: Topic :: X")
    environment, findings = read_environment(world.python)
    assert not findings
    assert environment.version == "3.11.7"
    (found,) = environment.distributions
    assert (found.name, found.version, found.licence, found.licence_expression, found.classifiers) == (
        "flask-login",
        "1.0",
        "BSD",
        "",
        ("License :: OSI Approved :: MIT License",),
    )


def test_continued_and_folded_headers(world):
    world.install("a", "1.0", "License: MIT License", "        Copyright", "\tX", "no header here", "Version: 9")
    assert read_environment(world.python)[0].distributions[0].licence == "MIT License\nCopyright\nX"


def test_a_leading_continuation_is_passed_over(world):
    info = world.install("a", "1.0")
    (info / "METADATA").write_text(" stray\nName: a\nVersion: 1.0\n")
    assert read_environment(world.python)[0].distributions[0].name == "a"


def test_older_metadata_forms_are_read(world):
    (world.site / "b-2.0.egg-info").write_text("Name: b\nVersion: 2.0\n")
    folder = world.site / "c-3.0-py3.11.egg-info"
    folder.mkdir()
    (folder / "PKG-INFO").write_text("Name: c\nVersion: 3.0\n")
    (world.site / "~broken-1.dist-info").mkdir()
    (world.site / "module.py").write_text("raise SystemExit('nothing is executed')")
    assert [(each.name, each.version) for each in read_environment(world.python)[0].distributions] == [("b", "2.0"), ("c", "3.0")]


def test_nothing_in_the_environment_is_executed(world):
    world.install("a", "1.0")
    (world.site / "evil.pth").write_text("import os; os._exit(9)\n")
    world.python.parent.mkdir()
    world.python.write_text("#!/bin/sh\nexit 9\n")
    world.python.chmod(0o755)
    assert len(read_environment(world.python)[0].distributions) == 1


def test_two_versions_of_one_name_are_ambiguous(world):
    world.require("a", "1.0")
    world.install("a", "2.0")
    report = world.examine()
    assert messages(report, "LM-SUP-023") == ["a is installed as 1.0 and as 2.0"]
    assert not report.accepted


@pytest.mark.parametrize("content", ["Name: a\n", "Version: 1\n", "", None])
def test_damaged_metadata_is_a_finding(world, content):
    world.require("a", "1.0")
    info = world.site / "broken-1.0.dist-info"
    info.mkdir()
    if content is not None:
        (info / "METADATA").write_text(content)
    assert world.codes() == ["LM-SUP-023"]


@pytest.mark.parametrize("settings", ["", "version_info = 3.12.1\n", "home = /usr/bin\nversion = x\n"])
def test_an_environment_that_contradicts_itself_cannot_be_read(world, settings):
    (world.venv / "pyvenv.cfg").write_text(settings)
    environment, findings = read_environment(world.python)
    assert environment is None
    assert codes_of(findings) == ["LM-SUP-020"]


def test_an_interpreter_that_is_not_there_is_refused_once(world):
    world.require("a", "1.0")
    assert world.codes(python=world.root / "gone" / "python") == ["LM-SUP-020"]


def test_locked_python_components_without_an_interpreter_are_refused(world):
    world.require("a", "1.0", "License-Expression: MIT")
    report = world.examine(python=None)
    assert [finding.code for finding in report.findings] == ["LM-SUP-020"]
    assert report.environment is None
    assert report.components[0].licence_verdict == "missing"


def fake_interpreter(path, answer):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {path.parent / 'arguments'}\nprintf '%s' '{answer}'\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_an_interpreter_without_venv_is_asked_in_isolation(tmp_path, world):
    folder = tmp_path / "dist-packages"
    world.install("a", "1.0", folder=folder)
    python = fake_interpreter(tmp_path / "usr" / "bin" / "python3", json.dumps({"version": "3.12.4", "folders": [str(folder), "/nowhere"]}))
    environment, findings = read_environment(python)
    assert not findings
    assert (environment.version, [each.name for each in environment.distributions]) == ("3.12.4", ["a"])
    assert (python.parent / "arguments").read_text().splitlines()[:2] == ["-I", "-S"]


@pytest.mark.parametrize("answer", ["not json", "[]", '{"version": "3"}'])
def test_an_answer_that_makes_no_sense_is_refused(tmp_path, answer):
    environment, findings = read_environment(fake_interpreter(tmp_path / "usr" / "bin" / "python3", answer))
    assert environment is None
    assert codes_of(findings) == ["LM-SUP-020"]


def test_the_first_folder_of_the_import_path_wins(tmp_path, world):
    system = tmp_path / "system"
    world.install("a", "1.0")
    world.install("a", "0.1", folder=system)
    world.install("b", "0.1", folder=system)
    python = fake_interpreter(tmp_path / "usr" / "bin" / "python3", json.dumps({"version": "3.11.0", "folders": [str(system)]}))
    (world.venv / "pyvenv.cfg").write_text(f"home = {python.parent}\nversion = 3.11.7\ninclude-system-site-packages = true\n")
    environment, findings = read_environment(world.python)
    assert not findings
    assert [(each.name, each.version) for each in environment.distributions] == [("a", "1.0"), ("b", "0.1")]


def test_the_interpreter_that_runs_these_tests_can_be_read():
    environment, findings = read_environment(Path(sys.executable))
    assert not findings
    assert {"msgspec", "pytest"} <= {each.name for each in environment.distributions}


def test_another_installed_version_is_an_error(world):
    world.lock("requirements.txt", requirement("a", "1.0"))
    world.install("a", "1.1")
    report = world.examine()
    assert messages(report, "LM-SUP-021") == ["a is locked as 1.0 but installed as 1.1"]
    assert report.components[0].installed == "1.1"
    assert str(report.findings[0].location) == "requirements.txt:1"


def test_a_locked_component_that_is_not_installed_is_an_error(world):
    world.lock("requirements.txt", requirement("a", "1.0"))
    assert world.codes() == ["LM-SUP-022"]


def test_extra_distributions_are_recorded_and_no_finding(world):
    world.require("a", "1.0")
    world.install("setuptools", "70.0")
    report = world.examine()
    assert report.accepted
    assert [each.name for each in report.environment.distributions] == ["a", "setuptools"]
    assert [each.name for each in report.components] == ["a"]


def uv_lock(*names_and_versions, groups):
    head = 'version = 1\n[[package]]\nname = "p"\nsource = { virtual = "." }\n' + groups
    body = "".join(
        f'[[package]]\nname = "{name}"\nversion = "{version}"\nsource = {{ registry = "r" }}\nsdist = {{ hash = "sha256:{"0" * 64}" }}\n'
        for name, version in names_and_versions
    )
    return head + body


def test_an_optional_group_that_is_not_installed_is_left_out_and_said(world):
    world.lock("uv.lock", uv_lock(("sphinx", "1.0"), groups='[package.dev-dependencies]\ndocs = [{ name = "sphinx" }]\n'))
    report = world.examine()
    assert report.accepted
    assert [finding.code for finding in report.findings] == ["LM-SUP-024"]
    assert [(each.purl, each.reason) for each in report.left_out] == [("pkg:pypi/sphinx@1.0", "group docs is not installed")]


def test_an_optional_component_that_is_installed_in_another_version_is_an_error(world):
    world.lock("uv.lock", uv_lock(("sphinx", "1.0"), groups='[package.dev-dependencies]\ndocs = [{ name = "sphinx" }]\n'))
    world.install("sphinx", "2.0")
    assert world.codes() == ["LM-SUP-021"]


def test_the_other_alternative_of_conflicting_extras_is_left_out(world):
    groups = '[package.optional-dependencies]\ncpu = [{ name = "t", version = "1.0" }]\ngpu = [{ name = "t", version = "2.0" }]\n'
    world.lock("uv.lock", uv_lock(("t", "1.0"), ("t", "2.0"), groups=groups))
    world.install("t", "2.0")
    report = world.examine()
    assert report.accepted
    assert [each.version for each in report.components] == ["2.0"]


def test_the_note_on_what_was_left_out_stays_short(world):
    names = [(f"n{index}", "1.0") for index in range(8)]
    edges = ", ".join(f'{{ name = "{name}" }}' for name, _ in names)
    world.lock("uv.lock", uv_lock(*names, groups=f"[package.dev-dependencies]\ndocs = [{edges}]\n"))
    (message,) = messages(world.examine(), "LM-SUP-024")
    assert message.endswith("and 3 more")


@pytest.mark.parametrize(
    ("first", "second", "same"), [("1.0", "1.0.0", True), ("1.0", "1.0+cpu", False), ("1.0", "1.1", False), ("x y", "x y", True), ("x y", "1", False)]
)
def test_versions_are_compared_as_pep_440_does(first, second, same):
    assert is_same_version(first, second) is same
