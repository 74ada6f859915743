"""The five answers, the commands with which a reader checks them, and every digest in full."""

from lotmark.dossier._view_basic import Fact
from lotmark.dossier._view_model import Answer, ApprovalsView, Command, DecisionView
from lotmark.dossier._view_model_build import RebuildView
from lotmark.dossier._view_model_tests import LayerView, MatrixView
from lotmark.dossier._view_source import ViewSource, known_people, last_pusher, list_people
from lotmark.dossier._view_tests import describe_layers
from lotmark.dossier._view_words import count, in_words, instant, join, number, size


def view_answers(
    source: ViewSource,
    decision: DecisionView | None,
    approvals: ApprovalsView | None,
    layers: tuple[LayerView, ...],
    matrix: MatrixView | None,
    rebuild: RebuildView | None,
) -> tuple[Answer, ...]:
    """What was built, from what, by whom, with which tests, under which approval."""
    return (_what(source), _from_what(source, rebuild), _by_whom(source), _tests(layers, matrix), _approval(decision, approvals))


def _what(source: ViewSource) -> Answer:
    product = source.opened["product"]
    facts = [Fact("Product", f"{product['name']} {product['version']}"), Fact("Run", source.opened["run"], "mono")]
    candidate = source.find("release-candidate")
    if candidate is None:
        summary = f"{product['name']} {product['version']} was to be built; the run made no artifact."
    else:
        artifact = candidate["artifact"]
        summary = f"{artifact['name']}, {size(artifact['size'])}."
        facts.append(Fact("SHA-256", artifact["sha256"], "digest"))
    facts.append(Fact("Safety class (IEC 62304)", product["safetyClass"]))
    if product["udiDi"]:
        facts.append(Fact("UDI-DI", product["udiDi"], "mono"))
    return Answer("What was built?", summary, tuple(facts), "artifact")


def _from_what(source: ViewSource, rebuild: RebuildView | None) -> Answer:
    told = source.opened["source"]
    facts = [
        Fact("Repository", told["repository"]),
        Fact("Commit", told["commit"], "digest"),
        Fact("Tree", told["tree"], "digest"),
        Fact("Source digest", told["sha256"], "digest"),
    ]
    dependencies = source.find("dependencies")
    facts += [Fact(f"Lock {lock['path']}", lock["sha256"], "digest") for lock in (dependencies["locks"] if dependencies else ())]
    if rebuild:
        facts += [fact for fact in rebuild.facts if fact.label == "Environment"]
        facts.append(Fact("Tools", "; ".join(tool.value for tool in rebuild.tools) or "none told"))
    verdict = f"; built twice, {rebuild.status.word}" if rebuild else ""
    return Answer("From what?", f"Commit {told['commit'][:12]} of {instant(told['committedAt'])}{verdict}.", tuple(facts), "rebuild")


def _by_whom(source: ViewSource) -> Answer:
    change = source.find("change-summary")
    authors = list(dict.fromkeys(known_people(change, "name").get(who, source.name_of(who)) for who in change["authors"])) if change else []
    keys = dict.fromkeys(entry.key.key_id for entry in source.evidence if entry.key.kind == "pipeline")
    facts = [Fact("Run started by", source.opened["operator"])]
    if change:
        facts += [Fact("Committers", list_people(change, "committers")), Fact("Last pusher", last_pusher(change))]
    facts += [Fact("Evidence signed by pipeline key", key, "digest") for key in keys]
    facts.append(Fact("Lotmark", source.opened["lotmark"]))
    return Answer("By whom?", f"Written by {join(authors)}." if authors else "No author is recorded for this run.", tuple(facts), "changes")


def _tests(layers: tuple[LayerView, ...], matrix: MatrixView | None) -> Answer:
    facts = [Fact(layer.layer.capitalize(), f"{number(layer.received)} of {number(layer.expected)} reported: {layer.status.word}") for layer in layers]
    if matrix:
        facts.append(Fact("Test matrix", matrix.summary))
        passed = sum(row.status.mark == "ok" for row in matrix.hazards)
        facts.append(Fact("Hazards with passed tests", f"{number(passed)} of {number(len(matrix.hazards))}"))
    return Answer("With which tests?", describe_layers(layers) + ".", tuple(facts), "layers")


