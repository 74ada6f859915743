"""Environment markers (PEP 508), evaluated for the declared interpreter on this machine."""

from typing import Any


class Markers:
    """Says whether a marker holds in an environment with this Python version.

    Without a version (no environment is known) every marker counts as holding, so that nothing is left out unseen.
    """

    def __init__(self, python: str | None) -> None:
        self._known: dict[tuple[str, str], bool] = {}
        self._python = python
        self._environment: dict[str, Any] | None = None

    @property
    def decisive(self) -> bool:
        """Whether markers are really evaluated."""
        return self._python is not None

    def holds(self, marker: str, extra: str = "") -> bool:
        """Whether the marker holds; an empty one always does.

        Raises:
            ValueError: if it is no marker.
        """
        if not marker:
            return True
        key = (marker, extra)
        if key not in self._known:
            self._known[key] = self._evaluate(marker, extra)
        return self._known[key]

    def _evaluate(self, marker: str, extra: str) -> bool:
        from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName, default_environment

        try:
            parsed = Marker(marker)
            if self._python is None:
                return True
            if self._environment is None:
                self._environment = dict(default_environment())
                self._environment["python_full_version"] = self._python
                self._environment["python_version"] = ".".join(self._python.split(".")[:2])
                self._environment["implementation_version"] = self._python
            # The context of lock files (PEP 751) knows the sets `extras` and `dependency_groups`; here both are empty.
            return parsed.evaluate({**self._environment, "extra": extra, "extras": frozenset(), "dependency_groups": frozenset()}, context="lock_file")
        except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName, RecursionError) as error:
            raise ValueError(f"not an environment marker: {marker[:200]!r}") from error
