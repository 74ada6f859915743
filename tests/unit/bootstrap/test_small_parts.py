"""First files, known logs, time stamps, audit events and the witnesses of a workspace: each without a run."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from fakes.keyring import signer
from fakes.ledger import policy
from lotmark.attest.api import format_trust_policy
from lotmark.base.clock import SteppingClock
from lotmark.base.errors import EnvironmentLacksError, IntegrityError, LotmarkError, UsageError
from lotmark.bootstrap import _log_services, _timestamps
from lotmark.bootstrap._auditing import record_event
from lotmark.bootstrap._first_files import write_first_files
from lotmark.bootstrap._known_logs import find_log, forget_log, read_trust, remember_log
from lotmark.bootstrap._log_services import ask_for_cosignatures, export_log
from lotmark.bootstrap._spool import take_in
from lotmark.bootstrap._timestamps import configured_verifier, stamp_after_run, stamp_is_due, stamp_now, timestamp_verifier
from lotmark.bootstrap._workspace import Workspace
from lotmark.records.api import AuditSpool

pytestmark = pytest.mark.verifies("REQ-019", "REQ-096")

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


# ---------------------------------------------------------------- first files


@pytest.mark.parametrize(
    ("folder", "given", "told"),
    [
        ("pump", None, "pump"),
        ("Pump Firmware", None, "pump-firmware"),
        ("pump_v2", None, "pump-v2"),
        ("--pump--", None, "pump"),
        ("µ", None, "product"),
        ("pump", "x", "x"),
        ("pump", "a" * 40, "a" * 40),
        ("2pump", "pump2", "pump2"),
    ],
)
def test_the_id_of_a_first_declaration(tmp_path, folder, given, told):
    root = tmp_path / folder
    root.mkdir()
    write_first_files(root, root, given)
    assert f"id: {told}\n" in (root / "lotmark.yaml").read_text()


@pytest.mark.parametrize(
    ("folder", "given"),
    [("pump", "Pump"), ("pump", "2pump"), ("pump", "a" * 41), ("pump", "-pump"), ("pump", "pump\n"), ("pump", "pump/x"), ("2pump", None), ("p" * 41, None)],
)
def test_what_is_no_product_id_writes_nothing(tmp_path, folder, given):
    root = tmp_path / folder
    root.mkdir()
    with pytest.raises(UsageError) as caught:
        write_first_files(root, root, given)
    assert (caught.value.code, caught.value.solution) == ("LM-IDS-002", "give one with --id: a-z, 0-9 and hyphens, a letter first, at most 40")
    assert list(root.iterdir()) == []


def test_what_is_there_is_never_written_over(tmp_path):
    first = write_first_files(tmp_path, tmp_path, "pump")
    assert {path.relative_to(tmp_path).as_posix() for path in first} >= {"lotmark.yaml", "quality/policy.yaml", ".gitignore"}
    for path in first:
        path.write_bytes(b".lotmark/\n")
    assert write_first_files(tmp_path, tmp_path, "other") == ()
    assert {path.read_bytes() for path in first} == {b".lotmark/\n"}


def test_a_configuration_outside_leaves_the_repository_as_it_is(tmp_path):
    root, outside = tmp_path / "pump", tmp_path / "config"
    root.mkdir()
    written = write_first_files(outside, root, None)
    assert list(root.iterdir()) == []
    assert written
    assert all(path.is_relative_to(outside) for path in written)
    assert not (outside / ".github").exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, ".lotmark/\n"),
        ("", ".lotmark/\n"),
        ("out/\n", "out/\n.lotmark/\n"),
        ("out/", "out/\n.lotmark/\n"),
        (".lotmark/\n", ".lotmark/\n"),
        ("# .lotmark/\n", "# .lotmark/\n.lotmark/\n"),
        ("x/.lotmark/\n", "x/.lotmark/\n.lotmark/\n"),
    ],
    ids=["no file", "empty", "others", "no line end", "there already", "only a comment", "of another folder"],
)
def test_the_state_folder_is_ignored_by_git_once(tmp_path, before, after):
    ignore = tmp_path / ".gitignore"
    if before is not None:
        ignore.write_text(before)
    written = write_first_files(tmp_path, tmp_path, "pump")
    assert ignore.read_text() == after
    assert (ignore in written) == (before != after)


# ---------------------------------------------------------------- known logs


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config"


def test_a_log_that_was_made_here_is_found_by_its_origin(home):
    ours = policy(origin="example.org/ours")
    assert find_log(ours.origin) is None
    assert remember_log(ours).is_file()
    assert find_log(ours.origin) == ours
    assert find_log("example.org/our") is None
    forget_log(ours)
    assert find_log(ours.origin) is None
    forget_log(ours)


def test_another_log_under_the_same_name_is_not_forgotten(home):
    ours, theirs = policy(), policy(signer("another log"))
    remember_log(ours)
    forget_log(theirs)
    assert find_log(ours.origin) == ours


def test_the_trust_in_a_file_of_the_caller(tmp_path):
    place = tmp_path / "trust.json"
    place.write_bytes(format_trust_policy(policy()))
    assert read_trust(place) == policy()


@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [(None, UsageError, "LM-DOS-002"), (b"{}", UsageError, "LM-ATT-"), (b"\xff", UsageError, "LM-"), (b"[", UsageError, "LM-")],
    ids=["no file", "an empty object", "no text", "no JSON"],
)
def test_a_trust_file_that_is_none(tmp_path, content, kind, code):
    place = tmp_path / "trust.json"
    if content is not None:
        place.write_bytes(content)
    with pytest.raises(kind) as caught:
        read_trust(place)
    assert caught.value.code.startswith(code)
    if content is None:
        assert caught.value.reason == f"cannot read {place}: No such file or directory"
        assert caught.value.solution == "name the trust.json of the log that you trust"


# ---------------------------------------------------------------- time stamps


def desk(state, at=NOON):
    return Workspace(state, None, state, SteppingClock(at))


def remember_stamp(state, text):
    (state / "timestamps").mkdir(exist_ok=True)
    (state / "timestamps" / "last").write_text(text)


@pytest.mark.parametrize(
    ("last", "due"),
    [
        (None, True),
        ("2027-03-01T12:00:00Z", False),
        ("2027-03-01T11:59:59Z", False),
        ("2027-02-28T12:00:01Z", False),
        ("2027-02-28T12:00:00Z", True),
        ("2027-02-20T12:00:00Z", True),
        ("2027-03-01T12:00:01Z", True),
        ("2099-01-01T00:00:00Z", True),
        ("", True),
        ("yesterday", True),
        ("µ", True),
    ],
    ids=["never", "now", "a second ago", "a second less than a day", "a day", "nine days", "from the future", "far future", "empty", "a word", "no ASCII"],
)
def test_a_stamp_is_due_once_a_day_and_when_in_doubt(tmp_path, last, due):
    if last is not None:
        remember_stamp(tmp_path, last)
    assert stamp_is_due(desk(tmp_path)) is due


@pytest.mark.parametrize(
    ("released", "last", "asked"),
    [(True, "2027-03-01T12:00:00Z", True), (False, "2027-03-01T12:00:00Z", False), (False, "2027-02-28T12:00:00Z", True), (False, None, True)],
    ids=["a release, stamped today", "no release, stamped today", "no release, a day ago", "no release, never"],
)
def test_a_release_is_always_stamped_and_other_runs_once_a_day(tmp_path, monkeypatch, released, last, asked):
    monkeypatch.setenv("LOTMARK_TSA", "http://tsa.test/")
    calls = []
    monkeypatch.setattr(_timestamps, "stamp_now", calls.append)
    if last:
        remember_stamp(tmp_path, last)
    assert stamp_after_run(desk(tmp_path), released) == ""
    assert bool(calls) is asked


def test_without_an_authority_no_run_asks_for_a_stamp(tmp_path, monkeypatch):
    monkeypatch.setattr(_timestamps, "stamp_now", lambda _: pytest.fail("nobody is configured"))
    assert stamp_after_run(desk(tmp_path), released=True) == ""


def test_a_release_stands_without_its_stamp_and_the_person_is_told(tmp_path, monkeypatch):
    def refuse(_):
        raise EnvironmentLacksError("LM-ITG-022", "the authority does not answer")

    monkeypatch.setenv("LOTMARK_TSA", "http://tsa.test/")
    monkeypatch.setattr(_timestamps, "stamp_now", refuse)
    told = "no time stamp (LM-ITG-022): the authority does not answer; `lotmark log timestamp` tries again"
    assert stamp_after_run(desk(tmp_path), released=True) == told


@pytest.mark.parametrize(
    ("url", "where", "reason"),
    [
        ("", "LOTMARK_TSA", "no time stamping authority is configured"),
        ("http://tsa.test/", "LOTMARK_TSA_CA", "no certificate of the time stamping authority is trusted"),
    ],
)
def test_what_is_missing_for_a_stamp_is_named(tiny, monkeypatch, url, where, reason):
    monkeypatch.setenv("LOTMARK_TSA", url)
    with tiny.workspace() as workspace, pytest.raises(EnvironmentLacksError) as caught:
        stamp_now(workspace)
    assert (caught.value.code, caught.value.where, caught.value.reason) == ("LM-ITG-023", where, reason)
    assert "export LOTMARK_TSA=" in caught.value.solution


def test_without_certificates_nothing_verifies_a_stamp():
    assert timestamp_verifier(None) is None
    assert timestamp_verifier(policy()) is None
    assert configured_verifier(policy(), {}) is None
    assert configured_verifier(None, {"LOTMARK_TSA_CA": ""}) is None


def test_a_certificate_file_that_is_not_there_is_named(tmp_path):
    place = tmp_path / "ca.pem"
    for call in (lambda: timestamp_verifier(None, place), lambda: configured_verifier(policy(), {"LOTMARK_TSA_CA": str(place)})):
        with pytest.raises(UsageError) as caught:
            call()
        assert (caught.value.code, caught.value.where) == ("LM-ITG-021", str(place))
        assert caught.value.reason == f"cannot read {place}: No such file or directory"


# ---------------------------------------------------------------- audit events


def kinds(workspace):
    return [entry.header.kind for entry in workspace.ledger.entries()]


def test_an_event_is_recorded_at_once_where_the_logs_key_is(tiny):
    with tiny.workspace() as workspace:
        record_event(workspace, "export:bundle:written", subject="tiny:RUN-0001", detail="bundle.zip")
        assert kinds(workspace)[8:] == ["audit-event"]
        assert AuditSpool(workspace.state).is_empty
    assert tiny.assert_sound() == 9


@pytest.mark.parametrize("key", ["log.key", "pipeline.key"])
def test_without_a_key_an_event_waits_and_the_next_writer_takes_it_in(tiny, key):
    place = tiny.state / "keys" / key
    kept = place.read_bytes()
    place.unlink()
    with tiny.workspace() as workspace:
        record_event(workspace, "key:root:refused", outcome="refused", person="eve", code="LM-CLI-018", detail="not enrolled")
        assert len(kinds(workspace)) == 8
        assert not AuditSpool(workspace.state).is_empty
    place.touch(mode=0o600)
    place.write_bytes(kept)
    with tiny.workspace() as workspace:
        with workspace.writer():
            pass
        assert kinds(workspace)[8:] == ["audit-event"]
        (event,) = workspace.reader.entries(kind="audit-event")
        assert "LM-CLI-018" in json.dumps(event.statement.predicate)
    assert tiny.assert_sound() == 9


@pytest.mark.parametrize("harm", ["gone", "garbled"])
def test_an_event_waits_where_the_ledger_cannot_be_read_and_is_recorded_once_it_can(tiny, harm):
    place = tiny.state / "ledger.db"
    kept = place.read_bytes()
    if harm == "gone":
        place.unlink()
    else:
        place.write_bytes(b"no database at all" * 400)
    with tiny.workspace() as workspace, pytest.raises(LotmarkError):
        record_event(workspace, "records:expire:refused", outcome="refused", person="eve", code="LM-REC-001")
    assert not AuditSpool(tiny.state).is_empty
    place.write_bytes(kept)
    with tiny.workspace() as workspace:
        with workspace.writer():
            pass
        (event,) = workspace.reader.entries(kind="audit-event")
        (entry,) = workspace.ledger.entries(8)
        assert (event.statement.predicate["person"], event.statement.predicate["product"]) == ("eve", workspace.product.id)
        assert entry.header.scope == f"product:{workspace.product.id}"
    assert tiny.assert_sound() == 9


def test_a_flood_of_events_waits_and_is_counted_together(tiny):
    with tiny.workspace() as workspace:
        for number in range(12):
            record_event(workspace, "export:bundle:written", subject=f"run {number}")
        assert kinds(workspace)[8:] == ["audit-event"] * 8
        assert not AuditSpool(workspace.state).is_empty
        with workspace.writer():
            pass
        assert AuditSpool(workspace.state).is_empty
    tiny.assert_sound()


def test_where_there_is_no_ledger_there_is_nothing_to_tell(tmp_path):
    record_event(desk(tmp_path), "export:bundle:written")
    assert list(tmp_path.iterdir()) == []


def test_nothing_spooled_asks_for_no_key(tmp_path):
    def never():
        raise AssertionError

    take_in(tmp_path, None, signer=never, registry=never, submitter=never, now="")


# ---------------------------------------------------------------- those outside


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True),
        ("witness.localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("notlocalhost", False),
        ("localhost.example.org", False),
        ("128.0.0.1", False),
        ("::2", False),
        ("example.org", False),
        ("", False),
    ],
)
def test_which_hosts_fall_with_this_machine(host, here):
    assert _log_services._is_here(host) is here


def test_without_a_named_witness_nobody_is_asked(tiny):
    with tiny.workspace() as workspace:
        assert workspace.witnesses.named is False
        assert workspace.witnesses.ask_before_decision() is None
        with pytest.raises(EnvironmentLacksError) as caught:
            ask_for_cosignatures(workspace)
    assert (caught.value.code, caught.value.where) == ("LM-LED-041", str(tiny.state / "trust.json"))
    assert caught.value.reason == "the trust policy names no witness"


def test_an_export_is_brought_up_to_date_and_checked_by_its_log_key(tiny, tmp_path):
    with tiny.workspace() as workspace:
        export_log(workspace, str(tmp_path / "export"))
        trusted = workspace.trust_policy
        report = _log_services.check_mirror(str(tmp_path / "export"), trusted, clock=workspace.clock)
        assert report.tiles.size == 8
        with pytest.raises(IntegrityError) as caught:
            _log_services.check_mirror(str(tmp_path / "export"), policy(origin=trusted.origin), clock=workspace.clock)
        assert caught.value.code == "LM-LED-111"
        record_event(workspace, "export:bundle:written")
        newest = workspace.ledger.checkpoint()
        behind = _log_services.check_mirror(str(tmp_path / "export"), trusted, clock=workspace.clock, seen=[newest])
        assert not behind.tiles.is_sound
        export_log(workspace, str(tmp_path / "export"))
        again = _log_services.check_mirror(str(tmp_path / "export"), trusted, clock=workspace.clock, seen=[newest], max_age=timedelta(days=1))
        assert (again.tiles.size, again.tiles.is_sound) == (9, True)
