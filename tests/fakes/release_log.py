"""A release in a ledger, every record really signed: for what reads logs and bundles. A test spoils one thing before `record`.

The predicates are those of `ReleaseRun`; only what their readers look at stands in them, so the kinds go without their bodies.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from fakes.keyring import NOON, person, signer
from fakes.ledger import ORIGIN, MemoryLedger, policy
from fakes.matrix_product import MATRIX
from fakes.release_run import COMMIT, RUN, VERSION, WHEEL, ReleaseRun
from fakes.signing import APPROVALS, PEOPLE
from lotmark.approvals.api import build_approval, build_withdrawal, compute_tier, get_person, parse_approvals, parse_people, required_approvals
from lotmark.approvals.models import Signing
from lotmark.attest.api import build_payload, key_event, sign_payload
from lotmark.attest.models import Evidence, Person, Registry, Subject, Verified
from lotmark.base.digest import Digest
from lotmark.bootstrap.api import registry
from lotmark.index.api import VerifiedReader
from lotmark.ledger.models import Submission
from lotmark.matrix.api import build_waiver
from lotmark.matrix.models import WaiverScope, WaiverSigner
from lotmark.policy.api import DECIDED_STAGES, DEFAULT_POLICY, build_decision, build_vsa, compute_facts, decide, evidence_root, parse_policy
from lotmark.records.api import Disclosure

ARTIFACT = b"wheel bytes!"
DIGEST = Digest.of(ARTIFACT)
NAME = "qpcr-1.4.0.whl"
SUBJECT = Subject(NAME, DIGEST.digest_set)
SOURCE = Subject("source", {"sha256": "5c" * 32, "gitCommit": COMMIT})
CONFIGURATION = {
    "lotmark.yaml": b"lotmark: 1\n",
    "quality/approvals.yaml": APPROVALS,
    "quality/matrix.yaml": MATRIX.encode(),
    "quality/people.yaml": PEOPLE,
    "quality/policy.yaml": DEFAULT_POLICY.read_bytes(),
}
_WITH_BODY = {"decision", "approval", "approval-withdrawal", "delegation", "waiver", "waiver-closure", "key-event"}
SIGNERS = (("quinn", "quality-owner", "approval"), ("rene", "regulatory", "review"))
REGISTRY = Registry(kind if kind.name in _WITH_BODY else replace(kind, body=None) for kind in registry())
LATE = {"approval": ["decision", "vsa", "release-manifest", "release"], "deployment": ["deployment"], "verification": ["deployment-check"]}


class ReleaseLog:
    """Builds the log step by step; `record` does all steps as a good release would."""

    def __init__(self) -> None:
        self.ledger = MemoryLedger()
        self.run = ReleaseRun()
        self.run.findings |= {stage: [] for stage in LATE}
        self.configuration = dict(CONFIGURATION)
        self.reader = VerifiedReader(self.ledger, policy(), REGISTRY)
        self.trust = policy()
        self.sealed: dict[str, Person] = {}
        """Persons who stand otherwise in key events: with a commitment for their address."""
        self.kept = True
        """Whether the decision keeps the configuration's bytes."""

    def record(self, *, signers: tuple[tuple[str, str, str], ...] = SIGNERS, until: str = "close", outcome: str = "released", **manifest: Any) -> "ReleaseLog":
        """All steps of a good release in their order, up to and with `until`."""
        steps = {
            "found": self.found,
            "waive": self.waive,
            "open": self.open,
            "work": self.work,
            "decide": self.decide,
            "approve": lambda: [self.approve(*signer) for signer in signers],
            "conclude": lambda: self.conclude(**manifest),
            "close": lambda: self.close(outcome),
        }
        for name, step in steps.items():
            step()
            if name == until:
                break
        return self

    # ---- steps

    def found(self, *people: str) -> None:
        self.key("genesis", "ada", "root")
        self.key("enrol", "pipeline", "pipeline")
        for name in people or ("quinn", "rene", "clio", "dana"):
            self.key("enrol", name, "person")

    def key(self, event: str, name: str, kind: str) -> int:
        holder = self.sealed.get(name, person(name)) if kind in {"person", "root"} else None
        made = key_event(event, public_key=signer(name).public_key, kind=kind, person=holder, reason=event, at=NOON)  # type: ignore[arg-type]
        return self.add(made, by="ada", scope="product:qpcr")

    def waive(self, **change: Any) -> int:
        values: dict[str, Any] = {
            "waiver": "qpcr:WVR-0001",
            "product": "qpcr",
            "scope": WaiverScope(tests=("t_panel",)),
            "version": None,
            "reason": "The panel is on order",
            "residual_risk": "Covered by t_reference",
            "owner": "quinn",
            "signer": WaiverSigner(person="quinn", name="Quinn Example", role="quality-owner"),
            "signed_at": NOON,
            "zone": "UTC",
            "expires": date(2026, 12, 31),
        }
        index = self.add(build_waiver(**{**values, **change}), by="quinn", scope="product:qpcr")
        self.run.predicate("matrix-evaluation")["waivers"][0]["index"] = index
        return index

    def open(self) -> None:
        opened = self.run.opened
        assert opened is not None
        pins = [{"path": path, "sha256": Digest.of(data).hex} for path, data in sorted(self.configuration.items())]
        opened |= {"configuration": pins, "expected": [*opened["expected"], *({"stage": stage, "kinds": kinds} for stage, kinds in LATE.items())]}
        self.record_one("run-opened", opened)

    def work(self) -> None:
        for stage in DECIDED_STAGES:
            blobs = (self.ledger.blobs.put(ARTIFACT),) if stage == "package" else ()
            made = [(kind, name, self.record_one(kind, _real(predicate), blobs=blobs)) for kind, name, predicate in self.run.stages[stage]]
            if stage in self.run.outcomes:
                self.record_one("stage-result", self.run.result(stage, 1, made))

    def decide(self) -> Verified:
        document = parse_policy(self.configuration["quality/policy.yaml"], name="policy")
        rules = parse_approvals(self.configuration["quality/approvals.yaml"], name="approvals").value
        own = list(self.reader.entries(scope=f"run:{RUN}"))
        facts = compute_facts([*own, *self.reader.entries(scope="product:qpcr")], NOON)
        decision = decide(facts, document, document.digest, self.ledger.size)
        tier = compute_tier(facts, rules)
        evidence = build_decision(
            decision, root=evidence_root(own), tier=tier.to_wire(), required=[item.to_wire() for item in required_approvals(tier.name, rules)]
        )
        blobs = tuple(self.ledger.blobs.put(data) for data in self.configuration.values()) if self.kept else ()
        made = [
            ("decision", "", self._submit(evidence, "pipeline", f"run:{RUN}", blobs)),
            ("vsa", "", self._submit(build_vsa(decision, verifier_version="0"), "pipeline", f"run:{RUN}")),
        ]
        self.record_one("stage-result", self.run.result("approval", 1, made, "pending"))
        return made[0][2]

    def approve(self, name: str, role: str, meaning: str, **change: Any) -> Verified:
        people = parse_people(PEOPLE, name="people").value
        values: dict[str, Any] = {
            "role": role,
            "meaning": meaning,
            "reason": "looked at",
            "key_id": signer(name).key_id,
            "signing": Signing(f"session-{name}-{role}", 1, ("key", "passphrase")),
            "signed_at": NOON + timedelta(seconds=30),
            "zone": "UTC",
        }
        return self._submit(build_approval(self.last("decision"), get_person(people, name), **{**values, **change}), name, f"run:{RUN}")

    def withdraw(self, approval: Verified, name: str) -> Verified:
        people = parse_people(PEOPLE, name="people").value
        made = build_withdrawal(approval, get_person(people, name), reason="second thoughts", withdrawn_at=NOON + timedelta(seconds=40))
        return self._submit(made, name, f"run:{RUN}")

    def conclude(self, **change: Any) -> None:
        approvals = [{"payload": entry.envelope.payload_digest.hex} for entry in self.entries("approval")]
        manifest = {
            "run": RUN,
            "product": "qpcr",
            "version": VERSION,
            "decision": self.last("decision").envelope.payload_digest.hex,
            "approvals": approvals,
            **change,
        }
        made = [
            ("release-manifest", "", self.record_one("release-manifest", manifest)),
            ("release", "", self.record_one("release", {"releaseId": "qpcr@1.4.0"})),
        ]
        self.record_one("stage-result", self.run.result("approval", 2, made, "accepted"))

    def close(self, outcome: str = "released") -> None:
        target = {"name": "laboratory", "driver": "directory", "environment": "laboratory", "path": "x"}
        artifact = {"name": NAME, "sha256": DIGEST.hex}
        if outcome == "released":
            common = {"run": RUN, "product": "qpcr", "version": VERSION, "target": target}
            made = [("deployment", "laboratory", self.record_one("deployment", {**common, "artifact": artifact}))]
            self.record_one("stage-result", self.run.result("deployment", 1, made, "accepted"))
            check = {**common, "artifact": {"expected": DIGEST.hex, "found": DIGEST.hex, "size": len(ARTIFACT)}, "verdict": "verified"}
            made = [("deployment-check", "laboratory", self.record_one("deployment-check", check))]
            self.record_one("stage-result", self.run.result("verification", 1, made, "accepted"))
        self.record_one("run-closed", {"run": RUN, "outcome": outcome, "stages": [], "closedAt": "2026-11-23T12:01:00.000Z"})

    # ---- parts

    def record_one(
        self, kind: str, predicate: dict[str, Any], *, subjects: tuple[Subject, ...] = (), scope: str = f"run:{RUN}", blobs: tuple[Digest, ...] = ()
    ) -> Verified:
        about = (
            SUBJECT
            if kind in {"release-candidate", "artifact-signature", "release-manifest", "release", "deployment", "deployment-check", "provenance"}
            else SOURCE
        )
        return self._submit(Evidence(kind, subjects or (about,), predicate), "pipeline", scope, blobs)

    def add(self, evidence: Evidence, *, by: str, scope: str) -> int:
        envelope = sign_payload(build_payload(evidence, REGISTRY), signer(by))
        return self.ledger.append([Submission(envelope, evidence.kind, scope)])[0].index

    def _submit(self, evidence: Evidence, by: str, scope: str, blobs: tuple[Digest, ...] = ()) -> Verified:
        envelope = sign_payload(build_payload(evidence, REGISTRY), signer(by))
        (receipt,) = self.ledger.append([Submission(envelope, evidence.kind, scope, blobs=blobs)])
        return self.reader.verify(self.ledger.entry(receipt.index))

    def entries(self, kind: str) -> list[Verified]:
        return list(self.reader.entries(kind=kind, scope=f"run:{RUN}"))

    def last(self, kind: str) -> Verified:
        return self.entries(kind)[-1]

    def bundle(self, path: Path, *, html: bytes = b"<html></html>\n", pdf: bytes | None = None, openings: Sequence[Disclosure] = ()):
        """Export the run."""
        from lotmark.dossier.api import write_bundle

        return write_bundle(self.reader, RUN, path=path, blobs=self.ledger.blobs, html=html, pdf=pdf, trust_policy=self.trust, openings=openings)


def _real(predicate: dict[str, Any]) -> dict[str, Any]:
    """The predicate about the real artifact."""
    changed: dict[str, Any] = json.loads(json.dumps(predicate).replace(WHEEL, DIGEST.hex))
    return changed


__all__ = ["ARTIFACT", "CONFIGURATION", "DIGEST", "NAME", "ORIGIN", "REGISTRY", "RUN", "SUBJECT", "ReleaseLog"]
