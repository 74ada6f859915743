"""The rule codes of the command line and of what it opens."""

from lotmark.base.rules import Rule

RULES = (
    Rule(
        "LM-CLI-001",
        "an error that Lotmark did not foresee",
        "This is our bug. The ledger grows only by whole batches, so nothing is half recorded.",
        "Report it with the lines that were printed.",
    ),
    Rule(
        "LM-CLI-002",
        "the machine refused a file operation",
        "A full disk, a missing permission or a broken device. What the step would have recorded is not recorded.",
        "Free space or give the permission, then run again: it goes on where it stopped.",
    ),
    Rule(
        "LM-CLI-003",
        "an option without a value",
        "An empty value usually comes from a shell variable that is not set, and would silently mean something else.",
        "Set the variable, or leave the option away.",
    ),
    Rule(
        "LM-CLI-005",
        "a form that this command does not have",
        "SARIF, JUnit and the annotations of code hosts can hold findings and nothing else; a result squeezed into them would lose what matters.",
        "Use `--format text` or `--format json`; `lotmark check` has the other forms.",
    ),
    Rule("LM-CLI-004", "an unknown rule code", "`lotmark explain` knows every code that Lotmark prints.", "`lotmark explain` lists them."),
    Rule(
        "LM-CLI-010",
        "there is no ledger here",
        "Evidence goes into the ledger of the product's state folder (`.lotmark`), opened once by an administrator.",
        "`lotmark init` makes it; `lotmark demo` shows one with everything in it.",
    ),
    Rule(
        "LM-CLI-011",
        "there is something already",
        "Lotmark never overwrites a ledger, a key or a product's files.",
        "Use what is there, or name another folder.",
    ),
    Rule(
        "LM-CLI-012",
        "an unknown person",
        "Roles, printed names and keys hang on the ids in `quality/people.yaml`, which is under change control.",
        "Add the person to people.yaml, commit, then enrol the key.",
    ),
    Rule("LM-CLI-013", "not exactly one key", "A revocation must name one key.", "`lotmark key list` shows the ids; give more digits."),
    Rule(
        "LM-CLI-014",
        "no personal key",
        "People sign with a key of their own that nobody else can use (21 CFR 11.100).",
        "`lotmark key generate --as YOU` makes one; an administrator enrols it.",
    ),
    Rule(
        "LM-CLI-015",
        "no passphrase",
        "The passphrase is the second component of an electronic signature (21 CFR 11.200); it is never taken from a flag or the environment itself.",
        "Run the command at a terminal, or name a file of mode 600 in LOTMARK_PASSPHRASE_FILE.",
    ),
    Rule("LM-CLI-016", "two passphrases that differ", "A mistyped passphrase would lock the key for ever.", "Try again; nothing was written."),
    Rule(
        "LM-CLI-017",
        "nothing waits for a signature",
        "A signature is made on a decision that a run has recorded and that waits for people.",
        "`lotmark run` brings a run to its decision.",
    ),
    Rule(
        "LM-CLI-018",
        "the key is not this person's",
        "The signing key must be enrolled for the person who signs, and valid now.",
        "`lotmark key list` shows whose it is; an administrator enrols keys.",
    ),
    Rule("LM-CLI-019", "there is no run", "Gate, approval and bundle speak of a run that the ledger holds.", "`lotmark run` opens one."),
    Rule(
        "LM-CLI-020",
        "the example was not released",
        "The examples are released wherever Lotmark works; one that is not shows that something is missing on this machine or wrong with this installation.",
        "`lotmark doctor` names what is missing.",
    ),
    Rule(
        "LM-CLI-021",
        "the example is not part of this installation",
        "The examples come with the wheel and lie in the checkout; a copy of single modules has none.",
        "Install lotmark from its wheel, or work in its checkout.",
    ),
    Rule(
        "LM-CLI-022",
        "the self-test missed a leak",
        "A build that varies by clock, path or user must be found by building twice. A machine on which that fails proves nothing with its rebuild verdicts.",
        "Do not trust rebuild verdicts of this machine; report it with the output of `lotmark doctor --self-test`.",
    ),
    Rule(
        "LM-CLI-023",
        "no machine key that counts",
        "The ledger tells which of the keys in the state folder sign at its size; none of them does.",
        "Put the newest key there, or let a fresh one follow: `lotmark key log rotate`, `lotmark key pipeline rotate`.",
    ),
    Rule(
        "LM-CLI-024",
        "not one change of keys",
        "Root persons sign one event, and each signs the same bytes.",
        "Make the event with --propose FILE, sign it with `lotmark key root sign`, record it with `lotmark key root combine`.",
    ),
    Rule(
        "LM-CLI-025",
        "no key event there",
        "Only a change of keys that stands in the ledger can be signed by a further root person.",
        "`lotmark key root` lists what waits.",
    ),
    Rule(
        "LM-CLI-026",
        "change of keys not approved yet",
        "As many root persons as the ledger asks for must sign a change of keys before it takes effect (21 CFR 11.10(g), 11.300).",
        "Another root person runs `lotmark key root sign ENTRY --as PERSON`.",
    ),
    Rule(
        "LM-CLI-030",
        "Settings not understood",
        "`settings.json` in the state folder says where ledger and blobs lie. What is not understood is refused: the wrong place would look like an empty log.",
        'Write `{"ledger": "URL", "blobs": "URL"}`, or either of them, or set LOTMARK_LEDGER and LOTMARK_BLOBS.',
    ),
    Rule(
        "LM-CLI-031",
        "Password in a setting",
        "Settings are files that are copied and shown; a password in them would be too.",
        "Leave it out of the URL and put it into `~/.pgpass`, or into a file of mode 600 that PGPASSFILE names.",
    ),
    Rule(
        "LM-CLI-027",
        "not a file that decides",
        "Root persons adopt the files by which a release is decided: policy, approvals, people and matrix.",
        "Name one of them, as it lies in the product's quality folder.",
    ),
    Rule(
        "LM-CLI-060",
        "a package for this form is missing",
        "Lotmark reads and writes spreadsheets with a library that not everybody needs.",
        "Install the extra that the message names, or take another form.",
    ),
    Rule(
        "LM-CLI-061",
        "the command lacks what it is about",
        "It would answer a question that nobody asked, or for everything.",
        "Name items, a base, or a file name whose ending tells the form.",
    ),
    Rule(
        "LM-CLI-028",
        "few root persons",
        "A root key that is lost freezes the ledger for new keys, one that is stolen lets the thief enrol anybody, if no other root person must sign.",
        "Have three root persons of whom two must sign: docs/how-to/keys.md.",
    ),
)
