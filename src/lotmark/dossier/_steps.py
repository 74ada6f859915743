"""Steps 1 to 5: the archive, the manifest, the checkpoint, the log, the signatures. What they give is verified evidence.

Each step is a function that returns what it found, or raises `StepFailedError` with every finding and what it means to a caller.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

from lotmark.attest.api import parse_envelope, replay_trust, verify_envelope
from lotmark.attest.models import Envelope, Registry, Trust, TrustPolicy, Verified
from lotmark.base.clock import format_instant
from lotmark.base.digest import Digest
from lotmark.base.errors import ExitCode, IntegrityError, LotmarkError
from lotmark.base.findings import Finding, Severity
from lotmark.dossier import _bundle_manifest as form
from lotmark.dossier._archive import Archive
from lotmark.dossier.models import KEY_EVENT, Freshness, Manifest, TrustFinder, VerifierFinder, belongs, blob_path, envelope_path
from lotmark.ledger.api import TIMESTAMP, has_second_signature, judge_witnesses, select_headers, verify_by_log_keys, verify_timestamps
from lotmark.ledger.models import Attachment, Entry, blob_list
from lotmark.ledger.ports import TimestampVerifier
from lotmark.tlog import api as tlog
from lotmark.tlog.errors import TlogError
from lotmark.tlog.models import Checkpoint, Witnessing

RESTORE: Final = form.AGAIN
_MAX_SHOWN: Final = 20


class StepFailedError(Exception):
    """A step was carried out and did not hold."""

    def __init__(self, detail: str, findings: Iterable[Finding], exit_code: ExitCode = ExitCode.INTEGRITY) -> None:
        """`detail` is the one line of the step; `exit_code` what the failure means."""
        super().__init__(detail)
        self.detail = detail
        self.findings = tuple(findings)
        self.exit_code = exit_code

    @classmethod
    def of(cls, error: LotmarkError, *, where: str = "", exit_code: ExitCode | None = None) -> "StepFailedError":
        """From an error of another room; what can only be wrong because the bytes are wrong counts as broken."""
        own = error.exit_code if error.exit_code in {ExitCode.ENVIRONMENT, ExitCode.NOTHING_TO_JUDGE, ExitCode.REFUSED} else ExitCode.INTEGRITY
        return cls(error.reason, [finding_of(error, where)], exit_code or own)


@dataclass(frozen=True, slots=True)
class LogContent:
    """What step 4 gives: the entries that concern the bundle, the envelopes of the bundle, and what it did not judge."""

    entries: Mapping[int, Entry]
    """By index: those whose envelopes are here, those that had to be here, and the last one of the log."""
    envelopes: Mapping[int, Envelope]
    notes: tuple[Finding, ...]


def finding_of(error: LotmarkError, where: str = "") -> Finding:
    """An error as a finding, about the record that it names."""
    return Finding(error.code, error.reason, Severity.ERROR, None, where or error.where, error.solution)


def broken(code: str, message: str, subject: str, cure: str = RESTORE) -> Finding:
    """Something that does not hold."""
    return Finding(code, message, Severity.ERROR, None, subject, cure)


def record_name(path: str) -> str:
    """How a file of the bundle is called where it stands for a record."""
    kind, _, rest = path.partition("/")
    if kind == "envelopes" and "-" in rest:
        index, _, name = rest.removesuffix(".json").partition("-")
        return f"entry {int(index)} ({name})"
    if path == form.HEADERS:
        return "the log's headers"
    return path


def check_manifest(archive: Archive) -> tuple[str, Manifest]:
    """Step 2: the manifest lists every file and nothing else, and every digest is right."""
    if form.MANIFEST not in archive:
        raise StepFailedError("there is no manifest", [broken("LM-DOS-006", f"MISSING: {form.MANIFEST}", form.MANIFEST)])
    try:
        manifest = form.parse_manifest(archive.read(form.MANIFEST))
    except LotmarkError as error:
        raise StepFailedError.of(error) from error
    findings = [] if archive.has_crc(form.MANIFEST) else [_crc(form.MANIFEST)]
    listed = {file.path: file for file in manifest.files}
    findings += [
        broken("LM-DOS-005", f"UNLISTED: {name} is not in the manifest", name) for name in archive.names if name != form.MANIFEST and name not in listed
    ]
    for name in dict.fromkeys((*form.REQUIRED, *listed)):
        file = listed.get(name)
        if name not in archive:
            findings.append(broken("LM-DOS-006", f"MISSING: {record_name(name)} is not in the bundle ({name})", record_name(name)))
        elif file is not None and not form.ALLOWED.match(name):
            findings.append(broken("LM-DOS-005", f"UNLISTED: {name} is no file of a bundle", name))
        elif file is not None and (archive.digest(name) != file.sha256 or archive.size_of(name) != file.size):
            findings.append(broken("LM-DOS-004", f"DIGEST_MISMATCH: {record_name(name)} has changed ({name})", record_name(name)))
        elif name.startswith("blobs/") and file is not None and file.sha256 != name.rpartition("/")[2]:
            findings.append(broken("LM-DOS-004", f"DIGEST_MISMATCH: {name} does not hold what its name says", name))
        elif not archive.has_crc(name):
            findings.append(_crc(name))
    if findings:
        raise StepFailedError(f"{len(findings)} of {len(archive.names)} files do not hold", findings)
    return f"{len(listed)} files", manifest


def _crc(name: str) -> Finding:
    return broken("LM-DOS-004", f"DIGEST_MISMATCH: the archive's checksum of {record_name(name)} has changed ({name})", record_name(name))


def check_checkpoint(
    archive: Archive,
    manifest: Manifest,
    trust: TrustPolicy | TrustFinder | None,
    fresh: Freshness | None = None,
    stamps: VerifierFinder | None = None,
) -> tuple[str, Checkpoint, TrustPolicy]:
    """Step 3: the checkpoint, by the log key, witnesses and time stamping authorities of the caller; nothing comes from `trust/` in the bundle."""
    note = archive.read(form.CHECKPOINT)
    policy = _find_trust(trust, manifest.origin)
    if policy is None:
        raise StepFailedError(
            f"you have not said whom you trust for the log {manifest.origin}",
            [
                broken(
                    "LM-DOS-007",
                    f"no trust is known for the log {manifest.origin}",
                    manifest.origin,
                    "give --trust FILE, the trust.json of this log, from somebody whom you trust and not out of the bundle",
                )
            ],
            ExitCode.ENVIRONMENT,
        )
    try:
        checkpoint = verify_by_log_keys(note, policy, _find_keys(archive, policy))
    except LotmarkError as error:
        raise StepFailedError.of(error, where="checkpoint") from error
    if (checkpoint.origin, checkpoint.size) != (manifest.origin, manifest.log_size):
        raise StepFailedError(
            "the manifest speaks of another log or size",
            [broken("LM-DOS-017", f"SCOPE_MISMATCH: the checkpoint is of {checkpoint.origin} at size {checkpoint.size}", form.MANIFEST)],
        )
    found = _judge_witnesses(note, policy, fresh)
    second = ["signed with ML-DSA-44 too"] if has_second_signature(policy, checkpoint) else []
    told = "; ".join([*second, _told(found), *_judge_timestamps(archive, note, checkpoint.size, lambda: stamps(policy) if stamps else None)])
    return f"{checkpoint.origin} at size {checkpoint.size}, root {checkpoint.root.hex()[:16]}; {told}", checkpoint, policy


def _judge_timestamps(archive: Archive, note: bytes, size: int, find_verifier: Callable[[], TimestampVerifier | None]) -> list[str]:
    """What the time stamps in the bundle say, by the certificates of the caller; the reader of certificates is loaded for stamps alone."""
    names = [name for name in archive.names if name.startswith(form.TIMESTAMPS)]
    if not names:
        return []
    verifier = find_verifier()
    if verifier is None:
        return [f"{len(names)} time {'stamp' if len(names) == 1 else 'stamps'} not judged: you named no CA certificates for them (--tsa-ca)"]
    kept = [Attachment(size, TIMESTAMP, f"bundle/{name.removeprefix(form.TIMESTAMPS).removesuffix('.tsr')}", archive.read(name)) for name in names]
    try:
        found = verify_timestamps(note, kept, verifier)
    except IntegrityError as error:
        raise StepFailedError(error.reason.partition(": ")[2], [broken(error.code, error.reason, "checkpoint", error.solution or RESTORE)]) from error
    return [f"it existed at {format_instant(stamp.time)}, says {stamp.authority}" for stamp in found]


def _judge_witnesses(note: bytes, policy: TrustPolicy, fresh: Freshness | None) -> Witnessing:
    """The cosignatures, by the caller's witnesses, quorum and, if he asks for it, the age that he allows."""
    try:
        return judge_witnesses(note, policy, now=fresh.now if fresh else None, max_age=fresh.max_age if fresh else None)
    except IntegrityError as error:
        code = "LM-DOS-008" if error.code == "LM-LED-141" else error.code
        raise StepFailedError(error.reason.partition(": ")[2], [broken(code, error.reason, "checkpoint", error.solution or RESTORE)]) from error
    except LotmarkError as error:
        raise StepFailedError.of(error, exit_code=ExitCode.ENVIRONMENT) from error  # the caller's own file is at fault


