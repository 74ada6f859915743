"""The types, links and scale that hold where a product says nothing else. Data, no behaviour.

A product changes them in `quality/trace.yaml` (`lotmark.trace._model_file`). A requirement's `category` is free text with
known words; the words of risk management are those of ISO 14971:2019, the scale is the example of ISO/TR 24971:2020, 5.5;
software items, SOUP and changes are those of IEC 62304:2006+A1:2015, threats those of IEC 81001-5-1:2021, 7.2.
"""

from typing import Final

from lotmark.trace.models import ItemType, Level, LinkType, RiskScale, TracePolicy

COMMON_KEYS: Final = frozenset({"id", "type", "title", "status", "owner", "source", "aliases"})
"""Keys of every item; ``safety-class`` is one too, and as a risk attribute it enters the fingerprint."""
EXTENSION: Final = "x-"
"""Keys that start so belong to somebody else: kept, never checked, outside the fingerprint."""
EXTENSION_SECTION: Final = "extension: "
"""Sections whose heading starts so (``## Extension: component``), likewise, for texts of several lines."""
CONTROL_KINDS: Final = ("inherent", "protective", "information")
SECTIONS: Final = ("rationale", "verification", "notes")
SAFETY_CLASSES: Final = ("A", "B", "C")
FOLDERS: Final = ("requirements", "risks", "architecture", "tests", "anomalies", "changes", "soup", "releases")
"""The folders of `quality/` that hold items. What a file is, its type says; the first two must not be empty."""

_ESTIMATES: Final = frozenset({"harm", "before", "after", "residual-risk"})

_TYPES: Final = (
    ItemType(
        "user-need",
        "UN",
        "user need",
        below=(
            Level(
                types=("requirement", "user-need"),
                code="LM-TRC-031",
                says="no requirement derives from the user need",
                cure="write 'derives: [{id}]' into the requirement that fulfils it",
            ),
        ),
    ),
    ItemType(
        "requirement",
        "REQ",
        "requirement",
        keys=frozenset({"category", "layers"}),
        category_suffix=True,
        above=(
            Level(
                links=("derives", "refines", "implements"),
                code="LM-TRC-030",
                says="the requirement has no origin: it derives from, refines and implements nothing",
                cure="link it: derives: [UN-..], refines: [REQ-..] or implements: [RC-..]",
            ),
        ),
        reaches=frozenset({"user-need", "hazard", "threat"}),
        needs_test=True,
    ),
    ItemType(
        "software-item",
        "SI",
        "software item",
        keys=frozenset({"layers"}),
        required=frozenset({"safety-class"}),
        folder="architecture",
        above=(Level(links=("part-of", "satisfies")),),
        counts=False,
    ),
    ItemType(
        "hazard",
        "HAZ",
        "hazard",
        keys=_ESTIMATES | {"hazardous-situation", "layers"},
        required=_ESTIMATES | {"hazardous-situation"},
        needs_text=False,
        folder="risks",
        detailed_by="hazardous-situation",
    ),
    ItemType(
        "hazardous-situation",
        "HS",
        "hazardous situation",
        keys=_ESTIMATES | {"layers"},
        required=_ESTIMATES,
        needs_text=False,
        folder="risks",
        above=(Level(links=("arises-from",)),),
    ),
    ItemType(
        "risk-control",
        "RC",
        "risk control",
        keys=frozenset({"kind", "layers"}),
        required=frozenset({"kind"}),
        folder="risks",
        above=(Level(links=("mitigates",), code="LM-TRC-034", says="the risk control mitigates no hazard", cure="write 'mitigates: [HAZ-..]'"),),
        below=(
            Level(
                types=("requirement",),
                code="LM-TRC-033",
                says="no requirement implements the risk control",
                cure="write 'implements: [{id}]' into the requirement that does",
            ),
        ),
    ),
    ItemType(
        "threat",
        "THR",
        "threat",
        keys=_ESTIMATES | {"category", "layers"},
        folder="risks",
        below=(Level(types=("risk-control", "requirement")),),
    ),
    ItemType("test-case", "TC", "test case", keys=frozenset({"layer"}), needs_text=False, folder="tests"),
    ItemType("study", "ST", "study", keys=frozenset({"protocol"}), folder="tests", above=(Level(links=("validates",)),), counts=False),
    ItemType(
        "anomaly",
        "ANO",
        "anomaly",
        keys=frozenset({"severity"}),
        required=frozenset({"severity"}),
        folder="anomalies",
        states=("open", "closed", "obsolete"),
        counts=False,
    ),
    ItemType(
        "change",
        "CHG",
        "change",
        folder="changes",
        states=("draft", "proposed", "approved", "implemented", "rejected", "obsolete"),
        above=(Level(links=("changes", "resolves")),),
        counts=False,
    ),
    ItemType(
        "soup",
        "SOUP",
        "SOUP item",
        keys=frozenset({"manufacturer", "version", "purl"}),
        required=frozenset({"manufacturer", "version"}),
        folder="soup",
        counts=False,
    ),
    ItemType("release", "REL", "release", keys=frozenset({"version"}), required=frozenset({"version"}), needs_text=False, folder="releases", counts=False),
)

