"""The rule codes of this room."""

from lotmark.base.rules import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        "LM-APR-001",
        "Self-approval",
        "Who made, committed, pushed or requested a change cannot approve it, under any of his addresses and through no delegate (21 CFR 11.10(g), ISO 13485:2016 7.3.5).",
        "Somebody who took no part in the change signs.",
    ),
    Rule(
        "LM-APR-002",
        "The role is not held",
        "A signature is made in a role of quality/people.yaml, as the run pinned it (21 CFR 11.10(g)).",
        "Have somebody sign who holds the role, or give it under approval.",
    ),
    Rule(
        "LM-APR-003",
        "A person is required",
        "Machines prepare, people sign: a signature of a pipeline, a bot or an administrator's root key never counts as an approval (21 CFR 11.100(a)).",
        "Sign with a personal key.",
    ),
    Rule(
        "LM-APR-004",
        "The signature is not bound to its signer",
        "The person, the printed name and the key named inside the signed bytes must be those of the key that signed (21 CFR 11.50, 11.70).",
        "Sign again with your own key and name.",
    ),
    Rule(
        "LM-APR-005",
        "Stale",
        "A signature is for exactly the decision, artifact, evidence, policy and log size that were shown (21 CFR 11.70). When one of them changes, it no longer holds.",
        "Evaluate the gate again, review the new decision and sign it.",
    ),
    Rule(
        "LM-APR-006",
        "Signature of another run or product",
        "A signature cannot be copied to another record (21 CFR 11.70).",
        "Sign this run's decision.",
    ),
    Rule("LM-APR-007", "Withdrawn", "Its signer took the signature back. Both records stay (21 CFR 11.10(e)).", "If the withdrawal was a mistake, sign again."),
    Rule(
        "LM-APR-008",
        "Counted already",
        "Persons and keys are counted, not signatures: one person with two roles, two keys or a delegate fills one of the required signatures.",
        "Another person signs.",
    ),
    Rule(
        "LM-APR-009",
        "The delegation does not cover it",
        "Authority is delegated by the delegator's own signature, for a role he holds, to another person, for a time, up to a tier; it cannot be passed on (21 CFR 11.200(a)(2)).",
        "Ask for a delegation that covers this change, or have the holder of the role sign.",
    ),
    Rule(
        "LM-APR-010",
        "Training lapsed",
        "A lapsed qualification suspends the right to sign, not the account (21 CFR 11.10(i)).",
        "Renew the training and record it in quality/people.yaml.",
    ),
    Rule(
        "LM-APR-011",
        "Claimed time does not fit",
        "Order is the log's; but a signature that claims a time before its decision, or in the future, claims something untrue (21 CFR 11.50(a)(2)).",
        "Set the machine's clock and sign again.",
    ),
    Rule(
        "LM-APR-012",
        "The session does not hold",
        "The first signing of a session takes both components, each signing has its own number (21 CFR 11.200(a)(1)).",
        "Sign again in a new session, with key and passphrase.",
    ),
    Rule(
        "LM-APR-013",
        "There is nothing to approve",
        "Approval comes after the evidence is complete and the policy is met (21 CFR 11.10(f)). A refused decision can be rejected, not approved.",
        "Mend what the decision names and evaluate again.",
    ),
    Rule(
        "LM-APR-014",
        "Closed by a rejection",
        "A rejection closes the run; it is not outvoted, and a new decision does not drop it.",
        "Start a new run, or have the rejection withdrawn by its signer.",
    ),
    Rule(
        "LM-APR-015",
        "Unknown or inactive person",
        "Only the people of quality/people.yaml sign, as the run pinned it; who has left is inactive (21 CFR 11.10(d)).",
        "Add the person under approval.",
    ),
    Rule(
        "LM-APR-016",
        "The key was not valid",
        "A key counts for the log indices between its enrolment and its revocation (21 CFR 11.300(c)).",
        "Sign with an enrolled key.",
    ),
    Rule("LM-APR-017", "Not an approval", "The record does not have the published shape of approval/v1.", "Sign with a current version of Lotmark."),
    Rule(
        "LM-APR-018",
        "Nobody asks for this signature",
        "A decision names the roles and meanings that its tier asks for.",
        "Use a role and meaning that the message lists.",
    ),
    Rule(
        "LM-APR-020",
        "The signature cannot be built",
        "Reason, time zone and the like become part of the signed bytes and must say something.",
        "Mend the value that the message names.",
    ),
    Rule(
        "LM-APR-021",
        "Both components are needed",
        "Outside one continuous session every signing takes all components (21 CFR 11.200(a)(1)).",
        "Present your key and enter its passphrase.",
    ),
    Rule(
        "LM-APR-022",
        "The decision asks for other signatures",
        "Who has to sign follows from the facts and quality/approvals.yaml. A decision that records another tier was made by other rules.",
        "Evaluate the gate again with the rules that the run pinned.",
    ),
    Rule(
        "LM-APR-023",
        "Only the signer can withdraw",
        "A signature belongs to its signer; nobody else can take it back (21 CFR 11.200(a)(2)).",
        "Ask the signer to withdraw it.",
    ),
    Rule(
        "LM-APR-030",
        "A person stands twice",
        "An id or address belongs to one individual for ever; it is not given to a second one (21 CFR 11.100(a)).",
        "Remove the double; deactivate who has left.",
    ),
    Rule(
        "LM-APR-031",
        "The tiers do not fit",
        "There are three tiers, low, medium and high, and authors never approve.",
        "Mend quality/approvals.yaml as the message says.",
    ),
    Rule(
        "LM-APR-032",
        "A required role cannot be filled",
        "A rule that nobody can satisfy would be found on the day of the release.",
        "Give the role to enough active people, or ask for fewer.",
    ),
    Rule(
        "LM-APR-033",
        "The ledger does not give this role",
        "Roles are kept in the ledger: who held which role at the log index of the act decides, not what a file says today. Nobody grants a role to himself.",
        "Root persons grant it: `lotmark key role grant PERSON ROLE`; then sign again.",
    ),
)
