"""Logs that this user made are known to this user: `lotmark verify` finds their trust without being told."""

import os
from pathlib import Path

from lotmark.attest.api import KnownLogs, known_logs_folder
from lotmark.attest.models import TrustPolicy


def remember_log(policy: TrustPolicy) -> Path:
    """Keep the trust policy of a log that this user has just made; gives its place."""
    return KnownLogs(known_logs_folder(os.environ)).remember(policy)


def forget_log(policy: TrustPolicy) -> None:
    """Drop the memory of a log that is being deleted; of another log under the same origin nothing is dropped."""
    known = KnownLogs(known_logs_folder(os.environ))
    if known.find(policy.origin) == policy:
        known.path(policy.origin).unlink()


def find_log(origin: str) -> TrustPolicy | None:
    """The trust policy of a log that this user knows, by its origin."""
    return KnownLogs(known_logs_folder(os.environ)).find(origin)
