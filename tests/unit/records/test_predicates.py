"""The published shapes of this room's evidence: what each field takes, and what it does not."""

from typing import Any

import msgspec
import pytest

from lotmark.records.predicates import AUDIT_EVENT, BACKUP, KINDS, LOG_EPOCH, RESTORE, RETENTION_EVENT

pytestmark = pytest.mark.verifies("REQ-090", "RC-090")

NOON = "2026-11-23T12:00:00.000Z"
HEX = "ab" * 32
GOOD: dict[str, dict[str, Any]] = {
    RETENTION_EVENT.name: {
        "event": "hold",
        "product": "qpcr",
        "act": {"scope": "product:qpcr"},
        "order": HEX,
        "approver": {"person": "quinn", "name": "Quinn Example"},
        "reason": "the audit",
        "signedAt": NOON,
    },
    AUDIT_EVENT.name: {
        "tag": "approve:signature:refused",
        "product": "qpcr",
        "outcome": "refused",
        "actor": "commitment:x",
        "person": "",
        "subject": "",
        "code": "",
        "detail": "",
        "count": 1,
        "firstAt": NOON,
        "lastAt": NOON,
        "link": HEX,
    },
    BACKUP.name: {"product": "qpcr", "origin": "o", "size": 0, "root": HEX, "files": 0, "bytes": 0, "withKeys": False, "madeAt": NOON},
    RESTORE.name: {
        "product": "qpcr",
        "origin": "o",
        "size": 1,
        "root": HEX,
        "entries": 1,
        "blobs": 0,
        "expired": 0,
        "seen": 0,
        "newestSeen": 0,
        "findings": [],
        "verdict": "sound",
        "restoredAt": NOON,
    },
    LOG_EPOCH.name: {
        "product": "qpcr",
        "epoch": 2,
        "previousOrigin": "o",
        "restoredSize": 1,
        "restoredCheckpoint": "c",
        "seenSize": 2,
        "seenCheckpoint": "c",
        "lost": 1,
        "reason": "the disk died",
        "openedAt": NOON,
    },
}
BODIES = {kind.name: kind.body for kind in KINDS}


def read(kind: str, told: dict[str, Any]) -> Any:
    return msgspec.convert(told, BODIES[kind], strict=True)


@pytest.mark.parametrize("kind", GOOD)
def test_a_whole_record_is_read_and_written_back_the_same(kind: str):
    written = msgspec.to_builtins(read(kind, GOOD[kind]))
    assert {name: written[name] for name in GOOD[kind] if name != "act"} == {name: value for name, value in GOOD[kind].items() if name != "act"}


@pytest.mark.parametrize(("kind", "field"), [(kind, field) for kind, told in GOOD.items() for field in told])
def test_no_field_may_be_left_out_or_be_nothing(kind: str, field: str):
    with pytest.raises(msgspec.ValidationError):
        read(kind, {name: value for name, value in GOOD[kind].items() if name != field})
    if field != "approver":
        with pytest.raises(msgspec.ValidationError):
            read(kind, {**GOOD[kind], field: None})


@pytest.mark.parametrize("kind", GOOD)
@pytest.mark.parametrize("field", ["more", "Product", "product ", "__proto__"])
def test_no_field_may_be_added(kind: str, field: str):
    with pytest.raises(msgspec.ValidationError):
        read(kind, {**GOOD[kind], field: "x"})


