"""The rule codes of the pipeline."""

from lotmark.base.rules import Rule

RULES = (
    Rule(
        "LM-PIP-001",
        "another run works here",
        "Two processes that resume the same run would run a step twice; the engine's lock lets one in. The kernel frees it when its owner dies.",
        "Wait until the other `lotmark run` ends, or stop the process that the message names.",
    ),
    Rule(
        "LM-PIP-002",
        "the work tree is not clean",
        "A release is made from a commit that everybody can fetch, never from the state of a folder on one machine.",
        "Commit or stash the changes that the message lists, then run again. Nothing was recorded.",
    ),
    Rule(
        "LM-PIP-003",
        "the configuration changed after the run was opened",
        "Policy, approvals, people, matrix, requirements and risks are pinned when a run opens; a decision that was reviewed under one policy is never closed under another.",
        "Put the files back, or open a new run with `lotmark run --new`; its evidence and approvals are made anew.",
    ),
    Rule(
        "LM-PIP-004",
        "somebody else opened the run meanwhile",
        "Two processes took the same number at the same moment; the ledger's slots let one in, and the other must not add its evidence to a foreign run.",
        "Start it again: it takes the next number.",
    ),
    Rule(
        "LM-PIP-005",
        "the workflow engine cannot write its notes",
        "The engine remembers on disk what was done and not yet recorded, so that a crash costs no repetition. The notes are no evidence.",
        "Free space, or give this user the state folder, then run again.",
    ),
    Rule(
        "LM-PIP-010",
        "a commit is not signed off by its author",
        "The record must say who made each change and that this person stands for it (IEC 62304 8.2.4, 21 CFR 11.10(e)).",
        "`git commit --amend --signoff`; for the history before Lotmark set `source.baseline`.",
    ),
    Rule(
        "LM-PIP-011",
        "a commit references nothing",
        "A change without a requirement, risk or anomaly behind it is scope that nobody asked for and nobody reviewed.",
        "Name the item in the commit message (`Refs: REQ-001`); for the history before Lotmark set `source.baseline`.",
    ),
    Rule(
        "LM-PIP-012",
        "the build failed or left nothing to release",
        "Tests, packaging and release need the outputs that the sealed build made; without them nothing later may claim anything.",
        "`lotmark build` shows the log; the command runs without network and without capabilities, on a private copy of the tracked files.",
    ),
    Rule(
        "LM-PIP-013",
        "a command of a test layer was stopped",
        "A command that ran into its time or its quota has not judged the product, whatever results it left.",
        "Raise `timeout` of the layer, or make the command end.",
    ),
    Rule(
        "LM-PIP-014",
        "a stage cannot start",
        "A stage judges what earlier stages recorded; without that there is nothing to judge.",
        "Run the stages before it; `lotmark run` knows their order.",
    ),
    Rule(
        "LM-PIP-015",
        "the list of expected tests could not be made",
        "Without the list nobody can say which test is missing; an empty or cut-off list would make every gap invisible.",
        "Make `list-command` of the layer print one test id per line and end with exit code 0, or leave it away: then the markers in the sources tell what is expected.",
    ),
    Rule(
        "LM-PIP-020",
        "the log does not prove an entry",
        "An entry that the signed checkpoint does not cover could be added or removed unnoticed.",
        "`lotmark log fsck` names the broken record; restore the ledger from a backup.",
    ),
    Rule(
        "LM-PIP-021",
        "a person rejected the release",
        "A rejection is a decision like an approval and closes the run; it is never deleted.",
        "Mend what the reason names, commit, and run again.",
    ),
    Rule(
        "LM-PIP-022",
        "the ledger lost what the engine remembers",
        "A stage that was recorded does not stand in the ledger any more. Either an older copy of the ledger was put back, or somebody changed it.",
        "`lotmark log fsck --seen CHECKPOINT` holds it against a checkpoint kept elsewhere. If the older ledger is meant, delete engine.db in the state folder and run again.",
    ),
)