def _approval(decision: DecisionView | None, approvals: ApprovalsView | None) -> Answer:
    if decision is None or approvals is None:
        return Answer("Under which approval?", "None: nothing has been decided.", (), "approvals")
    counted = [signature for signature in approvals.signatures if signature.status.word == "counts"]
    people = "nobody" if not approvals.signed else f"{in_words(approvals.signed)} {'person' if approvals.signed == 1 else 'people'}"
    summary = f"{decision.summary}; {people} signed, risk tier {approvals.tier}."
    facts = [Fact(signature.name, f"{signature.role}, {signature.meaning}, {signature.signed_at}") for signature in counted]
    lacking = [f"{count(wanted.count, 'signature')} as {wanted.role} ({wanted.meaning})" for wanted in approvals.required if wanted.status.mark != "ok"]
    if lacking and decision.status.mark != "bad":
        facts.append(Fact("Still wanted", join(lacking)))
    facts += [fact for fact in decision.facts if fact.label == "Policy"]
    return Answer("Under which approval?", summary, tuple(facts), "approvals")


def view_commands(source: ViewSource) -> tuple[Command, ...]:
    """How a reader checks this dossier; the bundle comes from whoever gave it, the trust file from somebody whom the reader trusts."""
    version, product = source.opened["product"]["version"], source.opened["product"]["id"]
    candidate = source.find("release-candidate")
    bundle = f"{product}-{version}.zip"
    commands = [Command(f"lotmark verify {_quoted(bundle)} --trust trust.json", "every step of the verification, offline, with your own trust file")]
    if candidate:
        name = candidate["artifact"]["name"]
        commands += [
            Command(f"lotmark verify {_quoted(bundle)} --trust trust.json --artifact {_quoted(name)}", "that the file which you hold is the released one"),
            Command(f"sha256sum {_quoted(name)}", f"must print {candidate['artifact']['sha256']}"),
        ]
    return (*commands, Command(f"unzip -p {_quoted(bundle)} VERIFY.md", "how to check the bundle with common tools, without Lotmark"))


def _quoted(word: str) -> str:
    """A word for a POSIX shell."""
    import shlex

    return shlex.quote(word)


def view_digests(source: ViewSource) -> tuple[Fact, ...]:
    """Every digest that the dossier shortens, with what it is of; each value once."""
    opened = source.opened
    found: dict[str, str] = {}

    def add(value: str | None, label: str) -> None:
        if value:
            found.setdefault(value, label)

    if candidate := source.find("release-candidate"):
        add(candidate["artifact"]["sha256"], f"artifact {candidate['artifact']['name']}")
    for label, key in (("source commit", "commit"), ("source tree", "tree"), ("source digest", "sha256")):
        add(opened["source"][key], label)
    if dependencies := source.find("dependencies"):
        for lock in dependencies["locks"]:
            add(lock["sha256"], f"lock {lock['path']}")
        add(dependencies["sbomSha256"], "SBOM")
    if rebuild := source.find("rebuild"):
        add(rebuild["environmentSha256"], "build environment")
        add(rebuild["isolation"]["root"]["sha256"], "package list of the build's root file system")
        for output in rebuild["outputs"]:
            add(output["sha256A"], f"output {output['name']}, first build")
            add(output["sha256B"], f"output {output['name']}, second build")
    for run in source.evidence.all("test-run"):
        for attempt in run.statement.predicate["attempts"]:
            for file in attempt["results"]:
                add(file["sha256"], f"test results {file['name']}")
        for file in run.statement.predicate["artifacts"]:
            add(file["sha256"], f"tested file {file['name']}")
    if candidate and candidate["device"] and candidate["device"].get("calibrationProfile"):
        add(candidate["device"]["calibrationProfile"]["sha256"], "calibration profile")
    if decision := source.find("decision"):
        for label, key in (("policy", "policySha256"), ("facts of the decision", "factsSha256"), ("evidence decided on", "evidenceRoot")):
            add(decision[key], label)
    for check in source.evidence.all("deployment-check"):
        content = check.statement.predicate
        add(content["artifact"]["found"], f"found at {content['target']['name']}")
        add(content["artifact"]["expected"], f"expected at {content['target']['name']}")
    for entry in (*source.product_entries, *source.evidence):
        add(entry.key.key_id, f"{entry.key.kind} key" + (f" of {entry.key.name}" if entry.key.person else ""))
    if change := source.find("change-summary"):
        for commit in change["commits"]:
            add(commit["sha"], f"commit “{commit['subject']}”")
    return tuple(Fact(label, value, "digest") for value, label in found.items())
