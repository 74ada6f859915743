"""The logistic curve ``offset + amplitude / (1 + exp((midpoint - cycle) / width))`` and its least-squares fit.

Far below the plateau it grows by the factor ``exp(1 / width)`` per cycle, which is the amplification efficiency plus
one; that number tells PCR from bubbles and drift (RC-003).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Logistic:
    """A fitted curve and how well it explains the data."""

    offset: float
    amplitude: float
    midpoint: float
    width: float
    r_squared: float = 1.0

    @property
    def growth(self) -> float:
        """Factor per cycle in the exponential phase; infinite for a step."""
        return math.exp(min(1.0 / self.width, 700.0)) if self.width > 0 else math.inf

    @property
    def second_derivative_maximum(self) -> float:
        """The cycle where the curve bends most: midpoint - width * ln(2 + sqrt 3), exact for a logistic."""
        return self.midpoint - self.width * math.log(2 + math.sqrt(3))


def sigmoid(cycle: float, midpoint: float, width: float) -> float:
    """1 / (1 + exp((midpoint - cycle) / width)) without overflow."""
    z = (cycle - midpoint) / width
    if z >= 0:
        return 1.0 / (1.0 + math.exp(-z))
    e = math.exp(z)
    return e / (1.0 + e)


Parameters = tuple[float, ...]
"""Offset, amplitude, midpoint, width."""


def fit_logistic(values: Sequence[float], *, iterations: int = 60) -> Logistic:
    """Fits `values` (cycle 1 first) by Levenberg-Marquardt, from a start that the data give."""
    low, high = min(values), max(values)
    half = next(c for c, v in enumerate(values, 1) if v >= (low + high) / 2)
    best: Parameters = (low, high - low, float(half), 1.5)
    error = _squares(values, best)
    damping = 1e-3
    for _ in range(iterations):
        step = _step(values, best, damping)
        trial = None if step is None else tuple(p + s for p, s in zip(best, step, strict=True))
        if trial is None or not 0.05 < trial[3] < 50 or (after := _squares(values, trial)) > error:
            damping *= 10
            if damping > 1e12:
                break
            continue
        settled = error - after <= 1e-12 * error
        best, error, damping = trial, after, max(damping / 10, 1e-12)
        if settled:
            break
    mean = sum(values) / len(values)
    total = sum((v - mean) ** 2 for v in values)
    offset, amplitude, midpoint, width = best
    return Logistic(offset, amplitude, midpoint, width, 1.0 - error / total if total > 0 else 0.0)


def _squares(values: Sequence[float], p: Parameters) -> float:
    return sum((v - p[0] - p[1] * sigmoid(c, p[2], p[3])) ** 2 for c, v in enumerate(values, 1))


def _step(values: Sequence[float], p: Parameters, damping: float) -> list[float] | None:
    """The damped Gauss-Newton step, None if the equations have no solution."""
    normal = [[0.0] * 4 for _ in range(4)]
    right = [0.0] * 4
    for cycle, value in enumerate(values, 1):
        s = sigmoid(cycle, p[2], p[3])
        bend = p[1] * s * (1 - s) / p[3]
        gradient = (1.0, s, -bend, -bend * (cycle - p[2]) / p[3])
        residual = value - p[0] - p[1] * s
        for i, g in enumerate(gradient):
            right[i] += g * residual
            for j, h in enumerate(gradient):
                normal[i][j] += g * h
    for i in range(4):
        normal[i][i] *= 1 + damping
    return _solve(normal, right)


def _solve(a: list[list[float]], b: list[float]) -> list[float] | None:
    """Gaussian elimination with partial pivoting; None for a singular matrix."""
    n = len(b)
    for k in range(n):
        pivot = max(range(k, n), key=lambda i: abs(a[i][k]))
        if abs(a[pivot][k]) < 1e-300:
            return None
        a[k], a[pivot], b[k], b[pivot] = a[pivot], a[k], b[pivot], b[k]
        for i in range(k + 1, n):
            factor = a[i][k] / a[k][k]
            b[i] -= factor * b[k]
            for j in range(k, n):
                a[i][j] -= factor * a[k][j]
    x = [0.0] * n
    for k in reversed(range(n)):
        x[k] = (b[k] - sum(a[k][j] * x[j] for j in range(k + 1, n))) / a[k][k]
    return x
