"""The check after a switch: only what was read back, hashed and answered rightly is verified."""

import pytest

from fakes.release_run import RUN
from fakes.targets import MemoryTarget
from lotmark.attest.api import build_payload, parse_json
from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError
from lotmark.bootstrap.api import registry
from lotmark.deploy._directory import DirectoryDriver
from lotmark.deploy.api import check_evidence, check_target, deployment_evidence, describe_target
from lotmark.deploy.models import Admission, AdmissionCheck, Deployed, Probe
from lotmark.deploy.rules import RULES
from lotmark.product.models import DirectoryTarget

pytestmark = pytest.mark.verifies("REQ-021", "RC-013")

AT = "2026-11-23T12:00:00.000Z"


def target(**change):
    return DirectoryTarget(name="lab", path="../site", **change)


def never(command, readable):
    raise AssertionError("no probe is declared")


def answers(output="", exit_code=0):
    return lambda command, readable: Probe(tuple(command), exit_code, output)


@pytest.fixture(params=["memory", "directory"])
def driver(request, tmp_path):
    return MemoryTarget() if request.param == "memory" else DirectoryDriver(tmp_path / "site")


def check(driver, shelf, version="1.2", probe=never, **declared):
    return check_target(target(**declared), driver, shelf.release(version).digest, version, probe)


class TestVerdicts:
    def test_the_right_bytes_are_verified(self, driver, shelf):
        release = shelf.deploy(driver, "1.2")
        found = check(driver, shelf)
        assert (found.verdict, found.found, found.size, found.probe, found.reported_version) == ("verified", release.digest, 12, None, None)
        assert "no probe is declared" in found.reason

    def test_an_empty_target_is_unreachable(self, driver, shelf):
        found = check(driver, shelf)
        assert (found.verdict, found.found, found.size) == ("unreachable", None, None)

    def test_another_version_is_a_mismatch(self, driver, shelf):
        shelf.deploy(driver, "1.3")
        found = check(driver, shelf)
        assert (found.verdict, found.found) == ("mismatch", shelf.release("1.3").digest)

    def test_other_bytes_are_a_mismatch(self, driver, shelf, tmp_path):
        shelf.deploy(driver, "1.2")
        if isinstance(driver, MemoryTarget):
            driver.tamper(b"evil")
        else:
            driver.artifact_path().write_bytes(b"evil")
        found = check(driver, shelf)
        assert (found.verdict, found.found, found.size) == ("mismatch", Digest.of(b"evil"), 4)

    def test_right_bytes_under_another_version_are_a_mismatch(self, driver, shelf):
        release = shelf.release("1.2")
        shelf.deploy(driver, "1.2")
        found = check_target(target(), driver, release.digest, "9.9", never)
        assert found.verdict == "mismatch"
        assert "says that it runs 1.2, not 9.9" in found.reason

    @pytest.mark.parametrize("error", [OSError(5, "Input/output error"), EnvironmentLacksError("LM-DEP-004", "gone"), PermissionError()], ids=repr)
    @pytest.mark.parametrize("act", ["current", "read_back"])
    def test_what_cannot_be_read_is_unreachable(self, driver, shelf, monkeypatch, error, act):
        shelf.deploy(driver, "1.2")

        def fail():
            raise error

        monkeypatch.setattr(driver, act, fail)
        found = check(driver, shelf)
        assert (found.verdict, found.found) == ("unreachable", None)
        assert found.reason

    def test_a_probe_that_cannot_be_run_is_unreachable_though_the_bytes_are_right(self, driver, shelf):
        release = shelf.deploy(driver, "1.2")

        def fail(command, readable):
            raise EnvironmentLacksError("LM-BLD-001", "no sandbox")

        found = check_target(target(probe=["x"]), driver, release.digest, "1.2", fail)
        assert (found.verdict, found.found) == ("unreachable", release.digest)
        assert "no sandbox" in found.reason

    @pytest.mark.parametrize("exit_code", [1, 2, 127, -9])
    def test_a_probe_that_fails_is_a_mismatch(self, driver, shelf, exit_code):
        release = shelf.deploy(driver, "1.2")
        found = check_target(target(probe=["x"], expect="{version}"), driver, release.digest, "1.2", answers("1.2", exit_code))
        assert (found.verdict, found.probe.exit_code) == ("mismatch", exit_code)