HASHES = (["ab" * 32, "0" * 64], ["", "ab" * 31, "ab" * 33, "AB" * 32, "ab" * 32 + "\n", " " + "ab" * 32, "xy" * 32, 1])
INSTANTS = (
    [NOON, "2026-11-23T12:00:00Z", "2026-11-23T12:00:00.123456Z"],
    ["", "2026-11-23", "2026-11-23T12:00:00", "2026-11-23T12:00:00+00:00", "2026-11-23T12:00:00.1234567Z", NOON + "\n", "2026-11-23t12:00:00z", 0],
)
COUNTS = ([0, 1, 2**53], [-1, "1", 1.5, True, None])
PRODUCTS = (["q", "qpcr-2", "a" * 40], ["", "Q", "2q", "q_1", "a" * 41, "qpcr\n", "qpcr "])
TEXTS = (["x", "x" * 2000, "ä\n", "<script>"], ["", "x" * 2001, 1])
VALUES = {
    (RETENTION_EVENT.name, "event"): (["trigger", "hold", "hold-release", "expiry", "erasure", "carried-out"], ["", "Hold", "release", "hold "]),
    (RETENTION_EVENT.name, "product"): PRODUCTS,
    (RETENTION_EVENT.name, "order"): HASHES,
    (RETENTION_EVENT.name, "reason"): TEXTS,
    (RETENTION_EVENT.name, "signedAt"): INSTANTS,
    (RETENTION_EVENT.name, "approver"): (
        [None, {"person": "q", "name": "Q"}, {"person": "a" * 64, "name": "Q"}, {"person": "a.b_c-1", "name": "x" * 1000}],
        [
            {},
            "quinn",
            {"person": "quinn"},
            {"person": "", "name": "Q"},
            {"person": "Quinn", "name": "Q"},
            {"person": "-q", "name": "Q"},
            {"person": "a" * 65, "name": "Q"},
            {"person": "quinn\n", "name": "Q"},
            {"person": "quinn", "name": ""},
            {"person": "quinn", "name": "x" * 1001},
            {"person": "quinn", "name": "Q", "role": "qa"},
        ],
    ),
    (RETENTION_EVENT.name, "act"): (
        [
            {},
            {"on": ""},
            {"on": "2026-11-01"},
            {"trigger": "end-of-life"},
            {"of": "x"},
            {"entries": [0, 5]},
            {"blobs": [HEX]},
            {"commitments": ["commitment:" + "a" * 43]},
            {"retentionClass": "eu-mdr"},
        ],
        [
            {"on": "01.11.2026"},
            {"on": "2026-11-01\n"},
            {"trigger": "recall"},
            {"entries": [-1]},
            {"entries": ["5"]},
            {"blobs": ["ab"]},
            {"commitments": ["commitment:" + "a" * 42]},
            {"commitments": ["commitment:" + "a" * 44]},
            {"commitments": ["Dana Example"]},
            {"retention_class": "x"},
            [],
        ],
    ),
    (AUDIT_EVENT.name, "tag"): (
        ["a:b:c", "approve:signature:refused", "a1-b:c-d:e"],
        ["", "a:b", "a:b:c:d", "A:b:c", "a::c", "a:b:c\n", "1:b:c", "a:b:" + "c" * 41],
    ),
    (AUDIT_EVENT.name, "outcome"): (["done", "refused"], ["", "ok", "Done", "failed"]),
    (AUDIT_EVENT.name, "actor"): (["x", "x" * 1000], ["", "x" * 1001]),
    (AUDIT_EVENT.name, "count"): ([1, 1000], [0, -1, "1"]),
    (AUDIT_EVENT.name, "link"): HASHES,
    (AUDIT_EVENT.name, "firstAt"): INSTANTS,
    (AUDIT_EVENT.name, "lastAt"): INSTANTS,
    (BACKUP.name, "root"): HASHES,
    (BACKUP.name, "size"): COUNTS,
    (BACKUP.name, "files"): COUNTS,
    (BACKUP.name, "bytes"): COUNTS,
    (BACKUP.name, "withKeys"): ([True, False], [0, 1, "true", None]),
    (BACKUP.name, "origin"): TEXTS,
    (BACKUP.name, "madeAt"): INSTANTS,
    (RESTORE.name, "verdict"): (["sound", "behind", "broken"], ["", "good", "Sound", "whole"]),
    (RESTORE.name, "seen"): COUNTS,
    (RESTORE.name, "newestSeen"): COUNTS,
    (RESTORE.name, "expired"): COUNTS,
    (RESTORE.name, "findings"): ([[], ["a", "b"]], [None, "a", [1], {}]),
    (RESTORE.name, "root"): HASHES,
    (LOG_EPOCH.name, "epoch"): ([2, 3, 99], [1, 0, -2, "2"]),
    (LOG_EPOCH.name, "lost"): COUNTS,
    (LOG_EPOCH.name, "previousOrigin"): TEXTS,
    (LOG_EPOCH.name, "reason"): TEXTS,
    (LOG_EPOCH.name, "openedAt"): INSTANTS,
}


@pytest.mark.parametrize(("kind", "field"), VALUES, ids=lambda value: value)
def test_what_a_field_takes(kind: str, field: str):
    good, bad = VALUES[kind, field]
    for value in good:
        read(kind, {**GOOD[kind], field: value})
    taken = []
    for value in bad:
        try:
            read(kind, {**GOOD[kind], field: value})
        except msgspec.ValidationError:
            continue
        taken.append(value)
    assert taken == []


@pytest.mark.parametrize(
    ("kind", "signers"),
    [
        (RETENTION_EVENT, {"person", "pipeline"}),
        (AUDIT_EVENT, {"pipeline"}),
        (BACKUP, {"pipeline"}),
        (RESTORE, {"pipeline"}),
        (LOG_EPOCH, {"root"}),
    ],
    ids=lambda value: value.name if hasattr(value, "name") else "",
)
def test_who_may_sign_and_for_how_long_it_is_kept(kind: Any, signers: set[str]):
    assert (set(kind.signers), kind.retention, kind.schema) == (signers, "permanent", f"{kind.name}.v1.json")
