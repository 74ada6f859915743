from collections.abc import Iterator

import pytest

from fakes.index_world import IndexWorld
from lotmark.index.api import Index


@pytest.fixture
def world() -> IndexWorld:
    """A ledger with its keys and one waiver, no run yet."""
    made = IndexWorld().found()
    made.waive()
    return made


@pytest.fixture
def released(world: IndexWorld) -> IndexWorld:
    """The same with one release."""
    world.release()
    return world


@pytest.fixture(scope="session")
def shared() -> IndexWorld:
    """One release, as `released`, for tests that only read: it is made once and must not be changed."""
    made = IndexWorld().found()
    made.waive()
    made.release()
    return made


@pytest.fixture(scope="session")
def index(shared: IndexWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """The index of `shared`, up to date."""
    with shared.index(tmp_path_factory.mktemp("index")) as made:
        made.refresh()
        yield made
