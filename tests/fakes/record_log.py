"""A log in memory with four persons' keys and a run, for tests of retention, holds, expiry and erasure."""

from datetime import datetime, timedelta
from typing import Any

from fakes.keyring import NOON, person, signer
from fakes.ledger import MemoryLedger, clock, policy
from lotmark.attest.api import build_payload, key_event, sign_payload
from lotmark.attest.models import Evidence, PredicateKind, Registry, Subject, Verified, lotmark_uri
from lotmark.attest.predicates import KINDS as KEYS
from lotmark.base.digest import Digest
from lotmark.index.api import VerifiedReader
from lotmark.ledger.models import Submission
from lotmark.records.api import build_retention_event
from lotmark.records.models import RecordEvent, RecordState
from lotmark.records.predicates import KINDS, ActBody

PRODUCT = "qpcr"
RUN = "qpcr:RUN-0001"
PEOPLE = ("quinn", "rene", "vera")


def kind(name: str, retention: str = "device-record", *, by: str = "pipeline") -> PredicateKind:
    return PredicateKind(name=name, uri=lotmark_uri(name), clause="none", retention=retention, signers=frozenset({by}), title=name.capitalize())


REGISTRY = Registry((*KEYS, *KINDS, kind("note"), kind("approval", by="person")))
WRITERS = Registry((*REGISTRY, kind("mystery")))
"""One kind more than is known."""


class RecordLog:
    """The log; `reader` reads it under the caller's trust."""

    def __init__(self) -> None:
        self.clock = clock()
        self._ahead = timedelta(0)
        self.ledger = MemoryLedger(clock_=self.clock)
        self._key("genesis", "ada", "root")
        self._key("enrol", "pipeline", "pipeline")
        for name in PEOPLE:
            self._key("enrol", name, "person")
        self._key("enrol", "rene-2", "person", holder="rene")

    @property
    def reader(self) -> VerifiedReader:
        return VerifiedReader(self.ledger, policy(), REGISTRY)

    @property
    def state(self) -> RecordState:
        return self.reader.records()

    def add(self, evidence: Evidence, by: str = "pipeline", *, scope: str = f"run:{RUN}", blobs: tuple[Digest, ...] = (), submitter: str = "") -> int:
        envelope = sign_payload(build_payload(evidence, WRITERS), signer(by))
        (receipt,) = self.ledger.append([Submission(envelope, evidence.kind, scope, submitter=submitter, blobs=blobs)])
        return receipt.index

    def note(self, text: str = "a note", *, name: str = "note", by: str = "pipeline", **options: Any) -> int:
        return self.add(Evidence(name, (Subject("source", Digest.of(text.encode()).digest_set),), {"text": text}), by, **options)

    def act(
        self, event: RecordEvent, act: ActBody, by: str | None, *, key: str | None = None, reason: str = "because", at: datetime = NOON, product: str = PRODUCT
    ) -> int:
        """A retention event, signed by a person (None: the pipeline), with that person's key unless another is named."""
        self.clock.advance(max(at - NOON - self._ahead, timedelta(0)))
        self._ahead = max(at - NOON, self._ahead)
        evidence = build_retention_event(event, product=product, act=act, person=by, name=f"{by or ''} example".title(), reason=reason, at=at)
        return self.add(evidence, key or by or "pipeline", scope=f"product:{product}")

    def _key(self, event: Any, name: str, kind: Any, *, holder: str = "") -> None:
        holds = person(holder or name) if kind in {"person", "root"} else None
        evidence = key_event(event, public_key=signer(name).public_key, kind=kind, person=holds, reason="works on it", at=NOON)
        self.add(evidence, "ada", scope=f"product:{PRODUCT}")


def later(days: int) -> datetime:
    return NOON + timedelta(days=days)


def evidence_of(log: RecordLog, index: int) -> Verified:
    return log.reader.verify(log.ledger.entry(index))
