"""The HTTP client of a time stamping authority: bounded, and never led elsewhere."""

import socket
import threading
import time

import pytest

from lotmark.base.errors import EnvironmentLacksError, UsageError
from lotmark.integrations._rfc3161 import MAX_REPLY
from lotmark.integrations._tsa import TsaClient
from servers.tsa import running

pytestmark = pytest.mark.verifies("REQ-053", "REQ-025")


@pytest.fixture(scope="module")
def server():
    with running(chain=False) as tsa:
        yield tsa


@pytest.fixture
def tsa(server):
    real = server.answer
    server.requests.clear()
    yield server
    server.answer = real


def refusal(url, **options):
    with pytest.raises(EnvironmentLacksError) as caught:
        TsaClient(url, **options).stamp(b"data")
    assert caught.value.code == "LM-ITG-022"
    assert "lotmark log timestamp" in caught.value.solution
    return caught.value.reason


def test_one_request_is_sent_with_its_nonce(tsa):
    reply, nonce = TsaClient(tsa.url).stamp(b"data")
    assert len(tsa.requests) == 1
    assert nonce.to_bytes((nonce.bit_length() + 8) // 8, "big") in tsa.requests[0]
    assert reply[:1] == b"\x30"


def test_the_query_of_the_url_is_kept_and_the_name_is_its_host(tsa):
    client = TsaClient(tsa.url + "?policy=1")
    client.stamp(b"data")
    assert client.name == tsa.url.split("/")[2]


ANSWERS = {
    "server error": (500, "text/plain", b"no", "500"),
    "not found": (404, "text/html", b"<html>", "404"),
    "a page": (200, "text/html", b"<html>", "text/html"),
    "redirect": (302, "text/plain", b"http://127.0.0.1:9/", "302"),
    "moved for good": (307, "application/timestamp-reply", b"http://127.0.0.1:9/", "307"),
    "too long": (200, "application/timestamp-reply", b"\0" * (MAX_REPLY + 1), "more than"),
}


@pytest.mark.parametrize(("status", "kind", "body", "told"), ANSWERS.values(), ids=ANSWERS)
def test_another_answer_is_no_stamp(tsa, status, kind, body, told):
    tsa.answer = lambda _: (status, kind, body)
    assert told in refusal(tsa.url)
    assert len(tsa.requests) == 1


def test_the_longest_answer_is_still_read(tsa):
    tsa.answer = lambda _: (200, "Application/Timestamp-Reply; charset=x", b"\0" * MAX_REPLY)
    assert len(TsaClient(tsa.url).stamp(b"data")[0]) == MAX_REPLY


def test_an_authority_that_is_away_is_told():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert "refused" in refusal(f"http://127.0.0.1:{taken.getsockname()[1]}/")


def test_an_authority_that_says_nothing_is_left_after_the_time_limit():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        begun = time.monotonic()
        assert "timed out" in refusal(f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout=0.2)
        assert time.monotonic() - begun < 10


def test_an_authority_that_speaks_something_else_is_told():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()

        def talk():
            connection, _ = other.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"220 mail.example.org\r\n")

        thread = threading.Thread(target=talk)
        thread.start()
        refusal(f"http://127.0.0.1:{other.getsockname()[1]}/", timeout=5)
        thread.join()


@pytest.mark.parametrize(
    "url", ["", "tsa.example.org", "ftp://tsa.example.org", "http://", "http://host:port/", "http://host/a b", "http://höst/", "file:///etc/passwd"]
)
def test_what_is_no_url_is_refused(url):
    with pytest.raises(UsageError) as caught:
        TsaClient(url)
    assert caught.value.code == "LM-ITG-020"


def test_credentials_in_the_url_are_refused_and_not_repeated():
    with pytest.raises(UsageError) as caught:
        TsaClient("https://user:secret-word@tsa.example.org/")
    assert (caught.value.code, "secret-word" in f"{caught.value}{caught.value.solution}") == ("LM-ITG-020", False)
