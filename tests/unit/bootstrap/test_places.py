"""Where ledger and blobs lie: the environment, then the settings of the state folder, then the state folder itself."""

import json

import pytest

from lotmark.base.errors import UsageError
from lotmark.bootstrap._places import BLOBS, LEDGER, SETTINGS, keep_places, ledger_place, read_place

pytestmark = pytest.mark.verifies("REQ-070")


@pytest.fixture
def state(tmp_path, monkeypatch):
    for name in ("LOTMARK_LEDGER", "LOTMARK_BLOBS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def write(state, settings):
    (state / SETTINGS).write_text(settings if isinstance(settings, str) else json.dumps(settings))


def test_without_settings_the_ledger_lies_in_the_state_folder(state):
    assert (ledger_place(state), read_place(state, BLOBS)) == (state, "")


def test_the_settings_of_the_state_folder_count_and_the_environment_wins(state, monkeypatch):
    write(state, {"ledger": "postgresql://db/one", "blobs": "/srv/blobs"})
    assert (ledger_place(state), read_place(state, BLOBS)) == ("postgresql://db/one", "/srv/blobs")
    monkeypatch.setenv("LOTMARK_LEDGER", "sqlite:///elsewhere")
    assert (ledger_place(state), read_place(state, BLOBS)) == (state / "elsewhere", "/srv/blobs")


def test_what_was_said_when_the_ledger_was_made_is_kept(state, monkeypatch, tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    keep_places(state, kept_in=scratch)
    assert list(scratch.iterdir()) == []
    monkeypatch.setenv("LOTMARK_LEDGER", "postgresql://ada@db/lotmark")
    keep_places(state, kept_in=scratch)
    assert json.loads((scratch / SETTINGS).read_text()) == {"ledger": "postgresql://ada@db/lotmark"}
    monkeypatch.delenv("LOTMARK_LEDGER")
    assert read_place(scratch, LEDGER) == "postgresql://ada@db/lotmark"


def test_a_password_is_used_from_the_environment_but_never_written_down(state, monkeypatch):
    monkeypatch.setenv("LOTMARK_LEDGER", "postgresql://ada:secret@db/lotmark")
    assert ledger_place(state) == "postgresql://ada:secret@db/lotmark"
    with pytest.raises(UsageError) as caught:
        keep_places(state, kept_in=state)
    assert (caught.value.code, "secret" in str(caught.value)) == ("LM-CLI-031", False)
    assert not (state / SETTINGS).exists()


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ([], "LM-CLI-030"),
        ({"ledger": 1}, "LM-CLI-030"),
        ({"ledgers": "sqlite:///x"}, "LM-CLI-030"),
        ({"ledger": "postgresql://ada:secret@db/lotmark"}, "LM-CLI-031"),
        ("{", "LM-INT-001"),
        ('{"ledger": "a", "ledger": "b"}', "LM-INT-002"),
    ],
)
def test_settings_that_are_not_understood_are_refused(state, settings, code):
    write(state, settings)
    with pytest.raises(UsageError) as caught:
        ledger_place(state)
    assert caught.value.code == code
