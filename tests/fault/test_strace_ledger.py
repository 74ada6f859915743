"""EIO and SIGKILL at file-system calls of an append: the ledger opens, is sound, and holds what was acknowledged.

Some of the calls; ``python -m tools.strace_ledger`` is the full measure.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.verifies("REQ-006", "RC-004")

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.attack("L15")
def test_l15_failed_and_fatal_calls_of_an_append_lose_nothing(tmp_path):
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    place = tmp_path / "tally.json"
    done = subprocess.run([sys.executable, "-m", "tools.strace_ledger", "--every", "30", "--json", str(place)], cwd=ROOT, capture_output=True, text=True)
    if "strace:" in done.stderr:
        pytest.skip(f"this environment does not allow strace to trace: {done.stderr.strip()}")
    assert done.returncode == 0, done.stdout + done.stderr
    tally = json.loads(place.read_text())
    assert tally["problems"] == []
    assert tally["injected"] == tally["trials"] >= 20
    assert {"pwrite64", "fdatasync", "fsync", "rename", "openat"} <= tally["calls"].keys()
