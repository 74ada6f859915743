"""The conditions of the two lanes: what is pinned, what is varied, what the claim says."""

import subprocess
from pathlib import Path

import pytest

from lotmark.builds import _conditions
from lotmark.builds._conditions import CONTROLLED, ROBUST, Conditions, claim_for, find_faketime, find_locale, pinned, vary, wanted_dimensions
from lotmark.builds.models import Capabilities, Claim, Dimension

pytestmark = pytest.mark.verifies("REQ-013", "RC-007", "HAZ-004")


FULL = Capabilities("bwrap", available=True, hides=True)


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_conditions, "find_faketime", lambda: "/lib/libfaketime.so")
    monkeypatch.setattr(_conditions, "find_locale", lambda: "et_EE.utf8")


BASE = Conditions(name="A", cpus=(0, 1, 2))


def test_robust_is_controlled_with_path_time_zone_and_umask() -> None:
    assert {Dimension.PATH, Dimension.TIME_ZONE, Dimension.UMASK} == ROBUST - CONTROLLED
    assert wanted_dimensions("robust") == ROBUST == frozenset(Dimension)
    assert wanted_dimensions("controlled") == CONTROLLED


@pytest.mark.parametrize("dimension", list(Dimension))
def test_varying_one_dimension_changes_that_alone(dimension: Dimension) -> None:
    other, varied, missing = vary(BASE, frozenset({dimension}), FULL, {})
    assert list(varied) == [dimension]
    assert varied[dimension][0] != varied[dimension][1]
    assert missing == {}
    changed = {name for name in Conditions.__slots__ if getattr(other, name) != getattr(BASE, name)} - {"name"}
    expected = {
        Dimension.CLOCK: {"clock"},
        Dimension.USER: {"user", "uid", "gid"},
        Dimension.ENVIRONMENT: {"extra"},
        Dimension.DIRECTORY_ORDER: {"reverse"},
        Dimension.MTIMES: {"mtime_shift"},
        Dimension.HASH_SEED: {"hash_seed"},
        Dimension.PATH: {"source"},
        Dimension.TIME_ZONE: {"time_zone"},
    }
    assert changed == expected.get(dimension, {dimension.value})


def test_canaries_are_unique_each_time() -> None:
    first, second = (vary(BASE, ROBUST, FULL, {})[0] for _ in range(2))
    for name in ("hostname", "user", "home", "source"):
        assert getattr(first, name) != getattr(second, name)


def test_the_pinned_lane_is_the_same_each_time() -> None:
    assert pinned() == pinned()
    assert pinned().variables() == {"HOME": "/build/home", "USER": "builder", "LOGNAME": "builder", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def test_a_faked_clock_leaves_stat_and_the_monotonic_clock_alone() -> None:
    variables = vary(BASE, frozenset({Dimension.CLOCK}), FULL, {})[0].variables()
    assert variables["LD_PRELOAD"] == "/lib/libfaketime.so"
    assert variables["FAKETIME"].startswith("+344")
    assert (variables["NO_FAKE_STAT"], variables["FAKETIME_DONT_FAKE_MONOTONIC"]) == ("1", "1")


def test_what_cannot_be_varied_is_named_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_conditions, "find_faketime", lambda: "")
    weak = Capabilities("host", available=True, varies=ROBUST - {Dimension.HOSTNAME})
    other, varied, missing = vary(Conditions(name="A", cpus=(0,)), ROBUST, weak, {"PYTHONHASHSEED": "0"})
    assert missing == {
        Dimension.CLOCK: "libfaketime is not installed",
        Dimension.HOSTNAME: "the host backend cannot vary it",
        Dimension.CPUS: "the machine has one processor",
        Dimension.HASH_SEED: "environment.variables pins PYTHONHASHSEED",
    }
    assert not missing.keys() & varied.keys()
    assert other.clock == 0
    assert "LD_PRELOAD" not in other.variables()


def test_without_the_zone_database_a_posix_zone_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_conditions, "_ZONES", (("No/Such", "No/Such"), ("", "LMT-12:45")))
    assert vary(BASE, frozenset({Dimension.TIME_ZONE}), FULL, {})[0].time_zone == "LMT-12:45"


@pytest.mark.parametrize(
    ("varied", "claim"),
    [
        (ROBUST, Claim.R3),
        (ROBUST - {Dimension.HASH_SEED}, Claim.R3),
        (ROBUST - {Dimension.UMASK}, Claim.R2),
        (CONTROLLED, Claim.R2),
        (CONTROLLED - {Dimension.HASH_SEED}, Claim.R2),
        (ROBUST - {Dimension.CLOCK}, Claim.R1),
        (frozenset(), Claim.R1),
    ],
    ids=["all", "all but the hash seed", "no umask", "controlled", "controlled but the hash seed", "no clock", "nothing"],
)
def test_the_claim_is_never_more_than_what_was_varied(varied: frozenset[Dimension], claim: Claim) -> None:
    assert claim_for(varied) is claim


@pytest.mark.parametrize(
    ("listed", "expected"),
    [("C\nC.utf8\nPOSIX\n", "C"), ("C\nde_DE.utf8\n", "de_DE.utf8"), ("de_DE.UTF-8\net_EE.UTF-8\n", "et_EE.UTF-8"), ("", "C")],
)
def test_a_locale_that_sorts_otherwise_is_preferred(monkeypatch: pytest.MonkeyPatch, listed: str, expected: str) -> None:
    monkeypatch.setattr(_conditions.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 0, listed, ""))
    find_locale.cache_clear()
    assert find_locale() == expected
    find_locale.cache_clear()


def test_without_the_locale_program_there_is_c(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object, **__: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(_conditions.subprocess, "run", gone)
    find_locale.cache_clear()
    assert find_locale() == "C"
    find_locale.cache_clear()


def test_libfaketime_is_looked_for_below_usr(monkeypatch: pytest.MonkeyPatch) -> None:
    find_faketime.cache_clear()
    monkeypatch.setattr(Path, "glob", lambda *_: iter(()))
    assert find_faketime() == ""
    find_faketime.cache_clear()
