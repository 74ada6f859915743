"""Steps 6 to 8, which read records: artifact, electronic signatures, decision. Every lie is found by the step that must find it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.bundles import codes, expect, failed, pack, unpack, verify
from fakes.release_log import ARTIFACT, DIGEST, NAME, RUN, ReleaseLog
from lotmark.attest.models import Subject
from lotmark.base.errors import EnvironmentLacksError, ExitCode, UsageError

pytestmark = pytest.mark.verifies("REQ-022", "RC-003", "HAZ-001")


# ---- step 6


@pytest.mark.attack("E01")
def test_step_6_e01_evidence_of_another_artifact(tmp_path: Path) -> None:
    log = ReleaseLog()
    real = log.record_one

    def record_one(kind, predicate, **more):
        return real(kind, predicate, **{**more, **({"subjects": (Subject(NAME, {"sha256": "00" * 32}),)} if kind == "release" else {})})

    log.record_one = record_one  # type: ignore[method-assign]
    log.record().bundle(tmp_path / "x.zip")
    expect(verify(tmp_path / "x.zip"), 6, "LM-DOS-020", "SUBJECT_MISMATCH", "(release)")


@pytest.mark.attack("E02")
@pytest.mark.parametrize("change", [{"product": "pump"}, {"version": "9.9.9"}, {"run": "qpcr:RUN-0009"}])
def test_step_6_e02_evidence_of_another_product_version_or_run(tmp_path: Path, change: dict[str, str]) -> None:
    log = ReleaseLog()
    log.record(until="approve")
    log.conclude(**change)
    log.close()
    log.bundle(tmp_path / "x.zip")
    expect(verify(tmp_path / "x.zip"), 6, "LM-DOS-017", "SCOPE_MISMATCH", "release-manifest", *change.values())


@pytest.mark.attack("E11")
def test_step_6_e11_two_digests_of_different_files(tmp_path: Path) -> None:
    log = ReleaseLog()
    real = log.record_one

    def record_one(kind, predicate, **more):
        both = Subject(NAME, {"sha256": DIGEST.hex, "sha512": "00" * 64})
        return real(kind, predicate, **{**more, **({"subjects": (both,)} if kind == "test-run" else {})})

    log.record_one = record_one  # type: ignore[method-assign]
    log.record().bundle(tmp_path / "x.zip")
    expect(verify(tmp_path / "x.zip"), 6, "LM-DOS-021", "DIGEST_CONFLICT", "test-run")


def test_step_6_the_file_in_hand(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.whl").write_bytes(ARTIFACT)
    report = verify(bundle, artifact=tmp_path / "mine.whl")
    assert report.verdict == "accepted"
    assert "mine.whl is this file" in report.steps[5].detail
    (tmp_path / "mine.whl").write_bytes(ARTIFACT + b"!")
    expect(verify(bundle, artifact=tmp_path / "mine.whl"), 6, "LM-DOS-022", "mine.whl")
    with pytest.raises(UsageError, match="cannot read"):
        verify(bundle, artifact=tmp_path / "absent.whl")


def test_step_6_the_manifest_must_be_about_this_run(bundle: Path, tmp_path: Path) -> None:
    for change in ({"outcome": "refused"}, {"version": "2.0.0"}):
        path = pack(tmp_path / "x.zip", unpack(bundle), change=lambda manifest, change=change: replace(manifest, **change))
        expect(verify(path), 6, "LM-DOS-017", "the manifest speaks of")


def test_step_6_a_manifest_that_names_another_run_leaves_that_run_out(bundle: Path, tmp_path: Path) -> None:
    path = pack(tmp_path / "x.zip", unpack(bundle), change=lambda manifest: replace(manifest, run="qpcr:RUN-0002"))
    report = verify(path)
    assert report.exit_code is not ExitCode.ACCEPTED
    assert failed(report)[0] == 4


def test_step_6_a_target_that_was_found_to_run_something_else(tmp_path: Path) -> None:
    log = ReleaseLog()
    real = log.record_one

    def record_one(kind, predicate, **more):
        if kind == "deployment-check":
            predicate["artifact"]["found"] = "00" * 32
        return real(kind, predicate, **more)

    log.record_one = record_one  # type: ignore[method-assign]
    log.record().bundle(tmp_path / "x.zip")
    expect(verify(tmp_path / "x.zip"), 6, "LM-DOS-020", "found another file at laboratory")


def test_step_6_the_artifact_s_bytes_must_be_there(tmp_path: Path) -> None:
    log = ReleaseLog()
    log.run.predicate("release-candidate")["artifact"]["size"] = 13
    log.record().bundle(tmp_path / "x.zip")
    expect(verify(tmp_path / "x.zip"), 6, "LM-DOS-020", "its bytes are not here")


# ---- step 7


def test_step_7_a_signature_is_missing(tmp_path: Path) -> None:
    ReleaseLog().record(signers=(("quinn", "quality-owner", "approval"),)).bundle(tmp_path / "x.zip")
    report = verify(tmp_path / "x.zip")
    expect(report, 7, "LM-DOS-030", "regulatory (review): 0 of 1", exit_code=ExitCode.REFUSED)
    assert report.verdict == "refused"
    assert report.steps[7].verdict == "passed"


@pytest.mark.attack("A02")
def test_step_7_a02_an_author_does_not_approve(tmp_path: Path) -> None:
    ReleaseLog().record(signers=(("dana", "quality-owner", "approval"), ("rene", "regulatory", "review"))).bundle(tmp_path / "x.zip")
    report = verify(tmp_path / "x.zip")
    expect(report, 7, "LM-DOS-030", "quality-owner (approval): 0 of 1", "dana does not count, LM-APR-001", exit_code=ExitCode.REFUSED)
    assert "LM-DOS-031" in {finding.code for finding in report.findings}


def test_step_7_a_withdrawn_signature(tmp_path: Path) -> None:
    log = ReleaseLog()
    log.record(until="decide")
    log.approve("quinn", "quality-owner", "approval")
    review = log.approve("rene", "regulatory", "review")
    log.conclude()
    log.withdraw(review, "rene")
    log.close()
    log.bundle(tmp_path / "x.zip")
    expect(verify(tmp_path / "x.zip"), 7, "LM-DOS-030", "LM-APR-007", exit_code=ExitCode.REFUSED)


def test_step_7_a_rejection(tmp_path: Path) -> None:
    ReleaseLog().record(signers=(("quinn", "quality-owner", "approval"), ("rene", "regulatory", "review"), ("clio", "clinical", "rejection"))).bundle(
        tmp_path / "x.zip"
    )
    expect(verify(tmp_path / "x.zip"), 7, "LM-DOS-030", "Clio Example (clinical) rejected: looked at", exit_code=ExitCode.REFUSED)


@pytest.mark.attack("A06")
def test_step_7_a06_evidence_was_added_after_the_decision(tmp_path: Path) -> None:
    log = ReleaseLog()
    log.record(until="approve")
    log.record_one("test-run", {"run": RUN, "layer": "unit", "late": True})
    log.conclude()
    log.close()
    log.bundle(tmp_path / "x.zip")
    expect(verify(tmp_path / "x.zip"), 7, "LM-DOS-030", "evidence was added after the decision", exit_code=ExitCode.REFUSED)


def test_step_7_signed_after_the_manifest_was_frozen(tmp_path: Path) -> None:
    log = ReleaseLog()
    log.record(until="decide")
    log.approve("quinn", "quality-owner", "approval")
    log.conclude()
    log.approve("rene", "regulatory", "review")
    log.close()
    log.bundle(tmp_path / "x.zip")
    expect(verify(tmp_path / "x.zip"), 7, "LM-DOS-034", "other signatures", exit_code=ExitCode.REFUSED)


def test_step_7_a_manifest_of_another_decision(tmp_path: Path) -> None:
    log = ReleaseLog()
    log.record(until="approve")
    log.conclude(decision="00" * 32)
    log.close()
    log.bundle(tmp_path / "x.zip")
    expect(verify(tmp_path / "x.zip"), 7, "LM-DOS-034", "names another decision", exit_code=ExitCode.REFUSED)


def test_step_7_no_manifest(tmp_path: Path) -> None:
    log = ReleaseLog()
    log.record(until="approve")
    log.close()
    log.bundle(tmp_path / "x.zip")
    report = verify(tmp_path / "x.zip", complete=False)
    expect(report, 7, "LM-DOS-012", "the release manifest", exit_code=ExitCode.REFUSED)


@pytest.mark.attack("T04")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reason": "Another reason"}, "no signature says what the matrix says of it"),
        ({"owner": "omar"}, "no signature says"),
        ({"version": "1.3.0"}, "it is for version 1.3.0"),
    ],
)
def test_step_7_t04_a_waiver_that_was_not_signed_so(tmp_path: Path, change: dict[str, str], words: str) -> None:
    log = ReleaseLog()
    log.waive = lambda waive=log.waive: waive(**change)  # type: ignore[method-assign]
    log.record().bundle(tmp_path / "x.zip")
    expect(verify(tmp_path / "x.zip"), 7, "LM-DOS-033", words, "qpcr:WVR-0001", exit_code=ExitCode.REFUSED)


def test_step_7_a_waiver_that_nobody_signed(tmp_path: Path) -> None:
    log = ReleaseLog()
    log.waive = lambda: 0  # type: ignore[method-assign]
    log.record().bundle(tmp_path / "x.zip")
    expect(verify(tmp_path / "x.zip"), 7, "LM-DOS-033", "no signature says", exit_code=ExitCode.REFUSED)


def test_without_waivers_none_is_looked_for(tmp_path: Path) -> None:
    log = ReleaseLog()
    log.waive = lambda: 0  # type: ignore[method-assign]
    matrix = log.run.predicate("matrix-evaluation")
    matrix["waivers"] = []
    matrix["rows"] = matrix["rows"][:1]
    del log.configuration["quality/matrix.yaml"]
    log.record().bundle(tmp_path / "x.zip")
    assert verify(tmp_path / "x.zip").verdict == "accepted"


@pytest.mark.parametrize("name", ["quality/people.yaml", "quality/approvals.yaml", "quality/matrix.yaml"])
def test_step_7_rules_that_are_not_pinned(tmp_path: Path, name: str) -> None:
    log = ReleaseLog()
    log.open = lambda open_=log.open, configuration=log.configuration: [configuration.pop(name), open_()]  # type: ignore[method-assign,assign]
    text = log.configuration[name]
    decide = log.decide

    def decide_with():
        log.configuration[name] = text
        return decide()

    log.decide = decide_with  # type: ignore[method-assign]
    log.record().bundle(tmp_path / "x.zip")
    expect(verify(tmp_path / "x.zip"), 7, "LM-DOS-032", name, "the run pins no such file", exit_code=ExitCode.REFUSED)


def test_step_7_rules_whose_bytes_were_not_kept(tmp_path: Path) -> None:
    log = ReleaseLog()
    log.kept = False
    log.record().bundle(tmp_path / "x.zip")
    report = verify(tmp_path / "x.zip")
    expect(report, 7, "LM-DOS-032", "its bytes are not among the records", exit_code=ExitCode.REFUSED)
    assert failed(report) == [7, 8]


def test_step_7_rules_that_cannot_be_read(tmp_path: Path) -> None:
    log = ReleaseLog()
    log.configuration["quality/people.yaml"] = b"people: 7\n"
    log.record().bundle(tmp_path / "x.zip")
    report = verify(tmp_path / "x.zip")
    assert failed(report) == [7]
    assert report.exit_code is ExitCode.REFUSED


def test_step_7_a_matrix_file_that_cannot_be_read(tmp_path: Path) -> None:
    log = ReleaseLog()
    log.configuration["quality/matrix.yaml"] = b"matrix: 7\n"
    log.record().bundle(tmp_path / "x.zip")
    report = verify(tmp_path / "x.zip")
    assert failed(report) == [7]
    assert report.findings[0].subject == "quality/matrix.yaml"


# ---- step 8


def forge(log: ReleaseLog, change) -> ReleaseLog:
    """Let the pipeline sign another decision than the one that follows."""
    submit = log._submit

    def forged(evidence, by, scope, blobs=()):
        if evidence.kind == "decision":
            predicate = json.loads(json.dumps(evidence.predicate))
            change(predicate)
            evidence = replace(evidence, predicate=predicate)
        return submit(evidence, by, scope, blobs)

    log._submit = forged  # type: ignore[method-assign]
    return log


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: p["criteria"].pop(), "criterion"),
        (lambda p: p.__setitem__("policySha256", "00" * 32), "policy"),
        (lambda p: p.__setitem__("factsSha256", "00" * 32), "facts do not have the recorded digest"),
        (lambda p: p["facts"]["run"].__setitem__("commit", "0" * 40), "the fact run follows otherwise"),
        (lambda p: p.__setitem__("evaluatedAt", "2026-11-22T12:00:00.000Z"), "the fact evaluatedAt"),
    ],
)
def test_step_8_a_decision_that_does_not_follow(tmp_path: Path, change, words: str) -> None:
    forge(ReleaseLog(), change).record().bundle(tmp_path / "x.zip")
    report = verify(tmp_path / "x.zip")
    assert 8 in failed(report)
    assert any(words in finding.message and finding.code == "LM-DOS-040" for finding in report.findings)
    assert report.exit_code is ExitCode.INTEGRITY


def test_step_8_a_decision_on_a_log_longer_than_it_was(tmp_path: Path) -> None:
    forge(ReleaseLog(), lambda p: p.__setitem__("logSize", 99)).record().bundle(tmp_path / "x.zip")
    report = verify(tmp_path / "x.zip")
    assert any("longer than it was" in finding.message for finding in report.findings)
    assert report.exit_code is ExitCode.INTEGRITY


def test_step_8_a_decision_without_a_time(tmp_path: Path) -> None:
    forge(ReleaseLog(), lambda p: p.__setitem__("evaluatedAt", "yesterday")).record().bundle(tmp_path / "x.zip")
    report = verify(tmp_path / "x.zip")
    assert 8 in failed(report)
    assert report.exit_code is ExitCode.INTEGRITY


def _red_in_the_matrix(log: ReleaseLog) -> None:
    log.run.predicate("matrix-evaluation")["rows"][0]["required"][0]["tests"][0]["status"] = "failed"


def _red_in_the_test_run_alone(log: ReleaseLog) -> None:
    log.run.record_test("unit", "t_ct", "failed")


def _red_beside_the_matrix(log: ReleaseLog) -> None:
    log.run.record_test("integration", "t_flow", "failed")


@pytest.mark.attack("O03")
@pytest.mark.parametrize("spoil", [_red_in_the_matrix, _red_in_the_test_run_alone, _red_beside_the_matrix])
def test_step_8_a_forged_verdict_over_red_tests(tmp_path: Path, spoil) -> None:
    """The pipeline's key says accepted; the records say otherwise."""
    log = ReleaseLog()
    spoil(log)

    def accept(predicate):
        predicate["verdict"] = "accepted"
        for criterion in predicate["criteria"]:
            criterion["verdict"], criterion["violations"] = "met", []

    forge(log, accept).record().bundle(tmp_path / "x.zip")
    report = verify(tmp_path / "x.zip")
    expect(report, 8, "LM-DOS-040", "REPLAY_DIFFERS", "recorded as accepted, decided again as refused")


