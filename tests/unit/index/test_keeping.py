"""What the index says of retention events, audit events, copies and epochs."""

from pathlib import Path

import pytest

from fakes.ledger import policy
from fakes.record_log import REGISTRY, RUN, RecordLog, later
from lotmark.attest.models import Evidence, Registry, Subject
from lotmark.base.digest import Digest
from lotmark.bootstrap.api import registry
from lotmark.index.api import Index, Search, search_log
from lotmark.records.predicates import ActBody

pytestmark = pytest.mark.verifies("REQ-090", "REQ-093", "REQ-094", "RC-090", "RC-092", "REQ-092", "RC-091")

SUBJECT = (Subject("manifest.json", Digest.of(b"m").digest_set),)
KINDS = Registry([*registry()])


@pytest.fixture
def log():
    return RecordLog()


def rows(log, tmp_path: Path, query: str, **options):
    with Index(tmp_path / "index.db", lambda: log.ledger, policy(), lambda: KINDS, program="test", **options) as index:
        index.refresh()
        return index.rows(query)


def said(log, tmp_path, number=-1):
    return rows(log, tmp_path, "SELECT words FROM entries ORDER BY idx")[number]["words"]


ACTS = [
    ("trigger", ActBody(trigger="last-device", on="2026-05-01"), "Quinn Example records last-device on 2026-05-01: because"),
    ("trigger", ActBody(trigger="release-withdrawn", on="2026-05-01", version="1.0"), "Quinn Example records release-withdrawn of 1.0 on 2026-05-01: because"),
    ("hold", ActBody(scope="product:qpcr"), "Quinn Example puts product:qpcr under legal hold: because"),
    ("hold-release", ActBody(of="ab" * 32), "Quinn Example signs the release of hold abababababab: because"),
    (
        "expiry",
        ActBody(scope=f"run:{RUN}", on="2026-01-01", retention_class="unreleased", entries=[1, 2]),
        "Quinn Example signs the expiry of 2 records of qpcr:RUN-0001: because",
    ),
    ("erasure", ActBody(commitments=["commitment:" + "A" * 43]), "Quinn Example signs the erasure of 1 clear value: because"),
]


@pytest.mark.parametrize(("event", "act", "words"), ACTS, ids=[f"{row[0]} {number}" for number, row in enumerate(ACTS)])
def test_an_act_in_one_line(log, tmp_path, event, act, words):
    log.act(event, act, "quinn")
    assert said(log, tmp_path) == words


def test_what_was_carried_out(log, tmp_path):
    log.act("carried-out", ActBody(of="cd" * 32), None, reason="3 bodies removed")
    assert said(log, tmp_path) == "the pipeline carried out cdcdcdcdcdcd: 3 bodies removed"
    (row,) = rows(log, tmp_path, "SELECT event, person, scope, reason FROM retention")
    assert row == {"event": "carried-out", "person": "", "scope": None, "reason": "3 bodies removed"}


def audit(**told):
    return {
        "tag": "records:expire:refused",
        "product": "qpcr",
        "outcome": "refused",
        "actor": "commitment:" + "B" * 43,
        "person": "quinn",
        "subject": "RUN-0001",
        "code": "LM-REC-001",
        "detail": "RETENTION: until 2039",
        "count": 1,
        "firstAt": "2026-11-23T12:00:00.000Z",
        "lastAt": "2026-11-23T12:00:00.000Z",
        "link": "ab" * 32,
        **told,
    }


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({}, "refused: records:expire:refused by quinn on RUN-0001: LM-REC-001 RETENTION: until 2039"),
        (
            {"count": 7, "lastAt": "2026-11-23T12:00:01.000Z", "code": "", "detail": ""},
            "refused: records:expire:refused by quinn on RUN-0001 (7 times until 2026-11-23T12:00:01.000Z)",
        ),
        (
            {"person": "", "subject": "", "outcome": "done", "tag": "export:search:written", "code": "", "detail": "5 entries"},
            "done: export:search:written by dana@laptop: 5 entries",
        ),
    ],
    ids=["a refusal", "several", "an export by nobody named"],
)
def test_an_audit_event_in_one_line_with_the_actor_revealed(log, tmp_path, told, words):
    log.add(Evidence("audit-event", SUBJECT, audit(**told)), scope="product:qpcr")
    reveal = lambda text: text.replace("commitment:" + "B" * 43, "dana@laptop")
    assert rows(log, tmp_path, "SELECT words FROM entries ORDER BY idx", reveal=reveal)[-1]["words"] == words


