"""Buckets of a real S3 server, and the clock of the stores in them."""

import pytest

from lotmark.base.clock import SystemClock
from lotmark.integrations.api import blob_opener


@pytest.fixture
def s3(ceph, monkeypatch):
    """The server, with its credentials in the environment."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ceph.environment().items():
        monkeypatch.setenv(name, value)
    return ceph


@pytest.fixture
def open_blobs(tmp_path):
    """Opens the blob store of a setting, its table in the test's folder."""

    def opener(setting, *, writable=True, state=tmp_path, at=None):
        return blob_opener(setting, state, at or SystemClock())(writable)

    return opener
