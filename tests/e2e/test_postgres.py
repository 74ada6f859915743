"""A release with its ledger in PostgreSQL, at the command line: made, run, signed, shown, checked; with and without the log's key at hand."""

import json
import os
import signal
import subprocess
import sys

import pytest

from fakes.tiny_product import Called, TinyProduct, call
from fakes.tiny_world import _need_sandbox, own_configuration
from servers.postgres import postgres

pytestmark = pytest.mark.verifies("REQ-006", "REQ-070", "RC-004")

__all__ = ["own_configuration", "postgres"]


@pytest.fixture
def tiny(tmp_path, postgres, monkeypatch):
    """The tiny product, its ledger in a database that only the settings of its state folder name."""
    _need_sandbox()
    monkeypatch.setenv("LOTMARK_LEDGER", postgres.database())
    tiny = TinyProduct.make(tmp_path / "tiny")
    monkeypatch.delenv("LOTMARK_LEDGER")
    return tiny


def at(tiny, *words) -> Called:
    """The command line in the product's folder."""
    return call("-C", str(tiny.root), *words)


def sequencer(tiny):
    """`lotmark log sequence` in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "lotmark.cli.main", "-C", str(tiny.root), "log", "sequence"], stderr=subprocess.PIPE, text=True, env=os.environ.copy()
    )
    assert "sequencing example.org/tiny" in process.stderr.readline()
    return process


@pytest.mark.slow
def test_a_release_is_made_shown_and_checked(tiny):
    assert json.loads((tiny.state / "settings.json").read_text())["ledger"].startswith("postgresql://")
    assert not list(tiny.state.glob("ledger.db*"))
    assert at(tiny, "run").code == 8
    tiny.approve()
    assert at(tiny, "run").code == 0
    shown = at(tiny, "show", "1.0.0")
    assert (shown.code, "1.0.0" in shown.out) == (0, True)
    report = at(tiny, "--format", "json", "log", "fsck")
    assert (report.code, report.wire["sound"]) == (0, True)
    bundle = tiny.folder / "bundle.zip"
    assert at(tiny, "release", "bundle", "1.0.0", "-o", str(bundle)).code == 0
    assert at(tiny, "verify", str(bundle), "--trust", str(tiny.folder / "trust.json")).code == 0


def test_who_has_no_log_key_submits_to_the_sequencer(tiny):
    process = sequencer(tiny)
    try:
        key = tiny.state / "keys" / "log.key"
        hidden = key.rename(key.with_suffix(".elsewhere"))
        assert at(tiny, "run", "--stage", "source").code == 0
        hidden.rename(key)
        # Whoever has the key, while the sequencer runs, submits like everybody.
        assert at(tiny, "run", "--stage", "dependencies").code == 0
    finally:
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "stopped at" in told
    assert at(tiny, "log", "fsck").code == 0


def test_l14_a_second_sequencer_gives_up_naming_the_first(tiny):
    process = sequencer(tiny)
    try:
        second = at(tiny, "log", "sequence")
        assert (second.code, "LM-LED-003" in second.err, f"sequencer {process.pid}@" in second.err) == (4, True, True)
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_a_server_that_is_away_is_exit_4_and_nothing_is_lost(tiny, postgres):
    postgres.stop("fast")
    try:
        away = at(tiny, "log", "fsck")
        assert (away.code, "LM-LED-020" in away.err) == (4, True)
    finally:
        postgres.start()
    assert at(tiny, "log", "fsck").code == 0


def test_a_database_without_a_ledger_is_nothing_to_judge(tiny, postgres):
    postgres.database()
    empty = at(tiny, "log", "checkpoint")
    assert (empty.code, "LM-LED-001" in empty.err) == (5, True)
