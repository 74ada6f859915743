"""From calls to results: first whether the run holds, then what each specimen shows."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from qpcr_caller.assay import Assay
from qpcr_caller.calling import Call, State, call_curve
from qpcr_caller.plate import Plate, Role, Well


class Result(StrEnum):
    """What is reported for a specimen; there is nothing between or beside these four."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    INCONCLUSIVE = "inconclusive"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Reaction:
    """A well with both of its calls."""

    well: Well
    target: Call
    internal: Call


@dataclass(frozen=True, slots=True)
class SpecimenResult:
    """The result of one specimen, with its reason in words."""

    reaction: Reaction
    result: Result
    reason: str


@dataclass(frozen=True, slots=True)
class RunResult:
    """A run: the faults of its controls (none: the run is valid), the controls, and each specimen's result."""

    faults: tuple[str, ...]
    controls: tuple[Reaction, ...]
    specimens: tuple[SpecimenResult, ...]

    @property
    def valid(self) -> bool:
        return not self.faults


def interpret_plate(plate: Plate, assay: Assay) -> RunResult:
    """Calls every curve, judges the controls, then the specimens. An invalid run makes every specimen invalid."""
    reactions = tuple(
        Reaction(well, call_curve(well.curves[assay.target.dye], assay.target, assay), call_curve(well.curves[assay.internal.dye], assay.internal, assay))
        for well in plate.wells
    )
    controls = tuple(r for r in reactions if r.well.role is not Role.SAMPLE)
    faults = find_faults(controls, assay)
    specimens = []
    for reaction in reactions:
        if reaction.well.role is Role.SAMPLE:
            result, reason = (Result.INVALID, "the run is invalid: repeat it") if faults else interpret_specimen(reaction.target, reaction.internal, assay)
            specimens.append(SpecimenResult(reaction, result, reason))
    return RunResult(faults, controls, tuple(specimens))


def find_faults(controls: Iterable[Reaction], assay: Assay) -> tuple[str, ...]:
    """Why the run does not hold: a control that is missing or did not behave."""
    controls = tuple(controls)
    faults = [
        f"the plate has no {name}"
        for role, name in ((Role.PTC, "positive control"), (Role.NTC, "no-template control"))
        if not any(c.well.role is role for c in controls)
    ]
    for control in controls:
        position, target = control.well.position, control.target
        if control.well.role is Role.NTC:
            if target.state is not State.NONE:
                faults.append(f"no-template control {position}: target is {target.state}, contamination cannot be excluded")
            if not internal_holds(control.internal, assay):
                faults.append(f"no-template control {position}: internal control failed")
        elif target.state is not State.AMPLIFIED or target.ct is None or not assay.positive_control_ct[0] <= target.ct <= assay.positive_control_ct[1]:
            seen = "no Ct" if target.ct is None else f"Ct {target.ct:.2f}"
            faults.append(
                f"positive control {position}: {seen}, {target.state}; expected {assay.positive_control_ct[0]:.0f} to {assay.positive_control_ct[1]:.0f}"
            )
    return tuple(faults)


def internal_holds(internal: Call, assay: Assay) -> bool:
    """Whether the internal control shows that extraction and amplification worked."""
    return internal.state is State.AMPLIFIED and internal.ct is not None and assay.internal_ct[0] <= internal.ct <= assay.internal_ct[1]


def interpret_specimen(target: Call, internal: Call, assay: Assay) -> tuple[Result, str]:
    """The result of a specimen in a valid run, with its reason.

    A negative always rests on a working internal control (RC-001); a positive may do without only where the target is
    strong enough to have suppressed it.
    """
    if State.UNUSABLE in (target.state, internal.state):
        return Result.INVALID, f"{target.reason or internal.reason}: repeat the reaction"
    holds = internal_holds(internal, assay)
    if target.state is State.AMPLIFIED and target.ct is not None:
        if holds:
            return Result.POSITIVE, "target detected"
        if target.ct <= assay.suppression_ct:
            return Result.POSITIVE, "target detected; internal control suppressed by a strong target"
        return Result.INCONCLUSIVE, "target detected, but the internal control failed: repeat from extraction"
    if not holds:
        return Result.INVALID, "internal control failed: repeat from extraction"
    if target.state is State.NONE:
        return Result.NEGATIVE, "target not detected"
    return Result.INCONCLUSIVE, f"{target.reason}: repeat the specimen"
