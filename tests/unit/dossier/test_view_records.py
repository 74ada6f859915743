"""What the dossier makes of single records: builds, components, changes, devices, deployments, anomalies, the timeline."""

from types import SimpleNamespace
from typing import Any

import pytest

from lotmark.dossier import _view_build, _view_release, _view_timeline
from lotmark.dossier._view_model import LogFacts
from lotmark.dossier._view_source import ViewSource

pytestmark = pytest.mark.verifies("REQ-024")

NOON = "2026-11-23T12:00:00.000Z"


class Records:
    """The records of a run by kind, as a `ViewSource` gives them."""

    def __init__(self, *entries: tuple[str, dict[str, Any]], names: dict[str, str] | None = None, udi: str | None = None) -> None:
        self.entries = [SimpleNamespace(index=number, kind=kind, statement=SimpleNamespace(predicate=told)) for number, (kind, told) in enumerate(entries)]
        self.evidence = SimpleNamespace(all=lambda kind: [entry for entry in self.entries if entry.kind == kind])
        self.opened = {"product": {"udiDi": udi}}
        self._names = names or {}

    def find(self, kind: str) -> Any:
        return next((entry.statement.predicate for entry in reversed(self.entries) if entry.kind == kind), None)

    def name_of(self, person: str) -> str:
        return self._names.get(person, person)

    def ref(self, item: str) -> Any:
        return (item, "")


def facts(made: Any) -> dict[str, str]:
    return {fact.label: fact.value for fact in made}


# ---- rebuild


def rebuild(**fields: Any) -> dict[str, Any]:
    isolation = {"backend": "bwrap", "hermetic": True, "network": False, "capabilities": False, "readOnlySource": True, "cleanEnvironment": True}
    isolation["root"] = {"kind": "host", "sha256": "c2" * 32, "packages": 1}
    lanes = [{"name": "A", "seconds": 1.5, "varied": {"time": "now"}}, {"name": "B", "seconds": 2.0, "varied": {"time": "then", "user": ""}}]
    told = {"verdict": "IDENTICAL", "claim": "R2", "claimText": "R2: told", "isolation": isolation, "lanes": lanes, "notVaried": {"cpus": "one only"}}
    return {**told, "outputs": [], "tools": [], "sourceSha256": "5c", "environmentSha256": "e0", **fields}


@pytest.mark.parametrize(
    ("verdict", "mark", "begins"),
    [
        ("IDENTICAL", "ok", "Both builds gave the same bytes"),
        ("EQUIVALENT", "warn", "The two builds differ only where a declared comparator"),
        ("DIFFERENT", "bad", "The two builds differ. What is released would not follow"),
        ("NOT_COMPARABLE", "bad", "The two builds could not be compared"),
        ("FAILED", "bad", "The build failed"),
        ("SPLENDID", "bad", ""),
    ],
)
def test_a_verdict_is_explained_and_an_unknown_one_is_bad(verdict, mark, begins):
    made = _view_build.view_rebuild(Records(("rebuild", rebuild(verdict=verdict))))  # type: ignore[arg-type]
    assert made is not None
    assert made.status.mark == mark
    head = "The source was built twice, with time, machine and user varied, on one machine."
    assert made.sentence == head if not begins else made.sentence.startswith(f"{head} {begins}")


@pytest.mark.parametrize(
    ("claim", "told"),
    [
        ("R1", "built twice in the same conditions"),
        ("R2", "built twice, with time, machine and user varied"),
        ("R3", "built twice, with time, machine, user, path, time zone and permissions varied"),
        ("R9", "built twice"),
    ],
)
def test_a_claim_is_told_in_words(claim, told):
    made = _view_build.view_rebuild(Records(("rebuild", rebuild(claim=claim))))  # type: ignore[arg-type]
    assert made.sentence.startswith(f"The source was {told}, on one machine.")  # type: ignore[union-attr]


