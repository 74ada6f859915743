"""Time stamps of the workspace's checkpoints: the authority that the settings name, the certificates that the caller trusts.

The settings are ``LOTMARK_TSA`` (the authority's URL) and ``LOTMARK_TSA_CA`` (a PEM file of CA certificates, beside those of the trust file).
"""

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from lotmark.attest.models import TrustPolicy
from lotmark.base.clock import format_instant
from lotmark.base.errors import EnvironmentLacksError, LotmarkError, UsageError
from lotmark.bootstrap._workspace import Workspace
from lotmark.integrations import api as integrations
from lotmark.ledger.api import ObjectFolder, stamp_checkpoint
from lotmark.ledger.models import Timestamp
from lotmark.ledger.ports import TimestampVerifier

TSA: Final = "LOTMARK_TSA"
TSA_CA: Final = "LOTMARK_TSA_CA"
_LAST: Final = "last"
_DAY: Final = timedelta(hours=24)


def timestamp_verifier(policy: TrustPolicy | None, certificates: Path | None = None) -> TimestampVerifier | None:
    """What verifies stamps by the certificates of the trust policy and of the PEM file; None if neither names one.

    Raises:
        UsageError: LM-ITG-021 if the file cannot be read. EnvironmentLacksError: LM-ITG-002 if the extra is not installed.
    """
    roots = (*(policy.timestamp_roots if policy else ()), *(_read(certificates) if certificates else ()))
    return integrations.CertificateVerifier(tuple(dict.fromkeys(roots))) if roots else None


def configured_verifier(policy: TrustPolicy | None, settings: Mapping[str, str] | None = None) -> TimestampVerifier | None:
    """As `timestamp_verifier`, with the file that the settings name."""
    path = (os.environ if settings is None else settings).get(TSA_CA, "")
    return timestamp_verifier(policy, Path(path) if path else None)


def stamp_now(workspace: Workspace, size: int | None = None) -> Timestamp:
    """Have the checkpoint of that size (default: the newest) stamped by the configured authority, and keep the stamp.

    Raises:
        EnvironmentLacksError: LM-ITG-023 if no authority or none of its certificates is configured, LM-ITG-022 if it gives no stamp.
        NothingToJudgeError: LM-LED-010 if no checkpoint was signed at that size.
        IntegrityError: LM-LED-133 if the stamp does not hold; it is not kept then.
    """
    url = os.environ.get(TSA, "")
    verifier = configured_verifier(workspace.trust_policy)
    if not url or verifier is None:
        lacking = "no time stamping authority is configured" if not url else "no certificate of the time stamping authority is trusted"
        raise EnvironmentLacksError(
            "LM-ITG-023",
            lacking,
            where=TSA if not url else TSA_CA,
            solution=f"export {TSA}=https://host/path and {TSA_CA}=/path/of/its-ca-certificates.pem",
        )
    stamp = stamp_checkpoint(workspace.ledger, integrations.TsaClient(url), verifier, open_attaching=workspace.attaching, size=size)
    _memory(workspace).replace(_LAST, format_instant(workspace.clock.now()).encode())
    return stamp


def stamp_is_due(workspace: Workspace) -> bool:
    """Whether a day has passed since a checkpoint of this ledger was stamped from here."""
    memory = _memory(workspace)
    if not memory.exists(_LAST):
        return True
    try:
        last = datetime.fromisoformat(memory.get(_LAST).decode("ascii"))
    except ValueError:
        return True  # a convenience, and never trusted: at the worst there is one stamp more
    return not timedelta(0) <= workspace.clock.now() - last < _DAY


def stamp_after_run(workspace: Workspace, released: bool) -> str:
    """After a run: a stamp for the checkpoint of a release, otherwise one a day, if an authority is configured.

    Gives what went wrong, or an empty text. It never raises: a release stands without a stamp, and can be stamped later.
    """
    if not os.environ.get(TSA) or not (released or stamp_is_due(workspace)):
        return ""
    try:
        stamp_now(workspace)
    except LotmarkError as error:
        return f"no time stamp ({error.code}): {error.reason}; `lotmark log timestamp` tries again"
    return ""


def _read(path: Path) -> tuple[bytes, ...]:
    try:
        return integrations.parse_certificates(path.read_bytes(), str(path))
    except OSError as error:
        raise UsageError(
            "LM-ITG-021", f"cannot read {path}: {error.strerror}", where=str(path), solution="name the PEM file of your authority's CA certificates"
        ) from error


def _memory(workspace: Workspace) -> ObjectFolder:
    return ObjectFolder(workspace.state / "timestamps")
