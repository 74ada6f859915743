"""Risks, trace, tests, rebuild, components, changes, devices, deployments, anomalies; and the words they are told in."""

import copy

import pytest

from fakes.dossier_log import CALIBRATION, DossierLog, case, hazard, item, released
from lotmark.attest.models import Evidence
from lotmark.dossier._view_risk import rank_of
from lotmark.dossier._view_trace import group_tests
from lotmark.dossier._view_words import count, in_words, instant, join, status_of, visible, worst

pytestmark = pytest.mark.verifies("REQ-024")


def view(log, until="work"):
    return log.record(until=until).view()


# ---- words


def test_instants_lose_their_milliseconds_and_name_their_zone():
    assert instant("2026-11-23T07:30:26.266Z") == "2026-11-23 07:30:26 UTC"
    assert instant("2026-11-23") == "2026-11-23"
    assert instant("Thursday") == "Thursday"


def test_numbers_in_words_and_figures():
    assert (in_words(0), in_words(3), in_words(13)) == ("no", "three", "13")
    assert (count(1, "test"), count(2_000, "test"), count(2, "entry", "entries")) == ("1 test", "2,000 tests", "2 entries")
    assert (join([]), join(["a"]), join(["a", "", "b"]), join("abc")) == ("", "a", "a and b", "a, b and c")


def test_unknown_status_never_reads_as_good():
    assert status_of("brilliant").mark == "bad"
    assert status_of("").word == "unknown"
    assert status_of("EQUIVALENT").mark == "warn"


def test_worst_mark_of_a_summary():
    assert worst([]) == "none"
    assert worst(["ok", "warn"]) == "warn"
    assert worst(["ok", "bad", "wait"]) == "bad"


def test_text_cannot_hide_or_turn_itself_round():
    assert visible("a\u202eb\u200bc\x1b[31m\td\ne") == "a\ufffdb\ufffdc\ufffd[31m\td\ne"


# ---- risks


def test_hazard_before_and_after_control():
    (entry,) = released().risk.hazards
    assert (entry.before.level, entry.before.rank, entry.after.level, entry.after.rank) == ("high", 4, "medium", 2)
    assert entry.controls[0].title == "Internal control"
    assert entry.status.word == "acceptable"


def test_map_counts_hazards_with_the_gravest_severity_on_top():
    before, after = released().risk.before, released().risk.after
    assert [row.severity for row in before.rows] == ["serious", "minor", "negligible"]
    assert before.rows[0].cells[1].hazards == ("HAZ-001",)
    assert after.rows[0].cells[0].hazards == ("HAZ-001",)
    assert before.summary == "Before control: one at level high."
    assert after.summary == "After control: one at level medium."


def test_hazard_without_an_estimate_is_not_lost():
    log = DossierLog()
    nothing = {"severity": "", "probability": "", "level": ""}
    log.predicate("risk-snapshot")["hazards"].append(
        hazard("HAZ-002", before=nothing, after=nothing, controls=["RC-009"], residualRisk={"acceptable": None, "rationale": ""})
    )
    risk = view(log).risk
    assert risk.before.unplaced == ("HAZ-002",)
    assert risk.before.summary.endswith("one without an estimate.")
    entry = risk.hazards[1]
    assert (entry.before.level, entry.before.rank, entry.before.severity) == ("unknown", -1, "not estimated")
    assert (entry.status.mark, entry.status.word) == ("bad", "not judged")
    assert entry.controls[0].title == ""
    assert risk.summary.endswith("The residual risk of 1 is not judged acceptable.")


def test_product_without_hazards():
    log = DossierLog()
    log.predicate("risk-snapshot").update(hazards=[], controls=[])
    risk = view(log).risk
    assert risk.summary == "No hazards are recorded."
    assert risk.before.summary == "Before control: none."


@pytest.mark.parametrize(("level", "levels", "rank"), [("a", ["a"], 0), ("b", ["a", "b"], 4), ("b", ["a", "b", "c", "d"], 1), ("x", ["a"], -1)])
def test_any_scale_is_brought_to_five_ranks(level, levels, rank):
    assert rank_of(level, levels) == rank


