"""The folder as a target: links, strangers, broken descriptors, full disks, and death at any step."""

import errno
import fcntl
import json
import os
import shutil

import pytest

from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError, LotmarkError, RefusedError
from lotmark.deploy import _directory
from lotmark.deploy._directory import DirectoryDriver
from lotmark.deploy.api import format_descriptor, open_driver
from lotmark.deploy.models import Deployed
from lotmark.product.models import DirectoryTarget

pytestmark = pytest.mark.verifies("REQ-021", "RC-013")


@pytest.fixture
def site(tmp_path):
    return tmp_path / "site"


@pytest.fixture
def driver(site):
    return DirectoryDriver(site)


class TestLayout:
    def test_current_is_a_relative_link_to_the_version(self, driver, shelf, site):
        release = shelf.deploy(driver, "1.0")
        assert os.readlink(site / "current") == f"versions/1.0-{release.digest.short()}"
        assert {path.name for path in (site / "current").iterdir()} == {"release.json", "qpcr.whl"}
        assert (site / "current" / "qpcr.whl").read_bytes() == shelf.data("1.0")

    def test_the_whole_site_may_be_moved(self, driver, shelf, site, tmp_path):
        release = shelf.deploy(driver, "1.0")
        site.rename(tmp_path / "moved")
        assert DirectoryDriver(tmp_path / "moved").current() == release

    def test_others_may_read_it(self, driver, shelf, site):
        shelf.deploy(driver, "1.0")
        assert (site / "current").stat().st_mode & 0o777 == 0o755

    def test_nothing_else_is_left_behind(self, driver, shelf, site):
        shelf.deploy(driver, "1.0")
        assert sorted(path.name for path in site.iterdir()) == [".lock", "current", "versions"]
        assert len(list((site / "versions").iterdir())) == 1

    def test_the_descriptor_tells_what_lies_there_and_for_whom(self, shelf):
        release = shelf.release("1.0")
        told = json.loads(format_descriptor(release, target="lab", environment="production", run="qpcr:RUN-0001"))
        assert told == {
            "artifact": "qpcr.whl",
            "environment": "production",
            "run": "qpcr:RUN-0001",
            "sha256": release.digest.hex,
            "target": "lab",
            "version": "1.0",
        }

    def test_a_relative_path_counts_from_the_products_root(self, tmp_path, shelf):
        target = DirectoryTarget(name="lab", path="../site", keep=2)
        shelf.deploy(open_driver(target, tmp_path / "product"), "1.0")
        assert (tmp_path / "site" / "current").is_symlink()
        absolute = DirectoryTarget(name="lab", path=str(tmp_path / "abs"))
        shelf.deploy(open_driver(absolute, tmp_path / "product"), "1.0")
        assert (tmp_path / "abs" / "current").is_symlink()


def place(site):
    return (site / "current").resolve()


DESCRIPTORS = {
    "missing": None,
    "empty": b"",
    "no JSON": b"{",
    "no text": b"\xff\xfe",
    "a list": b"[]",
    "without digest": b'{"version": "1.0", "artifact": "qpcr.whl"}',
    "a wrong digest": b'{"version": "1.0", "artifact": "qpcr.whl", "sha256": "XYZ"}',
    "a number for a version": b'{"version": 1, "artifact": "qpcr.whl", "sha256": "' + b"0" * 64 + b'"}',
    "a key twice": b'{"version": "1.0", "version": "2.0", "artifact": "qpcr.whl", "sha256": "' + b"0" * 64 + b'"}',
    "an artifact outside": b'{"version": "1.0", "artifact": "../../../../etc/hostname", "sha256": "' + b"0" * 64 + b'"}',
    "an absolute artifact": b'{"version": "1.0", "artifact": "/etc/hostname", "sha256": "' + b"0" * 64 + b'"}',
    "an artifact with NUL": b'{"version": "1.0", "artifact": "a\\u0000b", "sha256": "' + b"0" * 64 + b'"}',
    "a version outside": b'{"version": "../../x", "artifact": "qpcr.whl", "sha256": "' + b"0" * 64 + b'"}',
    "the descriptor as artifact": b'{"version": "1.0", "artifact": "release.json", "sha256": "' + b"0" * 64 + b'"}',
    "endless": b'{"version": "' + b"1" * 100_000 + b'"}',
    "deep": b"[" * 50_000,
}


