"""What each kind of evidence becomes. The shapes are those that the owning rooms accept (`fakes.index_world`)."""

from pathlib import Path
from typing import Any

import pytest

from fakes.index_world import REGISTRY, IndexWorld
from lotmark.index._projectors import PROJECTORS
from lotmark.index._tables import COLUMNS, INSERTS, column_names
from lotmark.index.api import Index

pytestmark = pytest.mark.verifies("REQ-023")


def rows(index: Index, table: str, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in index.rows(f"SELECT {', '.join(columns)} FROM {table} ORDER BY idx")]


def test_every_projected_kind_is_a_kind_of_evidence():
    assert set(PROJECTORS) <= {kind.name for kind in REGISTRY}


def test_every_table_names_the_entry_of_each_row():
    assert all(column_names(table)[0] == "idx" for table in COLUMNS)
    assert set(INSERTS) == set(COLUMNS)


def test_every_row_of_a_whole_world_belongs_to_an_entry(world: IndexWorld, tmp_path: Path):
    world.delegate()
    run = world.release()
    run.withdraw(world.payloads["approval"][-1], "rene")
    world.close_waiver()
    with world.index(tmp_path) as index:
        index.refresh()
        empty = [table for table in COLUMNS if not index.rows(f"SELECT 1 FROM {table}")]
        assert empty == ["retention", "audit", "vulnerabilities", "left_out", "quarantines", "coverage_losses", "devices"]
        for table in COLUMNS:
            assert index.rows(f"SELECT idx FROM {table} WHERE idx NOT IN (SELECT idx FROM entries)") == []


def test_entries_tell_who_signed_what_in_one_line(index: Index):
    told = index.rows("SELECT kind, run, product, scope, signer, submitter, words FROM entries ORDER BY idx")
    assert told[0] == {
        "kind": "key-event",
        "run": None,
        "product": "qpcr",
        "scope": "product:qpcr",
        "signer": "Ada Example",
        "submitter": "root@vm",
        "words": told[0]["words"],
    }
    assert [row["words"] for row in told] == [
        told[0]["words"],
        told[1]["words"],
        told[2]["words"],
        told[3]["words"],
        "Quinn Example (quality-owner) waives tests/test_panel.py::test_panel, REQ-002 until 2026-12-31: qpcr:WVR-0001",
        f"root@vm opens the run of qpcr 1.4.0 at commit {told[5]['words'].rpartition(' ')[2]}",
        "2 commits by dana@example.org since the beginning, 2 paths changed",
        "stage source accepted: one commit",
        "2 components in 1 lock file, 0 known vulnerabilities affecting it",
        "the bill of materials names 2 components",
        "Build provenance",
        "built twice: IDENTICAL (R2), 1 output",
        "unit tests: 2 of 2 expected reported: 2 passed",
        "validation tests: 1 of 1 expected reported: 1 skipped",
        "5 items; 1 of 2 requirements verified",
        "1 hazard, 1 risk control",
        "the matrix: 3 of 4 rows verified, 1 waiver in use",
        f"candidate 1.4.0: qpcr-1.4.0.whl, 12 bytes, sha256 {told[17]['words'].rpartition(' ')[2]}",
        "decision: accepted, 2 of 2 criteria met, risk tier high",
        "stage approval pending: 2 of 2 criteria met; to be signed by 1 × quality-owner (approval)",
        "Quinn Example signs as quality-owner: approval",
        "Rene Example signs as regulatory: review",
        "qpcr 1.4.0 is released: the manifest is frozen",
        "stage approval (attempt 2) accepted: approved",
        "laboratory (production) is switched to 1.4.0",
        "laboratory (production): verified, the digest was read",
        "the run is closed: released",
    ]
    assert told[0]["words"].startswith("Ada Example opens the ledger with the root key ")
    assert told[1]["words"].startswith("Ada Example enrols the pipeline key ")
    assert told[2]["words"].endswith(" of Quinn Example")


