"""What every blob store promises, whatever stores it: run on the folder, on buckets of a real server, and on the fake."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from fakes.ledger import MemoryBlobs
from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError, IntegrityError

pytestmark = pytest.mark.verifies("REQ-006", "REQ-051", "RC-004", "HAZ-005")

STORES = ["folder", "memory", "bucket with lock", "bucket with versions", "plain bucket"]
LARGE = 20 * 1024 * 1024 + 7


@pytest.fixture(params=STORES)
def store(request, open_blobs, tmp_path):
    if request.param == "memory":
        return MemoryBlobs()
    if request.param == "folder":
        return open_blobs(str(tmp_path / "blobs"))
    s3 = request.getfixturevalue("s3")
    options = {"lock": "governance:1d"} if request.param == "bucket with lock" else {}
    return open_blobs(s3.url(s3.bucket(lock=request.param != "plain bucket"), "some/prefix", **options))


def test_what_was_put_comes_back_by_its_digest(store, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"from a file")
    digests = [store.put(b"bytes"), store.put_file(file), store.put(b"")]
    assert digests == [Digest.of(b"bytes"), Digest.of(b"from a file"), Digest.of(b"")]
    assert [store.get(digest) for digest in digests] == [b"bytes", b"from a file", b""]
    assert all(store.has(digest) and store.find_fault(digest) is None for digest in digests)
    assert list(store) == sorted(digests)


def test_again_is_no_change(store):
    assert store.put(b"bytes") == store.put(b"bytes")
    assert list(store) == [Digest.of(b"bytes")]


def test_a_local_file_has_the_bytes_while_the_context_lasts(store):
    digest = store.put(b"bytes")
    with store.local_file(digest) as first, store.local_file(digest) as second:
        assert first.read_bytes() == second.read_bytes() == b"bytes"
    with store.local_file(digest) as again:
        assert again.read_bytes() == b"bytes"


def test_what_is_not_there_is_missing(store):
    store.put(b"bytes")
    other = Digest.of(b"other")
    assert not store.has(other)
    assert store.find_fault(other).code == "LM-LED-108"
    for act in (store.get, lambda digest: store.local_file(digest).__enter__()):
        with pytest.raises(IntegrityError) as caught:
            act(other)
        assert caught.value.code == "LM-LED-108"


def test_an_empty_store_holds_nothing(store):
    assert list(store) == []
    assert not store.has(Digest.of(b""))


def test_a_file_that_cannot_be_read_is_named(store, tmp_path):
    with pytest.raises(EnvironmentLacksError) as caught:
        store.put_file(tmp_path / "no such file")
    assert caught.value.code == "LM-LED-004"
    assert list(store) == []


def test_what_is_removed_is_gone_and_may_come_back(store, request):
    if "bucket with lock" in request.node.name:
        pytest.skip("a locked blob stays: test_s3_blobs")
    digest, kept = store.put(b"bytes"), store.put(b"kept")
    assert store.remove(digest)
    assert (store.has(digest), list(store), store.find_fault(digest).code) == (False, [kept], "LM-LED-108")
    assert not store.remove(digest)
    assert store.put(b"bytes") == digest
    assert store.get(digest) == b"bytes"


def test_a_big_file_comes_back_in_many_parts(store, tmp_path):
    file = tmp_path / "big"
    file.write_bytes(os.urandom(1 << 20) * 20 + b"the end")
    digest = store.put_file(file)
    assert digest == Digest.of_file(file)
    with store.local_file(digest) as copy:
        assert copy.stat().st_size == LARGE == file.stat().st_size
        assert Digest.of_file(copy) == digest
    assert store.find_fault(digest) is None


def test_many_threads_may_put_at_once(store):
    contents = [f"blob {number % 20}".encode() for number in range(60)]
    with ThreadPoolExecutor(8) as pool:
        digests = list(pool.map(store.put, contents))
    assert digests == [Digest.of(content) for content in contents]
    assert list(store) == sorted(set(digests))
    assert {store.find_fault(digest) for digest in digests} == {None}
