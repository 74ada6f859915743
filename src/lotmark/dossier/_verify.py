"""Verifying: the eight steps in their order. A step whose ground failed is not checked, and says so."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from lotmark.attest.models import Registry, Trust, TrustPolicy, Verified
from lotmark.base.clock import parse_instant
from lotmark.base.digest import Digest
from lotmark.base.errors import ExitCode, IntegrityError, LotmarkError, UsageError
from lotmark.base.findings import Finding
from lotmark.base.limits import Limits
from lotmark.dossier import _steps as steps
from lotmark.dossier import _steps_release as release
from lotmark.dossier._archive import ARCHIVE_LIMITS, Archive, parse_archive, read_bytes
from lotmark.dossier._lent import check_lent
from lotmark.dossier._openings import check_openings
from lotmark.dossier._steps import StepFailedError
from lotmark.dossier.models import Freshness, Manifest, Step, TrustFinder, VerificationReport, VerifierFinder, blob_path
from lotmark.releases.models import RunEvidence

NAMES: Final = (
    "the archive is safe",
    "the manifest lists every file, and every digest is right",
    "the checkpoint is signed by the log",
    "every record is in the log, and none is left out",
    "each record is signed by a key that counted",
    "the records are about this artifact",
    "the electronic signatures count for this decision",
    "the decision follows from the facts and the policy",
)
LENT_FAILED: Final = "a result of an earlier run stands in, and its record does not bear it"
T = TypeVar("T")


@dataclass
class Steps:
    """Carries out steps and keeps their verdicts."""

    names: tuple[str, ...]
    done: list[Step] = field(default_factory=list)

    def run(self, number: int, work: Callable[[], tuple[str, T]]) -> T | None:
        """Carry out a step; None if it failed."""
        try:
            detail, result = work()
        except StepFailedError as error:
            self._add(number, error)
            return None
        except LotmarkError as error:
            self._add(number, StepFailedError.of(error))
            return None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            # Signed by a key that counts, and yet not of the published shape: nothing can be concluded from it.
            self._add(number, _misshapen(error))
            return None
        self.done.append(Step(number, self.names[number - 1], "passed", detail))
        return result

    def refuse(self, number: int, error: LotmarkError) -> None:
        """Note that a step failed before it could be carried out."""
        self._add(number, StepFailedError.of(error))

    def amend(self, number: int, findings: Iterable[Finding], *, failed: str = "", exit_code: ExitCode = ExitCode.REFUSED) -> None:
        """Add to a step that was carried out: findings, and that it failed after all."""
        for position, step in enumerate(self.done):
            if step.number == number:
                more = replace(step, findings=(*step.findings, *findings))
                self.done[position] = replace(more, verdict="failed", detail=failed, exit_code=exit_code) if failed else more

    def check(self, number: int, work: Callable[[], Collection[Finding]], failed: str) -> None:
        """Add a further judgement to a step that was carried out: with any finding the step failed after all."""
        try:
            findings = work()
        except (KeyError, TypeError, AttributeError) as error:
            failure = _misshapen(error)
            self.amend(number, failure.findings, failed=failure.detail, exit_code=failure.exit_code)
            return
        if findings:
            self.amend(number, findings, failed=failed)

    def report(self, about: dict[str, Any]) -> VerificationReport:
        """Every step in order; what was not reached stands as not checked."""
        reached = {step.number: step for step in self.done}
        failed = next((str(step.number) for step in self.done if step.verdict == "failed"), "")
        missing = f"rests on step {failed}" if failed else "not asked for"
        steps = tuple(reached.get(number, Step(number, name, "not-checked", missing)) for number, name in enumerate(self.names, 1))
        return VerificationReport(steps, about)

    def _add(self, number: int, error: StepFailedError) -> None:
        self.done.append(Step(number, self.names[number - 1], "failed", error.detail, error.findings, error.exit_code))


def verify_bundle(
    path: Path,
    *,
    trust: TrustPolicy | TrustFinder | None,
    registry: Registry,
    complete: bool = True,
    artifact: Path | None = None,
    fresh: Freshness | None = None,
    stamps: VerifierFinder | None = None,
    limits: Limits = ARCHIVE_LIMITS,
) -> VerificationReport:
    """Verify a bundle without server, database or network.

    Args:
        path: The bundle.
        trust: Whom the caller trusts, or how to find it by the log's origin. Nothing is taken from the bundle.
        registry: The kinds of evidence that the caller knows.
        complete: Whether the bundle must hold every record of its run, and the run everything that it promised.
        artifact: A file that must be the released artifact.
        fresh: How old the cosignatures of the caller's quorum may be; by default their age is not judged.
        stamps: What verifies time stamps, by what the caller trusts; without it they are not judged.
        limits: How much is read at all.

    Raises:
        UsageError: LM-DOS-002 if there is no such bundle or artifact.
    """
    given = (artifact.name, read_digest(artifact)) if artifact is not None else None
    run = Steps(NAMES)
    about: dict[str, Any] = {"bundle": str(path)}
    try:
        data = read_bytes(path, limits)
    except IntegrityError as error:
        run.refuse(1, error)
        return run.report(about)
    archive = run.run(1, lambda: _open(data, limits))
    if archive is not None:
        about["sha256"] = archive.sha256
        manifest = run.run(2, lambda: steps.check_manifest(archive))
        if manifest is not None:
            about |= {"product": manifest.product, "version": manifest.version, "run": manifest.run, "origin": manifest.origin, "logSize": manifest.log_size}
            _verify_log(run, about, archive, manifest, trust, registry, complete=complete, given=given, fresh=fresh, stamps=stamps)
    return run.report(about)


def _verify_log(
    run: Steps,
    about: dict[str, Any],
    archive: Archive,
    manifest: Manifest,
    trust: TrustPolicy | TrustFinder | None,
    registry: Registry,
    *,
    complete: bool,
    given: tuple[str, Digest] | None,
    fresh: Freshness | None,
    stamps: VerifierFinder | None,
) -> None:
    signed = run.run(3, lambda: _split(steps.check_checkpoint(archive, manifest, trust, fresh, stamps)))
    if signed is None:
        return
    checkpoint, policy = signed
    content = run.run(4, lambda: steps.check_log(archive, manifest, checkpoint, registry, complete=complete))
    if content is None:
        return
    run.amend(4, content.notes)
    trusted = run.run(5, lambda: _split(_check_signatures(archive, content, policy, registry)))
    if trusted is None:
        return
    keys, verified = trusted
    runs = {entry.index for entry in content.entries.values() if entry.header.scope.startswith("run:")}
    own = {index for index in runs if content.entries[index].header.scope == f"run:{manifest.run}"}

    def blob(digest: Digest) -> bytes | None:
        return archive.read(blob_path(digest)) if blob_path(digest) in archive else None

    record = release.ReleaseRecord(
        run=manifest.run,
        evidence=RunEvidence([entry for entry in verified if entry.index in own]),
        product_entries=tuple(entry for entry in verified if entry.index not in runs),
        lent=tuple(entry for entry in verified if entry.index in runs - own),
        trust=keys,
        at=parse_instant(content.entries[max(content.entries)].header.received_at),
        blob=blob,
    )
    if complete:
        run.check(4, lambda: release.check_expected(record), "the run did not do all that it promised when it was opened")
    run.check(4, lambda: check_lent(record.evidence, record.lent, complete=complete), LENT_FAILED)
    verify_release(run, 6, record, about, manifest=manifest, given=given)


def _check_signatures(archive: Archive, content: steps.LogContent, policy: TrustPolicy, registry: Registry) -> tuple[str, Trust, tuple[Verified, ...]]:
    told, trust, verified = steps.check_signatures(content, policy, registry)
    opened = check_openings(archive, verified)
    return "; ".join(filter(None, (told, opened))), trust, verified


def verify_release(
    run: Steps, first: int, record: release.ReleaseRecord, about: dict[str, Any], *, manifest: Manifest | None, given: tuple[str, Digest] | None
) -> None:
    """The three steps that read records alone, from step number `first` on."""
    about["outcome"] = (record.find_predicate("run-closed") or {}).get("outcome", "open")
    artifact = run.run(first, lambda: _check_subjects(record, manifest, given))
    if artifact is not None:
        about["artifact"] = {"name": artifact["name"], "sha256": artifact["sha256"]}
    notes = run.run(first + 1, lambda: release.check_e_signatures(record))
    run.amend(first + 1, notes or ())
    if record.evidence.find("decision") is not None:
        run.run(first + 2, lambda: (release.check_decision(record), True))


def _misshapen(error: Exception) -> StepFailedError:
    reason = f"a record does not have the published shape ({type(error).__name__}: {error})"
    return StepFailedError(reason, [steps.broken("LM-DOS-018", reason, "the run's records", "do not rely on this release")])


def _check_subjects(record: release.ReleaseRecord, manifest: Manifest | None, given: tuple[str, Digest] | None) -> tuple[str, Any]:
    opened: Verified = record.evidence.last("run-opened")
    version = opened.statement.predicate["product"]["version"]
    outcome = (record.find_predicate("run-closed") or {}).get("outcome")
    if manifest is not None and (manifest.version, manifest.outcome) != (version, outcome):
        reason = f"SCOPE_MISMATCH: the manifest speaks of {manifest.version}, {manifest.outcome}; the run is of {version}, {outcome}"
        raise StepFailedError("the manifest is not about this run", [steps.broken("LM-DOS-017", reason, "manifest.json")])
    return release.check_subjects(record, version=version, given=given)


def _open(data: bytes, limits: Limits) -> tuple[str, Archive]:
    archive = Archive(data, parse_archive(data, limits=limits))
    return f"{len(archive.names)} files, {archive.size} bytes, sha256 {archive.sha256}", archive


def _split(result: tuple[str, Any, Any]) -> tuple[str, tuple[Any, Any]]:
    detail, *rest = result
    return detail, (rest[0], rest[1])


def read_digest(artifact: Path) -> Digest:
    """The digest of a file that the caller holds.

    Raises:
        UsageError: LM-DOS-002 if it cannot be read.
    """
    try:
        return Digest.of_file(artifact)
    except OSError as error:
        raise UsageError("LM-DOS-002", f"cannot read {artifact}: {error.strerror}", where=str(artifact), solution="name the file that you hold") from error
