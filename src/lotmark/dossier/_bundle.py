"""Writing a bundle: what the log holds about a run that was closed, with everything that proves it, in one file."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from lotmark.attest.api import format_trust_policy
from lotmark.attest.models import TrustPolicy
from lotmark.base.digest import Digest
from lotmark.base.errors import IntegrityError, NothingToJudgeError
from lotmark.dossier import _bundle_manifest as form
from lotmark.dossier._archive import write_archive
from lotmark.dossier._bundle_guide import format_guide
from lotmark.dossier._lent import lent_payloads
from lotmark.dossier._openings import OPENINGS, format_openings
from lotmark.dossier.models import BundleFile, BundleScope, BundleSummary, Manifest, belongs, blob_path, envelope_path
from lotmark.index.api import VerifiedReader
from lotmark.ledger.api import TIMESTAMP, covering_checkpoint, export_headers
from lotmark.ledger.ports import BlobStore
from lotmark.records.api import Disclosure
from lotmark.tlog.api import parse_checkpoint, parse_note

_CLOSED: Final = "run-closed"


def select_scope(reader: VerifiedReader, run: str) -> BundleScope:
    """What a bundle of the run holds, fixed at the record that closed it: the oldest checkpoint that covers that record, with the reader's quorum if one has it.

    Raises:
        NothingToJudgeError: LM-DOS-050 if the run is not closed: its bundle would be another one tomorrow.
        IntegrityError: if an entry does not verify.
    """
    ledger = reader.ledger
    closing = next(iter(ledger.entries(kind=_CLOSED, scope=f"run:{run}")), None)
    opening = next(iter(ledger.entries(kind="run-opened", scope=f"run:{run}")), None)
    if closing is None or opening is None:
        raise NothingToJudgeError(
            "LM-DOS-050", f"{run} is not closed", where=run, solution="`lotmark run` brings it to its end; `lotmark release list` shows the runs"
        )
    checkpoint = covering_checkpoint(ledger, closing.index, reader.policy)
    told = parse_checkpoint(parse_note(checkpoint).text)
    opened = reader.verify(opening).statement.predicate
    product, version = opened["product"]["id"], opened["product"]["version"]
    lent = lent_payloads(reader.entries(kind="test-run", scope=f"run:{run}"))
    entries = tuple(
        entry
        for entry in ledger.entries(0, told.size)
        if belongs(entry.header, run=run, product=product, version=version) or (entry.header.kind == "test-run" and entry.header.payload.hex in lent)
    )
    return BundleScope(
        run=run,
        product=product,
        version=version,
        outcome=reader.verify(closing).statement.predicate["outcome"],
        closed_at=closing.header.received_at,
        checkpoint=checkpoint,
        origin=told.origin,
        size=told.size,
        entries=entries,
        verified=tuple(found for entry in entries if (found := reader.find_at(entry, told.size)) is not None),
    )


def write_bundle(
    reader: VerifiedReader,
    run: str,
    *,
    path: Path,
    blobs: BlobStore,
    html: bytes,
    pdf: bytes | None,
    trust_policy: TrustPolicy,
    openings: Sequence[Disclosure] = (),
) -> BundleSummary:
    """Write the bundle of a closed run. The same run gives the same bytes, also after the log has grown.

    Every entry is verified on the way out. `html` and `pdf` are the dossier, made from the same scope (`select_scope`).
    `openings` are the clear values behind commitments in its signatures (`records.kept_commitments`).

    Raises:
        NothingToJudgeError: LM-DOS-050 if the run is not closed.
        IntegrityError: if an entry or blob does not hold; nothing is written then.
        RefusedError: LM-DOS-051 if the bundle would be too large to be read.
    """
    scope = select_scope(reader, run)
    texts: dict[str, bytes] = {form.HTML: html, form.TRUST: format_trust_policy(trust_policy) + b"\n", form.GUIDE: format_guide(scope)}
    if pdf is not None:
        texts[form.PDF] = pdf
    if openings:
        texts[OPENINGS] = format_openings(openings)
    needed = _add_log(reader, scope, texts)
    listed = [BundleFile(name, Digest.of(data).hex, len(data)) for name, data in texts.items()]
    with ExitStack() as opened:
        # The store gives bytes that are what their name says, or none: so nothing else gets in.
        paths = {blob_path(blob): opened.enter_context(_local(blobs, blob)) for blob in needed}
        listed += [BundleFile(name, name.rpartition("/")[2], place.stat().st_size) for name, place in paths.items()]
        listed.sort(key=lambda file: file.path)
        manifest = form.format_manifest(Manifest(scope.product, scope.version, run, scope.outcome, scope.origin, scope.size, tuple(listed)))
        files: dict[str, bytes | Path] = {**texts, **paths, form.MANIFEST: manifest}
        sha256, size = write_archive(path, files)
    return BundleSummary(path, sha256, size, len(files), len(scope.entries), len(needed), run, scope.version, scope.size)


@contextmanager
def _local(blobs: BlobStore, blob: Digest) -> Iterator[Path]:
    with ExitStack() as opened:
        try:
            place = opened.enter_context(blobs.local_file(blob))
        except IntegrityError as error:
            raise IntegrityError(
                "LM-DOS-013", f"BLOB_MISSING: the blob {blob} is missing or changed", where=error.where, solution="`lotmark log fsck`; restore it from a backup"
            ) from error
        yield place


def _add_log(reader: VerifiedReader, scope: BundleScope, files: dict[str, bytes]) -> tuple[Digest, ...]:
    """Envelopes, headers, proofs and checkpoint; gives the blobs that the entries need."""
    ledger = reader.ledger
    needed: set[Digest] = set()
    proofs = []
    for entry in scope.entries:
        files[envelope_path(entry)] = ledger.envelope(entry).raw
        own = ledger.entry_blobs(entry)
        needed.update(own)
        proofs.append((form.EntryProof(entry.index, ledger.inclusion_proof(entry.index, scope.size), own), envelope_path(entry), entry.leaf_hash))
    root = parse_checkpoint(parse_note(scope.checkpoint).text).root
    files[form.CHECKPOINT] = scope.checkpoint
    for attachment in ledger.attachments(scope.size):
        if attachment.kind == TIMESTAMP:
            files[f"{form.TIMESTAMPS}{attachment.name.rpartition('/')[2]:0>16}.tsr"] = attachment.data
    files[form.HEADERS] = export_headers(ledger, scope.size)
    files[form.PROOFS] = form.format_proofs(scope.size, root, proofs)
    return tuple(sorted(needed))


__all__ = ["select_scope", "write_bundle"]
