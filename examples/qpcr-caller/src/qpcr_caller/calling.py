"""From one curve to its call: amplified or not, and at which Ct."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean

from qpcr_caller.assay import Assay, Channel
from qpcr_caller.baseline import fit_baseline, subtract
from qpcr_caller.logistic import Logistic, fit_logistic

SUSTAINED = 3
"""Cycles in a row above the threshold that make a crossing; a spike makes none."""


class State(StrEnum):
    """What a curve shows."""

    AMPLIFIED = "amplified"
    LATE = "late"
    ATYPICAL = "atypical"
    """Above the threshold, but not in the way of a PCR."""
    NONE = "none"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True)
class Call:
    """A curve's state, its Ct where it crosses the threshold, and the reason in words where it is not plain."""

    state: State
    ct: float | None = None
    reason: str = ""


def call_curve(values: Sequence[float], channel: Channel, assay: Assay) -> Call:
    """Calls one curve. Never guesses: what is not clearly a PCR curve is atypical, what cannot be read unusable."""
    if max(values) >= channel.saturation:
        return Call(State.UNUSABLE, reason=f"{channel.dye} is saturated")
    baseline = fit_baseline(values, channel)
    if baseline.noise > channel.maximum_noise:
        return Call(State.UNUSABLE, reason=f"{channel.dye} is too noisy: {baseline.noise:.1f} RFU about the baseline")
    curve = subtract(values, baseline)
    crossing = find_crossing(curve, channel.threshold)
    if crossing is None:
        return Call(State.NONE)
    ct = interpolate(curve, crossing, channel.threshold)
    if min(curve[crossing - 1 :]) < channel.threshold:
        return Call(State.ATYPICAL, ct, f"{channel.dye} falls below the threshold again")
    if ct > assay.late_ct:
        return Call(State.LATE, ct, f"{channel.dye} rises only after cycle {assay.late_ct:.0f}")
    flaw = _find_flaw(fit_logistic(curve[: find_plateau(curve)]), channel, assay)
    return Call(State.ATYPICAL, ct, flaw) if flaw else Call(State.AMPLIFIED, ct)


def find_crossing(curve: Sequence[float], threshold: float) -> int | None:
    """The first cycle of a sustained stay above the threshold, after a cycle below it."""
    for cycle in range(2, len(curve) + 1):
        if curve[cycle - 2] < threshold <= min(curve[cycle - 1 : cycle - 1 + SUSTAINED]):
            return cycle
    return None


def interpolate(curve: Sequence[float], crossing: int, threshold: float) -> float:
    """The fractional cycle at the threshold: linear in the logarithm, where exponential growth is a straight line.

    Linear in the signal if the cycle before lies at or under zero, which has no logarithm.
    """
    before, after = curve[crossing - 2], curve[crossing - 1]
    if before > 0:
        before, after, threshold = math.log(before), math.log(after), math.log(threshold)
    return crossing - 1 + (threshold - before) / (after - before)


def find_plateau(curve: Sequence[float]) -> int:
    """The cycle of the highest smoothed signal. What comes after it (a sagging plateau) says nothing about the rise."""
    smooth = [fmean(curve[max(0, i - 1) : i + 2]) for i in range(len(curve))]
    return max(range(len(smooth)), key=smooth.__getitem__) + 1


def _find_flaw(fit: Logistic, channel: Channel, assay: Assay) -> str:
    """What speaks against a PCR curve, or nothing."""
    least, most = assay.growth
    if fit.growth > 10:
        return f"{channel.dye} jumps instead of growing"
    if not least <= fit.growth <= most:
        return f"{channel.dye} grows {fit.growth:.2f}-fold per cycle, outside {least} to {most}"
    if fit.amplitude < channel.minimum_amplitude:
        return f"{channel.dye} rises by only {fit.amplitude:.0f} RFU"
    if fit.r_squared < assay.minimum_r_squared:
        return f"{channel.dye} does not follow an amplification curve"
    return ""
