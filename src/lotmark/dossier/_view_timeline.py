"""The log as a reader meets it: the records of the run and its product in order, and the checkpoint that covers them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from lotmark.attest.models import Verified
from lotmark.dossier._view_model import Event, LogFacts
from lotmark.dossier._view_source import Predicate, ViewSource
from lotmark.dossier._view_words import count, instant, number
from lotmark.ledger.models import Entry
from lotmark.tlog.api import parse_checkpoint, parse_note

NO_WITNESS: Final = "No witness: tamper-evident only against people without the log key."

_TITLES: Final[Mapping[str, str]] = {
    "sbom": "Software bill of materials (CycloneDX)",
    "vulns": "Known vulnerabilities of the components (in-toto)",
    "dependencies": "Components, licences, vulnerabilities",
    "provenance": "Build provenance (SLSA)",
    "test-result": "Test result (in-toto)",
    "trace-snapshot": "Trace snapshot",
    "risk-snapshot": "Risk snapshot",
    "matrix-evaluation": "Test matrix evaluated",
    "artifact-signature": "The artifact itself signed",
    "scai": "Device attributes (SCAI)",
    "vsa": "Verification summary (SLSA)",
    "release": "Release (in-toto)",
    "release-manifest": "Release manifest frozen",
}


def _person(content: Predicate) -> str:
    signer: Any = content["signer"]
    return str(signer["name"])


_KEY_ACTS: Final[Mapping[str, str]] = {
    "genesis": "opens the log with",
    "enrol": "enrols",
    "rotate": "rotates",
    "revoke": "revokes",
    "lost": "reports as lost",
    "compromised": "reports as compromised",
}


def _key_event(content: Predicate) -> str:
    if content["event"] == "threshold":
        return f"asks for {content['threshold']} root persons behind each key event"
    verb = _KEY_ACTS.get(content["event"], content["event"])
    person = content["person"]
    return f"{verb} the {content['key']['kind']} key" + (f" of {person['name']}" if person else "")


def _role_event(content: Predicate) -> str:
    if content["event"] == "grant":
        return f"gives {content['person']} the role {content['role']}"
    return f"takes the role {content['role']} from {content['person']}"


def _adoption(content: Predicate) -> str:
    return f"adopts {content['path']}, version {content['sha256'][:12]}"


def _decision(content: Predicate) -> str:
    met = sum(criterion["verdict"] == "met" for criterion in content["criteria"])
    return f"Decision: {content['verdict']}, {number(met)} of {number(len(content['criteria']))} criteria met"


_WHAT: Final[Mapping[str, Callable[[Predicate], str]]] = {
    "key-event": _key_event,
    "role-event": _role_event,
    "policy-adoption": _adoption,
    "waiver": lambda content: f"{_person(content)} signs the waiver {content['waiver']}, until {content['expires']}",
    "waiver-closure": lambda content: f"{_person(content)} closes the waiver {content['waiver']}: {content['reason']}",
    "delegation": lambda content: f"{content['delegator']} delegates {content['role']} to {content['delegate']}",
    "run-opened": lambda content: f"Run opened for {content['product']['name']} {content['product']['version']} at commit {content['source']['commit'][:12]}",
    "change-summary": lambda content: f"{count(len(content['commits']), 'commit')} summarised",
    "stage-result": lambda content: f"Stage {content['stage']}, attempt {content['attempt']}: {content['outcome']}. {content['summary']}",
    "rebuild": lambda content: f"Built twice: {content['verdict']}, claim {content['claim']}",
    "test-run": lambda content: f"{content['layer'].capitalize()} tests: {number(content['received'])} of {number(content['expected'])} reported",
    "release-candidate": lambda content: f"Candidate {content['artifact']['name']}, sha256 {content['artifact']['sha256'][:12]}",
    "decision": _decision,
    "approval": lambda content: f"{_person(content)} signs as {content['role']}: {content['meaning']}",
    "approval-withdrawal": lambda content: f"{_person(content)} withdraws a signature: {content['reason']}",
    "deployment": lambda content: f"{content['target']['name']}: {content['action']} {content['version']}",
    "deployment-check": lambda content: f"{content['target']['name']}: {content['verdict']}",
    "witnessing": lambda content: (
        f"Witnesses asked: {number(sum(answer['outcome'] == 'cosigned' for answer in content['answers']))} of {number(len(content['answers']))} cosigned"
    ),
    "run-closed": lambda content: f"Run closed: {content['outcome']}",
}


def view_timeline(source: ViewSource) -> tuple[Event, ...]:
    """Every record of the run and of its product, in the order of the log."""
    entries = {entry.index: entry for entry in (*source.product_entries, *source.evidence)}
    return tuple(_event(source, entries[index]) for index in sorted(entries))


def _event(source: ViewSource, entry: Verified) -> Event:
    describe = _WHAT.get(entry.kind)
    what = describe(entry.statement.predicate) if describe else _TITLES.get(entry.kind, entry.kind)
    received = source.log.received.get(entry.index, "")
    return Event(entry.index, instant(received), entry.kind, what[:1].upper() + what[1:], entry.key.name or entry.key.kind)


def log_facts(checkpoint: bytes, entries: Iterable[Entry], *, witnesses: int = 0) -> LogFacts:
    """The log's place from a signed checkpoint that was verified before, and the entries' headers.

    `witnesses` is the number of cosignatures that were verified; what the checkpoint itself claims does not count.
    """
    told = parse_checkpoint(parse_note(checkpoint).text)
    root = checkpoint.decode("utf-8").split("\n")[2]
    return LogFacts(told.origin, told.size, root, checkpoint.decode("utf-8"), witnesses, {entry.index: entry.header.received_at for entry in entries})


def witness_sentence(witnesses: int) -> str:
    """What the log's honesty rests on, said plainly."""
    if not witnesses:
        return NO_WITNESS
    return f"Cosigned by {count(witnesses, 'witness', 'witnesses')}: the log's owner alone could not have shown another history."