def test_what_was_varied_is_told_for_both_lanes_and_what_it_reveals():
    made = _view_build.view_rebuild(Records(("rebuild", rebuild())))  # type: ignore[arg-type]
    assert made is not None
    assert [(each.name, each.first, each.second, bool(each.reveals)) for each in made.varied] == [
        ("time", "now", "then", False),
        ("user", "none", "none", True),
    ]
    assert facts(made.not_varied) == {"cpus": "one only"}
    assert facts(made.facts)["Seconds"] == "A: 1.5 and B: 2"
    assert facts(made.facts)["Root file system"] == "host, 1 package"


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("hermetic", "hermetic, in the sandbox “bwrap”", "not hermetic (“bwrap”)"),
        ("network", "no network was reachable", "the network was reachable"),
        ("capabilities", "no administrator's rights", "it ran with administrator's rights"),
        ("readOnlySource", "the source could not be changed", "the source could be changed"),
        ("cleanEnvironment", "nothing of the caller's environment was seen", "the caller's environment was seen"),
    ],
)
def test_each_fact_of_the_isolation_turns_bad_by_itself(name, good, bad):
    told = rebuild()
    made = _view_build._isolation(told["isolation"])
    assert all(status.mark == "ok" for status in made)
    assert good in {status.word for status in made}
    told["isolation"][name] = not told["isolation"][name]
    spoiled = _view_build._isolation(told["isolation"])
    assert [status.word for status in spoiled if status.mark == "bad"] == [bad]


@pytest.mark.parametrize(
    ("fields", "notes"),
    [
        ({}, ()),
        (
            {"comparator": {"kind": "zip", "reason": "times", "owner": "dana", "expires": "2026-12-31"}},
            ("Compared as zip: times (owner dana, until 2026-12-31)",),
        ),
        ({"causes": [{"file": "a.o", "range": None, "text": "a path", "dimension": ""}]}, ("a.o: a path",)),
        ({"causes": [{"file": "a.o", "range": [0, 12345], "text": "a path", "dimension": "path"}]}, ("a.o, bytes 0 to 12,345: a path Varied: path.",)),
    ],
    ids=["none", "comparator", "cause", "cause-with-place"],
)
def test_an_output_tells_why_it_differs(fields, notes):
    output = {"name": "dist/a", "size": 1, "sha256A": "aa", "sha256B": None, "verdict": "DIFFERENT", "comparator": None, "causes": [], **fields}
    made = _view_build._output(output)
    assert (made.size, made.first, made.second, made.status.mark, made.notes) == ("1 byte", "aa", "", "bad", notes)


# ---- components


@pytest.mark.parametrize(
    ("components", "none", "told"),
    [
        ([], None, "No components."),
        ([], {"reason": "A shell script.", "owner": "dana"}, "No third-party components: A shell script (Dana Example answers for that)."),
        ([], {"reason": "A script", "owner": "eli"}, "No third-party components: A script (eli answers for that)."),
        ([("runtime", "allowed")], None, "1 component in 1 lock file: 1 shipped or run with the product; every licence is allowed."),
        (
            [("runtime", "allowed"), ("test", "refused"), ("test", "excepted"), ("odd", "missing")],
            None,
            "4 components in 1 lock file: 1 shipped or run with the product, 2 needed to test it and 1 odd; 2 licences not allowed.",
        ),
    ],
    ids=["none", "none-with-reason", "owner-without-name", "one", "several"],
)
def test_components_are_summed_up(components, none, told):
    content = {"none": none, "components": [{"scope": scope, "licenceVerdict": verdict} for scope, verdict in components], "locks": [1]}
    assert _view_build._components_summary(Records(names={"dana": "Dana Example"}), content) == told  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"evaluated": False}, "Vulnerabilities were not evaluated."),
        ({"evaluated": False, "matched": [{"state": "affected"}]}, "Vulnerabilities were not evaluated."),
        ({}, "No known vulnerability (osv.jsonl of 2026-11-20, 900 records for PyPI and npm)."),
        ({"ecosystems": [], "records": 1}, "No known vulnerability (osv.jsonl of 2026-11-20, 1 record for no ecosystem)."),
        (
            {"matched": [{"state": "affected"}, {"state": "not_affected"}, {"state": "not_affected"}]},
            "1 known vulnerability affecting it, 2 judged not to (osv.jsonl of 2026-11-20, 900 records for PyPI and npm).",
        ),
    ],
    ids=["not-evaluated", "not-evaluated-with-some", "none", "no-ecosystem", "some"],
)
def test_vulnerabilities_are_summed_up(fields, told):
    found = {"evaluated": True, "dump": "osv.jsonl", "retrieved": "2026-11-20", "records": 900, "ecosystems": ["PyPI", "npm"], "matched": [], **fields}
    assert _view_build._vulnerability_summary(found) == told


