"""Logs that this user made are known to this user: `lotmark verify` finds their trust without being told."""

import contextlib
import os
from pathlib import Path

from lotmark.attest.api import KnownLogs, known_logs_folder, parse_trust_policy
from lotmark.attest.models import TrustPolicy
from lotmark.base.errors import EnvironmentLacksError, UsageError
from lotmark.bootstrap._seen import forget_checkpoint


def remember_log(policy: TrustPolicy) -> Path:
    """Keep the trust policy of a log that this user has just made; gives its place."""
    return KnownLogs(known_logs_folder(os.environ)).remember(policy)


def relearn_log(old: TrustPolicy, new: TrustPolicy) -> None:
    """Know the log by its new trust policy, if this user knows it by the old one; what he knows otherwise is his own affair."""
    with contextlib.suppress(EnvironmentLacksError):
        known = KnownLogs(known_logs_folder(os.environ))
        if known.find(old.origin) == old:
            known.remember(new, replace=True)


def forget_log(policy: TrustPolicy) -> None:
    """Drop the memory of a log that is being deleted; of another log under the same origin nothing is dropped."""
    known = KnownLogs(known_logs_folder(os.environ))
    if known.find(policy.origin) == policy:
        known.path(policy.origin).unlink()
    forget_checkpoint(policy)


def find_log(origin: str) -> TrustPolicy | None:
    """The trust policy of a log that this user knows, by its origin."""
    return KnownLogs(known_logs_folder(os.environ)).find(origin)


def read_trust(path: Path) -> TrustPolicy:
    """The trust policy in a file of the caller.

    Raises:
        UsageError: LM-DOS-002 if it cannot be read, LM-ATT-050 or -090 if it is none.
    """
    try:
        return parse_trust_policy(path.read_bytes())
    except OSError as error:
        raise UsageError(
            "LM-DOS-002", f"cannot read {path}: {error.strerror}", where=str(path), solution="name the trust.json of the log that you trust"
        ) from error
