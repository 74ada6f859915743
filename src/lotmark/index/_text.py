"""Answers for a person: five parts, aligned, each symbol beside the word that it stands for."""

from collections.abc import Sequence
from typing import Final

from lotmark.base.formats import show_text
from lotmark.index._exceptional import write_exceptional
from lotmark.index._layout import LABEL, Page
from lotmark.index._text_other import write_components, write_items, write_waiver
from lotmark.index._words import STATE_MARKS, both_times, instant, joined, number_of, waiver_lines
from lotmark.index.models import Answers, ByWhom, Components, FromWhat, Layer, RunSummary, Signature, Target, UnderWhichApproval, What, WithWhichTests

_LAYER_COLUMNS: Final = ("expected", "received", "passed", "failed", "error", "skipped", "missing")
_KIND_WORDS: Final = {"hazard": "hazard", "risk-control": "risk control", "requirement": "requirement"}
_STANDINGS: Final = {
    "counted": ("✓", "green", "counts"),
    "recorded": ("·", "dim", "recorded; whether it counts is judged when the run goes on"),
    "rejection": ("✗", "red", "rejects the release"),
    "stale": ("!", "yellow", "does not count: made under an earlier decision"),
    "withdrawn": ("!", "yellow", "does not count: withdrawn by the signer"),
    "foreign key": ("✗", "red", "does not count: made with a key of somebody else"),
    "not counted": ("!", "yellow", "does not count"),
}


def format_answers(answers: Answers, *, width: int = 100, styled: bool = False) -> str:
    """The answers for a person: aligned, at most `width` columns (tables apart), without a final line feed; `styled` adds ANSI colours to the words."""
    page = Page(width, styled=styled)
    if answers.answers is not None:
        _write_five(page, answers)
    elif answers.items:
        write_items(page, answers)
    elif answers.components:
        write_components(page, answers)
    else:
        write_waiver(page, answers)
    _write_proof(page, answers)
    return page.text()


def _write_five(page: Page, answers: Answers) -> None:
    five = answers.answers
    assert five is not None  # noqa: S101 - chosen by the caller
    what = five.what
    mark, color = STATE_MARKS[what.state]
    page.title(f"{what.product_name} {what.version}", page.style(f"{mark} {what.state}", color), show_text(answers.run))
    _write_about(page, answers)
    _write_what(page, what)
    _write_from_what(page, five.from_what)
    _write_by_whom(page, five.by_whom)
    _write_tests(page, five.with_which_tests)
    _write_approval(page, five.under_which_approval)
    _write_others(page, answers.others)


def _write_about(page: Page, answers: Answers) -> None:
    about = answers.about
    if about.kind not in {"version", "run"}:
        asked = f"sha256 {about.name[:16]}" if about.kind == "digest" else answers.question
        page.field("asked for", f"{asked} is {about.words}")


def _write_what(page: Page, what: What) -> None:
    page.heading("What was built")
    about = f"{what.product_name} ({what.product}) {what.version}, software safety class {what.safety_class}"
    page.field("product", about + (f", UDI-DI {what.udi_di}" if what.udi_di else ""))
    if what.artifact is None:
        page.field("artifact", "none: the run did not come to its package", mark="✗", color="red")
    else:
        page.field("artifact", f"{what.artifact.name}, {what.artifact.size:,} bytes, {what.artifact.media_type}")
        page.field("sha256", what.artifact.sha256)
    if what.device is not None:
        _write_device(page, what)
    mark, color = STATE_MARKS[what.state]
    when = f" on {instant(what.released_at)}" if what.released_at else ""
    page.field("state", f"{what.state}{when}" + (f"; {what.state_words}" if what.state_words else ""), mark=mark, color=color)
    for position, target in enumerate(what.targets):
        _write_target(page, "runs at" if position == 0 else "", target)
    if not what.targets:
        page.field("runs at", "nowhere: no deployment of it is recorded")


def _write_device(page: Page, what: What) -> None:
    device = what.device
    assert device is not None  # noqa: S101 - looked at by the caller
    told = [f"models {device.models}"] if device.models else []
    if device.firmware_checksum:
        told.append(f"firmware checksum {device.firmware_algorithm} {device.firmware_checksum}")
    page.field("device", "; ".join(told))
    if device.calibration_path:
        page.field("calibration", device.calibration_path)
        page.more("sha256", device.calibration_sha256 or "none recorded")


def _write_target(page: Page, label: str, target: Target) -> None:
    place = f"{target.name} ({target.environment})"
    if not target.is_current:
        page.field(label, f"no longer at {place}: from {instant(target.switched_at)}, then replaced by {target.replaced_by}", mark="·", color="dim")
    elif target.verdict is None:
        page.field(label, f"{place} since {instant(target.switched_at)}; not checked since", mark="!", color="yellow")
    else:
        good = target.verdict == "verified"
        told = f"{place} since {instant(target.switched_at)}; {target.verdict} {instant(target.checked_at or '')}" + (
            f": {target.reason}" if target.reason else ""
        )
        page.field(label, told, mark="✓" if good else "✗", color="green" if good else "red")


