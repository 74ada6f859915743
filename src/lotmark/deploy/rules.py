"""The rule codes of the deploy room."""

from lotmark.base.rules import Rule

RULES = (
    Rule(
        "LM-DEP-001",
        "admission refused",
        "Before a switch the signature of the artifact, its provenance, the decision, the approvals, the manifest and the log proof are verified again; one that does not hold keeps the release out.",
        "The message names the check; mend its cause and run again. Nothing was switched.",
    ),
    Rule("LM-DEP-002", "the artifact changed on its way", "The bytes that arrive must be the bytes that were approved.", "Check the disk, then deploy again."),
    Rule(
        "LM-DEP-003",
        "the target does not hold that version",
        "A switch or rollback goes only to a version that lies at the target, whole.",
        "Deploy the version from its release again: `lotmark deploy apply`.",
    ),
    Rule(
        "LM-DEP-004",
        "the target cannot be written",
        "The switch did not happen; what ran before still runs.",
        "Give this user the folder, or name another path in lotmark.yaml.",
    ),
    Rule(
        "LM-DEP-005",
        "what lies at the target is not what was released",
        "The artifact at the target was read back and hashed, or its probe was run, and the answer differs from the release (ISO 13485 7.5.6).",
        "Find out who changed the target; then `lotmark deploy apply` or `lotmark deploy rollback`.",
    ),
    Rule("LM-DEP-006", "no such target", "Targets are declared in lotmark.yaml under deploy.targets.", "Use one of the names that the message lists."),
    Rule(
        "LM-DEP-007",
        "a version or artifact with a name that is no file name",
        "Both become names below the target's folder; one with a slash, a leading dot or control characters could lead elsewhere.",
        "Give version and artifact plain names in lotmark.yaml and in the build.",
    ),
)
