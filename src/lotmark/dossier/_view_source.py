"""What a view is built from: the verified records of one run and of its product, the log's place, and a way to the blobs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lotmark.attest.models import Trust, Verified
from lotmark.base.digest import Digest
from lotmark.dossier._view_basic import Ref
from lotmark.dossier._view_model import LogFacts
from lotmark.releases.models import RunEvidence

Predicate = Mapping[str, Any]
LAYERS = ("unit", "integration", "validation")


@dataclass(frozen=True)
class ViewSource:
    """The material of one view. `blob` gives the bytes of a digest, or None; without `trust` no signature is counted."""

    evidence: RunEvidence
    product_entries: tuple[Verified, ...]
    log: LogFacts
    trust: Trust | None
    blob: Callable[[Digest], bytes | None]

    def find(self, kind: str, **where: Any) -> Predicate | None:
        """The predicate that counts of a kind: the last one."""
        found = self.evidence.find(kind, **where)
        return None if found is None else found.statement.predicate

    @cached_property
    def opened(self) -> Predicate:
        """The record that opened the run; there is no run without one."""
        return self.evidence.predicate("run-opened")

    @cached_property
    def closed(self) -> Predicate | None:
        return self.find("run-closed")

    @property
    def has_base(self) -> bool:
        """Whether there was a release before; without one everything counts as changed, and to mark it says nothing."""
        return self.opened["previousRelease"] is not None

    @cached_property
    def stages(self) -> dict[str, Predicate | None]:
        """Every stage that the run promised, in order, with its last result."""
        stages: dict[str, Predicate | None] = {stage["stage"]: None for stage in self.opened["expected"]}
        for entry in self.evidence.all("stage-result"):
            stages[entry.statement.predicate["stage"]] = entry.statement.predicate
        return stages

    @cached_property
    def items(self) -> dict[str, Predicate]:
        """The items of the trace snapshot by id."""
        trace = self.find("trace-snapshot")
        return {item["id"]: item for item in trace["items"]} if trace else {}

    @cached_property
    def names(self) -> dict[str, str]:
        """Person -> printed name, as the keys were enrolled."""
        people = (entry.statement.predicate.get("person") for entry in self.product_entries if entry.kind == "key-event")
        return {person["id"]: person["name"] for person in people if person}

    def name_of(self, person: str) -> str:
        """The printed name of a person, the id where no key of that person is enrolled."""
        return self.names.get(person, person)

    def ref(self, item: str) -> Ref:
        """An item with its title, where it has one."""
        found = self.items.get(item)
        return Ref(item, found["title"] if found else "")

    def pinned(self, path: str) -> bytes | None:
        """A configuration file as the run pinned it."""
        pins = {file["path"]: file["sha256"] for file in self.opened["configuration"]}
        return self.blob(Digest(pins[path])) if path in pins else None

    def why_absent(self, kind: str) -> str:
        """Why there is no evidence of a kind, in a sentence."""
        stage = next((stage["stage"] for stage in self.opened["expected"] if kind in stage["kinds"]), None)
        if stage is None:
            return "This run was not asked for it."
        result = self.stages[stage]
        if result is None:
            return f"Nothing is recorded: the stage “{stage}” has not run."
        return f"Nothing is recorded: the stage “{stage}” ended as {result['outcome']} ({result['summary']})."


def known_people(change: Predicate, what: str) -> dict[str, str]:
    """Whoever a change names, by id or address, -> name or address as git tells it."""
    told = [commit[role] for commit in change["commits"] for role in ("committer", "author")]
    return {key: person[what] for person in told for key in (person["email"], person.get("person", "")) if key}


def list_people(change: Predicate, role: str) -> str:
    """The addresses of a role ("authors", "committers")."""
    known = known_people(change, "email")
    return ", ".join(dict.fromkeys(known.get(who, who) for who in change[role])) or "none"


def last_pusher(change: Predicate) -> str:
    """The address of whoever pushed last."""
    return known_people(change, "email").get(change["lastPusher"], change["lastPusher"]) or "not told"
