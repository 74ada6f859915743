"""The kinds of evidence that this room owns."""

from typing import Annotated, Literal

import msgspec

from lotmark.attest.models import PredicateKind, lotmark_uri
from lotmark.pipeline.models import Outcome, Stage
from lotmark.releases.predicates import FileBody, GitId, Hex, Instant, ProductId, Run, Text
from lotmark.trace.predicates import FindingBody


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Base of every mapping in the predicates."""


class ProductBody(Body, frozen=True):
    """The product and the version that is proposed."""

    id: ProductId
    name: Text
    version: Text
    safety_class: Literal["A", "B", "C"]
    udi_di: str


class SourceBody(Body, frozen=True):
    """The commit that the run stands on; `sha256` is the digest of its tracked files."""

    repository: Text
    ref: Text
    commit: GitId
    tree: GitId
    sha256: Hex
    committed_at: Instant


class ExpectedBody(Body, frozen=True):
    """The kinds of evidence that a stage must leave."""

    stage: Stage
    kinds: list[Text]


class PreviousReleaseBody(Body, frozen=True):
    """The last release of the product that the ledger knew."""

    version: Text
    commit: GitId
    artifact: Hex


class RunOpenedBody(Body, frozen=True):
    """The predicate of ``run-opened/v1``."""

    run: Run
    product: ProductBody
    source: SourceBody
    configuration: Annotated[list[FileBody], msgspec.Meta(min_length=1)]
    expected: list[ExpectedBody]
    previous_release: PreviousReleaseBody | None
    opened_at: Instant
    operator: Text
    lotmark: Text


class BaseBody(Body, frozen=True):
    """The release since which the change is told."""

    version: Text
    commit: GitId


class IdentityBody(Body, frozen=True):
    """A person as git tells it, which is a claim; name and address as commitments. `person` is the id in people.yaml, if any."""

    name: str
    email: str
    person: str = ""


class CommitBody(Body, frozen=True):
    """One commit; `exempt` is older than the baseline from which on the rules for commits hold."""

    sha: GitId
    subject: str
    author: IdentityBody
    committer: IdentityBody
    committed_at: Instant
    signed_off: bool
    exempt: bool
    references: list[Text]


class ChangeSummaryBody(Body, frozen=True):
    """The predicate of ``change-summary/v1``."""

    run: Run
    source: SourceBody
    base: BaseBody | None
    commits: list[CommitBody]
    authors: list[Text]
    """Whoever wrote a part: ids of people.yaml, and commitments to the addresses of others."""
    committers: list[Text]
    last_pusher: str
    changed_paths: list[Text]
    referenced_ids: list[Text]
    changed_items: list[Text]
    dependencies_changed: bool
    policy_changed: bool


class RecordBody(Body, frozen=True):
    """A record of the attempt by the digest of its signed bytes; `name` tells several of one kind apart."""

    kind: Text
    name: str
    payload: Hex


class StageResultBody(Body, frozen=True):
    """The predicate of ``stage-result/v1``."""

    run: Run
    stage: Stage
    attempt: Annotated[int, msgspec.Meta(ge=1)]
    outcome: Outcome
    summary: str
    started_at: Instant
    finished_at: Instant
    findings: list[FindingBody]
    evidence: list[RecordBody]


class StageEndBody(Body, frozen=True):
    """How a stage ended."""

    stage: Stage
    outcome: Literal["accepted", "refused", "pending", "not-run"]
    attempts: Annotated[int, msgspec.Meta(ge=0)]


class RunClosedBody(Body, frozen=True):
    """The predicate of ``run-closed/v1``."""

    run: Run
    outcome: Literal["released", "refused", "abandoned"]
    stages: list[StageEndBody]
    closed_at: Instant


class WitnessAnswerBody(Body, frozen=True):
    """What one witness said."""

    witness: Text
    key: Text
    outcome: Literal["cosigned", "unreachable", "refused", "rolled-back"]
    detail: str


class WitnessingBody(Body, frozen=True):
    """The predicate of ``witnessing/v1``: the log as its witnesses saw it just before a decision."""

    run: Run
    checkpoint: Text
    policy: Annotated[list[str], msgspec.Meta(min_length=1)]
    log_size: Annotated[int, msgspec.Meta(ge=0)]
    asked_at: Instant
    answers: list[WitnessAnswerBody]


_PIPELINE = frozenset({"pipeline"})

KINDS = (
    PredicateKind(
        "run-opened",
        lotmark_uri("run-opened"),
        clause="21 CFR 820.30(i); IEC 62304:2006+A1:2015 8.1.2",
        retention="device-record",
        signers=_PIPELINE,
        schema="run-opened.v1.json",
        title="A run begins: what it stands on and what it must leave",
        body=RunOpenedBody,
    ),
    PredicateKind(
        "change-summary",
        lotmark_uri("change-summary"),
        clause="21 CFR 820.30(i); IEC 62304:2006+A1:2015 8.2.4",
        retention="device-record",
        signers=_PIPELINE,
        schema="change-summary.v1.json",
        title="What changed since the last release, and by whom",
        body=ChangeSummaryBody,
    ),
    PredicateKind(
        "stage-result",
        lotmark_uri("stage-result"),
        clause="21 CFR 820.70(i); 21 CFR 11.10(e)",
        retention="device-record",
        signers=_PIPELINE,
        schema="stage-result.v1.json",
        title="How one attempt of one stage ended",
        body=StageResultBody,
    ),
    PredicateKind(
        "witnessing",
        lotmark_uri("witnessing"),
        clause="21 CFR 11.10(c), (e)",
        retention="device-record",
        signers=_PIPELINE,
        schema="witnessing.v1.json",
        title="What the log's witnesses said before a decision",
        body=WitnessingBody,
    ),
    PredicateKind(
        "run-closed",
        lotmark_uri("run-closed"),
        clause="21 CFR 820.80(d); 21 CFR 11.10(e)",
        retention="device-record",
        signers=_PIPELINE,
        schema="run-closed.v1.json",
        title="A run ends",
        body=RunClosedBody,
    ),
)
