"""Attacks on records: pruning too early or under hold, erasing, erasing to hide, restoring an older or a mixed copy, formulas in exports."""

import csv
import io
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fakes.keeping import STRANGER, act, audit, blobs_of, erase_by_two, expire_by_two, fingerprint, refused_run
from fakes.tiny_product import call
from lotmark.base.errors import ExitCode
from lotmark.bootstrap.api import record_event

pytestmark = [pytest.mark.verifies("REQ-090", "REQ-091", "REQ-092", "REQ-093", "REQ-094", "RC-090", "RC-091", "RC-092", "HAZ-090", "HAZ-091"), pytest.mark.slow]


@pytest.mark.attack("R01")
def test_r01_prune_before_the_end_of_retention(tiny_released):
    tiny = tiny_released
    before, blobs = tiny.size(), blobs_of(tiny)
    answer = act(tiny, "expire", "RUN-0001", by="quinn")
    assert answer.code == ExitCode.REFUSED
    assert "error[LM-REC-001]: RETENTION: the records of tiny:RUN-0001 (1.0.0) are kept open: end-of-life is not known" in answer.err
    assert audit(tiny) == [("records:expire:refused", "refused", "LM-REC-001", 1)], "the attempt is in the log"
    assert (tiny.size(), blobs_of(tiny)) == (before + 1, blobs)
    assert tiny.cli("log", "fsck").code == ExitCode.ACCEPTED


@pytest.mark.attack("R01")
def test_r01_prune_after_the_event_is_told_but_before_the_years_are_over(tiny_released):
    tiny = tiny_released
    told = act(tiny, "trigger", "release-withdrawn", "--on", "2024-02-29", "--version", "1.0.0", by="quinn")
    assert told.code == ExitCode.ACCEPTED, told.err
    answer = act(tiny, "expire", "RUN-0001", by="quinn")
    assert answer.code == ExitCode.REFUSED
    assert "are kept until 2039-03-01 (mdr-15y), by Regulation (EU) 2017/745, article 10(8)" in answer.err
    status = tiny.cli("--format", "json", "records", "status").wire["runs"]
    assert [(run["until"], run["class"], run["waitsFor"], run["expired"]) for run in status] == [("2039-03-01", "mdr-15y", None, 0)]


@pytest.mark.attack("R01")
def test_r01_prune_under_legal_hold(tiny_waiting):
    tiny = tiny_waiting
    run = refused_run(tiny)
    held = act(tiny, "hold", f"run:{run}", by="rene")
    assert held.code == ExitCode.ACCEPTED, held.err
    blobs = blobs_of(tiny)
    answer = act(tiny, "expire", run, by="quinn")
    assert answer.code == ExitCode.REFUSED
    assert f"error[LM-REC-002]: HOLD: the records of {run} are under legal hold" in answer.err
    # Years later the hold still stands, and one person does not lift it.
    (hold,) = [each["order"] for each in tiny.cli("--format", "json", "records", "status").wire["holds"]]
    released = act(tiny, "release", hold[:12], by="rene")
    assert released.code == ExitCode.PENDING
    again = act(tiny, "release", hold[:12], by="rene")
    assert (again.code, "LM-REC-004" in again.err) == (ExitCode.REFUSED, True)
    assert act(tiny, "expire", run, by="quinn").code == ExitCode.REFUSED
    assert blobs_of(tiny) == blobs
    assert [event[0] for event in audit(tiny)].count("records:expire:refused") == 2
    second = act(tiny, "release", hold[:12], by="quinn")
    assert second.code == ExitCode.ACCEPTED, second.err
    assert "LM-REC-001" in act(tiny, "expire", run, by="quinn").err, "the hold is gone, the retention is not over"


@pytest.mark.attack("R01")
def test_r01_one_person_alone_prunes_nothing_and_two_prune_what_a_proof_outlives(tiny_waiting):
    tiny = tiny_waiting
    run = refused_run(tiny)
    blobs = blobs_of(tiny)
    done = expire_by_two(tiny, run)
    assert done.removed is not None
    assert done.removed.bodies > 10
    assert done.removed.blobs > 3
    assert len(blobs_of(tiny)) == len(blobs) - done.removed.blobs
    checked = tiny.cli("--format", "json", "log", "fsck")
    assert (checked.code, checked.wire["expired"], checked.wire["findings"]) == (ExitCode.ACCEPTED, done.removed.bodies, [])
    listed = tiny.cli("--format", "json", "log", "search", "--scope", f"run:{run}").wire["entries"]
    assert len(listed) == done.removed.bodies
    assert all("EXPIRED" in each["what"] and "approved by Quinn Example and Rene Example on" in each["what"] for each in listed)
    assert tiny.cli("log", "prove", str(listed[0]["index"])).code == ExitCode.ACCEPTED
    answer = tiny.cli("release", "bundle", "--run", run, "-o", str(tiny.folder / "late.zip"))
    assert (answer.code, "LM-REC-007" in answer.err, (tiny.folder / "late.zip").exists()) == (ExitCode.NOTHING_TO_JUDGE, True, False)


