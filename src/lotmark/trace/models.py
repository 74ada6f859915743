"""Values of the trace room: items, links, markers, the graph and what is computed from it.

Everything here is plain data. Local identifiers (``REQ-007``) are used inside the graph; an id of another product keeps
its namespace (``pelican:SYS-004``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lotmark.base.findings import Finding, Location

Mappings = Mapping[str, str]
Value = str | tuple[str, ...] | Mappings
"""A front matter value: a scalar (always text), a flat list or a one-level mapping."""


@dataclass(frozen=True, slots=True)
class Level:
    """What must lie directly above an item (a link that it holds) or below it (an item that links to it).

    Above, one link of `links` to an item of `types` satisfies it; below, one item of `types` that links here by one of
    `links`. An empty tuple means any. `code` is the rule that says what is missing, `says` and `cure` its words where
    the general ones would not do (``{id}`` is the item's id).
    """

    links: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    code: str = "LM-TRC-039"
    says: str = ""
    cure: str = ""


@dataclass(frozen=True, slots=True)
class ItemType:
    """A type of item, as data.

    `keys` are the front matter keys beyond the common ones, `required` those that must stand there, `states` what
    `status` may be (empty: what the policy says). `category_suffix` lets ``software-requirement`` mean `requirement`
    with category ``software``.
    """

    name: str
    prefix: str
    title: str
    keys: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    needs_text: bool = True
    category_suffix: bool = False
    folder: str = "requirements"
    """Where new items of this type are written, below `quality/`."""
    states: tuple[str, ...] = ()
    above: tuple[Level, ...] = ()
    below: tuple[Level, ...] = ()
    reaches: frozenset[str] = frozenset()
    """Its links must lead on to an item of one of these types."""
    needs_test: bool = False
    """A test, a test case or an item of the same type must lie below it."""
    counts: bool = True
    """Whether an item of this type must be covered itself before what lies above it is."""
    detailed_by: str = ""
    """Items of this type below it hold the `required` keys in its place."""


@dataclass(frozen=True, slots=True)
class LinkType:
    """A link that points up: which types may carry it, and what it may point at."""

    name: str
    sources: frozenset[str]
    targets: frozenset[str]
    reverse: str
    """What the target says of the source: ``REQ-001 is refined by REQ-002``."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link from the item that holds it up to `target`, with the place where it stands."""

    type: str
    target: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the graph, as read.

    `text` is the normative statement with line ends and outer blank lines normalised. `attributes` are the type's own
    keys (``harm``, ``before``, ``kind`` ...). `fingerprint` is the hex SHA-256 over type, title, normative text and risk
    attributes; status, links and the informative sections leave it as it is.
    """

    id: str
    type: str
    category: str
    title: str
    status: str
    safety_class: str
    text: str
    links: tuple[Link, ...]
    attributes: Mapping[str, Value]
    sections: Mapping[str, str]
    """The informative sections: ``rationale``, ``verification``, ``notes``; absent ones are left out."""
    path: str
    line: int
    fingerprint: str
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict, compare=False, repr=False)
    aliases: tuple[str, ...] = ()
    """Other names of the item: its ids before a rename, or in another tool. Any text; each names one item."""

    @property
    def obsolete(self) -> bool:
        return self.status == "obsolete"

    @property
    def layers(self) -> tuple[str, ...]:
        """The test layers that the item asks for (``layers: [unit, validation]``)."""
        value = self.attributes.get("layers", ())
        return value if isinstance(value, tuple) else ()

    def where(self, key: str = "") -> Location:
        """The place of a front matter key; of the item where the key is absent."""
        line, column = self.places.get(key, (self.line, 1))
        return Location(self.path, line, column)

    def targets(self, *types: str) -> tuple[str, ...]:
        """What the links of these types (none given: of all) point at."""
        return tuple(link.target for link in self.links if not types or link.type in types)


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A known anomaly; severity 1 is the gravest."""

    id: str
    title: str
    severity: int
    status: str
    rationale: str
    affects: tuple[str, ...] = ()
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class RiskScale:
    """The words for severity and probability, weakest first, and the level of each pair.

    `matrix[s][p]` is an index into `levels` (weakest first). A risk at the first level may stay without control, one at
    the last is acceptable only where the benefit outweighs it.
    """

    severities: tuple[str, ...]
    probabilities: tuple[str, ...]
    levels: tuple[str, ...]
    matrix: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Risk:
    """An estimate: severity and probability as words of the scale, `level` empty where they are unknown."""

    severity: str = ""
    probability: str = ""
    level: str = ""


@dataclass(frozen=True, slots=True)
class Hazard:
    """The risk view of a hazard item (ISO 14971 words)."""

    id: str
    title: str
    hazardous_situation: str
    harm: str
    before: Risk
    after: Risk
    acceptable: bool | None
    """None where nobody has judged the residual risk."""
    rationale: str
    needs_control: bool
    """False only where the risk before control is at the first level and somebody accepted it with a rationale."""


class MarkerKind(StrEnum):
    """What a marker in a source says."""

    VERIFIES = "verifies"
    IMPLEMENTS = "implements"


@dataclass(frozen=True, slots=True)
class Marker:
    """A marker found in a source; `test_id` is the test (parametrised: its base id) or function that carries it."""

    test_id: str | None
    path: str
    line: int
    ids: tuple[str, ...]
    kind: MarkerKind


@dataclass(frozen=True, slots=True)
class DeclaredMarker:
    """An entry of ``quality/markers.yaml``: tests, named by globs over their ids, and what they verify."""

    tests: tuple[tuple[str, Location], ...]
    """Each glob with its place."""
    ids: tuple[str, ...]
    reason: str
    location: Location


@dataclass(frozen=True, slots=True)
class SourceTest:
    """A test that stands in the sources; `layer` is found from its path, empty where the path names none."""

    id: str
    path: str
    line: int
    layer: str


@dataclass(frozen=True, slots=True)
class SourceScan:
    """What the sources say: markers, tests, files that hold no text, and findings."""

    markers: tuple[Marker, ...] = ()
    tests: tuple[SourceTest, ...] = ()
    files: int = 0
    findings: tuple[Finding, ...] = ()

    @property
    def verifies(self) -> dict[str, tuple[str, ...]]:
        """Base test id -> ids that it verifies, each once, in the order found."""
        found: dict[str, dict[str, None]] = {}
        for marker in self.markers:
            if marker.kind is MarkerKind.VERIFIES and marker.test_id is not None:
                found.setdefault(marker.test_id, {}).update(dict.fromkeys(marker.ids))
        return {test: tuple(ids) for test, ids in found.items()}


@dataclass(frozen=True, slots=True)
class External:
    """An item of another product that links may name; what is not known of it is empty."""

    id: str
    """Canonical: ``pelican:SYS-SES-004``."""
    type: str = ""
    title: str = ""
    status: str = ""
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class TracePolicy:
    """What is asked of a graph, as data: the default of the room, or the default as `quality/trace.yaml` changes it."""

    types: Mapping[str, ItemType]
    links: Mapping[str, LinkType]
    states: frozenset[str]
    layers: Mapping[str, frozenset[str]]
    """Layer -> folder names in a test's path that mean it."""
    severities: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Rule code -> safety class (``A``, ``B``, ``C``) -> ``error``, ``warning``, ``info`` or ``off`` in place of the default."""
    externals: Mapping[str, External] = field(default_factory=dict)
    """Canonical id -> item of another product that links and markers may name."""


@dataclass(frozen=True, slots=True)
class TraceGraph:
    """The items of one product with their links both ways, what the sources say, and everything found while reading.

    `items` is in the order of the ids' paths; `up` and `down` hold only links between items that exist. An id that stands
    twice is represented by the first file, in path order, and is a finding.
    """

    product: str
    items: Mapping[str, Item]
    up: Mapping[str, tuple[str, ...]]
    down: Mapping[str, tuple[str, ...]]
    verified_by: Mapping[str, tuple[str, ...]]
    """Item id -> ids of the tests whose markers, or those that `declared` gives them, name it."""
    anomalies: tuple[Anomaly, ...]
    anomalies_declared: bool
    """Whether `quality/anomalies.yaml` stands there and could be read: no list is not an empty list."""
    scale: RiskScale
    sources: SourceScan
    """With the markers that `declared` gives to the tests that are known so far."""
    findings: tuple[Finding, ...]
    declared: tuple[DeclaredMarker, ...] = ()
    ran_in: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Test id -> layers that report or list it; see `mark_tests`."""
    results_known: bool = False
    """Whether every layer has reported, so that a test that is not known by now does not exist."""
    policy: TracePolicy = field(kw_only=True)
    """The types, links and rules that hold for this product."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Alias -> id of the item that bears it. Links, markers and anomalies of the graph name ids only."""

    def of_type(self, *types: str) -> tuple[Item, ...]:
        """The items of these types that are not obsolete."""
        return tuple(item for item in self.items.values() if item.type in types and not item.obsolete)

    def below(self, item_id: str, *types: str) -> tuple[Item, ...]:
        """The items, not obsolete, that link directly to this one; only of these types where given."""
        found = (self.items[below] for below in self.down.get(item_id, ()))
        return tuple(item for item in found if not item.obsolete and (not types or item.type in types))


@dataclass(frozen=True, slots=True)
class Impact:
    """What a change touches, each in graph order.

    `below` derives from a changed item and may no longer fit it; `above` is what the changed items serve (controls,
    hazards, needs) and is to be verified again; `tests` are the base ids that verify any of these.
    """

    changed: tuple[str, ...]
    below: tuple[str, ...]
    above: tuple[str, ...]
    tests: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChangedItems:
    """Items whose fingerprint differs between two states, sorted."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        return tuple(sorted((*self.new, *self.changed, *self.removed)))


class CoverageStatus(StrEnum):
    """Whether results cover an item; there is nothing between."""

    COVERED = "covered"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class Coverage:
    """The roll-up of an item: its own tests with their statuses, the items below that count, and why it is incomplete."""

    id: str
    status: CoverageStatus
    tests: tuple[tuple[str, str], ...]
    below: tuple[str, ...]
    reasons: tuple[str, ...]

    @property
    def covered(self) -> bool:
        return self.status is CoverageStatus.COVERED


@dataclass(frozen=True, slots=True)
class CoverageSummary:
    """The numbers of a snapshot, over requirements that are not obsolete."""

    requirements: int
    with_risk_or_need: int
    with_test: int
    verified: int
