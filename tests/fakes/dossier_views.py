"""Parts of a dossier's view, made without a log: each maker takes what a test is about."""

from types import SimpleNamespace
from typing import Any

from lotmark.dossier._view_basic import Fact, Status
from lotmark.dossier._view_model import ApprovalsView, CriterionView, DecisionView, RequiredView, SignatureView, StageView, WaiverItem
from lotmark.dossier._view_model_build import RebuildView, SupplyView, VulnerabilityView
from lotmark.dossier._view_model_tests import Estimate, HazardView, HeatMap, LayerView, MatrixRow, MatrixView, RiskView
from lotmark.dossier._view_words import status_of

NOON = "2026-11-23T12:00:00.000Z"


def source(*, approval: str | None = None, closed: str | None = None, matrix: Any = None) -> Any:
    """What the sentences ask of a run's records."""
    return SimpleNamespace(
        opened={"product": {"name": "qPCR Caller", "version": "1.4.0"}},
        closed={"outcome": closed} if closed else None,
        stages={"approval": {"outcome": approval}} if approval else {},
        find=lambda kind: matrix if kind == "matrix-evaluation" else None,
    )


def stage(name: str = "unit", word: str = "accepted") -> StageView:
    return StageView(name, status_of(word), 1, f"{name} {word}", ())


def criterion(word: str = "met", title: str = "All tests passed", *messages: str) -> CriterionView:
    return CriterionView("tests", title, "IEC 62304", "why", "rule", "found", messages, status_of(word), "critical", strict=True, solution="mend it")


def decision(word: str = "accepted", *criteria: CriterionView, missing: tuple[str, ...] = (), relaxations: tuple[str, ...] = ()) -> DecisionView:
    return DecisionView(status_of(word), "all criteria are met", (), missing, criteria, relaxations)


def required(role: str = "quality-owner", count: int = 1, have: int | None = 0, meaning: str = "approval") -> RequiredView:
    return RequiredView(role, meaning, count, have, Status("wait", "missing"))


def signature(word: str = "counts", **fields: Any) -> SignatureView:
    told: dict[str, Any] = {"name": "Quinn Example", "person": "quinn", "email": "q@x", "role": "quality-owner", "meaning": "approval", "signed_at": NOON}
    told |= {"zone": "UTC", "reason": "read", "key_id": "11" * 32, "components": "passphrase", "on_behalf_of": "", "index": 20, "note": ""}
    mark = {"counts": "ok", "rejects": "bad"}.get(word, "warn")
    return SignatureView(**{**told, **fields}, status=Status(mark, word))  # type: ignore[arg-type]


def approvals(*wanted: RequiredView, signatures: tuple[SignatureView, ...] = (), problems: tuple[str, ...] = (), signed: int = 0) -> ApprovalsView:
    return ApprovalsView("high", ("first release",), wanted, signatures, problems, signed)


def waiver(expires: str = "2026-12-31", name: str = "qpcr:WVR-0001") -> WaiverItem:
    return WaiverItem(name, ("t",), "reason", "risk", "quinn", "Quinn Example", NOON, "UTC", expires, 3)


def layer(mark: str = "ok", received: int = 10, expected: int = 10) -> LayerView:
    return LayerView("unit", Status(mark, "passed"), expected, received, (), (), (), (), (), (), "pytest", ())  # type: ignore[arg-type]


def risk(*marks: str) -> RiskView:
    none = Estimate("s", "p", "low", 0)
    hazards = tuple(HazardView(f"HAZ-{number}", "t", "s", "h", none, none, (), Status(mark, mark), "r") for number, mark in enumerate(marks))  # type: ignore[arg-type]
    empty = HeatMap("t", (), (), (), "")
    return RiskView("s", hazards, (), empty, empty)


def matrix(*words: str) -> MatrixView:
    rows = tuple(MatrixRow(f"HAZ-{number}", "hazard", "t", False, (), status_of(word)) for number, word in enumerate(words))
    return MatrixView("s", (), rows, (), (), (), (), ())


def rebuild(word: str = "IDENTICAL", varied: int = 3) -> RebuildView:
    return RebuildView(status_of(word), "s", "R2", (None,) * varied, (), (), (), (), ())  # type: ignore[arg-type]


def supply(*states: str, summary: str = "None is known.", components: int = 2) -> SupplyView:
    found = tuple(VulnerabilityView("CVE", "numpy", "high", "s", "", status_of(state), "") for state in states)
    return SupplyView("s", summary, (), (None,) * components, found, (), (Fact("a", "b"),))  # type: ignore[arg-type]
