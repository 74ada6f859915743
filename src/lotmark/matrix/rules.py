"""Every rule code of the matrix room."""

from typing import Final

from lotmark.base.rules import Rule

_WHOLE: Final = "A results file is read whole or not at all: a reader that makes the best of a damaged file loses tests without a word, and a lost test looks like one that never existed."
_COVERS: Final = "Only a passing result for this commit covers (ISO 14971:2019, 7.2: the effectiveness of risk control is verified, not presumed). Failed, errored, skipped, missing and unexplained red-then-green results leave the subject open."
_WAIVER: Final = "A waiver is a person's signed exception with a scope, a residual risk and an end; it never reaches further than its own words. One that does not hold is named with the reason, so that nobody believes in it."
_MATRIX: Final = "quality/matrix.yaml is the contract between risk and testing; a name in it that nothing answers to means that a test which somebody thinks of as required is not."

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "LM-MTX-001",
        "results file is empty",
        f"The runner died before it wrote a result, or wrote it elsewhere. {_WHOLE}",
        "look at the command's output and exit code, then run the tests again",
    ),
    Rule(
        "LM-MTX-002",
        "other output stands before the XML",
        f"Console output was mixed into the results file, so nobody can say whether it is whole. {_WHOLE}",
        "let the runner write its XML to a file of its own",
    ),
    Rule("LM-MTX-003", "results file is not well-formed XML", _WHOLE, "mend the producer; a control character in a test's output is the usual cause"),
    Rule(
        "LM-MTX-004",
        "results file is truncated",
        f"The file ends before its root element does: the tests after that point are unknown. {_WHOLE}",
        "run the tests again; look for a crash, a time limit or a full disk",
    ),
    Rule(
        "LM-MTX-005",
        "results file declares a document type or an entity",
        "Entities expand a small file into gigabytes or read other files of the machine. No test runner needs them.",
        "write the results without <!DOCTYPE> and <!ENTITY>",
    ),
    Rule(
        "LM-MTX-006",
        "results file is over a limit",
        "Size, nesting, number of cases and length of names are bounded, so that foreign input cannot exhaust the reader.",
        "keep console output out of the results, or split them into several files",
    ),
    Rule(
        "LM-MTX-007",
        "no format of test results that is read",
        "The content is none of JUnit XML, NUnit, xUnit.net, TRX, Robot Framework's output.xml, CTRF and RSpec's JSON. The file's name says nothing.",
        "let the runner write one of these, or convert its results",
    ),
    Rule(
        "LM-MTX-008",
        "no test case was run",
        "Zero tests is no success: a filter that matches nothing, or a runner that dies while it starts, looks just like this.",
        "run at least one test in the layer",
    ),
    Rule(
        "LM-MTX-009",
        "results file is stale",
        "The file was written before the run started: it tells of other code. An old results file that a crashed run left in place would turn red into green.",
        "delete old results before the run, and check where the command writes",
    ),
    Rule(
        "LM-MTX-010",
        "encoding of a results file",
        f"The bytes are not in the encoding that the file declares (UTF-8 without a declaration), or in one that is not read. {_WHOLE}",
        "write the results as UTF-8",
    ),
    Rule(
        "LM-MTX-011",
        "the tests left no results file",
        "A layer without results was not tested.",
        "look at the command's output; `tests.<layer>.results` in lotmark.yaml must name the files that it writes",
    ),
    Rule(
        "LM-MTX-012",
        "no test run to evaluate",
        "The matrix is evaluated over test runs of the same run; without any, nothing can be said.",
        "run the unit and integration stages first",
    ),
    Rule(
        "LM-MTX-013",
        "nothing that tests could cover",
        "A product without a requirement, hazard or risk control has no matrix; an empty one would read as complete.",
        "write quality/requirements/ and quality/risks/, or name their place with --config",
    ),
    Rule(
        "LM-MTX-014",
        "stored evidence has another form",
        "The predicate does not follow this version's schema, so it does not count.",
        "read it with the version of Lotmark that wrote it",
    ),
    Rule(
        "LM-MTX-015",
        "list of expected tests cannot be used",
        "The list command printed no test, or no text. Without a list, or with an empty one, a vanished test goes unnoticed.",
        "let the list command print one test id a line, as `pytest --lotmark-list` does",
    ),
    Rule(
        "LM-MTX-020",
        "expected test is missing",
        "A test that was expected did not report. A crashed binary leaves no result, and its tests vanish unless somebody counts them (IEC 62304, 5.7.5: the records show what was tested).",
        "find out why it did not run; if it is gone for good, remove it from what is expected",
    ),
    Rule(
        "LM-MTX-021",
        "unexpected test",
        "A test reported that nobody expected, or nobody said what to expect. Without a list of what must report, a vanished test goes unnoticed.",
        "give the layer a `list-command` that selects the same tests as its command",
    ),
    Rule(
        "LM-MTX-022",
        "test id stands twice in one attempt",
        "Two results under one name: one could hide the other. The worst of them holds; results that differ close the gate.",
        "give each test a name of its own",
    ),
    Rule(
        "LM-MTX-023",
        "red, then green",
        "A test that fails and then passes on the same software has a cause that nobody knows. Every attempt is kept, and a person says why the green one is believed.",
        "find the cause; until then explain it under `unstable` in quality/matrix.yaml, with an owner and a last day",
    ),
    Rule(
        "LM-MTX-024",
        "exit code 0 although tests failed",
        "The command and its results contradict each other; a wrapper hides failures, and would hide a crash as well.",
        "pass the runner's exit code on: no `|| true`, no pipe",
    ),
    Rule(
        "LM-MTX-025",
        "exit code not 0 although no test failed",
        "The command says that something went wrong and its results do not say what: tests that never reported, a crash at the end, a limit that was not kept.",
        "read the command's output and mend what made it fail",
    ),
    Rule(
        "LM-MTX-026",
        "test failed",
        "A test of the layer failed or ended with an error.",
        "mend the product or the test; where the category allows it, a person can sign a waiver",
    ),
    Rule(
        "LM-MTX-027",
        "suite declares more tests than it lists",
        "The producer counted more tests than it wrote down. Without a complete list of expected ids this is the only sign that some are missing, and it closes the gate.",
        "find the tests that are not listed, or give the layer a `list-command`",
    ),
    Rule(
        "LM-MTX-028",
        "test verifies something that is no identifier",
        "A test that names what it verifies in another grammar verifies nothing that anybody can follow.",
        "name identifiers such as REQ-007, separated by commas",
    ),
    Rule(
        "LM-MTX-029",
        "test was skipped",
        "A skipped test says nothing about the product; what it verifies stays uncovered.",
        "let it run, or accept that its subjects stay open",
    ),
    Rule("LM-MTX-030", "category stands twice", _MATRIX, "give each category an id of its own"),
    Rule("LM-MTX-031", "category does not exist", _MATRIX, "name one of the categories of the file"),
    Rule("LM-MTX-032", "item does not exist", _MATRIX, "name an id of quality/requirements or quality/risks"),
    Rule("LM-MTX-033", "severity is not of the scale", _MATRIX, "use the words of the product's risk scale"),
    Rule("LM-MTX-034", "trigger without a cause", "A trigger that names neither paths nor items is never set off.", "name `paths`, `items` or both"),
    Rule("LM-MTX-035", "glob matches no known test", _MATRIX, "hold the glob against the test ids that `lotmark test plan` shows"),
    Rule(
        "LM-MTX-036",
        "layer of a test is not known",
        "A test that belongs to no layer is expected by no stage, so nobody notices when it does not run.",
        "name it by a glob of one category, or give its layer a `list-command`",
    ),
    Rule(
        "LM-MTX-037",
        "explanation of unstable tests expired",
        "Why red before green was accepted is re-thought on a day that was set beforehand.",
        "mend the tests, or have a new entry approved",
    ),
    Rule("LM-MTX-040", "subject failed", _COVERS, "mend the product or the test"),
    Rule("LM-MTX-041", "subject has no result", _COVERS, "write a test for it, mark what it verifies, and let it run"),
    Rule("LM-MTX-042", "subject is incomplete", _COVERS, "let every test that counts for it run and pass"),
    Rule(
        "LM-MTX-043",
        "subject is waived",
        "A person signed that this need not pass now. It is not a pass, and it is shown wherever the result is.",
        "see to it before the waiver expires",
    ),
    Rule(
        "LM-MTX-044",
        "nothing says what a subject needs",
        "A hazard, risk control or requirement that no line of the matrix speaks of would be covered by nothing and look complete.",
        "add a line under `requires` or `overrides` in quality/matrix.yaml",
    ),
    Rule(
        "LM-MTX-045",
        "risk accepted without control",
        "The hazard's risk before control is at the lowest level of the scale and somebody accepted it with a rationale (ISO 14971:2019, 6 and 7.1), so no test is asked for.",
        "nothing, while the rationale holds",
    ),
    Rule("LM-MTX-050", "waiver has another form", _WAIVER, "sign it again with `lotmark waive`"),
    Rule(
        "LM-MTX-051",
        "waiver was signed with somebody else's key",
        f"The person who is named and the person whose key signed differ (21 CFR 11.70). {_WAIVER}",
        "sign with the key that was enrolled for the person who is named",
    ),
    Rule("LM-MTX-052", "waiver is for another product", _WAIVER, "sign a waiver for this product"),
    Rule("LM-MTX-053", "waiver is for another version", _WAIVER, "sign a waiver for this version, or mend what it waived"),
    Rule("LM-MTX-054", "waiver is not yet valid", _WAIVER, "wait, or set the clock right"),
    Rule(
        "LM-MTX-055",
        "waiver expired",
        f"An end that moves is no end: an extension is a new waiver with a new reason. {_WAIVER}",
        "mend what it waived, or sign a new waiver",
    ),
    Rule("LM-MTX-056", "waiver was closed", _WAIVER, "mend what it waived, or sign a new waiver"),
    Rule(
        "LM-MTX-057",
        "waiver's id was taken",
        f"A second waiver under one id would change the first after the fact. The first is the waiver. {_WAIVER}",
        "give the later waiver an id of its own",
    ),
    Rule("LM-MTX-058", "waiver runs too long", _WAIVER, "sign it for no more than `waivers.max-days`"),
    Rule("LM-MTX-059", "role may not sign waivers", _WAIVER, "let somebody sign who holds one of the roles under `waivers.roles`"),
    Rule(
        "LM-MTX-060",
        "waiver cannot reach a blocking category",
        f"What was declared blocking passes or stops the release; changing that is a change of the matrix, under approval. {_WAIVER}",
        "mend what fails",
    ),
    Rule(
        "LM-MTX-061",
        "waiver was not needed",
        "Everything that it covers passed; an open exception that nobody needs hides the next failure.",
        "close it with `lotmark waive --close`",
    ),
    Rule("LM-MTX-062", "waiver names something unknown", _WAIVER, "sign a new waiver that names the ids as they stand"),
    Rule(
        "LM-MTX-063",
        "waiver is incomplete",
        "A waiver states scope, reason, residual risk, owner and signer, and ends on a day; one of these is missing or out of bounds.",
        "state what is missing",
    ),
)