# ---- trace


def test_requirement_stands_under_its_need_with_controls_hazards_tests_and_result():
    (group,) = released().trace.groups
    (row,) = group.rows
    assert (group.id, group.title, group.summary) == ("UN-001", "A right answer", "1 requirement: 1 verified")
    assert [ref.id for ref in (*row.above, *row.controls, *row.hazards)] == ["UN-001", "RC-001", "HAZ-001"]
    assert (row.total, row.outcome, row.status.word) == (4, "4 passed", "verified")
    assert (row.category, row.safety_class, row.changed) == ("software", "B", True)
    parametrised = next(entry for entry in row.tests if entry.name == "test_ct")
    assert (parametrised.file, parametrised.total) == ("tests/unit/test_ct.py", 2)


def test_needs_are_found_through_other_requirements_and_cycles_end():
    log = DossierLog()
    items = log.predicate("trace-snapshot")["items"]
    items += [
        item("REQ-002", "requirement", "Below", ("derives", "REQ-001")),
        item("REQ-003", "requirement", "Loop", ("derives", "REQ-003"), ("mitigates", "HAZ-001")),
    ]
    items.append({**item("REQ-004", "requirement", "Gone"), "status": "obsolete"})
    groups = view(log).trace.groups
    assert [(group.id, [row.id for row in group.rows]) for group in groups] == [("UN-001", ["REQ-001", "REQ-002"]), ("", ["REQ-003"])]
    assert groups[1].title == "Requirements that serve no user need"
    assert groups[1].rows[0].status.word == "no test required"
    assert [ref.id for ref in groups[1].rows[0].hazards] == ["HAZ-001"]


def test_long_matrices_are_folded_but_for_what_needs_a_look():
    log = DossierLog()
    trace = log.predicate("trace-snapshot")
    trace["items"] += [item(f"REQ-{n:03d}", "requirement", f"Number {n}", ("derives", "UN-001")) for n in range(2, 60)]
    trace["items"] += [item("UN-002", "user-need", "Another"), item("REQ-900", "requirement", "Failing", ("derives", "UN-002"))]
    row = copy.deepcopy(log.predicate("matrix-evaluation")["rows"][0])
    log.predicate("matrix-evaluation")["rows"].append({**row, "subject": "REQ-900", "status": "failed"})
    groups = {group.id: group for group in view(log).trace.groups}
    assert (groups["UN-001"].open, groups["UN-002"].open) == (False, True)
    assert groups["UN-002"].status.word == "failed"


def test_without_a_matrix_nothing_is_called_verified():
    log = DossierLog()
    log.run.drop("matrix-evaluation")
    log.waive = lambda: 0
    (group,) = view(log).trace.groups
    assert group.rows[0].status.word == "not judged"
    assert group.rows[0].outcome == "4 passed"


def test_findings_of_the_trace_are_shown():
    assert released().trace.findings[0].code == "LM-TRC-050"


def test_tests_are_grouped_by_file_and_function():
    groups = group_tests([("f.py::t[1]", "passed"), ("f.py::t[2]", "failed"), ("f.py::C::t", "passed"), ("suite.case", "skipped")])
    assert [(group.file, group.name, group.total, group.outcome, group.mark) for group in groups] == [
        ("f.py", "C::t", 1, "1 passed", "ok"),
        ("f.py", "t", 2, "1 passed, 1 failed", "bad"),
        ("", "suite.case", 1, "1 skipped", "warn"),
    ]


def test_first_release_marks_nothing_as_changed():
    log = DossierLog()
    log.opened["previousRelease"] = None
    log.predicate("change-summary")["base"] = None
    result = view(log)
    assert not result.trace.groups[0].rows[0].changed
    assert not any(row.changed for row in (*result.matrix.hazards, *result.matrix.others))
    assert "this is the first release" in result.changes.summary


# ---- tests


