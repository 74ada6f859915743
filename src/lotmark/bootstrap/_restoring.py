"""Backup and restore: a copy is made while the ledger is in use, and put back only where it was proven.

A restored log that is shorter than one that was seen is never signed again under its name: it is kept to be read, and the
work goes on in a new log, the next epoch, whose first entry quotes the last checkpoint seen.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from lotmark.attest.api import build_payload, key_event, parse_envelope, parse_trust_policy, sign_payload, verify_envelope
from lotmark.attest.models import Evidence, Person, Subject, TrustPolicy
from lotmark.attest.ports import Signer
from lotmark.base.clock import Clock, format_instant
from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError, IntegrityError, LotmarkError, RefusedError, UsageError
from lotmark.bootstrap._auditing import record_event
from lotmark.bootstrap._known_logs import find_log, remember_log
from lotmark.bootstrap._machine_keys import SECOND
from lotmark.bootstrap._opening import create_state
from lotmark.bootstrap._registry import registry
from lotmark.bootstrap._seen import seen_checkpoints
from lotmark.bootstrap._workspace import EPOCHS, Workspace
from lotmark.index.api import VerifiedReader
from lotmark.ledger.api import fsck, open_ledger
from lotmark.ledger.models import FsckReport, Submission
from lotmark.records.api import KEYS, SIGNED, VAULT, Backup, copy_files, copy_keys, copy_state, read_backup, require_no_backup
from lotmark.records.predicates import LogEpochBody, RestoreBody
from lotmark.tlog.api import parse_checkpoint, parse_note
from lotmark.tlog.models import Checkpoint

_BEHIND = "LM-LED-115"
_LOG_KEY = "log.key"


@dataclass(frozen=True, slots=True)
class Restored:
    """What was proven of a backup, and where it lies now; None after a rehearsal."""

    backup: Backup
    report: FsckReport
    evidence: Evidence
    place: Path | None
    signed_report: Path | None
    """The report as an envelope, where the pipeline's key was at hand."""
    epoch: TrustPolicy | None = None
    """What to trust of the new log, where one was opened."""

    @property
    def verdict(self) -> str:
        """``sound``, ``behind`` or ``broken``."""
        return str(self.evidence.predicate["verdict"])


def back_up(workspace: Workspace, target: Path, *, with_keys: bool) -> Backup:
    """Copy the ledger, its blobs, vault and trust into the new folder `target`; the list is signed.

    That a copy is being made is recorded before: so the copy holds all that was ever seen, and can go on as it is.

    Raises:
        UsageError: LM-REC-030 if there is something at `target`.
        IntegrityError: if a blob is missing or changed.
    """
    require_no_backup(target)
    record_event(workspace, "export:backup:started", subject=target.name, detail="with the machine's keys" if with_keys else "")
    with workspace.writer():
        pass  # what the audit spool holds is in the log before the copy
    product = workspace.ledger.entry(0).header.scope.removeprefix("product:")
    at = format_instant(workspace.clock.now())
    backup, evidence = copy_state(workspace.ledger, workspace.place, workspace.state, target.absolute(), product=product, made_at=at, with_keys=with_keys)
    (backup.folder / SIGNED).write_bytes(sign_payload(build_payload(evidence, workspace.registry), workspace.pipeline_signer()).raw)
    return backup


def restore(
    source: Path,
    target: Path | None,
    *,
    trust: Path | None,
    seen: Sequence[bytes],
    keys: Path | None,
    clock: Clock,
    new_epoch: "NewEpoch | None" = None,
) -> Restored:
    """Prove a backup and put it to `target`; None only proves it, in a folder that is removed again.

    Args:
        source: The folder that `back_up` wrote.
        target: A folder that does not exist, or an empty one.
        trust: The caller's trust file; without one the log must be known to this user.
        seen: Signed checkpoints that were kept elsewhere; what this user has seen is added.
        keys: Folder of the machine's keys, where they are not in the copy.
        clock: For the time of the report.
        new_epoch: Who opens a new log if the restored one is behind; else being behind is refused.

    Raises:
        IntegrityError: LM-REC-031 or -032 for the copy, -035 if the log in it does not hold, -034 if it is behind what was seen.
        RefusedError: LM-REC-033 if something is at `target`.
        EnvironmentLacksError: LM-REC-032 if no trust is known.
    """
    if target is not None:
        _require_free(target)
    backup = read_backup(source.absolute())
    policy = _trust(backup, trust)
    place = target if target is not None else source.absolute().with_name(f"{source.name}.rehearsal-{os.getpid()}")
    scratch = place.with_name(f"{place.name}.restoring-{os.getpid()}")
    copy_files(backup, scratch)
    try:
        notes = (*seen, *seen_checkpoints(policy))
        report, verdict = _prove(scratch, backup, policy, notes)
        evidence = _report(backup, report, verdict, notes, policy, clock)
        if verdict == "broken":
            raise _not_proven(report, backup)
        signed = _sign_report(scratch, keys, evidence, place)
        if target is None:
            return Restored(backup, report, evidence, None, signed)
        if verdict == "behind":
            if new_epoch is None:
                raise _behind(report, notes, policy)
            opened = _open_epoch(scratch, target, policy, notes, new_epoch, backup.manifest.product, clock, evidence)
            return Restored(backup, report, evidence, target, signed, opened)
        _put_keys(scratch, keys)
        (scratch / ".gitignore").write_text("*\n", encoding="utf-8")
        _put_in_place(scratch, target)
        _record(target, policy, evidence, clock)
        return Restored(backup, report, evidence, target, signed)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class NewEpoch:
    """Who opens it, and why."""

    administrator: str
    root: Signer
    reason: str