PRINTED = {
    "the version alone": ("{version}", "1.2\n"),
    "among words": ("{version}", "qpcr 1.2 (built)"),
    "after a letter": ("{version}", "qpcr v1.2"),
    "at the end of a sentence": ("{version}", "This is 1.2."),
    "in a phrase": ("qpcr {version}", "qpcr 1.2"),
    "before a word": ("{version} ready", "1.2 ready"),
    "twice": ("{version}/{version}", "1.2/1.2"),
    "a text without version": ("ready", "is ready"),
    "signs of a regex": ("a+b (x)", "a+b (x)"),
    "nothing expected": ("", "anything"),
}
NOT_PRINTED = {
    "a later version": ("{version}", "1.2.1"),
    "a longer number": ("{version}", "1.20"),
    "a longer number before": ("{version}", "11.2"),
    "a part of another version": ("{version}", "0.1.2"),
    "a pre-release": ("{version}", "1.2-rc1"),
    "a pre-release without dash": ("{version}", "1.2rc1"),
    "a local version": ("{version}", "1.2+dirty"),
    "a later version in a phrase": ("qpcr {version}", "qpcr 1.2.1"),
    "dots are dots": ("{version}", "1x2"),
    "nothing": ("{version}", ""),
    "another phrase": ("ready", "not read"),
}


class TestProbes:
    def probe(self, shelf, expect, output):
        driver = MemoryTarget()
        release = shelf.deploy(driver, "1.2")
        return check_target(target(probe=["x"], expect=expect), driver, release.digest, "1.2", answers(output))

    @pytest.mark.parametrize(("expect", "output"), PRINTED.values(), ids=PRINTED)
    def test_what_was_expected_was_printed(self, shelf, expect, output):
        assert self.probe(shelf, expect, output).verdict == "verified"

    @pytest.mark.parametrize(("expect", "output"), NOT_PRINTED.values(), ids=NOT_PRINTED)
    def test_what_was_expected_was_not_printed(self, shelf, expect, output):
        found = self.probe(shelf, expect, output)
        assert found.verdict == "mismatch"
        assert "did not print" in found.reason

    @pytest.mark.parametrize(("output", "reported"), [("v1.2", "1.2"), ("1.2.1", None), ("", None)])
    def test_the_version_that_it_reports_is_kept(self, shelf, output, reported):
        assert self.probe(shelf, "", output).reported_version == reported

    def test_the_command_is_told_where_the_artifact_lies(self, tmp_path, shelf):
        driver = DirectoryDriver(tmp_path / "{artifact}")
        release = shelf.deploy(driver, "1.2")
        seen = {}

        def run(command, readable):
            seen.update(command=command, readable=readable)
            return Probe(tuple(command), 0, "")

        check_target(target(probe=["run", "--dir={current}", "{artifact}", "{other}"]), driver, release.digest, "1.2", run)
        place = tmp_path / "{artifact}" / "versions" / f"1.2-{release.digest.short()}"
        assert seen["command"] == ["run", f"--dir={place}", f"{place}/qpcr.whl", "{other}"]
        assert list(seen["readable"]) == [place]


class TestEvidence:
    def test_a_target_is_described_without_secrets_or_commands(self):
        assert describe_target(target(environment="staging", probe=["secret"])) == {
            "name": "lab",
            "driver": "directory",
            "environment": "staging",
            "path": "../site",
        }

    @pytest.mark.parametrize("previous", [None, Deployed("1.1", Digest("cc" * 32), "old.whl")], ids=["first", "after another"])
    def test_a_deployment_is_about_the_artifact_and_fits_its_type(self, shelf, previous):
        release = shelf.release("1.2")
        admission = Admission(release.digest, "lab", "90" * 32, 7, (AdmissionCheck("policy", holds=True, detail="same"),), AT)
        made = deployment_evidence(
            run=RUN, product="qpcr", target=target(), release=release, admission=admission, action="deploy", previous=previous, switched_at=AT
        )
        assert (made.kind, made.name) == ("deployment", "lab")
        assert [(subject.name, subject.digest) for subject in made.subjects] == [("qpcr.whl", {"sha256": release.digest.hex})]
        assert made.predicate["previous"] == ({"version": "1.1", "sha256": "cc" * 32} if previous else None)
        assert parse_json(build_payload(made, registry()))["predicate"] == made.predicate

    @pytest.mark.parametrize("state", ["verified", "mismatch", "unreachable", "probed"])
    def test_a_check_is_about_the_expected_artifact_and_fits_its_type(self, shelf, state):
        driver = MemoryTarget()
        release = shelf.release("1.2")
        if state != "unreachable":
            shelf.deploy(driver, "1.3" if state == "mismatch" else "1.2")
        found = check_target(target(probe=["x"] if state == "probed" else []), driver, release.digest, "1.2", answers("1.2"))
        made = check_evidence(RUN, "qpcr", {"version": "1.2", "artifact": "qpcr.whl"}, found, AT)
        assert (made.kind, made.name, made.predicate["verdict"]) == ("deployment-check", "lab", "verified" if state == "probed" else state)
        assert [(subject.name, subject.digest) for subject in made.subjects] == [("qpcr.whl", {"sha256": release.digest.hex})]
        assert (made.predicate["probe"] is not None) == (state == "probed")
        assert parse_json(build_payload(made, registry()))["predicate"] == made.predicate


def test_every_rule_of_the_room_is_told():
    assert [rule.code for rule in RULES] == [f"LM-DEP-{number:03d}" for number in range(1, 8)]
    assert all(rule.title and rule.story and rule.cure for rule in RULES)
