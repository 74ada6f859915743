"""Keys: who may sign, from which entry on."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lotmark.attest.models import Verified
from lotmark.index._projectors._row import Projector, Row, words

_ACT: Final = {
    "genesis": "opens the ledger with",
    "enrol": "enrols",
    "rotate": "rotates",
    "revoke": "revokes",
    "lost": "reports as lost",
    "compromised": "reports as compromised",
}


def _key_event(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    if told["event"] == "threshold":
        yield words(f"{entry.key.name} asks for {told['threshold']} root persons behind each key event")
        return
    key, person = told["key"], told["person"] or {"id": "", "name": "", "email": ""}
    holder = f"the {key['kind']} key {key['id'][:12]}" + (f" of {person['name']}" if person["name"] else "")
    yield words(f"{entry.key.name} {_ACT[told['event']]} {holder}")
    yield _row(told, told["event"], key, person)
    if told["event"] == "rotate":
        yield _row(told, "succeed", told["successor"], person)


def _row(told: Mapping[str, Any], event: str, key: Mapping[str, Any], person: Mapping[str, Any]) -> Row:
    return (
        "keys",
        {
            "event": event,
            "key_id": key["id"],
            "kind": key["kind"],
            "person": person["id"],
            "name": person["name"],
            "email": person["email"],
            "reason": told["reason"],
            "at": told["at"],
        },
    )


def _role_event(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    act = "gives {person} the role {role}" if told["event"] == "grant" else "takes the role {role} from {person}"
    yield words(f"{entry.key.name} {act.format_map(told)}")


def _policy_adoption(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    yield words(f"{entry.key.name} adopts {told['path']} ({told['sha256'][:12]})")


PROJECTORS: Final[Mapping[str, Projector]] = {"key-event": _key_event, "role-event": _role_event, "policy-adoption": _policy_adoption}