def _require_free(target: Path) -> None:
    """L13: a database is never put beside another's write-ahead log, nor over a newer ledger."""
    if target.is_symlink() or (target.exists() and (not target.is_dir() or any(target.iterdir()))):
        beside = sorted(path.name for path in target.glob("ledger.db*")) if target.is_dir() else []
        raise RefusedError(
            "LM-REC-033",
            f"{target} is not empty" + (f": there is {', '.join(beside)}" if beside else ""),
            where=str(target),
            solution="restore into a folder that does not exist, then exchange the two yourself; move the old one away whole, with its -wal and -shm files",
        )


def _trust(backup: Backup, trust: Path | None) -> TrustPolicy:
    """The caller's trust in the log, never the backup's own; the backup's list must be signed by a key that it vouches for."""
    if trust is not None:
        try:
            policy: TrustPolicy | None = parse_trust_policy(trust.read_bytes())
        except OSError as error:
            raise UsageError("LM-REC-032", f"the trust file cannot be read: {error.strerror}", where=str(trust), solution="give a readable file") from error
    else:
        policy = find_log(backup.manifest.origin)
    if policy is None:
        raise EnvironmentLacksError(
            "LM-REC-032",
            f"nothing is known of the log {backup.manifest.origin}",
            where=str(backup.folder),
            solution="give its trust file with --trust, from somebody you trust, not from the backup",
        )
    try:
        _verify_list(backup, policy)
    except (LotmarkError, OSError) as error:
        reason = error.reason if isinstance(error, LotmarkError) else f"{SIGNED}: {error.strerror}"
        raise IntegrityError(
            "LM-REC-032",
            f"the list of the backup is not signed by this ledger: {reason}",
            where=str(backup.folder / SIGNED),
            solution="take a backup whose signature holds; nothing was restored",
        ) from error
    return policy


def _verify_list(backup: Backup, policy: TrustPolicy) -> None:
    envelope = parse_envelope((backup.folder / SIGNED).read_bytes())
    with open_ledger(backup.folder) as ledger:
        reader = VerifiedReader(ledger, policy, registry())
        verified = verify_envelope(envelope, kind="backup", index=ledger.size, trust=reader.trust(), registry=registry())
    if verified.statement.subject[0].digest != backup.digest.digest_set:
        raise IntegrityError("LM-REC-031", "the signature is over another list", where=SIGNED, solution="take another backup")


def _prove(scratch: Path, backup: Backup, policy: TrustPolicy, notes: Sequence[bytes]) -> tuple[FsckReport, str]:
    """Fsck against the caller's trust and every checkpoint that was seen; and the copy is the one of the list."""
    with open_ledger(scratch) as ledger:
        expired = frozenset(VerifiedReader(ledger, policy, registry()).records().expired)
        own = ledger.checkpoint()
    report = fsck(scratch, policy, registry(), seen=notes, expired=expired)
    errors = {finding.code for finding in report.findings if finding.severity.value == "error"}
    if own != backup.manifest.checkpoint.encode() or errors - {_BEHIND}:
        return report, "broken"
    return report, "behind" if errors else "sound"


def _report(backup: Backup, report: FsckReport, verdict: str, notes: Sequence[bytes], policy: TrustPolicy, clock: Clock) -> Evidence:
    body = RestoreBody(
        product=backup.manifest.product,
        origin=policy.origin,
        size=backup.manifest.size,
        root=backup.manifest.root,
        entries=report.entries,
        blobs=report.blobs,
        expired=report.expired,
        seen=report.seen,
        newest_seen=_newest(notes).size if notes else 0,
        findings=[f"{finding.code}: {finding.message}" for finding in report.findings],
        verdict=verdict,  # type: ignore[arg-type]
        restored_at=format_instant(clock.now()),
    )
    return Evidence("restore", (Subject("manifest.json", backup.digest.digest_set),), msgspec.to_builtins(body))


def _newest(notes: Sequence[bytes]) -> Checkpoint:
    return max((parse_checkpoint(parse_note(note).text) for note in notes), key=lambda checkpoint: checkpoint.size)


def _sign_report(scratch: Path, keys: Path | None, evidence: Evidence, place: Path) -> Path | None:
    signer = _pipeline_key(keys or scratch / KEYS)
    path = place.with_name(f"{place.name}.restore-report.json")
    payload = build_payload(evidence, registry())
    path.write_bytes(payload if signer is None else sign_payload(payload, signer).raw)
    return path if signer is not None else None