def test_runs_stages_and_changes(index: Index):
    assert rows(index, "runs", "run", "product", "version", "operator", "previous_version") == [("qpcr:RUN-0001", "qpcr", "1.4.0", "root@vm", None)]
    assert rows(index, "expected_evidence", "stage", "kind") == [("unit", "test-run"), ("validation", "test-run"), ("validation", "matrix-evaluation")]
    assert rows(index, "stages", "stage", "attempt", "outcome") == [("source", 1, "accepted"), ("approval", 1, "pending"), ("approval", 2, "accepted")]
    assert rows(index, "closings", "outcome") == [("released",)]
    assert rows(index, "changes", "base_version", "paths", "policy_changed") == [(None, 2, 0)]
    assert rows(index, "commits", "subject", "author", "committer") == [("Start", "Eli Example", "Dana Example"), ("Go on", "Dana Example", "Dana Example")]
    assert rows(index, "commit_references", "item") == [("REQ-001",)]
    assert rows(index, "configuration", "path") == [("lotmark.yaml",)]
    assert rows(index, "findings", "stage", "code", "location") == [("trace", "LM-TRC-050", None)]


def test_findings_of_a_stage(world: IndexWorld, tmp_path: Path):
    world.run().stage(
        "unit",
        "1 failed",
        "refused",
        findings=({"code": "LM-MTX-001", "severity": "error", "message": "bad", "location": "a.py:1", "subject": "t", "help": "mend"},),
    )
    with world.index(tmp_path) as index:
        index.refresh()
        found = rows(index, "findings", "stage", "code", "severity", "message", "location", "subject", "help")
    assert found == [("unit", "LM-MTX-001", "error", "bad", "a.py:1", "t", "mend")]


def test_components_builds_and_tests(index: Index):
    assert rows(index, "components", "purl", "name", "version", "scope") == [
        ("pkg:pypi/numpy@2.1.0", "numpy", "2.1.0", "runtime"),
        ("pkg:pypi/pytest@9.2.0", "pytest", "9.2.0", "test"),
    ]
    assert rows(index, "builds", "verdict", "claim", "hermetic", "network", "root_packages") == [("IDENTICAL", "R2", 1, 0, 868)]
    assert rows(index, "outputs", "name", "size", "verdict") == [("dist/qpcr-1.4.0.whl", 12, "IDENTICAL")]
    assert rows(index, "test_runs", "layer", "expected", "received", "passed", "skipped") == [("unit", 2, 2, 2, 0), ("validation", 1, 1, 0, 1)]
    assert rows(index, "tests", "test", "status", "attempts", "message")[-1] == ("tests/test_panel.py::test_panel", "skipped", 1, "not today")
    assert rows(index, "test_items", "test", "item")[0] == ("tests/test_ct.py::test_ct[a]", "REQ-001")
    assert rows(index, "matrix_tests", "item", "test", "waiver")[-1] == ("REQ-002", "tests/test_panel.py::test_panel", "qpcr:WVR-0001")
    assert [row[0] for row in rows(index, "matrix_sums", "gating")] == ["blocking", "informational", "waivable"]


def test_known_vulnerabilities(world: IndexWorld, tmp_path: Path):
    match: dict[str, Any] = {
        "id": "CVE-2026-1",
        "aliases": [],
        "component": "pkg:pypi/numpy@2.1.0",
        "summary": "",
        "severity": "high",
        "score": 7.5,
        "vector": "",
        "fixed": [],
        "state": "affected",
        "justification": "",
        "reason": "",
        "owner": "",
        "expires": "",
    }
    world.run().dependencies(matched=(match, {**match, "id": "CVE-2026-2", "state": "not_affected", "justification": "not called", "owner": "dana"}))
    with world.index(tmp_path) as index:
        index.refresh()
        found = rows(index, "vulnerabilities", "vulnerability", "state", "justification", "owner")
        told = index.rows("SELECT words FROM entries WHERE kind = 'dependencies'")
    assert found == [("CVE-2026-1", "affected", "", ""), ("CVE-2026-2", "not_affected", "not called", "dana")]
    assert told[0]["words"] == "2 components in 1 lock file, 1 known vulnerability affecting it"


def test_vulnerabilities_that_nobody_looked_up_are_not_told_as_none(world: IndexWorld, tmp_path: Path):
    world.run().dependencies(evaluated=False)
    with world.index(tmp_path) as index:
        index.refresh()
        assert index.rows("SELECT words FROM entries WHERE kind = 'dependencies'")[0]["words"].endswith("vulnerabilities not evaluated")


