r"""Make `docs/images/terminal.png`: a real terminal with the real output of a command.

    cd $(mktemp -d) && python CHECKOUT/tools/terminal_picture.py CHECKOUT/docs/images/terminal.png \
        --columns 104 --lines 1-14,21-33,37-49,60-63,67- -- lotmark demo

The command runs in a pseudo terminal, so that it colours and lays out as for a person. What it wrote is drawn by rich as
SVG and by headless Chromium as PNG. Nothing is edited: `--lines` leaves lines out and says how many.
"""

import argparse
import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

THEME = TerminalTheme(
    (16, 21, 28),
    (216, 222, 230),
    [(40, 48, 58), (236, 106, 106), (120, 200, 130), (226, 185, 95), (110, 165, 240), (190, 140, 230), (100, 195, 205), (216, 222, 230)],
    [(120, 130, 142), (245, 130, 130), (140, 220, 150), (240, 205, 120), (140, 190, 255), (210, 165, 245), (125, 215, 225), (250, 250, 250)],
)
# Cursor movements of a live display; colours stay.
_MOVES = re.compile(rb"\x1b\[\??[0-9;]*[A-HJKSTfhlsu]")


def run_in_terminal(command: list[str], columns: int) -> tuple[int, str]:
    """Run the command with stdout at a pseudo terminal and stderr dropped; exit code and what it wrote, with its colours."""
    master, slave = pty.openpty()
    environment = os.environ | {"COLUMNS": str(columns), "LINES": "200", "TERM": "xterm-256color", "FORCE_COLOR": "1"}
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=slave, stderr=subprocess.DEVNULL, env=environment) as process:
        os.close(slave)
        chunks = []
        while True:
            try:
                chunk = os.read(master, 65536)
            except OSError:  # Linux answers EIO once the last writer has closed the terminal
                break
            if not chunk:
                break
            chunks.append(chunk)
    os.close(master)
    return process.returncode, _MOVES.sub(b"", b"".join(chunks)).decode().replace("\r\n", "\n")


def cut(text: str, ranges: str) -> str:
    """The lines of the ranges (``1-8,20-31``), with a line in each gap that says how many are left out."""
    lines = text.rstrip("\n").splitlines()
    if not ranges:
        return "\n".join(lines)
    kept, last = [], 0
    for part in ranges.split(","):
        first, dash, end = part.partition("-")
        begin, stop = int(first), int(end) if end else len(lines) if dash else int(first)
        kept += [*_gap(begin - last - 1), *lines[begin - 1 : stop]]
        last = min(stop, len(lines))
    kept += _gap(len(lines) - last)
    return "\n".join(kept)


def _gap(count: int) -> list[str]:
    return [f"\x1b[90m  ... {count} line{'s' if count > 1 else ''} ...\x1b[0m"] if count > 0 else []


def draw(prompt: str, text: str, columns: int) -> str:
    """A terminal window as SVG."""
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=columns, file=nowhere, force_terminal=True, color_system="truecolor", highlight=False)
        console.print(Text.from_markup(f"[bold green]$[/] {prompt}"))
        console.print(Text.from_ansi(text))
        svg = console.export_svg(title="lotmark", theme=THEME)
    # Fonts of this machine; the picture must not need the network.
    return re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL).replace("Fira Code", "DejaVu Sans Mono")


def save_png(svg: str, path: Path) -> None:
    """Draw the SVG with headless Chromium, half as large again for sharp screens."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("chromium is missing. help: apt-get install chromium")
    box = re.search(r'viewBox="0 0 ([0-9.]+) ([0-9.]+)"', svg)
    if box is None:
        sys.exit("rich gave an SVG without a viewBox")
    width, height = (int(float(part)) + 1 for part in box.groups())
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(f'<!doctype html><meta charset="utf-8"><style>body{{margin:0}}svg{{display:block;width:{width}px}}</style>{svg}', encoding="utf-8")
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1.5"]
        shot = Path(folder) / "shot.png"
        subprocess.run(
            [chromium, *options, f"--user-data-dir={folder}/profile", f"--window-size={width},{height}", f"--screenshot={shot}", page.as_uri()],
            check=True,
            capture_output=True,
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(shot, path)


def main() -> None:
    """Run, cut, draw."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("picture", type=Path)
    parser.add_argument("--columns", type=int, default=110)
    parser.add_argument("--lines", default="", help="only these lines of the output, for instance 1-8,20-31,40-")
    parser.add_argument("--prompt", default="", help="what stands behind the prompt (default: the command)")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    code, text = run_in_terminal(arguments.command, arguments.columns)
    if code:
        sys.exit(f"{shlex.join(arguments.command)} ended with {code}:\n{text}")
    save_png(draw(arguments.prompt or shlex.join(arguments.command), cut(text, arguments.lines), arguments.columns), arguments.picture)


if __name__ == "__main__":
    main()
