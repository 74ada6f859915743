"""The pytest plugin: ``@pytest.mark.verifies("REQ-007", "RC-003")`` travels with the result.

Nothing to configure: installed with Lotmark, it registers the marker, refuses one without ids before any test runs, and
writes into each JUnit ``testcase`` the properties ``nodeid`` and, per id, ``verifies``. ``--lotmark-list`` prints what would
run, one node id per line with a tab and what it verifies, and exits: the list of expected tests.

It imports nothing of Lotmark, so that every pytest start of the machine pays next to nothing for it. Properties are set
while collecting, on the item itself; so they survive xdist, reruns and tests that fail in their fixtures. A try that
pytest-rerunfailures repeats is written as the failure that it was.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

MARKER = "verifies"
_OPTION = "lotmark_list"
_WRONG = "lotmark_wrong_markers"
_REFUSED = pytest.StashKey[dict[str, None]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--lotmark-list``."""
    group = parser.getgroup("lotmark", "evidence for Lotmark")
    group.addoption(
        "--lotmark-list",
        action="store_true",
        default=False,
        dest=_OPTION,
        help="print the node id of each collected test, a tab and what it verifies, and exit",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; for ``--lotmark-list`` keep collecting in this process and leave the last results alone."""
    config.addinivalue_line("markers", f"{MARKER}(id, ...): the requirements, risk controls or hazards that the test verifies")
    if config.getoption(_OPTION):
        # xdist would collect in its workers and hand back nothing; junitxml would write an empty file over the results.
        for name, value in (("dist", "no"), ("numprocesses", None), ("tx", []), ("xmlpath", None)):
            if hasattr(config.option, name):
                setattr(config.option, name, value)
    config.pluginmanager.register(_RepeatedTries(config), "lotmark-repeated-tries")


class _RepeatedTries:
    """Keeps a red try red: pytest writes the outcome ``rerun`` as a case without a failure, which reads as a pass."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if str(report.outcome) != "rerun":
            return
        # Not public, and there is no other way to the writer of results; a test holds it with each new pytest.
        from _pytest.junitxml import xml_key

        results = self._config.stash.get(xml_key, None)
        if results is None:
            return
        case = results.node_reporter(report)
        if report.when == "call":
            case.append_failure(report)
        else:
            case.append_error(report)


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """While listing, pytest's own words go to stderr: stdout holds the list and nothing else."""
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    if session.config.getoption(_OPTION) and reporter is not None:
        reporter._tw = type(reporter._tw)(sys.stderr)  # noqa: SLF001 -- there is no public way to move it


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the properties on each test.

    Raises:
        pytest.UsageError: naming every marker that has no ids, or something else than ids.
    """
    wrong: list[str] = []
    for item in items:
        ids: list[str] = []
        for mark in item.iter_markers(MARKER):
            problem = _problem(mark)
            if problem:
                wrong.append(f"{item.nodeid}: @pytest.mark.{MARKER} {problem}")
            else:
                ids.extend(mark.args)
        item.user_properties.append(("nodeid", item.nodeid))
        item.user_properties.extend((MARKER, name) for name in dict.fromkeys(ids))
    if not wrong:
        return
    message = "\n".join(dict.fromkeys(wrong))
    output = getattr(config, "workeroutput", None)
    if output is None:
        raise pytest.UsageError(message)
    # A worker of xdist that raises is a crashed worker to its controller; so it runs nothing and tells the controller why.
    output[_WRONG] = message
    items.clear()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Hear from a finished worker of xdist what it refused."""
    del error
    message = getattr(node, "workeroutput", {}).get(_WRONG)
    if message:
        node.config.stash.setdefault(_REFUSED, {})[message] = None


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """End as with the usage error that a worker could not raise."""
    refused = session.config.stash.get(_REFUSED, {})
    if refused:
        sys.stderr.write("".join(f"ERROR: {message}\n" for message in refused))
        session.exitstatus = pytest.ExitCode.USAGE_ERROR


def _problem(mark: pytest.Mark) -> str:
    """What is wrong with a marker; empty if nothing is."""
    if mark.kwargs:
        return f"takes no keywords ({', '.join(mark.kwargs)})"
    if not mark.args:
        return f'names no id; write @pytest.mark.{MARKER}("REQ-001")'
    for name in mark.args:
        if not isinstance(name, str) or not name or not name.isascii() or not name.isprintable() or " " in name:
            return f"takes one identifier per text, not {name!r}"
    return ""


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Print the list when it was asked for. After an error in collecting the list would lack tests: pytest fails as ever."""
    if not session.config.getoption(_OPTION) or session.testsfailed:
        return None
    for item in session.items:
        verified = " ".join(str(value) for name, value in item.user_properties if name == MARKER)
        sys.stdout.write(f"{item.nodeid}\t{verified}\n" if verified else f"{item.nodeid}\n")
    sys.stdout.flush()
    return True
