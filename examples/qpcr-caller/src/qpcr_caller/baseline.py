"""Baseline: the fluorescence that a reaction would show without amplification, and its removal.

A straight line through the cycles before amplification. The window ends well before the curve takes off, however early
that is: a window that reaches into the rise tilts the line and eats the signal of the strongest specimens (HAZ-004).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from qpcr_caller.assay import Channel

GAP = 9
"""Cycles between the window's end and the maximum of the second derivative: there the signal is well below 1 % of its plateau."""
LINE = 6
"""Least number of cycles for a sloped line; fewer give a level."""
LEVEL = 3
"""Least number of cycles for a level."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The line ``level + slope * cycle``, from cycle `start` to `end`, and the scatter about it."""

    start: int
    end: int
    level: float
    slope: float
    noise: float

    def at(self, cycle: float) -> float:
        return self.level + self.slope * cycle


def find_take_off(values: Sequence[float], tolerance: float) -> int | None:
    """The cycle where the curve bends upward most (maximum of the second derivative).

    None if the curve stays within `tolerance` of the straight line between its ends: then it drifts at most, and the
    bend is noise.
    """
    smooth = [fmean(values[max(0, i - 1) : i + 2]) for i in range(len(values))]
    drift = (smooth[-1] - smooth[0]) / (len(smooth) - 1)
    if max(abs(value - smooth[0] - drift * i) for i, value in enumerate(smooth)) < tolerance:
        return None
    bends = [after - 2 * here + before for before, here, after in zip(smooth, smooth[1:], smooth[2:], strict=False)]
    return max(range(len(bends)), key=bends.__getitem__) + 2


def fit_baseline(values: Sequence[float], channel: Channel) -> Baseline:
    """The baseline of a curve by least squares over the channel's window, shortened for early amplification."""
    start, end = channel.baseline_start, channel.baseline_end
    take_off = find_take_off(values, channel.threshold)
    if take_off is not None and take_off - GAP < end:
        end = take_off - GAP
    if end - start + 1 >= LINE:
        return _fit_line(values, start, end)
    end = max(LEVEL, end)
    window = values[:end]
    level = fmean(window)
    return Baseline(1, end, level, 0.0, _scatter([value - level for value in window], 1))


def _fit_line(values: Sequence[float], start: int, end: int) -> Baseline:
    cycles = range(start, end + 1)
    window = values[start - 1 : end]
    middle, height = fmean(cycles), fmean(window)
    slope = sum((c - middle) * (v - height) for c, v in zip(cycles, window, strict=True)) / sum((c - middle) ** 2 for c in cycles)
    level = height - slope * middle
    return Baseline(start, end, level, slope, _scatter([v - level - slope * c for c, v in zip(cycles, window, strict=True)], 2))


def _scatter(residuals: Sequence[float], parameters: int) -> float:
    return math.sqrt(sum(r * r for r in residuals) / (len(residuals) - parameters))


def subtract(values: Sequence[float], baseline: Baseline) -> tuple[float, ...]:
    """The curve above its baseline."""
    return tuple(value - baseline.at(cycle) for cycle, value in enumerate(values, 1))
