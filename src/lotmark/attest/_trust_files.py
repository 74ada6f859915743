"""What a caller trusts, in files of his own: the trust policy of one log, and the folder of the logs he knows.

These files never come out of the thing that is verified: a bundle's own ``trust/`` is for reading only.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from lotmark.attest._keys import check_public_key
from lotmark.attest._signers import read_guarded, write_private
from lotmark.attest._witnesses import witness_policy
from lotmark.attest.models import TrustPolicy
from lotmark.base.errors import EnvironmentLacksError, RefusedError, UsageError
from lotmark.intake.api import format_json, parse_json
from lotmark.tlog.api import parse_vkey
from lotmark.tlog.errors import TlogError
from lotmark.tlog.models import KeyType

_ORIGIN: Final = re.compile(r"[!-*,-~]{1,255}\Z")
"""Printable ASCII without space and plus: fit for a line of a signed note (https://c2sp.org/signed-note)."""
_VKEY: Final = re.compile(r"(?P<name>[!-*,-~]{1,255})\+[0-9a-f]{8}\+(?P<key>[A-Za-z0-9+/]+={0,2})\Z")
_OTHERS_MAY_WRITE: Final = 0o022


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    lotmark_trust: Literal[1]
    origin: str
    log_key: str
    roots: Annotated[list[str], msgspec.Meta(min_length=1)]
    root_threshold: Annotated[int, msgspec.Meta(ge=1)] = 1
    witnesses: list[str]
    quorum: Annotated[int, msgspec.Meta(ge=0)]
    timestamp_roots: list[str] = []
    second_log_key: str = ""
    second_log_key_from: Annotated[int, msgspec.Meta(ge=0)] = 0
    tlog_policy: list[str] = []
    """The lines of a C2SP tlog-policy: easier to write by hand than one text."""


def parse_trust_policy(data: bytes) -> TrustPolicy:
    """Bytes of a ``trust.json`` -> TrustPolicy.

    Raises:
        UsageError: LM-INT-001 to -006 not strict JSON, LM-ATT-050 not a trust policy.
    """
    tree = parse_json(data, what="the trust policy", error=UsageError)
    try:
        file = msgspec.convert(tree, _File, strict=True)
        roots = tuple(_root(text) for text in file.roots)
        certificates = tuple(base64.b64decode(text, validate=True) for text in file.timestamp_roots)
    except (msgspec.ValidationError, binascii.Error, ValueError, UsageError) as error:
        raise _invalid(str(error)) from error
    policy = TrustPolicy(
        file.origin,
        file.log_key,
        roots,
        tuple(file.witnesses),
        file.quorum,
        file.root_threshold,
        tlog_policy="".join(f"{line}\n" for line in file.tlog_policy),
        timestamp_roots=certificates,
        second_log_key=file.second_log_key,
        second_log_key_from=file.second_log_key_from,
    )
    _check(policy)
    return policy


def _root(text: str) -> bytes:
    raw = base64.b64decode(text, validate=True)
    check_public_key(raw)
    return raw


def format_trust_policy(policy: TrustPolicy) -> bytes:
    """TrustPolicy -> bytes of a ``trust.json``.

    Raises:
        UsageError: LM-ATT-050 if `parse_trust_policy` would refuse it.
    """
    wire: dict[str, Any] = {
        "lotmarkTrust": 1,
        "origin": policy.origin,
        "logKey": policy.log_key,
        "roots": [base64.b64encode(root).decode("ascii") for root in policy.roots],
        "witnesses": list(policy.witnesses),
        "quorum": policy.quorum,
    }
    if policy.root_threshold != 1:
        wire["rootThreshold"] = policy.root_threshold
    if policy.tlog_policy:
        wire["tlogPolicy"] = policy.tlog_policy.removesuffix("\n").split("\n")
    if policy.timestamp_roots:
        wire["timestampRoots"] = [base64.b64encode(root).decode("ascii") for root in policy.timestamp_roots]
    if policy.second_log_key:
        wire["secondLogKey"] = policy.second_log_key
    if policy.second_log_key_from:
        wire["secondLogKeyFrom"] = policy.second_log_key_from
    data = format_json(wire)
    parse_trust_policy(data)
    return data


def _check(policy: TrustPolicy) -> None:
    if not _ORIGIN.match(policy.origin):
        raise _invalid("origin must be printable ASCII without spaces and plus signs, at most 255 characters")
    if _VKEY.match(policy.log_key) is None:
        raise _invalid(f"{policy.log_key[:80]!r} is not a verifier key <name>+<hash>+<key>")
    if not policy.log_key.startswith(f"{policy.origin}+"):
        raise _invalid("logKey must carry the origin as its name")
    if len(set(policy.roots)) != len(policy.roots):
        raise _invalid("a root stands twice")
    if not all(root.startswith(b"0") for root in policy.timestamp_roots) or len(set(policy.timestamp_roots)) != len(policy.timestamp_roots):
        raise _invalid("timestampRoots must be X.509 certificates (base64 of DER), each once")
    if policy.root_threshold > len(policy.roots):
        raise _invalid(f"a threshold of {policy.root_threshold} cannot be reached with {len(policy.roots)} roots")
    if policy.tlog_policy and (policy.witnesses or policy.quorum):
        raise _invalid("tlogPolicy names witnesses and quorum; then witnesses is empty and quorum 0")
    _check_second(policy)
    witness_policy(policy)


def _check_second(policy: TrustPolicy) -> None:
    if not policy.second_log_key:
        if policy.second_log_key_from:
            raise _invalid("secondLogKeyFrom says from which size on, secondLogKey is missing")
        return
    try:
        key = parse_vkey(policy.second_log_key)
    except TlogError as error:
        raise _invalid(f"secondLogKey: {error}") from error
    if key.name != policy.origin or key.kind is not KeyType.MLDSA44:
        raise _invalid("secondLogKey must be an ML-DSA-44 key (type 0x06) with the origin as its name")


def _invalid(reason: str) -> UsageError:
    return UsageError(
        "LM-ATT-050",
        f"not a trust policy: {reason}",
        where="the trust policy",
        solution="write it as docs/spec/keys-and-trust.md says; `lotmark init` writes one for a new log",
    )


def known_logs_folder(environ: Mapping[str, str]) -> Path:
    """The user's folder of known logs: ``$XDG_CONFIG_HOME/lotmark/known_logs``, below ``~/.config`` when that is unset.

    Raises:
        EnvironmentLacksError: LM-ATT-052 if neither XDG_CONFIG_HOME nor HOME is set.
    """
    base = environ.get("XDG_CONFIG_HOME", "")
    if not base.startswith("/"):  # the XDG specification: relative paths are invalid and ignored
        home = environ.get("HOME", "")
        if not home:
            raise EnvironmentLacksError(
                "LM-ATT-052", "there is no folder for the logs that you know: HOME is not set", solution="set HOME or XDG_CONFIG_HOME, or give --trust"
            )
        base = f"{home}/.config"
    return Path(base) / "lotmark" / "known_logs"


class KnownLogs:
    """The trust policies of the logs that this user made or accepted, one file for each origin.

    The folder is trusted: who can write to it decides what this user trusts. A file that others may write is refused.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, origin: str) -> Path:
        """Where the policy of that origin lies, or would lie."""
        return self._folder / f"{hashlib.sha256(origin.encode('utf-8')).hexdigest()[:16]}.json"

    def remember(self, policy: TrustPolicy, *, replace: bool = False) -> Path:
        """Keep the policy for its origin; the same policy again changes nothing. Returns its path.

        Raises:
            RefusedError: LM-ATT-051 if another policy is known for the origin and `replace` is not asked for.
            EnvironmentLacksError: LM-ATT-052 if the folder cannot be written.
        """
        path = self.path(policy.origin)
        data = format_trust_policy(policy)
        try:
            write_private(path, data, replace=replace)
        except FileExistsError as error:
            if self.find(policy.origin) != policy:
                raise RefusedError(
                    "LM-ATT-051",
                    f"another trust policy is known for {policy.origin}",
                    where=str(path),
                    solution="find out why the log's keys changed; if that is right, remove the file and try again",
                ) from error
        except OSError as error:
            raise EnvironmentLacksError(
                "LM-ATT-052",
                f"the known log cannot be written: {error.strerror}",
                where=str(path),
                solution="make the folder writable for you, or give --trust each time",
            ) from error
        return path

    def find(self, origin: str) -> TrustPolicy | None:
        """The policy known for the origin.

        Raises:
            EnvironmentLacksError: LM-ATT-030 or -031 if the file is unreadable, a link or open to others.
            UsageError: LM-ATT-050 if it is no trust policy or that of another origin.
        """
        path = self.path(origin)
        if not path.exists() and not path.is_symlink():
            return None
        policy = parse_trust_policy(read_guarded(path, forbidden=_OTHERS_MAY_WRITE))
        if policy.origin != origin:
            raise UsageError(
                "LM-ATT-050",
                f"the file is for {policy.origin}, not for {origin}",
                where=str(path),
                solution="remove the file; it was renamed or changed by hand",
            )
        return policy

    def list(self) -> tuple[Path, ...]:
        """The files in the folder, sorted."""
        return tuple(sorted(self._folder.glob("*.json")))
