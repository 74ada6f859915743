"""Which qpcr_caller is tested: the sources, or with ``--artifact`` the wheel that would be released."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--artifact", metavar="FOLDER", help="test the one wheel in FOLDER instead of the sources")


def pytest_configure(config: pytest.Config) -> None:
    sys.path.insert(0, str(tested_path(config)))


def pytest_report_header(config: pytest.Config) -> str:
    return f"tested: {tested_path(config)}"


def tested_path(config: pytest.Config) -> Path:
    folder = config.getoption("--artifact")
    if folder is None:
        return ROOT / "src"
    wheels = sorted((ROOT / folder).glob("*.whl"))
    if len(wheels) != 1:
        raise pytest.UsageError(f"{folder} holds {len(wheels)} wheels; exactly one can be tested")
    return wheels[0]


Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def command(request: pytest.FixtureRequest) -> Command:
    """Runs `python -m qpcr_caller ARGUMENTS` in a process of its own, as a laboratory would."""

    def run(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(tested_path(request.config)), "PYTHONDONTWRITEBYTECODE": "1", **variables}
        return subprocess.run(
            [sys.executable, "-m", "qpcr_caller", *map(str, arguments)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=environment,
            check=False,
        )

    return run
