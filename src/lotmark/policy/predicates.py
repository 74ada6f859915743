"""The evidence kinds of this room: ``decision/v1``, and SLSA's verification summary beside it."""

from typing import Annotated, Final, Literal

import msgspec

from lotmark.attest.models import PredicateKind, lotmark_uri
from lotmark.policy._facts_model import CompletenessFact, Facts

# `$` alone would let a line feed through at the end: Python's `$` matches before it, ECMA's does not.
Hex = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
Text = Annotated[str, msgspec.Meta(min_length=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Base of every mapping in the predicate."""


class ArtifactBody(Body, frozen=True):
    """Both empty where a refused run made no artifact."""

    name: str
    sha256: str


class ViolationBody(Body, frozen=True):
    message: str


class CriterionBody(Body, frozen=True):
    """One criterion with what became of it."""

    id: Text
    title: Text
    clause: Text
    rationale: Text
    severity: Literal["critical", "major", "minor"]
    strict: bool
    verdict: Literal["met", "violated", "error"]
    violations: list[ViolationBody]
    solution: Text


class TierBody(Body, frozen=True):
    """The risk tier of the change, with why."""

    name: Text
    reasons: list[Text]


class RequiredBody(Body, frozen=True):
    """Who has to sign: so many distinct persons of a role, with a meaning."""

    role: Text
    count: Annotated[int, msgspec.Meta(ge=1)]
    meaning: Text


class RelaxedBody(Body, frozen=True):
    """How the policy is weaker than what is shipped."""

    criterion: Text
    how: Literal["absent", "not-strict", "changed"]


class DecisionBody(Body, frozen=True):
    """The predicate of ``decision/v1``."""

    run: str
    product: str
    version: str
    artifact: ArtifactBody
    facts: Facts
    facts_sha256: Hex
    policy_sha256: Hex
    log_size: Count
    evidence_root: Hex
    verdict: Literal["accepted", "refused"]
    completeness: CompletenessFact
    criteria: list[CriterionBody]
    tier: TierBody
    required: list[RequiredBody]
    relaxed: list[RelaxedBody]
    evaluated_at: Text


ADOPTED_FILES: Final = ("quality/policy.yaml", "quality/approvals.yaml", "quality/people.yaml", "quality/matrix.yaml")
"""The files by which a release is decided; each may be adopted."""


class AdoptionBody(Body, frozen=True):
    """The predicate of ``policy-adoption/v1``: from now on this version of the file decides, and no other."""

    product: Text
    path: Literal["quality/policy.yaml", "quality/approvals.yaml", "quality/people.yaml", "quality/matrix.yaml"]
    sha256: Hex
    reason: Text
    at: Text


POLICY_ADOPTION: Final = PredicateKind(
    name="policy-adoption",
    uri=lotmark_uri("policy-adoption"),
    clause="ISO 13485:2016, 4.2.4 by 21 CFR 820.10; 21 CFR 11.10(d), 11.10(k): 21 CFR Part 11 applies",
    retention="permanent",
    signers=frozenset({"root"}),
    schema="policy-adoption.v1.json",
    title="Version of a quality file adopted",
    body=AdoptionBody,
)
PIPELINE = frozenset({"pipeline"})

KINDS: tuple[PredicateKind, ...] = (
    PredicateKind(
        name="decision",
        uri=lotmark_uri("decision"),
        clause="IEC 62304:2006+A1:2015, 5.8.1-5.8.2; ISO 13485:2016, 7.3.6-7.3.7 and 4.2.5 by 21 CFR 820.10; so 21 CFR Part 11 applies",
        retention="device-record",
        signers=PIPELINE,
        schema="decision.v1.json",
        title="Release decision",
        body=DecisionBody,
    ),
    PredicateKind(
        name="vsa",
        uri="https://slsa.dev/verification_summary/v1",
        clause="SLSA v1.1, Verification Summary Attestation; a copy of the decision for other tools, so Part 11 applies to the decision, not to the copy",
        retention="device-record",
        signers=PIPELINE,
        title="Verification summary (SLSA)",
    ),
    POLICY_ADOPTION,
)
