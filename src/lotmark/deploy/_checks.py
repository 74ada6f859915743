"""The check after a switch: what really lies at the target, read back and hashed, and what it answers when it runs."""

import re
from collections.abc import Mapping
from typing import Any

from lotmark.attest.models import Evidence, Subject
from lotmark.base.digest import Digest
from lotmark.base.errors import LotmarkError
from lotmark.deploy.models import Admission, Deployed, Probe, TargetCheck, Verdict
from lotmark.deploy.ports import ProbeRunner, TargetDriver
from lotmark.product.models import DirectoryTarget


def describe_target(target: DirectoryTarget) -> dict[str, str]:
    """The target as it stands in evidence."""
    return {"name": target.name, "driver": target.driver, "environment": target.environment, "path": target.path}


def check_target(target: DirectoryTarget, driver: TargetDriver, expected: Digest, version: str, run_probe: ProbeRunner) -> TargetCheck:
    """Read back, hash, probe. Anything that cannot be read or does not answer is never ``verified``."""
    described = describe_target(target)
    found: Digest | None = None
    size: int | None = None
    try:
        current, back = driver.current(), driver.read_back()
        if current is None or back is None:
            return TargetCheck(described, expected, None, None, None, None, "unreachable", "no artifact lies at the target")
        found, size = back
        if found != expected:
            return TargetCheck(described, expected, found, size, None, None, "mismatch", f"the target runs {found.short()}, not {expected.short()}")
        if (current.version, current.digest) != (version, expected):
            return TargetCheck(described, expected, found, size, None, None, "mismatch", f"the target says that it runs {current.version[:80]}, not {version}")
        probe = _probe(target, driver, run_probe)
    except (OSError, LotmarkError) as error:
        return TargetCheck(described, expected, found, size, None, None, "unreachable", str(error) or type(error).__name__)
    verdict, reason, reported = _judge(target, probe, version)
    return TargetCheck(described, expected, found, size, probe, reported, verdict, reason)


def deployment_evidence(
    *, run: str, product: str, target: DirectoryTarget, release: Deployed, admission: Admission, action: str, previous: Deployed | None, switched_at: str
) -> Evidence:
    """`deployment/v1` about the artifact."""
    predicate: dict[str, Any] = {
        "run": run,
        "product": product,
        "version": release.version,
        "target": describe_target(target),
        "artifact": {"name": release.artifact, "sha256": release.digest.hex},
        "admission": admission.to_wire(),
        "action": action,
        "previous": previous.to_wire() if previous else None,
        "switchedAt": switched_at,
    }
    return Evidence("deployment", (Subject(release.artifact, release.digest.digest_set),), predicate, name=target.name)


def check_evidence(run: str, product: str, release: Mapping[str, str], check: TargetCheck, checked_at: str) -> Evidence:
    """`deployment-check/v1` about the expected artifact; `release` has ``version`` and ``artifact``."""
    predicate: dict[str, Any] = {
        "run": run,
        "product": product,
        "version": release["version"],
        "target": dict(check.target),
        "artifact": {"expected": check.expected.hex, "found": check.found.hex if check.found else None, "size": check.size},
        "probe": check.probe.to_wire(check.reported_version) if check.probe else None,
        "verdict": check.verdict,
        "reason": check.reason,
        "checkedAt": checked_at,
    }
    return Evidence("deployment-check", (Subject(release["artifact"], check.expected.digest_set),), predicate, name=str(check.target["name"]))


def _probe(target: DirectoryTarget, driver: TargetDriver, run_probe: ProbeRunner) -> Probe | None:
    if not target.probe:
        return None
    artifact = driver.artifact_path()
    values = {"{current}": str(artifact.parent), "{artifact}": str(artifact)}
    command = [_MARK.sub(lambda mark: values[mark[0]], word) for word in target.probe]
    return run_probe(command, [artifact.parent])


_MARK = re.compile(r"\{current\}|\{artifact\}")


def _judge(target: DirectoryTarget, probe: Probe | None, version: str) -> tuple[Verdict, str, str | None]:
    if probe is None:
        return "verified", "the digest at the target is the released one; no probe is declared", None
    if probe.exit_code != 0:
        return "mismatch", f"the probe ended with exit code {probe.exit_code}", None
    reported = version if _is_printed("{version}", version, probe.output) else None
    if target.expect and not _is_printed(target.expect, version, probe.output):
        return "mismatch", f"the probe did not print {target.expect.replace('{version}', version)!r}", reported
    return "verified", "the digest at the target is the released one and the probe answered", reported


def _is_printed(expected: str, version: str, output: str) -> bool:
    """Whether the output holds the expected text; a version at its edge must not go on: 1.2 is not printed by 1.2.1."""
    pattern = re.escape(version).join(re.escape(part) for part in expected.split("{version}"))
    before = r"(?<![0-9.])" if expected.startswith("{version}") else ""
    after = r"(?![0-9A-Za-z+_-]|\.[0-9A-Za-z])" if expected.endswith("{version}") else ""
    return re.search(before + pattern + after, output) is not None