def test_step_8_a_refused_decision(tmp_path: Path) -> None:
    log = ReleaseLog()
    log.run.predicate("matrix-evaluation")["rows"][0]["required"][0]["tests"][0]["status"] = "failed"
    log.record(until="decide")
    log.close("refused")
    log.bundle(tmp_path / "x.zip")
    report = verify(tmp_path / "x.zip")
    assert report.verdict == "refused"
    assert failed(report) == [4, 7, 8]
    assert report.steps[7].detail == "the decision is refused, the run ended as refused"
    assert "LM-DOS-041" in codes(report)


def test_step_8_an_accepted_decision_that_led_nowhere(tmp_path: Path) -> None:
    log = ReleaseLog()
    log.record(until="decide")
    log.close("abandoned")
    log.bundle(tmp_path / "x.zip")
    report = verify(tmp_path / "x.zip")
    assert report.exit_code is ExitCode.REFUSED
    assert "the decision is accepted, the run ended as abandoned" in report.steps[7].detail


def test_a_run_that_was_refused_before_it_made_anything(tmp_path: Path) -> None:
    log = ReleaseLog()
    log.record(until="open")
    log.close("refused")
    log.bundle(tmp_path / "x.zip")
    report = verify(tmp_path / "x.zip")
    assert [step.verdict for step in report.steps] == ["passed", "passed", "passed", "failed", "passed", "failed", "failed", "not-checked"]
    assert report.verdict == "refused"


