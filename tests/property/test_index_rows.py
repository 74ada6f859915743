"""However a ledger grew and however often it was looked at: the rows are those of a rebuild."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.index_world import MYSTERY, IndexWorld
from lotmark.index import _index

pytestmark = pytest.mark.verifies("REQ-008")


STEPS = ("waive", "close", "delegate", "open", "refuse", "work", "release", "mystery", "enrol", "refresh", "new program", "rebuild")


def grow(world: IndexWorld, step: str, number: int) -> None:
    if step == "waive":
        world.waive(f"WVR-{number:04d}")
    elif step == "close":
        world.close_waiver()
    elif step == "delegate":
        world.delegate()
    elif step == "open":
        world.run(number, f"1.{number}.0")
    elif step == "refuse":
        world.run(number, f"1.{number}.0").stage("unit", "failed", "refused")
    elif step == "work":
        run = world.run(number, f"1.{number}.0")
        run.work()
        run.decide()
    elif step == "release":
        world.release(number, f"1.{number}.0")
    elif step == "mystery":
        world.add(MYSTERY.name, {"number": number})
    elif step == "enrol":
        world.key("enrol", f"person{number}", "person")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(st.sampled_from(STEPS), max_size=7), batch=st.integers(1, 60))
def test_incremental_equals_rebuilt(steps: list[str], batch: int):
    world = IndexWorld().found()
    before = _index.BATCH
    _index.BATCH = batch
    try:
        with tempfile.TemporaryDirectory() as folder:
            program = "test 1"
            for number, step in enumerate(steps, start=1):
                grow(world, step, number)
                if step == "new program":
                    program = f"test {number}"
                if step in {"refresh", "new program", "rebuild"}:
                    with world.index(Path(folder), program=program) as index:
                        done = index.rebuild() if step == "rebuild" else index.refresh()
                        assert done.size == world.ledger.size
            with world.index(Path(folder), program=program) as index:
                index.refresh()
                rows = index.dump()
                assert index.refresh().start == world.ledger.size
                _index.BATCH = before
                index.rebuild()
                assert index.dump() == rows
                assert index.rows("SELECT count(*) AS n FROM entries") == [{"n": world.ledger.size}]
    finally:
        _index.BATCH = before
