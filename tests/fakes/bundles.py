"""Bundles taken apart and put together again, as somebody would who wants to deceive."""

from collections.abc import Callable
from pathlib import Path

from fakes.ledger import policy
from fakes.release_log import REGISTRY
from lotmark.base.digest import Digest
from lotmark.base.errors import ExitCode
from lotmark.dossier._archive import Archive, parse_archive, write_archive
from lotmark.dossier._bundle_manifest import MANIFEST, format_manifest, parse_manifest
from lotmark.dossier.api import verify_bundle
from lotmark.dossier.models import BundleFile, Manifest, VerificationReport


def unpack(path: Path) -> dict[str, bytes]:
    data = path.read_bytes()
    archive = Archive(data, parse_archive(data))
    return {name: archive.read(name) for name in archive.names}


def pack(path: Path, files: dict[str, bytes], *, honest: bool = True, change: Callable[[Manifest], Manifest] = lambda manifest: manifest) -> Path:
    """Write the files; `honest`: with a manifest that fits them, so that only the log can tell."""
    if honest:
        old = parse_manifest(files[MANIFEST])
        listed = tuple(BundleFile(name, Digest.of(data).hex, len(data)) for name, data in sorted(files.items()) if name != MANIFEST)
        manifest = Manifest(old.product, old.version, old.run, old.outcome, old.origin, old.log_size, listed)
        files = {**files, MANIFEST: format_manifest(change(manifest))}
    write_archive(path, files)
    return path


def find(files: dict[str, bytes], kind: str, number: int = 0) -> str:
    """The path of the envelope of that kind."""
    return [name for name in sorted(files) if name.startswith("envelopes/") and name.endswith(f"-{kind}.json")][number]


TRUST = policy()


def verify(path: Path, **change) -> VerificationReport:
    return verify_bundle(path, **{"trust": TRUST, "registry": REGISTRY, **change})


def failed(report: VerificationReport) -> list[int]:
    return [step.number for step in report.steps if step.verdict == "failed"]


def codes(report: VerificationReport) -> set[str]:
    return {finding.code for finding in report.findings if finding.severity == "error"}


def expect(report: VerificationReport, step: int, code: str, *words: str, exit_code: ExitCode = ExitCode.INTEGRITY) -> None:
    """The step failed first, with this code and these words, and means this to a caller."""
    assert failed(report)[:1] == [step], [(s.number, s.verdict, s.detail, s.findings) for s in report.steps]
    assert code in codes(report)
    text = " ".join(f"{finding.message} {finding.subject}" for finding in report.findings)
    for word in words:
        assert word in text
    assert report.exit_code is exit_code
    assert report.verdict != "accepted"
    assert all(finding.subject for finding in report.findings)