def test_the_file_never_holds_a_revealed_name(log, tmp_path):
    log.add(Evidence("audit-event", SUBJECT, audit(person="")), scope="product:qpcr")
    rows(log, tmp_path, "SELECT actor FROM audit", reveal=lambda text: text.replace("commitment:" + "B" * 43, "dana@laptop"))
    assert b"dana@laptop" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_revealing_does_not_change_the_digest_of_the_rows(log, tmp_path):
    log.add(Evidence("audit-event", SUBJECT, audit()), scope="product:qpcr")
    digests = set()
    for name, reveal in (("a", str), ("b", lambda text: text.replace("commitment:", "somebody "))):
        with Index(tmp_path / f"{name}.db", lambda: log.ledger, policy(), lambda: KINDS, program="test", reveal=reveal) as index:
            index.refresh()
            digests.add(index.dump())
    assert len(digests) == 1


def test_a_copy_and_its_way_back(log, tmp_path):
    copy = {"product": "qpcr", "origin": "o", "size": 9, "root": "ab" * 32, "files": 3, "bytes": 12345, "withKeys": True, "madeAt": "2026-11-23T12:00:00Z"}
    log.add(Evidence("backup", SUBJECT, copy), scope="product:qpcr")
    assert said(log, tmp_path) == "a copy of 9 entries was made with the machine's keys: 3 files, 12,345 bytes"
    back = {
        "product": "qpcr", "origin": "o", "size": 9, "root": "ab" * 32, "entries": 9, "blobs": 1, "expired": 0, "seen": 1, "newestSeen": 9, "findings": [],
        "verdict": "sound", "restoredAt": "2026-11-23T12:00:00Z",
    }  # fmt: skip
    log.add(Evidence("restore", SUBJECT, back), scope="product:qpcr")
    assert said(log, tmp_path) == "a copy of 9 entries was put back and is sound: 9 entries checked"


def test_an_epoch(log, tmp_path):
    told = {
        "product": "qpcr", "epoch": 2, "previousOrigin": "example.org/old", "restoredSize": 5, "restoredCheckpoint": "note", "seenSize": 9, "seenCheckpoint": "note",
        "lost": 4, "reason": "the disk burnt", "openedAt": "2026-11-23T12:00:00Z",
    }  # fmt: skip
    log.add(Evidence("log-epoch", SUBJECT, told), "ada", scope="product:qpcr")
    assert said(log, tmp_path) == "epoch 2 goes on after example.org/old at 9 entries, 4 of them lost: the disk burnt"


def test_an_expired_record_reads_expired_and_is_found_by_it(log, tmp_path):
    index_of_note = log.note()
    act = ActBody(scope=f"run:{RUN}", on="2026-01-01", retention_class="unreleased", entries=[index_of_note])
    log.act("expiry", act, "quinn")
    log.act("expiry", act, "rene", at=later(1))
    log.ledger.remove_bodies([index_of_note])
    known = Registry([*KINDS, *(kind for kind in REGISTRY if kind.name == "note")])
    with Index(tmp_path / "index.db", lambda: log.ledger, policy(), lambda: known, program="test") as index:
        index.refresh()
        (found,) = search_log(index, Search(text="expired: note"))
    assert found["index"] == index_of_note
    assert found["what"] == "EXPIRED: Note: because; approved by Quinn Example and Rene Example on 2026-11-24"
    assert found["who"] == "not verified"
