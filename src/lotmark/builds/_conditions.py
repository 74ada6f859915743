"""The conditions of the two lanes: A pinned, B varied, each varied value a canary that can be found in an output.

Pure but for looking at what this machine offers (processors, locales, libfaketime). A dimension that cannot be varied
here is named with the reason, and the claim shrinks.
"""

import functools
import os
import secrets
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from lotmark.builds._layout import HOME, SOURCE
from lotmark.builds.models import Capabilities, Claim, Dimension

CONTROLLED = frozenset(Dimension) - {Dimension.PATH, Dimension.TIME_ZONE, Dimension.UMASK}
ROBUST = frozenset(Dimension)
_NOT_NEEDED = frozenset({Dimension.HASH_SEED})
"""Varied whenever possible; a product that pins its hash seed in `environment.variables` still reaches its claim."""

_CLOCK_DAYS = 398
_MTIME_SECONDS = 40 * 86400 + 3 * 3600 + 25 * 60 + 45
_ZONES = (("Pacific/Chatham", "Pacific/Chatham"), ("", "LMT-12:45"))
_COLLATING = ("et_EE.utf8", "fr_CH.utf8", "de_DE.utf8", "sv_SE.utf8", "en_US.utf8", "en_GB.utf8")


@dataclass(frozen=True, slots=True)
class Conditions:
    """Everything that one lane is told; `clock` is the shift in seconds."""

    name: str
    source: str = SOURCE
    home: str = HOME
    user: str = "builder"
    uid: int = 1000
    gid: int = 1000
    hostname: str = "lotmark-build"
    locale: str = "C.UTF-8"
    time_zone: str = "UTC"
    umask: int = 0o022
    cpus: tuple[int, ...] | None = None
    clock: int = 0
    hash_seed: str = "0"
    reverse: bool = False
    mtime_shift: int = 0
    extra: Mapping[str, str] | None = None

    def variables(self) -> dict[str, str]:
        """The variables that these conditions set."""
        found = {
            "HOME": self.home,
            "USER": self.user,
            "LOGNAME": self.user,
            "LANG": self.locale,
            "LC_ALL": self.locale,
            "TZ": self.time_zone,
            **(self.extra or {}),
        }
        library = find_faketime()
        if self.clock and library:
            # Stat is not faked: make and tar would see files from another time than they wrote.
            # The monotonic clock is not faked: waiting on a condition would last as long as the shift.
            found |= {
                "LD_PRELOAD": library,
                "FAKETIME": f"+{self.clock}",
                "NO_FAKE_STAT": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "DONT_FAKE_MONOTONIC": "1",
                "FAKETIME_DISABLE_SHM": "1",
            }
        return found


def pinned() -> Conditions:
    """Lane A: the same on every machine, except the processors, which are all that there are."""
    return Conditions(name="A", cpus=tuple(sorted(os.sched_getaffinity(0))))


def vary(
    base: Conditions, wanted: frozenset[Dimension], capabilities: Capabilities, declared: Mapping[str, str]
) -> tuple[Conditions, dict[Dimension, tuple[str, str]], dict[Dimension, str]]:
    """Lane B: `base` with the `wanted` dimensions varied.

    Returns:
        The conditions, for each varied dimension the values in A and in B, and for each of the others the reason.
        Whether the directory order truly differs shows only when the lanes are staged.
    """
    canary = secrets.token_hex(4)
    varied: dict[Dimension, tuple[str, str]] = {}
    missing: dict[Dimension, str] = {}
    other = replace(base, name="B")
    for dimension in Dimension:
        if dimension not in wanted:
            continue
        if dimension not in capabilities.varies:
            missing[dimension] = f"the {capabilities.backend} backend cannot vary it"
            continue
        changed = _change(dimension, other, canary, declared)
        if isinstance(changed, str):
            missing[dimension] = changed
        else:
            other, values = changed
            varied[dimension] = values
    return other, varied, missing