class TestDescriptors:
    @pytest.mark.parametrize("content", DESCRIPTORS.values(), ids=DESCRIPTORS)
    def test_one_that_cannot_be_trusted_describes_nothing(self, driver, shelf, site, content):
        release = shelf.deploy(driver, "1.0")
        descriptor = place(site) / "release.json"
        descriptor.unlink() if content is None else descriptor.write_bytes(content)
        assert driver.current() is None
        assert driver.read_back() is None
        assert driver.installed() == ()
        with pytest.raises(RefusedError):
            driver.switch(release)
        shelf.deploy(driver, "1.0")
        assert driver.read_back()[0] == release.digest

    def test_a_link_or_a_pipe_is_none(self, driver, shelf, site, tmp_path):
        shelf.deploy(driver, "1.0")
        descriptor = place(site) / "release.json"
        descriptor.rename(tmp_path / "elsewhere")
        descriptor.symlink_to(tmp_path / "elsewhere")
        assert driver.current() is None
        descriptor.unlink()
        os.mkfifo(descriptor)
        assert driver.current() is None

    def test_more_than_is_needed_may_stand_in_it(self, driver, shelf, site):
        release = shelf.deploy(driver, "1.0")
        descriptor = place(site) / "release.json"
        descriptor.write_bytes(json.dumps({**json.loads(descriptor.read_bytes()), "note": "x"}).encode())
        assert driver.current() == release


class TestTampering:
    def test_an_artifact_that_became_a_link_is_no_artifact(self, driver, shelf, site, tmp_path):
        release = shelf.deploy(driver, "1.0")
        artifact = place(site) / "qpcr.whl"
        artifact.rename(tmp_path / "elsewhere")
        artifact.symlink_to(tmp_path / "elsewhere")
        assert driver.read_back() is None
        with pytest.raises(RefusedError):
            driver.switch(release)

    @pytest.mark.parametrize("kind", ["gone", "folder"])
    def test_an_artifact_that_is_no_file_is_none(self, driver, shelf, site, kind):
        shelf.deploy(driver, "1.0")
        artifact = place(site) / "qpcr.whl"
        artifact.unlink()
        if kind == "folder":
            artifact.mkdir()
        assert driver.current() is not None
        assert driver.read_back() is None

    @pytest.mark.parametrize("target", ["versions/gone", "current", "/nonexistent"])
    def test_a_link_that_leads_nowhere_runs_nothing(self, driver, shelf, site, target):
        shelf.deploy(driver, "1.0")
        (site / "current").unlink()
        (site / "current").symlink_to(target)
        assert driver.current() is None
        assert driver.read_back() is None

    def test_what_runs_is_never_replaced_under_its_feet(self, driver, shelf, site):
        """A damaged running version is repaired beside itself; the link decides, in one step."""
        release = shelf.deploy(driver, "1.0")
        damaged = place(site)
        (damaged / "qpcr.whl").write_bytes(b"evil")
        shelf.install(driver, "1.0")
        assert place(site) == damaged
        assert (damaged / "qpcr.whl").read_bytes() == b"evil"
        driver.switch(release)
        assert place(site).name == f"{damaged.name}.2"
        assert not damaged.exists()
        (place(site) / "qpcr.whl").write_bytes(b"evil again")
        shelf.deploy(driver, "1.0")
        assert driver.read_back()[0] == release.digest

    def test_folders_of_strangers_are_left_alone(self, driver, shelf, site):
        shelf.deploy(driver, "1.0")
        for name in ("notes", "2.0-backup", "x-0123456789ab-old"):
            (site / "versions" / name).mkdir()
        (site / "versions" / "3.0-0123456789ab").write_text("a file")
        (site / "versions" / "4.0-0123456789ab").symlink_to("notes")
        for number in range(2, 8):
            shelf.deploy(driver, f"{number}.0")
        assert {"notes", "2.0-backup", "x-0123456789ab-old", "3.0-0123456789ab", "4.0-0123456789ab"} <= {path.name for path in (site / "versions").iterdir()}
        assert [release.version for release in driver.installed()] == ["4.0", "5.0", "6.0", "7.0"]


class TestPlacesThatCannotBeWritten:
    def refused(self, driver, shelf):
        with pytest.raises(EnvironmentLacksError) as error:
            shelf.deploy(driver, "1.0")
        assert (error.value.code, error.value.where is not None) == ("LM-DEP-004", True)
        return error.value

    def test_the_target_is_a_file(self, driver, shelf, site):
        site.write_text("a file")
        assert "Not a directory" in self.refused(driver, shelf).reason or "File exists" in self.refused(driver, shelf).reason
        assert driver.current() is None
        assert site.read_text() == "a file"

    def test_versions_is_a_file(self, driver, shelf, site):
        site.mkdir()
        (site / "versions").write_text("a file")
        self.refused(driver, shelf)

    def test_current_is_a_folder(self, driver, shelf, site):
        (site / "current").mkdir(parents=True)
        (site / "current" / "precious").write_text("data")
        self.refused(driver, shelf)
        assert (site / "current" / "precious").read_text() == "data"

    def test_the_parent_is_missing(self, tmp_path, shelf):
        driver = DirectoryDriver(tmp_path / "a" / "b" / "c")
        assert shelf.deploy(driver, "1.0") == driver.current()

    def test_no_permission(self, driver, shelf, site, monkeypatch):
        def denied(*_, **__):
            raise PermissionError(errno.EACCES, "Permission denied")

        monkeypatch.setattr(_directory.tempfile, "mkdtemp", denied)
        assert "Permission denied" in self.refused(driver, shelf).reason

    def test_a_parent_that_may_be_written_and_not_read(self, driver, shelf, site, monkeypatch):
        real = os.open

        def denied(path, *arguments, **options):
            if os.fspath(path) == os.fspath(site.parent):
                raise PermissionError(errno.EACCES, "Permission denied")
            return real(path, *arguments, **options)

        monkeypatch.setattr(_directory.os, "open", denied)
        assert shelf.deploy(driver, "1.0") == driver.current()

    def test_another_deployment_at_the_same_time(self, driver, shelf, site):
        shelf.deploy(driver, "0.9")
        handle = os.open(site / ".lock", os.O_RDWR)
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            assert "another deployment" in self.refused(driver, shelf).reason
        finally:
            os.close(handle)
        assert driver.current().version == "0.9"
        shelf.deploy(driver, "1.0")


