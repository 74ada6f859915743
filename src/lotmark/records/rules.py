"""The rule codes of this room."""

from typing import Final

from lotmark.base.rules import Rule

_KEPT = "Records are kept as long as the law asks for (ISO 13485:2016, 4.2.5; 21 CFR 11.10(c); MDR article 10(8), IVDR article 10(7))"

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "LM-REC-001",
        "RETENTION",
        f"{_KEPT}; printed name, time and meaning of a signature stay as long as the record that it signs (21 CFR 11.70).",
        "`lotmark records status` shows the date and what it waits for; record the event with `lotmark records trigger` when it has happened.",
    ),
    Rule(
        "LM-REC-002",
        "HOLD",
        "A legal hold keeps every record in its scope, whatever the retention date says, until two persons release it.",
        "`lotmark records status` lists the holds; `lotmark records release` by two persons ends one.",
    ),
    Rule(
        "LM-REC-003",
        "Retention event not well formed",
        "Two persons sign one act, so the act says exactly what is done and nothing else.",
        "Give what the message names; see docs/spec/records.md.",
    ),
    Rule(
        "LM-REC-004",
        "A second person is needed",
        "Expiry, erasure and the release of a hold cannot be taken back: one person alone, or one key twice, does not do it.",
        "Have another person sign the same act with his own key.",
    ),
    Rule("LM-REC-005", "No such record, hold or value", "Nothing in the ledger or the vault fits.", "`lotmark records status` lists runs, dates and holds."),
    Rule(
        "LM-REC-007",
        "EXPIRED",
        "The body of the record was removed after its retention had ended, by an order that two persons signed; its header and its proof stay.",
        "Look into a bundle or backup that was made before, if one was kept; the ledger itself has only the header.",
    ),
    Rule(
        "LM-REC-010",
        "Vault not usable",
        "The clear names behind the commitments lie in `vault.db`, which must be on the disk before a record speaks of them.",
        "Mend the file's permissions or its disk, or restore it from a backup; the log holds without it.",
    ),
    Rule(
        "LM-REC-011",
        "COMMITMENT_MISMATCH",
        "A value is shown only if it is the one that the signed record committed to.",
        "Take the vault from another copy; the records are not touched.",
    ),
    Rule("LM-REC-012", "Value cannot be sealed", "A name or address is a text of bounded length.", "Shorten it."),
    Rule(
        "LM-REC-020",
        "Audit spool broken",
        "What could not be recorded at once waits in a hash-linked file; a line of it was changed or removed.",
        "Keep the file `audit-spool.broken-...` that was put aside: it is evidence. The lines that hold are recorded.",
    ),
    Rule(
        "LM-REC-025",
        "The storage does not lock as the records say",
        "Retention dates and legal holds stand in signed records; the lock of the storage is a second fence, and it was not laid.",
        "`lotmark records lock` tries again; until then whoever may delete in the bucket can.",
    ),
    Rule("LM-REC-030", "Backup place taken", "A backup is never written over another one.", "Name a folder that does not exist yet."),
    Rule(
        "LM-REC-031",
        "BACKUP_BROKEN",
        "A file of the backup is missing, changed or not in its signed list; a write-ahead log beside the database would change it when opened.",
        "Take another backup; nothing was restored.",
    ),
    Rule(
        "LM-REC-032",
        "Backup not signed by this ledger",
        "Whoever can write the backup could list other files; so the list is signed by a key that the ledger's own trust vouches for.",
        "Give the trust file of the ledger with --trust, from somebody you trust, not from the backup.",
    ),
    Rule(
        "LM-REC-033",
        "Restore place taken",
        "A database put beside another's write-ahead log, or over a newer ledger, is damaged or rolled back.",
        "Restore into a folder that does not exist, look at what it proves, then exchange the two yourself.",
    ),
    Rule(
        "LM-REC-034",
        "Restored ledger is behind",
        "Others have seen a longer log of this name. Going on from an older copy would sign a second history under one name.",
        "Find a newer backup; if there is none, `lotmark restore ... --new-epoch` opens a new log whose first entry quotes the last one seen.",
    ),
    Rule(
        "LM-REC-035",
        "Not proven",
        "A copy counts as restored only when every byte of it was checked against its signed checkpoint.",
        "Read the findings; take another backup. What was copied lies aside and was not put into use.",
    ),
)
