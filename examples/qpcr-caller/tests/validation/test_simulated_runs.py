"""Robustness under instrument noise: thousands of simulated reactions. Expensive, and so run for releases and changes of the calculation."""

import math
from random import Random

import pytest
from qpcr_caller.assay import PERTUSSIS
from qpcr_caller.calling import State, call_curve
from support.curves import draw

REACTIONS = 1500
NOISE = 5.0
"""RFU, the instrument's specification."""


def wilson_lower(hits: int, trials: int, z: float = 1.96) -> float:
    """Lower end of the 95 % confidence interval of a proportion (Wilson score)."""
    p = hits / trials
    return (p + z * z / (2 * trials) - z * math.sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials))) / (1 + z * z / trials)


@pytest.mark.expensive
@pytest.mark.verifies("REQ-003", "REQ-011", "RC-003")
def test_noisy_positives_are_called_at_their_ct() -> None:
    random = Random(1481)
    hits = 0
    for _ in range(REACTIONS):
        ct, growth = random.uniform(10, 37), random.uniform(1.75, 2.1)
        curve = draw(ct, growth=growth, amplitude=random.uniform(1500, 6000), slope=random.uniform(-2, 4), noise=NOISE, random=random)
        call = call_curve(curve, PERTUSSIS.target, PERTUSSIS)
        hits += call.state is State.AMPLIFIED and call.ct is not None and abs(call.ct - ct) <= 0.5
    assert wilson_lower(hits, REACTIONS) >= 0.99


@pytest.mark.expensive
@pytest.mark.verifies("REQ-003", "REQ-010", "RC-003")
def test_noisy_negatives_never_amplify() -> None:
    random = Random(1482)
    states = [call_curve(draw(None, slope=random.uniform(-4, 6), noise=NOISE, random=random), PERTUSSIS.target, PERTUSSIS).state for _ in range(REACTIONS)]
    assert State.AMPLIFIED not in states
    assert wilson_lower(states.count(State.NONE), REACTIONS) >= 0.99
