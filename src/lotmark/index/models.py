"""What the index answers: plain frozen values, which are also the wire types (lowerCamelCase; ``schemas/answers.v1.json``)."""

from typing import Any, Literal

import msgspec

State = Literal["released", "refused", "pending", "abandoned", "open"]
"""How a run stands: a release is one as soon as its manifest is frozen; `open` is a run that has not come to its decision."""

AboutKind = Literal["version", "run", "commit", "digest", "udi-di", "item", "component", "waiver"]


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of the values; subclasses repeat ``frozen, kw_only``."""


class RunSummary(Wire, frozen=True, kw_only=True):
    """One run in a line."""

    run: str
    product: str
    product_name: str
    version: str
    state: State
    commit: str
    opened_at: str
    released_at: str | None
    artifact: str | None
    sha256: str | None
    udi_di: str | None
    index: int
    """Log index of the record that opened it."""


class Event(Wire, frozen=True, kw_only=True):
    """One record of a run, for a timeline. `at` is when the ledger took it; the order is the index, never the clock."""

    index: int
    kind: str
    at: str
    who: str
    words: str


class Target(Wire, frozen=True, kw_only=True):
    """A place to which the release was deployed."""

    name: str
    environment: str
    switched_at: str
    is_current: bool
    """Whether no later deployment to the place is in the ledger."""
    replaced_by: str | None
    verdict: str | None
    """Of the newest check since; None if nobody looked."""
    reason: str | None
    checked_at: str | None


class Artifact(Wire, frozen=True, kw_only=True):
    name: str
    media_type: str
    size: int
    sha256: str


class Device(Wire, frozen=True, kw_only=True):
    """For a product with hardware."""

    models: str
    firmware_algorithm: str | None
    firmware_checksum: str | None
    calibration_path: str | None
    calibration_sha256: str | None


class What(Wire, frozen=True, kw_only=True):
    """What was built, and what became of it."""

    product: str
    product_name: str
    version: str
    safety_class: str
    udi_di: str | None
    state: State
    state_words: str
    released_at: str | None
    artifact: Artifact | None
    device: Device | None
    targets: tuple[Target, ...]


class Lock(Wire, frozen=True, kw_only=True):
    path: str
    sha256: str
    components: int


class Rebuild(Wire, frozen=True, kw_only=True):
    """The verdict over building twice; `words` say it, `claim_text` says under which conditions."""

    verdict: str
    claim: str
    words: str
    claim_text: str


class Vulnerability(Wire, frozen=True, kw_only=True):
    vulnerability: str
    component: str
    severity: str
    state: str
    justification: str | None


class Components(Wire, frozen=True, kw_only=True):
    """The third-party components."""

    total: int
    scopes: dict[str, int]
    licences_refused: tuple[str, ...]
    none_reason: str | None
    """Why there are none, where the product declares so."""
    evaluated: bool
    """Whether known vulnerabilities were looked up."""
    retrieved: str | None
    vulnerabilities: tuple[Vulnerability, ...]


class Environment(Wire, frozen=True, kw_only=True):
    """Where it was built."""

    sha256: str | None
    backend: str
    hermetic: bool
    tools: tuple[str, ...]


class FromWhat(Wire, frozen=True, kw_only=True):
    """From what it was built."""

    repository: str
    ref: str
    commit: str
    tree: str
    source_sha256: str
    committed_at: str
    locks: tuple[Lock, ...]
    components: Components | None
    environment: Environment | None
    rebuild: Rebuild | None


class Author(Wire, frozen=True, kw_only=True):
    name: str
    email: str
    commits: int


class ByWhom(Wire, frozen=True, kw_only=True):
    """Who wrote it, who ran the pipeline, whose key recorded it."""

    authors: tuple[Author, ...]
    committers: tuple[Author, ...]
    commits: int
    since: str | None
    """The release before; None for the first."""
    operator: str
    machine: str
    opened_at: str
    lotmark: str
    pipeline_key: str
    pipeline_key_since: int | None
    """Log index of its enrolment."""


class Layer(Wire, frozen=True, kw_only=True):
    """The last test run of a layer; `reported` False where the run expected one and none is recorded."""

    layer: str
    reported: bool
    expected: int = 0
    received: int = 0
    passed: int = 0
    failed: int = 0
    error: int = 0
    skipped: int = 0
    missing: int = 0
    unexpected: int = 0
    unstable: int = 0
    """Tests that failed before they passed."""
    excused: int = 0
    """Tests that did not pass and are in quarantine or waived: they count for nothing, and close no gate."""


class Covered(Wire, frozen=True, kw_only=True):
    """How many rows of one kind the matrix found verified."""

    kind: str
    total: int
    passed: int
    waived: int


class ReusedTests(Wire, frozen=True, kw_only=True):
    """Tests of one layer that did not run: the results of an earlier run, for the same artifacts, stand in."""

    layer: str
    run: str
    finished_at: str
    until: str
    tests: tuple[str, ...]


class QuarantinedTest(Wire, frozen=True, kw_only=True):
    """A test whose result counted for nothing; `uncovered` are items that nothing else covers."""

    test: str
    status: str
    reason: str
    owner: str
    expires: str
    uncovered: str


class RedForEnvironment(Wire, frozen=True, kw_only=True):
    """A red test with a declared cause in the environment."""

    test: str
    layer: str
    status: str
    cause: str


class LeftOutTest(Wire, frozen=True, kw_only=True):
    """A test that was not run, and why not."""

    test: str
    reason: str


class WaivedTest(Wire, frozen=True, kw_only=True):
    """A test that did not pass and that a waiver covers."""

    test: str
    status: str
    waiver: str


class Loss(Wire, frozen=True, kw_only=True):
    """What the release before covered and this one does not; with the waiver that accepts it, or the declaration that explains it."""

    item: str
    what: str
    waiver: str | None
    declared: str


class Gap(Wire, frozen=True, kw_only=True):
    """A row of the matrix that did not simply pass."""

    item: str
    kind: str
    title: str
    status: str


class Waiver(Wire, frozen=True, kw_only=True):
    """A signed exception; `standing` as of the day of asking."""

    waiver: str
    version: str | None
    tests: tuple[str, ...]
    items: tuple[str, ...]
    reason: str
    residual_risk: str
    owner: str
    name: str
    role: str
    signed_at: str
    zone: str
    expires: str
    standing: Literal["holds", "expired", "closed", "not counted"]
    standing_words: str
    index: int


class WithWhichTests(Wire, frozen=True, kw_only=True):
    """With which tests it was tested, and what stands on them."""

    layers: tuple[Layer, ...]
    covered: tuple[Covered, ...]
    gaps: tuple[Gap, ...]
    waivers: tuple[Waiver, ...]
    open_anomalies: tuple[str, ...]
    reused: tuple[ReusedTests, ...] = ()
    quarantined: tuple[QuarantinedTest, ...] = ()
    environment: tuple[RedForEnvironment, ...] = ()
    waived: tuple[WaivedTest, ...] = ()
    left_out: tuple[LeftOutTest, ...] = ()
    losses: tuple[Loss, ...] = ()


class Decision(Wire, frozen=True, kw_only=True):
    """What the policy said."""

    verdict: str
    criteria_met: int
    criteria: int
    unmet: tuple[str, ...]
    missing: tuple[str, ...]
    tier: str
    tier_reasons: tuple[str, ...]
    policy_sha256: str
    evaluated_at: str
    log_size: int
    index: int


class Signature(Wire, frozen=True, kw_only=True):
    """An electronic signature as it is shown (21 CFR 11.50): printed name, date and time, meaning; and whether it counts."""

    name: str
    person: str
    role: str
    meaning: str
    signed_at: str
    zone: str
    reason: str
    on_behalf_of: str | None
    standing: Literal["counted", "recorded", "rejection", "stale", "withdrawn", "foreign key", "not counted"]
    index: int


class RequiredSignature(Wire, frozen=True, kw_only=True):
    count: int
    role: str
    meaning: str


class UnderWhichApproval(Wire, frozen=True, kw_only=True):
    """Under which decision and whose signatures."""

    decision: Decision | None
    required: tuple[RequiredSignature, ...]
    signatures: tuple[Signature, ...]
    stage: str | None
    """How the approval stage tells it, where the run is not released."""


class FiveAnswers(Wire, frozen=True, kw_only=True):
    """What, from what, by whom, with which tests, under which approval."""

    what: What
    from_what: FromWhat
    by_whom: ByWhom
    with_which_tests: WithWhichTests
    under_which_approval: UnderWhichApproval


class ItemTest(Wire, frozen=True, kw_only=True):
    """A test that stands behind an item."""

    test: str
    layer: str
    category: str
    status: str
    waiver: str | None
    quarantined: bool = False
    environment: str = ""
    reused: str = ""


class ItemInRun(Wire, frozen=True, kw_only=True):
    """A requirement, hazard or control as one run found it."""

    run: RunSummary
    type: str
    title: str
    status: str
    fingerprint: str
    changed: bool
    """Whether its text differs from that in the run before (True in the first)."""
    verdict: str | None
    """Of the matrix; None where the matrix had no row for it."""
    tests: tuple[ItemTest, ...]
    links: tuple[str, ...]
    """Up and down, in words."""
    risk: str | None
    """For a hazard: level before and after control, and the judgement."""


class ComponentInRun(Wire, frozen=True, kw_only=True):
    """A component that is part of a run's product."""

    run: RunSummary
    purl: str
    name: str
    version: str
    scope: str
    licence: str | None
    targets: tuple[Target, ...]


