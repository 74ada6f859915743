"""Values of the room: reviews of links, the change that is judged, and the report. Plain data that imports nothing heavy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lotmark.base.findings import Finding

if TYPE_CHECKING:
    from lotmark.product.models import Commit


@dataclass(frozen=True, slots=True)
class LinkReviews:
    """For which fingerprints each link was said to hold; see ``docs/reference/check.md``, `trace.lock`.

    A key is ``SW-001 refines SYS-002``; a value holds pairs ``<fingerprint of the source> <fingerprint of the target>``, each
    cut to `checks.api.SHORT` hex digits (128 bits).
    """

    held: Mapping[str, frozenset[str]]
    findings: tuple[Finding, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.held)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A link of which nobody said that it holds for the texts as they are now; `reviewed` False: nobody ever did."""

    source: str
    type: str
    target: str
    reviewed: bool

    @property
    def key(self) -> str:
        return f"{self.source} {self.type} {self.target}"


@dataclass(frozen=True, slots=True)
class Change:
    """What lies between a base and the work tree: commits, changed paths and the lines that are new."""

    base: str
    commits: tuple["Commit", ...]
    paths: frozenset[str]
    lines: Mapping[str, tuple[tuple[int, int], ...]]
    """Path -> ranges (first, last) of new or changed lines."""

    @property
    def authors(self) -> frozenset[str]:
        """The addresses of those who wrote the commits, lower case."""
        return frozenset(commit.author_email.lower() for commit in self.commits)

    def holds(self, finding: Finding) -> bool:
        """Whether the finding stands on a line that the change brought; where it names no line, in a file that it touched."""
        where = finding.location
        if where is None:
            return False
        if not where.line:
            return where.path in self.paths
        return any(first <= where.line <= last for first, last in self.lines.get(where.path, ()))


@dataclass(frozen=True, slots=True)
class People:
    """Who works on the product, as far as this room needs it: person -> addresses (lower case), person -> roles."""

    emails: Mapping[str, frozenset[str]] = field(default_factory=dict)
    roles: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def person(self, email: str) -> str | None:
        """The person with this address."""
        return next((person for person, emails in self.emails.items() if email.lower() in emails), None)


@dataclass(frozen=True, slots=True)
class Judged:
    """Findings after the exceptions were applied."""

    findings: tuple[Finding, ...]
    excused: int


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What `lotmark check` has to say; findings in the order in which they are shown, changed lines first."""

    findings: tuple[Finding, ...]
    items: int
    tests: int
    changed: int = 0
    """How many findings, from the first, stand on changed lines."""
    remembered: bool = False
    """Whether the part that depends on bytes alone came from the cache."""
