"""Causes of differences in the making: what the lanes were given, what each dimension is called, how causes are folded."""

from collections.abc import Mapping
from dataclasses import dataclass

from lotmark.builds._text import show
from lotmark.builds._times import TimeFacts
from lotmark.builds.models import Cause, Dimension

TEXT_DIMENSIONS = (
    Dimension.PATH,
    Dimension.HOME,
    Dimension.HOSTNAME,
    Dimension.USER,
    Dimension.ENVIRONMENT,
    Dimension.TIME_ZONE,
    Dimension.LOCALE,
    Dimension.HASH_SEED,
)
MEANING = {
    Dimension.PATH: "the path of the build",
    Dimension.HOME: "the home folder",
    Dimension.HOSTNAME: "the host name",
    Dimension.USER: "the user",
    Dimension.ENVIRONMENT: "an environment variable that the build does not declare",
    Dimension.TIME_ZONE: "the time zone",
    Dimension.LOCALE: "the locale",
    Dimension.HASH_SEED: "the hash seed",
    Dimension.CPUS: "the number of processors",
    Dimension.UMASK: "the umask",
    Dimension.CLOCK: "the time of the build",
    Dimension.MTIMES: "the modification time of a source",
}


@dataclass(frozen=True, slots=True)
class ExplainFacts:
    """What the two lanes were given: the values of each varied dimension, the times, the names of tracked files."""

    values: Mapping[Dimension, tuple[str, str]]
    times: TimeFacts
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Found:
    """A cause, and the key by which many of a kind are folded into one line."""

    cause: Cause
    key: tuple[object, ...]


def make_found(file: str, text: str, span: tuple[int, int] | None, dimension: Dimension | None, *key: object) -> Found:
    """A cause; those of one kind (the first of `key`), one dimension and the same rest of `key` are folded."""
    return Found(Cause(show(file), show(text), span, dimension), (key[0], dimension, *(key[1:] or (file,))))


def find_words(dimension: Dimension, facts: ExplainFacts) -> list[tuple[bytes, bytes]]:
    """The texts by which a dimension shows: lane A's and lane B's."""
    if dimension not in facts.values:
        return []
    mine, theirs = facts.values[dimension]
    pairs = [(mine, theirs)]
    if dimension is Dimension.USER:
        name_a, ids_a = mine.split(" ")
        name_b, ids_b = theirs.split(" ")
        pairs = [(name_a, name_b), *zip(ids_a.split(":"), ids_b.split(":"), strict=True)]
    elif dimension is Dimension.ENVIRONMENT:
        pairs = [(mine, theirs), ("", theirs.partition("=")[2])]
    elif dimension is Dimension.TIME_ZONE:
        pairs = [
            (mine, theirs),
            *((mine, abbreviation) for abbreviation in ("CHADT", "CHAST", "LMT")),
            *(("+0000", offset) for offset in ("+1345", "+1245")),
            *(("+00:00", offset) for offset in ("+13:45", "+12:45")),
        ]
    return [(a.encode(), b.encode()) for a, b in pairs]
