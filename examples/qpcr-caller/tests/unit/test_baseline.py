"""The baseline: a line before amplification, wherever amplification begins."""

from random import Random

import pytest
from qpcr_caller.assay import PERTUSSIS
from qpcr_caller.baseline import find_take_off, fit_baseline, subtract
from support.curves import draw

FAM = PERTUSSIS.target


@pytest.mark.verifies("REQ-008")
def test_line_is_found_and_removed_exactly() -> None:
    values = draw(None, level=870.0, slope=-1.25)
    baseline = fit_baseline(values, FAM)
    assert (baseline.start, baseline.end) == (3, 15)
    assert baseline.level == pytest.approx(870.0)
    assert baseline.slope == pytest.approx(-1.25)
    assert baseline.noise == pytest.approx(0.0, abs=1e-9)
    assert subtract(values, baseline) == pytest.approx([0.0] * 45, abs=1e-9)


@pytest.mark.verifies("REQ-008")
def test_noise_is_the_scatter_about_the_line() -> None:
    values = [1000.0 + (7.0 if cycle % 2 else -7.0) for cycle in range(1, 46)]
    assert fit_baseline(values, FAM).noise == pytest.approx(7.5, abs=0.3)


@pytest.mark.verifies("REQ-009", "RC-004")
@pytest.mark.parametrize("ct", [8.0, 10.0, 12.0, 15.0, 18.0])
def test_window_ends_before_an_early_curve_takes_off(ct: float) -> None:
    values = draw(ct, slope=0.0)
    baseline = fit_baseline(values, FAM)
    assert baseline.end < 15
    signal = values[baseline.end - 1] - 1000.0
    assert signal < 0.1 * FAM.threshold


@pytest.mark.verifies("REQ-009", "RC-004")
def test_too_few_cycles_give_a_level_and_no_slope() -> None:
    baseline = fit_baseline(draw(8.0), FAM)
    assert (baseline.start, baseline.slope) == (1, 0.0)


@pytest.mark.verifies("REQ-009")
@pytest.mark.parametrize("seed", range(20))
def test_noise_and_drift_do_not_shorten_the_window(seed: int) -> None:
    random = Random(seed)
    values = draw(None, slope=random.uniform(-4, 6), noise=10.0, random=random)
    assert find_take_off(values, FAM.threshold) is None
    assert fit_baseline(values, FAM).end == 15


@pytest.mark.verifies("REQ-009")
@pytest.mark.parametrize("ct", [15.0, 25.0, 36.0])
def test_take_off_is_the_maximum_of_the_second_derivative(ct: float) -> None:
    # For growth 2 and amplitude 3000 it lies 1.4427 * (ln 19 - ln(2 + sqrt 3)) = 2.35 cycles after Ct.
    assert find_take_off(draw(ct, slope=0.0), FAM.threshold) == pytest.approx(ct + 2.35, abs=1.0)
