"""A run whose evidence is whole and good, as verified entries; a test spoils one piece of it and looks what becomes of the verdict.

The entries are made without signatures: what is judged here are rooms that take only what was verified before.
"""

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from fakes.note_signers import Log as NoteLog
from fakes.note_signers import NoteKey
from lotmark.attest.api import format_json
from lotmark.attest.models import STATEMENT_TYPE, Envelope, KeyRecord, Statement, Subject, Verified
from lotmark.base.clock import format_instant
from lotmark.policy.api import DECIDED_STAGES
from lotmark.tlog.models import KeyType

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
RUN = "qpcr:RUN-0001"
WHEEL = "aa" * 32
COMMIT = "c0ffee" + "0" * 34
VERSION = "1.4.0"


def key(name: str, kind: str = "person", *, valid_from: int = 0, valid_until: int | None = None, seed: str = "") -> KeyRecord:
    """A key of that name; another `seed` makes a second key of the same person."""
    raw = (name + seed).encode().ljust(32, b".")[:32]
    person = name if kind in {"person", "root"} else ""
    return KeyRecord(
        raw.hex(),
        "ed25519",
        raw,
        kind,
        person,
        f"{name.capitalize()} Example" if person else kind,
        valid_from,
        valid_until,
        f"{name}@example.org" if person else "",  # type: ignore[arg-type]
    )


PIPELINE = key("pipeline", "pipeline")


def verified(kind: str, predicate: dict[str, Any], index: int, *, by: KeyRecord = PIPELINE, subjects: tuple[Subject, ...] | None = None) -> Verified:
    """An entry as `verify_envelope` would give it."""
    subjects = subjects or (Subject("qpcr-1.4.0.whl", {"sha256": WHEEL}),)
    uri = f"https://lotmark.dev/attestation/{kind}/v1"
    payload = format_json(
        {"_type": STATEMENT_TYPE, "subject": [{"name": s.name, "digest": s.digest} for s in subjects], "predicateType": uri, "predicate": predicate}
    )
    envelope = Envelope(payload, "application/vnd.in-toto+json", by.key_id, b"", payload)
    return Verified(index, kind, Statement(subjects, uri, copy.deepcopy(predicate)), by, envelope)


def _layer(layer: str, tests: list[str]) -> dict[str, Any]:
    return {
        "run": RUN,
        "layer": layer,
        "command": ["pytest"],
        "exitCode": 0,
        "artifacts": [{"name": "qpcr-1.4.0.whl", "sha256": WHEEL}],
        "tests": [{"id": name, "status": "passed", "redThenGreen": False, "reason": ""} for name in tests],
        "expected": len(tests),
        "received": len(tests),
        "missing": [],
        "unexpected": [],
        "counts": {"passed": len(tests), "failed": 0, "error": 0, "skipped": 0, "missing": 0},
    }


def _counts(required: int, *, passed: int = 0, waived: int = 0) -> dict[str, int]:
    return {"required": required, "passed": passed, "failed": 0, "missing": 0, "incomplete": 0, "waived": waived}


def _stages() -> dict[str, list[tuple[str, str, dict[str, Any]]]]:
    """Per stage: (kind, name, predicate) of everything that it leaves."""
    return {
        "source": [("change-summary", "", _change_summary())],
        "dependencies": [("dependencies", "", _dependencies()), ("sbom", "", _sbom()), ("vulns", "", {"scanner": {}})],
        "build": [("provenance", "", {"buildDefinition": {}, "runDetails": {}}), ("rebuild", "", _rebuild())],
        "unit": [("test-run", "unit", _layer("unit", ["t_ct", "t_curve"])), ("test-result", "unit", {"result": "PASSED"})],
        "integration": [("test-run", "integration", _layer("integration", ["t_flow"]))],
        "validation": [
            ("test-run", "validation", _layer("validation", ["t_reference"])),
            ("trace-snapshot", "", _trace()),
            ("risk-snapshot", "", _risks()),
            ("matrix-evaluation", "", _matrix()),
        ],
        "package": [
            ("release-candidate", "", _candidate()),
            ("artifact-signature", "", {"artifact": {"name": "qpcr-1.4.0.whl", "sha256": WHEEL, "size": 12}, "product": "qpcr", "version": VERSION}),
        ],
    }


def _change_summary() -> dict[str, Any]:
    dana = {"name": "Dana Example", "email": "dana@example.org"}
    return {
        "run": RUN,
        "source": {"commit": COMMIT},
        "base": {"version": "1.3.0", "commit": "b" * 40},
        "commits": [{"sha": COMMIT, "subject": "Correct the baseline", "author": dana, "committer": dana, "signedOff": True, "references": ["REQ-001"]}],
        "authors": ["dana@example.org"],
        "committers": ["dana@example.org"],
        "lastPusher": "dana@example.org",
        "changedPaths": ["src/qpcr/baseline.py"],
        "referencedIds": ["REQ-001"],
        "changedItems": ["REQ-001"],
        "dependenciesChanged": False,
        "policyChanged": False,
    }


