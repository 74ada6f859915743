"""The witness over HTTP: statuses, types, limits."""

import http.client
import socket
import time
from urllib.parse import urlsplit

import pytest

from fakes.note_signers import Log, NoteKey
from fakes.witnesses import LocalWitness, serve
from lotmark.base.errors import EnvironmentLacksError
from lotmark.tlog import api as tlog
from lotmark.tlog.models import AddCheckpoint, KeyType
from lotmark.witness import _server
from lotmark.witness._service import hash_origin
from lotmark.witness.api import make_server

pytestmark = pytest.mark.verifies("REQ-062", "RC-060")

LOG = Log()


@pytest.fixture
def url(tmp_path):
    witness = LocalWitness(tmp_path, "witness.example/w1", logs=[LOG.signer.vkey])
    with serve(witness.service) as where:
        yield where
    witness.close()


@pytest.fixture
def connection(url):
    made = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    yield made
    made.close()


def body(old, new, log=LOG):
    return tlog.format_add_checkpoint(AddCheckpoint(old, log.consistency(old, new), log.note(new)))


def post(connection, data, path="/add-checkpoint", **headers):
    connection.request("POST", path, body=data, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.headers["Content-Type"], answer.read()


def get(connection, path):
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read()


@pytest.mark.attack("W02")
def test_w02_every_status_of_the_specification_over_one_kept_connection(connection):
    status, kind, line = post(connection, body(0, 5))
    assert (status, kind) == (200, "text/plain; charset=utf-8")
    assert tlog.verify_note(LOG.note(5) + line, [NoteKey("witness.example/w1", KeyType.COSIGNATURE).key]).signers
    assert post(connection, body(0, 8)) == (409, "text/x.tlog.size", b"5\n")
    assert post(connection, body(5, 8, Log(salt="other")))[0] == 422
    assert post(connection, body(0, 1, Log("log.example/two")))[0] == 404
    stolen = Log()
    stolen.signer = NoteKey("log.example/one", seed="stolen")
    assert post(connection, body(5, 8, stolen))[0] == 403
    assert post(connection, b"old 9\n\n" + LOG.note(8))[0] == 400
    assert post(connection, body(5, 8))[0] == 200


def test_the_published_checkpoint_is_served(connection):
    path = f"/{hash_origin('log.example/one')}/checkpoint"
    assert get(connection, path)[0] == 404
    post(connection, body(0, 5))
    status, note = get(connection, path)
    assert status == 200
    assert tlog.verify_checkpoint(note, [LOG.signer.key]).size == 5


@pytest.mark.parametrize(
    "path", ["/", "/checkpoint", "/../checkpoint", "/a/b/checkpoint", f"/{'0' * 64}/other", f"/{'0' * 64}/checkpoint/", "/%2e%2e/checkpoint"]
)
def test_other_paths_are_404(connection, path):
    assert get(connection, path)[0] == 404


def test_posting_elsewhere_is_404(connection):
    assert post(connection, body(0, 5), path="/")[0] == 404
    assert post(connection, body(0, 5))[0] == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(connection, method):
    connection.request(method, "/add-checkpoint", body=b"x")
    assert connection.getresponse().status == 501


def test_a_body_over_the_limit_is_413_unread(connection):
    assert post(connection, b"x" * (tlog.MAX_REQUEST + 1))[0] == 413


@pytest.mark.parametrize("length", ["99999999999999999999", "-1", "1e3", "", "٣"])
def test_an_absurd_length_is_refused(url, length):
    with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=10) as raw:
        raw.sendall(f"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: {length}\r\n\r\n".encode())
        assert raw.recv(1000).split()[1] in {b"411", b"413"}


def test_a_body_in_chunks_is_refused(connection):
    connection.request("POST", "/add-checkpoint", body=iter([b"old 0\n"]), headers={"Transfer-Encoding": "chunked"}, encode_chunked=True)
    assert connection.getresponse().status == 411


def test_a_client_that_sends_nothing_is_let_go(tmp_path, monkeypatch):
    monkeypatch.setattr(_server._Handler, "timeout", 0.2)
    witness = LocalWitness(tmp_path, logs=[LOG.signer.vkey])
    with serve(witness.service) as where, socket.create_connection((urlsplit(where).hostname, urlsplit(where).port), timeout=10) as raw:
        raw.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 100\r\n\r\nold")
        begin = time.monotonic()
        assert raw.recv(1000) == b""
        assert time.monotonic() - begin < 5
    witness.close()


def test_a_taken_port_is_answered(url, tmp_path):
    witness = LocalWitness(tmp_path / "second")
    for host, port in ((urlsplit(url).hostname, urlsplit(url).port), ("127.0.0.1", 99999), ("192.0.2.1", 0)):
        with pytest.raises(EnvironmentLacksError) as caught:
            make_server(witness.service, host, port)
        assert caught.value.code == "LM-WIT-003"
    witness.close()


def test_nothing_is_said_of_the_python_that_runs_it(connection):
    connection.request("GET", "/")
    assert connection.getresponse().headers["Server"].strip() == "lotmark-witness"
