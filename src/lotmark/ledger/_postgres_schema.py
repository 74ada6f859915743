"""The tables of a ledger in PostgreSQL, as they are made and as they must be found."""

from typing import Final

FORMAT: Final = 1

_LOOKED_UP: Final = {"kind": "->>'kind'", "scope": "->>'scope'", "payload": "->>'payload'", "signers": "->>'keys'", "slot": "->>'slot'"}
_GENERATED: Final = ", ".join(f"{name} TEXT GENERATED ALWAYS AS (header::jsonb {path}) STORED" for name, path in _LOOKED_UP.items())
_KEPT: Final = ("attachment", "checkpoint", "entry")

STATEMENTS: Final = (
    "CREATE SCHEMA lotmark",
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    f"CREATE TABLE entry (idx BIGINT PRIMARY KEY, header TEXT NOT NULL, nodes BYTEA NOT NULL, {_GENERATED})",
    "CREATE UNIQUE INDEX entry_once ON entry (scope, kind, payload, signers)",
    "CREATE UNIQUE INDEX entry_slot ON entry (slot) WHERE slot IS NOT NULL",
    "CREATE INDEX entry_kind ON entry (kind)",
    "CREATE TABLE body (idx BIGINT PRIMARY KEY, envelope BYTEA NOT NULL)",
    "ALTER TABLE body ALTER COLUMN envelope SET STORAGE EXTERNAL",
    "CREATE TABLE entry_blob (idx BIGINT NOT NULL, digest BYTEA NOT NULL, PRIMARY KEY (idx, digest))",
    "CREATE TABLE checkpoint (size BIGINT PRIMARY KEY, note BYTEA NOT NULL)",
    (
        "CREATE TABLE attachment (size BIGINT NOT NULL REFERENCES checkpoint (size), kind TEXT NOT NULL, name TEXT NOT NULL, digest BYTEA NOT NULL, "
        "data BYTEA NOT NULL, PRIMARY KEY (size, kind, name, digest))"
    ),
    "CREATE TABLE head (id INTEGER PRIMARY KEY CHECK (id = 1), size BIGINT NOT NULL REFERENCES checkpoint (size) DEFERRABLE INITIALLY DEFERRED)",
    "CREATE UNLOGGED TABLE inbox (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, batch BYTEA NOT NULL)",
    "ALTER TABLE inbox ALTER COLUMN batch SET STORAGE EXTERNAL",
    "CREATE UNLOGGED TABLE answer (id BIGINT PRIMARY KEY, outcome BYTEA NOT NULL, at TIMESTAMPTZ NOT NULL DEFAULT now())",
    "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$",
    *(f"CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()" for table in _KEPT),
    *(f"CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()" for table in _KEPT),
    f"INSERT INTO meta VALUES ('format', '{FORMAT}')",  # noqa: S608 - a number of this module
)
"""What makes an empty ledger, but for origin, first checkpoint and head."""

_PLAIN: Final = {
    "answer": ("id", "outcome", "at"),
    "attachment": ("size", "kind", "name", "digest", "data"),
    "body": ("idx", "envelope"),
    "checkpoint": ("size", "note"),
    "entry": ("idx", "header", "nodes"),
    "entry_blob": ("idx", "digest"),
    "head": ("id", "size"),
    "inbox": ("id", "batch"),
    "meta": ("name", "value"),
}
COLUMNS: Final = frozenset(
    {(table, column, "") for table, columns in _PLAIN.items() for column in columns}
    | {("entry", name, f"((header)::jsonb{path}::text)") for name, path in _LOOKED_UP.items()}
)
"""Table, column and what it is generated from (without spaces), as the information schema of PostgreSQL tells."""
TRIGGERS: Final = frozenset((table, f"{table}_{name}", "trigger") for table in _KEPT for name in ("stays", "whole"))
