"""Examining 1,000 components against a dump of 100,000 advisories, and the lint over a tree of 3,000 files.

The first row is everything that the stage does after the lock is on disk: reading it, licences, matching, both bills of
materials. Its reference is the raw limit: hashing the dump and decoding each record as plain JSON, nothing more. The run first holds
that what was planted is found.
"""

import hashlib
import json
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import msgspec

from bench import Row
from lotmark.lint.api import lint_tree
from lotmark.product.models import DependencySection
from lotmark.supply.api import examine
from lotmark.supply.models import RootComponent, SupplyReport

COMPONENTS = 1_000
RECORDS = 100_000
FILES = 3_000
PLANTED = 25
ROUNDS = 3
TODAY = date(2026, 11, 23)


def run() -> list[Row]:
    """Both measurements, the best of three rounds."""
    with tempfile.TemporaryDirectory(prefix="lotmark-bench-") as name:
        return [*_supply(Path(name)), *_lint(Path(name) / "tree")]


def _supply(root: Path) -> list[Row]:
    dump = _write_product(root)
    declared = msgspec.convert(
        {
            "locks": [{"path": "package-lock.json"}],
            "licences": {"allow": ["MIT", "Apache-2.0"]},
            "vulnerabilities": {"dump": "osv.jsonl", "sha256": hashlib.sha256(dump).hexdigest(), "retrieved": "2026-11-20"},
        },
        DependencySection,
    )
    product = RootComponent("bench", "Bench", "1.0", "Example")

    def ours() -> SupplyReport:
        return examine(root, declared, product=product, python=None, today=TODAY, committed_at="2026-11-20T08:00:00Z")

    report = ours()
    if len(report.components) != COMPONENTS or len(report.vulnerabilities) != PLANTED or not report.dump.evaluated or not report.spdx:
        raise SystemExit(f"{len(report.components)} components and {len(report.vulnerabilities)} vulnerabilities were found")
    pairs = [(_cpu(ours), _cpu(lambda: _floor(dump))) for _ in range(ROUNDS)]
    mine, floor = min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)
    return [
        Row(f"licences, matching, SBOMs: {COMPONENTS} components, {RECORDS} advisories, CPU", mine, None, 3.0, "lower", "s"),
        Row("the same against the raw limit", mine, floor, None, "lower", "s", "hashing the dump and decoding its records"),
    ]


def _floor(dump: bytes) -> None:
    hashlib.sha256(dump).hexdigest()
    for line in dump.splitlines():
        json.loads(line)


def _write_product(root: Path) -> bytes:
    packages: dict[str, object] = {"": {"name": "bench", "dependencies": {f"p{i}": "*" for i in range(0, COMPONENTS, 10)}}}
    for i in range(COMPONENTS):
        needs = {f"p{i + 1}": "*"} if i + 1 < COMPONENTS else {}
        entry = {"version": f"1.{i}.0", "integrity": f"sha512-{'A' * 86}==", "license": ("MIT", "MIT OR Apache-2.0")[i % 2], "dependencies": needs}
        packages[f"node_modules/p{i}"] = entry
    (root / "package-lock.json").write_text(json.dumps({"name": "bench", "lockfileVersion": 3, "packages": packages}, indent=2))
    lines = []
    for i in range(RECORDS):
        # Each name of the product has advisories, nearly all of them mended before its version.
        at = i % COMPONENTS
        fixed = "99.0.0" if i < PLANTED else f"1.{at}.0"
        name = f"p{at}" if i < 10 * COMPONENTS else f"other{i}"
        affected = {
            "package": {"ecosystem": "npm", "name": name, "purl": f"pkg:npm/{name}"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
        }
        record = {
            "id": f"GHSA-{i:08d}", "modified": "2026-11-01T00:00:00Z", "published": "2026-10-01T00:00:00Z", "aliases": [f"CVE-2026-{i}"], "summary": "x" * 80,
            "details": "Lorem ipsum dolor sit amet. " * 20, "affected": [affected], "references": [{"type": "WEB", "url": f"https://example.org/{i}"}],
            "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        }  # fmt: skip
        lines.append(json.dumps(record))
    data = ("\n".join(lines) + "\n").encode()
    (root / "osv.jsonl").write_bytes(data)
    return data


def _lint(root: Path) -> list[Row]:
    """A firmware's tree: two thirds C, the rest scripts, CMake, Python and text; one hit in a hundred files."""
    body = "".join(f"static int f{i}(int x) {{ return x * {i} + 1; }}\n" for i in range(120))
    script = "".join(f"target_sources(app PRIVATE src/f{i}.c)\n" for i in range(60))
    for i in range(FILES):
        folder = root / f"d{i % 60}"
        folder.mkdir(parents=True, exist_ok=True)
        planted = i % 100 == 0
        if i % 3:
            (folder / f"f{i}.c").write_text(body + ("const char *t = __DATE__;\n" if i % 100 == 1 else ""))
        elif i % 2:
            (folder / f"r{i}.cmake").write_text(script)
        else:
            (folder / f"s{i}.sh").write_text("set -e\n" + 'cp "$1" "$2"\n' * 40 + ("tar czf x.tgz d\n" if planted else ""))
    report = lint_tree(root, today=TODAY)
    planted = sum(i % 100 == 0 and i % 3 == 0 and i % 2 == 0 for i in range(FILES)) + sum(i % 100 == 1 and i % 3 > 0 for i in range(FILES))
    if len(report.findings) != planted or report.read != FILES:
        raise SystemExit(f"{len(report.findings)} hits in {report.read} files were found, {planted} were planted")

    def floor() -> None:
        for path in root.rglob("*"):
            if path.is_file():
                path.read_bytes().decode().splitlines()

    pairs = [(_cpu(lambda: lint_tree(root, today=TODAY)), _cpu(floor)) for _ in range(ROUNDS)]
    mine, raw = min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)
    return [
        Row(f"lint of {FILES} files, CPU", mine, None, 2.0, "lower", "s"),
        Row("the same against the raw limit", mine, raw, None, "lower", "s", "reading the files and splitting their lines"),
    ]


def _cpu(what: Callable[[], object]) -> float:
    start = time.process_time()
    what()
    return time.process_time() - start