class WaiverAnswer(Wire, frozen=True, kw_only=True):
    waiver: Waiver
    runs: tuple[RunSummary, ...]
    """The runs that made use of it."""


class About(Wire, frozen=True, kw_only=True):
    """What the question was understood to be about."""

    kind: AboutKind
    name: str
    words: str


class Proof(Wire, frozen=True, kw_only=True):
    """Where it stands in the log. The checkpoint's signature was verified with the log key that the asker trusts."""

    origin: str
    first: int
    last: int
    size: int
    root: str
    """Hex."""
    witnesses: int
    caveat: str


class Answers(Wire, frozen=True, kw_only=True):
    """The answer to a question: exactly one of `answers`, `items`, `components`, `waiver` is given."""

    question: str
    about: About
    run: str
    """The run that is spoken of; the newest that is concerned, for other questions than about a run."""
    answers: FiveAnswers | None = None
    items: tuple[ItemInRun, ...] = ()
    components: tuple[ComponentInRun, ...] = ()
    waiver: WaiverAnswer | None = None
    others: tuple[RunSummary, ...] = ()
    """Other runs that the question fits."""
    proof: Proof

    def to_wire(self) -> dict[str, Any]:
        """As JSON values (``schemas/answers.v1.json``)."""
        wire: dict[str, Any] = msgspec.to_builtins(self)
        return wire
