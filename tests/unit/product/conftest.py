"""Repositories to ask questions of."""

import pytest

from fakes.git_repository import Repository


@pytest.fixture
def repo(tmp_path):
    return Repository(tmp_path / "repo")


@pytest.fixture
def one(repo):
    """With one file and one commit."""
    repo.write("file")
    repo.commit("First")
    return repo
