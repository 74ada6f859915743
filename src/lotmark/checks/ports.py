"""What the room asks of the world outside: issues of a tracker."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue as its tracker tells it; `state` is the tracker's own word, lower case."""

    key: str
    title: str
    state: str


class IssueSource(Protocol):
    """An export or the interface of a tracker."""

    def find_keys(self, text: str) -> tuple[str, ...]:
        """The keys of this tracker that a text names, each once, in order."""
        ...

    def find(self, keys: Collection[str]) -> Mapping[str, Issue | None]:
        """Each key -> its issue; None only where the tracker says that there is none.

        Raises:
            EnvironmentLacksError: LM-CHK-023 if the tracker cannot be asked, or gives no answer that can be read.
        """
        ...
