"""Steps 6 to 8: what the verified records say of a release. They read records, not files, so a bundle and a ledger are judged alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import new
from typing import Any, Final

from lotmark.attest.models import Trust, Verified
from lotmark.base.clock import parse_instant
from lotmark.base.digest import Digest
from lotmark.base.errors import ExitCode, LotmarkError
from lotmark.base.findings import Finding, Severity
from lotmark.dossier._steps import StepFailedError, broken, finding_of
from lotmark.releases.models import RunEvidence

_ABOUT_ARTIFACT: Final = frozenset(
    {"release-candidate", "artifact-signature", "scai", "decision", "vsa", "approval", "release-manifest", "release", "deployment", "deployment-check"}
)
"""Kinds whose only subject is the artifact. Others name it among what was built, or speak of the source."""
_OWN: Final = "https://lotmark.dev/attestation/"
_COMPUTED: Final = ("sha256", "sha384", "sha512")
_POLICY: Final = "quality/policy.yaml"
_PEOPLE: Final = "quality/people.yaml"
_APPROVALS: Final = "quality/approvals.yaml"
_MATRIX: Final = "quality/matrix.yaml"


@dataclass(frozen=True)
class ReleaseRecord:
    """The verified records of one run and of its product, the keys, and a way to the blobs; `at` is when the log took the last of them."""

    run: str
    evidence: RunEvidence
    product_entries: tuple[Verified, ...]
    trust: Trust
    at: datetime
    blob: Callable[[Digest], bytes | None]
    lent: tuple[Verified, ...] = ()
    """Records of earlier runs whose results stand in for tests of this one."""

    def find_predicate(self, kind: str) -> Mapping[str, Any] | None:
        found = self.evidence.find(kind)
        return None if found is None else found.statement.predicate

    def pinned(self, path: str) -> bytes:
        """The configuration file as the run pinned it.

        Raises:
            StepFailedError: LM-DOS-032 if the run pins none, or its bytes are not among the records.
        """
        opened = self.find_predicate("run-opened") or {}
        pins = {file["path"]: file["sha256"] for file in opened.get("configuration", ())}
        data = self.blob(Digest(pins[path])) if path in pins else None
        if data is None:
            why = "its bytes are not among the records" if path in pins else "the run pins no such file"
            raise StepFailedError(f"{path}: {why}", [broken("LM-DOS-032", f"{path} cannot be judged by: {why}", path)], ExitCode.REFUSED)
        return data


def check_expected(record: ReleaseRecord) -> list[Finding]:
    """Of step 4: every stage and every piece of evidence that the run promised when it was opened, and all that its stages claim."""
    opened = record.find_predicate("run-opened")
    if opened is None or record.evidence.find("run-closed") is None:
        return [broken("LM-DOS-012", f"MISSING_EVIDENCE: the record that {'opens' if opened is None else 'closes'} {record.run}", record.run)]
    present = {(entry.kind, entry.envelope.payload_digest.hex) for entry in record.evidence}
    findings = []
    for stage in opened["expected"]:
        results = record.evidence.all("stage-result", stage=stage["stage"])
        claims = [claim for result in results for claim in result.statement.predicate["evidence"]]
        made = {claim["kind"] for claim in claims}
        missing = [kind for kind in stage["kinds"] if kind not in made]
        if not results:
            findings.append(_missing(f"the stage {stage['stage']} was never recorded", stage["stage"]))
        elif missing:
            findings.append(_missing(f"{', '.join(missing)} of the stage {stage['stage']}", stage["stage"]))
        findings += [
            _missing(f"the {claim['kind']} that the stage {stage['stage']} claims (payload {claim['payload'][:12]})", stage["stage"])
            for claim in claims
            if (claim["kind"], claim["payload"]) not in present
        ]
    return findings


def _missing(what: str, stage: str) -> Finding:
    return broken("LM-DOS-012", f"MISSING_EVIDENCE: {what}", stage, "the run did not do all that a release needs; release from a run that did")


def check_subjects(record: ReleaseRecord, *, version: str, given: tuple[str, Digest] | None) -> tuple[str, Mapping[str, Any]]:
    """Step 6: the artifact's bytes are here, and every record about an artifact is about these bytes, this run and this version."""
    candidate = record.find_predicate("release-candidate")
    if candidate is None:
        raise StepFailedError(
            "the run made no artifact", [broken("LM-DOS-020", "the run made no release candidate", record.run, "see its refused stages")], ExitCode.REFUSED
        )
    artifact = candidate["artifact"]
    data = record.blob(Digest(artifact["sha256"]))
    if data is None or Digest.of(data).hex != artifact["sha256"] or len(data) != artifact["size"]:
        raise StepFailedError(
            "the artifact's bytes are missing or are others",
            [broken("LM-DOS-020", f"SUBJECT_MISMATCH: {artifact['name']}: its bytes are not here", artifact["name"])],
        )
    digests = {name: new(name, data).hexdigest() for name in _COMPUTED}
    findings = [finding for entry in record.evidence for finding in _check_entry(entry, artifact, digests, record.run, version)]
    if given is not None and given[1].hex != artifact["sha256"]:
        findings.append(
            broken(
                "LM-DOS-022",
                f"SUBJECT_MISMATCH: {given[0]} is sha256 {given[1].hex}, not the released {artifact['sha256']}",
                given[0],
                "this is not the file that was released",
            )
        )
    if findings:
        raise StepFailedError(f"{len(findings)} records or files are about something else", findings)
    hand = f"; {given[0]} is this file" if given else ""
    return f"{artifact['name']}, {artifact['size']} bytes, sha256 {artifact['sha256']}{hand}", artifact


