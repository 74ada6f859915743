"""The tables of the index, and the file that holds them.

Every row names in `idx` the log index of the one entry that it was computed from; where an entry gives several rows of
a table, `position` numbers them. Rows are only ever added, so the order of reading is the log order and nothing else.
"""

import sqlite3
from typing import Final

FORMAT: Final = 3
"""Version of tables and projectors together: another one means that the index is computed anew."""
APPLICATION_ID: Final = 0x4C544D49
"""``LTMI``: tells this file from any other SQLite file."""

_ONE: Final = "idx INTEGER PRIMARY KEY"
_MANY: Final = "idx INTEGER NOT NULL, position INTEGER NOT NULL"

COLUMNS: Final[dict[str, str]] = {
    # The log itself. `verified` is 0 for a kind that this Lotmark does not know: such an entry stands here and nowhere else.
    "entries": f"{_ONE}, kind TEXT, verified INTEGER, run TEXT, product TEXT, scope TEXT, slot TEXT, received_at TEXT, submitter TEXT, "
    "envelope TEXT, size INTEGER, payload TEXT, key_id TEXT, signer TEXT, person TEXT, why TEXT, words TEXT",
    "subjects": f"{_MANY}, run TEXT, name TEXT, sha256 TEXT, git_commit TEXT",
    "keys": f"{_MANY}, event TEXT, key_id TEXT, kind TEXT, person TEXT, name TEXT, email TEXT, reason TEXT, at TEXT",
    # What was done to records, and who tried what.
    "retention": f"{_ONE}, event TEXT, product TEXT, order_sha256 TEXT, scope TEXT, person TEXT, name TEXT, reason TEXT, at TEXT",
    "audit": f"{_ONE}, tag TEXT, product TEXT, outcome TEXT, actor TEXT, person TEXT, subject TEXT, code TEXT, detail TEXT, count INTEGER, "
    "first_at TEXT, last_at TEXT",
    # Runs and their stages.
    "runs": f"{_ONE}, run TEXT, product TEXT, product_name TEXT, version TEXT, safety_class TEXT, udi_di TEXT, repository TEXT, ref TEXT, "
    "commit_sha TEXT, tree TEXT, source_sha256 TEXT, committed_at TEXT, opened_at TEXT, operator TEXT, lotmark TEXT, previous_version TEXT",
    "expected_evidence": f"{_MANY}, run TEXT, stage TEXT, kind TEXT",
    "configuration": f"{_MANY}, run TEXT, path TEXT, sha256 TEXT",
    "closings": f"{_ONE}, run TEXT, outcome TEXT, closed_at TEXT",
    "stages": f"{_ONE}, run TEXT, stage TEXT, attempt INTEGER, outcome TEXT, summary TEXT, started_at TEXT, finished_at TEXT",
    "findings": f"{_MANY}, run TEXT, stage TEXT, code TEXT, severity TEXT, message TEXT, location TEXT, subject TEXT, help TEXT",
    "changes": f"{_ONE}, run TEXT, base_version TEXT, base_commit TEXT, last_pusher TEXT, paths INTEGER, dependencies_changed INTEGER, policy_changed INTEGER",
    "commits": f"{_MANY}, run TEXT, sha TEXT, subject TEXT, author TEXT, author_email TEXT, committer TEXT, committer_email TEXT, committed_at TEXT, "
    "signed_off INTEGER",
    "commit_references": f"{_MANY}, run TEXT, product TEXT, sha TEXT, item TEXT",
    # Dependencies.
    "locks": f"{_MANY}, run TEXT, path TEXT, kind TEXT, sha256 TEXT, components INTEGER",
    "components": f"{_MANY}, run TEXT, product TEXT, purl TEXT, name TEXT, version TEXT, licence TEXT, licence_verdict TEXT, scope TEXT",
    "scans": f"{_ONE}, run TEXT, evaluated INTEGER, records INTEGER, retrieved TEXT, dump_sha256 TEXT, none_reason TEXT, sbom_sha256 TEXT",
    "vulnerabilities": f"{_MANY}, run TEXT, product TEXT, vulnerability TEXT, component TEXT, severity TEXT, state TEXT, justification TEXT, "
    "reason TEXT, owner TEXT, expires TEXT",
    # Builds.
    "builds": f"{_ONE}, run TEXT, verdict TEXT, claim TEXT, claim_text TEXT, environment_sha256 TEXT, backend TEXT, hermetic INTEGER, network INTEGER, "
    "root_kind TEXT, root_sha256 TEXT, root_packages INTEGER",
    "outputs": f"{_MANY}, run TEXT, name TEXT, size INTEGER, sha256 TEXT, twin_sha256 TEXT, verdict TEXT",
    "tools": f"{_MANY}, run TEXT, name TEXT, version TEXT",
    # Tests and the matrix.
    "test_runs": f"{_ONE}, run TEXT, layer TEXT, expected INTEGER, received INTEGER, passed INTEGER, failed INTEGER, error INTEGER, skipped INTEGER, "
    "missing INTEGER, unexpected INTEGER, exit_code INTEGER, started_at TEXT, finished_at TEXT",
    "tests": f"{_MANY}, run TEXT, layer TEXT, test TEXT, suite TEXT, status TEXT, seconds REAL, attempts INTEGER, red_then_green INTEGER, message TEXT, "
    "waiver TEXT, quarantined TEXT, environment TEXT, reused_run TEXT, reused_at TEXT, reused_until TEXT",
    "left_out": f"{_MANY}, run TEXT, test TEXT, reason TEXT",
    "quarantines": f"{_MANY}, run TEXT, test TEXT, status TEXT, reason TEXT, owner TEXT, expires TEXT, uncovered TEXT",
    "coverage_losses": f"{_MANY}, run TEXT, item TEXT, what TEXT, waiver TEXT, declared TEXT",
    "test_items": f"{_MANY}, run TEXT, product TEXT, test TEXT, item TEXT",
    "matrix_rows": f"{_MANY}, run TEXT, product TEXT, item TEXT, kind TEXT, title TEXT, changed INTEGER, status TEXT",
    "matrix_categories": f"{_MANY}, run TEXT, product TEXT, item TEXT, category TEXT, gating TEXT, status TEXT",
    "matrix_tests": f"{_MANY}, run TEXT, product TEXT, item TEXT, category TEXT, layer TEXT, test TEXT, status TEXT, waiver TEXT, "
    "quarantined INTEGER, environment TEXT, reused TEXT",
    "matrix_sums": f"{_MANY}, run TEXT, gating TEXT, required INTEGER, passed INTEGER, failed INTEGER, missing INTEGER, incomplete INTEGER, waived INTEGER",
    # Requirements, hazards, controls and what links them.
    "items": f"{_MANY}, run TEXT, product TEXT, item TEXT, type TEXT, title TEXT, status TEXT, safety_class TEXT, fingerprint TEXT, path TEXT, line INTEGER",
    "links": f"{_MANY}, run TEXT, product TEXT, source TEXT, type TEXT, target TEXT",
    "anomalies": f"{_MANY}, run TEXT, product TEXT, item TEXT, title TEXT, severity INTEGER, status TEXT, rationale TEXT",
    "coverage": f"{_ONE}, run TEXT, requirements INTEGER, with_risk_or_need INTEGER, with_test INTEGER, verified INTEGER",
    "hazards": f"{_MANY}, run TEXT, product TEXT, item TEXT, title TEXT, situation TEXT, harm TEXT, level_before TEXT, level_after TEXT, "
    "acceptable INTEGER, rationale TEXT",
    "controls": f"{_MANY}, run TEXT, product TEXT, item TEXT, title TEXT, kind TEXT",
    # Waivers.
    "waivers": f"{_ONE}, waiver TEXT, product TEXT, version TEXT, reason TEXT, residual_risk TEXT, owner TEXT, person TEXT, name TEXT, role TEXT, "
    "key_person TEXT, signed_at TEXT, zone TEXT, expires TEXT",
    "waiver_scopes": f"{_MANY}, waiver TEXT, product TEXT, kind TEXT, target TEXT",
    "waiver_closures": f"{_ONE}, waiver TEXT, product TEXT, reason TEXT, person TEXT, name TEXT, role TEXT, closed_at TEXT",
    "waiver_uses": f"{_MANY}, run TEXT, waiver TEXT, product TEXT",
    # Decisions and signatures.
    "decisions": f"{_ONE}, run TEXT, product TEXT, version TEXT, artifact TEXT, sha256 TEXT, verdict TEXT, complete INTEGER, tier TEXT, log_size INTEGER, "
    "policy_sha256 TEXT, facts_sha256 TEXT, evidence_root TEXT, evaluated_at TEXT, payload TEXT",
    "criteria": f"{_MANY}, run TEXT, criterion TEXT, title TEXT, clause TEXT, verdict TEXT, messages TEXT",
    "decision_notes": f"{_MANY}, run TEXT, what TEXT, note TEXT",
    "required_signatures": f"{_MANY}, run TEXT, count INTEGER, role TEXT, meaning TEXT",
    "approvals": f"{_ONE}, run TEXT, product TEXT, version TEXT, person TEXT, name TEXT, email TEXT, role TEXT, meaning TEXT, signed_at TEXT, zone TEXT, "
    "reason TEXT, decision TEXT, sha256 TEXT, policy_sha256 TEXT, key_id TEXT, key_person TEXT, on_behalf_of TEXT, payload TEXT",
    "withdrawals": f"{_ONE}, run TEXT, approval TEXT, person TEXT, name TEXT, reason TEXT, withdrawn_at TEXT",
    "delegations": f"{_ONE}, delegation TEXT, product TEXT, delegator TEXT, delegate TEXT, role TEXT, tier_limit TEXT, begins TEXT, ends TEXT, reason TEXT, "
    "signed_at TEXT, payload TEXT",
    # Releases and where they run.
    "candidates": f"{_ONE}, run TEXT, product TEXT, version TEXT, artifact TEXT, media_type TEXT, size INTEGER, sha256 TEXT, built_at TEXT, commit_sha TEXT, "
    "environment_sha256 TEXT",
    "releases": f"{_ONE}, run TEXT, product TEXT, version TEXT, artifact TEXT, media_type TEXT, size INTEGER, sha256 TEXT, udi_di TEXT, commit_sha TEXT, "
    "rebuild_verdict TEXT, rebuild_claim TEXT, decision TEXT, frozen_at TEXT, payload TEXT",
    "release_signatures": f"{_MANY}, run TEXT, approval TEXT",
    "release_targets": f"{_MANY}, run TEXT, target TEXT, environment TEXT, descriptor_sha256 TEXT",
    "devices": f"{_ONE}, run TEXT, models TEXT, firmware_algorithm TEXT, firmware_checksum TEXT, calibration_path TEXT, calibration_sha256 TEXT",
    "deployments": f"{_ONE}, run TEXT, product TEXT, version TEXT, target TEXT, driver TEXT, environment TEXT, path TEXT, artifact TEXT, sha256 TEXT, "
    "action TEXT, previous_version TEXT, switched_at TEXT",
    "deployment_checks": f"{_ONE}, run TEXT, product TEXT, version TEXT, target TEXT, environment TEXT, verdict TEXT, expected TEXT, found TEXT, reason TEXT, "
    "reported_version TEXT, checked_at TEXT",
}
"""Table -> its columns. A missing value is NULL; booleans are 0 and 1; identifiers of items are short, beside their `product`."""