STEPS = [
    (shutil, "copyfile"),
    (os, "open"),
    (os, "fsync"),
    (os, "mkdir"),
    (os, "rename"),
    (os, "replace"),
    (os, "symlink"),
    (os, "utime"),
    (os, "chmod"),
    (fcntl, "flock"),
]


class Death(BaseException):
    """The process is killed: nothing after this runs, no handler, no clean-up of ours."""


class Fault:
    """Counts the system calls of a deployment and lets the n-th one fail, before or after it took effect."""

    def __init__(self, monkeypatch, at, error, *, after):
        self.count = 0
        self.at, self.error, self.after = at, error, after
        for module, name in STEPS:
            monkeypatch.setattr(module, name, self.wrap(getattr(module, name)))

    def wrap(self, real):
        def call(*arguments, **options):
            self.count += 1
            hit = self.count == self.at
            if hit and not self.after:
                raise self.error
            result = real(*arguments, **options)
            if hit:
                raise self.error
            return result

        return call


def count_steps(tmp_path, shelf):
    with pytest.MonkeyPatch.context() as patch:
        driver = DirectoryDriver(tmp_path / "count", keep=1)
        shelf.deploy(driver, "1.0")
        shelf.deploy(driver, "2.0")
        fault = Fault(patch, -1, None, after=False)
        shelf.deploy(driver, "3.0")
    return fault.count


@pytest.mark.parametrize("after", [False, True], ids=["before it took effect", "after it took effect"])
@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), OSError(errno.EIO, "Input/output error"), Death()], ids=["full", "broken", "killed"]
)
def test_whichever_step_fails_the_old_or_the_new_version_runs_whole(tmp_path, shelf, error, after):
    """And the next deployment succeeds and leaves nothing behind."""
    steps = count_steps(tmp_path, shelf)
    assert steps > 12
    seen = set()
    for at in range(1, steps + 1):
        site = tmp_path / f"{at}"
        driver = DirectoryDriver(site, keep=1)
        shelf.deploy(driver, "1.0")
        old = shelf.deploy(driver, "2.0")
        new = shelf.release("3.0")
        with pytest.MonkeyPatch.context() as patch:
            if isinstance(error, Death):
                patch.setattr(shutil, "rmtree", lambda *_, **__: None)  # the dead clear nothing away
            Fault(patch, at, error, after=after)
            try:
                shelf.deploy(driver, "3.0")
            except LotmarkError as refused:
                assert refused.code == "LM-DEP-004"  # noqa: PT017
                assert str(error.strerror) in refused.reason  # noqa: PT017
            except Death:
                pass
        running = driver.current()
        seen.add(running)
        assert running in {old, new}
        assert driver.read_back() == (running.digest, len(shelf.data(running.version)))
        assert shelf.deploy(driver, "3.0") == new
        assert driver.read_back()[0] == new.digest
        names = sorted(path.name for path in (site / "versions").iterdir())
        assert len(names) == 2, names
        assert not [name for name in names if name.startswith(".")]
        assert sorted(path.name for path in site.iterdir()) == [".lock", "current", "versions"]
    assert seen == {old, new}


def test_a_version_whose_removal_was_cut_off_is_never_taken_for_whole(driver, shelf, site):
    release = shelf.deploy(driver, "1.0")
    shelf.deploy(driver, "2.0")
    old = next((site / "versions").glob("1.0-*"))
    (old / "qpcr.whl").unlink()
    with pytest.raises(RefusedError):
        driver.switch(release)
    assert driver.current().version == "2.0"


@pytest.mark.parametrize("name", ["", "release.json", "a\nb", "x" * 201, "tab\t"])
def test_names_that_cannot_be_files_are_refused(driver, shelf, name):
    release = Deployed("1.0", Digest.of(shelf.data("1.0")), name)
    for act in (lambda: driver.install(release, shelf.path("1.0"), b"{}"), lambda: driver.switch(release)):
        with pytest.raises(RefusedError) as error:
            act()
        assert error.value.code == "LM-DEP-007"
