from collections.abc import Iterator

import pytest

from fakes.cli_desk import Desk
from fakes.tiny_world import own_configuration, tiny, tiny_released, tiny_waiting

__all__ = ["own_configuration", "tiny", "tiny_released", "tiny_waiting"]


@pytest.fixture
def desk() -> Iterator[Desk]:
    """The command line before a workspace that is not there."""
    with pytest.MonkeyPatch.context() as patch:
        yield Desk(patch)
