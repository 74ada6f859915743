"""The witness over HTTP, with the standard library's server: a body limit, a time limit, a thread for each connection.

Put a web server before it that speaks TLS and limits requests; C2SP ``tlog-witness`` needs no authentication.
"""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Final

from lotmark.base.errors import EnvironmentLacksError
from lotmark.tlog import api as tlog
from lotmark.witness._service import Witness
from lotmark.witness.models import Answer

_ADD: Final = "/add-checkpoint"
_SECONDS: Final = 15
"""How long a client may take for a line or a body."""
_MAX_THREADS: Final = 64


class _Handler(BaseHTTPRequestHandler):
    """One connection; `witness` is set by `make_server`."""

    protocol_version = "HTTP/1.1"
    server_version = "lotmark-witness"
    sys_version = ""
    timeout = _SECONDS
    witness: ClassVar[Witness]

    def do_POST(self) -> None:
        """``POST /add-checkpoint``."""
        length = self.headers.get("Content-Length", "")
        if self.headers.get("Transfer-Encoding") or not (length.isascii() and length.isdigit()):
            self._refuse(411, b"give the length of the body\n")
        elif len(length) > 9 or int(length) > tlog.MAX_REQUEST:
            self._refuse(413, b"a request of more than %d bytes\n" % tlog.MAX_REQUEST)
        elif self.path != _ADD:
            self.rfile.read(int(length))
            self._answer(Answer(404, b"a witness answers POST /add-checkpoint and GET /<origin hash>/checkpoint\n"))
        else:
            self._answer(self.witness.add_checkpoint(self.rfile.read(int(length))))

    def do_GET(self) -> None:
        """``GET /<origin hash>/checkpoint``."""
        parts = self.path.split("/")
        if len(parts) == 3 and parts[0] == "" and parts[2] == "checkpoint":
            self._answer(self.witness.checkpoint(parts[1]))
        else:
            self._answer(Answer(404, b"a witness answers POST /add-checkpoint and GET /<origin hash>/checkpoint\n"))

    def _refuse(self, status: int, body: bytes) -> None:
        """Answer without reading the body: then the connection cannot go on."""
        self.close_connection = True
        self._answer(Answer(status, body))

    def _answer(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        """Nothing: requests are public, and a journal of them belongs to the web server before this one."""


class WitnessServer(ThreadingHTTPServer):
    """The server; `url` is where it listens. `serve_forever` until `shutdown`."""

    daemon_threads = True
    request_queue_size = _MAX_THREADS

    @property
    def url(self) -> str:
        """Its submission prefix, and its monitoring prefix too."""
        host, port = self.server_address[:2]
        name = host.decode() if isinstance(host, bytes) else str(host)
        return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def make_server(witness: Witness, host: str, port: int) -> WitnessServer:
    """A server for the witness, listening; port 0 takes a free one.

    Raises:
        EnvironmentLacksError: LM-WIT-003 if it cannot listen there.
    """
    handler = type("Handler", (_Handler,), {"witness": witness})
    try:
        return WitnessServer((host, port), handler)
    except (OSError, OverflowError) as error:
        raise EnvironmentLacksError(
            "LM-WIT-003",
            f"the witness cannot listen on {host}:{port}: {error}",
            where=f"{host}:{port}",
            solution="name a free port of this machine with --listen",
        ) from error
