"""VerifiedReader: unverified entries of a ledger go in, only verified evidence comes out.

Order: key events are replayed from the caller's roots first, then each entry is checked against the keys valid at its
own index. What does not verify is an IntegrityError; an entry of an unknown kind, or by a key that was disowned
afterwards, is stored and never counted.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from lotmark.attest.api import replay_trust, verify_envelope
from lotmark.attest.models import Envelope, Registry, Trust, TrustPolicy, Verified
from lotmark.base.errors import IntegrityError, NothingToJudgeError
from lotmark.ledger.models import Entry
from lotmark.ledger.ports import Ledger
from lotmark.records.models import Order, RecordState

KEY_EVENT: Final = "key-event"
RETENTION_EVENT: Final = "retention-event"
_MISSING: Final = "LM-LED-106"


class VerifiedReader:
    """Reads one ledger under one trust policy; verified entries are kept, so a second look costs nothing."""

    def __init__(self, ledger: Ledger, policy: TrustPolicy, registry: Registry) -> None:
        self._ledger = ledger
        self._policy = policy
        self._registry = registry
        self._seen: dict[int, Verified] = {}
        self._trust = Trust()
        self._trusted_to = 0
        self._earlier: dict[int, Trust] = {}
        self._state = RecordState()
        self._state_to = 0

    @property
    def ledger(self) -> Ledger:
        return self._ledger

    @property
    def policy(self) -> TrustPolicy:
        """What the caller trusts of the log."""
        return self._policy

    def find(self, entry: Entry, *, keep: bool = True) -> Verified | None:
        """As `verify`, but None for an entry that is kept and never counted: of an unknown kind, disowned, or with its body expired."""
        if not self._counts(entry):
            return None
        try:
            return self.verify(entry, keep=keep)
        except NothingToJudgeError:
            if self.expired(entry.index) is None:
                raise
            return None

    def records(self) -> RecordState:
        """What the log's retention events say, up to its size now: holds, expiries, erasures, known triggers."""
        from lotmark.records.api import replay_events  # most reading needs no event

        size = self._ledger.size
        if size > self._state_to:
            self._state = self._kept(replay_events(self.entries(kind=RETENTION_EVENT)))
            self._state_to = size
        return self._state

    def _kept(self, state: RecordState) -> RecordState:
        """The state without expiries of kinds that never expire, whatever was signed."""
        kinds = {index: self._registry.find(self._ledger.entry(index).header.kind) for index in state.expired}
        return replace(state, expired={index: order for index, order in state.expired.items() if (kind := kinds[index]) and kind.retention != "permanent"})

    def expired(self, index: int) -> Order | None:
        """The order by which the body of the entry may be gone, if there is one that counts."""
        return self.records().expired.get(index)

    def title(self, kind: str) -> str:
        """What a kind of evidence is called, its bare name where it is unknown."""
        known = self._registry.find(kind)
        return known.title or kind if known else kind

    def trust(self) -> Trust:
        """The keys by log index, replayed from the caller's roots up to the ledger's size now.

        Raises:
            IntegrityError: if a key event does not verify.
        """
        size = self._ledger.size
        if size > self._trusted_to:
            self._trust = self._replay(size)
            self._trusted_to = size
        return self._trust

    def trust_at(self, size: int) -> Trust:
        """As `trust`, as it stood when the log had `size` entries: what came later, a compromise too, does not show."""
        if size not in self._earlier:
            self._earlier[size] = self._replay(size)
        return self._earlier[size]

    def find_at(self, entry: Entry, size: int) -> Verified | None:
        """As `find`, by the keys as they stood when the log had `size` entries."""
        if self._counts(entry):
            return self.verify(entry)
        if self._registry.find(entry.header.kind) is None or any(self.trust_at(size).is_disowned(key, entry.index) for key in entry.header.keys):
            return None
        return verify_envelope(self._envelope(entry), kind=entry.header.kind, index=entry.index, trust=self.trust_at(size), registry=self._registry)

    def verify(self, entry: Entry, *, keep: bool = True) -> Verified:
        """The verified evidence of an entry; with `keep` false it is not kept for a second look, so that a long log fits.

        Raises:
            IntegrityError: if its bytes, its kind or its signature does not hold.
            NothingToJudgeError: LM-REC-007 if its body has expired.
        """
        found = self._seen.get(entry.index)
        if found is None:
            envelope = self._envelope(entry)
            found = verify_envelope(envelope, kind=entry.header.kind, index=entry.index, trust=self.trust(), registry=self._registry)
            if keep:
                self._seen[entry.index] = found
        return found

    def _envelope(self, entry: Entry) -> Envelope:
        try:
            return self._ledger.envelope(entry)
        except IntegrityError as error:
            # What never expires is missing, whatever an order says; so the orders themselves are never excused by one.
            kind = self._registry.find(entry.header.kind)
            order = self.expired(entry.index) if error.code == _MISSING and kind is not None and kind.retention != "permanent" else None
            if order is None:
                raise
            raise NothingToJudgeError(
                "LM-REC-007",
                f"EXPIRED: the body of entry {entry.index} ({entry.header.kind}) was removed: {order.words}",
                where=f"entry {entry.index}",
                solution="its header and proof stay; a bundle or backup from before may hold the body",
            ) from error

    def entries(self, *, kind: str | None = None, scope: str | None = None, wanted: Callable[[Entry], bool] = lambda _: True) -> Iterator[Verified]:
        """Verified entries in log order, of known kinds and not disowned, narrowed by kind, scope and a look at the header."""
        for entry in self._ledger.entries(kind=kind, scope=scope):
            if wanted(entry) and self._counts(entry):
                yield self.verify(entry)

    def _replay(self, size: int) -> Trust:
        events = [(entry.index, self._ledger.envelope(entry)) for entry in self._ledger.entries(0, size, kind=KEY_EVENT)]
        return replay_trust(events, self._policy.roots, root_threshold=self._policy.root_threshold)

    def _counts(self, entry: Entry) -> bool:
        return self._registry.find(entry.header.kind) is not None and not any(self.trust().is_disowned(key, entry.index) for key in entry.header.keys)
