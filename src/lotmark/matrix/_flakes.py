"""How often tests are red and then green on the same software: a rate with its confidence interval.

Interval: E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, J. Am. Stat. Assoc. 22 (1927),
209-212; without continuity correction. It keeps its level for small numbers and for none at all, where the usual
approximation says "0 %, surely".
"""

from collections.abc import Iterable
from math import sqrt
from statistics import NormalDist
from typing import Final

from lotmark.matrix.models import FlakeStatistic, TestRun

_RED: Final = frozenset({"failed", "error"})


def wilson_interval(count: int, of: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """The two-sided score interval of a proportion `count` / `of`; (0, 1) where nothing was seen.

    Raises:
        ValueError: `count` is not within 0 and `of`, or `confidence` not within 0 and 1.
    """
    if not 0 <= count <= of or not 0.0 < confidence < 1.0:
        raise ValueError(f"no proportion: {count} of {of} at {confidence}")
    if of == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = count / of
    middle = share + z * z / (2 * of)
    half = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    low, high = (middle - half) / scale, (middle + half) / scale
    # At the ends the exact value is the end; rounding would pass it by a little.
    return (0.0 if count == 0 else max(0.0, low)), (1.0 if count == of else min(1.0, high))


def flake_statistics(test_runs: Iterable[TestRun], *, confidence: float = 0.95) -> tuple[FlakeStatistic, ...]:
    """Every test of these runs with how often it was unstable, the most unstable first.

    A trial is one test on one set of artifacts, over every attempt of every run of it. It is flaky if it was both green and
    red there: the software was the same, so the difference is the test's or the environment's. Red attempts with a declared
    cause in the environment are counted apart. Results that stand in for others are no trial.
    """
    seen: dict[tuple[str, str], dict[tuple[str, ...], list[tuple[str, bool]]]] = {}
    for run in test_runs:
        artifacts = tuple(sorted(file.sha256 for file in run.artifacts)) or (run.run,)
        for test in run.tests:
            if test.reused is None:
                outcomes = [(attempt.status, bool(attempt.environment)) for attempt in test.attempts]
                seen.setdefault((test.id, run.layer), {}).setdefault(artifacts, []).extend(outcomes)
    found = [_statistic(test, trials.values(), confidence) for (test, _), trials in seen.items()]
    return tuple(sorted(found, key=lambda each: (-each.flaky / max(each.trials, 1), -each.flaky, each.test)))


def _statistic(test: str, trials: Iterable[list[tuple[str, bool]]], confidence: float) -> FlakeStatistic:
    count = flaky = red = attempts = environment = 0
    for outcomes in trials:
        told = [outcome for outcome in outcomes if outcome[0] == "passed" or outcome[0] in _RED]
        if not told:
            continue
        count += 1
        attempts += len(told)
        reds = [outcome for outcome in told if outcome[0] in _RED]
        red += len(reds)
        environment += sum(1 for outcome in reds if outcome[1])
        flaky += 0 < len(reds) < len(told)
    low, high = wilson_interval(flaky, count, confidence=confidence)
    return FlakeStatistic(
        test=test,
        trials=count,
        flaky=flaky,
        attempts=attempts,
        red=red,
        environment=environment,
        rate=round(flaky / count, 6) if count else 0.0,
        low=round(low, 6),
        high=round(high, 6),
        confidence=confidence,
    )
