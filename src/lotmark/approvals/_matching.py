"""Filling the required signatures: each by a signature of its role and meaning, no person and no key twice."""

from collections.abc import Sequence
from dataclasses import dataclass

from lotmark.approvals.models import RequiredSignature

MAX_STEPS = 20_000
"""Bounds the search; what is found by then counts, so running out can only leave a signature wanting."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A signature that holds: `takes` are the persons and keys that it uses up."""

    role: str
    meaning: str
    takes: frozenset[str]


def fill(required: Sequence[RequiredSignature], candidates: Sequence[Candidate]) -> frozenset[int]:
    """The positions of the candidates that count: as many of the required signatures as can be filled at once.

    Somebody with two roles may have signed in both and counts in one; which one must not be decided too early, so the
    choice is searched.
    """
    slots = [(item.role, item.meaning) for item in required for _ in range(item.count)]
    options = [[position for position, candidate in enumerate(candidates) if (candidate.role, candidate.meaning) == slot] for slot in slots]
    search = _Search(candidates, sorted(options, key=len))
    search.run(0, (), frozenset())
    return frozenset(search.best)


class _Search:
    def __init__(self, candidates: Sequence[Candidate], options: list[list[int]]) -> None:
        self._candidates = candidates
        self._options = options
        self._steps = 0
        self.best: tuple[int, ...] = ()

    def run(self, slot: int, chosen: tuple[int, ...], taken: frozenset[str]) -> None:
        self._steps += 1
        if len(chosen) > len(self.best):
            self.best = chosen
        if slot == len(self._options):
            return
        for position in self._options[slot]:
            # Even filling all that is left would not be better than what is known.
            if len(self.best) >= len(chosen) + len(self._options) - slot or self._steps > MAX_STEPS:
                return
            takes = self._candidates[position].takes
            if position not in chosen and not takes & taken:
                self.run(slot + 1, (*chosen, position), taken | takes)
        self.run(slot + 1, chosen, taken)
