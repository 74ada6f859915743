"""Answers as the index gives them, made without a ledger: each maker takes the fields that a test is about."""

from typing import Any

from lotmark.index.models import (
    About,
    Answers,
    Artifact,
    Author,
    ByWhom,
    ComponentInRun,
    Components,
    Decision,
    Environment,
    FiveAnswers,
    FromWhat,
    ItemInRun,
    ItemTest,
    Lock,
    Proof,
    Rebuild,
    RequiredSignature,
    RunSummary,
    Signature,
    Target,
    UnderWhichApproval,
    Waiver,
    What,
    WithWhichTests,
)

NOON = "2026-11-23T12:00:00.000Z"
RUN = "qpcr:RUN-0001"
ROOT = "ab" * 32


def summary(**fields: Any) -> RunSummary:
    told: dict[str, Any] = {
        "run": RUN,
        "product": "qpcr",
        "product_name": "qPCR Caller",
        "version": "1.4.0",
        "state": "released",
        "commit": "c0" * 20,
        "opened_at": NOON,
        "released_at": NOON,
        "artifact": "qpcr-1.4.0.whl",
        "sha256": "aa" * 32,
        "udi_di": None,
        "index": 4,
    }
    return RunSummary(**{**told, **fields})


def target(**fields: Any) -> Target:
    told: dict[str, Any] = {
        "name": "laboratory",
        "environment": "production",
        "switched_at": NOON,
        "is_current": True,
        "replaced_by": None,
        "verdict": "verified",
        "reason": None,
        "checked_at": "2026-11-24T06:30:00.000Z",
    }
    return Target(**{**told, **fields})


def what(**fields: Any) -> What:
    told: dict[str, Any] = {
        "product": "qpcr",
        "product_name": "qPCR Caller",
        "version": "1.4.0",
        "safety_class": "B",
        "udi_di": "04012345000016",
        "state": "released",
        "state_words": "",
        "released_at": NOON,
        "artifact": Artifact(name="qpcr-1.4.0.whl", media_type="application/zip", size=12345, sha256="aa" * 32),
        "device": None,
        "targets": (target(),),
    }
    return What(**{**told, **fields})


def components(**fields: Any) -> Components:
    told: dict[str, Any] = {
        "total": 2,
        "scopes": {"runtime": 1, "test": 1},
        "licences_refused": (),
        "none_reason": None,
        "evaluated": True,
        "retrieved": "2026-11-20",
        "vulnerabilities": (),
    }
    return Components(**{**told, **fields})


def from_what(**fields: Any) -> FromWhat:
    told: dict[str, Any] = {
        "repository": "https://git.example.org/qpcr",
        "ref": "refs/heads/main",
        "commit": "c0" * 20,
        "tree": "7e" * 20,
        "source_sha256": "5c" * 32,
        "committed_at": NOON,
        "locks": (Lock(path="requirements.lock", sha256="11" * 32, components=2),),
        "components": components(),
        "environment": Environment(sha256="e0" * 32, backend="bwrap", hermetic=True, tools=("Python 3.11.7", "make")),
        "rebuild": Rebuild(verdict="IDENTICAL", claim="R2", words="built twice", claim_text="R2: built twice on this machine"),
    }
    return FromWhat(**{**told, **fields})


def by_whom(**fields: Any) -> ByWhom:
    told: dict[str, Any] = {
        "authors": (Author(name="Dana Example", email="dana@example.org", commits=2),),
        "committers": (Author(name="Eli Example", email="eli@example.org", commits=1),),
        "commits": 2,
        "since": "1.3.0",
        "operator": "root",
        "machine": "vm",
        "opened_at": NOON,
        "lotmark": "0.1.0",
        "pipeline_key": "9f" * 32,
        "pipeline_key_since": 1,
    }
    return ByWhom(**{**told, **fields})


def with_which_tests(**fields: Any) -> WithWhichTests:
    told: dict[str, Any] = {"layers": (), "covered": (), "gaps": (), "waivers": (), "open_anomalies": ()}
    return WithWhichTests(**{**told, **fields})


