"""What this installation trusts of its own log, when the log's keys change: a successor by the word of the roots, or a second key.

``trust.json`` is written anew, what this user knows of the log follows it, and so does the memory of the newest checkpoint
seen. Other people's trust files are theirs: they are told what to do.
"""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from lotmark.attest.api import SecondLogSigner, format_trust_policy, witness_policy, write_private
from lotmark.attest.models import TrustPolicy
from lotmark.base.errors import UsageError
from lotmark.bootstrap._known_logs import relearn_log
from lotmark.bootstrap._machine_keys import KEYS, SECOND
from lotmark.bootstrap._seen import continue_memory
from lotmark.bootstrap._workspace import TRUST, Workspace
from lotmark.tlog.api import format_vkey, make_key, parse_vkey

_OLD: Final = ".old"
_EARLIER: Final = "trust-until-{size}.json"


def follow_log_key(workspace: Workspace) -> TrustPolicy | None:
    """Trust the newest log key that counts, by the word of the roots, where ``trust.json`` still names an earlier one; None if nothing changed."""
    old = workspace.trust_policy
    trust, named = workspace.reader.trust(), parse_vkey(old.log_key).public_key
    keys = [key for key in trust.valid_at(workspace.ledger.size, "log") if key.valid_until is None]
    # A further log key that was enrolled beside it changes nothing yet: what is named still signs.
    if not keys or not any(key.public_key == named and key.valid_until is not None for key in trust.keys):
        return None
    vkey = format_vkey(make_key(old.origin, keys[-1].public_key))
    _keep(workspace.state, old, workspace.ledger.size)
    new = replace(old, log_key=vkey, tlog_policy=old.tlog_policy.replace(old.log_key, vkey))
    _write(workspace, old, new)
    return new


def _keep(state: Path, old: TrustPolicy, size: int) -> None:
    """The earlier trust file: what was proven under the earlier key, and left the log, verifies with it."""
    with suppress(FileExistsError):
        write_private(state / _EARLIER.format(size=size), format_trust_policy(old), replace=False)


def add_second_key(workspace: Workspace, *, again: bool) -> TrustPolicy:
    """Let the log sign its checkpoints with an ML-DSA-44 key besides, from the next entry on; gives the trust policy that asks for it.

    The key lies as ``keys/second-log.key`` beside the log key. Nobody else writes meanwhile. What was cut short is finished
    by the same call again: a key that lies there and that the trust policy does not name yet is taken, unless `again`.

    Args:
        workspace: Whose log.
        again: Make another key; what lies in its place, whatever it is, is kept beside it, with ``.old`` behind its name.

    Raises:
        UsageError: LM-ATT-036 if the log has a second key already and `again` is not asked for.
        EnvironmentLacksError: LM-ATT-030 to -032 if what lies there is no such key and `again` is not asked for; LM-ATT-053 without ML-DSA-44 on this machine; LM-LED-003 if somebody else writes.
    """
    old, path = workspace.trust_policy, workspace.state / KEYS / SECOND
    if old.second_log_key and not again:
        raise UsageError(
            "LM-ATT-036", "the log has a second key already", where=str(path), solution="`lotmark key log` shows it; --replace makes another in its place"
        )
    with workspace.open_sequencer(check_second=False) as ledger:
        if again and path.exists():
            path.replace(_free(path))
        signer = SecondLogSigner.load(path) if path.exists() else SecondLogSigner.make(path)
        new = replace(old, second_log_key=signer.vkey(old.origin), second_log_key_from=ledger.size + 1)
        _write(workspace, old, new)
    return new


def _free(path: Path) -> Path:
    place = path.with_name(path.name + _OLD)
    number = 2
    while place.exists():
        place = path.with_name(f"{path.name}{_OLD}{number}")
        number += 1
    return place


def _write(workspace: Workspace, old: TrustPolicy, new: TrustPolicy) -> None:
    path = workspace.state / TRUST
    mode = path.stat().st_mode & 0o777
    # The memory first: a crash in between leaves the old trust with all that it has seen.
    continue_memory(old, new)
    write_private(path, format_trust_policy(new), replace=True)
    path.chmod(mode)
    relearn_log(old, new)
    workspace.retrust(new)


def advise(workspace: Workspace, *, rotated: bool = True) -> str:
    """What others have to do now that the log's own trust file has changed."""
    policy = workspace.trust_policy
    witnesses = [witness.key.name for witness in witness_policy(policy).witnesses]
    lines = [
        f"{workspace.state / TRUST} is written anew: give it to whoever verifies proofs, exports or time stamps of this log.",
        "Bundles verify with the earlier trust file too, which learns a new log key from the roots; proofs from before need it. It is kept beside."
        if rotated
        else "Who keeps an earlier trust file does not ask for the second signature.",
    ]
    if rotated and witnesses:
        lines.append(
            f"Tell those who run {', '.join(witnesses)} the log's new key, or they cosign nothing more: `lotmark log witness --serve --log '{policy.log_key}'`"
        )
    return "\n".join(lines)
