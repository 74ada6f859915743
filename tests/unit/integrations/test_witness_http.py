"""The witness's client and the reader of a mirror, over HTTP: against the real server, and against servers that misbehave."""

import http.server
import threading
from contextlib import contextmanager

import pytest

from fakes.note_signers import Log, NoteKey
from fakes.witnesses import LocalWitness, serve
from lotmark.base.errors import EnvironmentLacksError, NothingToJudgeError, UsageError
from lotmark.integrations.api import HttpObjects, HttpWitness
from lotmark.tlog import api as tlog
from lotmark.tlog.errors import WitnessRefusalError
from lotmark.tlog.models import AddCheckpoint, KeyType

pytestmark = pytest.mark.verifies("REQ-060", "REQ-061", "RC-060")

LOG = Log()


def request(old, new, log=LOG):
    return AddCheckpoint(old, log.consistency(old, new), log.note(new))


@pytest.fixture
def client(tmp_path):
    witness = LocalWitness(tmp_path, "witness.example/w1", logs=[LOG.signer.vkey])
    with serve(witness.service) as url:
        yield HttpWitness(url + "/")
    witness.close()


def test_a_cosignature_comes_back_and_verifies(client):
    lines = client.add_checkpoint(request(0, 5))
    note = tlog.add_signatures(LOG.note(5), lines)
    assert tlog.verify_note(note, [NoteKey("witness.example/w1", KeyType.COSIGNATURE).key]).signers
    assert client.published("log.example/one") == note
    assert client.published("nobody") is None


@pytest.mark.parametrize(
    "asked,status",
    [
        (request(0, 8), 409),
        (request(5, 8, Log(salt="other")), 422),
        (request(0, 5, Log("log.example/two")), 404),
        (AddCheckpoint(9, (), LOG.note(8)), 400),
        (AddCheckpoint(5, (), LOG.note(8)[:-3] + b"*\n"), 403),
    ],
)
def test_each_refusal_keeps_its_status(client, asked, status):
    client.add_checkpoint(request(0, 5))
    with pytest.raises(WitnessRefusalError) as caught:
        client.add_checkpoint(asked)
    assert (caught.value.status, caught.value.size) == (status, 5 if status == 409 else None)


@contextmanager
def misbehaving(status=200, body=b"", kind="text/plain", headers=()):
    """A server that gives the same answer to everything."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer

        def log_message(self, *_):
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    "answer,told",
    [
        pytest.param({"status": 500, "body": b"broken"}, "it answers 500: broken", id="a server error"),
        pytest.param({"status": 200, "body": b"<html>"}, "holds no signature lines", id="a web page"),
        pytest.param({"status": 200, "body": b""}, "holds no signature lines", id="nothing"),
        pytest.param({"status": 200, "body": b"\xff\xfe"}, "holds no signature lines", id="no text"),
        pytest.param({"status": 302, "headers": [("Location", "http://127.0.0.1:9/")]}, "it answers 302", id="a redirect"),
        pytest.param({"status": 200, "body": b"x" * 1_000_001}, "more than 1000000 bytes", id="without end"),
        pytest.param({"status": 429}, "it answers 429", id="too many requests"),
    ],
)
def test_what_is_no_answer_of_a_witness_is_named(answer, told):
    with misbehaving(**answer) as url, pytest.raises(EnvironmentLacksError, match=told) as caught:
        HttpWitness(url).add_checkpoint(request(0, 5))
    assert caught.value.code == "LM-LED-040"


def test_a_409_without_a_size_tells_none():
    for kind, body in (("text/x.tlog.size", b"five\n"), ("text/plain", b"5\n")):
        with misbehaving(409, body, kind) as url, pytest.raises(WitnessRefusalError) as caught:
            HttpWitness(url).add_checkpoint(request(0, 5))
        assert (caught.value.status, caught.value.size) == (409, None)


def test_a_witness_that_is_not_there_is_named():
    with misbehaving() as url:
        pass
    for ask in (lambda: HttpWitness(url).add_checkpoint(request(0, 5)), lambda: HttpWitness(url).published("x")):
        with pytest.raises(EnvironmentLacksError, match="Connection refused"):
            ask()
    with misbehaving(500) as url, pytest.raises(EnvironmentLacksError, match="when it is asked what it published"):
        HttpWitness(url).published("x")


def test_a_witness_that_never_answers_is_given_up():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(EnvironmentLacksError, match="timed out"):
        HttpWitness(f"http://127.0.0.1:{silent.getsockname()[1]}", seconds=0.2).add_checkpoint(request(0, 5))


@pytest.mark.parametrize(
    "url", ["", "w.example", "ftp://w.example/", "file:///etc/passwd", "https://", "https://w.example/?a=b", "https://u:p@w.example/", "https://w.example/#x"]
)
def test_only_the_address_of_a_web_server_is_taken(url):
    for kind in (HttpWitness, HttpObjects):
        with pytest.raises(UsageError) as caught:
            kind(url)
        assert caught.value.code == "LM-ITG-010"


def test_objects_are_read_or_named():
    with misbehaving(200, b"bytes") as url:
        assert HttpObjects(url).get("tile/0/000") == b"bytes"
    for status, error in ((404, NothingToJudgeError), (410, NothingToJudgeError), (500, EnvironmentLacksError), (301, EnvironmentLacksError)):
        with misbehaving(status) as url, pytest.raises(error):
            HttpObjects(url).get("checkpoint")
    with pytest.raises(EnvironmentLacksError, match="cannot be read"):
        HttpObjects(url).get("checkpoint")
