import json
from dataclasses import replace

import pytest

from lotmark.base.digest import Digest
from lotmark.base.errors import IntegrityError, UsageError
from lotmark.ledger import api
from lotmark.ledger.models import Header

pytestmark = pytest.mark.verifies("REQ-005", "REQ-006", "RC-004", "HAZ-005")


KEY = "ab" * 32
HEADER = Header(
    kind="test-run",
    envelope=Digest.of(b"envelope"),
    size=1234,
    payload=Digest.of(b"payload"),
    keys=(KEY,),
    scope="run:qpcr:RUN-0001",
    received_at="2026-11-23T12:00:00.000Z",
    slot="qpcr:RUN-0001/unit/1#test-run",
    submitter="pipeline",
    blobs=Digest.of(b"blobs"),
)


def test_a_header_goes_through_its_bytes():
    for header in (HEADER, replace(HEADER, slot="", submitter="", blobs=None), replace(HEADER, keys=(KEY, "cd" * 32))):
        assert api.parse_header(api.format_header(header)) == header


def test_the_bytes_are_these_for_ever():
    assert api.format_header(HEADER) == (
        b'{"v":1,"kind":"test-run","envelope":"TFA8pndh5cSq7P6ZYkTCXYwLQJAtEIXIW0RovVZ1SMY","size":1234,'
        b'"payload":"I59Z7VXnN8dxR89VrQwbAwttfudIp0JpUvm4UtWpNeU","keys":["q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s"],'
        b'"scope":"run:qpcr:RUN-0001","receivedAt":"2026-11-23T12:00:00.000Z","slot":"qpcr:RUN-0001/unit/1#test-run",'
        b'"submitter":"pipeline","blobs":"OqOplOovylVeHi8LO315WSV6YHuJJPZY51oL31hnxzY"}'
    )


def test_absent_values_are_left_out():
    wire = json.loads(api.format_header(replace(HEADER, slot="", submitter="", blobs=None)))
    assert list(wire) == ["v", "kind", "envelope", "size", "payload", "keys", "scope", "receivedAt"]


BAD = {
    "version": {"v": 2},
    "kind with capitals": {"kind": "TestRun"},
    "no kind": {"kind": ""},
    "long kind": {"kind": "k" * 41},
    "no scope": {"scope": ""},
    "scope with a quote": {"scope": 'run:"'},
    "scope with a backslash": {"scope": "run:\\"},
    "scope with a newline": {"scope": "run:a\nb"},
    "scope that is not ASCII": {"scope": "run:\N{LATIN SMALL LETTER U WITH DIAERESIS}"},
    "scope that ends in a space": {"scope": "run:a "},
    "long scope": {"scope": "s" * 161},
    "slot with a quote": {"slot": '"'},
    "long slot": {"slot": "s" * 241},
    "long submitter": {"submitter": "s" * 81},
    "empty envelope": {"size": 0},
    "envelope beyond 2^53": {"size": 2**53},
    "no key": {"keys": ()},
    "five keys": {"keys": (KEY,) * 5},
    "key id that is no digest": {"keys": ("me",)},
    "no instant": {"received_at": "yesterday"},
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD)
def test_values_that_may_not_stand_in_a_header_are_refused(change):
    with pytest.raises(UsageError) as caught:
        api.format_header(replace(HEADER, **change))
    assert caught.value.code == "LM-LED-007"
    assert caught.value.solution


def test_the_longest_names_still_fit():
    longest = replace(HEADER, kind="k" * 40, scope="s" * 160, slot="t" * 240, submitter="u" * 80, keys=(KEY,) * 4, size=2**53 - 1)
    assert len(api.format_header(longest)) <= api.MAX_HEADER


GOOD = api.format_header(HEADER)
WIRE = json.loads(GOOD)


def encoded(**changes):
    return json.dumps({**WIRE, **changes}, separators=(",", ":")).encode()


MALFORMED = {
    "empty": b"",
    "too long": GOOD + b" " * api.MAX_HEADER,
    "not JSON": b"not JSON",
    "a list": b"[]",
    "trailing space": GOOD + b" ",
    "spaces inside": GOOD.replace(b",", b", ", 1),
    "duplicate key": GOOD[:-1] + b',"v":1}',
    "unknown key": encoded(extra=1),
    "other order": json.dumps(dict(sorted(WIRE.items())), separators=(",", ":")).encode(),
    "empty slot written out": encoded(slot=""),
    "escaped letter": GOOD.replace(b"unit", b"\\u0075nit"),
    "not UTF-8": GOOD.replace(b"unit", b"un\xff"),
    "not ASCII": GOOD.replace(b"unit", "\N{LATIN SMALL LETTER U WITH DIAERESIS}".encode()),
    "size as text": encoded(size="1234"),
    "size as fraction": encoded(size=1234.5),
    "version 2": encoded(v=2),
    "digest too short": encoded(envelope=WIRE["envelope"][:-1]),
    "digest of 31 bytes": encoded(envelope="A" * 42 + "="),
    "digest with spare bits": encoded(envelope="A" * 42 + "B"),
    "digest with padding": encoded(envelope="A" * 43 + "="),
    "digest in the other alphabet": encoded(envelope="A" * 41 + "+A"),
    "bad kind": encoded(kind="Bad"),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_what_is_not_the_one_form_of_a_header_is_malformed(data):
    with pytest.raises(IntegrityError) as caught:
        api.parse_header(data)
    assert caught.value.code == "LM-LED-105"
    assert "HEADER_MALFORMED" in caught.value.reason