def _told(found: Witnessing) -> str:
    if not found.times:
        return "no witness: it shows tampering only by those who do not hold the log's key"
    return f"cosigned by {', '.join(sorted(found.times))}"


def _find_keys(archive: Archive, policy: TrustPolicy) -> Trust:
    """The keys by the key events in the archive, for the log key's successors; none if they do not hold, which step 5 says.

    Their order is that of the file names here. Whether that is their place in the log, and whether one was left out, is
    step 4's, under the checkpoint that this trust lets count: what it adds is only keys that the caller's roots signed for.
    """
    names = sorted(name for name in archive.names if name.startswith("envelopes/") and name.endswith(f"-{KEY_EVENT}.json"))
    try:
        events = [(int(name[len("envelopes/") :].partition("-")[0]), parse_envelope(archive.read(name))) for name in names]
        return replay_trust(sorted(events, key=itemgetter(0)), policy.roots, root_threshold=policy.root_threshold)
    except (LotmarkError, ValueError):
        return Trust()


def _find_trust(trust: TrustPolicy | TrustFinder | None, origin: str) -> TrustPolicy | None:
    if trust is None or isinstance(trust, TrustPolicy):
        return trust
    try:
        return trust(origin)
    except LotmarkError as error:
        # The caller's own file is at fault, not the bundle.
        raise StepFailedError.of(error, exit_code=ExitCode.ENVIRONMENT) from error


