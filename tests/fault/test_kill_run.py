"""`kill -9` of a real `lotmark run`: the next one resumes, finishes, and the ledger holds each evidence once.

A few kills of the tiny product; ``python -m tools.kill_runs`` is the full measure, on the examples too.
"""

import pytest
from tools.kill_runs import measure, prepare_tiny

from fakes.tiny_world import own_configuration
from lotmark.builds.api import probe

pytestmark = pytest.mark.verifies("REQ-019", "RC-004")


__all__ = ["own_configuration"]

KILLS = 2


@pytest.mark.slow
def test_killed_runs_resume_and_record_each_evidence_once(tmp_path):
    if not probe().available:
        pytest.skip(f"no sandbox here: {probe().reason}")
    reference, trials = measure(prepare_tiny(tmp_path), tmp_path, count=KILLS, seed=20261123)
    assert [trial.problems for trial in trials] == [()] * KILLS
    assert sum(trial.killed for trial in trials) >= KILLS - 1
    assert reference.kinds["stage-result"] == 11
    assert reference.kinds["run-closed"] == 1
