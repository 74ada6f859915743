"""Candidates, releases, and where they run."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lotmark.attest.models import Verified
from lotmark.index._projectors._row import Projector, Row, words


def _release_candidate(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    artifact, build = told["artifact"], told["build"]
    yield words(f"candidate {told['version']}: {artifact['name']}, {artifact['size']:,} bytes, sha256 {artifact['sha256'][:12]}")
    yield (
        "candidates",
        {
            "run": told["run"],
            "product": told["product"],
            "version": told["version"],
            **_artifact(artifact),
            "built_at": build.get("builtAt"),
            "commit_sha": build["commit"],
            "environment_sha256": build.get("environmentSha256"),
        },
    )
    device = told["device"]
    if device:
        checksum, calibration = device.get("firmwareChecksum") or {}, device.get("calibrationProfile") or {}
        yield (
            "devices",
            {
                "run": told["run"],
                "models": ", ".join(device.get("models") or ()),
                "firmware_algorithm": checksum.get("algorithm"),
                "firmware_checksum": checksum.get("value"),
                "calibration_path": calibration.get("path"),
                "calibration_sha256": calibration.get("sha256"),
            },
        )


def _release_manifest(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    run = told["run"]
    yield words(f"{told['product']} {told['version']} is released: the manifest is frozen")
    yield (
        "releases",
        {
            "run": run,
            "product": told["product"],
            "version": told["version"],
            **_artifact(told["artifact"]),
            "udi_di": told["udi"]["di"],
            "commit_sha": told["source"]["commit"],
            "rebuild_verdict": told["rebuild"]["verdict"],
            "rebuild_claim": told["rebuild"]["claim"],
            "decision": told["decision"],
            "frozen_at": told["frozenAt"],
            "payload": entry.envelope.payload_digest.hex,
        },
    )
    for approval in told["approvals"]:
        yield "release_signatures", {"run": run, "approval": approval["payload"]}
    for target in told["targets"]:
        yield (
            "release_targets",
            {"run": run, "target": target["name"], "environment": target["environment"], "descriptor_sha256": target["descriptorSha256"]},
        )


def _artifact(artifact: dict[str, Any]) -> dict[str, Any]:
    return {"artifact": artifact["name"], "media_type": artifact["mediaType"], "size": artifact["size"], "sha256": artifact["sha256"]}


def _deployment(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    target, previous = told["target"], told["previous"] or {}
    act = "goes back to" if told["action"] == "rollback" else "is switched to"
    yield words(f"{target['name']} ({target['environment']}) {act} {told['version']}")
    yield (
        "deployments",
        {
            "run": told["run"],
            "product": told["product"],
            "version": told["version"],
            "target": target["name"],
            "driver": target["driver"],
            "environment": target["environment"],
            "path": target["path"],
            "artifact": told["artifact"]["name"],
            "sha256": told["artifact"]["sha256"],
            "action": told["action"],
            "previous_version": previous.get("version"),
            "switched_at": told["switchedAt"],
        },
    )


def _deployment_check(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    target, artifact = told["target"], told["artifact"]
    yield words(f"{target['name']} ({target['environment']}): {told['verdict']}" + (f", {told['reason']}" if told.get("reason") else ""))
    yield (
        "deployment_checks",
        {
            "run": told["run"],
            "product": told["product"],
            "version": told["version"],
            "target": target["name"],
            "environment": target["environment"],
            "verdict": told["verdict"],
            "expected": artifact["expected"],
            "found": artifact["found"],
            "reason": told.get("reason"),
            "reported_version": (told["probe"] or {}).get("reportedVersion"),
            "checked_at": told["checkedAt"],
        },
    )


PROJECTORS: Final[Mapping[str, Projector]] = {
    "release-candidate": _release_candidate,
    "release-manifest": _release_manifest,
    "deployment": _deployment,
    "deployment-check": _deployment_check,
}
