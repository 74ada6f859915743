"""The types of `quality/matrix.yaml`. Keys are kebab-case; unknown keys are refused."""

from typing import Annotated, Literal

import msgspec

from lotmark.product.models import DateText, NonEmpty, Section

Layer = Literal["unit", "integration", "validation"]
Gating = Literal["blocking", "waivable", "informational"]
Occasion = Literal["pull-request", "release-candidate", "nightly"]
Retention = Literal["device-lifetime", "release", "routine"]
SubjectKind = Literal["hazard", "risk-control", "requirement"]
SafetyClass = Literal["A", "B", "C"]
CategoryId = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Names = Annotated[tuple[NonEmpty, ...], msgspec.Meta(min_length=1)]
CategoryIds = Annotated[tuple[CategoryId, ...], msgspec.Meta(min_length=1)]


class Category(Section, frozen=True, kw_only=True):
    """A kind of testing: what it is, who answers for it, and how its result weighs.

    `blocking`: must pass, no exception. `waivable`: must pass, or a person signs a waiver. `informational`: is shown.
    """

    id: CategoryId
    title: NonEmpty
    owner: NonEmpty
    layer: Layer
    """The stage whose results count."""
    gating: Gating = "blocking"
    when: Occasion = "pull-request"
    """When its tests are run at the latest; `pull-request` is every change."""
    tests: tuple[NonEmpty, ...] = ()
    """Globs over test ids; empty: every test of the layer."""
    environment: str = ""
    """Where it runs, in words a reader of the dossier understands."""
    retention: Retention = "device-lifetime"


class Need(Section, frozen=True, kw_only=True):
    """Which categories subjects of one kind need by default. All needs that match a subject add up."""

    of: SubjectKind
    categories: CategoryIds
    safety_class: tuple[SafetyClass, ...] = ()
    """Only subjects of these IEC 62304 classes; empty: all."""
    severity: tuple[NonEmpty, ...] = ()
    """Only subjects one of whose hazards has one of these severities (words of the risk scale, before control); empty: all. A hazard of unknown severity counts as having each."""


class Override(Section, frozen=True, kw_only=True):
    """Which categories these very subjects need, in place of the defaults."""

    items: Names
    categories: CategoryIds
    reason: NonEmpty


class Trigger(Section, frozen=True, kw_only=True):
    """A change that calls for tests: paths (globs), items (ids, or prefixes such as ``RC-``), what to run and why."""

    categories: CategoryIds
    reason: NonEmpty
    paths: tuple[NonEmpty, ...] = ()
    items: tuple[NonEmpty, ...] = ()


class Expensive(Section, frozen=True, kw_only=True):
    """Tests that are run only when the change, or a hazard that has no other test, asks for them."""

    tests: Names
    reason: NonEmpty
    minutes: Annotated[int, msgspec.Meta(ge=1)] = 1


class Unstable(Section, frozen=True, kw_only=True):
    """Tests that may go red and then green, explained by a person until a day. It never turns a red result into a green one."""

    tests: Names
    reason: NonEmpty
    owner: NonEmpty
    expires: DateText


class Quarantine(Section, frozen=True, kw_only=True):
    """Tests whose results count for nothing until a day, green ones neither. A test that alone covers something blocking cannot be one."""

    tests: Names
    reason: NonEmpty
    owner: NonEmpty
    expires: DateText


class Retired(Section, frozen=True, kw_only=True):
    """Tests that counted at one release and are meant to count no longer: removed, renamed or moved to another category."""

    tests: Names
    since: NonEmpty
    """Version of the release at which they counted. The entry says nothing against any other, so it ends with the next."""
    reason: NonEmpty
    owner: NonEmpty


class QuarantineLimits(Section, frozen=True, kw_only=True):
    """How much may be in quarantine, and for how long."""

    max_tests: Annotated[int, msgspec.Meta(ge=0)] = 10
    """How many tests at a time."""
    max_days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 30
    """How far ahead of the day of judging the last day may lie."""


class EnvironmentFailure(Section, frozen=True, kw_only=True):
    """How a failure reads whose cause is the environment. It is told apart from failures of the product, and is no pass either."""

    cause: NonEmpty
    """In words: network, missing files."""
    patterns: Names
    """Texts that stand in a line of the failure's message, whatever the case; ``*`` is anything."""
    owner: NonEmpty
    rerun: bool = False
    """Whether it explains a red attempt before a green one."""


class Reuse(Section, frozen=True, kw_only=True):
    """Results of an earlier run that may stand in, for the same artifacts, where nothing that changed asks for the tests."""

    categories: CategoryIds
    reason: NonEmpty
    max_days: Annotated[int, msgspec.Meta(ge=1, le=366)]
    """How old the result may be."""
    blocking_max_days: Annotated[int, msgspec.Meta(ge=0, le=366)] = 0
    """The same where the category is blocking; 0: never."""


class WaiverRules(Section, frozen=True, kw_only=True):
    """What a waiver must keep to."""

    max_days: Annotated[int, msgspec.Meta(ge=1, le=3660)] = 180
    """Longest time from signature to expiry."""
    roles: tuple[NonEmpty, ...] = ()
    """Who may sign one; empty: anyone whose key is enrolled as a person's."""


class MatrixFile(Section, frozen=True, kw_only=True):
    """`quality/matrix.yaml`, whole."""

    matrix: Literal[1]
    """Version of this format."""
    categories: Annotated[tuple[Category, ...], msgspec.Meta(min_length=1)]
    requires: Annotated[tuple[Need, ...], msgspec.Meta(min_length=1)]
    overrides: tuple[Override, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    expensive: tuple[Expensive, ...] = ()
    unstable: tuple[Unstable, ...] = ()
    quarantine: tuple[Quarantine, ...] = ()
    retired: tuple[Retired, ...] = ()
    quarantine_limits: QuarantineLimits = QuarantineLimits()
    environment_failures: tuple[EnvironmentFailure, ...] = ()
    reuse: tuple[Reuse, ...] = ()
    waivers: WaiverRules = WaiverRules()