@pytest.mark.attack("R01")
def test_r01_a_body_deleted_past_the_order_is_missing_not_expired(tiny_waiting):
    tiny = tiny_waiting
    run = refused_run(tiny)
    done = expire_by_two(tiny, run)
    index = tiny.size() - 1
    with sqlite3.connect(tiny.state / "ledger.db") as connection:
        connection.execute("DELETE FROM body WHERE idx = ?", (index,))
    checked = tiny.cli("--format", "json", "log", "fsck")
    assert checked.code == ExitCode.INTEGRITY
    assert f"entry {index} (retention-event) has no envelope" in str(checked.wire["findings"][-1])
    assert checked.wire["expired"] == 0, "a log that does not verify excuses nothing"
    assert sum(finding["code"] == "LM-LED-106" for finding in checked.wire["findings"]) == done.removed.bodies + 1


@pytest.mark.attack("R02")
def test_r02_erase_a_name_then_verify_the_old_log(tiny):
    tiny.write({"src/more.txt": "more\n"})
    tiny.commit("Add more\n\nRefs: REQ-002", by=STRANGER)
    tiny.run(until=None)
    shown = tiny.cli("log", "search", "--kind", "change-summary")
    assert f"{STRANGER}@example.org" in shown.out
    assert STRANGER not in str(tiny.predicates("change-summary")), "the signed record holds no clear name"
    done = erase_by_two(tiny, STRANGER, f"{STRANGER}@example.org")
    assert done.removed is not None
    assert done.removed.values == 2
    assert tiny.cli("log", "fsck").code == ExitCode.ACCEPTED
    assert STRANGER.encode() not in (tiny.state / "vault.db").read_bytes()
    assert STRANGER.encode() not in b"".join(path.read_bytes() for path in tiny.state.glob("ledger.db*"))
    shown = tiny.cli("log", "search", "--kind", "change-summary")
    assert STRANGER not in shown.out
    assert "[ERASED " in shown.out
    assert "asked for by the person; approved by Quinn Example and Rene Example on " in shown.out
    assert tiny.cli("show", "RUN-0001").out.count("ERASED") >= 1


@pytest.mark.attack("R03")
@pytest.mark.parametrize("value", ["Quinn Example", "quinn@example.org", "QUINN EXAMPLE"])
def test_r03_erase_the_approver_of_a_release_inside_retention(tiny_released, value):
    tiny = tiny_released
    before = fingerprint(tiny.state, without=("ledger.db", "index.db", "audit", "ledger.lock"))
    answer = act(tiny, "erase", value, by="rene")
    assert answer.code == ExitCode.REFUSED
    assert "error[LM-REC-001]: RETENTION: the printed name, time and meaning of a signature stay" in answer.err
    assert "(approval)" in answer.err or "(key-event)" in answer.err
    assert audit(tiny) == [("records:erase:refused", "refused", "LM-REC-001", 1)]
    assert fingerprint(tiny.state, without=("ledger.db", "index.db", "audit", "ledger.lock")) == before
    approvals = [each["signer"]["name"] for each in tiny.predicates("approval")]
    assert sorted(approvals) == ["Quinn Example", "Rene Example"]


@pytest.mark.attack("R03")
def test_r03_a_hold_keeps_names_too(tiny):
    tiny.commit("More\n\nRefs: REQ-002", by=STRANGER)
    tiny.run()
    assert act(tiny, "hold", "product:tiny", by="rene").code == ExitCode.ACCEPTED
    answer = act(tiny, "erase", STRANGER, by="quinn")
    assert (answer.code, "LM-REC-002" in answer.err) == (ExitCode.REFUSED, True)
    assert f"{STRANGER}@example.org" in tiny.cli("log", "search", "--kind", "change-summary").out


@pytest.mark.attack("P10")
@pytest.mark.parametrize("formula", ["@SUM(A1:A9)", "=cmd|' /C calc'!A0"])
def test_p10_a_formula_in_a_reason_or_name_reaches_no_cell(tiny, formula):
    held = tiny.cli("records", "hold", "product:tiny", *tiny.as_person("quinn"), "--reason", formula)
    assert held.code == ExitCode.ACCEPTED, held.err
    file = tiny.folder / "trail.csv"
    before = tiny.size()
    answer = tiny.cli("--format", "csv", "log", "search", "-o", str(file))
    assert (answer.code, tiny.size()) == (ExitCode.ACCEPTED, before + 1), "the export itself is recorded"
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"), newline="")))
    assert len(rows) == before
    (row,) = [row for row in rows if row["kind"] == "retention-event"]
    assert row["why"] == f"'{formula}"
    assert not [cell for row in rows for cell in row.values() if cell.lstrip().startswith(("=", "+", "-", "@"))]
    assert audit(tiny) == [("export:search:written", "done", "", 1)]


