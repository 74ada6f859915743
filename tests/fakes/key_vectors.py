"""The published vectors of keys and trust: logs of key events with what they amount to. `python tests/fakes/key_vectors.py` writes them."""

import base64
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from fakes.keyring import KeyLog, signer
from lotmark.attest.api import replay_trust, sign_payload
from lotmark.base.errors import IntegrityError

PLACE = Path(__file__).parents[2] / "docs" / "spec" / "vectors" / "key-events.json"


def _one_of_each(log: KeyLog) -> None:
    log.add("enrol", "pipeline", "pipeline")
    log.add("enrol", "log", "log")
    log.add("enrol", "quinn", "person", at=7)
    log.add("revoke", "quinn", "person", at=11)


def _rotation(log: KeyLog) -> None:
    log.add("enrol", "log", "log")
    log.add("rotate", "log", "log", next_key="log2", overlap=5, at=4)


def _loss_and_compromise(log: KeyLog) -> None:
    log.add("enrol", "quinn", "person")
    log.add("enrol", "rene", "person")
    log.add("lost", "quinn", "person", at=6)
    log.add("compromised", "rene", "person", at=9, counts_before=5)


def _two_of_three(log: KeyLog) -> None:
    log.add("enrol", "beth", "root")
    log.add("enrol", "carl", "root")
    log.threshold(2)
    payload = log.event("enrol", "quinn", "person")
    log.sign(payload, "ada")
    log.sign(payload, "carl", at=9)
    log.add("enrol", "rene", "person", by="beth")


def _what_falls(log: KeyLog) -> None:
    log.add("enrol", "beth", "root")
    log.add("enrol", "quinn", "person")
    log.add("enrol", "mallory", "root", by="beth")
    log.add("enrol", "eve", "person", by="mallory")
    log.add("revoke", "quinn", "person", by="beth")
    log.add("compromised", "beth", "root", counts_before=3)


def _twice(log: KeyLog) -> None:
    log.add("enrol", "quinn", "person")
    log.add("enrol", "quinn", "root")


def _back(log: KeyLog) -> None:
    log.add("enrol", "quinn", "person")
    log.add("revoke", "quinn", "person")
    log.add("enrol", "quinn", "person")


def _self_revoked(log: KeyLog) -> None:
    log.add("enrol", "beth", "root")
    log.add("revoke", "beth", "root", by="beth")


def _last_log_key(log: KeyLog) -> None:
    log.add("enrol", "log", "log")
    log.add("lost", "log", "log")


def _too_high(log: KeyLog) -> None:
    log.threshold(2)


def _by_a_person(log: KeyLog) -> None:
    log.add("enrol", "quinn", "person")
    log.add("enrol", "rene", "person", by="quinn")


def _by_nobody(log: KeyLog) -> None:
    log.add("enrol", "quinn", "person", by="mallory")


def _algorithm(log: KeyLog) -> None:
    tree = json.loads(log.event("enrol", "pipeline", "pipeline"))
    tree["predicate"]["key"]["algorithm"] = "none"
    log.append(sign_payload(json.dumps(tree).encode(), signer("ada")))


SCENARIOS: dict[str, Callable[[KeyLog], None]] = {
    "a key counts from the entry after its enrolment until before its revocation": _one_of_each,
    "a log key is followed by another, with an overlap of five entries": _rotation,
    "a lost key counts until it is reported, a compromised one until before the index that is named": _loss_and_compromise,
    "two of three root persons: an event waits for its second signature, one waits still": _two_of_three,
    "what a stolen root gave falls, what it took stays taken": _what_falls,
    "refused: a public key enrolled twice": _twice,
    "refused: a revoked key enrolled again": _back,
    "refused: a root ends the key that it signs with": _self_revoked,
    "refused: the last log key is lost": _last_log_key,
    "refused: a threshold that nobody reaches": _too_high,
    "refused: an event by a person's key": _by_a_person,
    "refused: an event by a key that nobody enrolled": _by_nobody,
    "refused: an algorithm that is not allowed": _algorithm,
}


def make() -> dict[str, Any]:
    """The vectors."""
    made = []
    for name, play in SCENARIOS.items():
        log = KeyLog()
        play(log)
        vector: dict[str, Any] = {
            "name": name,
            "roots": [base64.b64encode(root).decode() for root in log.roots],
            "events": [{"index": index, "envelope": envelope.raw.decode()} for index, envelope in log.events],
        }
        made.append({**vector, **outcome(vector, log)})
    return {
        "what": "Logs of key events (docs/spec/keys-and-trust.md): replayed from `roots`, they give `keys` and `waiting`, or are refused with `error`.",
        "vectors": made,
    }


def outcome(vector: dict[str, Any], log: KeyLog) -> dict[str, Any]:
    """What the replay gives."""
    try:
        trust = replay_trust(log.events, [base64.b64decode(root) for root in vector["roots"]])
    except IntegrityError as error:
        return {"error": error.code, "at": int(error.where.removeprefix("log entry ")) if error.where else None}
    return {
        "rootThreshold": trust.root_threshold,
        "keys": [
            {"id": key.key_id, "kind": key.kind, "person": key.person, "validFrom": key.valid_from, "validUntil": key.valid_until, "disowned": key.disowned}
            for key in trust.keys
        ],
        "waiting": [proposal.payload.hex for proposal in trust.proposals],
    }


if __name__ == "__main__":
    PLACE.write_text(json.dumps(make(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
