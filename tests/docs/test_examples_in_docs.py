"""Every ``console`` block in README and docs is run, in the order of its page, and its output compared.

A page is one shell session. `$ ` is a prompt, `> ` continues a command, other lines are output: they must occur in this order,
other lines may stand between; `...` stands for anything. Digests, times and sizes are compared as what they are, not by value.
A block with ``title="PATH"`` is a file that the reader writes. A command must succeed unless `echo $?` follows it.

HTML comments in the page:

- ``<!-- starts with: PAGE, in FOLDER -->``: the reader has done that page before (``demo``: `lotmark demo`), and stands there.
- ``<!-- setup ... -->``: commands that the page takes for granted.
- ``<!-- not run: REASON -->`` directly above a block that needs a person or a network; `NOT_RUN` lists them all.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.verifies("REQ-025")


ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = {str(path.relative_to(DOCS).with_suffix("")): path for path in sorted(DOCS.rglob("*.md")) if path != DOCS / "README.md"} | {
    "README": ROOT / "README.md"
}

NOT_RUN: dict[str, list[str]] = {
    "how-to/keep-a-checkpoint-elsewhere": ["pushes to a repository of yours"],
    "how-to/keep-blobs-on-s3": ["needs a bucket", "needs an administrator of the storage", "needs a bucket to copy to"],
    "how-to/rebuild-years-later": ["copies the packages of a whole system", "needs the capsule"],
    "how-to/time-stamps": ["asks a time stamping authority", "needs a bundle that was stamped"],
}
"""Blocks that are not run, with the page's own reason: a new one is added here by somebody who thought about it."""

SHOWN_ELSEWHERE = {
    "how-to/keep-blobs-on-s3": "e2e/test_blobs_on_s3.py",
    "how-to/know-your-components": "unit/cli/test_supply_command.py",
    "how-to/link-work": "docs/test_link_work.py",
    "how-to/rebuild-years-later": "e2e/test_capsule.py",
    "how-to/time-stamps": "e2e/test_timestamps.py",
    "how-to/use-postgresql": "e2e/test_postgres.py",
}
"""Pages whose commands need a server, another language or a product of their own: the test that goes the same way with a real one."""

_FENCE = re.compile(r"^(?P<ticks>```+)(?P<language>[\w-]*)(?: +title=\"(?P<title>[^\"]+)\")?\s*$")
_NOT_RUN = re.compile(r"^<!-- not run: (?P<reason>.+) -->$")
_STARTS = re.compile(r"^<!-- starts with: (?P<page>[\w/-]+)(?:, in (?P<folder>[\w/-]+))? -->$", re.MULTILINE)
# What differs from run to run, each replaced by a word: where the page shows a digest, a digest must stand.
_VARIABLE = (
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "DIGEST"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "TIME"),
    (re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d)?)?"), "DAY"),
    (re.compile(r"\b\d+(\.\d+)? (s|ms)\b"), "SECONDS"),
    (re.compile(r"\b[\d,]+ bytes\b"), "BYTES"),
    (re.compile(r"[ \t]+"), " "),
)


