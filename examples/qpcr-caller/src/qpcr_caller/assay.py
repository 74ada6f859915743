"""The assay: every number that the medical decision rests on, in one place.

An assay is part of the released software. There is no option and no file to change it with (RC-007); a new revision
is a new release. Its digest stands in every report.
"""

import hashlib
import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Channel:
    """One dye: how its curves are corrected and when they count as amplified."""

    dye: str
    threshold: float
    """Fluorescence above baseline at which Ct is read, in RFU."""
    minimum_amplitude: float
    """Smallest rise from baseline to plateau of a true amplification, in RFU."""
    maximum_noise: float
    """Largest standard deviation about the baseline with which a curve is usable, in RFU."""
    baseline_start: int = 3
    baseline_end: int = 15
    """First and last cycle of the baseline window, unless amplification begins inside it."""
    saturation: float = 60000.0
    """Reading at which the detector no longer follows the signal, in RFU."""


@dataclass(frozen=True, slots=True)
class Assay:
    """One target with an internal control, and the limits that decide a result."""

    id: str
    revision: int
    name: str
    cycles: int
    target: Channel
    internal: Channel
    late_ct: float
    """A target Ct above this is late: too near the limit of detection for a result from one reaction."""
    internal_ct: tuple[float, float]
    """Range of the internal control's Ct in a reaction that was neither inhibited nor short of control."""
    positive_control_ct: tuple[float, float]
    suppression_ct: float
    """Up to this target Ct a strong target may use up the reagents and so suppress the internal control."""
    growth: tuple[float, float] = (1.6, 2.3)
    """Growth per cycle that PCR can show: 2.0 is doubling, more is an artefact, less is drift."""
    minimum_r_squared: float = 0.98
    """Least share of a curve's variance that the logistic model must explain."""

    @property
    def sha256(self) -> str:
        """Digest of all settings, in hex."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


PERTUSSIS = Assay(
    id="pertussis-is481",
    revision=3,
    name="Bordetella pertussis IS481 with exogenous internal control",
    cycles=45,
    target=Channel(dye="FAM", threshold=150.0, minimum_amplitude=600.0, maximum_noise=12.0),
    internal=Channel(dye="HEX", threshold=100.0, minimum_amplitude=400.0, maximum_noise=12.0),
    # IS481 stands 50 to 250 times in the genome, so traces of environmental DNA amplify late (HAZ-005).
    late_ct=38.0,
    internal_ct=(24.0, 34.0),
    positive_control_ct=(24.0, 30.0),
    suppression_ct=30.0,
)
