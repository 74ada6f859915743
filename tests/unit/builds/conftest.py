"""Shared by the tests of the builds room."""

from pathlib import Path

import pytest

from fakes.build_world import make_repo
from lotmark.builds.api import probe


@pytest.fixture(scope="session")
def bwrap() -> None:
    """Skips where no sandbox works."""
    capabilities = probe("bwrap")
    if not capabilities.available:
        pytest.skip(f"no sandbox here: {capabilities.reason}")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A small repository with a program, a text, an executable and a link."""
    return make_repo(
        tmp_path / "repo", {"a.txt": "alpha\n", "src/b c.txt": "beta\n", "run.sh": "#!/bin/sh\necho run\n"}, executable=("run.sh",), links={"link": "a.txt"}
    )
