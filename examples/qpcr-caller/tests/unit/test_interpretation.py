"""Controls and specimens: the whole decision table, row by row."""

import pytest
from qpcr_caller.assay import PERTUSSIS
from qpcr_caller.calling import Call, State
from qpcr_caller.interpretation import Reaction, Result, find_faults, interpret_specimen
from qpcr_caller.plate import Role, Well

NONE = Call(State.NONE)
INTERNAL = Call(State.AMPLIFIED, 29.0)


def label(call: Call) -> str:
    return call.state if call.ct is None else f"{call.state} at {call.ct:g}"


def amplified(ct: float) -> Call:
    return Call(State.AMPLIFIED, ct)


def reaction(role: Role, target: Call, internal: Call = INTERNAL) -> Reaction:
    return Reaction(Well("A01", role.value, role, {}), target, internal)


PTC = reaction(Role.PTC, amplified(27.0))
NTC = reaction(Role.NTC, NONE)


def judge(target: Call, internal: Call) -> tuple[Result, str]:
    return interpret_specimen(target, internal, PERTUSSIS)


@pytest.mark.verifies("REQ-001")
def test_target_with_internal_control_is_positive() -> None:
    assert judge(amplified(33.0), INTERNAL) == (Result.POSITIVE, "target detected")


@pytest.mark.verifies("REQ-015", "RC-001")
def test_negative_rests_on_the_internal_control() -> None:
    assert judge(NONE, INTERNAL) == (Result.NEGATIVE, "target not detected")


@pytest.mark.verifies("REQ-015", "RC-001")
@pytest.mark.parametrize(
    "internal",
    [NONE, amplified(23.9), amplified(34.1), Call(State.LATE, 39.0), Call(State.ATYPICAL, 29.0, "HEX grows")],
    ids=["absent", "too early", "too late", "late", "atypical"],
)
def test_no_target_without_internal_control_is_invalid(internal: Call) -> None:
    assert judge(NONE, internal) == (Result.INVALID, "internal control failed: repeat from extraction")


@pytest.mark.verifies("REQ-015")
@pytest.mark.parametrize("ct", [24.0, 34.0])
def test_limits_of_the_internal_control_belong_to_its_range(ct: float) -> None:
    assert judge(NONE, amplified(ct))[0] is Result.NEGATIVE


@pytest.mark.verifies("REQ-016", "RC-001")
@pytest.mark.parametrize(("ct", "result"), [(15.0, Result.POSITIVE), (30.0, Result.POSITIVE), (30.1, Result.INCONCLUSIVE), (37.0, Result.INCONCLUSIVE)])
def test_only_a_strong_target_may_suppress_the_internal_control(ct: float, result: Result) -> None:
    assert judge(amplified(ct), NONE)[0] is result


@pytest.mark.verifies("REQ-012", "RC-005", "RC-012")
def test_late_target_is_inconclusive_and_says_what_to_do() -> None:
    late = Call(State.LATE, 39.2, "FAM rises only after cycle 38")
    assert judge(late, INTERNAL) == (Result.INCONCLUSIVE, "FAM rises only after cycle 38: repeat the specimen")
    assert judge(late, NONE)[0] is Result.INVALID


@pytest.mark.verifies("REQ-011", "RC-003")
def test_atypical_target_is_never_positive_or_negative() -> None:
    assert judge(Call(State.ATYPICAL, 25.0, "FAM jumps"), INTERNAL)[0] is Result.INCONCLUSIVE


@pytest.mark.verifies("REQ-014", "RC-010")
def test_unusable_curve_makes_the_specimen_invalid() -> None:
    unusable = Call(State.UNUSABLE, reason="HEX is saturated")
    assert judge(amplified(22.0), unusable) == (Result.INVALID, "HEX is saturated: repeat the reaction")
    assert judge(unusable, INTERNAL)[0] is Result.INVALID


@pytest.mark.verifies("REQ-001")
@pytest.mark.parametrize("internal", [INTERNAL, NONE, Call(State.UNUSABLE), Call(State.LATE, 40.0)], ids=label)
@pytest.mark.parametrize("target", [amplified(20.0), amplified(36.0), NONE, Call(State.UNUSABLE), Call(State.LATE, 40.0), Call(State.ATYPICAL, 30.0)], ids=label)
def test_every_combination_has_a_result_and_a_reason(target: Call, internal: Call) -> None:
    result, reason = judge(target, internal)
    assert result in Result
    assert reason


@pytest.mark.verifies("REQ-002")
def test_controls_that_behave_have_no_faults() -> None:
    assert find_faults([PTC, NTC], PERTUSSIS) == ()


@pytest.mark.verifies("REQ-017", "RC-002")
@pytest.mark.parametrize("target", [amplified(35.0), Call(State.LATE, 42.0), Call(State.ATYPICAL, 30.0), Call(State.UNUSABLE)], ids=label)
def test_any_signal_in_the_no_template_control_is_contamination(target: Call) -> None:
    (fault,) = find_faults([PTC, reaction(Role.NTC, target)], PERTUSSIS)
    assert "contamination cannot be excluded" in fault


@pytest.mark.verifies("REQ-017", "RC-002")
def test_one_bad_replicate_of_the_no_template_control_is_enough() -> None:
    assert len(find_faults([PTC, NTC, reaction(Role.NTC, amplified(36.0))], PERTUSSIS)) == 1


@pytest.mark.verifies("REQ-017")
def test_no_template_control_needs_its_internal_control() -> None:
    assert find_faults([PTC, reaction(Role.NTC, NONE, NONE)], PERTUSSIS) == ("no-template control A01: internal control failed",)


@pytest.mark.verifies("REQ-018", "RC-011")
@pytest.mark.parametrize("target", [NONE, amplified(23.9), amplified(30.1), Call(State.LATE, 39.0), Call(State.ATYPICAL, 27.0)], ids=label)
def test_positive_control_must_amplify_where_expected(target: Call) -> None:
    (fault,) = find_faults([reaction(Role.PTC, target), NTC], PERTUSSIS)
    assert fault.startswith("positive control A01: ")
    assert fault.endswith("expected 24 to 30")


@pytest.mark.verifies("REQ-002", "REQ-017", "REQ-018", "RC-002", "RC-011")
def test_missing_controls_are_faults() -> None:
    assert find_faults([], PERTUSSIS) == ("the plate has no positive control", "the plate has no no-template control")
