"""The YAML files of the room as types: `quality/anomalies.yaml`, `quality/markers.yaml`, `quality/risks/*.yaml`.

The JSON Schemas for editors are generated from these types (``schemas/``), so schema and reader cannot disagree.
"""

from typing import Annotated, Literal

import msgspec

from lotmark.product.models import NonEmpty, Section

Word = NonEmpty | Annotated[int, msgspec.Meta(ge=1)]
"""A word of the scale, or its rank from 1 (weakest)."""


class AnomalySection(Section, frozen=True, kw_only=True):
    """A known anomaly of the product (IEC 62304, 5.8.2 and 9)."""

    id: NonEmpty
    title: NonEmpty
    severity: Annotated[int, msgspec.Meta(ge=1, le=4)]
    """1 is the gravest."""
    status: Literal["open", "closed"]
    rationale: NonEmpty
    """Why the product may be released with it, or how it was closed."""
    affects: tuple[NonEmpty, ...] = ()
    """Ids of items that it touches."""


class AnomalyFile(Section, frozen=True, kw_only=True):
    """`quality/anomalies.yaml`, whole."""

    anomalies: list[AnomalySection]


class MarkerSection(Section, frozen=True, kw_only=True):
    """Tests that verify something and do not say so themselves, because their sources belong to somebody else."""

    tests: Annotated[list[NonEmpty], msgspec.Meta(min_length=1)]
    """Globs over test ids: those of the sources, of the list commands and of the results."""
    verifies: Annotated[list[NonEmpty], msgspec.Meta(min_length=1)]
    """Ids of items."""
    reason: NonEmpty
    """Why these tests verify these items, for whoever reviews the claim."""


class MarkerFile(Section, frozen=True, kw_only=True):
    """`quality/markers.yaml`, whole."""

    markers: list[MarkerSection]


class EstimateSection(Section, frozen=True, kw_only=True):
    """Severity and probability of harm."""

    severity: Word
    probability: Word


class ResidualRiskSection(Section, frozen=True, kw_only=True):
    """The judgement of the residual risk (ISO 14971:2019, 7.3)."""

    acceptable: bool
    rationale: str = ""


class HazardSection(Section, frozen=True, kw_only=True):
    """A hazard, as in a front matter; `text` is the body."""

    id: NonEmpty
    title: NonEmpty
    hazardous_situation: NonEmpty
    harm: NonEmpty
    before: EstimateSection
    after: EstimateSection
    residual_risk: ResidualRiskSection
    status: str = ""
    safety_class: str = ""
    owner: str = ""
    layers: tuple[NonEmpty, ...] = ()
    text: str = ""


class ControlSection(Section, frozen=True, kw_only=True):
    """A risk control, as in a front matter; `text` is the normative statement."""

    id: NonEmpty
    title: NonEmpty
    kind: Literal["inherent", "protective", "information"]
    mitigates: tuple[NonEmpty, ...] = ()
    text: NonEmpty
    status: str = ""
    safety_class: str = ""
    owner: str = ""
    layers: tuple[NonEmpty, ...] = ()


class ScaleSection(Section, frozen=True, kw_only=True):
    """The product's own words for severity, probability and level, weakest first."""

    severities: Annotated[list[NonEmpty], msgspec.Meta(min_length=2, max_length=10)]
    probabilities: Annotated[list[NonEmpty], msgspec.Meta(min_length=2, max_length=10)]
    levels: Annotated[list[NonEmpty], msgspec.Meta(min_length=2, max_length=10)]
    matrix: list[list[NonEmpty]]
    """One row per severity, one level per probability in it."""


class RiskFile(Section, frozen=True, kw_only=True):
    """A YAML file below `quality/risks/`: the scale, hazards and risk controls, each optional."""

    scale: ScaleSection | None = None
    hazards: tuple[HazardSection, ...] = ()
    controls: tuple[ControlSection, ...] = ()
