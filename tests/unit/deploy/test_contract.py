"""What every target driver promises, held on the folder and on the fake alike."""

import pytest

from fakes.targets import MemoryTarget
from lotmark.base.digest import Digest
from lotmark.base.errors import IntegrityError, RefusedError
from lotmark.deploy._directory import DirectoryDriver
from lotmark.deploy.api import format_descriptor
from lotmark.deploy.models import Deployed

pytestmark = pytest.mark.verifies("REQ-021", "RC-013")


class Folder(DirectoryDriver):
    """The real driver, with what people do to a folder."""

    def tamper(self, data):
        self.artifact_path().write_bytes(data)

    def lose(self):
        (self.artifact_path().parent / "release.json").unlink()


@pytest.fixture(params=["directory", "memory"])
def make(request, tmp_path):
    """Makes a driver of a fresh target."""
    number = iter(range(100))
    return lambda keep=3: Folder(tmp_path / f"site{next(number)}", keep=keep) if request.param == "directory" else MemoryTarget(keep=keep)


@pytest.fixture
def driver(make):
    return make()


def test_an_empty_target_runs_nothing(driver):
    assert driver.current() is None
    assert driver.read_back() is None
    assert driver.installed() == ()
    with pytest.raises(RefusedError) as error:
        driver.artifact_path()
    assert error.value.code == "LM-DEP-003"


def test_installing_does_not_change_what_runs(driver, shelf):
    first = shelf.deploy(driver, "1.0")
    shelf.install(driver, "2.0")
    assert driver.current() == first
    assert driver.read_back() == (first.digest, len(shelf.data("1.0")))


def test_a_switch_runs_the_new_version_whole(driver, shelf):
    shelf.deploy(driver, "1.0")
    second = shelf.deploy(driver, "2.0")
    assert driver.current() == second
    assert driver.read_back() == (second.digest, len(shelf.data("2.0")))
    assert driver.artifact_path().name == "qpcr.whl"


def test_both_acts_may_be_repeated(driver, shelf, versions):
    for _ in range(3):
        release = shelf.deploy(driver, "1.0")
    assert versions(driver) == ["1.0"]
    assert driver.current() == release


def test_a_switch_goes_only_to_what_lies_there(driver, shelf):
    release = shelf.deploy(driver, "1.0")
    with pytest.raises(RefusedError, match=r"2\.0 does not lie at the target") as error:
        driver.switch(shelf.release("2.0"))
    assert error.value.code == "LM-DEP-003"
    assert driver.current() == release


def test_a_switch_back_needs_no_installation(driver, shelf):
    first = shelf.deploy(driver, "1.0")
    shelf.deploy(driver, "2.0")
    driver.switch(first)
    assert driver.current() == first
    assert driver.read_back()[0] == first.digest


def test_other_bytes_than_the_releases_are_not_installed(driver, shelf, versions):
    wrong = Deployed("1.0", Digest.of(b"other"), "qpcr.whl")
    with pytest.raises(IntegrityError) as error:
        driver.install(wrong, shelf.path("1.0"), format_descriptor(wrong, target="lab", environment="", run=""))
    assert error.value.code == "LM-DEP-002"
    assert versions(driver) == []


def test_bytes_that_are_gone_are_not_installed(driver, shelf):
    release = shelf.release("1.0")
    with pytest.raises(IntegrityError) as error:
        driver.install(release, shelf.folder / "gone", format_descriptor(release, target="lab", environment="", run=""))
    assert error.value.code == "LM-DEP-002"


def test_a_descriptor_of_another_release_is_not_installed(driver, shelf, versions):
    with pytest.raises(IntegrityError):
        driver.install(shelf.release("1.0"), shelf.path("1.0"), format_descriptor(shelf.release("9.9"), target="lab", environment="", run=""))
    assert versions(driver) == []


@pytest.mark.parametrize("name", ["../evil", "a/b", "/etc/passwd", "..", ".", ".hidden"])
@pytest.mark.parametrize("field", ["artifact", "version"])
def test_a_name_that_could_lead_elsewhere_is_refused(driver, shelf, versions, field, name):
    names = {"version": "1.0", "artifact": "qpcr.whl", field: name}
    release = Deployed(names["version"], Digest.of(shelf.data("1.0")), names["artifact"])
    with pytest.raises(RefusedError) as error:
        driver.install(release, shelf.path("1.0"), format_descriptor(release, target="lab", environment="", run=""))
    assert error.value.code == "LM-DEP-007"
    assert versions(driver) == []


def test_what_was_tampered_with_is_read_back_as_it_is(driver, shelf):
    shelf.deploy(driver, "1.0")
    driver.tamper(b"evil")
    assert driver.read_back() == (Digest.of(b"evil"), 4)


def test_what_was_tampered_with_is_repaired_by_deploying_again(driver, shelf, versions):
    release = shelf.deploy(driver, "1.0")
    driver.tamper(b"evil")
    with pytest.raises(RefusedError):
        driver.switch(release)
    shelf.deploy(driver, "1.0")
    assert driver.read_back() == (release.digest, len(shelf.data("1.0")))
    assert versions(driver) == ["1.0"]


def test_without_a_descriptor_nothing_known_runs(driver, shelf):
    shelf.deploy(driver, "1.0")
    driver.lose()
    assert driver.current() is None
    assert driver.read_back() is None
    shelf.deploy(driver, "2.0")
    assert driver.current().version == "2.0"


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_the_last_versions_stay_besides_the_running_one(make, shelf, versions, keep):
    driver = make(keep)
    for number in range(1, 7):
        shelf.deploy(driver, f"{number}.0")
    assert versions(driver) == [f"{number}.0" for number in range(6 - keep, 7)]
    assert driver.current().version == "6.0"


def test_what_ran_before_stays_however_old_it_is(make, shelf, versions):
    driver = make(1)
    first = shelf.deploy(driver, "1.0")
    shelf.deploy(driver, "2.0")
    driver.switch(first)
    shelf.install(driver, "3.0")
    shelf.deploy(driver, "4.0")
    assert sorted(versions(driver)) == ["1.0", "4.0"]
    driver.switch(first)
    assert driver.current() == first


def test_two_releases_of_one_version_lie_side_by_side(driver, shelf, tmp_path):
    first = shelf.deploy(driver, "1.0")
    other = tmp_path / "other"
    other.write_bytes(b"rebuilt")
    second = Deployed("1.0", Digest.of(b"rebuilt"), "qpcr.whl")
    driver.install(second, other, format_descriptor(second, target="lab", environment="", run=""))
    driver.switch(second)
    assert driver.read_back()[0] == second.digest
    driver.switch(first)
    assert driver.read_back()[0] == first.digest


def test_two_targets_know_nothing_of_each_other(make, shelf, versions):
    lab, plant = make(), make()
    shelf.deploy(lab, "1.0")
    shelf.deploy(plant, "2.0")
    assert (lab.current().version, plant.current().version) == ("1.0", "2.0")
    assert (versions(lab), versions(plant)) == (["1.0"], ["2.0"])
