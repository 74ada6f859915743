"""The rule codes of this room."""

from typing import Final

from lotmark.base.rules import Rule

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "LM-WIT-001",
        "Witness database unusable",
        "The witness's database cannot be read or written, or is of another program. A witness that cannot store does not cosign.",
        "Free space or mend the disk or its permissions; the database is witness.db in the witness's folder.",
    ),
    Rule(
        "LM-WIT-002",
        "Not a log's key",
        "A witness verifies each checkpoint with a key of the log, whose name is the log's origin.",
        "Give the log's verifier key: logKey in its trust.json.",
    ),
    Rule(
        "LM-WIT-003",
        "Address not usable",
        "The witness cannot listen there: the port is taken, or the address is not one of this machine.",
        "Name a free port with --listen.",
    ),
    Rule(
        "LM-WIT-101",
        "Witness rolled back",
        "The witness published a checkpoint that its own database does not know, or another one of that size: the database was put back or changed. It would cosign a second history.",
        "Do not serve with this database. Restore the newest one; if there is none, make a new witness with a new key and tell the logs' owners.",
    ),
)