def decision(**fields: Any) -> Decision:
    told: dict[str, Any] = {
        "verdict": "accepted",
        "criteria_met": 2,
        "criteria": 2,
        "unmet": (),
        "missing": (),
        "tier": "high",
        "tier_reasons": (),
        "policy_sha256": "90" * 32,
        "evaluated_at": NOON,
        "log_size": 18,
        "index": 18,
    }
    return Decision(**{**told, **fields})


def signature(**fields: Any) -> Signature:
    told: dict[str, Any] = {
        "name": "Quinn Example",
        "person": "quinn",
        "role": "quality-owner",
        "meaning": "approval",
        "signed_at": NOON,
        "zone": "UTC",
        "reason": "I have read it",
        "on_behalf_of": None,
        "standing": "counted",
        "index": 20,
    }
    return Signature(**{**told, **fields})


def approval(**fields: Any) -> UnderWhichApproval:
    told: dict[str, Any] = {
        "decision": decision(),
        "required": (RequiredSignature(count=1, role="quality-owner", meaning="approval"),),
        "signatures": (signature(),),
        "stage": None,
    }
    return UnderWhichApproval(**{**told, **fields})


def waiver(**fields: Any) -> Waiver:
    told: dict[str, Any] = {
        "waiver": "qpcr:WVR-0001",
        "version": "1.4.0",
        "tests": ("tests/test_panel.py::test_panel",),
        "items": ("REQ-002",),
        "reason": "The panel is on order",
        "residual_risk": "Instrument B is not named in the labelling",
        "owner": "quinn",
        "name": "Quinn Example",
        "role": "quality-owner",
        "signed_at": NOON,
        "zone": "UTC",
        "expires": "2026-12-31",
        "standing": "holds",
        "standing_words": "holds until 2026-12-31",
        "index": 3,
    }
    return Waiver(**{**told, **fields})


def item_test(**fields: Any) -> ItemTest:
    told: dict[str, Any] = {"test": "tests/test_ct.py::test_ct", "layer": "unit", "category": "unit", "status": "passed", "waiver": None}
    return ItemTest(**{**told, **fields})


def item(**fields: Any) -> ItemInRun:
    told: dict[str, Any] = {
        "run": summary(),
        "type": "requirement",
        "title": "Correct the baseline",
        "status": "approved",
        "fingerprint": "f1" * 32,
        "changed": True,
        "verdict": "passed",
        "tests": (item_test(),),
        "links": (),
        "risk": None,
    }
    return ItemInRun(**{**told, **fields})


def component(**fields: Any) -> ComponentInRun:
    told: dict[str, Any] = {
        "run": summary(),
        "purl": "pkg:pypi/numpy@2.1.0",
        "name": "numpy",
        "version": "2.1.0",
        "scope": "runtime",
        "licence": "BSD-3-Clause",
        "targets": (target(),),
    }
    return ComponentInRun(**{**told, **fields})


def proof(**fields: Any) -> Proof:
    told: dict[str, Any] = {"origin": "example.org/qpcr", "first": 5, "last": 27, "size": 28, "root": ROOT, "witnesses": 0, "caveat": "No witness."}
    return Proof(**{**told, **fields})


def five(**fields: Any) -> FiveAnswers:
    told: dict[str, Any] = {
        "what": what(),
        "from_what": from_what(),
        "by_whom": by_whom(),
        "with_which_tests": with_which_tests(),
        "under_which_approval": approval(),
    }
    return FiveAnswers(**{**told, **fields})


def answers(kind: str = "version", *, name: str = "qpcr@1.4.0", question: str = "1.4.0", words: str = "qPCR Caller 1.4.0", **fields: Any) -> Answers:
    """About one thing of that kind; the fields say what is told of it."""
    told: dict[str, Any] = {"question": question, "about": About(kind=kind, name=name, words=words), "run": RUN, "proof": proof()}  # type: ignore[arg-type]
    return Answers(**{**told, **fields})
