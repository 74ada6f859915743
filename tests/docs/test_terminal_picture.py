"""The tool that makes the terminal picture: it runs for real, and leaves nothing out in silence."""

import sys

import pytest
from tools.terminal_picture import cut, draw, run_in_terminal

pytestmark = pytest.mark.verifies("REQ-025")


TEXT = "1\n2\n3\n4\n5\n"


@pytest.mark.parametrize(
    ("ranges", "lines"),
    [
        pytest.param("", ["1", "2", "3", "4", "5"], id="all"),
        pytest.param("1-2,4-", ["1", "2", "... 1 line ...", "4", "5"], id="a gap is counted"),
        pytest.param("2-3", ["... 1 line ...", "2", "3", "... 2 lines ..."], id="both ends are counted"),
        pytest.param("1,5", ["1", "... 3 lines ...", "5"], id="single lines"),
        pytest.param("1-9", ["1", "2", "3", "4", "5"], id="an end behind the last line"),
    ],
)
def test_what_is_left_out_is_said(ranges: str, lines: list[str]) -> None:
    assert [line.replace("\x1b[90m", "").replace("\x1b[0m", "").strip() for line in cut(TEXT, ranges).splitlines()] == lines


def test_the_command_sees_a_terminal_and_its_exit_code_is_kept() -> None:
    program = "import sys; print(sys.stdout.isatty()); print('\\x1b[2J\\x1b[31mred\\x1b[0m'); print('note', file=sys.stderr); sys.exit(3)"
    assert run_in_terminal([sys.executable, "-c", program], 80) == (3, "True\n\x1b[31mred\x1b[0m\n")


def test_the_picture_needs_no_network_and_holds_the_text() -> None:
    svg = draw("lotmark demo", "\x1b[32m✓ released\x1b[0m", 80)
    assert "✓" in svg
    assert "lotmark" in svg
    assert "url(http" not in svg
    assert "@font-face" not in svg