def test_items_risks_and_links(index: Index):
    assert ("RC-001", "risk-control", "B") in rows(index, "items", "item", "type", "safety_class")
    assert rows(index, "links", "source", "type", "target") == [("RC-001", "mitigates", "HAZ-001")]
    assert rows(index, "hazards", "item", "level_before", "level_after", "acceptable") == [("HAZ-001", "medium", "low", 1)]
    assert rows(index, "controls", "item", "kind") == [("RC-001", "protective")]
    assert rows(index, "anomalies", "item", "status") == [("ANO-001", "open"), ("ANO-002", "closed")]
    assert rows(index, "coverage", "requirements", "verified") == [(2, 1)]


@pytest.mark.parametrize(("acceptable", "expected"), [(True, 1), (False, 0), (None, None)])
def test_a_residual_risk_that_nobody_judged_stays_unjudged(world: IndexWorld, tmp_path: Path, acceptable: bool | None, expected: int | None):
    world.change = lambda kind, told: told["hazards"][0]["residualRisk"].update(acceptable=acceptable) if kind == "risk-snapshot" else None
    world.run().trace()
    with world.index(tmp_path) as index:
        index.refresh()
        assert rows(index, "hazards", "acceptable") == [(expected,)]


def test_waivers_and_delegations(world: IndexWorld, tmp_path: Path):
    world.close_waiver()
    world.delegate()
    with world.index(tmp_path) as index:
        index.refresh()
        assert rows(index, "waivers", "waiver", "person", "key_person", "expires") == [("qpcr:WVR-0001", "quinn", "quinn", "2026-12-31")]
        assert rows(index, "waiver_scopes", "kind", "target") == [("test", "tests/test_panel.py::test_panel"), ("requirement", "REQ-002")]
        assert rows(index, "waiver_closures", "waiver", "product", "reason") == [("qpcr:WVR-0001", "qpcr", "The panel came")]
        assert rows(index, "delegations", "delegation", "delegator", "delegate", "tier_limit") == [("qpcr:DLG-0001", "quinn", "rene", "medium")]


def test_decisions_signatures_and_releases(index: Index, shared: IndexWorld):
    (decision,) = shared.payloads["decision"]
    assert rows(index, "decisions", "verdict", "complete", "tier", "payload") == [("accepted", 1, "high", decision)]
    assert rows(index, "criteria", "criterion", "verdict", "messages") == [("stages", "met", ""), ("tests", "met", "")]
    assert rows(index, "decision_notes", "what", "note") == [("tier", "first release of the product")]
    assert rows(index, "required_signatures", "count", "role", "meaning") == [(1, "quality-owner", "approval"), (1, "regulatory", "review")]
    assert rows(index, "approvals", "person", "key_person", "decision", "zone") == [
        ("quinn", "quinn", decision, "UTC"),
        ("rene", "rene", decision, "Europe/Berlin"),
    ]
    assert rows(index, "release_signatures", "approval") == [(payload,) for payload in shared.payloads["approval"]]
    assert rows(index, "releases", "version", "size", "udi_di", "decision") == [("1.4.0", 12, "04012345000016", decision)]
    assert rows(index, "release_targets", "target") == [("laboratory",)]
    assert rows(index, "deployments", "target", "action", "previous_version") == [("laboratory", "deploy", None)]
    assert rows(index, "deployment_checks", "target", "verdict", "reported_version") == [("laboratory", "verified", None)]


def test_rollbacks_and_devices(world: IndexWorld, tmp_path: Path):
    run = world.run()
    run.candidate(
        {
            "models": ["LP-1", "LP-2"],
            "firmwareChecksum": {"algorithm": "crc32", "value": "44e332d2", "range": [0, 12]},
            "calibrationProfile": {"path": "c.json", "sha256": "29" * 32},
        }
    )
    run.deploy(action="rollback", previous="1.5.0")
    with world.index(tmp_path) as index:
        index.refresh()
        assert rows(index, "devices", "models", "firmware_checksum", "calibration_path") == [("LP-1, LP-2", "44e332d2", "c.json")]
        assert rows(index, "deployments", "action", "previous_version") == [("rollback", "1.5.0")]
        assert index.rows("SELECT words FROM entries WHERE kind = 'deployment'")[0]["words"] == "laboratory (production) goes back to 1.4.0"


def test_revoked_keys(world: IndexWorld, tmp_path: Path):
    world.key("revoke", "rene", "person")
    with world.index(tmp_path) as index:
        index.refresh()
        assert rows(index, "keys", "event", "name")[-1] == ("revoke", "Rene Example")
        assert rows(index, "entries", "words")[-1][0].startswith("Ada Example revokes the person key ")
