"""The room's door: make and open a witness, and serve it over HTTP."""

from lotmark.witness._server import WitnessServer, make_server
from lotmark.witness._service import Witness
from lotmark.witness._store import WitnessStore

__all__ = ["Witness", "WitnessServer", "WitnessStore", "make_server"]
