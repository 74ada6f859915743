"""Policies: C2SP ``tlog-policy``, which logs and witnesses a caller knows and which sets of witnesses are enough."""

import re
from collections.abc import Iterable, Iterator

from lotmark.tlog._notes import parse_note, verify_parsed_note
from lotmark.tlog._vkeys import format_vkey, make_key, parse_vkey
from lotmark.tlog.errors import KeyTextError, NoteUnverifiedError, PolicyMalformedError
from lotmark.tlog.models import KeyType, Policy, PolicyGroup, PolicyLog, PolicyWitness, VerifierKey, Witnessing

NONE = "none"
"""The quorum that asks for no cosignature."""
_KEYWORDS = frozenset({NONE, "any", "all"})
_MAX_FILE = 256 * 1024
_MAX_LINES = 1000
_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_NUMBER = re.compile(r"[1-9][0-9]{0,4}\Z", re.ASCII)


def parse_policy(data: bytes) -> Policy:
    """The bytes of a policy file -> policy.

    A witness whose key has the plain Ed25519 type stands for the cosignature key of the same name and public key, as in
    the Go implementations.

    Raises:
        PolicyMalformedError: a control character, an unknown or incomplete line, a name defined twice, used before it is
            defined or a member twice, a public key twice, a threshold that cannot be met, not exactly one quorum.
    """
    if len(data) > _MAX_FILE:
        raise PolicyMalformedError(f"a policy of {len(data)} bytes, more than {_MAX_FILE}")
    if _FORBIDDEN.search(data):
        raise PolicyMalformedError("the policy holds a control character")
    lines = data.split(b"\n")
    if len(lines) > _MAX_LINES:
        raise PolicyMalformedError(f"a policy of {len(lines)} lines, more than {_MAX_LINES}")
    reading = _Reading()
    for number, line in enumerate(lines, 1):
        words = list(_words(line))
        if not words:
            continue
        try:
            reading.take(words[0], words[1:])
        except (PolicyMalformedError, KeyTextError) as error:
            raise PolicyMalformedError(f"line {number}: {error}") from error
    if reading.quorum is None:
        raise PolicyMalformedError("the policy defines no quorum")
    return Policy(tuple(reading.logs), tuple(reading.witnesses), tuple(reading.groups), reading.quorum)


def format_policy(policy: Policy) -> bytes:
    """The policy's one plain form: logs, witnesses, groups, quorum, a line each.

    Raises:
        PolicyMalformedError: if it would not parse as this policy.
    """
    lines = [f"log {format_vkey(log.key)} {log.url}" for log in policy.logs]
    lines += [f"witness {witness.name} {format_vkey(witness.key)} {witness.url}" for witness in policy.witnesses]
    lines += [f"group {group.name} {group.threshold} {' '.join(group.members)}" for group in policy.groups]
    lines.append(f"quorum {policy.quorum}")
    data = "".join(f"{line.rstrip()}\n" for line in lines).encode("utf-8", "surrogateescape")
    if parse_policy(data) != policy:
        raise PolicyMalformedError("these values cannot stand in a policy")
    return data


def check_policy(policy: Policy, data: bytes) -> Witnessing:
    """What the policy's witnesses say of the signed checkpoint `data`, whose log signature is not judged here.

    A cosignature without a time counts for nothing: a witness must give one.

    Raises:
        NoteMalformedError: if it is no note.
        NoteUnverifiedError: if a line of one of the witnesses is wrong: somebody tampered with the note.
    """
    note = parse_note(data)
    by_key = {witness.key: witness.name for witness in policy.witnesses}
    try:
        verified = verify_parsed_note(note, tuple(by_key)).signatures
    except NoteUnverifiedError:
        if any((line.name, line.key_hash) in {(key.name, key.key_hash) for key in by_key} for line in note.signatures):
            raise
        verified = ()
    times = {by_key[signature.key]: signature.time for signature in verified if signature.time}
    return Witnessing(times, _is_met(policy, times), _quorum_time(policy, times))


def witness_key(key: VerifierKey) -> VerifierKey:
    """The cosignature key that a verifier key stands for where a witness is named.

    Raises:
        KeyTextError: never for a key that was parsed.
    """
    return make_key(key.name, key.public_key, KeyType.COSIGNATURE) if key.kind is KeyType.ED25519 else key


def _words(line: bytes) -> Iterator[str]:
    """The items of a line, up to one that begins a comment. Octets beyond ASCII are kept as they are."""
    for word in re.split(rb"[ \t]+", line.strip(b" \t")):
        if not word or word.startswith(b"#"):
            return
        yield word.decode("utf-8", "surrogateescape")


def _is_met(policy: Policy, cosigners: Iterable[str]) -> bool:
    met = set(cosigners) | {NONE}
    for group in policy.groups:
        if sum(member in met for member in group.members) >= group.threshold:
            met.add(group.name)
    return policy.quorum in met


def _quorum_time(policy: Policy, times: dict[str, int]) -> int | None:
    if policy.quorum == NONE:
        return None
    for moment in sorted(set(times.values()), reverse=True):
        if _is_met(policy, [name for name, time in times.items() if time >= moment]):
            return moment
    return None


class _Reading:
    """A policy file in the course of being read."""

    def __init__(self) -> None:
        self.logs: list[PolicyLog] = []
        self.witnesses: list[PolicyWitness] = []
        self.groups: list[PolicyGroup] = []
        self.quorum: str | None = None
        self._names: set[str] = set()
        self._members: set[str] = set()
        self._keys: set[tuple[str, bytes]] = set()

    def take(self, keyword: str, words: list[str]) -> None:
        """Read a line."""
        if keyword == "log" and len(words) in {1, 2}:
            self.logs.append(PolicyLog(self._key("log", parse_vkey(words[0])), *words[1:]))
        elif keyword == "witness" and len(words) in {2, 3}:
            self._define(words[0])
            self.witnesses.append(PolicyWitness(words[0], self._key("witness", witness_key(parse_vkey(words[1]))), *words[2:]))
        elif keyword == "group" and len(words) >= 3:
            self._group(*words)
        elif keyword == "quorum" and len(words) == 1:
            if self.quorum is not None:
                raise PolicyMalformedError("the policy defines its quorum twice")
            if words[0] not in self._names | {NONE}:
                raise PolicyMalformedError(f"the quorum {words[0][:80]!r} is not defined above")
            self.quorum = words[0]
        else:
            raise PolicyMalformedError(f"not a line of a policy: {keyword[:80]!r} and {len(words)} words")

    def _define(self, name: str) -> None:
        if name in _KEYWORDS or name in self._names:
            raise PolicyMalformedError(f"the name {name[:80]!r} is a keyword or taken")
        self._names.add(name)

    def _key(self, role: str, key: VerifierKey) -> VerifierKey:
        if (role, key.public_key) in self._keys:
            raise PolicyMalformedError(f"the public key of {key.name[:80]!r} stands twice: one {role} would count as two")
        self._keys.add((role, key.public_key))
        return key

    def _group(self, name: str, threshold: str, *members: str) -> None:
        known = set(self._names)
        self._define(name)
        for member in members:
            if member not in known or member in self._members:
                raise PolicyMalformedError(f"the member {member[:80]!r} is not defined above or a member already")
            self._members.add(member)
        count = {"all": str(len(members)), "any": "1"}.get(threshold, threshold)
        if not _NUMBER.match(count) or int(count) > len(members):
            raise PolicyMalformedError(f"the threshold {threshold[:20]!r} of {len(members)} members")
        self.groups.append(PolicyGroup(name, int(count), members))
