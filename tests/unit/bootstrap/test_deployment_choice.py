"""Which targets, releases and deployments a command outside a run speaks of, from what the ledger holds."""

from types import SimpleNamespace
from typing import Any

import pytest

from lotmark.base.errors import NothingToJudgeError, UsageError
from lotmark.bootstrap import _deployments as deployments

pytestmark = pytest.mark.verifies("REQ-021")


def _deployed(product: str, target: str, version: str) -> SimpleNamespace:
    return SimpleNamespace(statement=SimpleNamespace(predicate={"product": product, "target": {"name": target}, "version": version}))


def _workspace(*entries: SimpleNamespace) -> Any:
    targets = [SimpleNamespace(name="lab"), SimpleNamespace(name="clinic")]
    product = SimpleNamespace(id="qpcr", file=SimpleNamespace(deploy=SimpleNamespace(targets=targets)))
    return SimpleNamespace(product=product, reader=SimpleNamespace(entries=lambda *, kind: list(entries)))


@pytest.mark.parametrize(("name", "chosen"), [(None, ["lab", "clinic"]), ("lab", ["lab"]), ("clinic", ["clinic"])])
def test_a_name_chooses_its_target_and_no_name_all(name: str | None, chosen: list[str]) -> None:
    assert [target.name for target in deployments._targets(_workspace(), name)] == chosen


def test_an_unknown_target_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="'ward'") as caught:
        deployments._targets(_workspace(), "ward")
    assert (caught.value.code, caught.value.solution) == ("LM-DEP-006", "use one of: lab, clinic")


def test_deployments_of_other_products_and_targets_are_left_out_and_the_order_stays() -> None:
    entries = [_deployed("qpcr", "lab", "1"), _deployed("other", "lab", "9"), _deployed("qpcr", "clinic", "8"), _deployed("qpcr", "lab", "2")]
    found = deployments._deployments(_workspace(*entries), "lab")
    assert [entry.statement.predicate["version"] for entry in found] == ["1", "2"]


@pytest.mark.parametrize(
    ("entries", "version"),
    [([], None), ([_deployed("other", "lab", "1")], None), ([_deployed("other", "lab", "1")], "1"), ([_deployed("qpcr", "lab", "1")], "2")],
)
def test_without_a_release_of_this_product_and_version_nothing_is_judged(entries: list[SimpleNamespace], version: str | None) -> None:
    with pytest.raises(NothingToJudgeError, match="of qpcr") as caught:
        deployments._released(_workspace(*entries), version)
    assert caught.value.code == "LM-REL-004"


def test_a_target_without_deployment_is_nothing_to_judge_whatever_lies_elsewhere() -> None:
    with pytest.raises(NothingToJudgeError) as caught:
        deployments.check_deployments(_workspace(_deployed("qpcr", "clinic", "1")), "lab", record=True)
    assert (caught.value.code, caught.value.where) == ("LM-DEP-003", "lab")