def _change(dimension: Dimension, base: Conditions, canary: str, declared: Mapping[str, str]) -> tuple[Conditions, tuple[str, str]] | str:
    """The conditions with that dimension changed and both values, or the reason why it cannot be."""
    number = int(canary, 16)
    match dimension:
        case Dimension.CLOCK:
            if not find_faketime():
                return "libfaketime is not installed"
            shift = _CLOCK_DAYS * 86400 + 20_000 + number % 20_000
            return replace(base, clock=shift), ("real", f"+{shift}s")
        case Dimension.HOSTNAME:
            return replace(base, hostname=f"twin-host-{canary}"), (base.hostname, f"twin-host-{canary}")
        case Dimension.USER:
            uid = 20_000 + number % 30_000
            return replace(base, user=f"twinuser{canary}", uid=uid, gid=uid + 7), (f"{base.user} {base.uid}:{base.gid}", f"twinuser{canary} {uid}:{uid + 7}")
        case Dimension.HOME:
            return replace(base, home=f"/build/twin-home-{canary}"), (base.home, f"/build/twin-home-{canary}")
        case Dimension.ENVIRONMENT:
            return replace(base, extra={"LOTMARK_TWIN": f"twin-env-{canary}"}), ("", f"LOTMARK_TWIN=twin-env-{canary}")
        case Dimension.LOCALE:
            return replace(base, locale=find_locale()), (base.locale, find_locale())
        case Dimension.CPUS:
            if not base.cpus or len(base.cpus) < 2:
                return "the machine has one processor"
            return replace(base, cpus=base.cpus[-1:]), (str(len(base.cpus)), "1")
        case Dimension.DIRECTORY_ORDER:
            return replace(base, reverse=True), ("sorted", "reversed")
        case Dimension.MTIMES:
            return replace(base, mtime_shift=-_MTIME_SECONDS), ("commit", f"commit-{_MTIME_SECONDS}s")
        case Dimension.HASH_SEED:
            if "PYTHONHASHSEED" in declared:
                return "environment.variables pins PYTHONHASHSEED"
            seed = str(1000 + number % 4_000_000_000)
            return replace(base, hash_seed=seed), (base.hash_seed, seed)
        case Dimension.PATH:
            return replace(base, source=f"/build/twin-path-{canary}/src"), (base.source, f"/build/twin-path-{canary}/src")
        case Dimension.TIME_ZONE:
            zone = next(value for name, value in _ZONES if not name or Path("/usr/share/zoneinfo", name).exists())
            return replace(base, time_zone=zone), (base.time_zone, zone)
        case Dimension.UMASK:
            return replace(base, umask=0o027), (f"{base.umask:03o}", "027")


def wanted_dimensions(twin: Literal["controlled", "robust"]) -> frozenset[Dimension]:
    """The dimensions of a declared twin."""
    return ROBUST if twin == "robust" else CONTROLLED


def claim_for(varied: frozenset[Dimension]) -> Claim:
    """The strongest claim that holds for what was varied."""
    if varied >= ROBUST - _NOT_NEEDED:
        return Claim.R3
    return Claim.R2 if varied >= CONTROLLED - _NOT_NEEDED else Claim.R1


@functools.cache
def find_faketime() -> str:
    """The path of libfaketime for programs with threads, or nothing."""
    for pattern in ("lib/*/faketime/libfaketimeMT.so.1", "lib64/faketime/libfaketimeMT.so.1", "lib/faketime/libfaketimeMT.so.1"):
        for path in sorted(Path("/usr").glob(pattern)):
            return str(path)
    return ""


@functools.cache
def find_locale() -> str:
    """A locale that sorts and spells otherwise than C.UTF-8 if one is installed; else plain C, which at least encodes otherwise."""
    try:
        listed = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL).stdout.split()
    except OSError:
        listed = []
    known = {name.lower().replace("utf-8", "utf8"): name for name in listed}
    return next((known[name.lower()] for name in _COLLATING if name.lower() in known), "C")
