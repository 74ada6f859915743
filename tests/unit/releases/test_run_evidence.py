"""RunEvidence: the entries of a run in log order, of which the last of a kind counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.release_run import verified
from lotmark.base.errors import NothingToJudgeError
from lotmark.releases.models import RunEvidence

pytestmark = pytest.mark.verifies("REQ-020", "RC-008")


def entry(kind, index, **predicate):
    return verified(kind, {"n": index, **predicate}, index)


FIRST, SECOND, OTHER = entry("test-run", 3, layer="unit"), entry("test-run", 7, layer="unit"), entry("test-run", 5, layer="validation")
EVIDENCE = RunEvidence([SECOND, FIRST, entry("sbom", 4), OTHER])


def test_entries_stand_in_log_order_however_they_came():
    assert [each.index for each in EVIDENCE] == [3, 4, 5, 7]
    assert tuple(EVIDENCE) == EVIDENCE.entries
    assert len(EVIDENCE) == 4


def test_the_last_of_a_kind_counts():
    assert EVIDENCE.last("test-run") is SECOND
    assert EVIDENCE.find("test-run") is SECOND
    assert EVIDENCE.all("test-run") == (FIRST, OTHER, SECOND)
    assert EVIDENCE.predicate("test-run")["n"] == 7


def test_values_of_the_predicate_tell_entries_of_one_kind_apart():
    assert EVIDENCE.last("test-run", layer="validation") is OTHER
    assert EVIDENCE.all("test-run", layer="unit", n=3) == (FIRST,)
    assert EVIDENCE.find("test-run", layer="unknown") is None
    assert EVIDENCE.find("test-run", missing=None) is SECOND


def test_what_is_missing_is_nothing_to_judge():
    assert EVIDENCE.find("decision") is None
    for ask in (EVIDENCE.last, EVIDENCE.predicate):
        with pytest.raises(NothingToJudgeError, match="no decision evidence") as error:
            ask("decision")
        assert error.value.code == "LM-REL-001"


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 50)), unique_by=lambda pair: pair[1]))
def test_find_all_and_last_say_the_same(pairs):
    evidence = RunEvidence([entry(kind, index) for kind, index in pairs])
    assert len(evidence) == len(evidence.all("a")) + len(evidence.all("b"))
    for kind in ("a", "b"):
        indices = [each.index for each in evidence.all(kind)]
        assert indices == sorted(index for name, index in pairs if name == kind)
        found = evidence.find(kind)
        assert (found.index if found else None) == (indices[-1] if indices else None)
