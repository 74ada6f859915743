"""The rule codes of the dossier room."""

from lotmark.base.rules import Rule

_AGAIN = "Get the bundle again from where it was made and compare its SHA-256; if it is the same, do not rely on it and tell its maker."

RULES = (
    Rule(
        "LM-DOS-001",
        "The archive is not safe, or not in the one form of a bundle",
        "A zip can lead out of its folder, hide links, copies, gaps or trailing bytes, or unfold without end, and two readers may see two different archives. A bundle "
        "has one form (docs/spec/bundle.md): stored files in sorted order, every field with one value. Anything else is refused before a file is read.",
        "Get the bundle as it was made; one that was unpacked and packed again is another file.",
    ),
    Rule("LM-DOS-002", "The bundle or artifact cannot be read", "There is no such file, or it may not be read.", "Name a file that you can read."),
    Rule(
        "LM-DOS-003",
        "The manifest is malformed",
        "manifest.json lists every other file. Nothing else covers its own bytes, so it has exactly one form; a changed one is not that form or no longer fits the files.",
        _AGAIN,
    ),
    Rule("LM-DOS-004", "A file of the bundle has changed", "Its bytes, or the archive's checksum of them, are not those that the manifest names.", _AGAIN),
    Rule(
        "LM-DOS-005",
        "A file of the bundle is not listed",
        "What the manifest does not list, or what is no file of a bundle, could be taken for evidence by a reader.",
        _AGAIN,
    ),
    Rule("LM-DOS-006", "A file of the bundle is missing", "The manifest lists it, or every bundle has it.", _AGAIN),
    Rule(
        "LM-DOS-007",
        "No trust for this log",
        "Who may sign is never read from the thing that is verified. You say whom you trust: the log's key and the root keys, in a trust file of your own.",
        "Give `--trust FILE` with the trust.json of this log, from somebody whom you trust. Logs that you made yourself are known already.",
    ),
    Rule(
        "LM-DOS-008",
        "Too few witnesses",
        "Your trust file asks for cosignatures of witnesses; without them the log's owner could show you another history than others.",
        "Get a bundle whose checkpoint carries the cosignatures, or lower the quorum if you can answer for it.",
    ),
    Rule("LM-DOS-010", "An envelope is not the one that the log committed to", "The log's header names each envelope by digest, payload and signer.", _AGAIN),
    Rule(
        "LM-DOS-011",
        "The bundle leaves a record out",
        "Inclusion proofs prove presence, never absence. The bundle holds the headers of the whole log, so that a record of this run, of its product or of a key that was left out shows.",
        "Ask for the whole bundle; `--allow-incomplete` shows what the rest proves, but never hides a key event.",
    ),
    Rule(
        "LM-DOS-012",
        "Evidence that the run promised is missing",
        "The record that opens a run lists the stages and the evidence to be expected; each stage lists what it made. A release needs all of it.",
        "Look at the stage that is named; release from a run that did everything.",
    ),
    Rule(
        "LM-DOS-013",
        "A blob is missing, changed, or belongs to nothing",
        "The log's header of a record commits to the list of the blobs that it needs.",
        "For a bundle: get it again. When exporting: `lotmark log fsck` names the broken blob; restore it from a backup.",
    ),
    Rule("LM-DOS-014", "An inclusion proof does not hold", "The proof must lead from the record's header to the root of the signed checkpoint.", _AGAIN),
    Rule(
        "LM-DOS-016",
        "A record of an unknown kind",
        "It is kept, and its place in the log is proved, but it never counts for anything: this Lotmark does not know what it says.",
        "Verify with a version of Lotmark that knows the kind.",
    ),
    Rule(
        "LM-DOS-017",
        "A record, or the manifest, is about another product, version or run",
        "Good evidence of something else proves nothing about this release.",
        "Do not rely on this bundle; tell its maker.",
    ),
    Rule(
        "LM-DOS-018",
        "A record does not have its published shape",
        "It was signed by a key that counts and still cannot be read as what it claims to be, so nothing is concluded from it.",
        "Verify with the version of Lotmark that made it; if that fails too, do not rely on it.",
    ),
    Rule(
        "LM-DOS-020",
        "A record is about another artifact",
        "Candidate, signature, decision, approvals, manifest and deployments must all name the same bytes, and these bytes must be at hand.",
        "Do not rely on this release.",
    ),
    Rule(
        "LM-DOS-021", "Digests of different files in one subject", "Every digest of a subject must be that of the same bytes.", "Do not rely on this release."
    ),
    Rule(
        "LM-DOS-022",
        "The file is not the released artifact",
        "The file that you hold has other bytes than those that were built, tested and approved.",
        "Get the artifact again; `sha256sum` it and compare with the decision.",
    ),
    Rule(
        "LM-DOS-023",
        "An opened name is not the one that was signed",
        "A signed record holds a name as a commitment, and the bundle opens it. Salt and name must give that very commitment.",
        "Do not rely on the names in this bundle; get it again from where it was made.",
    ),
    Rule(
        "LM-DOS-030",
        "The electronic signatures are not complete",
        "By the people and rules that the run pinned, a signature that the risk tier asks for is missing, does not count or was withdrawn, or somebody rejected (21 CFR 11.50, 11.70).",
        "The release was not approved by all who must; see the findings of step 7.",
    ),
    Rule(
        "LM-DOS-031",
        "A signature does not count",
        "It stands in the log, and the finding says why it was not counted: another decision, another person's key, no role, an author's own, withdrawn.",
        "Nothing, if the others suffice; step 7 says so.",
    ),
    Rule(
        "LM-DOS-032",
        "A configuration file cannot be judged by",
        "People, approval rules, matrix and policy are pinned by digest when the run opens. Without their very bytes nothing can be decided again.",
        "Release from a run whose decision kept its configuration; `lotmark run --new` makes one.",
    ),
    Rule(
        "LM-DOS-033",
        "A waiver that was used does not count",
        "Each exception that the test matrix used must be signed by a person who may, say the same, and hold when the release was decided (IEC 62304:2006+A1:2015, 5.8.3).",
        "Have the exception signed, or mend what it excuses, and release anew.",
    ),
    Rule(
        "LM-DOS-034",
        "The release manifest does not fit decision and signatures",
        "The frozen manifest names the decision and the signatures on it; they must be those that count, and stand before it in the log.",
        "Do not rely on this release.",
    ),
    Rule(
        "LM-DOS-035",
        "A reused result is not what the earlier run recorded",
        "A result may stand in for a test of a later run only if the earlier record holds it: the same test and artifacts, passed at the first try, not too old.",
        "Do not rely on this release; run the test.",
    ),
    Rule(
        "LM-DOS-040",
        "Deciding again gives another answer",
        "Facts are computed from the records and the decision from facts, policy and log size; the same three give the same answer for ever. Another one means that the recorded decision was not made so.",
        "Do not rely on this release.",
    ),
    Rule(
        "LM-DOS-041",
        "The run did not lead to a release",
        "Its decision is a refusal, or it was closed without being released. The bundle may be whole and genuine all the same.",
        "Take the bundle of a run that was released.",
    ),
    Rule(
        "LM-DOS-050",
        "The run is not closed",
        "A bundle is fixed at the record that closed the run; one of an open run would be another tomorrow.",
        "`lotmark run` brings the run to its end.",
    ),
    Rule(
        "LM-DOS-051",
        "The bundle would be too large",
        "A verifier reads a bundle whole and refuses what is over its limits, so a larger one could be checked by nobody.",
        "Keep large things out of the run's evidence, and name them there by digest.",
    ),
    Rule(
        "LM-DOS-060",
        "The file is no artifact of this ledger",
        "No run has made these bytes. One changed byte makes another file.",
        "Compare its SHA-256 with that of the release; `lotmark release list` shows the releases.",
    ),
    Rule(
        "LM-DOS-070",
        "The plan no longer fits",
        "A plan says what would be released at one state of the log. Since then something was recorded, signed, withdrawn or revoked.",
        "`lotmark release plan` makes a new one; look at it again.",
    ),
    Rule(
        "LM-DOS-071",
        "The file is no release plan",
        "`release apply` takes what `release plan -o` wrote, unchanged.",
        "`lotmark release plan -o plan.json` makes one.",
    ),
    Rule(
        "LM-DOS-072",
        "There is no such release",
        "The ledger holds no closed run of that version.",
        "`lotmark release list` shows the releases and runs.",
    ),
    Rule(
        "LM-DOS-080",
        "The PDF of the dossier cannot be made",
        "The compiler that sets the PDF (typst) is missing or failed. The HTML dossier is made without it and says the same.",
        "Reinstall the package typst; if it fails again on the same run, send its message with a bug report.",
    ),
)