@dataclass(frozen=True, slots=True)
class Command:
    """One command with the output that the page shows."""

    text: str
    output: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block of a page, or a ``setup`` comment."""

    language: str
    title: str
    text: str
    line: int
    not_run: str = ""

    @property
    def commands(self) -> tuple[Command, ...]:
        if self.language == "setup":
            return (Command(f"set -e; {self.text}\nset +e", (), self.line),)
        made: list[tuple[list[str], list[str], int]] = []
        for number, line in enumerate(self.text.splitlines(), self.line + 1):
            if line.startswith("$ "):
                made.append(([line[2:]], [], number))
            elif not made:
                raise ValueError(f"line {number}: output before a command")
            elif line.startswith("> ") or line == ">":
                made[-1][0].append(line[2:])
            else:
                made[-1][1].append(line)
        return tuple(Command("\n".join(words), tuple(output), number) for words, output, number in made)

    @property
    def is_run(self) -> bool:
        return bool(self.title) or self.language == "setup" or (self.language == "console" and not self.not_run)


def read_blocks(text: str) -> list[Block]:
    """The fenced blocks and setup comments of a page, in order."""
    blocks, lines, at = [], text.splitlines(), 0
    while at < len(lines):
        opened, end = _FENCE.match(lines[at]), at
        if opened is not None:
            end = lines.index(opened["ticks"], at + 1)
            above = _NOT_RUN.match(lines[at - 1]) if at else None
            blocks.append(Block(opened["language"], opened["title"] or "", _joined(lines[at + 1 : end]), at + 1, above["reason"] if above else ""))
        elif lines[at] == "<!-- setup":
            end = lines.index("-->", at)
            blocks.append(Block("setup", "", _joined(lines[at + 1 : end]), at + 1))
        at = end + 1
    return blocks


def _joined(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def normalise(line: str) -> str:
    """The line with everything that differs from run to run replaced by a word."""
    for pattern, word in _VARIABLE:
        line = pattern.sub(word, line)
    return line.strip()


def find_missing(expected: tuple[str, ...], actual: str) -> str | None:
    """The first expected line that does not occur in its place; None if all do."""
    rest = [normalise(line) for line in actual.splitlines()]
    for line in expected:
        if line.strip() in {"...", ""}:
            continue
        pattern = re.compile(".*".join(re.escape(part) for part in normalise(line).split("...")))
        found = next((number for number, candidate in enumerate(rest) if pattern.fullmatch(candidate)), None)
        if found is None:
            return line
        rest = rest[found + 1 :]
    return None


class Shell:
    """One bash session; each command sees what the earlier ones left."""

    def __init__(self, folder: Path, home: Path) -> None:
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "LOTMARK_", "XDG_", "PYTEST_", "COV_", "FORCE_"))}
        environment |= {
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "PATH": f"{Path(sys.executable).parent}:{environment['PATH']}",
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "COLUMNS": "200",
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        passphrase = home / "tutorial-passphrase"
        if passphrase.exists():
            environment["LOTMARK_PASSPHRASE_FILE"] = str(passphrase)
        self._process = subprocess.Popen(
            ["bash", "--norc"], cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._code = 0

    def run(self, command: str) -> tuple[int, str]:
        """Run one command; its exit code and what it wrote to both streams."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        mark = "--- end of the command ---"
        self._process.stdin.write(f"(exit {self._code})\n{{ {command}\n}} </dev/null\nprintf '\\n{mark}%d\\n' $?\n")
        self._process.stdin.flush()
        lines: list[str] = []
        for line in self._process.stdout:
            if line.startswith(mark):
                self._code = int(line.removeprefix(mark))
                return self._code, "".join(lines)
            lines.append(line)
        raise AssertionError(f"the shell ended in: {command}\n{''.join(lines)}")

    def write(self, path: str, text: str) -> None:
        """Write a file where the session stands."""
        place = Path(self.run("pwd")[1].strip()) / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def run_page(page: str, world: Path) -> None:
    """Run a page in ``world/here`` with the home ``world/home``, as its reader would."""
    text = PAGES[page].read_text(encoding="utf-8")
    starts = _STARTS.search(text)
    shell = Shell(world / "here" / ((starts["folder"] or "") if starts else ""), world / "home")
    try:
        for block in read_blocks(text):
            if block.is_run:
                _run_block(shell, page, block)
    finally:
        shell.close()


def _run_block(shell: Shell, page: str, block: Block) -> None:
    if block.title:
        shell.write(block.title, block.text)
        return
    commands = block.commands
    for command, following in zip(commands, (*commands[1:], None), strict=True):
        code, output = shell.run(command.text)
        where = f"{page}:{command.line}: {command.text}\n{output}"
        missing = find_missing(command.output, output)
        assert missing is None, f"not in the output: {missing!r}\n{where}"
        assert code == 0 or (following is not None and following.text == "echo $?"), f"exit {code}\n{where}"


