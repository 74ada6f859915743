"""The rule codes of this room."""

from typing import Final

from lotmark.base.rules import Rule

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "LM-ITG-001",
        "Setting not understood",
        "A place that is guessed could be another place: bytes would be stored where nobody looks for them.",
        "Write an absolute path, `file:///path` or `s3://bucket/prefix?endpoint=URL&region=NAME&lock=compliance:15y`; credentials never stand in it.",
    ),
    Rule(
        "LM-ITG-002",
        "Extra not installed",
        "The libraries for this service are optional.",
        "Install the extra that the message names, such as `pip install 'lotmark[s3]'`.",
    ),
    Rule(
        "LM-ITG-003",
        "No credentials",
        "Credentials come from the environment or the service's usual files, never from a setting, a record or a log.",
        "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile of ~/.aws/credentials by AWS_PROFILE.",
    ),
    Rule(
        "LM-ITG-004",
        "Setting of the blobs is missing",
        "The ledger's blobs were stored in a bucket; without the setting every one of them would seem to be missing, or new ones would lie in two places.",
        "Set LOTMARK_BLOBS to the URL that was used before.",
    ),
    Rule(
        "LM-ITG-005",
        "Bucket without lock",
        "Whoever may write to the bucket can delete blobs. The digest shows it, but brings nothing back.",
        "Make a bucket with Object Lock and name a period: `lock=compliance:15y`.",
    ),
    Rule(
        "LM-ITG-020",
        "Time stamping authority not understood",
        "The authority is named by one URL; credentials in it would end up in records and logs.",
        "Write https://host/path, as your authority tells it.",
    ),
    Rule(
        "LM-ITG-021",
        "No certificates of a time stamping authority",
        "A stamp is worth what its certificate is worth: the verifier trusts only CA certificates that its caller named, and a file that is broken names none.",
        "Name the PEM file of your authority's CA certificates in LOTMARK_TSA_CA, by --tsa-ca, or as timestampRoots in the trust file.",
    ),
    Rule(
        "LM-ITG-022",
        "Time stamping authority gives no stamp",
        "It cannot be reached, or answers with something else. Nothing waits for it: the log goes on, and the checkpoint can be stamped later.",
        "Look whether LOTMARK_TSA is right and the authority is up, then `lotmark log timestamp`.",
    ),
    Rule(
        "LM-ITG-023",
        "No time stamping authority configured",
        "A stamp needs an authority to ask and the CA certificates to verify it by: one that cannot be verified now will not be in ten years.",
        "Set LOTMARK_TSA to its URL and LOTMARK_TSA_CA to the PEM file of its CA certificates.",
    ),
    Rule(
        "LM-ITG-040",
        "Not the URI of a key",
        "A signer is named by one URI (`file:`, `pkcs11:`, `awskms:`, `hashivault:`), so that a key can move from a file to hardware without other changes.",
        "Write it as docs/how-to/keys.md shows.",
    ),
    Rule(
        "LM-ITG-041",
        "Secret in a URI",
        "URIs end up in shell histories, process lists and logs.",
        "Leave it out and type it when asked, or name a file of mode 600 by pin-source=file:/path.",
    ),
    Rule(
        "LM-ITG-042",
        "No such key behind the URI",
        "The token or key service is there and has no such key, or several.",
        "Name the key by token and object or id; `pkcs11-tool --list-objects` and your key service's console show them.",
    ),
    Rule(
        "LM-ITG-043",
        "Token or key service does not answer",
        "A key that cannot be reached signs nothing; nothing was recorded.",
        "Look at the reason: module path, network, credentials, permission.",
    ),
    Rule(
        "LM-ITG-044",
        "Wrong PIN",
        "A token locks itself after a few wrong PINs.",
        "Type the PIN of this token's user, not that of its security officer.",
    ),
    Rule(
        "LM-ITG-045",
        "Library for these keys not installed",
        "Tokens and key services need libraries that most installations do without.",
        "pip install 'lotmark[pkcs11,kms]'.",
    ),
    Rule(
        "LM-ITG-010", "Not a web address", "A witness or an export is reached over HTTP or HTTPS, without a user name or a query.", "Write https://HOST/PATH."
    ),
    Rule(
        "LM-ITG-011",
        "Git repository not usable as a witness",
        "The repository cannot be read, or does not take the commit with the checkpoint. It is never pushed to with force.",
        "See that this user may read it and push to the branch, without a question being asked.",
    ),
)