def _pipeline_key(folder: Path) -> Signer | None:
    from lotmark.attest.api import FileSigner

    path = folder / "pipeline.key"
    return FileSigner.load(path) if path.is_file() else None


def _put_keys(scratch: Path, keys: Path | None) -> None:
    if keys is not None:
        copy_keys(keys, scratch / KEYS)


def _put_in_place(scratch: Path, target: Path) -> None:
    if target.exists():
        target.rmdir()
    scratch.rename(target)


def _record(target: Path, policy: TrustPolicy, evidence: Evidence, clock: Clock) -> None:
    """The restore is an entry of the ledger itself, where its keys are there."""
    if not (target / KEYS / _LOG_KEY).is_file() or (policy.second_log_key and not (target / KEYS / SECOND).is_file()):
        return
    with _workspace(target, policy, clock) as workspace:
        envelope = sign_payload(build_payload(evidence, workspace.registry), workspace.pipeline_signer())
        with workspace.writer() as ledger:
            ledger.append([Submission(envelope, evidence.kind, f"product:{evidence.predicate['product']}", submitter=workspace.submitter())])


def _open_epoch(
    scratch: Path, target: Path, policy: TrustPolicy, notes: Sequence[bytes], new: NewEpoch, product: str, clock: Clock, evidence: Evidence
) -> TrustPolicy:
    """A new log at `target`; the restored one lies in ``epochs/<n>`` below it, without a key to sign with."""
    with open_ledger(scratch) as ledger:
        reader = VerifiedReader(ledger, policy, registry())
        keys = reader.trust().valid_at(ledger.size)
        restored = ledger.checkpoint()
    root = next((key for key in keys if key.kind == "root" and key.key_id == new.root.key_id and key.person == new.administrator), None)
    if root is None:
        raise EnvironmentLacksError(
            "LM-CLI-018",
            f"the key {new.root.key_id[:12]} is no root key of {new.administrator} in the restored log",
            solution="an administrator of the old log opens the new one",
        )
    base, _, number = policy.origin.partition("/epoch-")
    epoch = int(number) + 1 if number.isdigit() else 2
    seen = max(notes, key=lambda note: parse_checkpoint(parse_note(note).text).size)
    newest, own = _newest(notes), parse_checkpoint(parse_note(restored).text)
    body = LogEpochBody(
        product=product,
        epoch=epoch,
        previous_origin=policy.origin,
        restored_size=own.size,
        restored_checkpoint=restored.decode(),
        seen_size=newest.size,
        seen_checkpoint=seen.decode(),
        lost=newest.size - own.size,
        reason=new.reason,
        opened_at=format_instant(clock.now()),
    )
    opened = Evidence("log-epoch", (Subject("checkpoint", Digest.of(seen).digest_set),), msgspec.to_builtins(body))
    enrolments = [
        key_event(
            "enrol",
            public_key=key.public_key,
            kind=key.kind,
            person=Person(key.person, key.name, key.email),
            reason=f"valid at the end of {policy.origin}",
            at=clock.now(),
        )
        for key in keys
        if key.person and key.key_id != new.root.key_id
    ]
    trusted = create_state(
        target,
        origin=f"{base}/epoch-{epoch}",
        product=product,
        administrator=Person(root.person, root.name, root.email),
        root=new.root,
        clock=clock,
        reason=f"epoch {epoch}: {new.reason}. It goes on after {policy.origin} {newest.size} {newest.root.hex()}, the last checkpoint seen"[:1000],
        more=[opened, *enrolments],
        vault=scratch / VAULT,
    )
    shutil.rmtree(scratch / KEYS, ignore_errors=True)  # nothing signs under the old name again
    (target / EPOCHS).mkdir()
    scratch.rename(target / EPOCHS / str(epoch - 1))
    remember_log(trusted)
    _record(target, trusted, evidence, clock)
    return trusted


@contextlib.contextmanager
def _workspace(state: Path, policy: TrustPolicy, clock: Clock) -> Iterator[Workspace]:
    workspace = Workspace(state.parent, None, state, clock)
    workspace.__dict__["trust_policy"] = policy  # the caller's, not the one that lies in the folder
    try:
        yield workspace
    finally:
        workspace.close()


def _not_proven(report: FsckReport, backup: Backup) -> IntegrityError:
    first = report.findings[0] if report.findings else None
    return IntegrityError(
        "LM-REC-035",
        f"the log in the backup does not hold: {first.code + ': ' + first.message if first else 'its checkpoint is not the one of the list'}",
        where=str(backup.folder),
        solution="take another backup; nothing was put into place",
    )


def _behind(report: FsckReport, notes: Sequence[bytes], policy: TrustPolicy) -> IntegrityError:
    return IntegrityError(
        "LM-REC-034",
        f"ROLLBACK: the backup has {report.entries} entries, {_newest(notes).size} were seen; it is never signed again under {policy.origin}",
        where=policy.origin,
        solution="find a newer backup; if there is none, --new-epoch --as ADMINISTRATOR opens a new log that quotes the last checkpoint seen",
    )


__all__ = ["NewEpoch", "Restored", "back_up", "restore"]
