"""The types of `quality/policy.yaml` and of a Decision."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from lotmark.base.documents import Document
from lotmark.product.models import NonEmpty, Section

CriterionId = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
ParameterName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][A-Za-z0-9]{0,39}$")]
Parameter = bool | int | float | str | list[str]
Verdict = Literal["accepted", "refused"]
CriterionVerdict = Literal["met", "violated", "error"]


class Criterion(Section, frozen=True, kw_only=True):
    """One rule that a release must meet."""

    id: CriterionId
    title: NonEmpty
    clause: NonEmpty
    """The clause of the standard or regulation that asks for it."""
    rationale: NonEmpty
    """Why the rule stands, in words for a reviewer."""
    violations: NonEmpty
    """CEL over the facts: a list of messages (empty: met) or a bool (true: violated, said by `message`)."""
    message: str = ""
    """For a bool: the message; ``{section.name}`` is replaced by that fact."""
    solution: NonEmpty
    """What a person does about a violation."""
    severity: Literal["critical", "major", "minor"] = "major"
    """How a violation weighs for its reader. It does not change the verdict: `strict` does."""
    strict: bool = True
    """Whether a violation refuses. A criterion that is not strict is named in the decision as relaxed; an error in it refuses all the same."""


class PolicyFile(Section, frozen=True, kw_only=True):
    """`quality/policy.yaml`, whole."""

    policy: Literal[1]
    """Version of this format."""
    title: NonEmpty
    parameters: dict[ParameterName, Parameter] = msgspec.field(default_factory=dict)
    """Values that the criteria read as ``params.<name>``."""
    criteria: Annotated[list[Criterion], msgspec.Meta(min_length=1, max_length=200)]


PolicyDocument = Document[PolicyFile]


@dataclass(frozen=True, slots=True)
class Completeness:
    """Whether everything that a decision needs is there; `missing` names what is not."""

    complete: bool
    missing: tuple[str, ...]

    def to_wire(self) -> dict[str, Any]:
        return {"complete": self.complete, "missing": list(self.missing)}


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """What became of one criterion. For ``error`` the one message says why it could not be decided."""

    id: str
    title: str
    clause: str
    rationale: str
    severity: str
    strict: bool
    verdict: CriterionVerdict
    violations: tuple[str, ...]
    solution: str

    @property
    def closes(self) -> bool:
        """Whether this result alone refuses the release."""
        return self.verdict == "error" or (self.verdict == "violated" and self.strict)

    def to_wire(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "title": self.title,
            "clause": self.clause,
            "rationale": self.rationale,
            "severity": self.severity,
            "strict": self.strict,
            "verdict": self.verdict,
            "violations": [{"message": message} for message in self.violations],
            "solution": self.solution,
        }


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A shipped release criterion that this policy holds in a weaker form.

    `how` is ``absent``, ``not-strict`` or ``changed`` (another expression).
    """

    criterion: str
    how: Literal["absent", "not-strict", "changed"]

    def to_wire(self) -> dict[str, str]:
        return {"criterion": self.criterion, "how": self.how}


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict with its reasons, and the three things that it follows from."""

    verdict: Verdict
    completeness: Completeness
    criteria: tuple[CriterionResult, ...]
    relaxed: tuple[Relaxation, ...]
    facts: dict[str, Any]
    facts_sha256: str
    policy_sha256: str
    log_size: int

    @property
    def accepted(self) -> bool:
        return self.verdict == "accepted"


@dataclass(frozen=True, slots=True)
class Explanation:
    """One criterion for a reader: the rule, what it requires, what was found."""

    criterion: str
    title: str
    clause: str
    rule: str
    required: str
    found: dict[str, Any]
    """Each fact (or parameter) that the rule reads, with its value."""
    verdict: CriterionVerdict
    messages: tuple[str, ...]
    solution: str

    def to_wire(self) -> dict[str, Any]:
        return {
            "criterion": self.criterion,
            "title": self.title,
            "clause": self.clause,
            "rule": self.rule,
            "required": self.required,
            "found": self.found,
            "verdict": self.verdict,
            "messages": list(self.messages),
            "solution": self.solution,
        }


@dataclass(frozen=True, slots=True)
class Replay:
    """What deciding again says of a recorded decision; `differences` is empty when it gives the same answer."""

    verdict: str
    differences: tuple[str, ...]

    @property
    def same(self) -> bool:
        return not self.differences