def _check_entry(entry: Verified, artifact: Mapping[str, Any], digests: Mapping[str, str], run: str, version: str) -> list[Finding]:
    name, predicate = f"entry {entry.index}", entry.statement.predicate
    shown = f"{name} ({entry.kind})"
    findings = []
    expected = (("run", run), ("product", run.partition(":")[0]), ("version", version))
    # A foreign predicate means its own things by these words: a CycloneDX `version` counts the revisions of the SBOM.
    for field, own in expected if entry.statement.predicate_type.startswith(_OWN) else ():
        told = predicate.get(field, own)
        if field == "product" and isinstance(told, dict):
            told = told.get("id")
        if field in predicate and told != own:
            findings.append(broken("LM-DOS-017", f"SCOPE_MISMATCH: {shown} is of the {field} {told!r}, not {own!r}", name))
    for subject in entry.statement.subject:
        sha256 = subject.digest["sha256"]
        if sha256 != digests["sha256"] and (entry.kind in _ABOUT_ARTIFACT or subject.name == artifact["name"]):
            findings.append(broken("LM-DOS-020", f"SUBJECT_MISMATCH: {shown} is about {subject.name}, sha256 {sha256}", name))
        elif sha256 == digests["sha256"] and any(subject.digest.get(each, digests[each]) != digests[each] for each in _COMPUTED):
            findings.append(broken("LM-DOS-021", f"DIGEST_CONFLICT: {shown} gives {subject.name} digests of different files", name))
    if entry.kind == "deployment-check" and predicate["verdict"] == "verified" and predicate["artifact"]["found"] != artifact["sha256"]:
        findings.append(broken("LM-DOS-020", f"SUBJECT_MISMATCH: {shown} found another file at {predicate['target']['name']}", name))
    return findings


def check_e_signatures(record: ReleaseRecord) -> tuple[str, tuple[Finding, ...]]:
    """Step 7: by the people and rules that the run pinned, the required signatures are there, on this very decision; waivers too."""
    from lotmark.approvals.api import evaluate_approvals, parse_approvals, parse_people

    decision = record.evidence.find("decision")
    if decision is None:
        raise StepFailedError(
            "nothing was decided", [broken("LM-DOS-041", "the run holds no decision", record.run, "see its refused stages")], ExitCode.REFUSED
        )
    try:
        people = parse_people(record.pinned(_PEOPLE), name=_PEOPLE)
        rules = parse_approvals(record.pinned(_APPROVALS), people, name=_APPROVALS)
    except LotmarkError as error:
        raise StepFailedError.of(error, exit_code=ExitCode.REFUSED) from error
    judged = [*record.evidence, *(entry for entry in record.product_entries if entry.kind in {"delegation", "approval-withdrawal", "role-event"})]
    status = evaluate_approvals(decision, judged, people.value, rules.value, record.trust, record.at)
    notes = tuple(
        Finding(
            "LM-DOS-031",
            f"entry {item.index}: the signature of {item.person} does not count, {item.code}: {item.reason}",
            Severity.WARNING,
            None,
            f"entry {item.index}",
        )
        for item in status.ignored
    )
    findings = _check_adopted(record, decision)
    findings += [broken("LM-DOS-030", f"the decision cannot be approved: {problem}", f"entry {decision.index}", "decide anew") for problem in status.problems]
    findings += [
        broken(
            "LM-DOS-030",
            f"{item.role} ({item.meaning}): {item.have} of {item.count} signatures",
            f"entry {decision.index}",
            "the release was not approved by all who must",
        )
        for item in status.missing
    ]
    findings += [
        broken("LM-DOS-030", f"{item.name} ({item.role}) rejected: {item.reason}", f"entry {item.index}", "it was rejected") for item in status.rejections
    ]
    findings += _check_frozen(record, decision, {item.payload for item in status.accepted if item.counted})
    findings += _check_waivers(record, decision, {person.id: tuple(person.roles) for person in people.value.people})
    if findings:
        raise StepFailedError("the signatures that the release needs are not all there", [*findings, *notes], ExitCode.REFUSED)
    signed = "; ".join(f"{item.name} ({item.role}), {item.meaning}, {item.signed_at}" for item in status.accepted if item.counted)
    return signed, notes


def _check_adopted(record: ReleaseRecord, decision: Verified) -> list[Finding]:
    """The files that decided were the newest that root persons had adopted when it was decided, if they had adopted any."""
    from lotmark.policy.api import check_adopted, find_adoptions

    opened = record.find_predicate("run-opened") or {}
    configuration = {file["path"]: file["sha256"] for file in opened.get("configuration", ())}
    adoptions = find_adoptions(record.product_entries, record.trust, product=decision.statement.predicate["product"])
    return check_adopted(adoptions, configuration, size=decision.index)


