"""Errors: the code, the reason, the place and the cure; one exit code per class, the same everywhere."""

import copy
import pickle

import pytest

from lotmark.base import errors
from lotmark.base.errors import ExitCode, LotmarkError, UsageError

pytestmark = pytest.mark.verifies("REQ-025")


EXITS = {
    "LotmarkError": 3,
    "RefusedError": 1,
    "UsageError": 2,
    "EnvironmentLacksError": 4,
    "NothingToJudgeError": 5,
    "IntegrityError": 6,
    "PendingError": 8,
}
CLASSES = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, LotmarkError)]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_each_class_ends_the_process_with_its_code(kind):
    assert kind.exit_code == EXITS[kind.__name__]


def test_every_failing_exit_code_belongs_to_one_class():
    assert sorted(kind.exit_code for kind in CLASSES) == sorted(code for code in ExitCode if code is not ExitCode.ACCEPTED)


def test_no_exit_code_is_seven_or_above_eight():
    assert [code.value for code in ExitCode] == [0, 1, 2, 3, 4, 5, 6, 8]


def test_the_text_names_code_reason_and_place():
    assert str(LotmarkError("LM-BAS-001", "it broke")) == "LM-BAS-001: it broke"
    assert str(LotmarkError("LM-BAS-001", "it broke", where="a.yaml:1:2", solution="mend it")) == "LM-BAS-001: it broke (a.yaml:1:2)"


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))], ids=["copy", "deep copy", "pickle"])
@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_an_error_survives_a_copy_whole(kind, again):
    error = kind("LM-BAS-001", "it broke", where="here", solution="mend it")
    twin = again(error)
    assert type(twin) is kind
    assert (twin.code, twin.reason, twin.where, twin.solution, str(twin)) == ("LM-BAS-001", "it broke", "here", "mend it", str(error))


def test_place_and_cure_are_optional():
    error = UsageError("LM-BAS-001", "it broke")
    assert (error.where, error.solution) == (None, None)
