"""From build outputs to the release candidate: the one artifact, its version read back out of it, device attributes."""

import fnmatch
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lotmark.attest.models import Evidence
from lotmark.base.digest import Digest
from lotmark.base.errors import IntegrityError, RefusedError, UsageError
from lotmark.base.paths import RootedPath
from lotmark.product.api import read_version
from lotmark.product.models import DeviceSection, FirmwareChecksum, PackageSection, Product
from lotmark.releases._firmware import read_image
from lotmark.releases._metadata import read_metadata_version
from lotmark.releases.models import ArtifactFile, Device, RunEvidence, Versions


def select_artifact(outputs: Mapping[str, Path], package: PackageSection) -> ArtifactFile:
    """The one build output that `package.artifact` names.

    Raises:
        RefusedError: LM-REL-002 if none or several match.
        IntegrityError: LM-REL-005 if its bytes cannot be read.
    """
    matching = sorted(name for name in outputs if fnmatch.fnmatchcase(name, package.artifact))
    if len(matching) != 1:
        found = ", ".join(matching) or "none of: " + ", ".join(sorted(outputs))
        raise RefusedError(
            "LM-REL-002",
            f"package.artifact {package.artifact!r} must match exactly one build output; it matches {found}",
            where="lotmark.yaml",
            solution="make the pattern name the one canonical artifact",
        )
    path = outputs[matching[0]]
    try:
        return ArtifactFile(Path(matching[0]).name, path, path.stat().st_size, Digest.of_file(path))
    except OSError as error:
        raise IntegrityError(
            "LM-REL-005",
            f"the build output {matching[0]} cannot be read: {error.strerror}",
            where=str(path),
            solution="`lotmark log fsck` names what is broken",
        ) from error


def read_artifact_version(artifact: ArtifactFile, device: DeviceSection | None, pattern: str = "") -> str | None:
    """The version that the artifact itself tells: its package metadata, or the declared pattern in its bytes.

    None where it tells none or cannot be read: an unknown version never equals the proposed one.

    Raises:
        RefusedError: LM-REL-003 if the pattern is no regular expression, or the firmware is not of its declared form.
    """
    pattern = (device.version_pattern if device else "") or pattern
    if not pattern:
        return read_metadata_version(artifact.path, artifact.name)
    try:
        compiled = re.compile(pattern.encode())
    except re.error as error:
        raise RefusedError(
            "LM-REL-003", f"the version pattern is not a regular expression: {error}", where="lotmark.yaml", solution="mend the pattern"
        ) from error
    match = compiled.search(_image(artifact, device))
    return match[1].decode("utf-8", "replace") if match and match.groups() and match[1] else None


def describe_device(artifact: ArtifactFile, device: DeviceSection, root: Path) -> Device:
    """Firmware checksum, calibration profile and models.

    Raises:
        RefusedError: LM-REL-003 if the profile is missing or outside, the checksum's range does not lie in the artifact,
            or the version pattern is no regular expression.
    """
    profile = None
    if device.calibration_profile:
        try:
            profile = (device.calibration_profile, Digest.of_file(RootedPath(root).join(device.calibration_profile)))
        except (OSError, UsageError) as error:
            told = error.reason if isinstance(error, UsageError) else error.strerror
            raise RefusedError(
                "LM-REL-003",
                f"the calibration profile {device.calibration_profile} cannot be read: {told}",
                where="lotmark.yaml",
                solution="name a tracked file",
            ) from error
    checksum = _firmware_checksum(_image(artifact, device), device.firmware_checksum) if device.firmware_checksum else None
    return Device(tuple(device.models), profile, checksum, read_artifact_version(artifact, device))


def compare_versions(product: Product, evidence: RunEvidence, artifact: ArtifactFile) -> Versions:
    """The version as the sources, the tests, the SBOM, the artifact and the labelling tell it.

    Tested is the artifact's own version only if every layer of tests ran with exactly this artifact.

    Raises:
        RefusedError: LM-REL-006 if the declared labelling tells none, LM-REL-003 if the version pattern is no regular expression.
    """
    own = read_artifact_version(artifact, product.file.package.device, product.file.package.version_pattern)
    layers = {layer: evidence.find("test-run", layer=layer) for layer in ("unit", "integration", "validation")}
    tested_digests = [{entry["sha256"] for entry in run.statement.predicate.get("artifacts", ())} if run is not None else set() for run in layers.values()]
    tested = own if all(artifact.digest.hex in digests for digests in tested_digests) else None
    bom = evidence.find("sbom")
    component = bom.statement.predicate.get("metadata", {}).get("component", {}) if bom else {}
    return Versions(product.version, tested, component.get("version"), own, _label_version(product))


