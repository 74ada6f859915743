"""Releases to deploy."""

from collections.abc import Callable

import pytest

from lotmark.base.digest import Digest
from lotmark.deploy.api import format_descriptor
from lotmark.deploy.models import Deployed

RUN = "qpcr:RUN-0001"


class Shelf:
    """Artifacts in a folder, by version."""

    def __init__(self, folder):
        self.folder = folder

    def data(self, version):
        return f"program {version}\n".encode()

    def path(self, version):
        path = self.folder / f"blob-{version}"
        path.write_bytes(self.data(version))
        return path

    def release(self, version, artifact="qpcr.whl"):
        return Deployed(version, Digest.of(self.data(version)), artifact)

    def install(self, driver, version, artifact="qpcr.whl"):
        release = self.release(version, artifact)
        driver.install(release, self.path(version), format_descriptor(release, target="lab", environment="production", run=RUN))
        return release

    def deploy(self, driver, version):
        release = self.install(driver, version)
        driver.switch(release)
        return release


@pytest.fixture
def shelf(tmp_path) -> Shelf:
    folder = tmp_path / "shelf"
    folder.mkdir()
    return Shelf(folder)


@pytest.fixture
def versions(shelf) -> Callable[..., list[str]]:
    return lambda driver: [release.version for release in driver.installed()]