@pytest.mark.parametrize(
    ("fields", "severity", "fixed", "judgement"),
    [
        ({}, "high", "no version", ""),
        ({"score": 9.0}, "high (CVSS 9)", "no version", ""),
        ({"score": 0}, "high (CVSS 0)", "no version", ""),
        ({"fixed": ["1.2", "2.0"]}, "high", "1.2, 2.0", ""),
        ({"justification": "not called"}, "high", "no version", "not called: r (owner dana, until 2026-12-31)"),
    ],
    ids=["bare", "score", "score-of-zero", "fixed", "judged"],
)
def test_a_vulnerability_tells_score_cure_and_judgement(fields, severity, fixed, judgement):
    match = {"id": "CVE", "component": "c", "severity": "high", "score": None, "summary": "s", "fixed": [], "state": "affected", "justification": ""}
    made = _view_build._vulnerability({**match, "reason": "r", "owner": "dana", "expires": "2026-12-31", **fields})
    assert (made.severity, made.fixed, made.judgement, made.status.mark) == (severity, fixed, judgement, "bad")


# ---- changes


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (
            {},
            "0 commits, 1 file and 0 requirements, hazards and controls changed since the beginning: this is the first release.",
        ),
        (
            {"base": {"version": "1.3.0", "commit": "b0" * 20}, "changedItems": ["REQ-001"]},
            "0 commits, 1 file and 1 requirement, hazard or control changed since 1.3.0 (b0b0b0b0b0b0).",
        ),
        (
            {"dependenciesChanged": True},
            "0 commits, 1 file and 0 requirements, hazards and controls changed since the beginning: this is the first release. Dependencies changed.",
        ),
        (
            {"dependenciesChanged": True, "policyChanged": True},
            (
                "0 commits, 1 file and 0 requirements, hazards and controls changed since the beginning: this is the first release."
                " Dependencies and the product's own quality files changed."
            ),
        ),
    ],
    ids=["first", "since-a-release", "dependencies", "both"],
)
def test_a_change_is_summed_up_with_what_lifted_its_tier(fields, told):
    content = {"base": None, "commits": [], "changedPaths": ["a"], "changedItems": [], "dependenciesChanged": False, "policyChanged": False}
    content |= {"authors": [], "committers": [], "lastPusher": "", **fields}
    assert _view_release.view_changes(Records(("change-summary", content))).summary == told  # type: ignore[arg-type, union-attr]


# ---- artifact and device


def candidate(device: Any = None, **versions: Any) -> dict[str, Any]:
    same = {**dict.fromkeys(("proposed", "tested", "sbom", "artifact"), "1.4.0"), **versions}
    artifact = {"name": "a.whl", "size": 12, "mediaType": "application/zip", "sha256": "aa"}
    return {"artifact": artifact, "versions": same, "build": {"builtAt": NOON}, "version": "1.4.0", "run": "qpcr:RUN-0001", "device": device}


@pytest.mark.parametrize(
    ("versions", "told"),
    [
        ({}, "1.4.0, the same in sources, tests, SBOM and artifact"),
        ({"sbom": "1.3.0"}, "differs: proposed 1.4.0, tested 1.4.0, sbom 1.3.0, artifact 1.4.0"),
        ({"tested": None}, "differs: proposed 1.4.0, tested not told, sbom 1.4.0, artifact 1.4.0"),
        ({"artifact": ""}, "differs: proposed 1.4.0, tested 1.4.0, sbom 1.4.0, artifact not told"),
    ],
)
def test_one_version_is_said_only_where_all_four_agree(versions, told):
    assert facts(_view_release.view_device(Records(("release-candidate", candidate(**versions)))))["Version"] == told  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("udi", "wanted"),
    [(None, {"UDI-DI": "none declared"}), ("", {"UDI-DI": "none declared"}), ("0401", {"UDI-DI": "0401", "UDI-PI": "version 1.4.0, lot qpcr:RUN-0001"})],
)
def test_the_device_identifier(udi, wanted):
    made = facts(_view_release.view_device(Records(("release-candidate", candidate()), udi=udi)))  # type: ignore[arg-type]
    assert {label: value for label, value in made.items() if label.startswith("UDI")} == wanted