def _dependencies() -> dict[str, Any]:
    return {
        "run": RUN,
        "locks": [{"path": "requirements.lock", "kind": "pip", "sha256": "11" * 32, "components": 1}],
        "none": None,
        "components": [{"name": "numpy", "version": "2.1.0", "licence": "BSD-3-Clause", "licenceVerdict": "allowed", "hashes": {"sha256": ["22" * 32]}}],
        "vulnerabilities": {"retrieved": "2026-11-20", "records": 900, "evaluated": True, "matched": []},
    }


def _sbom() -> dict[str, Any]:
    return {"bomFormat": "CycloneDX", "metadata": {"component": {"name": "qpcr", "version": VERSION}}, "components": [{"name": "numpy"}]}


def _rebuild() -> dict[str, Any]:
    return {
        "run": RUN,
        "verdict": "IDENTICAL",
        "claim": "R3",
        "outputs": [{"name": "dist/qpcr-1.4.0.whl", "sha256A": WHEEL, "sha256B": WHEEL, "verdict": "IDENTICAL"}],
        "isolation": {"backend": "bwrap", "network": False, "hermetic": True},
    }


def _trace() -> dict[str, Any]:
    return {
        "run": RUN,
        "product": "qpcr",
        "items": [
            {
                "id": "REQ-001",
                "type": "requirement",
                "title": "Correct the baseline",
                "status": "approved",
                "safetyClass": "",
                "links": [{"type": "derives", "target": "UN-001"}],
            },
            {"id": "UN-001", "type": "user-need", "title": "A right answer", "status": "approved", "safetyClass": "", "links": []},
        ],
        "coverage": {"requirements": 1, "withRiskOrNeed": 1, "withTest": 1, "verified": 1},
        "changed": ["REQ-001"],
        "findings": [{"code": "LM-TRC-050", "severity": "warning", "message": "worth a look"}],
        "anomalies": [{"id": "ANO-001", "title": "Slow start", "severity": 3, "status": "open", "rationale": "Harmless", "affects": []}],
    }


def _risks() -> dict[str, Any]:
    hazard = {
        "id": "HAZ-001",
        "title": "Wrong result",
        "after": {"level": "low"},
        "controls": ["RC-001"],
        "residualRisk": {"acceptable": True, "rationale": "Benefit outweighs"},
    }
    return {"run": RUN, "product": "qpcr", "hazards": [hazard]}


def _matrix() -> dict[str, Any]:
    return {
        "run": RUN,
        "product": "qpcr",
        "categories": [
            {"id": "unit", "layer": "unit", "gating": "blocking", "tests": []},
            {"id": "flow", "layer": "integration", "gating": "blocking", "tests": []},
            {"id": "reference", "layer": "validation", "gating": "blocking", "tests": ["t_reference"]},
            {"id": "panel", "layer": "validation", "gating": "waivable", "tests": ["t_panel"]},
            {"id": "trend", "layer": "validation", "gating": "informational", "tests": ["t_trend"]},
        ],
        "rows": [
            {
                "subject": "REQ-001",
                "kind": "requirement",
                "title": "Correct the baseline",
                "changed": True,
                "required": [
                    {
                        "category": "unit",
                        "gating": "blocking",
                        "status": "passed",
                        "tests": [{"id": "t_ct", "status": "passed", "layer": "unit", "waiver": None}],
                    }
                ],
                "status": "passed",
            },
            {
                "subject": "HAZ-001",
                "kind": "hazard",
                "title": "Wrong result",
                "changed": False,
                "required": [
                    {
                        "category": "panel",
                        "gating": "waivable",
                        "status": "waived",
                        "tests": [{"id": "t_panel", "status": "missing", "layer": "validation", "waiver": "qpcr:WVR-0001"}],
                    }
                ],
                "status": "waived",
            },
        ],
        "leftOut": [{"test": "t_nightly", "reason": "runs at night"}],
        "waivers": [
            {
                "id": "qpcr:WVR-0001",
                "scope": {"tests": ["t_panel"], "requirements": [], "hazards": [], "riskControls": []},
                "reason": "The panel is on order",
                "residualRisk": "Covered by t_reference",
                "owner": "quinn",
                "expires": "2026-12-31",
                "index": 4,
            }
        ],
        "summary": {"blocking": _counts(1, passed=1), "waivable": _counts(1, waived=1), "informational": _counts(0)},
    }


def _candidate() -> dict[str, Any]:
    return {
        "run": RUN,
        "product": "qpcr",
        "version": VERSION,
        "artifact": {"name": "qpcr-1.4.0.whl", "mediaType": "application/zip", "size": 12, "sha256": WHEEL},
        "build": {"commit": COMMIT, "run": RUN},
        "versions": {"proposed": VERSION, "tested": VERSION, "sbom": VERSION, "artifact": VERSION, "label": None},
        "device": None,
    }


