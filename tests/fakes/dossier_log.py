"""A signed release whose evidence has every field that a reader is shown, and the views that are built of it."""

import functools
import json
from collections.abc import Callable
from typing import Any

from fakes.release_log import DIGEST, RUN, ReleaseLog
from lotmark.base.digest import Digest
from lotmark.dossier._view import build_view
from lotmark.dossier._view_model import DossierView
from lotmark.dossier._view_timeline import log_facts
from lotmark.releases.models import RunEvidence

CALIBRATION = "ca" * 32
SCALE = {
    "severities": ["negligible", "minor", "serious"],
    "probabilities": ["remote", "occasional", "frequent"],
    "levels": ["low", "medium", "high"],
    "matrix": [["low", "low", "medium"], ["low", "medium", "high"], ["medium", "high", "high"]],
}


def hazard(name: str, **change: Any) -> dict[str, Any]:
    """A hazard that is serious before and minor after control."""
    return {
        "id": name,
        "title": f"Wrong result {name}",
        "hazardousSituation": "A failed reaction reads as negative.",
        "harm": "No treatment.",
        "before": {"severity": "serious", "probability": "occasional", "level": "high"},
        "after": {"severity": "serious", "probability": "remote", "level": "medium"},
        "controls": ["RC-001"],
        "residualRisk": {"acceptable": True, "rationale": "The benefit outweighs it."},
        **change,
    }


def item(name: str, kind: str, title: str, *links: tuple[str, str], category: str = "") -> dict[str, Any]:
    """An item of the trace."""
    return {
        "id": name,
        "type": kind,
        "category": category,
        "title": title,
        "status": "approved",
        "safetyClass": "",
        "fingerprint": "f0" * 32,
        "path": f"quality/{name}.md",
        "line": 2,
        "links": [{"type": link, "target": target} for link, target in links],
    }


def case(name: str, *verifies: str, status: str = "passed", **change: Any) -> dict[str, Any]:
    """A test with one attempt."""
    attempts = [{"status": status, "seconds": 0.1, "message": ""}]
    base = {"id": name, "name": name.rpartition("::")[2], "suite": "pytest", "file": "", "status": status, "seconds": 0.1, "attempts": attempts}
    return {**base, "verifies": list(verifies), "redThenGreen": False, "reason": "", **change}


