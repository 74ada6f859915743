"""Verifying a file against the ledger: which release it is, and whether that release holds as the ledger stands now."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from lotmark.attest.models import TrustPolicy, Verified
from lotmark.base.clock import parse_instant
from lotmark.base.digest import Digest
from lotmark.base.errors import ExitCode
from lotmark.dossier import _steps as steps
from lotmark.dossier import _steps_release as release
from lotmark.dossier._lent import check_lent, lent_payloads
from lotmark.dossier._steps import StepFailedError
from lotmark.dossier._verify import LENT_FAILED, NAMES, Steps, read_digest, verify_release
from lotmark.dossier.models import VerificationReport, belongs
from lotmark.index.api import VerifiedReader
from lotmark.ledger.api import verify_by_log_keys
from lotmark.ledger.models import Entry
from lotmark.releases.models import RunEvidence
from lotmark.tlog import api as tlog
from lotmark.tlog.errors import TlogError

ARTIFACT_NAMES: Final = (
    "the file is an artifact of this ledger",
    "every record of its run is under the log's signed checkpoint",
    "each record is signed by a key that counted",
    *NAMES[5:],
)


def verify_artifact(file: Path, *, reader: VerifiedReader, policy: TrustPolicy, name: str = "") -> VerificationReport:
    """Which release a file is, and whether that release was approved and still is, by the ledger as it stands now.

    `name` is how the report calls the file (default: its own name).

    Raises:
        UsageError: LM-DOS-002 if there is no such file.
    """
    given = (name or file.name, read_digest(file))
    run = Steps(ARTIFACT_NAMES)
    about: dict[str, Any] = {"artifact": {"name": given[0], "sha256": given[1].hex}}
    found = run.run(1, lambda: _find_run(reader, given))
    if found is None:
        return run.report(about)
    ledger = reader.ledger
    opened = next(entry for entry in reader.entries(kind="run-opened", scope=f"run:{found}"))
    product = opened.statement.predicate["product"]
    about |= {"product": product["id"], "version": product["version"], "run": found, "origin": ledger.origin, "logSize": ledger.size}
    lent = lent_payloads(reader.entries(kind="test-run", scope=f"run:{found}"))
    entries = [
        entry
        for entry in ledger.entries()
        if belongs(entry.header, run=found, product=product["id"], version=product["version"])
        or (entry.header.kind == "test-run" and entry.header.payload.hex in lent)
    ]
    if run.run(2, lambda: _prove(reader, policy, entries)) is None:
        return run.report(about)
    verified = run.run(3, lambda: _verify_entries(reader, entries))
    if verified is None:
        return run.report(about)
    runs = {entry.index for entry in entries if entry.header.scope.startswith("run:")}
    own = {entry.index for entry in entries if entry.header.scope == f"run:{found}"}

    def blob(digest: Digest) -> bytes | None:
        return ledger.blobs.get(digest) if ledger.blobs.has(digest) else None

    record = release.ReleaseRecord(
        run=found,
        evidence=RunEvidence([entry for entry in verified if entry.index in own]),
        product_entries=tuple(entry for entry in verified if entry.index not in runs),
        lent=tuple(entry for entry in verified if entry.index in runs - own),
        trust=reader.trust(),
        at=parse_instant(ledger.entry(ledger.size - 1).header.received_at),
        blob=blob,
    )
    run.check(3, lambda: check_lent(record.evidence, record.lent), LENT_FAILED)
    verify_release(run, 4, record, about, manifest=None, given=given)
    return run.report(about)


def _find_run(reader: VerifiedReader, given: tuple[str, Digest]) -> tuple[str, str]:
    """The newest run that released these bytes; failing that, the newest that had them for its candidate."""
    runs = [entry.statement.predicate for entry in reader.entries(kind="release-candidate") if entry.statement.predicate["artifact"]["sha256"] == given[1].hex]
    if not runs:
        reason = f"no run of this ledger made {given[0]} (sha256 {given[1].hex})"
        raise StepFailedError(reason, [steps.broken("LM-DOS-060", reason, given[0], "`lotmark release list` shows the releases")], ExitCode.NOTHING_TO_JUDGE)
    released = {entry.statement.predicate["run"] for entry in reader.entries(kind="run-closed") if entry.statement.predicate["outcome"] == "released"}
    best = next((content for content in reversed(runs) if content["run"] in released), runs[-1])
    return f"{given[0]} is {best['artifact']['name']} of {best['product']} {best['version']}, {best['run']}", best["run"]


def _prove(reader: VerifiedReader, policy: TrustPolicy, entries: Sequence[Entry]) -> tuple[str, bool]:
    ledger = reader.ledger
    checkpoint = verify_by_log_keys(ledger.checkpoint(), policy, reader.trust())
    for entry in entries:
        try:
            tlog.verify_inclusion(entry.leaf_hash, entry.index, checkpoint.size, ledger.inclusion_proof(entry.index, checkpoint.size), checkpoint.root)
        except TlogError as error:
            raise StepFailedError(str(error), [steps.broken("LM-DOS-014", f"PROOF_INVALID: entry {entry.index}: {error}", f"entry {entry.index}")]) from error
    return f"{len(entries)} records in the log of {checkpoint.size}, root {checkpoint.root.hex()[:16]}", True


def _verify_entries(reader: VerifiedReader, entries: Sequence[Entry]) -> tuple[str, tuple[Verified, ...]]:
    verified = tuple(found for entry in entries if (found := reader.find(entry)) is not None)
    return f"{len(verified)} signatures by {len({entry.key.key_id for entry in verified})} keys", verified
