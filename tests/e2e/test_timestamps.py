"""Time stamps in the life of a product: after a release, once a day, by a timer, and while the authority is away."""

from datetime import timedelta

import pytest

from fakes.bundles import unpack
from fakes.tiny_product import ShiftedClock
from servers.tsa import running

pytestmark = pytest.mark.verifies("REQ-053", "REQ-025", "HAZ-005")


@pytest.fixture
def tsa(monkeypatch, tmp_path):
    with running() as server:
        (tmp_path / "ca.pem").write_bytes(server.root.pem)
        monkeypatch.setenv("LOTMARK_TSA", server.url)
        monkeypatch.setenv("LOTMARK_TSA_CA", str(tmp_path / "ca.pem"))
        yield server


def test_a_release_is_stamped_and_its_bundle_carries_the_stamp(tiny_waiting, tsa, tmp_path):
    assert tiny_waiting.cli("run").code == 8
    assert len(tsa.requests) == 1  # the first of the day
    assert tiny_waiting.cli("run").code == 8
    assert len(tsa.requests) == 1
    tiny_waiting.approve()
    assert tiny_waiting.cli("run").code == 0
    assert len(tsa.requests) == 2
    path = tmp_path / "bundle.zip"
    assert tiny_waiting.cli("release", "bundle", "-o", str(path)).code == 0
    assert len([name for name in unpack(path) if name.startswith("log/timestamps/")]) == 1
    verified = tiny_waiting.cli("verify", str(path), "--trust", str(tiny_waiting.folder / "trust.json"))
    assert (verified.code, "says CN=Test TSA" in verified.out) == (0, True)
    assert tiny_waiting.cli("run").code == 0  # it is released already
    assert len(tsa.requests) == 2
    assert tiny_waiting.assert_sound()


def test_an_authority_that_is_away_stops_nothing_and_the_stamp_comes_later(tiny_waiting, tsa):
    real, tsa.answer = tsa.answer, lambda _: (503, "text/plain", b"later")
    tiny_waiting.approve()
    called = tiny_waiting.cli("run")
    assert (called.code, "LM-ITG-022" in called.err) == (0, True), called.err
    tsa.answer = real
    assert tiny_waiting.cli("log", "timestamp", "--daily").code == 0
    with tiny_waiting.workspace() as workspace:
        assert [kept.kind for kept in workspace.ledger.attachments(workspace.ledger.size)] == ["rfc3161"]


def test_a_timer_may_ask_as_often_as_it_likes(tiny, tsa):
    first = tiny.cli("--format", "json", "log", "timestamp", "--daily")
    assert first.wire["stamped"] is True
    again = tiny.cli("--format", "json", "log", "timestamp", "--daily")
    assert (again.code, again.wire["stamped"]) == (0, False)
    assert len(tsa.requests) == 1
    from lotmark.bootstrap._timestamps import stamp_is_due

    for hours, due in ((23, False), (25, True), (-1, True)):
        with tiny.workspace(ShiftedClock(timedelta(hours=hours))) as workspace:
            assert stamp_is_due(workspace) is due
    (tiny.state / "timestamps" / "last").write_text("yesterday")
    with tiny.workspace() as workspace:
        assert stamp_is_due(workspace)


def test_what_is_not_configured_is_told(tiny, tsa, monkeypatch, tmp_path):
    with monkeypatch.context() as less:
        less.delenv("LOTMARK_TSA_CA")
        called = tiny.cli("log", "timestamp")
        assert (called.code, "LM-ITG-023" in called.err, "LOTMARK_TSA_CA" in called.err) == (4, True, True)
        assert "LM-ITG-021" in tiny.cli("doctor").out
        less.delenv("LOTMARK_TSA")
        assert "LM-ITG-023" in tiny.cli("log", "timestamp").err
    monkeypatch.setenv("LOTMARK_TSA_CA", str(tmp_path / "none.pem"))
    called = tiny.cli("log", "timestamp")
    assert (called.code, "LM-ITG-021" in called.err) == (2, True)
    assert (tiny.cli("doctor").code, tiny.cli("log", "fsck").code) == (4, 2)


def test_the_doctor_asks_for_a_stamp(tiny, tsa, monkeypatch):
    assert tiny.cli("doctor").code == 0
    assert len(tsa.requests) == 1
    tsa.answer = lambda _: (404, "text/html", b"")
    called = tiny.cli("doctor")
    assert (called.code, "LM-ITG-022" in called.out) == (4, True)
    monkeypatch.setenv("LOTMARK_TSA", "tsa.example.org")
    assert "LM-ITG-020" in tiny.cli("doctor").out


def test_a_checkpoint_that_was_never_signed_cannot_be_stamped(tiny, tsa):
    called = tiny.cli("log", "timestamp", "--size", "1000000")
    assert (called.code, "LM-LED-010" in called.err) == (5, True)
    assert tsa.requests == []


def test_the_trust_file_may_name_the_certificates(tiny, tsa, monkeypatch):
    import base64
    import json

    from cryptography.hazmat.primitives.serialization import Encoding

    monkeypatch.delenv("LOTMARK_TSA_CA")
    path = tiny.state / "trust.json"
    wire = json.loads(path.read_bytes())
    wire["timestampRoots"] = [base64.b64encode(tsa.root.certificate.public_bytes(Encoding.DER)).decode()]
    path.write_text(json.dumps(wire))
    assert tiny.cli("log", "timestamp").code == 0
    assert tiny.cli("log", "fsck").code == 0
