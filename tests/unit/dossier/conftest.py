from pathlib import Path

import pytest

from fakes.release_log import ReleaseLog


@pytest.fixture(scope="session")
def released() -> ReleaseLog:
    """A release in a ledger, whole and good; do not add to it."""
    return ReleaseLog().record()


@pytest.fixture(scope="session")
def bundle(released: ReleaseLog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its bundle; do not change the file."""
    path = tmp_path_factory.mktemp("bundle") / "bundle.zip"
    released.bundle(path)
    return path