class DossierLog(ReleaseLog):
    """As `ReleaseLog`, with whole predicates. A test changes `predicate(...)` before `record`."""

    def __init__(self) -> None:
        super().__init__()
        assert self.run.opened is not None
        self.run.opened["source"] = {
            "repository": "https://example.org/qpcr.git",
            "ref": "refs/heads/main",
            "commit": self.run.opened["source"]["commit"],
            "tree": "7e" * 20,
            "sha256": "5c" * 32,
            "committedAt": "2026-11-23T10:00:00.000Z",
        }
        self.run.opened["product"]["udiDi"] = "04012345000016"
        self._complete_source()
        self._complete_build()
        self._complete_tests()
        self._complete_risks()

    @property
    def predicate(self) -> Callable[..., dict[str, Any]]:
        """The predicate of a kind (and name), to be changed in place."""
        return self.run.predicate

    @property
    def opened(self) -> dict[str, Any]:
        """The predicate that opens the run, to be changed in place."""
        assert self.run.opened is not None
        return self.run.opened

    def _complete_source(self) -> None:
        self.predicate("change-summary")["source"] = self.run.opened["source"] if self.run.opened else {}
        for commit in self.predicate("change-summary")["commits"]:
            commit |= {"committedAt": "2026-11-23T10:00:00.000Z", "exempt": False}
        dependencies = self.predicate("dependencies")
        dependencies["components"][0] |= {"purl": "pkg:pypi/numpy@2.1.0", "licenceSource": "lock", "scope": "runtime", "installed": "2.1.0"}
        dependencies["vulnerabilities"] |= {"dump": "osv.jsonl", "sha256": "05" * 32, "ecosystems": ["PyPI"]}
        dependencies |= {"leftOut": [], "environment": None, "licencePolicy": {"allow": ["BSD-3-Clause", "MIT"]}, "sbomSha256": "5b" * 32}

    def _complete_build(self) -> None:
        rebuild = self.predicate("rebuild")
        rebuild["outputs"][0] |= {"size": 12, "comparator": None, "causes": []}
        rebuild["isolation"] |= {
            "capabilities": False,
            "readOnlySource": True,
            "cleanEnvironment": True,
            "root": {"kind": "host", "sha256": "40" * 32, "packages": 868},
        }
        rebuild |= {
            "claimText": "R3: built twice on this machine, varied: clock, umask",
            "sourceSha256": "5c" * 32,
            "lanes": [
                {"name": "A", "seconds": 1.5, "varied": {"clock": "real", "umask": "022"}},
                {"name": "B", "seconds": 1.25, "varied": {"clock": "+34425071s", "umask": ""}},
            ],
            "notVaried": {"locale": "no second locale on this machine"},
            "environmentSha256": "e0" * 32,
            "tools": [{"name": "python", "version": "Python 3.11.7"}],
        }
        self.predicate("provenance")["buildDefinition"] = {"externalParameters": {"command": ["python", "-m", "build"]}}
        candidate = self.predicate("release-candidate")
        candidate["evidence"] = []
        candidate["build"] |= {"builtAt": "2026-11-23T10:00:00.000Z", "locks": [], "environmentSha256": "e0" * 32}

    def _complete_tests(self) -> None:
        for layer, names in (
            ("unit", ("tests/unit/test_ct.py::test_ct[1]", "tests/unit/test_ct.py::test_ct[2]")),
            ("integration", ("t_flow",)),
            ("validation", ("t_reference",)),
        ):
            run = self.predicate("test-run", layer)
            run["tests"] = [case(name, "REQ-001", "RC-001") for name in names]
            run["results"] = [{"name": f"results/{layer}.xml", "sha256": "7e" * 32}]
            run |= {"startedAt": "2026-11-23T11:10:00.000Z", "finishedAt": "2026-11-23T11:11:00.000Z", "environment": {}}
            run["attempts"] = [{"exitCode": 0, "startedAt": run["startedAt"], "finishedAt": run["finishedAt"], "results": run["results"]}]
        matrix = self.predicate("matrix-evaluation")
        common = {"owner": "dana", "environment": "sandbox", "retention": "device-lifetime"}
        matrix |= {
            "categories": [
                {"id": "unit", "title": "Unit tests", "layer": "unit", "gating": "blocking", **common},
                {"id": "panel", "title": "Reference panel", "layer": "validation", "gating": "waivable", **common},
            ],
            "selected": [],
        }
        (own,) = matrix["rows"][0]["required"][0]["tests"]
        matrix["rows"][0]["required"][0]["tests"] = [{**own, "id": f"tests/unit/test_ct.py::test_ct[{number}]"} for number in (1, 2)]

    def _complete_risks(self) -> None:
        trace = self.predicate("trace-snapshot")
        trace["items"] = [
            item("UN-001", "user-need", "A right answer"),
            item("REQ-001", "requirement", "Correct the baseline", ("derives", "UN-001"), ("implements", "RC-001"), category="software"),
            item("RC-001", "risk-control", "Internal control", ("mitigates", "HAZ-001")),
            item("HAZ-001", "hazard", "Wrong result"),
        ]
        trace["coverage"] = {"requirements": 1, "withRiskOrNeed": 1, "withTest": 1, "verified": 1}
        self.run.predicate("risk-snapshot").update(
            hazards=[hazard("HAZ-001")],
            controls=[{"id": "RC-001", "title": "Internal control", "kind": "protective", "hazards": ["HAZ-001"], "requirements": ["REQ-001"]}],
            scale=SCALE,
        )

    # The last records say more than their verifiers look at.
    def record_one(self, kind: str, predicate: dict[str, Any], **more: Any) -> Any:
        if kind == "stage-result":
            predicate |= {"startedAt": "2026-11-23T11:00:00.000Z", "finishedAt": "2026-11-23T11:30:00.000Z"}
        if kind == "deployment":
            checks = [{"name": "artifact-signature", "verdict": "passed", "detail": "signed by the pipeline"}]
            admission = {
                "digest": {"sha256": DIGEST.hex},
                "target": "laboratory",
                "policySha256": "00" * 32,
                "logSize": 40,
                "checks": checks,
                "issuedAt": "2026-11-23T12:00:49.000Z",
            }
            predicate |= {"admission": admission, "action": "deploy", "previous": None, "switchedAt": "2026-11-23T12:00:50.000Z"}
        if kind == "deployment-check":
            predicate |= {
                "probe": {"command": ["qpcr"], "output": "qpcr 1.4.0\n", "exitCode": 0, "reportedVersion": "1.4.0"},
                "reason": "the probe answered",
                "checkedAt": "2026-11-23T12:00:55.000Z",
            }
        return super().record_one(kind, predicate, **more)

    def view(self, *, blobs: bool = True, trust: bool = True, witnesses: int = 0) -> DossierView:
        """The run as the ledger has it now."""
        entries = list(self.ledger.entries())
        own = [entry for entry in entries if entry.header.scope == f"run:{RUN}"]
        store = self.ledger.blobs

        def blob(digest: Digest) -> bytes | None:
            return store.get(digest) if blobs and store.has(digest) else None

        return build_view(
            RunEvidence([self.reader.verify(entry) for entry in own]),
            [self.reader.verify(entry) for entry in entries if entry not in own],
            log=log_facts(self.ledger.checkpoint(), entries, witnesses=witnesses),
            trust=self.reader.trust() if trust else None,
            blob=blob,
        )


