"""A copy of a state folder: database, blobs, vault, trust, and a list of all of it by digest that the pipeline's key signs.

    manifest.json        what the copy is of, and every file with size and SHA-256
    manifest.dsse.json   `backup/v1` over the digest of manifest.json
    ledger.db vault.db trust.json blobs/sha256/ab/<hex>   and keys/ only when asked for

The private keys are not in it unless asked for: who steals a copy shall not be able to sign.
"""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from lotmark.attest.models import Evidence, Subject
from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError, IntegrityError, UsageError
from lotmark.ledger.api import copy_database, open_ledger
from lotmark.ledger.ports import Ledger
from lotmark.records._vault import VAULT, Vault
from lotmark.records.predicates import BACKUP, BackupBody, CheckpointText, Hex, Text
from lotmark.tlog.api import parse_checkpoint, parse_note

MANIFEST: Final = "manifest.json"
SIGNED: Final = "manifest.dsse.json"
KEYS: Final = "keys"
_TRUST: Final = "trust.json"
_FILE: Final = 0o600


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: Text
    sha256: Hex
    size: Annotated[int, msgspec.Meta(ge=0)]


class BackupManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """`manifest.json`."""

    lotmark_backup: Literal[1]
    product: Text
    origin: Text
    size: int
    root: Hex
    checkpoint: CheckpointText
    with_keys: bool
    made_at: Text
    files: list[_File]


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy that was read: its list, and the digest by which its signature names it."""

    folder: Path
    manifest: BackupManifest
    digest: Digest


def copy_state(ledger: Ledger, place: Path | str, state: Path, target: Path, *, product: str, made_at: str, with_keys: bool) -> tuple[Backup, Evidence]:
    """Copy a ledger (`place`: its folder or URL), its blobs wherever they lie, and what the state folder holds beside, into the new folder `target`; gives the copy and the evidence of it, still to be signed.

    The database is of one moment; blobs are written before the entries that need them, so all of them are there.

    Raises:
        UsageError: LM-REC-030 if there is something at `target`.
        IntegrityError: LM-LED-108 or -109 if a blob that an entry needs is missing or changed; the copy is not finished then.
        EnvironmentLacksError: LM-LED-004 if it cannot be written.
    """
    require_no_backup(target)
    try:
        target.mkdir(parents=True, mode=0o700)
        copy_database(place, target)
        _copy_blobs(ledger, target)
        Vault(state / VAULT).copy_to(target / VAULT)
        shutil.copyfile(state / _TRUST, target / _TRUST)
        if with_keys:
            copy_keys(state / KEYS, target / KEYS)
        with open_ledger(target) as copied:
            note = copied.checkpoint()
        checkpoint = parse_checkpoint(parse_note(note).text)
        files = [_File(str(path.relative_to(target)), Digest.of_file(path).hex, path.stat().st_size) for path in _files(target)]
        manifest = BackupManifest(
            1, product, checkpoint.origin, checkpoint.size, checkpoint.root.hex(), note.decode(), with_keys=with_keys, made_at=made_at, files=files
        )
        data = (json.dumps(msgspec.to_builtins(manifest), indent=1, sort_keys=True) + "\n").encode()
        (target / MANIFEST).write_bytes(data)
        _sync(target)
    except OSError as error:
        raise EnvironmentLacksError(
            "LM-LED-004", f"the copy cannot be written: {error.strerror}", where=str(error.filename or target), solution="free space, or name another disk"
        ) from error
    body = BackupBody(
        product=product,
        origin=checkpoint.origin,
        size=checkpoint.size,
        root=checkpoint.root.hex(),
        files=len(files),
        bytes=sum(file.size for file in files),
        with_keys=with_keys,
        made_at=made_at,
    )
    digest = Digest.of(data)
    return Backup(target, manifest, digest), Evidence(BACKUP.name, (Subject(MANIFEST, digest.digest_set),), msgspec.to_builtins(body))


def require_no_backup(target: Path) -> None:
    """Return if there is nothing at `target`.

    Raises:
        UsageError: LM-REC-030.
    """
    if target.exists():
        raise UsageError("LM-REC-030", f"there is something at {target}", where=str(target), solution="name a folder that does not exist yet")


def read_backup(folder: Path) -> Backup:
    """The list of a copy, every file checked against it; its signature is not checked here.

    Raises:
        UsageError: LM-REC-031 if the folder is no backup.
        IntegrityError: LM-REC-031 naming the first file that is missing, changed or not listed.
    """
    try:
        data = (folder / MANIFEST).read_bytes()
        manifest = msgspec.convert(json.loads(data), BackupManifest, strict=True)
    except (OSError, ValueError, msgspec.ValidationError) as error:
        raise UsageError(
            "LM-REC-031", f"{folder} holds no backup: {error}", where=str(folder), solution="name the folder that `lotmark backup` wrote"
        ) from error
    listed = {file.path: file for file in manifest.files}
    present = {str(path.relative_to(folder)) for path in _files(folder)} - {MANIFEST, SIGNED}
    for name in sorted(present - listed.keys()):
        beside = "; opened beside it, the database would be another one" if name.startswith("ledger.db-") else ""
        raise _broken(folder, name, f"UNLISTED: {name} is not in the backup's list{beside}")
    for name, file in sorted(listed.items()):
        path = folder / name
        if name not in present:
            raise _broken(folder, name, f"MISSING: {name} is in the list and not in the backup")
        if path.stat().st_size != file.size or Digest.of_file(path).hex != file.sha256:
            raise _broken(folder, name, f"DIGEST_MISMATCH: {name} is not the file that was copied")
    return Backup(folder, manifest, Digest.of(data))


def copy_files(backup: Backup, target: Path) -> None:
    """Copy the listed files of a backup that was read into the new folder `target`, durably, private ones private.

    Raises:
        EnvironmentLacksError: LM-LED-004.
        IntegrityError: LM-REC-031 if a file changed while it was copied.
    """
    try:
        target.mkdir(parents=True, mode=0o700)
        for file in backup.manifest.files:
            place = target / file.path
            place.parent.mkdir(parents=True, exist_ok=True)
            if file.path.startswith(f"{KEYS}/") or file.path == VAULT:
                _copy_private(backup.folder / file.path, place)
            else:
                shutil.copyfile(backup.folder / file.path, place)
            if Digest.of_file(place).hex != file.sha256:
                raise _broken(backup.folder, file.path, f"DIGEST_MISMATCH: {file.path} changed while it was copied")
        _sync(target)
    except OSError as error:
        raise EnvironmentLacksError(
            "LM-LED-004", f"the copy cannot be written: {error.strerror}", where=str(error.filename or target), solution="free space, or name another disk"
        ) from error


def _copy_blobs(source: Ledger, target: Path) -> None:
    """Every blob that the copied entries need, checked; those whose record has expired are not there and not needed."""
    with open_ledger(target) as copied:
        for entry in copied.entries():
            for blob in source.entry_blobs(entry) if entry.header.blobs is not None else ():
                place = target / "blobs" / "sha256" / blob.hex[:2] / blob.hex
                if place.exists() or (not source.blobs.has(blob) and not _has_body(source, entry.index)):
                    continue
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(source.blobs.get(blob))


def _has_body(ledger: Ledger, index: int) -> bool:
    try:
        ledger.envelope(index)
    except IntegrityError:
        return False
    return True


def copy_keys(source: Path, target: Path) -> None:
    """Copy the machine's keys, those that rotations made and the second log key too; one that is there is replaced."""
    target.mkdir(mode=0o700, exist_ok=True)
    for path in sorted(source.iterdir()):
        if path.suffix in {".key", ".uri"}:
            (target / path.name).unlink(missing_ok=True)
            _copy_private(path, target / path.name)


def _copy_private(source: Path, target: Path) -> None:
    descriptor = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _FILE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(source.read_bytes())


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_symlink() or not path.is_dir())


def _sync(folder: Path) -> None:
    """Make the files and their names durable."""
    places: Sequence[Path] = [*(path for path in folder.rglob("*")), folder, folder.parent]
    for path in places:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _broken(folder: Path, name: str, reason: str) -> IntegrityError:
    return IntegrityError("LM-REC-031", reason, where=str(folder / name), solution="take another backup; nothing was restored")
