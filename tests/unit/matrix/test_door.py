"""The door of the room: everything that it names is there, and nothing is loaded that nobody asked for."""

import subprocess
import sys

import pytest

from lotmark.matrix import api

pytestmark = pytest.mark.verifies("REQ-011", "RC-005", "HAZ-006")


def test_the_door_opens_everything_it_names() -> None:
    for name in api.__all__:
        assert getattr(api, name) is not None
    assert set(api._LATE) == set(api.__all__)
    with pytest.raises(AttributeError):
        _ = api.nothing  # type: ignore[attr-defined]


def test_who_verifies_waivers_loads_no_trace_and_no_results() -> None:
    program = "import sys\nfrom lotmark.matrix.api import find_active_waivers, parse_matrix\nprint(*sorted(n for n in sys.modules if n.startswith('lotmark.')))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True).stdout.split()
    assert "lotmark.matrix._waivers" in loaded
    assert [name for name in loaded if name.startswith("lotmark.trace") or name in {"lotmark.matrix._collect", "lotmark.matrix._junit"}] == []