@pytest.mark.parametrize(
    ("device", "wanted"),
    [
        (None, {}),
        ({}, {}),
        ({"models": []}, {"Device models": "none"}),
        ({"models": ["A", "B"], "reportedVersion": "1.4.0"}, {"Device models": "A, B", "Version that the firmware tells": "1.4.0"}),
        (
            {"models": ["A"], "firmwareChecksum": {"algorithm": "crc32", "value": "44", "range": [0, 4096]}},
            {"Device models": "A", "Firmware checksum": "crc32 44 over bytes 0 to 4,096"},
        ),
        (
            {"models": ["A"], "calibrationProfile": {"path": "c.json", "sha256": "29"}},
            {"Device models": "A", "Calibration profile": "c.json", "Calibration profile, SHA-256": "29"},
        ),
    ],
    ids=["none", "empty", "no-model", "version", "firmware", "calibration"],
)
def test_the_attributes_of_a_device(device, wanted):
    assert facts(_view_release._device(device)) == wanted


# ---- deployments


def deployed(target: str = "site", previous: Any = None, checks: tuple[str, ...] = ("passed",)) -> tuple[str, dict[str, Any]]:
    admission = {"checks": [{"name": f"check {number}", "verdict": verdict, "detail": "d"} for number, verdict in enumerate(checks)]}
    told = {"target": {"name": target, "environment": "pilot"}, "action": "deploy", "switchedAt": NOON, "previous": previous, "admission": admission}
    return "deployment", told


def checked(verdict: str, target: str = "site", **fields: Any) -> tuple[str, dict[str, Any]]:
    told = {"target": {"name": target}, "verdict": verdict, "probe": None, "checkedAt": NOON, "artifact": {"found": "aa", "expected": "aa"}, "reason": ""}
    return "deployment-check", {**told, **fields}


def deployments(*entries: Any) -> list[tuple[str, str, str]]:
    return [(each.target, each.check.word, each.check.mark) for each in _view_release.view_deployments(Records(*entries))]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ((deployed(),), [("site", "not checked", "none")]),
        ((deployed(), checked("verified")), [("site", "verified", "ok")]),
        ((checked("verified"), deployed()), [("site", "not checked", "none")]),
        ((deployed(), checked("verified"), checked("mismatch")), [("site", "mismatch", "bad")]),
        ((deployed(), checked("verified", "clinic")), [("site", "not checked", "none")]),
        ((deployed(), checked("verified"), deployed()), [("site", "verified", "ok"), ("site", "not checked", "none")]),
        ((deployed(), deployed(), checked("unreachable")), [("site", "not checked", "none"), ("site", "unreachable", "bad")]),
        ((deployed(), deployed("clinic"), checked("verified")), [("site", "verified", "ok"), ("clinic", "not checked", "none")]),
        ((deployed(), checked("splendid")), [("site", "splendid", "bad")]),
    ],
    ids=["unchecked", "checked", "checked-before", "last-check", "elsewhere", "again", "later-switch", "two-targets", "unknown-verdict"],
)
def test_a_check_counts_for_the_switch_before_it_alone(entries, told):
    assert deployments(*entries) == told


@pytest.mark.parametrize(
    ("checks", "mark", "word"),
    [(("passed", "passed"), "ok", "all 2 passed"), (("passed", "failed"), "bad", "1 failed"), ((), "bad", "0 failed"), (("skipped",), "bad", "1 failed")],
)
def test_an_admission_without_a_check_is_none(checks, mark, word):
    (made,) = _view_release.view_deployments(Records(deployed(checks=checks)))  # type: ignore[arg-type]
    assert (made.admitted.mark, made.admitted.word) == (mark, word)


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, {"Found at the target": "aa", "Finding": "not told"}),
        ({"artifact": {"found": None, "expected": "aa"}, "reason": "nothing is there"}, {"Found at the target": "nothing", "Finding": "nothing is there"}),
        ({"probe": {"output": " tiny 1.0.0\n", "exitCode": 0}}, {"Probe answered": "tiny 1.0.0"}),
        ({"probe": {"output": "", "exitCode": 127}}, {"Probe answered": "nothing, exit code 127"}),
    ],
    ids=["bare", "nothing-found", "probe", "silent-probe"],
)
def test_a_check_tells_what_was_found(fields, wanted):
    made = facts(_view_release._check(checked("verified", **fields)[1]))
    assert {label: made[label] for label in wanted} == wanted
    assert ("Probe answered" in made) is ("probe" in fields)


# ---- anomalies


def anomaly(name: str, severity: int, status: str = "open") -> dict[str, Any]:
    return {"id": name, "title": "t", "severity": severity, "status": status, "rationale": "r", "affects": ["REQ-001", "REQ-002"]}