WITNESSES = ("a", "b")


def witnessing(*cosigned: str, quorum: str = "quorum both", size: int = 10, hours: float = 0.0) -> dict[str, Any]:
    """What the witnesses `a` and `b` said when they were asked at noon, the cosignatures so many hours old."""
    keys = {name: NoteKey(f"{name}.example", KeyType.COSIGNATURE) for name in WITNESSES}
    note = NoteLog("log.example/one", leaves=size).note(size)
    for name in cosigned:
        note = keys[name].cosign(note, int(NOON.timestamp() - hours * 3600))
    return {
        "run": RUN,
        "checkpoint": note.decode(),
        "policy": [*(f"witness {name} {key.vkey}" for name, key in keys.items()), "group both all a b", quorum],
        "logSize": size,
        "askedAt": format_instant(NOON),
        "answers": [
            {
                "witness": name,
                "key": f"{name}.example",
                "outcome": "cosigned" if name in cosigned else "unreachable",
                "detail": f"size {size}" if name in cosigned else "connection refused",
            }
            for name in WITNESSES
        ],
    }


class ReleaseRun:
    """The run, to be spoiled before `entries` are asked for."""

    def __init__(self) -> None:
        self.stages = _stages()
        self.opened: dict[str, Any] | None = {
            "run": RUN,
            "product": {"id": "qpcr", "name": "qPCR caller", "version": VERSION, "safetyClass": "B", "udiDi": ""},
            "source": {"commit": COMMIT},
            "configuration": [],
            "expected": [{"stage": stage, "kinds": sorted({kind for kind, _, _ in made})} for stage, made in self.stages.items()],
            "previousRelease": {"version": "1.3.0", "commit": "b" * 40, "artifact": "bb" * 32},
            "openedAt": "2026-11-23T11:00:00.000Z",
            "operator": "ci",
            "lotmark": "0.1.0",
        }
        self.outcomes = dict.fromkeys(self.stages, "accepted")
        self.findings: dict[str, list[dict[str, Any]]] = {stage: [] for stage in self.stages}
        self.witnessing: dict[str, Any] | None = None
        """What the log's witnesses said when the stages before the decision had ended; None where none is named."""

    def predicate(self, kind: str, name: str = "") -> dict[str, Any]:
        """The predicate of the only entry of the kind (and name), to be changed in place."""
        (found,) = [predicate for made in self.stages.values() for k, n, predicate in made if k == kind and (not name or n == name)]
        return found

    def record_test(self, layer: str, test: str, status: str, **more: Any) -> None:
        """The layer's test run says so of the test, and is whole in itself; what the matrix and the stage say is left as it is."""
        run = self.predicate("test-run", layer)
        tests = {item["id"]: item for item in run["tests"]}
        tests[test] = {"id": test, "redThenGreen": False, "reason": "", "verifies": [], **tests.get(test, {}), "status": status, **more}
        statuses = [item["status"] for item in tests.values()]
        run["tests"] = list(tests.values())
        run["counts"] = {word: statuses.count(word) for word in ("passed", "failed", "error", "skipped", "missing")}
        run["missing"] = [item["id"] for item in tests.values() if item["status"] == "missing"]
        run["received"] = len(tests) - len(run["missing"])
        run["expected"] = max(run["expected"], len(tests))
        run["exitCode"] = int("failed" in statuses or "error" in statuses)

    def drop(self, kind: str, name: str = "") -> None:
        """The stage never made it and does not say so."""
        for stage, made in self.stages.items():
            self.stages[stage] = [item for item in made if item[0] != kind or (name and item[1] != name)]

    def entries(self, change: Callable[[list[Verified]], list[Verified]] | None = None) -> list[Verified]:
        """The run as it stands in the log; each stage claims what it made."""
        log: list[Verified] = []

        def add(kind: str, predicate: dict[str, Any]) -> Verified:
            log.append(verified(kind, predicate, 10 + len(log)))
            return log[-1]

        if self.opened is not None:
            add("run-opened", self.opened)
        for stage in DECIDED_STAGES:
            made = [(kind, name, add(kind, predicate)) for kind, name, predicate in self.stages.get(stage, [])]
            if stage in self.outcomes:
                add("stage-result", self.result(stage, 1, made))
        if self.witnessing is not None:
            add("witnessing", self.witnessing)
        return change(log) if change else log

    def result(self, stage: str, attempt: int, made: list[tuple[str, str, Verified]], outcome: str = "") -> dict[str, Any]:
        """The predicate of a stage result that claims these entries."""
        return {
            "run": RUN,
            "stage": stage,
            "attempt": attempt,
            "outcome": outcome or self.outcomes[stage],
            "summary": "",
            "findings": self.findings[stage],
            "evidence": [{"kind": kind, "name": name, "payload": entry.envelope.payload_digest.hex} for kind, name, entry in made],
        }
