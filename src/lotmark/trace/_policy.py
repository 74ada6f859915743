"""The types, links and scale that hold where a product says nothing else. Data, no behaviour.

A requirement's `category` is free text with known words; the words of risk management are those of ISO 14971:2019, the
scale is the example of ISO/TR 24971:2020, 5.5.
"""

from typing import Final

from lotmark.trace.models import ItemType, LinkType, RiskScale, TracePolicy

COMMON_KEYS: Final = frozenset({"id", "type", "title", "status", "owner", "source"})
"""Keys of every item; ``safety-class`` is one too, and as a risk attribute it enters the fingerprint."""
CONTROL_KINDS: Final = ("inherent", "protective", "information")
SECTIONS: Final = ("rationale", "verification", "notes")
SAFETY_CLASSES: Final = ("A", "B", "C")

_TYPES: Final = (
    ItemType("user-need", "UN", "user need"),
    ItemType("requirement", "REQ", "requirement", keys=frozenset({"category", "layers"}), category_suffix=True),
    ItemType(
        "hazard",
        "HAZ",
        "hazard",
        keys=frozenset({"hazardous-situation", "harm", "before", "after", "residual-risk", "layers"}),
        required=frozenset({"hazardous-situation", "harm", "before", "after", "residual-risk"}),
        needs_text=False,
    ),
    ItemType("risk-control", "RC", "risk control", keys=frozenset({"kind", "layers"}), required=frozenset({"kind"})),
    ItemType("test-case", "TC", "test case", keys=frozenset({"layer"}), needs_text=False),
)

_LINKS: Final = (
    LinkType("derives", frozenset({"requirement"}), frozenset({"user-need", "requirement"}), "derived by"),
    LinkType("refines", frozenset({"requirement", "user-need"}), frozenset({"requirement", "user-need"}), "refined by"),
    LinkType("implements", frozenset({"requirement"}), frozenset({"risk-control"}), "implemented by"),
    LinkType("mitigates", frozenset({"risk-control"}), frozenset({"hazard"}), "mitigated by"),
    LinkType("verifies", frozenset({"test-case"}), frozenset({"requirement", "risk-control", "hazard", "user-need"}), "verified by"),
)

DEFAULT_POLICY: Final = TracePolicy(
    types={kind.name: kind for kind in _TYPES},
    links={link.name: link for link in _LINKS},
    states=frozenset({"draft", "proposed", "approved", "obsolete"}),
    layers={
        "unit": frozenset({"unit", "contract"}),
        "integration": frozenset({"integration"}),
        "validation": frozenset({"validation", "acceptance", "system", "e2e"}),
    },
    relaxed_for_class_a=frozenset({"LM-TRC-034", "LM-TRC-035"}),
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