def test_matrix_by_hazard_and_layer():
    matrix = released().matrix
    assert matrix.layers == ("unit", "validation")
    (row,) = matrix.hazards
    unit, validation = row.cells
    assert (unit.required, unit.status) == (False, None)
    assert (validation.status.word, validation.outcome) == ("waived", "1 missing (waived)")
    assert matrix.summary == "blocking: 1 of 1 passed; waivable: 0 of 1 passed, 1 waived."
    assert matrix.categories[0].owner == "Dana Example"
    assert matrix.left_out[0].label == "t_nightly"


def test_matrix_that_requires_nothing_says_so():
    log = DossierLog()
    log.predicate("matrix-evaluation")["summary"] = {
        name: dict.fromkeys(("required", "passed", "waived"), 0) for name in ("blocking", "waivable", "informational")
    }
    assert view(log).matrix.summary == "The matrix requires nothing."


def test_layer_counts_expected_and_received():
    layer = released().layers[0]
    assert (layer.layer, layer.expected, layer.received, layer.status.word) == ("unit", 2, 2, "passed")
    assert [fact.label for fact in layer.counts] == ["passed", "failed", "error", "skipped", "missing"]
    assert layer.attempts[0].exit_code == 0


def test_missing_failed_and_unstable_tests_are_named():
    log = DossierLog()
    run = log.predicate("test-run", "unit")
    again = [{"status": "failed", "seconds": 0.1, "message": "x" * 500}, {"status": "passed", "seconds": 0.1, "message": ""}]
    run["tests"] = [
        case("t_red", status="failed", attempts=[{"status": "failed", "seconds": 0.1, "message": "boom"}]),
        case("t_flaky", redThenGreen=True, attempts=again),
        case("t_excused", redThenGreen=True, reason="the simulator starts slowly", attempts=again[:0]),
    ]
    run |= {"expected": 4, "received": 3, "missing": ["t_gone"], "unexpected": ["t_new"], "counts": {**run["counts"], "failed": 1, "missing": 1}}
    layer = view(log).layers[0]
    assert (layer.status.mark, layer.status.word) == ("bad", "2 not passed")
    notes = {entry.id: entry.note for entry in layer.noteworthy}
    assert notes["t_red"] == "boom"
    assert notes["t_flaky"].startswith("attempts: failed, passed; failed before it passed; nobody has said why; xxx")
    assert notes["t_flaky"].endswith("…")
    assert notes["t_excused"] == "the simulator starts slowly"
    assert (layer.missing, layer.unexpected) == (("t_gone",), ("t_new",))


def test_waived_test_keeps_its_layer_from_reading_as_all_passed():
    log = DossierLog()
    run = log.predicate("test-run", "validation")
    run["tests"].append(case("t_panel", status="skipped"))
    layer = view(log).layers[2]
    assert (layer.status.mark, layer.status.word) == ("warn", "passed, 1 waived")
    assert layer.noteworthy[0].note == "waived by qpcr:WVR-0001"


def test_layer_that_received_nothing_is_bad():
    log = DossierLog()
    log.predicate("test-run", "unit").update(tests=[], received=0, expected=0)
    assert view(log).layers[0].status.word == "nothing received"


# ---- build and supply


def test_rebuild_is_explained():
    rebuild = released().rebuild
    assert rebuild.sentence.startswith(
        "The source was built twice, with time, machine, user, path, time zone and permissions varied, on one machine. Both builds gave"
    )
    assert [(entry.name, entry.first, entry.second, entry.reveals) for entry in rebuild.varied] == [
        ("clock", "real", "+34425071s", "time stamps of the build"),
        ("umask", "022", "none", "file permissions"),
    ]
    assert rebuild.not_varied[0].value == "no second locale on this machine"
    assert {status.mark for status in rebuild.isolation} == {"ok"}
    assert [fact.value for fact in rebuild.facts if fact.label == "Command"] == ["python -m build"]