def _write_from_what(page: Page, source: FromWhat) -> None:
    page.heading("From what")
    page.field("repository", f"{source.repository}, {source.ref}")
    page.field("commit", f"{source.commit}, of {instant(source.committed_at)}")
    page.field("tree", source.tree)
    page.field("source sha256", source.source_sha256)
    for position, lock in enumerate(source.locks):
        page.field("lock files" if position == 0 else "", f"{lock.path}, {number_of(lock.components, 'component')}")
        page.more("sha256", lock.sha256)
    _write_components(page, source.components)
    if source.environment is not None:
        environment = source.environment
        sealed = "sealed" if environment.hermetic else "not sealed"
        digest = f"sha256 {environment.sha256}" if environment.sha256 else "no digest recorded"
        page.field("environment", digest)
        page.more(environment.backend, f"{sealed}; {', '.join(environment.tools)}" if environment.tools else sealed)
    if source.rebuild is None:
        page.field("rebuild", "no build is recorded", mark="✗", color="red")
    else:
        rebuild = source.rebuild
        mark, color = {"IDENTICAL": ("✓", "green"), "EQUIVALENT": ("!", "yellow")}.get(rebuild.verdict, ("✗", "red"))
        page.field("rebuild", f"{rebuild.verdict}: {rebuild.words}", mark=mark, color=color)
        claim, _, told = rebuild.claim_text.partition(": ")
        page.more(f"claim {claim}", told or rebuild.claim_text)


def _write_components(page: Page, components: Components | None) -> None:
    if components is None:
        page.field("components", "no dependency evidence is recorded", mark="✗", color="red")
        return
    told = ", ".join(f"{number} for {scope}" for scope, number in components.scopes.items())
    if components.total:
        page.field("components", f"{components.total}: {told}")
    else:
        page.field("components", f"none: {components.none_reason}" if components.none_reason else "none")
    for refused in components.licences_refused:
        page.more("licence refused", refused)
    if components.total and not components.licences_refused:
        page.more("licences", "none refused")
    if not components.evaluated:
        page.field("vulnerable", "known vulnerabilities were not looked up", mark="!", color="yellow")
        return
    affecting = [each for each in components.vulnerabilities if each.state == "affected"]
    told = f"{number_of(len(affecting), 'known vulnerability', 'known vulnerabilities')} affecting it, as of {components.retrieved}"
    page.field("vulnerable", told, mark="✗" if affecting else "✓", color="red" if affecting else "green")
    for each in components.vulnerabilities:
        page.more(
            each.state.replace("_", " "),
            f"{each.vulnerability} in {each.component}, {each.severity}" + (f": {each.justification}" if each.justification else ""),
        )


def _write_by_whom(page: Page, people: ByWhom) -> None:
    page.heading("By whom")
    page.field("authors", joined(f"{person.name} <{person.email}>, {number_of(person.commits, 'commit')}" for person in people.authors) or "none recorded")
    page.field(
        "committers", joined(f"{person.name} <{person.email}>, {number_of(person.commits, 'commit')}" for person in people.committers) or "none recorded"
    )
    page.field("changes", f"{number_of(people.commits, 'commit')} since {people.since or 'the beginning'}")
    machine = f" on the machine {people.machine}" if people.machine else ""
    page.field("run opened by", f"{people.operator}{machine} on {instant(people.opened_at)}, with lotmark {people.lotmark}")
    since = f", enrolled in entry {people.pipeline_key_since}" if people.pipeline_key_since is not None else ""
    page.field("pipeline key", f"{people.pipeline_key[:16]}{since}")


