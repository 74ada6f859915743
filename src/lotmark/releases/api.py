"""The door of the releases room."""

from lotmark.releases._candidate import (
    candidate_evidence,
    compare_versions,
    describe_device,
    read_artifact_version,
    select_artifact,
)
from lotmark.releases._manifest import manifest_evidence, residual_risks
from lotmark.releases._notes import format_notes

__all__ = [
    "candidate_evidence",
    "compare_versions",
    "describe_device",
    "format_notes",
    "manifest_evidence",
    "read_artifact_version",
    "residual_risks",
    "select_artifact",
]