def test_different_outputs_show_their_causes():
    log = DossierLog()
    rebuild = log.predicate("rebuild")
    rebuild.update(verdict="DIFFERENT", isolation={**rebuild["isolation"], "network": True})
    comparator = {"pattern": "*.whl", "kind": "zip", "reason": "order of files", "owner": "dana", "expires": "2027-01-01"}
    causes = [
        {"file": "a.py", "range": [10, 2000], "text": "holds the time", "dimension": "clock"},
        {"file": "b.py", "range": None, "text": "differs", "dimension": None},
    ]
    rebuild["outputs"][0] |= {"verdict": "DIFFERENT", "sha256B": None, "comparator": comparator, "causes": causes}
    log.run.drop("provenance")
    result = view(log).rebuild
    (output,) = result.outputs
    assert output.second == ""
    assert output.notes == (
        "Compared as zip: order of files (owner dana, until 2027-01-01)",
        "a.py, bytes 10 to 2,000: holds the time Varied: clock.",
        "b.py: differs",
    )
    assert [status.word for status in result.isolation if status.mark == "bad"] == ["the network was reachable"]
    assert not [fact for fact in result.facts if fact.label == "Command"]


def test_components_with_licences():
    supply = released().supply
    assert supply.summary == "1 component in 1 lock file: 1 shipped or run with the product; every licence is allowed."
    assert supply.vulnerability_summary == "No known vulnerability (osv.jsonl of 2026-11-20, 900 records for PyPI)."
    assert supply.components[0].licence_status.word == "allowed"


def test_refused_licence_left_out_component_and_vulnerabilities():
    log = DossierLog()
    dependencies = log.predicate("dependencies")
    dependencies["components"][0] |= {"licence": "", "licenceVerdict": "missing"}
    dependencies["leftOut"] = [{"purl": "pkg:pypi/win@1", "reason": "for another system"}]
    match = {
        "id": "CVE-1",
        "component": "numpy 2.1.0",
        "severity": "high",
        "score": 7.5,
        "summary": "overflow",
        "fixed": ["2.1.1"],
        "state": "affected",
        "justification": "",
        "reason": "",
        "owner": "",
        "expires": "",
    }
    judged = {
        **match,
        "id": "CVE-2",
        "score": None,
        "fixed": [],
        "state": "not_affected",
        "justification": "code_not_reachable",
        "reason": "unused",
        "owner": "dana",
    }
    dependencies["vulnerabilities"]["matched"] = [match, judged]
    result = view(log)
    assert "1 licence not allowed" in result.supply.summary
    assert result.supply.components[0].licence == "none told"
    assert result.supply.left_out[0].value == "for another system"
    assert result.supply.vulnerability_summary.startswith("1 known vulnerability affecting it, 1 judged not to (")
    first, second = result.supply.vulnerabilities
    assert (first.severity, first.fixed, first.status.mark) == ("high (CVSS 7.5)", "2.1.1", "bad")
    assert (second.severity, second.fixed, second.judgement) == ("high", "no version", "code_not_reachable: unused (owner dana, until )")
    assert {figure.label: figure.mark for figure in result.verdict.figures}["Known vulnerabilities"] == "warn"


def test_no_components_need_somebody_who_answers():
    log = DossierLog()
    log.predicate("dependencies").update(components=[], locks=[], none={"reason": "Freestanding C.", "owner": "dana"})
    assert view(log).supply.summary == "No third-party components: Freestanding C (Dana Example answers for that)."


def test_locks_without_components():
    log = DossierLog()
    log.predicate("dependencies").update(components=[])
    assert view(log).supply.summary == "No components."


def test_vulnerabilities_that_were_not_evaluated_are_unknown_not_none():
    log = DossierLog()
    log.predicate("dependencies")["vulnerabilities"].update(evaluated=False)
    result = view(log)
    figure = {figure.label: figure for figure in result.verdict.figures}["Known vulnerabilities"]
    assert (figure.value, figure.mark) == ("unknown", "bad")


# ---- changes, device, deployments, anomalies


def test_changes_name_authors_commits_and_what_lifted_the_tier():
    log = DossierLog()
    log.predicate("change-summary").update(dependenciesChanged=True, policyChanged=True, lastPusher="", authors=[], committers=[])
    changes = view(log).changes
    assert changes.summary == (
        "1 commit, 1 file and 1 requirement, hazard or control changed since 1.3.0 (bbbbbbbbbbbb). Dependencies and the product's own quality files changed."
    )
    assert {fact.label: fact.value for fact in changes.facts} == {"Authors": "none", "Committers": "none", "Last pusher": "not told"}
    assert changes.commits[0].author == "Dana Example <dana@example.org>"
    assert changes.items[0].title == "Correct the baseline"


