"""The rule codes of this room."""

from typing import Final

from lotmark.base.rules import Rule

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "LM-IDX-001",
        "Evidence that cannot be read into the index",
        "A record whose signature holds says something that does not fit its kind. It is never left out in silence: an index with a hole would "
        "answer a recall question with too few releases.",
        "Run `lotmark log fsck`. If the log is sound, read the record with `lotmark log search`: another version of Lotmark may have written it.",
    ),
    Rule(
        "LM-IDX-002",
        "The ledger is not the one that was indexed",
        "The index remembers the signed checkpoint up to which it was computed. The ledger is shorter now, or had another tree at that size, or is another "
        "log: it was replaced, rolled back or rewritten.",
        "Keep index.db: it holds the earlier signed checkpoint. Compare it with `lotmark log fsck --seen FILE`. If the ledger was replaced on "
        "purpose, delete index.db; it is computed anew.",
    ),
    Rule(
        "LM-IDX-003",
        "The index cannot be kept",
        "Another process held index.db for too long, or the disk refuses. The index holds nothing that the ledger does not: no evidence is in danger.",
        "Wait for the other process, free space, or mend the permissions of the state folder, then ask again.",
    ),
    Rule(
        "LM-IDX-004",
        "Nothing is called that",
        "The ledger holds no version, run, commit, artifact, requirement, hazard, control, component, waiver or device identifier of that name. A commit "
        "wants at least 7 digits, a digest at least 8.",
        "Take one of the suggestions, or list the runs with `lotmark log search --kind run-opened`.",
    ),
    Rule(
        "LM-IDX-005",
        "Several things are called that",
        "The question fits more than one thing, and an answer about the wrong release is worse than none.",
        "Ask with one of the names that the message lists.",
    ),
    Rule(
        "LM-IDX-006",
        "PROJECTION_DRIFT",
        "The rows of the index are not those that follow from the ledger: somebody or something changed the index. Decisions are taken from verified entries, "
        "never from it, but what was shown since may be wrong.",
        "Delete `index.db`, it is computed anew; find out who can write the state folder.",
    ),
    Rule(
        "LM-IDX-007",
        "Not a time",
        "The audit trail is searched by the instant at which the log took an entry, or by whole days in UTC.",
        "Write a day (2026-11-23) or an instant (2026-11-23T06:30:00Z).",
    ),
)
