"""The tiny product in three states, each made once per test process and copied for each test; fixtures for a conftest."""

import atexit
import functools
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fakes.tiny_product import PASSPHRASE, TinyProduct
from lotmark.builds.api import probe


@functools.cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="lotmark-tiny-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@contextmanager
def another_user() -> Iterator[None]:
    """While inside, a user who has seen no log yet. Whatever goes on with a copy outside a test does it as one: who has seen one copy grow refuses the next."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", tempfile.mkdtemp(prefix="user-", dir=_folder()))
        yield


@functools.cache
def opened() -> TinyProduct:
    """Committed, with a ledger and everybody's keys; nothing has run."""
    return TinyProduct.make(_folder() / "opened")


@functools.cache
def waiting() -> TinyProduct:
    """Run up to the decision, which waits for signatures."""
    tiny = opened().copy(_folder() / "waiting")
    with another_user():
        report = tiny.run()
    assert report.outcome == "pending", report
    return tiny


@functools.cache
def released() -> TinyProduct:
    """Signed, released and deployed."""
    tiny = waiting().copy(_folder() / "released")
    with another_user():
        tiny.approve()
        report = tiny.run()
    assert report.outcome == "released", report
    return tiny


@pytest.fixture(autouse=True)
def own_configuration(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test meets the user's own logs, keys or variables; everybody's passphrase lies in a file."""
    folder = tmp_path_factory.mktemp("config")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    for name in (
        "LOTMARK_FORMAT",
        "LOTMARK_CONFIG",
        "LOTMARK_STATE",
        "LOTMARK_PRODUCT",
        "LOTMARK_BLOBS",
        "LOTMARK_TSA",
        "LOTMARK_TSA_CA",
        "NO_COLOR",
        "FORCE_COLOR",
    ):
        monkeypatch.delenv(name, raising=False)
    passphrase = folder / "passphrase"
    passphrase.touch(mode=0o600)
    passphrase.write_text(PASSPHRASE + "\n")
    monkeypatch.setenv("LOTMARK_PASSPHRASE_FILE", str(passphrase))


@pytest.fixture
def tiny(tmp_path: Path) -> TinyProduct:
    """The product before its first run."""
    _need_sandbox()
    return opened().copy(tmp_path / "tiny")


@pytest.fixture
def tiny_waiting(tmp_path: Path) -> TinyProduct:
    """The product with a decision that waits for signatures."""
    _need_sandbox()
    return waiting().copy(tmp_path / "tiny")


@pytest.fixture
def tiny_released(tmp_path: Path) -> TinyProduct:
    """The product with one release."""
    _need_sandbox()
    return released().copy(tmp_path / "tiny")


def _need_sandbox() -> None:
    capabilities = probe()
    if not capabilities.available:
        pytest.skip(f"no sandbox here: {capabilities.reason}")