def test_no_engine_is_a_lack_not_a_refusal(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lack(*_args, **_kwargs):
        raise EnvironmentLacksError("LM-POL-010", "the CEL engine is not installed")

    monkeypatch.setattr("lotmark.policy.api.replay", lack)
    expect_lack = verify(bundle)
    assert failed(expect_lack) == [8]
    assert expect_lack.exit_code is ExitCode.ENVIRONMENT


# ---- records that were signed and still are not what they should be


@pytest.mark.parametrize(
    ("kind", "change"),
    [("release-candidate", {"artifact": {"name": "x", "sha256": "zz"}}), ("run-opened", {"expected": 7}), ("matrix-evaluation", {"waivers": 7})],
)
def test_a_misshapen_record_is_never_a_crash_and_never_a_pass(tmp_path: Path, kind: str, change) -> None:
    log = ReleaseLog()
    submit = log._submit

    def spoiled(evidence, by, scope, blobs=()):
        made = submit(evidence, by, scope, blobs)
        return submit(replace(evidence, predicate={**evidence.predicate, **change}), by, scope, blobs) if evidence.kind == kind else made

    log.record(until="conclude")
    log._submit = spoiled  # type: ignore[method-assign]
    log.record_one(kind, log.last(kind).statement.predicate)
    log._submit = submit  # type: ignore[method-assign]
    log.close()
    log.bundle(tmp_path / "x.zip")
    report = verify(tmp_path / "x.zip")
    assert "LM-DOS-018" in codes(report)
    assert report.exit_code is ExitCode.INTEGRITY