_LOOKED_UP: Final = (
    ("subjects", "sha256"),
    ("runs", "version"),
    ("runs", "commit_sha"),
    ("runs", "udi_di"),
    ("runs", "substr(run, instr(run, ':') + 1)"),
    ("commits", "sha"),
    ("components", "name"),
    ("components", "purl"),
    ("matrix_rows", "item"),
    ("matrix_tests", "item"),
    ("test_items", "item"),
    ("items", "item"),
    ("keys", "key_id"),
    ("waivers", "waiver"),
    ("waivers", "substr(waiver, instr(waiver, ':') + 1)"),
    ("waiver_closures", "waiver"),
    ("waiver_uses", "waiver"),
    ("deployments", "product, target"),
)
"""What queries look for besides the run, for which every table that tells of one has an index: so an answer takes the same time in a long log."""

_HEAD: Final = """
CREATE TABLE head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    basis TEXT NOT NULL,
    origin TEXT NOT NULL,
    size INTEGER NOT NULL,
    edge BLOB NOT NULL,
    note TEXT NOT NULL
) STRICT
"""


def create_tables(connection: sqlite3.Connection) -> None:
    """Drop whatever tables there are and make empty ones, inside the caller's transaction."""
    for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").fetchall():
        connection.execute(f'DROP TABLE "{name.replace(chr(34), chr(34) * 2)}"')
    for table, columns in COLUMNS.items():
        many = columns.startswith(_MANY)
        connection.execute(f"CREATE TABLE {table} ({columns}{', PRIMARY KEY (idx, position)' if many else ''}) STRICT{', WITHOUT ROWID' if many else ''}")
    by_run = [(table, "run") for table in COLUMNS if "run" in column_names(table)]
    for number, (table, expression) in enumerate((*by_run, *_LOOKED_UP)):
        connection.execute(f"CREATE INDEX {table}_{number} ON {table} ({expression})")
    connection.execute(_HEAD)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def column_names(table: str) -> tuple[str, ...]:
    """The names of a table's columns, in order."""
    return tuple(column.split()[0] for column in COLUMNS[table].split(", "))


INSERTS: Final = {table: f"INSERT INTO {table} VALUES ({', '.join(f':{name}' for name in column_names(table))})" for table in COLUMNS}  # noqa: S608 - names of this module
