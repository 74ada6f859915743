"""The rule codes of this room."""

from typing import Final

from lotmark.base.rules import Rule

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "LM-ATT-010",
        "Unknown kind of evidence",
        "Only registered kinds have a schema, signers and a retention class.",
        "Use one of the kinds that the message lists.",
    ),
    Rule(
        "LM-ATT-011",
        "Not a DSSE envelope",
        "One piece of evidence has one form: no unknown fields, one base64, a key id that is the key's SHA-256.",
        "Write it as docs/spec/envelope.md says.",
    ),
    Rule(
        "LM-ATT-012",
        "Not exactly one signature",
        "An unsigned envelope says nothing; several signatures in one are several claims with one fate.",
        "Make one envelope for each signer.",
    ),
    Rule("LM-ATT-013", "Payload type not allowed", "A signature over another type of payload must not be read as evidence.", "Sign in-toto Statements."),
    Rule(
        "LM-ATT-014",
        "Not an in-toto Statement v1",
        "The signed bytes hold something else than _type, subject, predicateType and predicate.",
        "Make the evidence with `lotmark attest`.",
    ),
    Rule("LM-ATT-015", "Subject without digest", "A name alone can be given to anything; evidence is about bytes.", "Give the sha256 of every subject."),
    Rule(
        "LM-ATT-016",
        "Digest algorithm not allowed",
        "MD5 and SHA-1 let two different files share a digest.",
        "Use sha256; sha384, sha512, gitCommit and gitTree may stand beside it.",
    ),
    Rule(
        "LM-ATT-017",
        "Another predicateType",
        "Evidence counts only as what it was signed as: a test result is no approval.",
        "Submit the envelope under its own kind.",
    ),
    Rule(
        "LM-ATT-018",
        "Predicate not of its kind",
        "A field is missing, unknown or of another type than the kind's schema says.",
        "See the schema of the kind under docs/spec/.",
    ),
    Rule(
        "LM-ATT-019",
        "Unknown kind never counts",
        "Evidence that this version does not understand may be stored but can support no decision.",
        "Read it with a version of Lotmark that knows the kind.",
    ),
    Rule(
        "LM-ATT-020",
        "Signer not enrolled",
        "The key id names no key for which a root key vouched in this log.",
        "Have an administrator enrol the key (`lotmark key enrol`), then sign again.",
    ),
    Rule(
        "LM-ATT-021",
        "Key not valid here",
        "A key counts from the entry after its enrolment until before its revocation; the log index decides, no clock.",
        "Sign again with a key that is valid now.",
    ),
    Rule(
        "LM-ATT-022",
        "Signature does not hold",
        "The bytes are not those that were signed, or another key signed them.",
        "Restore the record from another copy; find out who changed it.",
    ),
    Rule(
        "LM-ATT-023",
        "Signer may not sign this kind",
        "A machine cannot approve and a person cannot make the pipeline's measurements.",
        "Have it signed by a key of the right kind.",
    ),
    Rule(
        "LM-ATT-024",
        "Subject name not allowed",
        "Empty, doubled or control characters in a name can hide what a record is about.",
        "Name each subject once, in plain text.",
    ),
    Rule(
        "LM-ATT-025",
        "Algorithm not allowed",
        "Who may choose the algorithm may choose a weak one: only ed25519 and ecdsa-p256-sha256 count, whatever a record says.",
        "Make a key with `lotmark key generate`, or a P-256 key in your HSM or key service.",
    ),
    Rule("LM-ATT-030", "File cannot be read", "The key or trust file is missing, unreadable or far too large.", "Check the path and whose file it is."),
    Rule(
        "LM-ATT-031",
        "File open to others",
        "A private key that others can read is not its owner's alone (21 CFR 11.100(a)); a link or a shared file can be exchanged.",
        "chmod 600; if others could read a key, revoke it and enrol a new one.",
    ),
    Rule(
        "LM-ATT-032",
        "Not a usable private key",
        "Keys are Ed25519 or P-256 in PKCS#8 PEM, so that openssl opens them too.",
        "Make a key with `lotmark key generate`.",
    ),
    Rule(
        "LM-ATT-033",
        "Wrong passphrase",
        "The passphrase is the component of an electronic signature that only the person has (21 CFR 11.200(a)).",
        "Type the passphrase of this key; if it is lost, revoke the key and enrol a new one.",
    ),
    Rule(
        "LM-ATT-034",
        "Passphrase too short",
        "A key file can be attacked offline, without a limit on guesses.",
        "Choose at least 12 characters; five random words are good.",
    ),
    Rule(
        "LM-ATT-035",
        "Sealed and unsealed keys mixed up",
        "A person's key is always sealed with a passphrase; a machine's key never is.",
        "Use the pipeline's key for the pipeline and a sealed key for a person.",
    ),
    Rule(
        "LM-ATT-036", "Key file exists", "Overwriting a key would lose the only proof of its holder.", "Choose another path, or move the old key away yourself."
    ),
    Rule(
        "LM-ATT-037",
        "Unusable public key",
        "A second encoding of one key would pass for a second key; under a key of small order a signature fits many messages.",
        "Make a key with `lotmark key generate` and give its public half.",
    ),
    Rule(
        "LM-ATT-038",
        "Signer returned a bad signature",
        "Each signature is verified before it is recorded.",
        "Check the key or token behind the signer; nothing was recorded.",
    ),
    Rule("LM-ATT-039", "Key cannot be written", "A key is written whole or not at all.", "Free the disk or choose a folder that you may write to."),
    Rule(
        "LM-ATT-040",
        "No genesis that you trust",
        "Nothing in a log is trusted by itself: its first entry must be signed by a root key that you hold already.",
        "Give the log's trust file with --trust, from somebody you trust, never from the bundle.",
    ),
    Rule(
        "LM-ATT-041",
        "Key event cannot stand",
        "It contradicts itself or the keys before it: a key enrolled twice, a revoked key revived, a second genesis, a root that revokes itself, a log that nobody could go on with.",
        "Do not use the log before an administrator has explained the entry.",
    ),
    Rule("LM-ATT-042", "Key events out of order", "Keys count by log index; the order of events is the order of the log.", "Give the events in log order."),
    Rule(
        "LM-ATT-043",
        "Too few of your roots behind the log",
        "One stolen root key must not be enough to open another log under the same name.",
        "Have as many of your roots as your trust file asks for sign the log's threshold event.",
    ),
    Rule(
        "LM-ATT-050",
        "Not a trust policy",
        "The file says whom you trust, so nothing in it is guessed: origin, log key, roots, witnesses, quorum.",
        "Write it as docs/spec/keys-and-trust.md says.",
    ),
    Rule(
        "LM-ATT-051",
        "Another trust policy is known",
        "A log that suddenly has other keys may be another log under the same name.",
        "Find out why; if it is right, remove the old file and try again.",
    ),
    Rule(
        "LM-ATT-052",
        "No folder for known logs",
        "The logs that you know are kept in your own configuration folder.",
        "Set HOME or XDG_CONFIG_HOME, or give --trust each time.",
    ),
    Rule(
        "LM-ATT-053",
        "No ML-DSA-44 here",
        "The second signature on checkpoints needs ML-DSA-44 (FIPS 204); where nobody can compute it, it is neither made nor taken for good.",
        "Install cryptography 47 or newer on OpenSSL 3.5 or newer.",
    ),
    Rule(
        "LM-ATT-090",
        "WITNESS_NOT_INDEPENDENT",
        "A witness vouches that the log's owner shows everybody one history. With the log's own key, or one of the root keys, the owner would vouch for himself.",
        "Name a witness that another person runs on another machine, with a key of its own.",
    ),
)
