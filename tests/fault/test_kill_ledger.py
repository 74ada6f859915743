"""`kill -9` during mixed load, on each store: nothing that was acknowledged is lost, doubled or forked.

A few kills; ``python -m tools.kill_ledger --store sqlite --count 1000`` (and ``postgres``) is the full measure.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from servers.postgres import missing

pytestmark = pytest.mark.verifies("REQ-006", "REQ-070", "RC-004")

ROOT = Path(__file__).resolve().parents[2]


def tormented(tmp_path, store, count):
    command = [sys.executable, "-m", "tools.kill_ledger", "--store", store, "--count", str(count), "--json", str(tmp_path / "tally.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((tmp_path / "tally.json").read_text())


@pytest.mark.attack("L15")
def test_l15_killed_writers_in_sqlite_lose_nothing(tmp_path):
    tally = tormented(tmp_path, "sqlite", 12)
    assert (tally["kills"], tally["lost"], tally["doubled"], tally["forks"], tally["problems"]) == (12, 0, 0, 0, [])
    assert tally["acknowledged"] > 0


@pytest.mark.slow
@pytest.mark.attack("L15")
def test_l15_killed_sequencers_clients_and_servers_of_postgresql_lose_nothing(tmp_path):
    if missing():
        pytest.skip(missing())
    tally = tormented(tmp_path, "postgres", 20)
    assert (tally["kills"], tally["server_stops"], tally["lost"], tally["doubled"], tally["forks"], tally["problems"]) == (20, 1, 0, 0, 0, [])
    assert tally["acknowledged"] > 0
