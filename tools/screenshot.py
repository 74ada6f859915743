"""Makes docs/images/dossier.png: the page of a real release in a headless browser.

python tools/screenshot.py                     runs the demo of the qPCR caller in a scratch folder first
python tools/screenshot.py dossier.html        takes this page
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

IMAGE = Path(__file__).parents[1] / "docs" / "images" / "dossier.png"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


def main() -> int:
    """Take the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", nargs="?", type=Path, help="a dossier.html (default: that of a fresh demo)")
    parser.add_argument("-o", "--output", type=Path, default=IMAGE)
    parser.add_argument("--size", default="1280,1010", help="width,height of the window in CSS pixels")
    parser.add_argument("--scale", default="1.5", help="device pixels for one CSS pixel")
    asked = parser.parse_args()
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        print(f"none of {', '.join(BROWSERS)} is installed", file=sys.stderr)
        return 4
    with tempfile.TemporaryDirectory(prefix="lotmark-screenshot-") as scratch:
        folder = Path(scratch)
        page = asked.page or _demo(folder / "demo")
        asked.output.parent.mkdir(parents=True, exist_ok=True)
        command = [browser, *SWITCHES, f"--user-data-dir={folder / 'profile'}", f"--window-size={asked.size}", f"--force-device-scale-factor={asked.scale}"]
        subprocess.run([*command, f"--screenshot={asked.output.resolve()}", page.resolve().as_uri()], check=True, capture_output=True, timeout=120)
    print(asked.output)
    return 0


def _demo(folder: Path) -> Path:
    # The demo remembers its log as one of the user's own; not this one.
    environment = {**os.environ, "XDG_CONFIG_HOME": str(folder.parent / "config")}
    subprocess.run([sys.executable, "-m", "lotmark.cli.main", "demo", str(folder)], check=True, env=environment)
    return folder / "dossier.html"


if __name__ == "__main__":
    raise SystemExit(main())