@functools.cache
def released() -> DossierView:
    """The view of a good release."""
    return DossierLog().record().view()


def large(requirements: int) -> DossierView:
    """The view of a release with so many requirements, ten tests each."""
    log = DossierLog()
    trace, matrix, unit = log.predicate("trace-snapshot"), log.predicate("matrix-evaluation"), log.predicate("test-run", "unit")
    needs = [item(f"UN-{n:03d}", "user-need", f"Need number {n}") for n in range(1, 11)]
    own = [
        item(f"REQ-{n:03d}", "requirement", f"The software shall do the thing of number {n} in the way that is told", ("derives", f"UN-{n % 10 + 1:03d}"))
        for n in range(1, requirements + 1)
    ]
    trace["items"] = [*needs, *own]
    unit["tests"] = [
        case(f"tests/unit/test_module_{n // 20}.py::test_requirement_{n}[{number}]", f"REQ-{n:03d}") for n in range(1, requirements + 1) for number in range(10)
    ]
    unit |= {"expected": len(unit["tests"]), "received": len(unit["tests"]), "counts": {**unit["counts"], "passed": len(unit["tests"])}}
    row = json.dumps(matrix["rows"][0])
    matrix["rows"] = [json.loads(row.replace("REQ-001", f"REQ-{n:03d}")) for n in range(1, requirements + 1)]
    return log.record(until="work").view()


def poor() -> DossierView:
    """A refused run with as little to show as can be, and something wrong with all of it."""
    log = DossierLog()
    nothing = {"severity": "", "probability": "", "level": ""}
    log.predicate("rebuild").update(verdict="FAILED", outputs=[])
    log.predicate("risk-snapshot").update(hazards=[hazard("HAZ-001", before=nothing, controls=[])], controls=[])
    log.predicate("dependencies").update(components=[], locks=[], leftOut=[{"purl": "pkg:a/b", "reason": "why"}])
    log.predicate("trace-snapshot").update(anomalies=None, findings=[{"code": "LM-TRC-001", "severity": "error", "message": "gap", "help": "mend"}])
    log.predicate("test-run", "unit").update(missing=["t_gone"], unexpected=["t_new"])
    log.predicate("change-summary").update(changedItems=[], changedPaths=[])
    log.run.findings["unit"] = [{"code": "LM-MTX-001", "severity": "error", "message": "missing"}]
    log.record(until="decide")
    log.close("refused")
    return log.view(witnesses=1)


STATES: dict[str, Callable[[], DossierView]] = {
    "released": released,
    "nothing has run": lambda: DossierLog().record(until="open").view(),
    "not decided": lambda: DossierLog().record(until="work").view(),
    "waiting, rules not at hand": lambda: DossierLog().record(signers=(), until="decide").view(blobs=False),
    "refused, with little to show": poor,
}
"""Views of runs in different states."""