class Worlds:
    """The folder and home that each page leaves, made once and shared by all test processes."""

    def __init__(self, base: Path) -> None:
        self._base = base

    def after(self, page: str) -> Path:
        """The world after the page; only to be copied."""
        place = self._base / page.replace("/", "-")
        with self._lock(place):
            broken = place / "broken"
            if not place.exists():
                self._begin(page, place)
                broken.touch()
                if page == "demo":
                    _run_demo(place)
                else:
                    run_page(page, place)
                broken.unlink()
            assert not broken.exists(), f"{page} did not run to its end"
        return place

    def _begin(self, page: str, place: Path) -> None:
        text = PAGES[page].read_text(encoding="utf-8") if page in PAGES else ""
        starts = _STARTS.search(text)
        if starts is not None and starts["page"] != "nothing":
            shutil.copytree(self.after(starts["page"]), place, symlinks=True)
        else:
            (place / "here").mkdir(parents=True)
            (place / "home").mkdir()

    @contextmanager
    def _lock(self, place: Path) -> Iterator[None]:
        self._base.mkdir(exist_ok=True)
        with place.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _run_demo(place: Path) -> None:
    shell = Shell(place / "here", place / "home")
    try:
        code, output = shell.run("lotmark demo demo")
        assert code == 0, output
        (place / "demo.txt").write_text(output, encoding="utf-8")
    finally:
        shell.close()


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    base = tmp_path_factory.getbasetemp()
    # Under xdist each process has a folder of its own below the one that they share.
    return Worlds((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "worlds")


RUN = [page for page, path in PAGES.items() if any(block.is_run for block in read_blocks(path.read_text(encoding="utf-8")))]


@pytest.mark.parametrize("page", RUN)
def test_the_examples_of_a_page_do_what_it_says(page: str, worlds: Worlds) -> None:
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed, so nothing can be built")
    worlds.after(page)


def test_every_block_that_is_not_run_is_known_with_its_reason() -> None:
    marked = {page: [block.not_run for block in read_blocks(path.read_text(encoding="utf-8")) if block.not_run] for page, path in PAGES.items()}
    assert {page: reasons for page, reasons in marked.items() if reasons} == NOT_RUN


def test_the_pages_that_a_reader_must_find_are_run() -> None:
    assert {"README", "tutorial", "how-to/verify-a-bundle"} <= set(RUN)
    assert {page for page in PAGES if page.startswith("how-to/") and page not in RUN} == SHOWN_ELSEWHERE.keys()
    assert [name for name in SHOWN_ELSEWHERE.values() if not (ROOT / "tests" / name).is_file()] == []


# ------------------------------------------------------------ the comparison itself


PAGE = """
<!-- setup
mkdir here
-->
```console
$ echo one
one
$ cat <<'END'
> two
> END
two
```
<!-- not run: needs a person -->
```console
$ sign
```
```yaml title="a/b.yaml"
a: 1
```
```sh
$ not ours
```
"""


def test_a_page_is_read_into_setup_commands_files_and_marks() -> None:
    setup, first, second, file, other = read_blocks(PAGE)
    assert (setup.language, setup.is_run, setup.commands[0].text) == ("setup", True, "set -e; mkdir here\n\nset +e")
    assert [(command.text, command.output, command.line) for command in first.commands] == [("echo one", ("one",), 6), ("cat <<'END'\ntwo\nEND", ("two",), 8)]
    assert (second.not_run, second.is_run) == ("needs a person", False)
    assert (file.title, file.text, file.is_run) == ("a/b.yaml", "a: 1\n", True)
    assert not other.is_run


def test_output_before_a_command_is_refused() -> None:
    with pytest.raises(ValueError, match="line 2: output before a command"):
        _ = Block("console", "", "oops\n", 1).commands


@pytest.mark.parametrize(
    ("expected", "actual", "missing"),
    [
        pytest.param(("a", "b"), "a\nx\nb\n", None, id="lines may stand between"),
        pytest.param(("b", "a"), "a\nb\n", "a", id="the order holds"),
        pytest.param(("a", "a"), "a\n", "a", id="each line is used once"),
        pytest.param(("x ... z",), "x y z\n", None, id="dots stand for anything in a line"),
        pytest.param(("x ... z",), "x y\n", "x ... z", id="what stands beside the dots must be there"),
        pytest.param(("...", "a"), "b\na\n", None, id="dots stand for lines"),
        pytest.param(("sha256 0123456789ab",), "sha256 ba9876543210\n", None, id="a digest is a digest"),
        pytest.param(("sha256 0123456789ab",), "sha256 none\n", "sha256 0123456789ab", id="no digest is no digest"),
        pytest.param(("in 0.3 s",), "in 12.5 s\n", None, id="times differ"),
        pytest.param(("4 of 4",), "3 of 4\n", "4 of 4", id="counts do not"),
    ],
)
def test_output_is_compared_line_by_line(expected: tuple[str, ...], actual: str, missing: str | None) -> None:
    assert find_missing(expected, actual) == missing


def test_a_wrong_page_fails_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("here", "home"):
        (tmp_path / name).mkdir()
    page = tmp_path / "page.md"
    monkeypatch.setitem(PAGES, "wrong", page)
    page.write_text("```console\n$ cd /\n$ pwd\n/tmp\n```\n")
    with pytest.raises(AssertionError, match=r"not in the output: '/tmp'\s+wrong:3: pwd\s+/\s"):
        run_page("wrong", tmp_path)
    page.write_text("```console\n$ false\n$ echo $?\n1\n$ false\n```\n")
    with pytest.raises(AssertionError, match=r"exit 1\s+wrong:5: false"):
        run_page("wrong", tmp_path)
