"""The rule codes of traceability: 00x reading, 01x identifiers and files, 02x links, 03x levels and risks, 04x sources."""

from typing import Final

from lotmark.base.rules import Rule

RULES: Final = (
    Rule(
        "LM-TRC-001",
        "a quality file cannot be read",
        "A file that is not read is an item that nobody checks: a requirement could vanish from the graph unseen. So it is an error, never a gap.",
        "Save the file as UTF-8 with at most 1 MiB, readable, and not as a link.",
    ),
    Rule(
        "LM-TRC-002",
        "a quality file holds no item",
        "Every Markdown file below requirements/ and risks/ is one item and starts with a front matter between two lines '---'.",
        "Add the front matter, or move the file out of the folder. A README.md may stay.",
    ),
    Rule(
        "LM-TRC-003",
        "a line is outside the front matter format",
        "The front matter is a small subset of YAML (texts, flat lists, one-level mappings) in which each line has one meaning for every reader; tabs, several lines for one text, anchors and tags are not in it.",
        "Write 'key: value', 'key: [a, b]', lines '  - a', or lines '  key: value'; quote a text that holds ': ' or ' #'. Long texts belong into the body.",
    ),
    Rule(
        "LM-TRC-004",
        "a key stands twice",
        "Two values for one key: a reader would have to guess which one holds, and two readers would guess differently.",
        "Remove one of them.",
    ),
    Rule(
        "LM-TRC-005",
        "unknown key",
        "A key that nobody reads looks like a statement and is none; most often it is a typing mistake in a key that matters.",
        "Correct it; the allowed keys are in docs/reference/trace-format.md.",
    ),
    Rule(
        "LM-TRC-006",
        "a field is missing or has a wrong value",
        "Title, type, the estimates of a hazard and the kind of a risk control are what the risk management file and the matrix are built from (ISO 14971:2019, 5.5 and 7.1).",
        "Write the field as the message says.",
    ),
    Rule(
        "LM-TRC-007",
        "byte order mark or Windows line ends",
        "The item was read and its fingerprint is the same as with plain UTF-8 and LF; other tools may read it differently.",
        "Save the file as UTF-8 without BOM and with LF line ends.",
    ),
    Rule(
        "LM-TRC-008",
        "unknown section",
        "After the normative statement come '## Rationale', '## Verification' and '## Notes', which are informative and may change without a new review. A section of another name counts as normative.",
        "Correct the heading, or use a heading of level 3.",
    ),
    Rule(
        "LM-TRC-009",
        "an item says nothing",
        "The body is the normative statement: what shall be so. Without it there is nothing to implement or to verify (IEC 62304:2006+A1:2015, 5.2.2).",
        "Write the statement below the front matter.",
    ),
    Rule(
        "LM-TRC-010",
        "not an identifier of this product",
        "Identifiers follow one ASCII grammar (capitals and digits in parts joined by '-', the last part digits), so that the same id works in trackers, commits, tests and records.",
        "Write it as REQ-001, or as product:REQ-001 for another product.",
    ),
    Rule(
        "LM-TRC-011",
        "an id stands twice",
        "Two items with one id: results, approvals and links of one would count for the other. Ids are never reused (IEC 62304:2006+A1:2015, 5.2.6 e).",
        "Give the younger item a new id.",
    ),
    Rule(
        "LM-TRC-012",
        "two ids look alike",
        "They differ only by case, by leading zeros or by letters that look the same. A person, a file system or a font takes one for the other.",
        "Give one of them another id.",
    ),
    Rule(
        "LM-TRC-013",
        "file name and id differ",
        "The file name is the id, so that two people who take the same number meet in git as a conflict and not as two items.",
        "Rename the file to the id.",
    ),
    Rule(
        "LM-TRC-014",
        "a file is not read",
        "Only .md files (and .yaml below risks/) hold items; anything else there is passed over.",
        "Move the file elsewhere.",
    ),
    Rule(
        "LM-TRC-015",
        "there is no item",
        "A folder without items would make every check pass for want of anything to check.",
        "Write one file per item; `lotmark init` writes a first one.",
    ),
    Rule(
        "LM-TRC-016",
        "an alias is taken",
        "An alias is another name of one item: its id before a rename, or in another tool. A name that two items bear would send links and results of one to the other.",
        "Remove it from one of them.",
    ),
    Rule(
        "LM-TRC-017",
        "the snapshot of another product cannot be used",
        "Links across products are checked against the other product's trace snapshot, pinned by its digest. Without it the links lead nowhere.",
        "Put the declared file below quality/external/, or declare the digest of the new one after a review.",
    ),
    Rule(
        "LM-TRC-018",
        "the item model contradicts itself",
        "quality/trace.yaml names a type, link or field that does not exist or cannot be. A misspelt name would ask for nothing, so the file is not used and the default model holds.",
        "Correct the name; the default's types and links are in docs/reference/trace-format.md.",
    ),
    Rule(
        "LM-TRC-020",
        "unknown type",
        "The type decides which fields, links and tests an item needs; the prefix of its id is free.",
        "Use a type of the default (user-need, software-requirement, hazard, risk-control, test-case ...), or declare your own in quality/trace.yaml.",
    ),
    Rule(
        "LM-TRC-021",
        "unknown link",
        "The key holds ids but is no link, so nothing follows it.",
        "Use a link of the default (derives, refines, implements, mitigates, verifies ...), or declare your own in quality/trace.yaml.",
    ),
    Rule(
        "LM-TRC-022",
        "a link between the wrong types",
        "Each link goes from certain types up to certain others: a risk control mitigates a hazard, a requirement implements a risk control.",
        "Use the link that the message names, or correct the target.",
    ),
    Rule(
        "LM-TRC-023",
        "a link leads nowhere",
        "The item that the link names does not exist here, so the chain from hazard to test is broken (IEC 62304:2006+A1:2015, 7.3.3).",
        "Correct the id, add the item, or declare the id if it belongs to another product.",
    ),
    Rule(
        "LM-TRC-024",
        "links run in a circle",
        "Links point up, to an older and more general item. In a circle each item is justified by the others and none by a need or a hazard.",
        "Remove the link that points down.",
    ),
    Rule(
        "LM-TRC-025",
        "an obsolete item is still linked",
        "An obsolete item stays in the repository for its history; nothing that lives may rest on it.",
        "Point the link or marker at its successor.",
    ),
    Rule(
        "LM-TRC-030",
        "a requirement has no origin",
        "A requirement that derives from no need and controls no risk is either unnecessary or hides one of them (21 CFR 820.30(c); IEC 62304:2006+A1:2015, 5.1.1 c).",
        "Link it: derives, refines or implements.",
    ),
    Rule(
        "LM-TRC-031",
        "a level is missing",
        "The chain of links does not reach a user need or a hazard, or a user need has no requirement below it.",
        "Complete the chain.",
    ),
    Rule(
        "LM-TRC-032",
        "a hazard has no risk control",
        "Every risk that is not acceptable as it is needs a control (ISO 14971:2019, 7.1). It only warns where the risk was at the lowest level and accepted with a rationale.",
        "Write the risk control with 'mitigates'.",
    ),
    Rule(
        "LM-TRC-033",
        "a risk control is not implemented",
        "A control on paper controls nothing: its implementation must be verified (ISO 14971:2019, 7.2; IEC 62304:2006+A1:2015, 7.2.2).",
        "Write 'implements' into the requirement that does.",
    ),
    Rule(
        "LM-TRC-034",
        "a risk control mitigates no hazard",
        "Either the link is missing, or the control is not needed.",
        "Write 'mitigates'. For safety class A it is a warning.",
    ),
    Rule(
        "LM-TRC-035",
        "a requirement has no test",
        "Nothing would notice if the software stopped fulfilling it (IEC 62304:2006+A1:2015, 5.7.1). A requirement that others refine is tested through them.",
        "Mark the test that verifies it, or name it in quality/markers.yaml. For safety class A it is a warning.",
    ),
    Rule(
        "LM-TRC-036",
        "a test layer is missing",
        "The item asks for tests in certain layers ('layers: [unit, validation]') and in one of them there is none.",
        "Mark a test in that layer's folder, or correct 'layers'.",
    ),
    Rule(
        "LM-TRC-037",
        "a residual risk is not judged",
        "After control somebody must judge the residual risk and say why it is acceptable (ISO 14971:2019, 7.3).",
        'Write residual-risk: {acceptable: true, rationale: "..."}.',
    ),
    Rule(
        "LM-TRC-038",
        "a residual risk is not acceptable",
        "It is judged not acceptable, or accepted at the highest level, or the estimate after control is above the one before.",
        "Add controls, correct the estimates, or show in the rationale that the benefit outweighs the risk (ISO 14971:2019, 7.4).",
    ),
    Rule(
        "LM-TRC-039",
        "a link that the type requires is missing",
        "The item model says for each type what must lie above and below it: a hazardous situation arises from a hazard, a software item satisfies a requirement or is part of another (IEC 62304:2006+A1:2015, 5.3.1 and 7.1).",
        "Write the link that the message names, or change 'requires' of the type in quality/trace.yaml.",
    ),
    Rule(
        "LM-TRC-040",
        "a test source cannot be read",
        "Its tests and markers were not seen, so what they verify looks unverified.",
        "Mend the file, or take it out of tests.markers in lotmark.yaml.",
    ),
    Rule(
        "LM-TRC-041",
        "a marker names an unknown id",
        "The test says it verifies something that does not exist: the result counts for nothing.",
        "Correct the id, or add the item.",
    ),
    Rule(
        "LM-TRC-042",
        "a marker cannot be understood",
        "Markers are read without running the code; one whose ids are missing, misspelt or computed says nothing.",
        'Write @pytest.mark.verifies("REQ-001"), or /* @verifies REQ-001 */.',
    ),
    Rule("LM-TRC-043", "a marker belongs to no test", "No result can ever cover what it names.", "Put the marker directly above the test."),
    Rule(
        "LM-TRC-044",
        "a test does not say what it verifies",
        "It counts for no requirement. That is fine for a helper's test and a gap for a requirement's.",
        "Mark it with verifies.",
    ),
    Rule(
        "LM-TRC-045", "no test source was found", "The patterns of tests.markers match no file, so no marker was read.", "Mend tests.markers in lotmark.yaml."
    ),
    Rule(
        "LM-TRC-046",
        "a declared marker matches no test",
        "quality/markers.yaml says of these tests what they verify. There is no such test, so the claim covers nothing: the test was renamed, taken out, or the glob is misspelt. Before the tests have run, some are known to the results alone; then it only warns.",
        "Correct the glob; it is held against test ids as the sources, the list commands and the results give them.",
    ),
)
