"""Doors that load what is asked for: each name that they tell of is there, and nothing is loaded before."""

import importlib
import subprocess
import sys

import pytest

from lotmark.base.doors import open_late

pytestmark = pytest.mark.verifies("REQ-011", "RC-005", "HAZ-006")

LATE = ("bootstrap", "checks", "dossier", "index", "intake", "integrations", "matrix", "pipeline", "records", "trace")


@pytest.mark.parametrize("room", LATE)
def test_every_name_behind_a_door_is_there_and_no_other(room: str) -> None:
    door = importlib.import_module(f"lotmark.{room}.api")
    assert door._LATE
    for name, module in door._LATE.items():
        assert door.__getattr__(name) is getattr(importlib.import_module(f"lotmark.{room}.{module}"), name)
    assert set(door._LATE) <= set(door.__all__)
    with pytest.raises(AttributeError, match=rf"module 'lotmark\.{room}\.api' has no attribute 'nothing'"):
        _ = door.nothing


@pytest.mark.parametrize("asked", ["", "_LATE ", "__path__", "a.b", "open_late"])
def test_what_a_door_does_not_tell_of_loads_nothing(asked: str) -> None:
    before = set(sys.modules)
    with pytest.raises(AttributeError):
        open_late("lotmark.base.api", {"Digest": "digest"})(asked)
    assert set(sys.modules) == before


def test_a_name_is_found_below_the_room_of_its_door() -> None:
    from lotmark.base.digest import Digest

    assert open_late("lotmark.base.api", {"Digest": "digest"})("Digest") is Digest
    with pytest.raises(ModuleNotFoundError):
        open_late("lotmark.base.api", {"Digest": "gone"})("Digest")
    with pytest.raises(AttributeError, match="Gone"):
        open_late("lotmark.base.api", {"Gone": "digest"})("Gone")


@pytest.mark.parametrize("room", ["bootstrap", "pipeline"])
def test_a_door_alone_loads_no_work_of_its_room(room: str) -> None:
    program = f"import sys, lotmark.{room}.api\nprint(*(name for name in sys.modules if name.startswith('lotmark.{room}.')))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True).stdout.split()
    assert {name.rpartition(".")[2] for name in loaded} <= {"api", "models", "ports"}
