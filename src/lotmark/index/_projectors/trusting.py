"""Keys: who may sign, from which entry on."""

from collections.abc import Iterator, Mapping
from typing import Final

from lotmark.attest.models import Verified
from lotmark.index._projectors._row import Projector, Row, words

_ACT: Final = {"genesis": "opens the ledger with", "enrol": "enrols", "revoke": "revokes"}


def _key_event(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    key, person = told["key"], told["person"] or {"id": "", "name": "", "email": ""}
    holder = f"the {key['kind']} key {key['id'][:12]}" + (f" of {person['name']}" if person["name"] else "")
    yield words(f"{entry.key.name} {_ACT[told['event']]} {holder}")
    yield (
        "keys",
        {
            "event": told["event"],
            "key_id": key["id"],
            "kind": key["kind"],
            "person": person["id"],
            "name": person["name"],
            "email": person["email"],
            "reason": told["reason"],
            "at": told["at"],
        },
    )


PROJECTORS: Final[Mapping[str, Projector]] = {"key-event": _key_event}
