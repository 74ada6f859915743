"""From curve to call: Ct, and everything that is not a clean amplification."""

import math
from random import Random

import pytest
from qpcr_caller.assay import PERTUSSIS
from qpcr_caller.calling import Call, State, call_curve, find_crossing, find_plateau, interpolate
from support.curves import draw

FAM = PERTUSSIS.target


def call(values: tuple[float, ...] | list[float]) -> Call:
    return call_curve(values, FAM, PERTUSSIS)


@pytest.mark.verifies("REQ-010")
def test_interpolation_is_exact_for_exponential_growth() -> None:
    ct = 21.37
    curve = [100.0 * 1.9 ** (cycle - ct) for cycle in range(1, 46)]
    crossing = find_crossing(curve, 100.0)
    assert crossing == 22
    assert interpolate(curve, crossing, 100.0) == pytest.approx(ct, abs=1e-12)


@pytest.mark.verifies("REQ-010")
def test_interpolation_is_linear_from_below_zero() -> None:
    assert interpolate([-50.0, 150.0], 2, 50.0) == pytest.approx(1.5)


@pytest.mark.verifies("REQ-010")
def test_crossing_must_be_sustained() -> None:
    spike = [0.0] * 20 + [500.0, 500.0] + [0.0] * 23
    assert find_crossing(spike, 100.0) is None
    assert find_crossing([0.0] * 20 + [500.0] * 25, 100.0) == 21
    assert find_crossing([0.0] * 44 + [500.0], 100.0) == 45


@pytest.mark.verifies("REQ-010")
def test_flat_curve_is_not_amplified() -> None:
    assert call(draw(None)) == Call(State.NONE)
    assert call(draw(None, slope=6.0, noise=5.0, random=Random(3))) == Call(State.NONE)


@pytest.mark.verifies("REQ-010")
def test_clean_curve_is_amplified() -> None:
    result = call(draw(26.4))
    assert result.state is State.AMPLIFIED
    assert result.ct == pytest.approx(26.4, abs=0.02)
    assert result.reason == ""


@pytest.mark.verifies("REQ-011", "RC-003")
def test_jump_of_a_bubble_is_atypical() -> None:
    values = [v + (2000.0 if cycle >= 25 else 0.0) for cycle, v in enumerate(draw(None), 1)]
    result = call(values)
    assert result.state is State.ATYPICAL
    assert result.reason == "FAM jumps instead of growing"


@pytest.mark.verifies("REQ-011", "RC-003")
@pytest.mark.parametrize("growth", [1.5, 2.6])
def test_growth_that_pcr_cannot_show_is_atypical(growth: float) -> None:
    result = call(draw(28.0, growth=growth))
    assert result.state is State.ATYPICAL
    assert "-fold per cycle, outside 1.6 to 2.3" in result.reason


@pytest.mark.verifies("REQ-011", "RC-003")
def test_evaporation_drift_is_atypical() -> None:
    values = [v + 0.9 * max(0, cycle - 15) ** 2 for cycle, v in enumerate(draw(None), 1)]
    assert call(values).state is State.ATYPICAL


@pytest.mark.verifies("REQ-011", "RC-003")
def test_small_rise_is_atypical() -> None:
    result = call(draw(30.0, amplitude=400.0))
    assert result == Call(State.ATYPICAL, result.ct, "FAM rises by only 400 RFU")


@pytest.mark.verifies("REQ-011", "RC-003")
def test_curve_that_falls_back_is_atypical() -> None:
    values = list(draw(25.0))
    values[38:] = draw(None)[38:]
    assert call(values) == Call(State.ATYPICAL, pytest.approx(25.0, abs=0.1), "FAM falls below the threshold again")


@pytest.mark.verifies("REQ-011", "RC-003")
def test_curve_of_another_shape_is_atypical() -> None:
    steps = [v + 700.0 * (cycle >= 20) + 900.0 * (cycle >= 28) + 1200.0 * (cycle >= 37) for cycle, v in enumerate(draw(None), 1)]
    assert call(steps).state is State.ATYPICAL


@pytest.mark.verifies("REQ-012", "RC-005")
@pytest.mark.parametrize(("ct", "state"), [(37.8, State.AMPLIFIED), (38.2, State.LATE), (41.0, State.LATE), (44.5, State.LATE)])
def test_late_amplification_is_told_apart(ct: float, state: State) -> None:
    result = call(draw(ct))
    assert result.state is state
    assert result.ct == pytest.approx(ct, abs=0.05)


@pytest.mark.verifies("REQ-013")
def test_sagging_plateau_leaves_the_call_alone() -> None:
    clean = draw(20.0)
    sagging = [v * (1 - 0.008 * max(0, cycle - 30)) for cycle, v in enumerate(clean, 1)]
    assert find_plateau(sagging) <= 32
    assert call(sagging).state is State.AMPLIFIED
    assert call(sagging).ct == pytest.approx(call(clean).ct, abs=0.05)


@pytest.mark.verifies("REQ-013")
def test_curve_without_a_plateau_yet_is_called() -> None:
    result = call(draw(37.0, growth=1.8))
    assert result.state is State.AMPLIFIED
    assert result.ct == pytest.approx(37.0, abs=0.05)


@pytest.mark.verifies("REQ-014", "RC-010")
def test_saturated_detector_is_unusable() -> None:
    values = [min(v * 25, 60000.0) for v in draw(20.0)]
    assert call(values) == Call(State.UNUSABLE, reason="FAM is saturated")


@pytest.mark.verifies("REQ-014", "RC-010")
def test_noisy_baseline_is_unusable() -> None:
    result = call([v + (60.0 if cycle % 2 else -60.0) for cycle, v in enumerate(draw(30.0), 1)])
    assert result.state is State.UNUSABLE
    assert "too noisy" in result.reason


@pytest.mark.verifies("REQ-014", "RC-010", "RC-004")
def test_specimen_too_strong_for_a_baseline_is_unusable_not_negative() -> None:
    assert call(draw(3.0)).state is State.UNUSABLE


@pytest.mark.verifies("REQ-010", "REQ-011")
def test_every_curve_gets_exactly_one_state() -> None:
    random = Random(20260105)
    for _ in range(200):
        values = [random.uniform(500, 4000) * math.exp(random.uniform(-0.1, 0.1)) for _ in range(45)]
        assert call(values).state in State
