"""A sound ledger on disk, and hands that change it behind its back."""

import pytest

from fakes.keyring import signer
from fakes.ledger import ORIGIN, clock, founding, note
from fakes.vandal import Vandal
from lotmark.ledger import api
from servers.postgres import postgres

__all__ = ["postgres"]


@pytest.fixture
def folder(tmp_path):
    """A sound ledger of seven entries in three batches, closed; entry 4 needs two blobs."""
    with api.create_ledger(tmp_path / "ledger", ORIGIN, signer("log"), clock()) as ledger:
        ledger.append(founding())
        ledger.append([note("two"), note("three", slot="qpcr:RUN-0001/unit/1#note")])
        blobs = tuple(ledger.blobs.put(data) for data in (b"first blob", b"second blob"))
        ledger.append([note("four", blobs=blobs), note("five"), note("six")])
    return tmp_path / "ledger"


@pytest.fixture
def vandal(folder):
    return Vandal(folder)
