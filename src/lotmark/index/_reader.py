"""VerifiedReader: unverified entries of a ledger go in, only verified evidence comes out.

Order: key events are replayed from the caller's roots first, then each entry is checked against the keys valid at its
own index. What does not verify is an IntegrityError; an entry of an unknown kind is stored and never counted.
"""

from collections.abc import Callable, Iterator
from typing import Final

from lotmark.attest.api import replay_trust, verify_envelope
from lotmark.attest.models import Registry, Trust, TrustPolicy, Verified
from lotmark.ledger.models import Entry
from lotmark.ledger.ports import Ledger

KEY_EVENT: Final = "key-event"


class VerifiedReader:
    """Reads one ledger under one trust policy; verified entries are kept, so a second look costs nothing."""

    def __init__(self, ledger: Ledger, policy: TrustPolicy, registry: Registry) -> None:
        self._ledger = ledger
        self._policy = policy
        self._registry = registry
        self._seen: dict[int, Verified] = {}
        self._trust = Trust()
        self._trusted_to = 0

    @property
    def ledger(self) -> Ledger:
        return self._ledger

    def find(self, entry: Entry, *, keep: bool = True) -> Verified | None:
        """As `verify`, but None for an entry of an unknown kind."""
        return self.verify(entry, keep=keep) if self._registry.find(entry.header.kind) is not None else None

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
            events = [(entry.index, self._ledger.envelope(entry)) for entry in self._ledger.entries(0, size, kind=KEY_EVENT)]
            self._trust = replay_trust(events, self._policy.roots)
            self._trusted_to = size
        return self._trust

    def verify(self, entry: Entry, *, keep: bool = True) -> Verified:
        """The verified evidence of an entry; with `keep` false it is not kept for a second look, so that a long log fits.

        Raises:
            IntegrityError: if its bytes, its kind or its signature does not hold.
        """
        found = self._seen.get(entry.index)
        if found is None:
            envelope = self._ledger.envelope(entry)
            found = verify_envelope(envelope, kind=entry.header.kind, index=entry.index, trust=self.trust(), registry=self._registry)
            if keep:
                self._seen[entry.index] = found
        return found

    def entries(self, *, kind: str | None = None, scope: str | None = None, wanted: Callable[[Entry], bool] = lambda _: True) -> Iterator[Verified]:
        """Verified entries in log order, of known kinds, narrowed by kind, scope and a look at the header."""
        for entry in self._ledger.entries(kind=kind, scope=scope):
            if self._registry.find(entry.header.kind) is not None and wanted(entry):
                yield self.verify(entry)
