"""A product whose log witnesses watch over HTTP, and somebody who holds the log's key and means no good."""

import contextlib
import json
import os
import shutil
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from fakes.tiny_product import TinyProduct, _person
from fakes.witnesses import Hands, LocalWitness
from lotmark.attest.api import FileSigner, KeySigner, generate_key
from lotmark.base.clock import SystemClock
from lotmark.bootstrap.api import enrol_key
from lotmark.ledger.api import create_ledger
from lotmark.ledger.models import Submission
from lotmark.witness.api import WitnessServer, make_server


class WitnessedWorld:
    """`tiny` with witnesses ``w1``, ``w2``.. of which `quorum` must cosign; each can be taken down and brought up again."""

    def __init__(self, tiny: TinyProduct, folder: Path, *, witnesses: int = 1, quorum: int = 1) -> None:
        self.tiny = tiny
        self.folder = folder
        self.clock = Hands(int(SystemClock().now().timestamp()))
        self.log_key = self.trust["logKey"]
        self.witnesses = [LocalWitness(folder / f"w{n}", f"w{n}.example", [self.log_key], self.clock) for n in range(1, witnesses + 1)]
        self.servers: dict[int, WitnessServer] = {}
        self.ports = [0] * witnesses
        for number in range(witnesses):
            self.up(number)
        lines = [f"witness w{n} {witness.vkey} http://127.0.0.1:{self.ports[n - 1]}" for n, witness in enumerate(self.witnesses, 1)]
        self.policy_lines = [*lines, f"group g {quorum} {' '.join(f'w{n}' for n in range(1, witnesses + 1))}", "quorum g"]
        self.set_trust(tlogPolicy=self.policy_lines)

    @property
    def trust_path(self) -> Path:
        return self.tiny.state / "trust.json"

    @property
    def trust(self) -> dict:
        return json.loads(self.trust_path.read_bytes())

    def set_trust(self, **changes: object) -> None:
        self.trust_path.write_text(json.dumps({**self.trust, **changes}))

    def up(self, number: int) -> None:
        server = make_server(self.witnesses[number].service, "127.0.0.1", self.ports[number])
        self.ports[number] = urlsplit(server.url).port or 0
        self.servers[number] = server
        threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True).start()

    def down(self, number: int) -> None:
        server = self.servers.pop(number)
        server.shutdown()
        server.server_close()

    def close(self) -> None:
        for number in list(self.servers):
            self.down(number)
        for witness in self.witnesses:
            witness.close()

    # ------------------------------------------------------------ what goes on

    def grow(self, times: int = 1) -> int:
        """Append as many records; gives the log's size."""
        with self.tiny.workspace() as workspace:
            for _ in range(times):
                public = KeySigner(generate_key()).public_key
                enrol_key(workspace, public_key=public, kind="person", person=_person("dana"), reason="another key", root=self.tiny.signer("ada"))
            return workspace.ledger.size

    def ask(self):
        return self.tiny.cli("--format", "json", "log", "witness")

    def evidence(self) -> list[Path]:
        return sorted((self.tiny.state / "evidence").glob("*/*.checkpoint"))

    # ------------------------------------------------------------ whoever holds the log's key

    def rewrite(self, change) -> None:
        """Another history in the place of the log, signed with its key: `change` gets the old submissions and gives the new."""
        with self.tiny.workspace() as workspace:
            ledger = workspace.ledger
            old = [Submission(ledger.envelope(entry), entry.header.kind, entry.header.scope, entry.header.slot) for entry in ledger.entries()]
            origin = ledger.origin
        place = self.folder / "rewritten"
        shutil.rmtree(place, ignore_errors=True)
        with create_ledger(place, origin, FileSigner.load(self.tiny.state / "keys" / "log.key"), SystemClock()) as forged:
            for submission in change(old):
                forged.append([submission])
        for path in [*self.tiny.state.glob("ledger.db*"), *self.tiny.state.glob("index.db*")]:
            path.unlink()
        shutil.copy(place / "ledger.db", self.tiny.state / "ledger.db")

    def forget(self) -> None:
        """Remove what the machine itself remembers of the witnesses, and what its user has seen of the log."""
        shutil.rmtree(self.tiny.state / "witnessed", ignore_errors=True)
        for path in (Path(os.environ["XDG_CONFIG_HOME"]) / "lotmark").rglob("*.checkpoint"):
            path.unlink()

    def snapshot(self, name: str) -> Path:
        place = self.folder / name
        shutil.copytree(self.tiny.state, place)
        return place

    def put_back(self, place: Path, *, whole: bool) -> None:
        """An earlier state in the place of the present one: the whole folder, or the database alone."""
        if whole:
            shutil.rmtree(self.tiny.state)
            shutil.copytree(place, self.tiny.state)
            return
        for path in [*self.tiny.state.glob("ledger.db*"), *self.tiny.state.glob("index.db*")]:
            path.unlink()
        for path in place.glob("ledger.db*"):
            shutil.copy(path, self.tiny.state / path.name)

    def size(self) -> int:
        return self.tiny.size()


@contextlib.contextmanager
def serve_folder(folder: Path, alter=None) -> Iterator[str]:
    """A web server over a folder; `alter` may change what it serves: (path, bytes) -> bytes."""

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(folder))  # type: ignore[arg-type]

        def do_GET(self) -> None:
            path = folder / self.path.lstrip("/")
            if not path.is_file():
                self.send_error(404)
                return
            data = path.read_bytes()
            data = alter(self.path.lstrip("/"), data) if alter else data
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
