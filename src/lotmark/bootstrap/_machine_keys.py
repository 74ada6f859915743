"""The keys of this machine, the log's and the pipeline's: files in the state folder, or URIs of keys that lie elsewhere.

``keys/log.key`` is the first; after a rotation ``keys/log-<id>.key`` or ``.uri`` lies beside it. Which of them signs is
told by the ledger alone: those that count at its size. So a rotation that was cut short in the middle needs no repair.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

from lotmark.attest.api import FileSigner, KeySigner, SecondLogSigner, generate_key, write_key, write_private
from lotmark.attest.models import Trust, TrustPolicy
from lotmark.attest.ports import Signer
from lotmark.base.errors import EnvironmentLacksError, UsageError

KEYS: Final = "keys"
SECOND: Final = "second-log.key"
"""The log's second key, ML-DSA-44, where it has one."""
MachineKind = Literal["log", "pipeline"]


def machine_signers(state: Path, kind: MachineKind, trust: Callable[[], tuple[Trust, int]]) -> tuple[Signer, ...]:
    """The keys of the kind that count now, the newest first.

    Args:
        state: The state folder.
        kind: Which keys.
        trust: Gives the keys by log index and the ledger's size; asked only if there are several keys.

    Raises:
        EnvironmentLacksError: LM-CLI-023 if none counts; as `FileSigner.load` and `integrations.open_signer`.
    """
    places = key_places(state, kind)
    if len(places) <= 1:
        return (_load(places[0]) if places else FileSigner.load(state / KEYS / f"{kind}.key"),)
    known, size = trust()
    found = []
    for signer in map(_load, places):
        record = known.find(signer.key_id)
        if record is not None and record.kind == kind and record.is_valid_at(size):
            found.append((record.valid_from, signer))
    if not found:
        raise EnvironmentLacksError(
            "LM-CLI-023",
            f"none of the {kind} keys here counts at log index {size}",
            where=str(state / KEYS),
            solution=f"put the newest {kind} key there; `lotmark key {kind} rotate` follows a key that is lost",
        )
    return tuple(signer for _, signer in sorted(found, key=lambda pair: -pair[0]))


def coming_signers(state: Path, kind: MachineKind, trust: Callable[[], tuple[Trust, int]]) -> tuple[Signer, ...]:
    """The keys of the kind that count now, and those that lie here and were never enrolled: one may be enrolled by what is appended next."""
    places = key_places(state, kind)
    if len(places) <= 1:
        return machine_signers(state, kind, trust)
    fresh = tuple(signer for signer in map(_load, places) if trust()[0].find(signer.key_id) is None)
    return (*machine_signers(state, kind, trust), *fresh)


def key_places(state: Path, kind: MachineKind) -> list[Path]:
    """The files of the keys of the kind."""
    folder = state / KEYS
    return sorted(path for pattern in (f"{kind}.key", f"{kind}-*.key", f"{kind}.uri", f"{kind}-*.uri") for path in folder.glob(pattern))


def second_signer(state: Path, policy: TrustPolicy) -> SecondLogSigner | None:
    """The second log key of this machine, if there is one.

    Raises:
        EnvironmentLacksError: LM-CLI-032 if the policy names one and that is not here; as `SecondLogSigner.load`.
    """
    path = state / KEYS / SECOND
    signer = SecondLogSigner.load(path) if path.exists() else None
    if policy.second_log_key and (signer is None or signer.vkey(policy.origin) != policy.second_log_key):
        raise EnvironmentLacksError(
            "LM-CLI-032",
            f"the trust policy asks for the log's second signature, and its key is not {'here' if signer is None else 'the one that lies here'}",
            where=str(path),
            solution="put the key back; if it is lost: `lotmark key log second --replace`, then give the new trust.json to whoever verifies",
        )
    return signer


def add_machine_key(state: Path, kind: MachineKind, uri: str | None) -> Signer:
    """A fresh key in a file of the state folder, or the one behind `uri`, whose URI is kept there. It counts only once enrolled.

    Raises:
        UsageError, EnvironmentLacksError: as `write_key` and `integrations.open_signer`; LM-ATT-036 if it is here already.
    """
    if uri is None:
        private = generate_key()
        signer: Signer = KeySigner(private)
        write_key(_place(state, kind, signer, "key"), private, None)
        return signer
    from lotmark.integrations.api import open_signer

    signer = open_signer(uri, _no_terminal)
    try:
        write_private(_place(state, kind, signer, "uri"), f"{uri}\n".encode(), replace=False)
    except FileExistsError as error:
        raise UsageError("LM-ATT-036", f"the key {signer.key_id[:12]} is here already", solution="`lotmark key list` shows whether it counts") from error
    return signer


def drop_machine_key(state: Path, kind: MachineKind, signer: Signer) -> None:
    """Remove a key that `add_machine_key` added and nobody enrolled."""
    for suffix in ("key", "uri"):
        _place(state, kind, signer, suffix).unlink(missing_ok=True)


def _place(state: Path, kind: MachineKind, signer: Signer, suffix: str) -> Path:
    return state / KEYS / f"{kind}-{signer.key_id[:12]}.{suffix}"


def _load(place: Path) -> Signer:
    if place.suffix == ".key":
        return FileSigner.load(place)
    from lotmark.integrations.api import open_signer

    return open_signer(place.read_text(encoding="utf-8").strip(), _no_terminal)


def _no_terminal(prompt: str) -> str:
    raise EnvironmentLacksError(
        "LM-CLI-015", f"a machine's key cannot ask anybody: {prompt}", solution="name the file of its PIN in the URI: ?pin-source=file:/path, mode 600"
    )