def _check_frozen(record: ReleaseRecord, decision: Verified, counted: set[str]) -> list[Finding]:
    """The frozen manifest names this decision and these signatures, all of which stand before it."""
    manifest = record.evidence.find("release-manifest")
    if manifest is None:
        return [broken("LM-DOS-012", "MISSING_EVIDENCE: the release manifest", record.run, "the run did not come to a release")]
    name, content = f"entry {manifest.index}", manifest.statement.predicate
    findings = []
    if content["decision"] != decision.envelope.payload_digest.hex:
        findings.append(broken("LM-DOS-034", f"the release manifest ({name}) names another decision than entry {decision.index}", name))
    named = {approval["payload"] for approval in content["approvals"]}
    before = {entry.envelope.payload_digest.hex for entry in record.evidence.all("approval") if entry.index < manifest.index}
    if not counted <= named or not named <= before:
        findings.append(broken("LM-DOS-034", f"the release manifest ({name}) names other signatures than those before it that count", name))
    return findings


def _check_waivers(record: ReleaseRecord, decision: Verified, roles: Mapping[str, tuple[str, ...]]) -> list[Finding]:
    """Every waiver that the test matrix used was signed by somebody who may, says the same, and held when it was decided."""
    matrix = record.find_predicate("matrix-evaluation")
    used = matrix["waivers"] if matrix else []
    if not used:
        return []
    from lotmark.matrix.api import find_active_waivers, parse_matrix

    predicate = decision.statement.predicate
    try:
        rules = parse_matrix(record.pinned(_MATRIX), name=_MATRIX).value.waivers
    except LotmarkError as error:
        return [finding_of(error, _MATRIX)]
    entries = [entry for entry in record.product_entries if entry.index < predicate["logSize"]]
    at = parse_instant(predicate["evaluatedAt"])
    review = find_active_waivers(entries, at, product=predicate["product"], version=predicate["version"], rules=rules, roles=roles)
    signed = {index: waiver.to_wire() for waiver, index in review.active}
    findings = []
    for view in used:
        waiver = signed.get(view["index"])
        if waiver is None or waiver["waiver"] != view["id"] or any(waiver[key] != view[key] for key in ("scope", "reason", "residualRisk", "owner", "expires")):
            why = "; ".join(finding.message for finding in review.findings if finding.subject == view["id"]) or "no signature says what the matrix says of it"
            findings.append(
                broken(
                    "LM-DOS-033",
                    f"the waiver {view['id']} does not count: {why}",
                    f"entry {view['index']}",
                    "have the exception signed, or mend what it excuses",
                )
            )
    return findings


def check_decision(record: ReleaseRecord) -> str:
    """Step 8: the facts, computed anew from the records, and the pinned policy give the recorded decision; and it led to a release."""
    from lotmark.policy.api import compute_facts, replay

    decision = record.evidence.last("decision")
    name, predicate = f"entry {decision.index}", decision.statement.predicate
    policy = record.pinned(_POLICY)
    size = predicate["logSize"]
    before = [entry for entry in (*record.evidence, *record.product_entries) if entry.index < min(size, decision.index)]
    try:
        facts = compute_facts(before, parse_instant(predicate["evaluatedAt"]))
        again = replay(predicate, policy, recomputed_facts=facts)
    except ValueError as error:
        raise StepFailedError("the decision does not tell when it was made", [broken("LM-DOS-040", f"REPLAY_DIFFERS: {name}: {error}", name)]) from error
    findings = [
        broken("LM-DOS-040", f"REPLAY_DIFFERS: {name} (decision): {difference}", name, "do not rely on this decision") for difference in again.differences
    ]
    if size > decision.index:
        findings.append(broken("LM-DOS-040", f"REPLAY_DIFFERS: {name} (decision) speaks of a log of {size} entries, longer than it was", name))
    if findings:
        raise StepFailedError("deciding again gives another answer", findings)
    closed = record.find_predicate("run-closed")
    outcome = closed["outcome"] if closed else "not closed"
    if predicate["verdict"] != "accepted" or outcome != "released":
        reasons = [
            f"{item['title']}: {'; '.join(violation['message'] for violation in item['violations'])}"
            for item in predicate["criteria"]
            if item["verdict"] != "met"
        ]
        detail = f"the decision is {predicate['verdict']}, the run ended as {outcome}"
        told = reasons if predicate["verdict"] != "accepted" else [detail]
        raise StepFailedError(detail, [broken("LM-DOS-041", reason, name, "this version was not released") for reason in told or [detail]], ExitCode.REFUSED)
    met = sum(1 for criterion in predicate["criteria"] if criterion["verdict"] == "met")
    return f"accepted again: {met} of {len(predicate['criteria'])} criteria met, policy {predicate['policySha256'][:16]}, facts {predicate['factsSha256'][:16]}"
