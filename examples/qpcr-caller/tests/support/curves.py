"""Curves whose Ct is known before they are drawn, and plates made of them.

Nothing here comes from the product: a curve is the logistic ``amplitude / (1 + exp((midpoint - cycle) / width))`` on a
line, and its midpoint is solved for the wanted Ct in closed form.
"""

import math
from collections.abc import Mapping
from random import Random

CYCLES = 45
THRESHOLD = 150.0
INTERNAL_THRESHOLD = 100.0


def draw(
    ct: float | None,
    *,
    growth: float = 2.0,
    amplitude: float = 3000.0,
    threshold: float = THRESHOLD,
    level: float = 1000.0,
    slope: float = 2.0,
    noise: float = 0.0,
    random: Random | None = None,
) -> tuple[float, ...]:
    """A curve that crosses `threshold` above its baseline at `ct`; without one, the baseline alone."""
    width = 1 / math.log(growth)
    midpoint = math.inf if ct is None else ct + width * math.log(amplitude / threshold - 1)
    random = random or Random(1)
    curve = []
    for cycle in range(1, CYCLES + 1):
        signal = 0.0 if ct is None else amplitude / (1 + math.exp((midpoint - cycle) / width))
        curve.append(level + slope * cycle + signal + (random.gauss(0, noise) if noise else 0.0))
    return tuple(curve)


def internal(ct: float | None = 29.0) -> tuple[float, ...]:
    """The internal control's curve."""
    return draw(ct, amplitude=2000.0, threshold=INTERNAL_THRESHOLD, level=700.0)


Curves = Mapping[str, tuple[float, ...]]


def plate_csv(wells: Mapping[str, tuple[str, str, Curves]]) -> str:
    """A plate file from position -> (sample, role, dye -> curve)."""
    lines = ["well,sample,role,channel,cycle,fluorescence"]
    for position, (sample, role, curves) in wells.items():
        for dye, curve in curves.items():
            lines += [f"{position},{sample},{role},{dye},{cycle},{value:.3f}" for cycle, value in enumerate(curve, 1)]
    return "\n".join(lines) + "\n"


def well(sample: str, role: str, target: float | None, internal_ct: float | None = 29.0) -> tuple[str, str, Curves]:
    """A well for `plate_csv` from its two Ct values."""
    return sample, role, {"FAM": draw(target), "HEX": internal(internal_ct)}


CONTROLS = {"A01": well("PTC", "ptc", 27.0), "A02": well("NTC", "ntc", None)}