@pytest.mark.parametrize(("commit", "word"), [({"signedOff": True}, "yes"), ({"signedOff": False}, "no"), ({"signedOff": False, "exempt": True}, "exempt")])
def test_sign_off_of_a_commit(commit, word):
    log = DossierLog()
    log.predicate("change-summary")["commits"][0] |= commit
    assert view(log).changes.commits[0].signed_off.word == word


def test_device_attributes():
    log = DossierLog()
    log.predicate("release-candidate")["device"] = {
        "models": ["LP-100", "LP-200"],
        "firmwareChecksum": {"algorithm": "crc32", "value": "44e332d2", "range": [64, 3384]},
        "calibrationProfile": {"path": "calibration/profile.json", "sha256": CALIBRATION},
        "reportedVersion": "1.4.0",
    }
    result = view(log)
    facts = {fact.label: fact.value for fact in result.device}
    assert facts["Device models"] == "LP-100, LP-200"
    assert facts["Firmware checksum"] == "crc32 44e332d2 over bytes 64 to 3,384"
    assert facts["Version that the firmware tells"] == "1.4.0"
    assert facts["UDI-PI"] == "version 1.4.0, lot qpcr:RUN-0001"
    assert CALIBRATION in {fact.value for fact in result.digests}


def test_device_that_tells_little_and_product_without_udi():
    log = DossierLog()
    log.opened["product"]["udiDi"] = ""
    log.predicate("release-candidate")["device"] = {"models": [], "firmwareChecksum": None, "calibrationProfile": None, "reportedVersion": None}
    facts = {fact.label: fact.value for fact in view(log).device}
    assert (facts["Device models"], facts["UDI-DI"]) == ("none", "none declared")
    assert "UDI-PI" not in facts


def test_versions_that_differ_are_spelt_out():
    log = DossierLog()
    log.predicate("release-candidate")["versions"] = {"proposed": "1.4.0", "tested": None, "sbom": "1.4.0", "artifact": "1.3.9"}
    facts = {fact.label: fact.value for fact in view(log).device}
    assert facts["Version"] == "differs: proposed 1.4.0, tested not told, sbom 1.4.0, artifact 1.3.9"


def test_deployment_with_admission_and_read_back():
    (deployment,) = released().deployments
    assert (deployment.target, deployment.previous, deployment.admitted.word, deployment.check.word) == ("laboratory", "nothing", "all 1 passed", "verified")
    facts = {fact.label: fact.value for fact in deployment.check_facts}
    assert (facts["Probe answered"], facts["Finding"]) == ("qpcr 1.4.0", "the probe answered")


def test_each_switch_has_its_own_check():
    log = DossierLog().record()
    first = log.last("deployment").statement.predicate
    again = {**first, "action": "rollback", "previous": {"version": "1.4.0", "sha256": "ab" * 32}}
    checks = {**first["admission"], "checks": [{"name": "provenance", "verdict": "failed", "detail": "none"}]}
    log._submit(Evidence("deployment", log.last("deployment").statement.subject, {**again, "admission": checks}), "pipeline", "run:qpcr:RUN-0001")
    one, two = log.view().deployments
    assert (one.check.word, two.check.word) == ("verified", "not checked")
    assert (two.action, two.previous, two.admitted.word) == ("rollback", "1.4.0 (abababababab)", "1 failed")
    bad = {**log.last("deployment-check").statement.predicate, "artifact": {"expected": "aa" * 32, "found": None, "size": None}, "verdict": "unreachable"}
    bad |= {"probe": {"output": "", "exitCode": 3}, "reason": ""}
    log._submit(Evidence("deployment-check", log.last("deployment").statement.subject, bad), "pipeline", "run:qpcr:RUN-0001")
    two = log.view().deployments[1]
    facts = {fact.label: fact.value for fact in two.check_facts}
    assert (two.check.mark, facts["Found at the target"], facts["Probe answered"], facts["Finding"]) == ("bad", "nothing", "nothing, exit code 3", "not told")


