"""Where ledger and blobs lie: the environment says it, or the settings that the state folder keeps, or they lie in the state folder."""

import os
from pathlib import Path
from typing import Final

from lotmark.attest.api import format_json
from lotmark.base.errors import UsageError
from lotmark.intake.api import parse_json
from lotmark.ledger.api import has_password, parse_ledger_url

SETTINGS: Final = "settings.json"
LEDGER: Final = "ledger"
BLOBS: Final = "blobs"
_VARIABLES: Final = {LEDGER: "LOTMARK_LEDGER", BLOBS: "LOTMARK_BLOBS"}


def read_place(state: Path, name: str) -> str:
    """The setting of that name: of the environment, else of the state folder, else empty.

    Raises:
        UsageError: LM-CLI-030 if the settings of the state folder are not understood.
    """
    return os.environ.get(_VARIABLES[name], "") or _read_settings(state).get(name, "")


def blobs_setting(state: Path) -> str:
    """The setting that names where blobs lie; empty for the state folder.

    Raises:
        UsageError: LM-CLI-030 if the settings of the state folder are not understood.
    """
    return read_place(state, BLOBS)


def ledger_place(state: Path) -> Path | str:
    """The folder of the ledger, or the URL of its database.

    Raises:
        UsageError: LM-LED-019, LM-CLI-030.
    """
    setting = read_place(state, LEDGER)
    return parse_ledger_url(setting, state) if setting else state


def keep_places(state: Path, *, kept_in: Path) -> None:
    """Write down in `kept_in` where the ledger that was just made for `state` lies, so that nobody has to say it again.

    Raises:
        UsageError: LM-CLI-031 if a password would be written down.
    """
    places = {name: read_place(state, name) for name in _VARIABLES}
    for name, setting in places.items():
        if has_password(setting):
            raise UsageError(
                "LM-CLI-031",
                f"there is a password in {_VARIABLES[name]}, and the setting is to be kept in a file",
                solution="leave it out of the URL and put it into ~/.pgpass, or a file of mode 600 that PGPASSFILE names",
            )
    kept = {name: setting for name, setting in places.items() if setting}
    if kept:
        (kept_in / SETTINGS).write_bytes(format_json(kept) + b"\n")


def _read_settings(state: Path) -> dict[str, str]:
    path = state / SETTINGS
    if not path.is_file():
        return {}
    settings = parse_json(path.read_bytes(), what=str(path), error=UsageError)
    if not isinstance(settings, dict) or settings.keys() - _VARIABLES.keys() or not all(isinstance(value, str) for value in settings.values()):
        raise UsageError(
            "LM-CLI-030",
            "the settings of the state folder are not understood",
            where=str(path),
            solution='write {"ledger": "URL", "blobs": "URL"}, or either of them',
        )
    for name, setting in settings.items():
        if has_password(setting):
            raise UsageError("LM-CLI-031", f"there is a password in the setting {name!r}", where=str(path), solution="put it into ~/.pgpass")
    return settings