def check_log(archive: Archive, manifest: Manifest, checkpoint: Checkpoint, registry: Registry, *, complete: bool) -> tuple[str, LogContent]:
    """Step 4: the headers give the signed root, each envelope is the one of its header, and no header of the run lacks one."""
    others: set[str] = set()
    names = frozenset(archive.names)

    def concerns(entry: Entry) -> bool:
        if entry.header.scope.startswith(f"run:{manifest.product}:"):
            others.add(entry.header.scope[4:])
        return (
            entry.header.kind == KEY_EVENT
            or entry.index == checkpoint.size - 1
            or belongs(entry.header, run=manifest.run, product=manifest.product, version=manifest.version)
            or envelope_path(entry) in names
        )

    try:
        entries = select_headers(archive.view(form.HEADERS), checkpoint, concerns)
        (size, root), proofs = form.parse_proofs(archive.read(form.PROOFS))
    except LotmarkError as error:
        raise StepFailedError.of(error) from error
    findings: list[Finding] = []
    if (size, root) != (checkpoint.size, checkpoint.root):
        findings.append(broken("LM-DOS-014", f"PROOF_INVALID: {form.PROOFS} is about another tree", form.PROOFS))
    envelopes: dict[int, Envelope] = {}
    by_path = {envelope_path(entry): entry for entry in entries.values()}
    blobs: set[str] = set()
    unused = dict(proofs)
    for name in archive.names:
        if name.startswith("envelopes/"):
            entry = by_path.get(name)
            if entry is None:
                findings.append(broken("LM-DOS-010", f"LEAF_MISMATCH: no entry of the log is {record_name(name)}", record_name(name)))
                continue
            proof = unused.pop(entry.index, form.EntryProof(entry.index, (), ()))
            findings += _check_entry(archive, entry, proof, checkpoint, envelopes)
            blobs.update(map(blob_path, proof.blobs))
    findings += [broken("LM-DOS-014", f"PROOF_INVALID: {form.PROOFS} tells of entry {index}, which is not in the bundle", f"entry {index}") for index in unused]
    findings += [
        broken("LM-DOS-013", f"BLOB_LIST_MISMATCH: no entry needs {name}", name) for name in archive.names if name.startswith("blobs/") and name not in blobs
    ]
    here = {entry.index for name, entry in by_path.items() if name in archive}
    findings += _left_out(entries.values(), here, manifest, complete=complete)
    if findings:
        raise StepFailedError(f"{len(findings)} records are missing or are not the log's", findings)
    notes = tuple(
        Finding("LM-DOS-016", f"entry {index} is of the unknown kind {entries[index].header.kind}: kept, never counted", Severity.INFO, None, f"entry {index}")
        for index in envelopes
        if registry.find(entries[index].header.kind) is None
    )
    told = f"{len(envelopes)} of the log's {checkpoint.size} records are here" + (
        ", none of this run is left out" if complete else "; completeness was not asked for"
    )
    runs = sorted(others - {manifest.run})
    return told + (f"; the log tells of other runs: {', '.join(runs[:_MAX_SHOWN])}" if runs else ""), LogContent(entries, envelopes, notes)