def test_anomalies_open_ones_first():
    log = DossierLog()
    trace = log.predicate("trace-snapshot")
    trace["anomalies"] = [
        {"id": "ANO-002", "title": "Old", "severity": 2, "status": "closed", "rationale": "mended", "affects": []},
        {"id": "ANO-001", "title": "Slow", "severity": 3, "status": "open", "rationale": "harmless", "affects": ["REQ-001"]},
    ]
    anomalies = view(log).anomalies
    assert [entry.id for entry in anomalies.items] == ["ANO-001", "ANO-002"]
    assert anomalies.summary == "1 unresolved anomaly, the gravest of severity 3 (1 is the gravest)."


def test_no_anomaly_and_no_list_are_two_things():
    log = DossierLog()
    log.predicate("trace-snapshot")["anomalies"] = []
    assert view(log).anomalies.summary == "No unresolved anomaly."
    log = DossierLog()
    log.predicate("trace-snapshot")["anomalies"] = None
    anomalies = view(log).anomalies
    assert (anomalies.declared, anomalies.summary) == (False, "The product has no list of known anomalies.")


SOUP = {
    "purl": "pkg:pypi/numpy@2.1.0", "title": "NumPy", "manufacturer": "NumPy developers", "version": "2.1.0", "requirements": ["solves least squares"],
    "needs": ["glibc 2.28"], "anomaliesSource": "https://example.org/issues", "anomaliesEvaluated": "2026-11-01", "anomalies": ["#1 is not reached"],
    "support": "security-fixes", "endOfSupport": "2027-12-31",
}  # fmt: skip


def test_soup_items_are_shown_as_they_were_declared():
    log = DossierLog()
    bare = {**SOUP, "requirements": [], "needs": [], "anomaliesSource": "", "anomalies": [], "support": "", "endOfSupport": ""}
    log.predicate("dependencies")["soup"] = [SOUP, bare]
    first, second = view(log).supply.soup
    assert (first.title, first.manufacturer, first.requirements) == ("NumPy", "NumPy developers", "solves least squares; needs glibc 2.28")
    assert first.anomalies == "https://example.org/issues, evaluated on 2026-11-01; #1 is not reached"
    assert first.support == "security fixes, until 2027-12-31"
    assert (second.requirements, second.anomalies, second.support) == ("not told", "not told", "not told")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ([], "The components are those of release 1.0."),
        ([("upgraded", "a", "1", "2"), ("added", "b", "", "3")], "Since release 1.0: a 1 to 2 (upgraded), b 3 (added)."),
        ([("removed", f"p{i}", "1", "") for i in range(25)], " and 5 more."),
    ],
)
def test_what_changed_among_the_components_is_a_sentence(changed, says):
    log = DossierLog()
    rows = [{"kind": kind, "ecosystem": "PyPI", "name": name, "before": before, "after": after} for kind, name, before, after in changed]
    log.predicate("dependencies")["changes"] = {"since": "1.0", "changed": rows}
    assert says in view(log).supply.changes


def test_without_a_soup_list_or_an_earlier_release_nothing_is_shown():
    supply = released().supply
    assert (supply.soup, supply.changes) == ((), "")


def test_exploited_vulnerabilities_and_vex_documents_are_named():
    log = DossierLog()
    match = {
        "id": "CVE-1", "component": "numpy 2.1.0", "severity": "high", "score": 7.5, "summary": "overflow", "fixed": [], "state": "not_affected",
        "justification": "code_not_reachable", "reason": "unused", "owner": "dana", "expires": "2027-01-01", "exploited": "2026-10-01", "vex": "vex.json",
    }  # fmt: skip
    log.predicate("dependencies")["vulnerabilities"]["matched"] = [match]
    (found,) = view(log).supply.vulnerabilities
    assert found.severity == "high (CVSS 7.5), exploited since 2026-10-01"
    assert found.judgement.endswith("until 2027-01-01), as vex.json says")
