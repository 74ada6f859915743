"""From build outputs to the release candidate: the one artifact, its version read back out of it, device attributes."""

import email.parser
import fnmatch
import json
import re
import tarfile
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lotmark.attest.models import Evidence
from lotmark.base.digest import Digest
from lotmark.base.errors import RefusedError
from lotmark.product.models import DeviceSection, FirmwareChecksum, PackageSection, Product
from lotmark.releases.models import ArtifactFile, Device, RunEvidence, Versions

_MAX_METADATA = 4 * 1024 * 1024
_BLOCK = 1024 * 1024


def select_artifact(outputs: Mapping[str, Path], package: PackageSection) -> ArtifactFile:
    """The one build output that `package.artifact` names.

    Raises:
        RefusedError: LM-REL-002 if none or several match.
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
    return ArtifactFile(Path(matching[0]).name, path, path.stat().st_size, Digest.of_file(path))


def read_artifact_version(artifact: ArtifactFile, device: DeviceSection | None) -> str | None:
    """The version that the artifact itself tells: its package metadata, or `device.version-pattern` in its bytes.

    None where it tells none or cannot be read: an unknown version never equals the proposed one.
    """
    if device is not None and device.version_pattern:
        match = re.search(device.version_pattern.encode(), artifact.path.read_bytes())
        return match[1].decode("utf-8", "replace") if match and match.groups() else None
    try:
        if artifact.name.endswith((".whl", ".zip")):
            return _wheel_version(artifact.path)
        if artifact.name.endswith((".tar.gz", ".tgz", ".tar")):
            return _tar_version(artifact.path)
    except (OSError, zipfile.BadZipFile, tarfile.TarError, ValueError, KeyError, EOFError, zlib.error):
        return None
    return None


def describe_device(artifact: ArtifactFile, device: DeviceSection, root: Path) -> Device:
    """Firmware checksum, calibration profile and models.

    Raises:
        RefusedError: LM-REL-003 if the profile is missing or the checksum's range does not lie in the artifact.
    """
    profile = None
    if device.calibration_profile:
        path = root / device.calibration_profile
        if not path.is_file():
            raise RefusedError(
                "LM-REL-003", f"the calibration profile {device.calibration_profile} does not exist", where="lotmark.yaml", solution="name a tracked file"
            )
        profile = (device.calibration_profile, Digest.of_file(path))
    checksum = _firmware_checksum(artifact, device.firmware_checksum) if device.firmware_checksum else None
    return Device(tuple(device.models), profile, checksum, read_artifact_version(artifact, device))


def compare_versions(product: Product, evidence: RunEvidence, artifact: ArtifactFile) -> Versions:
    """The version as the sources, the tests, the SBOM and the artifact tell it.

    Tested is the artifact's own version only if every layer of tests ran with exactly this artifact.
    """
    own = read_artifact_version(artifact, product.file.package.device)
    layers = {layer: evidence.find("test-run", layer=layer) for layer in ("unit", "integration", "validation")}
    tested_digests = [{entry["sha256"] for entry in run.statement.predicate.get("artifacts", ())} if run is not None else set() for run in layers.values()]
    tested = own if all(artifact.digest.hex in digests for digests in tested_digests) else None
    bom = evidence.find("sbom")
    component = bom.statement.predicate.get("metadata", {}).get("component", {}) if bom else {}
    return Versions(product.version, tested, component.get("version"), own)


def candidate_evidence(
    product: Product, evidence: RunEvidence, artifact: ArtifactFile, *, run: str, commit: str, built_at: str, environment_sha256: str
) -> tuple[Evidence, ...]:
    """The candidate, the artifact's own signature and, for a device, its attributes, all about the artifact.

    `built_at` is the time that the build saw (SOURCE_DATE_EPOCH), RFC 3339.
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


def _firmware_checksum(artifact: ArtifactFile, declared: FirmwareChecksum) -> tuple[str, str, int, int]:
    data = artifact.path.read_bytes()
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


def _wheel_version(path: Path) -> str | None:
    with zipfile.ZipFile(path) as archive:
        names = [info for info in archive.infolist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", info.filename)]
        if len(names) != 1 or names[0].file_size > _MAX_METADATA:
            return None
        return _header_version(archive.read(names[0]))


def _tar_version(path: Path) -> str | None:
    with tarfile.open(path) as archive:
        for member in archive:
            if member.size > _MAX_METADATA or not member.isfile():
                continue
            stream = archive.extractfile(member)
            if stream is None:
                continue
            if re.fullmatch(r"[^/]+/PKG-INFO", member.name):
                return _header_version(stream.read())
            if re.fullmatch(r"package/package\.json", member.name):
                version = json.loads(stream.read())["version"]
                return version if isinstance(version, str) else None
    return None


def _header_version(data: bytes) -> str | None:
    version = email.parser.BytesHeaderParser().parsebytes(data).get("Version")
    return str(version) if version else None


def outputs_of(evidence: RunEvidence) -> Sequence[Mapping[str, Any]]:
    """The outputs of the accepted build, as the rebuild verdict names them."""
    outputs: Sequence[Mapping[str, Any]] = evidence.predicate("rebuild")["outputs"]
    return outputs
