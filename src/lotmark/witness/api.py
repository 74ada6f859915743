"""The room's door: make and open a witness, and serve it over HTTP."""

from lotmark.witness._server import make_server
from lotmark.witness._service import Witness
from lotmark.witness._store import WitnessStore

__all__ = ["Witness", "WitnessStore", "make_server"]
