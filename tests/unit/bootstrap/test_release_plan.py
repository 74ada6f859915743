"""A release plan is followed only while the log, the work tree and the run are what it speaks of."""

import json
import re
from types import SimpleNamespace
from typing import Any

import pytest

from lotmark.base.errors import NothingToJudgeError, RefusedError, UsageError
from lotmark.bootstrap import _release_plan as plans

pytestmark = pytest.mark.verifies("REQ-021")
PLAN: dict[str, Any] = {
    "lotmarkPlan": 1,
    "product": "qpcr",
    "run": "qpcr:RUN-0001",
    "version": "1.4.0",
    "commit": "ab" * 20,
    "artifact": None,
    "decision": None,
    "verdict": None,
    "log": {"origin": "log.example", "size": 7, "root": "cd" * 32},
    "waitingFor": [],
    "next": [],
    "targets": [],
}
WORKSPACE: Any = SimpleNamespace(settings=lambda: None, state="state")


def _stand(monkeypatch: pytest.MonkeyPatch, *, standing: str = "open", log: dict[str, Any] | None = None, **changed: str) -> SimpleNamespace:
    identity = SimpleNamespace(**({key: PLAN[key] for key in ("run", "version", "commit")} | changed))
    monkeypatch.setattr(plans, "_head", lambda _: plans._Log(**(PLAN["log"] | (log or {}))))
    monkeypatch.setattr(plans, "identify_run", lambda _: (identity, standing))
    return identity


def test_a_plan_that_still_fits_gives_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    identity: Any = _stand(monkeypatch)
    assert plans.check_plan(WORKSPACE, json.dumps(PLAN).encode()) is identity


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"log": {"size": 8}}, "size 8 of log.example, not at 7"),
        ({"log": {"root": "ef" * 32}}, "the log stands"),
        ({"log": {"origin": "other.example"}}, "of other.example"),
        ({"run": "qpcr:RUN-0002"}, "leads to qpcr:RUN-0002"),
        ({"standing": "closed"}, r"\(closed\)"),
        ({"version": "1.5.0"}, "of version 1.5.0"),
        ({"commit": "ef" * 20}, "commit efefefefefef$"),
    ],
)
def test_each_change_makes_the_plan_stale_and_is_named(monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], told: str) -> None:
    _stand(monkeypatch, **change)
    with pytest.raises(RefusedError) as caught:
        plans.check_plan(WORKSPACE, json.dumps(PLAN).encode())
    assert caught.value.code == "LM-DOS-070"
    assert re.search(told, caught.value.reason)


@pytest.mark.parametrize("change", [{"lotmarkPlan": 2}, {"run": ""}, {"extra": 1}, {"targets": "lab"}, {"log": {"origin": "x", "size": "7", "root": "r"}}])
def test_what_is_no_plan_is_refused_before_the_log_is_looked_at(change: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        plans.check_plan(WORKSPACE, json.dumps(PLAN | change).encode())
    assert caught.value.code == "LM-DOS-071"


def test_without_a_run_nothing_is_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "find_run", lambda _settings, _run: None)
    with pytest.raises(NothingToJudgeError, match="no run RUN-9") as caught:
        plans.plan_release(WORKSPACE, "RUN-9")
    assert caught.value.code == "LM-CLI-019"
