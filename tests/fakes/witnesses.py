"""A witness in this process, as a client sees it; and one that can be made to misbehave."""

from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Thread

from fakes.note_signers import NoteKey
from lotmark.base.errors import EnvironmentLacksError
from lotmark.tlog import api as tlog
from lotmark.tlog.errors import WitnessRefusalError
from lotmark.tlog.models import KeyType
from lotmark.witness._service import hash_origin
from lotmark.witness.api import Witness, WitnessStore, make_server

TIME = 1_790_000_000


class Hands:
    """A clock that is moved by hand."""

    def __init__(self, seconds=TIME):
        self.seconds = seconds

    def now(self):
        return datetime.fromtimestamp(self.seconds, UTC)


class LocalWitness:
    """A real witness behind a `WitnessClient` without a network; `down` makes it unreachable, `lines` overrides its answer."""

    def __init__(self, folder, name="w1.example", logs=(), clock=None):
        self.clock = clock or Hands()
        self.key = NoteKey(name)
        self.store = WitnessStore(folder)
        for vkey in logs:
            self.store.watch(vkey)
        self.service = Witness(self.store, self.key, folder / "published", self.clock.now)
        self.down = False
        self.asked = []
        self.lines = None

    @property
    def vkey(self):
        return self.service.vkey

    def add_checkpoint(self, request):
        self._reach()
        self.asked.append(request.old_size)
        if self.lines is not None:
            return self.lines
        answer = self.service.add_checkpoint(tlog.format_add_checkpoint(request))
        if answer.status == 200:
            return tlog.parse_signatures(answer.body.decode())
        size = tlog.parse_size(answer.body) if answer.status == 409 else None
        raise WitnessRefusalError(answer.status, answer.body.decode(), size=size)

    def published(self, origin):
        self._reach()
        answer = self.service.checkpoint(hash_origin(origin))
        return answer.body if answer.status == 200 else None

    def _reach(self):
        if self.down:
            raise EnvironmentLacksError("LM-LED-040", "connection refused")

    def close(self):
        self.store.close()


def cosigner(name, seed=None):
    """A key that cosigns, and its verifier key."""
    return NoteKey(name, KeyType.COSIGNATURE, seed)


@contextmanager
def serve(witness, host="127.0.0.1"):
    """The witness over HTTP on a free port; gives its URL."""
    server = make_server(witness, host, 0)
    thread = Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
