"""The newest checkpoint of each log that this user has seen, kept outside the state folder: a copy that was put back is noticed before it signs."""

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

from lotmark.attest.api import known_logs_folder
from lotmark.attest.models import TrustPolicy
from lotmark.base.errors import EnvironmentLacksError
from lotmark.tlog.api import parse_checkpoint, parse_note
from lotmark.tlog.errors import TlogError


def seen_checkpoints(policy: TrustPolicy) -> tuple[bytes, ...]:
    """What this user has seen of the log: one signed note, or none. The folder is the user's own and trusted, as known logs are."""
    path = _path(policy)
    if path is None or not path.is_file():
        return ()
    return (path.read_bytes(),)


def remember_checkpoint(policy: TrustPolicy, note: bytes) -> None:
    """Keep the checkpoint if it is of more entries than what is kept. Where nothing can be kept, nothing is: then only a witness can tell."""
    path = _path(policy)
    if path is None:
        return
    with contextlib.suppress(OSError, TlogError):
        if any(_size(kept) >= _size(note) for kept in seen_checkpoints(policy)):
            return
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".checkpoint-")
        with os.fdopen(descriptor, "wb") as file:
            file.write(note)
        Path(temporary).replace(path.resolve())  # a memory that goes on under a later key is a link to that


def continue_memory(old: TrustPolicy, new: TrustPolicy) -> None:
    """Go on remembering under the log's new key. Under the old one the same memory is found: a copy from before the rotation is noticed too."""
    before, after = _path(old), _path(new)
    if before is None or after is None or before.resolve() == after.resolve() or not before.is_file():
        return
    with contextlib.suppress(OSError):
        for note in seen_checkpoints(old):
            remember_checkpoint(new, note)
        if after.is_file():  # else nothing could be kept, and the old memory must not go for it
            link = before.with_suffix(".link")
            link.unlink(missing_ok=True)
            link.symlink_to(after.name)
            link.replace(before)


def forget_checkpoint(policy: TrustPolicy) -> None:
    """Drop the memory of a log that is being deleted."""
    path = _path(policy)
    if path is not None:
        path.unlink(missing_ok=True)


def _size(note: bytes) -> int:
    return parse_checkpoint(parse_note(note).text).size


def _path(policy: TrustPolicy) -> Path | None:
    """By the log's key, not its name: two logs of one name are two logs."""
    try:
        folder = known_logs_folder(os.environ)
    except EnvironmentLacksError:
        return None
    return folder / f"{hashlib.sha256(policy.log_key.encode()).hexdigest()[:16]}.checkpoint"