def test_a_wrong_passphrase_and_a_foreign_key_are_attempts(tiny, tmp_path, monkeypatch):
    wrong = tmp_path / "wrong"
    wrong.touch(mode=0o600)
    wrong.write_text("not the passphrase\n")
    with monkeypatch.context() as patch:
        patch.setenv("LOTMARK_PASSPHRASE_FILE", str(wrong))
        assert act(tiny, "hold", "product:tiny", by="quinn").code == ExitCode.ENVIRONMENT
    foreign = tiny.cli("records", "hold", "product:tiny", "--as", "quinn", "--key", str(tiny.people / "rene.key"), "--reason", "x")
    assert foreign.code == ExitCode.ENVIRONMENT
    assert audit(tiny) == [("records:hold:refused", "refused", "LM-ATT-033", 1), ("records:hold:refused", "refused", "LM-CLI-018", 1)]
    assert [each["person"] for each in tiny.predicates("audit-event")] == ["quinn", "quinn"]
    assert tiny.predicates("retention-event") == []


def test_an_attempt_without_the_log_key_waits_and_the_next_writer_takes_it_in(tiny):
    key = tiny.state / "keys" / "log.key"
    key.rename(tiny.folder / "log.key")
    before = tiny.size()
    for _ in range(3):
        assert act(tiny, "expire", "RUN-0007", by="quinn").code != ExitCode.ACCEPTED
        assert act(tiny, "erase", "Quinn Example", by="rene").code == ExitCode.REFUSED
    assert (tiny.size(), (tiny.state / "audit-spool.jsonl").exists()) == (before, True)
    (tiny.folder / "log.key").rename(key)
    assert act(tiny, "hold", "product:tiny", by="quinn").code == ExitCode.ACCEPTED
    assert audit(tiny) == [("records:erase:refused", "refused", "LM-REC-001", 3)]
    assert tiny.kinds()["audit-event"] == 1


def test_a_flood_of_attempts_is_counted_and_does_not_fill_the_log(tiny):
    before = tiny.size()
    with tiny.workspace() as workspace:
        for number in range(300):
            record_event(workspace, "records:expire:refused", outcome="refused", person="quinn", subject="RUN-0001", code="LM-REC-001", detail=str(number % 3))
    assert tiny.size() <= before + 8
    assert act(tiny, "hold", "product:tiny", by="quinn").code == ExitCode.ACCEPTED
    assert sum(each[3] for each in audit(tiny)) == 300, "none is uncounted"
    assert tiny.size() <= before + 8 + 3 + 1
    assert tiny.cli("log", "fsck").code == ExitCode.ACCEPTED


@pytest.mark.attack("T17")
def test_t17_an_export_holds_the_audit_trail_and_verifies_with_a_second_implementation(tiny_waiting, tmp_path):
    tiny = tiny_waiting
    assert act(tiny, "erase", "Quinn Example", by="rene").code == ExitCode.REFUSED
    tiny.approve()
    assert tiny.run().outcome == "released"
    bundle, trust = tmp_path / "release.zip", tiny.folder / "trust.json"
    assert tiny.cli("release", "bundle", "-o", str(bundle)).code == ExitCode.ACCEPTED
    assert audit(tiny)[-1][:2] == ("export:bundle:written", "done"), "the export is recorded, after what it holds"
    with zipfile.ZipFile(bundle) as archive:
        kinds = [name.partition("-")[2] for name in archive.namelist() if name.startswith("envelopes/")]
        html = archive.read("dossier.html").decode()
    assert "audit-event.json" in kinds
    assert "commitment:" not in html, "names are shown, not their commitments"
    assert call("verify", str(bundle), "--trust", str(trust)).code == ExitCode.ACCEPTED
    script = Path(__file__).parents[2] / "docs" / "spec" / "verify_bundle.py"
    done = subprocess.run([sys.executable, "-I", str(script), str(bundle), str(trust)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_names_stay_out_of_a_bundle_where_the_product_says_so(tiny_released, tmp_path):
    tiny = tiny_released
    kept, told = tmp_path / "kept.zip", tmp_path / "told.zip"
    assert tiny.cli("release", "bundle", "-o", str(told)).code == ExitCode.ACCEPTED
    tiny.edit("lotmark.yaml", "lotmark: 1\n", "lotmark: 1\nrecords: {names-in-bundles: false}\n")
    assert tiny.cli("release", "bundle", "-o", str(kept)).code == ExitCode.ACCEPTED
    pages = []
    for path in (told, kept):
        with zipfile.ZipFile(path) as archive:
            pages.append(archive.read("dossier.html").decode())
    assert "dana@example.org" in pages[0]
    assert "dana@example.org" not in pages[1]
    assert "[sealed " in pages[1]
    assert "Quinn Example" in pages[1], "who signed stands in every bundle"
