"""The floors that branch coverage must keep: 100 % where a wrong branch would be a wrong verdict, 90 % over all."""

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

WHOLE = ("ids", "attest", "tlog", "ledger", "policy")
OVERALL = 90.0


def main() -> int:
    """Read the combined coverage data and compare; exit 1 below a floor."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        subprocess.run([sys.executable, "-m", "coverage", "json", "--quiet", "-o", str(report)], check=True)
        files = json.loads(report.read_text(encoding="utf-8"))["files"]
    hit: dict[str, int] = defaultdict(int)
    all_: dict[str, int] = defaultdict(int)
    for name, data in files.items():
        room = name.split("lotmark/", 1)[1].split("/")[0]
        summary = data["summary"]
        hit[room] += summary["covered_lines"] + summary.get("covered_branches", 0)
        all_[room] += summary["num_statements"] + summary.get("num_branches", 0)
    failed = 0
    for room in sorted(all_):
        share = 100.0 * hit[room] / all_[room] if all_[room] else 100.0
        floor = 100.0 if room in WHOLE else 0.0
        word = "below its floor" if share < floor else "ok"
        failed += share < floor
        print(f"{room:<20} {share:6.2f} %  {word}")
    overall = 100.0 * sum(hit.values()) / max(1, sum(all_.values()))
    print(f"{'all':<20} {overall:6.2f} %  {'ok' if overall >= OVERALL else 'below its floor'}")
    return 1 if failed or overall < OVERALL else 0


if __name__ == "__main__":
    sys.exit(main())
