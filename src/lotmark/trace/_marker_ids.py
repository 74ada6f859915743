"""The identifiers after a marker: ``REQ-001, RC-003 and REQ-010 through REQ-014``."""

import re
from dataclasses import dataclass

from lotmark.trace._local import local_id

MAX_RANGE = 1000
"""Ids that one range may name; a larger one is a typing mistake."""

_ID = re.compile(r"(?:[a-z][a-z0-9-]{0,39}:)?[A-Z][A-Z0-9]{0,15}(?:-[A-Z0-9]{1,16})*-[0-9]{1,9}(?![\w-])")
_THROUGH = re.compile(r"[ \t]+(?:through|thru|to)[ \t]+(?=[A-Za-z])|[ \t]*(?:\.{2,3}|…)[ \t]*")
_SEPARATOR = re.compile(r"[ \t]*(?:[,;][ \t]*(?:and[ \t]+)?|[ \t]and[ \t]+|[ \t])")


@dataclass(frozen=True, slots=True)
class MarkedIds:
    """The ids in order, where the reading stopped, and what is wrong with them (empty: nothing)."""

    ids: tuple[str, ...]
    end: int
    problem: str = ""


def parse_marked_ids(text: str, at: int, product: str) -> MarkedIds:
    """Read ids from `text` at index `at`, on one line, as far as they go; after a comma another id must stand."""
    ids: dict[str, None] = {}
    while text[at : at + 1] in {" ", "\t"}:
        at += 1
    problem = ""
    comma = False
    while True:
        match = _ID.match(text, at)
        found = local_id(match[0], product) if match else None
        if match is None or found is None:
            if comma:
                problem = f"an id was expected after the comma, not {text[at : at + 20].strip()!r}"
            break
        at = match.end()
        ids[found] = None
        through = _THROUGH.match(text, at)
        if through:
            last = _ID.match(text, through.end())
            names = _range(found, local_id(last[0], product) if last else None)
            if last is None or isinstance(names, str):
                problem = names if isinstance(names, str) else "an id was expected after 'through'"
                break
            ids.update(dict.fromkeys(names))
            at = last.end()
        separator = _SEPARATOR.match(text, at)
        if separator is None:
            break
        comma = "," in separator[0] or ";" in separator[0]
        at = separator.end()
    return MarkedIds(tuple(ids), at, problem)


def _range(first: str, last: str | None) -> list[str] | str:
    """The ids from `first` to `last`, or what is wrong."""
    if last is None:
        return "an id was expected after 'through'"
    head, _, low = first.rpartition("-")
    other, _, high = last.rpartition("-")
    if head != other:
        return f"{first} through {last}: a range needs the same prefix on both sides"
    count = int(high) - int(low)
    if count < 0:
        return f"{first} through {last}: the range runs backwards"
    if count >= MAX_RANGE:
        return f"{first} through {last}: the range names more than {MAX_RANGE} ids"
    return [f"{head}-{number:0{len(low)}d}" for number in range(int(low), int(high) + 1)]