def candidate_evidence(
    product: Product, evidence: RunEvidence, artifact: ArtifactFile, *, run: str, commit: str, built_at: str, environment_sha256: str
) -> tuple[Evidence, ...]:
    """The candidate, the artifact's own signature and, for a device, its attributes, all about the artifact.

    `built_at` is the time that the build saw (SOURCE_DATE_EPOCH), RFC 3339.

    Raises:
        RefusedError: LM-REL-003 or LM-REL-006, as `describe_device` and `compare_versions`.
    """
    device = describe_device(artifact, product.file.package.device, product.root) if product.file.package.device else None
    dependencies = evidence.find("dependencies")
    locks = [{"path": lock["path"], "sha256": lock["sha256"]} for lock in dependencies.statement.predicate["locks"]] if dependencies else []
    file = {"name": artifact.name, "mediaType": product.file.package.media_type, "size": artifact.size, "sha256": artifact.digest.hex}
    candidate: dict[str, Any] = {
        "run": run,
        "product": product.id,
        "version": product.version,
        "artifact": file,
        "build": {"commit": commit, "builtAt": built_at, "locks": locks, "run": run, "environmentSha256": environment_sha256},
        "evidence": [
            {"kind": entry.kind, "payload": entry.envelope.payload_digest.hex} for entry in evidence if entry.kind not in {"run-opened", "stage-result"}
        ],
        "versions": compare_versions(product, evidence, artifact).to_wire(),
        "device": device.to_wire() if device else None,
    }
    signature = {"artifact": {"name": artifact.name, "sha256": artifact.digest.hex, "size": artifact.size}, "product": product.id, "version": product.version}
    result = [Evidence("release-candidate", (artifact.subject,), candidate), Evidence("artifact-signature", (artifact.subject,), signature)]
    if device is not None:
        result.append(Evidence("scai", (artifact.subject,), {"attributes": _scai_attributes(device), "producer": {"name": "lotmark"}}))
    return tuple(result)


def _label_version(product: Product) -> str | None:
    declared = product.file.package.label
    if declared is None:
        return None
    try:
        return read_version(product.root, declared)
    except UsageError as error:
        raise RefusedError("LM-REL-006", f"the labelling tells no version: {error.reason}", where=declared.file, solution="mend package.label") from error


def _scai_attributes(device: Device) -> list[dict[str, Any]]:
    attributes: list[dict[str, Any]] = [{"attribute": "DEVICE_MODELS", "conditions": {"models": list(device.models)}}]
    if device.firmware_checksum:
        algorithm, value, start, end = device.firmware_checksum
        attributes.append({"attribute": "FIRMWARE_CHECKSUM", "conditions": {"algorithm": algorithm, "value": value, "range": [start, end]}})
    if device.calibration_profile:
        path, digest = device.calibration_profile
        attributes.append({"attribute": "CALIBRATION_PROFILE", "evidence": {"name": path, "digest": digest.digest_set}})
    if device.reported_version:
        attributes.append({"attribute": "REPORTED_VERSION", "conditions": {"version": device.reported_version}})
    return attributes


def _image(artifact: ArtifactFile, device: DeviceSection | None) -> bytes:
    """The bytes that the device is programmed with; of a product without a device, the artifact's own."""
    data = artifact.path.read_bytes()
    form = device.format if device else "raw"
    try:
        return read_image(data, form)
    except ValueError as error:
        raise RefusedError(
            "LM-REL-003",
            f"{artifact.name} is no {form} file that can be relied on: {error}",
            where=artifact.name,
            solution="mend the build, or package.device.format",
        ) from error


def _firmware_checksum(data: bytes, declared: FirmwareChecksum) -> tuple[str, str, int, int]:
    end = len(data) if declared.end is None else declared.end
    if not 0 <= declared.start < end <= len(data):
        raise RefusedError(
            "LM-REL-003",
            f"the checksum's range [{declared.start}, {end}) does not lie in the artifact of {len(data)} bytes",
            where="lotmark.yaml",
            solution="mend package.device.firmware-checksum",
        )
    part = data[declared.start : end]
    value = f"{zlib.crc32(part):08x}" if declared.algorithm == "crc32" else Digest.of(part).hex
    return declared.algorithm, value, declared.start, end
