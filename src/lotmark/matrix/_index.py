"""The matrix, ready to be asked: which categories a test belongs to, which a subject needs, what explains a red test."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from lotmark.base.documents import Document, parse_document, read_document
from lotmark.base.errors import UsageError
from lotmark.matrix._file import Category, EnvironmentFailure, Layer, MatrixFile, Quarantine, SubjectKind
from lotmark.matrix._globs import matches_any

NEED_PARTS = ("requires", "overrides", "triggers", "reuse")


class MatrixIndex:
    """One matrix, looked up.

    Raises:
        UsageError: LM-MTX-030 a category stands twice, LM-MTX-031 a category is named that does not exist.
    """

    def __init__(self, matrix: MatrixFile, document: Document[MatrixFile] | None = None) -> None:
        self.matrix = matrix
        self._environment = [(entry, [text.lower().split("*") for text in entry.patterns]) for entry in matrix.environment_failures]
        self.asks_for_severity = any(need.severity for need in matrix.requires)
        self._named = {item for override in matrix.overrides for item in override.items}
        self._needs: dict[tuple[str, str, frozenset[str]], tuple[Category, ...]] = {}
        self.categories: Mapping[str, Category] = {category.id: category for category in matrix.categories}

        def where(*path: str | int) -> str:
            return str(document.where(path)) if document else ".".join(map(str, path))

        if len(self.categories) < len(matrix.categories):
            ids = [category.id for category in matrix.categories]
            at = next(i for i, identity in enumerate(ids) if identity in ids[:i])
            raise UsageError(
                "LM-MTX-030", f"the category {ids[at]!r} stands twice", where=where("categories", at, "id"), solution="give each category an id of its own"
            )
        for part in NEED_PARTS:
            for number, entry in enumerate(getattr(matrix, part)):
                for place, name in enumerate(entry.categories):
                    if name not in self.categories:
                        raise UsageError(
                            "LM-MTX-031",
                            f"there is no category {name!r}",
                            where=where(part, number, "categories", place),
                            solution=f"the categories are {', '.join(self.categories)}",
                        )

    def categories_of(self, test: str, layer: Layer | None) -> tuple[Category, ...]:
        """The categories that a test belongs to; where the layer is unknown, those that name the test by a glob."""
        return tuple(
            category
            for category in self.matrix.categories
            if (layer is None or category.layer == layer) and (matches_any(test, category.tests) if category.tests else layer is not None)
        )

    def layer_of(self, test: str) -> Layer | None:
        """The layer of a test that no list and no path tells: that of the categories whose globs name it, if they agree."""
        layers = {category.layer for category in self.categories_of(test, None)}
        return layers.pop() if len(layers) == 1 else None

    def needs_of(self, kind: SubjectKind, item: str, safety_class: str, severities: frozenset[str]) -> tuple[Category, ...]:
        """The categories that a subject needs, in the order of the file; empty if nothing says so.

        `severities` are those of its hazards; an empty text in it is a severity that nobody has said, which matches.
        """
        if item in self._named:
            return self._find_needs(kind, item, safety_class, severities)
        # Most items differ in their ids alone.
        key = (kind, safety_class, severities)
        if key not in self._needs:
            self._needs[key] = self._find_needs(kind, item, safety_class, severities)
        return self._needs[key]

    def _find_needs(self, kind: SubjectKind, item: str, safety_class: str, severities: frozenset[str]) -> tuple[Category, ...]:
        overrides = [override for override in self.matrix.overrides if item in override.items]
        named: set[str] = set()
        for override in overrides:
            named.update(override.categories)
        if not overrides:
            for need in self.matrix.requires:
                by_class = not need.safety_class or not safety_class or safety_class in need.safety_class
                by_severity = not need.severity or "" in severities or not severities.isdisjoint(need.severity)
                if need.of == kind and by_class and by_severity:
                    named.update(need.categories)
        return tuple(category for category in self.matrix.categories if category.id in named)

    def expensive_reason(self, test: str) -> str:
        """Why the test is expensive; empty if it is not."""
        for entry in self.matrix.expensive:
            if matches_any(test, entry.tests):
                return f"{entry.minutes} min: {entry.reason}"
        return ""

    def unstable_reason(self, test: str, day: date) -> str:
        """Why red before green is accepted of the test on that day; empty if nobody says so (any more)."""
        for entry in self.matrix.unstable:
            if matches_any(test, entry.tests) and entry.expires >= day.isoformat():
                return f"{entry.reason} ({entry.owner}, until {entry.expires})"
        return ""

    def quarantine_of(self, test: str, day: date) -> Quarantine | None:
        """The quarantine that holds the test on that day."""
        return next((entry for entry in self.matrix.quarantine if entry.expires >= day.isoformat() and matches_any(test, entry.tests)), None)

    def environment_failure(self, message: str) -> EnvironmentFailure | None:
        """The declared cause in the environment that the message of a failure tells of."""
        lines = message.lower().splitlines() if self._environment else []
        return next((entry for entry, texts in self._environment if any(_tells(parts, line) for parts in texts for line in lines)), None)

    def reuse_days(self, test: str, layer: Layer) -> int:
        """How old a result of the test may be to stand in for one of this run; 0 where it may not. Each of its categories must allow it."""
        days = []
        for category in self.categories_of(test, layer):
            rules = [rule for rule in self.matrix.reuse if category.id in rule.categories]
            days.append(max((rule.blocking_max_days if category.gating == "blocking" else rule.max_days for rule in rules), default=0))
        return min(days, default=0)

    def is_blocking(self, test: str, layer: Layer | None) -> bool:
        """Whether no waiver can reach the test: a blocking category holds it, or no category at all."""
        found = self.categories_of(test, layer)
        return not found or any(category.gating == "blocking" for category in found)

    def informational(self, test: str, layer: Layer | None) -> str:
        """The informational categories that alone hold the test, for people; empty otherwise."""
        found = self.categories_of(test, layer)
        return ", ".join(category.id for category in found) if found and all(category.gating == "informational" for category in found) else ""


def _tells(parts: Sequence[str], line: str) -> bool:
    """Whether the parts stand in the line one behind the other; the first place of each is as good as any, so one look is enough."""
    at = 0
    for part in parts:
        found = line.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True


def read_matrix(path: Path, *, name: str | None = None) -> Document[MatrixFile]:
    """Read `quality/matrix.yaml`; `name` is how messages call it.

    Raises:
        UsageError: LM-CFG-001 to -005, LM-MTX-030, LM-MTX-031.
    """
    return _checked(read_document(path, MatrixFile, name=name))


def parse_matrix(data: bytes, *, name: str = "quality/matrix.yaml") -> Document[MatrixFile]:
    """As `read_matrix`, from bytes."""
    return _checked(parse_document(data, MatrixFile, name=name))


def _checked(document: Document[MatrixFile]) -> Document[MatrixFile]:
    MatrixIndex(document.value, document)
    return document


def exact_tests(matrix: MatrixFile) -> Sequence[tuple[str, Layer]]:
    """Tests that a category names one by one, without a wildcard: they are expected whoever lists the others."""
    return [(pattern, category.layer) for category in matrix.categories for pattern in category.tests if "::" in pattern and not {"*", "?"} & set(pattern)]
