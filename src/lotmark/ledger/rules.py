"""The rule codes of this room: below 100 what hinders work, from 101 on what is broken in a ledger."""

from typing import Final

from lotmark.base.rules import Rule

_COMMITTED = "The signed checkpoint commits to every byte of the log, so a change shows, whoever made it (21 CFR 11.10(c), (e))."
_RESTORE = "Do not append. Keep the folder as it is, find out who changed it, restore the newest backup, and compare its checkpoint with one kept elsewhere."

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "LM-LED-001",
        "No ledger",
        "The folder holds no `ledger.db`, or one whose making was interrupted.",
        "Name the right folder, or make a ledger with `lotmark init`.",
    ),
    Rule("LM-LED-002", "Ledger exists", "A ledger is never overwritten: it is the only truth.", "Use the ledger that is there, or name another folder."),
    Rule(
        "LM-LED-003",
        "Another writer",
        "One process at a time appends to a ledger in SQLite. The second one waits 10 s, then gives up naming the first one's pid.",
        "Wait until that process has finished. If it hangs, end it: the lock goes with it and nothing that was acknowledged is lost.",
    ),
    Rule(
        "LM-LED-004",
        "Storage refuses",
        "The disk is full, failing or not writable, or the object storage refuses or cannot be reached. Nothing is half-recorded: the batch is rolled back, a blob appears whole or not at all.",
        "Free space, mend the disk or its permissions, or look at the object storage with `lotmark doctor`, then run the same command again; what was recorded is found, not repeated.",
    ),
    Rule(
        "LM-LED-005",
        "Head moved",
        "Somebody wrote to the database past the writer lock. The compare-and-swap on the head refused to make a second history.",
        "Stop the other program, then run the command again.",
    ),
    Rule(
        "LM-LED-006",
        "Ledger stopped",
        "After a failed write or fsync nobody knows what the disk holds, so the ledger stops rather than guess. A closed ledger answers the same.",
        "Open it again: it reads what is really there and checks it against the signed checkpoint.",
    ),
    Rule(
        "LM-LED-007",
        "Submission not well formed",
        "A header is strict ASCII JSON with names of bounded length, and its envelope's bytes are its values: else it could be read in two ways for ever.",
        "Name kind, scope, slot and submitter as docs/spec/ledger.md, section 2 says; make envelopes with lotmark.attest.",
    ),
    Rule("LM-LED-008", "Blob not stored", "Evidence may refer only to bytes that are durable before it is.", "Put the blob into the blob store, then append."),
    Rule("LM-LED-009", "Read only", "The ledger was opened without its log key, so nothing can be appended or stored.", "Open it with its log key."),
    Rule("LM-LED-010", "No such entry", "The log is not so long, or no checkpoint was signed at that size.", "List the entries with `lotmark log search`."),
    Rule(
        "LM-LED-011",
        "Wrong log key",
        "The key at hand did not sign the log's last checkpoint. Going on would make a second, foreign history.",
        "Use the log key that belongs to this ledger.",
    ),
    Rule(
        "LM-LED-012",
        "Slot taken",
        "A slot is taken once, and a repeat is answered with what took it; but this is of another kind or scope, so it is no repeat.",
        "Use another slot.",
    ),
    Rule(
        "LM-LED-014",
        "Foreign file",
        "The file is of another program, or of a newer format than this version knows.",
        "Use the version of Lotmark that wrote it.",
    ),
    Rule(
        "LM-LED-015",
        "Origin not allowed",
        "The origin is the log's name in signed notes: printable ASCII without spaces and plus signs.",
        "Use a name such as example.com/lotmark/qpcr.",
    ),
    Rule(
        "LM-LED-016",
        "Attachment not well formed",
        "What is attached to a checkpoint has a kind, a name and data of bounded size, so that every store and export can hold it.",
        "Name it as docs/spec/ledger.md, section 4 says.",
    ),
    Rule(
        "LM-LED-030",
        "Object name not allowed",
        "Exported objects are served to strangers and stored in buckets: one plain ASCII grammar keeps a name from leaving its folder or meaning two things.",
        "Use relative names of letters, digits and `._-/` in which no part starts with a dot.",
    ),
    Rule(
        "LM-LED-031",
        "No such object",
        "The place of the export holds no object of that name, so there is nothing to check.",
        "Name the folder or bucket that the export was written to, or export again.",
    ),
    Rule(
        "LM-LED-032",
        "Storage does not lock",
        "Retention is asked of a bucket that keeps no versions or was made without Object Lock, so nothing would stop a deletion.",
        "Make a bucket with Object Lock enabled, or take `lock=` out of the setting.",
    ),
    Rule(
        "LM-LED-040",
        "Witness not reached",
        "A witness that the trust policy names does not answer, or answers something that is not the protocol. Appends go on and are unwitnessed; a release waits.",
        "See that its URL in the tlog-policy is right and that it runs; `lotmark log witness` asks again.",
    ),
    Rule(
        "LM-LED-041",
        "No witness named",
        "The trust policy of this ledger names no witness, so nobody can be asked to cosign.",
        "Write witnesses and a quorum into trust.json (docs/how-to/run-a-witness.md).",
    ),
    Rule(
        "LM-LED-042",
        "WITNESS_NOT_INDEPENDENT",
        "A witness that runs on this machine, or is reached only from it, falls with it: whoever owns the machine owns both.",
        "Let another person run the witness on another machine.",
    ),
    Rule("LM-LED-101", "LEAF_MISMATCH", f"A stored header is not the one that the log committed to. {_COMMITTED}", _RESTORE),
    Rule("LM-LED-102", "ROOT_MISMATCH", f"The tree of the stored entries has another root than the signed checkpoint. {_COMMITTED}", _RESTORE),
    Rule("LM-LED-103", "GAP", f"An entry is missing though later ones exist. {_COMMITTED}", _RESTORE),
    Rule("LM-LED-104", "SIZE_MISMATCH", f"There are more or fewer entries than the signed checkpoint speaks of. {_COMMITTED}", _RESTORE),
    Rule("LM-LED-105", "HEADER_MALFORMED", f"The bytes are not the one form of a header. {_COMMITTED}", _RESTORE),
    Rule("LM-LED-106", "ENVELOPE_MISSING", f"The envelope of an entry is gone. {_COMMITTED}", _RESTORE),
    Rule("LM-LED-107", "ENVELOPE_MISMATCH", f"The envelope of an entry is not the one that its header names. {_COMMITTED}", _RESTORE),
    Rule(
        "LM-LED-108",
        "BLOB_MISSING",
        f"A blob that an entry needs is gone. {_COMMITTED}",
        "Restore the file from a backup; its name is the SHA-256 of its bytes.",
    ),
    Rule(
        "LM-LED-109",
        "BLOB_MISMATCH",
        f"A blob has other bytes than its name says. {_COMMITTED}",
        "Restore the file from a backup; its name is the SHA-256 of its bytes.",
    ),
    Rule("LM-LED-110", "BLOB_LIST_MISMATCH", f"The list of blobs of an entry is not the one that its header names. {_COMMITTED}", _RESTORE),
    Rule(
        "LM-LED-111",
        "CHECKPOINT_MALFORMED or NOTE_UNVERIFIED",
        "A checkpoint is not well formed, of another log, or not signed by the log key that you trust.",
        _RESTORE,
    ),
    Rule("LM-LED-112", "NODE_MISMATCH", f"A stored node of the tree does not follow from the leaves. {_COMMITTED}", _RESTORE),
    Rule(
        "LM-LED-113",
        "RECEIPT_INVALID",
        "The receipt or proof does not lead from the entry to the signed root.",
        "Ask for a new receipt (`lotmark log prove`); if that fails too, run `lotmark log fsck`.",
    ),
    Rule("LM-LED-114", "DATABASE_CORRUPT", "SQLite finds its file damaged, or its tables are defined in another way than this format does.", _RESTORE),
    Rule(
        "LM-LED-115",
        "ROLLBACK",
        "The log is shorter than a signed checkpoint that was seen: a backup was put back, or the tail was cut off with an older checkpoint.",
        "Do not append. Restore the newest state, or open a new log whose first entry quotes the seen checkpoint.",
    ),
    Rule(
        "LM-LED-116",
        "FORK",
        "The log signed two different trees of one size: somebody with its key rewrote history.",
        "Keep both checkpoints as evidence and take the log out of use.",
    ),
    Rule(
        "LM-LED-117",
        "ATTACHMENT_MISMATCH",
        "A cosignature or time stamp kept beside a checkpoint is not what was attached. The log itself is not touched by it, but a witness for it is lost.",
        "Restore the row from a backup, or ask the witness again.",
    ),
    Rule(
        "LM-LED-120",
        "Unknown kind",
        "An entry of a kind that this version does not know is stored and never counts as evidence.",
        "Read it with a version of Lotmark that knows the kind.",
    ),
    Rule(
        "LM-LED-130",
        "OBJECT_DIFFERS",
        "An exported object that never changes is there with other bytes: somebody changed it, or the place holds another log's export. It was left as it is.",
        "Keep it as evidence, find out who wrote it, and export to an empty place.",
    ),
    Rule(
        "LM-LED-131",
        "BLOB_OVERWRITTEN",
        "Somebody wrote over the key of a blob in a bucket, or deleted it. The version that was stored first still has the right bytes and is what is read.",
        "Find out who may write to the bucket and did; then delete the newer versions or the marker of deletion.",
    ),
    Rule(
        "LM-LED-132",
        "BLOB_NOT_LOCKED",
        "The setting asks for Object Lock, and this blob has none, or a weaker one: whoever may write to the bucket can delete it.",
        "Put the blob again or set its retention; look whether somebody with the right to bypass governance removed it.",
    ),
    Rule(
        "LM-LED-133",
        "TIMESTAMP_INVALID",
        "A time stamp is over another checkpoint, answers another request, or was signed by a certificate that is not for time stamping, was not valid then, or is not trusted. "
        "It proves no time (RFC 3161, 2.3 and 2.4).",
        "Have the checkpoint stamped again, with `lotmark log timestamp`; name the CA certificates of your authority in LOTMARK_TSA_CA or in the trust file.",
    ),
    Rule(
        "LM-LED-140",
        "TILE_MISMATCH",
        "A tile or entry bundle of an export is missing, or not the one that the signed checkpoint commits to: a disk, a proxy or a person changed it.",
        "Get it from the log itself or from another mirror. Until it is the right one do not rely on what it holds.",
    ),
    Rule(
        "LM-LED-141",
        "NOT_WITNESSED",
        "Too few of the witnesses that you trust cosigned the checkpoint. The log's owner can show two people two trees of one size; at most one of them can have the quorum.",
        "Ask for the cosignatures (`lotmark log witness`), or for a checkpoint that has them.",
    ),
    Rule(
        "LM-LED-142",
        "STALE",
        "The quorum of cosignatures is older than you allow: the log stands still, its witnesses do, or somebody shows you an old checkpoint for ever.",
        "Get the newest checkpoint from the log and from a witness. If they have none, find out why before you rely on this one.",
    ),
)