_RISKS: Final = frozenset({"hazard", "hazardous-situation", "threat"})
_DESIGN: Final = frozenset({"user-need", "requirement", "software-item", "risk-control", "soup"})
_LINKS: Final = (
    LinkType("derives", frozenset({"requirement"}), frozenset({"user-need", "requirement"}), "derived by"),
    LinkType("refines", frozenset({"requirement", "user-need"}), frozenset({"requirement", "user-need"}), "refined by"),
    LinkType("implements", frozenset({"requirement"}), frozenset({"risk-control"}), "implemented by"),
    LinkType("satisfies", frozenset({"software-item"}), frozenset({"requirement"}), "satisfied by"),
    LinkType("part-of", frozenset({"software-item", "soup"}), frozenset({"software-item"}), "contains"),
    LinkType("arises-from", frozenset({"hazardous-situation"}), frozenset({"hazard"}), "leads to"),
    LinkType("contributes-to", frozenset({"threat", "anomaly", "soup"}), frozenset({"hazard", "hazardous-situation"}), "contributed to by"),
    LinkType("mitigates", frozenset({"risk-control"}), _RISKS, "mitigated by"),
    LinkType("verifies", frozenset({"test-case"}), frozenset({"requirement", "user-need", "risk-control", "software-item"}) | _RISKS, "verified by"),
    LinkType("validates", frozenset({"study", "test-case"}), frozenset({"user-need", "requirement"}), "validated by"),
    LinkType("affects", frozenset({"anomaly"}), _DESIGN | _RISKS | {"test-case", "study"}, "affected by"),
    LinkType("changes", frozenset({"change"}), _DESIGN | _RISKS | {"test-case", "study"}, "changed by"),
    LinkType("resolves", frozenset({"change"}), frozenset({"anomaly"}), "resolved by"),
    LinkType("includes", frozenset({"release"}), frozenset({"change", "anomaly", "requirement", "software-item", "soup"}), "included in"),
)

_WARNS_FOR_CLASS_A: Final = {"A": "warning"}

DEFAULT_POLICY: Final = TracePolicy(
    types={kind.name: kind for kind in _TYPES},
    links={link.name: link for link in _LINKS},
    states=frozenset({"draft", "proposed", "approved", "obsolete"}),
    layers={
        "unit": frozenset({"unit", "contract"}),
        "integration": frozenset({"integration"}),
        "validation": frozenset({"validation", "acceptance", "system", "e2e"}),
    },
    severities={"LM-TRC-034": _WARNS_FOR_CLASS_A, "LM-TRC-035": _WARNS_FOR_CLASS_A},
)

DEFAULT_SCALE: Final = RiskScale(
    severities=("negligible", "minor", "serious", "critical", "catastrophic"),
    probabilities=("improbable", "remote", "occasional", "probable", "frequent"),
    levels=("low", "medium", "high"),
    matrix=(
        (0, 0, 0, 0, 1),
        (0, 0, 1, 1, 1),
        (0, 1, 1, 2, 2),
        (1, 1, 2, 2, 2),
        (1, 1, 2, 2, 2),
    ),
)
"""Rows are severities, columns probabilities."""
