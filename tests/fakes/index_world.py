"""Products with releases in a ledger in memory, every record signed and of the shape that its own room asks for."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from fakes.keyring import NOON, person, signer
from fakes.ledger import MemoryLedger, policy
from lotmark.attest.api import build_payload, key_event, sign_payload
from lotmark.attest.models import Evidence, PredicateKind, Registry, Subject, lotmark_uri
from lotmark.base.clock import format_instant
from lotmark.base.digest import Digest
from lotmark.bootstrap.api import registry
from lotmark.index.api import Index
from lotmark.ledger.models import Submission
from lotmark.policy.api import compute_facts

MYSTERY = PredicateKind(name="mystery", uri=lotmark_uri("mystery"), clause="none", retention="short", signers=frozenset({"pipeline"}))
REGISTRY = registry()
WRITERS = Registry([*REGISTRY, MYSTERY])
"""What can be recorded: one kind more than the index knows."""
BARE = Registry(replace(kind, body=None) for kind in WRITERS)
"""The same kinds without their types: then what does not fit can be recorded and read."""
FACTS = compute_facts((), NOON)
ENVIRONMENT = "e0" * 32
POLICY = "90" * 32
ISOLATION = {
    "backend": "bwrap",
    "network": False,
    "capabilities": False,
    "readOnlySource": True,
    "cleanEnvironment": True,
    "hermetic": True,
    "root": {"kind": "host", "sha256": "c2" * 32, "packages": 868},
}
TOOLS = [{"name": "python", "version": "Python 3.11.7"}]
COMPONENTS = [("pkg:pypi/numpy@2.1.0", "runtime", "BSD-3-Clause", "allowed"), ("pkg:pypi/pytest@9.2.0", "test", "MIT", "allowed")]
TESTS = {
    "unit": [("tests/test_ct.py::test_ct[a]", "passed"), ("tests/test_ct.py::test_ct[b]", "passed")],
    "validation": [("tests/test_panel.py::test_panel", "skipped")],
}
PANEL = "tests/test_panel.py::test_panel"


def moment(seconds: float = 0) -> str:
    return format_instant(NOON + timedelta(seconds=seconds))


class IndexWorld:
    """A ledger that grows; each method appends what its name says. `change` alters the predicate before it is signed."""

    def __init__(self, product: str = "qpcr", *, udi_di: str = "04012345000016", ledger: Any = None) -> None:
        self.ledger = ledger or MemoryLedger()
        self.product = product
        self.udi_di = udi_di
        self.change: Callable[[str, dict[str, Any]], None] = lambda _kind, _predicate: None
        self.payloads: dict[str, list[str]] = {}
        self.writers = WRITERS

    def index(self, path: Path, **options: Any) -> Index:
        values: dict[str, Any] = {"program": "test 1", **options}
        known = values.pop("registry", REGISTRY)
        trust = values.pop("policy", policy())
        return Index(path / "index.db", lambda: self.ledger, trust, lambda: known, **values)

    def add(self, kind: str, predicate: dict[str, Any], *, by: str = "pipeline", scope: str = "", subject: Subject | None = None) -> int:
        self.change(kind, predicate)
        about = subject or Subject("source", {"sha256": "5c" * 32, "gitCommit": "c0" * 20})
        return self.submit(Evidence(kind, (about,), predicate), by=by, scope=scope)

    def submit(self, evidence: Evidence, *, by: str, scope: str = "") -> int:
        envelope = sign_payload(build_payload(evidence, self.writers), signer(by))
        run = evidence.predicate.get("run")
        where = scope or (f"run:{run}" if run else f"product:{self.product}")
        self.payloads.setdefault(evidence.kind, []).append(envelope.payload_digest.hex)
        return self.ledger.append([Submission(envelope, evidence.kind, where, submitter="root@vm")])[0].index

    # ---- people and waivers

    def found(self, *people: str) -> "IndexWorld":
        self.key("genesis", "ada", "root")
        self.key("enrol", "pipeline", "pipeline")
        for name in people or ("quinn", "rene"):
            self.key("enrol", name, "person")
        return self

    def key(self, event: str, name: str, kind: str) -> int:
        holder = person(name) if kind in {"person", "root"} else None
        made = key_event(event, public_key=signer(name).public_key, kind=kind, person=holder, reason=f"{event} {name}", at=NOON)  # type: ignore[arg-type]
        return self.submit(made, by="ada")

    def waive(self, waiver: str = "WVR-0001", *, by: str = "quinn", expires: str = "2026-12-31", version: str | None = "1.4.0") -> int:
        return self.add(
            "waiver",
            {
                "waiver": f"{self.product}:{waiver}",
                "product": self.product,
                "scope": {"tests": [PANEL], "requirements": ["REQ-002"], "hazards": [], "riskControls": []},
                "version": version,
                "reason": "The panel is on order",
                "residualRisk": "Instrument B is not named in the labelling",
                "owner": "quinn",
                "signer": {"person": "quinn", "name": "Quinn Example", "role": "quality-owner"},
                "signedAt": moment(1),
                "zone": "UTC",
                "expires": expires,
            },
            by=by,
            subject=Subject(f"waiver:{self.product}:{waiver}", {"sha256": "aa" * 32}),
        )

    def close_waiver(self, waiver: str = "WVR-0001") -> int:
        told = {
            "waiver": f"{self.product}:{waiver}",
            "reason": "The panel came",
            "signer": {"person": "quinn", "name": "Quinn Example", "role": "quality-owner"},
            "closedAt": moment(2),
        }
        return self.add("waiver-closure", told, by="quinn", subject=Subject(f"waiver:{self.product}:{waiver}", {"sha256": "ab" * 32}))

    def delegate(self) -> int:
        told = {
            "delegation": f"{self.product}:DLG-0001",
            "product": self.product,
            "delegator": "quinn",
            "delegate": "rene",
            "role": "quality-owner",
            "tierLimit": "medium",
            "from": moment(),
            "until": moment(3600),
            "reason": "away",
            "signedAt": moment(),
        }
        return self.add("delegation", told, by="quinn", subject=Subject("delegation", {"sha256": "ac" * 32}))

    # ---- a run

    def run(self, number: int = 1, version: str = "1.4.0", **options: Any) -> "PlayedRun":
        return PlayedRun(self, number, version, **options)

    def release(self, number: int = 1, version: str = "1.4.0", **options: Any) -> "PlayedRun":
        """A run from its opening to its end, released and deployed."""
        run = self.run(number, version, **options)
        run.work()
        run.decide()
        run.sign("quinn", "quality-owner", "approval")
        run.sign("rene", "regulatory", "review", zone="Europe/Berlin")
        run.conclude()
        run.deploy()
        run.check()
        run.close()
        return run


class PlayedRun:
    """One run of the product; opened when it is made."""

    def __init__(
        self, world: IndexWorld, number: int, version: str, *, commit: str = "", components: Any = None, fingerprint: str = "f1", artifact: str = ""
    ) -> None:
        self.world = world
        self.name = f"{world.product}:RUN-{number:04d}"
        self.version = version
        self.commit = commit or Digest.of(f"{world.product}{version}".encode()).hex[:40]
        self.components = COMPONENTS if components is None else components
        self.fingerprint = fingerprint * 32
        self.sha256 = artifact or Digest.of(f"artifact of {world.product} {version}".encode()).hex
        self.file = f"{world.product}-{version}.whl"
        self.subject = Subject(f"dist/{self.file}", {"sha256": self.sha256})
        self.source = {
            "repository": "https://git.example.org/qpcr",
            "ref": "refs/heads/main",
            "commit": self.commit,
            "tree": "7e" * 20,
            "sha256": "5c" * 32,
            "committedAt": moment(),
        }
        self.open()

    def add(self, kind: str, predicate: dict[str, Any], *, by: str = "pipeline", artifact: bool = False) -> int:
        subject = self.subject if artifact else Subject("source", {"sha256": "5c" * 32, "gitCommit": self.commit})
        return self.world.add(kind, {"run": self.name, **predicate}, by=by, subject=subject)

    def open(self) -> None:
        product = {"id": self.world.product, "name": "qPCR Caller", "version": self.version, "safetyClass": "B", "udiDi": self.world.udi_di}
        expected = [{"stage": "unit", "kinds": ["test-run"]}, {"stage": "validation", "kinds": ["test-run", "matrix-evaluation"]}]
        self.add(
            "run-opened",
            {
                "product": product,
                "source": self.source,
                "configuration": [{"path": "lotmark.yaml", "sha256": "10" * 32}],
                "expected": expected,
                "previousRelease": None,
                "openedAt": moment(10),
                "operator": "root@vm",
                "lotmark": "0.1.0",
            },
        )

    def work(self) -> None:
        """All stages before the approval, accepted."""
        self.change()
        self.stage("source", "one commit")
        self.dependencies()
        self.rebuild()
        for layer in TESTS:
            self.test(layer)
        self.trace()
        self.matrix()
        self.candidate()

    def stage(self, stage: str, summary: str, outcome: str = "accepted", attempt: int = 1, findings: tuple[dict[str, Any], ...] = ()) -> None:
        told = {"stage": stage, "attempt": attempt, "outcome": outcome, "summary": summary, "startedAt": moment(11), "finishedAt": moment(12)}
        self.add("stage-result", {**told, "findings": list(findings), "evidence": []})

    def change(self, base: dict[str, str] | None = None) -> None:
        dana, eli = {"name": "Dana Example", "email": "dana@example.org"}, {"name": "Eli Example", "email": "eli@example.org"}
        early = Digest.of(f"early {self.commit}".encode()).hex[:40]
        told = {"committer": dana, "committedAt": moment(), "signedOff": True, "exempt": False}
        commits = [
            {**told, "sha": early, "subject": "Start", "author": eli, "references": []},
            {**told, "sha": self.commit, "subject": "Go on", "author": dana, "references": ["REQ-001"]},
        ]
        told = {"commits": commits, "authors": ["dana@example.org"], "committers": ["dana@example.org"], "lastPusher": "dana@example.org"}
        more = {"changedPaths": ["a", "b"], "referencedIds": ["REQ-001"], "changedItems": [], "dependenciesChanged": False, "policyChanged": False}
        self.add("change-summary", {"source": self.source, "base": base, **told, **more})

    def dependencies(self, *, evaluated: bool = True, matched: tuple[dict[str, Any], ...] = (), none: dict[str, str] | None = None) -> None:
        components = [
            {
                "purl": purl,
                "name": purl.rpartition("/")[2].partition("@")[0],
                "version": purl.rpartition("@")[2],
                "licence": licence,
                "licenceSource": "lock",
                "licenceVerdict": verdict,
                "scope": scope,
                "hashes": {"sha256": ["22" * 32]},
                "installed": None,
            }
            for purl, scope, licence, verdict in self.components
        ]
        vulnerabilities = {"dump": "osv.jsonl", "sha256": "6d" * 32, "retrieved": "2026-11-20", "records": 900, "ecosystems": ["PyPI"]}
        self.add(
            "dependencies",
            {
                "locks": [{"path": "requirements.lock", "kind": "pip", "sha256": "11" * 32, "components": len(components)}] if components else [],
                "none": none,
                "components": components,
                "licencePolicy": {"allow": ["MIT"]},
                "leftOut": [],
                "environment": None,
                "vulnerabilities": {**vulnerabilities, "evaluated": evaluated, "matched": list(matched)},
                "sbomSha256": "33" * 32,
            },
        )
        self.add("sbom", {"bomFormat": "CycloneDX", "components": components})
        self.add("provenance", {"buildDefinition": {}, "runDetails": {}}, artifact=True)

    def rebuild(self, verdict: str = "IDENTICAL") -> None:
        each = verdict if verdict in {"IDENTICAL", "EQUIVALENT"} else "DIFFERENT"
        output = {"name": self.subject.name, "size": 12, "sha256A": self.sha256, "sha256B": self.sha256, "verdict": each, "comparator": None, "causes": []}
        lanes = [{"name": lane, "seconds": 0.5, "varied": {"clock": lane}} for lane in ("A", "B")]
        told = {"verdict": verdict, "claim": "R2", "claimText": "R2: built twice on this machine, varied: clock", "lanes": lanes, "outputs": [output]}
        more = {"isolation": ISOLATION, "tools": TOOLS, "environmentSha256": ENVIRONMENT, "notVaried": {}, "sourceSha256": "5c" * 32}
        self.add("rebuild", {**told, **more}, artifact=True)

    def test(self, layer: str, tests: Any = None, *, missing: tuple[str, ...] = (), unexpected: tuple[str, ...] = (), unstable: bool = False) -> None:
        results = [
            {
                "id": name,
                "name": name.rpartition("::")[2],
                "suite": "pytest",
                "file": "",
                "status": status,
                "seconds": 0.25,
                "attempts": [{"status": status, "seconds": 0.25, "message": "" if status == "passed" else "not today"}],
                "verifies": ["REQ-001"] if status == "passed" else ["REQ-002"],
                "redThenGreen": unstable,
                "reason": "",
            }
            for name, status in (TESTS[layer] if tests is None else tests)
        ]
        counts = {status: sum(1 for each in results if each["status"] == status) for status in ("passed", "failed", "error", "skipped", "missing")}
        attempt = {"exitCode": 0, "startedAt": moment(20), "finishedAt": moment(21), "results": []}
        self.add(
            "test-run",
            {
                "layer": layer,
                "command": ["pytest"],
                "startedAt": moment(20),
                "finishedAt": moment(21),
                "exitCode": 0,
                "environment": {"environmentSha256": ENVIRONMENT, "isolation": ISOLATION, "tools": TOOLS},
                "artifacts": [{"name": self.subject.name, "sha256": self.sha256}],
                "results": [],
                "attempts": [attempt],
                "tests": results,
                "expected": len(results) + len(missing),
                "received": len(results),
                "missing": list(missing),
                "unexpected": list(unexpected),
                "counts": {**counts, "missing": len(missing)},
            },
            artifact=True,
        )

    def trace(self) -> None:
        def item(name: str, kind: str, title: str, *links: tuple[str, str]) -> dict[str, Any]:
            told = {"id": name, "type": kind, "category": "", "title": title, "status": "approved", "safetyClass": "B", "fingerprint": self.fingerprint}
            return {**told, "path": f"quality/{name}.md", "line": 2, "links": [{"type": link, "target": target} for link, target in links]}

        finding = {"code": "LM-TRC-050", "severity": "warning", "message": "worth a look"}
        anomaly = {"id": "ANO-001", "title": "Slow start", "severity": 3, "status": "open", "rationale": "Harmless", "affects": []}
        self.add(
            "trace-snapshot",
            {
                "product": self.world.product,
                "items": [
                    item("REQ-001", "requirement", "Correct the baseline"),
                    item("REQ-002", "requirement", "Agree with instrument B"),
                    item("HAZ-001", "hazard", "Wrong result"),
                    item("RC-001", "risk-control", "Check the control", ("mitigates", "HAZ-001")),
                    item("UN-001", "user-need", "A right answer"),
                ],
                "coverage": {"requirements": 2, "withRiskOrNeed": 2, "withTest": 2, "verified": 1},
                "changed": ["REQ-001"],
                "findings": [finding],
                "anomalies": [anomaly, {**anomaly, "id": "ANO-002", "status": "closed"}],
            },
        )
        level = {"severity": "serious", "probability": "remote", "level": "medium"}
        hazard = {"id": "HAZ-001", "title": "Wrong result", "hazardousSituation": "s", "harm": "h", "before": level, "after": {**level, "level": "low"}}
        self.add(
            "risk-snapshot",
            {
                "product": self.world.product,
                "hazards": [{**hazard, "controls": ["RC-001"], "residualRisk": {"acceptable": True, "rationale": "Benefit outweighs"}}],
                "controls": [{"id": "RC-001", "title": "Check the control", "kind": "protective", "hazards": ["HAZ-001"], "requirements": ["REQ-001"]}],
                "scale": {"severities": ["serious"], "probabilities": ["remote"], "levels": ["low", "medium"], "matrix": [["low"]]},
            },
        )

    def matrix(self, *, waiver: bool = True, failed: bool = False) -> None:
        name = f"{self.world.product}:WVR-0001"

        def row(subject: str, kind: str, title: str, layer: str, status: str) -> dict[str, Any]:
            tests = [{"id": test, "layer": layer, "status": found, "waiver": name if found == "skipped" and waiver else None} for test, found in TESTS[layer]]
            required = [{"category": layer, "gating": "blocking", "status": status, "tests": tests}]
            return {"subject": subject, "kind": kind, "title": title, "changed": True, "required": required, "status": status}

        rows = [
            row("HAZ-001", "hazard", "Wrong result", "unit", "failed" if failed else "passed"),
            row("RC-001", "risk-control", "Check the control", "unit", "passed"),
            row("REQ-001", "requirement", "Correct the baseline", "unit", "passed"),
            row("REQ-002", "requirement", "Agree with instrument B", "validation", "waived" if waiver else "incomplete"),
        ]
        counts = {"required": 4, "passed": 3, "failed": 0, "missing": 0, "incomplete": 0, "waived": 1}
        scope = {"tests": [PANEL], "requirements": ["REQ-002"], "hazards": [], "riskControls": []}
        used = {"id": name, "scope": scope, "reason": "The panel is on order", "residualRisk": "none", "owner": "quinn", "expires": "2026-12-31", "index": 4}
        category = {
            "id": "unit",
            "title": "Unit tests",
            "owner": "dana",
            "environment": "sandbox",
            "layer": "unit",
            "gating": "blocking",
            "retention": "release",
        }
        self.add(
            "matrix-evaluation",
            {
                "product": self.world.product,
                "categories": [category],
                "rows": rows,
                "selected": [],
                "leftOut": [],
                "waivers": [used] if waiver else [],
                "summary": dict.fromkeys(("blocking", "waivable", "informational"), counts),
            },
        )

    @property
    def artifact(self) -> dict[str, Any]:
        return {"name": self.file, "mediaType": "application/zip", "size": 12, "sha256": self.sha256}

    @property
    def named(self) -> dict[str, Any]:
        return {"product": self.world.product, "version": self.version}

    @property
    def build(self) -> dict[str, Any]:
        return {"commit": self.commit, "builtAt": moment(), "locks": [], "run": self.name, "environmentSha256": ENVIRONMENT}

    @property
    def versions(self) -> dict[str, Any]:
        return {**dict.fromkeys(("proposed", "tested", "sbom", "artifact"), self.version), "label": None}

    def candidate(self, device: dict[str, Any] | None = None) -> None:
        """`device` names what it has beside its models."""
        if device is not None:
            device = {**dict.fromkeys(("reportedVersion", "calibrationProfile", "firmwareChecksum")), **device}
        told = {**self.named, "artifact": self.artifact, "build": self.build, "evidence": [], "versions": self.versions, "device": device}
        self.add("release-candidate", told, artifact=True)

    def decide(self, verdict: str = "accepted", *, missing: tuple[str, ...] = (), seconds: float = 30) -> None:
        good = verdict == "accepted"

        def criterion(name: str, title: str, *, met: bool) -> dict[str, Any]:
            words = {"clause": "IEC 62304 5.8", "rationale": "why", "solution": "mend it", "severity": "critical", "strict": True}
            violations = [] if met else [{"message": "1 test failed"}]
            return {"id": name, "title": title, **words, "verdict": "met" if met else "violated", "violations": violations}

        self.add(
            "decision",
            {
                **self.named,
                "artifact": {"name": self.file, "sha256": self.sha256},
                "facts": FACTS,
                "factsSha256": "fa" * 32,
                "policySha256": POLICY,
                "logSize": self.world.ledger.size,
                "evidenceRoot": "e1" * 32,
                "verdict": verdict,
                "completeness": {"complete": not missing, "missing": list(missing)},
                "criteria": [criterion("stages", "Every stage was accepted", met=True), criterion("tests", "Every test passed", met=good)],
                "tier": {"name": "high", "reasons": ["first release of the product"]},
                "required": [
                    {"role": "quality-owner", "count": 1, "meaning": "approval"},
                    {"role": "regulatory", "count": 1, "meaning": "review"},
                ],
                "relaxed": [],
                "evaluatedAt": moment(seconds),
            },
            artifact=True,
        )
        told = "2 of 2 criteria met; to be signed by 1 × quality-owner (approval)" if good else "1 of 2 criteria met"
        self.stage("approval", told, "pending" if good else "refused")

    def sign(self, who: str, role: str, meaning: str, *, by: str = "", zone: str = "UTC", behalf: str = "", at: float = 40) -> str:
        told = {
            **self.named,
            "signer": {"person": who, "name": person(who).name, "email": person(who).email},
            "role": role,
            "meaning": meaning,
            "signedAt": moment(at),
            "zone": zone,
            "reason": "I looked at everything",
            "record": {"kind": "decision", "payload": self.world.payloads["decision"][-1]},
            "artifact": {"name": self.file, "sha256": self.sha256},
            "evidenceRoot": "e1" * 32,
            "policySha256": POLICY,
            "logSize": self.world.ledger.size,
            "session": {"id": f"s-{who}-{at}", "ordinal": 1},
            "authenticator": {"type": "passphrase-key", "keyId": signer(who).key_id, "components": ["key", "passphrase"]},
            "onBehalfOf": {"person": behalf, "delegation": "de" * 32} if behalf else None,
        }
        self.add("approval", told, by=by or who, artifact=True)
        return self.world.payloads["approval"][-1]

    def withdraw(self, approval: str, who: str) -> None:
        told = {"approval": approval, "signer": {"person": who, "name": person(who).name, "email": person(who).email}, "reason": "second thoughts"}
        self.add("approval-withdrawal", {**told, "withdrawnAt": moment(50)}, by=who, artifact=True)

    def conclude(self, approvals: list[str] | None = None) -> None:
        """The manifest: released."""
        counted = self.world.payloads["approval"][-2:] if approvals is None else approvals
        shown = {"person": "quinn", "name": "Quinn Example", "role": "quality-owner", "meaning": "approval", "signedAt": moment(40)}
        counts = {"passed": 1, "failed": 0, "error": 0, "skipped": 0, "missing": 0}
        manifest = {
            **self.named,
            "build": {**self.build, "tools": TOOLS},
            "source": {key: self.source[key] for key in ("repository", "commit", "tree")},
            "artifact": self.artifact,
            "sbom": "5b" * 32,
            "provenance": "9e" * 32,
            "rebuild": {"verdict": "IDENTICAL", "claim": "R2"},
            "tests": [{"layer": layer, "suite": [], "counts": counts, "expected": 1, "received": 1} for layer in ("unit", "integration", "validation")],
            "trace": "7c" * 32,
            "residualRisks": [],
            "waivers": [],
            "anomalies": [],
            "decision": self.world.payloads["decision"][-1],
            "approvals": [{**shown, "payload": payload} for payload in counted],
            "targets": [{"name": "laboratory", "environment": "production", "descriptorSha256": "d5" * 32}],
            "udi": {"di": self.world.udi_di or None, "pi": {"version": self.version, "lot": self.name}},
            "device": None,
            "versions": self.versions,
            "frozenAt": moment(60),
        }
        self.add("release-manifest", manifest, artifact=True)
        self.stage("approval", "approved", attempt=2)

    def deploy(self, target: str = "laboratory", *, action: str = "deploy", previous: str | None = None, at: float = 70) -> None:
        place = {"name": target, "driver": "directory", "environment": "production", "path": "../site"}
        admission = {
            "digest": {"sha256": self.sha256},
            "target": target,
            "policySha256": POLICY,
            "logSize": self.world.ledger.size,
            "checks": [{"name": "policy", "verdict": "passed", "detail": "the one in force"}],
            "issuedAt": moment(at),
        }
        told = {**self.named, "target": place, "artifact": {"name": self.file, "sha256": self.sha256}, "admission": admission, "action": action}
        before = {"version": previous, "sha256": "00" * 32} if previous else None
        self.add("deployment", {**told, "previous": before, "switchedAt": moment(at)}, artifact=True)

    def check(self, target: str = "laboratory", *, verdict: str = "verified", at: float = 80) -> None:
        place = {"name": target, "driver": "directory", "environment": "production", "path": "../site"}
        found = self.sha256 if verdict == "verified" else None
        told = {**self.named, "target": place, "artifact": {"expected": self.sha256, "found": found, "size": 12}, "probe": None, "verdict": verdict}
        self.add("deployment-check", {**told, "reason": "the digest was read", "checkedAt": moment(at)}, artifact=True)

    def close(self, outcome: str = "released") -> None:
        self.add("run-closed", {"outcome": outcome, "stages": [], "closedAt": moment(90)})
