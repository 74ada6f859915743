"""The logistic fit recovers what a curve was drawn with."""

import math
from random import Random

import pytest
from qpcr_caller.logistic import Logistic, fit_logistic, sigmoid
from support.curves import draw


@pytest.mark.verifies("REQ-011")
@pytest.mark.parametrize("growth", [1.5, 1.75, 2.0, 2.2])
@pytest.mark.parametrize("ct", [12.0, 25.0, 37.0])
def test_fit_recovers_the_parameters(growth: float, ct: float) -> None:
    fit = fit_logistic(draw(ct, growth=growth, level=0.0, slope=0.0))
    assert fit.growth == pytest.approx(growth, rel=1e-5)
    assert fit.amplitude == pytest.approx(3000.0, rel=1e-4)
    assert fit.midpoint == pytest.approx(ct + math.log(19) / math.log(growth), abs=1e-4)
    assert fit.r_squared == pytest.approx(1.0)


@pytest.mark.verifies("REQ-011")
def test_fit_stands_noise() -> None:
    fit = fit_logistic(draw(28.0, level=0.0, slope=0.0, noise=10.0, random=Random(4)))
    assert fit.growth == pytest.approx(2.0, abs=0.05)
    assert fit.r_squared > 0.999


@pytest.mark.verifies("REQ-011")
def test_second_derivative_maximum_is_where_the_third_derivative_vanishes() -> None:
    curve = Logistic(0.0, 1.0, 30.0, 1.5)
    at, h = curve.second_derivative_maximum, 1e-2
    f = [sigmoid(at + k * h, 30.0, 1.5) for k in (-2, -1, 1, 2)]
    third = (f[3] - 2 * f[2] + 2 * f[1] - f[0]) / (2 * h**3)
    assert third == pytest.approx(0.0, abs=1e-5)


@pytest.mark.verifies("REQ-011")
@pytest.mark.parametrize("values", [[0.0] * 45, [5.0] * 45, [0.0] * 44 + [1e6], [float(i % 2) for i in range(45)]], ids=["zero", "flat", "spike", "comb"])
def test_fit_of_no_curve_ends_without_an_exception(values: list[float]) -> None:
    fit = fit_logistic(values)
    assert math.isfinite(fit.r_squared)
    assert fit.growth >= 1.0


@pytest.mark.verifies("REQ-011")
def test_sigmoid_does_not_overflow() -> None:
    assert sigmoid(1.0, 1e6, 0.1) == 0.0
    assert sigmoid(1e6, 1.0, 0.1) == 1.0
    assert sigmoid(3.0, 3.0, 2.0) == 0.5