def _write_tests(page: Page, tests: WithWhichTests) -> None:
    page.heading("With which tests")
    if tests.layers:
        columns = [name for name in _LAYER_COLUMNS if name != "error" or any(layer.error for layer in tests.layers)]
        rows = [tuple(page.style(head, "dim") for head in ("layer".ljust(LABEL - 2), *columns, ""))]
        rows += [_layer_row(page, layer, columns) for layer in tests.layers]
        page.table(rows, right=range(1, len(columns) + 1))
    else:
        page.field("layers", "no tests are recorded", mark="✗", color="red")
    for layer in tests.layers:
        if layer.unexpected:
            page.field(layer.layer, f"{number_of(layer.unexpected, 'test')} reported that nobody expected", mark="!", color="yellow")
        if layer.unstable:
            page.field(layer.layer, f"{number_of(layer.unstable, 'test')} failed before passing", mark="!", color="yellow")
    for position, covered in enumerate(tests.covered):
        waived = f", {covered.waived} waived" if covered.waived else ""
        whole = covered.passed == covered.total
        mark, color = ("✓", "green") if whole else ("!", "yellow") if covered.passed + covered.waived == covered.total else ("✗", "red")
        kind = _KIND_WORDS.get(covered.kind, covered.kind)
        page.field("verified" if position == 0 else "", f"{covered.passed} of {number_of(covered.total, kind)}{waived}", mark=mark, color=color)
    if not tests.covered:
        page.field("verified", "the matrix was not evaluated", mark="✗", color="red")
    for gap in tests.gaps:
        page.more(gap.status, f"{gap.item} {gap.title}")
    for waiver in tests.waivers:
        waiver_lines(page, waiver)
    write_exceptional(page, tests)
    for position, anomaly in enumerate(tests.open_anomalies):
        page.field("open anomalies" if position == 0 else "", anomaly, mark="!", color="yellow")


def _layer_row(page: Page, layer: Layer, columns: Sequence[str]) -> tuple[str, ...]:
    """The counts, and in the last cell the gravest of what they say."""
    if not layer.reported:
        return (show_text(layer.layer), *("-" for _ in columns), page.style("✗ did not report", "red"))
    counts = tuple(f"{getattr(layer, name):,}" for name in columns)
    red = layer.failed + layer.error + layer.missing + layer.skipped
    if red and red <= layer.excused:
        verdict = page.style(f"! {layer.excused} held or waived", "yellow")
    elif layer.failed or layer.error:
        verdict = page.style("✗ failed", "red")
    elif layer.missing:
        verdict = page.style("✗ incomplete", "red")
    elif layer.skipped:
        verdict = page.style("! with skipped", "yellow")
    else:
        verdict = page.style("✓ all passed", "green")
    return (show_text(layer.layer), *counts, verdict)


def _write_approval(page: Page, approval: UnderWhichApproval) -> None:
    page.heading("Under which approval")
    decision = approval.decision
    if decision is None:
        page.field("decision", "none: the run did not come to its decision", mark="✗", color="red")
    else:
        good = decision.verdict == "accepted"
        told = (
            f"{decision.verdict}: {decision.criteria_met} of {number_of(decision.criteria, 'criterion', 'criteria')} met, on {instant(decision.evaluated_at)}"
        )
        page.field("decision", told, mark="✓" if good else "✗", color="green" if good else "red")
        for unmet in decision.unmet:
            page.more("not met", unmet)
        for missing in decision.missing:
            page.more("missing", missing)
        page.field("risk tier", f"{decision.tier}: {'; '.join(decision.tier_reasons)}" if decision.tier_reasons else decision.tier)
        page.field("policy sha256", decision.policy_sha256)
        page.field("log position", f"entry {decision.index}; judged on the {decision.log_size} entries before it")
    if approval.required:
        page.field("required", joined(f"{each.count} × {each.role} ({each.meaning})" for each in approval.required))
    for position, signature in enumerate(approval.signatures):
        _write_signature(page, "signatures" if position == 0 else "", signature)
    if not approval.signatures:
        page.field("signatures", "none")
    if approval.stage:
        refused = approval.stage.startswith("refused")
        page.field("approval stage", approval.stage, mark="✗" if refused else "…", color="red" if refused else "yellow")


def _write_signature(page: Page, label: str, signature: Signature) -> None:
    mark, color, words = _STANDINGS[signature.standing]
    behalf = f" on behalf of {signature.on_behalf_of}" if signature.on_behalf_of else ""
    page.field(label, f"{signature.name}{behalf}, {signature.role}: {signature.meaning}", mark=mark, color=color)
    page.more("signed", f"{both_times(signature.signed_at, signature.zone)}, entry {signature.index}; {words}")
    page.more("reason", signature.reason)


def _write_others(page: Page, others: Sequence[RunSummary]) -> None:
    if not others:
        return
    page.heading("Other runs of that name")
    for run in others:
        mark, color = STATE_MARKS[run.state]
        page.field(
            run.run.partition(":")[2],
            f"{run.state}, {run.product_name} {run.version}, commit {run.commit[:12]}, opened {instant(run.opened_at)}",
            mark=mark,
            color=color,
        )


def _write_proof(page: Page, answers: Answers) -> None:
    proof = answers.proof
    span = f"entry {proof.first}" if proof.first == proof.last else f"entries {proof.first} to {proof.last}"
    page.heading("Proof")
    page.field("log", f"{span} of {proof.origin}")
    page.field("checkpoint", f"{proof.size} entries, root {proof.root[:16]}, signed by the log key")
    page.field("witness", proof.caveat)