@pytest.mark.parametrize(
    ("listed", "summary", "order"),
    [
        (None, "The product has no list of known anomalies.", []),
        ([], "No unresolved anomaly.", []),
        ([anomaly("ANO-1", 3, "closed")], "No unresolved anomaly.", ["ANO-1"]),
        ([anomaly("ANO-1", 3)], "1 unresolved anomaly, the gravest of severity 3 (1 is the gravest).", ["ANO-1"]),
        (
            [anomaly("ANO-4", 1, "closed"), anomaly("ANO-3", 2), anomaly("ANO-1", 3), anomaly("ANO-2", 2)],
            "3 unresolved anomalies, the gravest of severity 2 (1 is the gravest).",
            ["ANO-2", "ANO-3", "ANO-1", "ANO-4"],
        ),
    ],
    ids=["no-list", "empty", "closed", "open", "ordered"],
)
def test_open_anomalies_come_first_and_the_gravest_before_all(listed, summary, order):
    made = _view_release.view_anomalies(Records(("trace-snapshot", {"anomalies": listed})))  # type: ignore[arg-type]
    assert made is not None
    assert (made.summary, [each.id for each in made.items], made.declared) == (summary, order, listed is not None)
    assert {each.affects for each in made.items} <= {"REQ-001, REQ-002"}


@pytest.mark.parametrize("view", [_view_build.view_rebuild, _view_build.view_supply, _view_release.view_changes, _view_release.view_anomalies])
def test_what_was_not_recorded_has_no_view(view):
    assert view(Records()) is None


# ---- timeline


@pytest.mark.parametrize(
    ("kind", "told", "what"),
    [
        ("key-event", {"event": "threshold", "threshold": 2}, "Asks for 2 root persons behind each key event"),
        ("key-event", {"event": "lost", "key": {"kind": "person"}, "person": {"name": "Quinn"}}, "Reports as lost the person key of Quinn"),
        ("key-event", {"event": "enrol", "key": {"kind": "log"}, "person": None}, "Enrols the log key"),
        ("role-event", {"event": "grant", "person": "rene", "role": "qa"}, "Gives rene the role qa"),
        ("role-event", {"event": "withdraw", "person": "rene", "role": "qa"}, "Takes the role qa from rene"),
        ("policy-adoption", {"path": "quality/policy.yaml", "sha256": "ab" * 32}, "Adopts quality/policy.yaml, version abababababab"),
        ("change-summary", {"commits": [1]}, "1 commit summarised"),
        ("stage-result", {"stage": "unit", "attempt": 2, "outcome": "refused", "summary": "1 failed"}, "Stage unit, attempt 2: refused. 1 failed"),
        ("test-run", {"layer": "unit", "received": 1199, "expected": 1200}, "Unit tests: 1,199 of 1,200 reported"),
        ("witnessing", {"answers": [{"outcome": "cosigned"}, {"outcome": "fork"}]}, "Witnesses asked: 1 of 2 cosigned"),
        ("decision", {"verdict": "refused", "criteria": [{"verdict": "met"}, {"verdict": "error"}]}, "Decision: refused, 1 of 2 criteria met"),
        ("sbom", {}, "Software bill of materials (CycloneDX)"),
        ("mystery", {}, "Mystery"),
        ("", {}, ""),
    ],
)
def test_every_record_is_told_in_a_line(kind, told, what):
    entry = SimpleNamespace(index=3, kind=kind, statement=SimpleNamespace(predicate=told), key=SimpleNamespace(name="", kind="pipeline"))
    made = _view_timeline._event(SimpleNamespace(log=LogFacts("o", 4, "r", "c", 0, {3: NOON})), entry)  # type: ignore[arg-type]
    assert (made.what, made.who, made.at, made.index) == (what, "pipeline", "2026-11-23 12:00:00 UTC", 3)


@pytest.mark.parametrize(("witnesses", "told"), [(1, "Cosigned by 1 witness: "), (2, "Cosigned by 2 witnesses: ")])
def test_witnesses_are_counted(witnesses, told):
    assert _view_timeline.witness_sentence(witnesses).startswith(told)
    assert "Cosigned" not in _view_timeline.witness_sentence(0)


def test_records_here_stand_for_what_a_view_asks_of_its_source():
    assert {"find", "name_of", "ref"} <= {name for name in vars(ViewSource) if not name.startswith("_")}
