"""Measurements against a reference in the same run: ``python -m bench NAME --json FILE``.

Each module here has ``run() -> list[Row]``. A number alone says little on a shared machine, so a row shows both sides.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement: our number, the reference's number from the same run, and what we aim at.

    `ratio` is ours / reference. `aim` is a bound on the ratio, or on our number where there is no reference; `better`
    says on which side of it we want to be.
    """

    name: str
    ours: float
    reference: float | None
    aim: float | None
    better: Literal["higher", "lower"]
    unit: str = ""
    against: str = ""
    """What the reference is."""

    @property
    def ratio(self) -> float | None:
        """Ours / reference."""
        return None if not self.reference else self.ours / self.reference

    @property
    def met(self) -> bool | None:
        """Whether the aim is met; None where there is none."""
        if self.aim is None:
            return None
        value = self.ours if self.ratio is None else self.ratio
        return value >= self.aim if self.better == "higher" else value <= self.aim

    def to_wire(self) -> dict[str, Any]:
        """The row as JSON-ready values."""
        return {**asdict(self), "ratio": self.ratio, "met": self.met}
