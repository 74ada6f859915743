"""The log and those outside: witnesses that cosign it, places that it is exported to, and a witness for the logs of others."""

import ipaddress
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from lotmark.attest.api import FileSigner, generate_key, witness_policy, write_key
from lotmark.attest.models import Trust, TrustPolicy
from lotmark.attest.ports import Signer
from lotmark.base.clock import Clock
from lotmark.base.errors import EnvironmentLacksError
from lotmark.base.findings import Finding, Severity
from lotmark.bootstrap._workspace import Workspace
from lotmark.integrations.api import GitWitness, HttpObjects, open_objects
from lotmark.ledger.api import check_tiles, export_tiles, judge_witnesses, verify_by_log_keys
from lotmark.ledger.models import ExportSummary, TilesReport, Witnessed, WitnessReport
from lotmark.ledger.ports import CheckpointVerifier, ObjectReader, ObjectStore
from lotmark.tlog.models import Witnessing
from lotmark.witness.api import Witness, WitnessStore, make_server


def ask_for_cosignatures(workspace: Workspace) -> WitnessReport:
    """Ask the witnesses that the workspace's trust policy names to cosign the newest checkpoint.

    Raises:
        EnvironmentLacksError: LM-LED-041 if it names none.
    """
    if not workspace.witnesses.named:
        raise EnvironmentLacksError(
            "LM-LED-041",
            "the trust policy names no witness",
            where=str(workspace.state / "trust.json"),
            solution="write witnesses and a quorum into it: docs/how-to/run-a-witness.md",
        )
    return workspace.witnesses.ask()


def record_in_git(workspace: Workspace, repository: str, branch: str) -> int:
    """Keep the newest checkpoint in a git repository of another team; gives its size."""
    return GitWitness(repository, branch, workspace.verify_checkpoint).record(workspace.ledger)


def witnessed(workspace: Workspace) -> Witnessed:
    """How far the workspace's log is witnessed, by its own trust policy."""
    return workspace.witnesses.witnessed()


def check_independence(policy: TrustPolicy) -> tuple[Finding, ...]:
    """Witnesses that fall with this machine, as far as their URL shows it.

    Raises:
        UsageError: LM-ATT-050 or -090.
    """
    return tuple(
        Finding(
            "LM-LED-042",
            f"WITNESS_NOT_INDEPENDENT: {witness.key.name} runs on this machine ({witness.url})",
            Severity.WARNING,
            subject=witness.name,
            help="let another person run the witness on another machine",
        )
        for witness in witness_policy(policy).witnesses
        if witness.url and _is_here(urlsplit(witness.url).hostname or "")
    )


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def export_log(workspace: Workspace, place: str) -> ExportSummary:
    """Bring the export of the log in a folder or bucket up to date."""
    return export_tiles(workspace.ledger, _open_place(place), workspace.verify_checkpoint)


def _open_place(place: str) -> ObjectStore:
    """The object store that a path or setting names; a relative path is one of this folder."""
    return open_objects(place if ":" in place else str(Path(place).absolute()))


@dataclass(frozen=True, slots=True)
class MirrorReport:
    """What a check of an export found, and what the caller's witnesses say of its checkpoint."""

    tiles: TilesReport
    witnessing: Witnessing


def check_mirror(
    place: str, policy: TrustPolicy, verify: CheckpointVerifier | None = None, *, clock: Clock, seen: Sequence[bytes] = (), max_age: timedelta | None = None
) -> MirrorReport:
    """Check an export tile by tile, in a folder, a bucket or behind a URL, and that the caller's quorum cosigned it.

    `verify` is which checkpoints count; by default those that the log key of the policy signed.

    Raises:
        IntegrityError: LM-LED-111 the log did not sign it, LM-LED-141 NOT_WITNESSED, LM-LED-142 STALE.
    """
    source: ObjectReader = HttpObjects(place) if place.startswith(("http://", "https://")) else _open_place(place)
    report = check_tiles(source, verify or (lambda note: verify_by_log_keys(note, policy, Trust())), seen=seen)
    return MirrorReport(report, judge_witnesses(report.note, policy, now=clock.now(), max_age=max_age))


@dataclass(frozen=True, slots=True)
class _Named:
    """A key under the name by which it signs notes."""

    name: str
    signer: Signer

    @property
    def public_key(self) -> bytes:
        return self.signer.public_key

    def sign(self, data: bytes) -> bytes:
        return self.signer.sign(data)


@contextmanager
def open_witness(folder: Path, *, name: str, logs: Sequence[str], published: Path | None, clock: Clock) -> Iterator[Witness]:
    """A witness in `folder` with its own key, made when there is none; `logs` are verifier keys of further logs to watch.

    Raises:
        EnvironmentLacksError, UsageError, IntegrityError: LM-WIT-001, -002, -101; LM-ATT-030 to -036 for its key.
    """
    key = folder / "witness.key"
    with WitnessStore(folder) as store:
        if not key.exists():
            write_key(key, generate_key(), None)
        for vkey in logs:
            store.watch(vkey)
        yield Witness(store, _Named(name, FileSigner.load(key)), published or folder / "published", clock.now)


__all__ = [
    "MirrorReport",
    "ask_for_cosignatures",
    "check_independence",
    "check_mirror",
    "export_log",
    "make_server",
    "open_witness",
    "record_in_git",
    "witnessed",
]