def _check_entry(archive: Archive, entry: Entry, proof: form.EntryProof, checkpoint: Checkpoint, envelopes: dict[int, Envelope]) -> list[Finding]:
    name = f"entry {entry.index}"
    shown = f"{name} ({entry.header.kind})"
    raw = archive.read(envelope_path(entry))
    findings: list[Finding] = []
    try:
        if len(raw) != entry.header.size or Digest.of(raw) != entry.header.envelope:
            findings.append(broken("LM-DOS-010", f"LEAF_MISMATCH: {shown} is not the envelope that the log committed to", name))
        else:
            envelope = parse_envelope(raw)
            if envelope.payload_digest != entry.header.payload or (envelope.key_id,) != entry.header.keys:
                findings.append(broken("LM-DOS-010", f"LEAF_MISMATCH: the log's header of {shown} speaks of another payload or signer", name))
            envelopes[entry.index] = envelope
        tlog.verify_inclusion(entry.leaf_hash, entry.index, checkpoint.size, proof.proof, checkpoint.root)
    except TlogError as error:
        findings.append(broken("LM-DOS-014", f"PROOF_INVALID: {shown}: {error}", name))
    except LotmarkError as error:
        findings.append(finding_of(error, name))
    leaves = [tlog.leaf_hash(blob.raw) for blob in blob_list(proof.blobs)]
    if (Digest(tlog.tree_root(leaves).hex()) if leaves else None) != entry.header.blobs:
        findings.append(broken("LM-DOS-013", f"BLOB_LIST_MISMATCH: the blobs of {shown} are not those that the log committed to", name))
    findings += [
        broken("LM-DOS-013", f"BLOB_MISSING: {shown} needs the blob {blob.hex}, which is not in the bundle", name)
        for blob in proof.blobs
        if blob_path(blob) not in archive
    ]
    return findings


def _left_out(entries: Iterable[Entry], here: Collection[int], manifest: Manifest, *, complete: bool) -> list[Finding]:
    """Key events always: a revocation left out would make a dead key count. The run's and product's records if asked for."""
    found = []
    for entry in entries:
        wanted = entry.header.kind == KEY_EVENT or (complete and belongs(entry.header, run=manifest.run, product=manifest.product, version=manifest.version))
        if wanted and entry.index not in here:
            name = f"entry {entry.index}"
            found.append(
                broken(
                    "LM-DOS-011", f"INCOMPLETE: the bundle leaves out {name} ({entry.header.kind}) of {entry.header.scope}", name, "ask for the whole bundle"
                )
            )
    return found


def check_signatures(content: LogContent, policy: TrustPolicy, registry: Registry) -> tuple[str, Trust, tuple[Verified, ...]]:
    """Step 5: each envelope by a key that the caller's roots vouch for at its index, of a kind that this key may sign."""
    order = sorted(content.envelopes)
    try:
        events = [(index, content.envelopes[index]) for index in order if content.entries[index].header.kind == KEY_EVENT]
        trust = replay_trust(events, policy.roots, root_threshold=policy.root_threshold)
    except LotmarkError as error:
        raise StepFailedError.of(error) from error
    verified: list[Verified] = []
    findings: list[Finding] = []
    for index in order:
        kind = content.entries[index].header.kind
        if registry.find(kind) is None or trust.is_disowned(content.envelopes[index].key_id, index):
            continue
        try:
            verified.append(verify_envelope(content.envelopes[index], kind=kind, index=index, trust=trust, registry=registry))
        except LotmarkError as error:
            findings.append(Finding(error.code, f"entry {index} ({kind}): {error.reason}", Severity.ERROR, None, f"entry {index}", error.solution))
    if findings:
        raise StepFailedError(f"{len(findings)} signatures do not hold", findings)
    people = sorted({entry.key.name for entry in verified if entry.key.kind == "person"})
    disowned = [index for index in order if trust.is_disowned(content.envelopes[index].key_id, index)]
    told = f"{len(verified)} signatures by {len({entry.key.key_id for entry in verified})} keys" + (f", among them {', '.join(people)}" if people else "")
    if disowned:
        told += f"; kept and not counted, since their keys were disowned: entries {', '.join(map(str, disowned))}"
    return told, trust, tuple(verified)
