"""What holds for every test."""

import os

import pytest
from hypothesis import HealthCheck, settings

# A busy machine makes an example slow; that says nothing about the product. Under CI the same examples come each time, so a
# red result is always one of the change; at a desk they are new each time, and a failing one is printed to be run again.
settings.register_profile("desk", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("build", settings.get_profile("desk"), derandomize=True, max_examples=50)
settings.load_profile("build" if os.environ.get("CI") else "desk")


@pytest.fixture(scope="session")
def ceph():
    """A real S3 server on loopback; see `servers.ceph`."""
    from servers.ceph import running

    with running() as server:
        yield server
