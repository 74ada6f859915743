"""The door of the deploy room."""

from pathlib import Path

from lotmark.deploy._admission import AdmissionRequest, admit
from lotmark.deploy._checks import check_evidence, check_target, deployment_evidence, describe_target
from lotmark.deploy._directory import DirectoryDriver, format_descriptor
from lotmark.deploy.ports import TargetDriver
from lotmark.product.models import DirectoryTarget

__all__ = [
    "AdmissionRequest",
    "admit",
    "check_evidence",
    "check_target",
    "deployment_evidence",
    "describe_target",
    "format_descriptor",
    "open_driver",
]


def open_driver(target: DirectoryTarget, root: Path) -> TargetDriver:
    """The driver of a target; a relative path counts from the product's root."""
    return DirectoryDriver((root / target.path).resolve(), keep=target.keep)
