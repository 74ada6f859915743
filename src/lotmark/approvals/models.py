"""The types of `quality/people.yaml` and `quality/approvals.yaml`, and of the state of approvals."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from lotmark.base.documents import Document
from lotmark.product.models import DateText, NonEmpty, Section

PersonId = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$(?!\n)")]
RoleName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$(?!\n)", max_length=60)]
Email = Annotated[str, msgspec.Meta(pattern=r"^[^@\s]+@[^@\s]+$(?!\n)", max_length=254)]
TierName = Literal["low", "medium", "high"]
Meaning = Literal["authorship", "review", "approval", "responsibility", "risk-acceptance", "rejection"]
"""What a signature means; the closed list of 21 CFR 11.50(a)(3)."""
Duty = Literal["author", "committer", "last-pusher", "requester"]

TIERS: tuple[TierName, ...] = ("low", "medium", "high")
DUTIES: tuple[Duty, ...] = ("author", "committer", "last-pusher", "requester")


class TrainingRecord(Section, frozen=True, kw_only=True):
    """A person is trained on a procedure until the end of that day (UTC)."""

    policy: NonEmpty
    until: DateText


class Person(Section, frozen=True, kw_only=True):
    """One individual. Never remove one: set `active: false`, so that the id is not given to somebody else."""

    id: PersonId
    name: NonEmpty
    """Printed name, as signatures show it."""
    email: Email
    also: list[Email] = msgspec.field(default_factory=list)
    """Further addresses under which this person commits."""
    roles: list[RoleName] = msgspec.field(default_factory=list)
    active: bool = True
    training: list[TrainingRecord] = msgspec.field(default_factory=list)


class PeopleFile(Section, frozen=True, kw_only=True):
    """`quality/people.yaml`, whole."""

    people: Annotated[list[Person], msgspec.Meta(min_length=1)]


class TierRule(Section, frozen=True, kw_only=True):
    """What lifts a change into a tier; any of them suffices."""

    paths: list[NonEmpty] = msgspec.field(default_factory=list)
    """Globs (``**`` for any depth) of changed files."""
    safety_classes: list[Literal["A", "B", "C"]] = msgspec.field(default_factory=list)
    """Safety classes of changed items."""
    dependencies_changed: bool = False
    policy_changed: bool = False
    """A change of the product's own quality files. It always lifts into the highest tier; here it may be said."""
    first_release: bool = False
    """Likewise."""
    only_paths: list[NonEmpty] = msgspec.field(default_factory=list)
    """For the lowest tier alone: a change stays in it only if every changed file matches one of these globs."""


class RequiredSignature(Section, frozen=True, kw_only=True):
    """So many distinct persons of a role sign with a meaning."""

    role: RoleName
    count: Annotated[int, msgspec.Meta(ge=1, le=20)] = 1
    meaning: Literal["authorship", "review", "approval", "responsibility", "risk-acceptance"] = "approval"

    def to_wire(self) -> dict[str, Any]:
        return {"role": self.role, "count": self.count, "meaning": self.meaning}


class Tier(Section, frozen=True, kw_only=True):
    """A risk tier: what lifts a change into it, who signs, who may not."""

    name: TierName
    when: TierRule = msgspec.field(default_factory=TierRule)
    required: Annotated[list[RequiredSignature], msgspec.Meta(min_length=1, max_length=20)]
    may_not: list[Duty] = msgspec.field(default_factory=lambda: list(DUTIES))
    """Who may not sign (a signature of authorship excepted); `author` always stands among them."""


class DelegationRules(Section, frozen=True, kw_only=True):
    """How far authority may be delegated."""

    up_to: TierName | Literal["none"] = "medium"
    max_days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 92


class ApprovalsFile(Section, frozen=True, kw_only=True):
    """`quality/approvals.yaml`, whole."""

    approvals: Literal[1]
    """Version of this format."""
    tiers: Annotated[list[Tier], msgspec.Meta(min_length=3, max_length=3)]
    """`low`, `medium`, `high`, in this order."""
    delegation: DelegationRules = msgspec.field(default_factory=DelegationRules)
    training_required: list[NonEmpty] = msgspec.field(default_factory=list)
    """Procedures on which everybody who signs must be trained; a lapsed training suspends signing."""

    def tier(self, name: str) -> Tier:
        """The tier of that name.

        Raises:
            ValueError: if it is none of the three.
        """
        return self.tiers[TIERS.index(name)]


PeopleDocument = Document[PeopleFile]
ApprovalsDocument = Document[ApprovalsFile]


@dataclass(frozen=True, slots=True)
class TierResult:
    """The tier of a change, with every reason that speaks for it."""

    name: TierName
    reasons: tuple[str, ...]

    def to_wire(self) -> dict[str, Any]:
        return {"name": self.name, "reasons": list(self.reasons)}


@dataclass(frozen=True, slots=True)
class Signing:
    """One act of signing within a session; goes into the signed bytes."""

    session_id: str
    ordinal: int
    components: tuple[str, ...]
    """``key`` (possession of the personal key), ``passphrase`` (knowledge)."""


@dataclass(frozen=True, slots=True)
class ESignature:
    """A signature that holds, with what must be shown wherever it is shown: printed name, time, meaning."""

    person: str
    name: str
    role: str
    meaning: str
    signed_at: str
    zone: str
    reason: str
    index: int
    payload: str
    key_id: str
    on_behalf_of: str = ""
    counted: bool = False
    """Whether it fills one of the required signatures."""

    def to_wire(self) -> dict[str, Any]:
        return {
            "person": self.person,
            "name": self.name,
            "role": self.role,
            "meaning": self.meaning,
            "signedAt": self.signed_at,
            "zone": self.zone,
            "reason": self.reason,
            "index": self.index,
            "payload": self.payload,
            "onBehalfOf": self.on_behalf_of or None,
            "counted": self.counted,
        }


@dataclass(frozen=True, slots=True)
class IgnoredSignature:
    """A signature that does not count, and why."""

    code: str
    reason: str
    person: str
    index: int
    payload: str

    def to_wire(self) -> dict[str, Any]:
        return {"code": self.code, "reason": self.reason, "person": self.person, "index": self.index, "payload": self.payload}


@dataclass(frozen=True, slots=True)
class MissingSignature:
    """Signatures that are still wanted."""

    role: str
    meaning: str
    count: int
    have: int

    def to_wire(self) -> dict[str, Any]:
        return {"role": self.role, "meaning": self.meaning, "count": self.count, "have": self.have}


@dataclass(frozen=True, slots=True)
class ApprovalStatus:
    """Where the approvals of one decision stand."""

    complete: bool
    missing: tuple[MissingSignature, ...]
    accepted: tuple[ESignature, ...]
    ignored: tuple[IgnoredSignature, ...]
    rejections: tuple[ESignature, ...]
    problems: tuple[str, ...]
    """What keeps the decision itself from being approved."""

    @property
    def rejected(self) -> bool:
        """Whether somebody rejected; the run is closed by it."""
        return bool(self.rejections)

    def to_wire(self) -> dict[str, Any]:
        return {
            "complete": self.complete,
            "rejected": self.rejected,
            "missing": [item.to_wire() for item in self.missing],
            "accepted": [item.to_wire() for item in self.accepted],
            "ignored": [item.to_wire() for item in self.ignored],
            "rejections": [item.to_wire() for item in self.rejections],
            "problems": list(self.problems),
        }
