"""The same corpus for other tools, where they are installed: in an environment of their own, never in ours.

``make rivals`` installs them into `.make/rivals`; ``LOTMARK_RIVALS`` names another environment. A tool that is not there is
left out, and the run says so. Each reads all items and their links and checks that the links hold; none of them judges risks,
looks at results or finds suspect links without a first full pass, so we do more in the measured time.
"""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench._corpus import Corpus, Record

HOME = Path(os.environ.get("LOTMARK_RIVALS") or Path(__file__).parents[1] / ".make" / "rivals")
_ORDER = ("UN", "HAZ", "RC", "SYS", "SW", "TC")


@dataclass(frozen=True, slots=True)
class Rival:
    """A tool: how it is called on the corpus below a folder, and how many times slower it is to be."""

    name: str
    program: str
    write: Callable[[Corpus, Path], None]
    command: tuple[tuple[str, ...], ...]
    """One after the other; ``{bin}`` is the folder of programs."""
    times: float

    @property
    def present(self) -> bool:
        return (HOME / "bin" / self.program).exists()


def _by_prefix(corpus: Corpus) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {prefix: [] for prefix in _ORDER}
    for item in corpus.items:
        found[item.id.partition("-")[0]].append(item)
    return found


def _targets(item: Record) -> list[str]:
    return [target for targets in item.links.values() for target in targets]


def _text(item: Record) -> str:
    return item.body.partition("\n## Rationale")[0].strip().replace("\n", " ")


def write_sdoc(corpus: Corpus, root: Path) -> None:
    """StrictDoc's own format: a document per type."""
    for prefix, items in _by_prefix(corpus).items():
        parts = [f"[DOCUMENT]\nTITLE: {prefix}\n"]
        for item in items:
            relations = "".join(f"- TYPE: Parent\n  VALUE: {target}\n" for target in _targets(item))
            block = f"RELATIONS:\n{relations}" if relations else ""
            parts.append(f"[REQUIREMENT]\nUID: {item.id}\nTITLE: {item.title}\nSTATEMENT: >>>\n{_text(item)}\n<<<\n{block}")
        (root / f"{prefix}.sdoc").write_text("\n".join(parts))


def write_strict_markdown(corpus: Corpus, root: Path) -> None:
    """StrictDoc's Markdown: a document per type."""
    for prefix, items in _by_prefix(corpus).items():
        parts = [f"# {prefix}\n"]
        for item in items:
            relations = "".join(f"- **Type**: `Parent` \\\n  **ID**: `{target}`\n" for target in _targets(item))
            block = f"**Relations**:\n{relations}" if relations else ""
            parts.append(f"## {item.title}\n\n**UID**: {item.id}\n{block}\n**Statement**: {_text(item)}\n")
        (root / f"{prefix}.md").write_text("\n".join(parts))


def write_needs(corpus: Corpus, root: Path) -> None:
    """sphinx-needs: a page per type."""
    (root / "conf.py").write_text('project = "bench"\nextensions = ["sphinx_needs"]\nneeds_id_regex = "^[A-Z0-9_-]+"\n')
    names = []
    for prefix, items in _by_prefix(corpus).items():
        names.append(prefix.lower())
        parts = [f"{prefix}\n{'=' * len(prefix)}\n"]
        for item in items:
            links = f"   :links: {', '.join(_targets(item))}\n" if item.links else ""
            parts.append(f".. req:: {item.title}\n   :id: {item.id}\n{links}\n   {_text(item)}\n")
        (root / f"{prefix.lower()}.rst").write_text("\n".join(parts))
    (root / "index.rst").write_text("Bench\n=====\n\n.. toctree::\n\n" + "".join(f"   {name}\n" for name in names))


def write_doorstop(corpus: Corpus, root: Path) -> None:
    """Doorstop: a folder per type below its parent, a file per item; `SW` and `TC` hang below `SYS`, as a tree allows one parent."""
    parents = {"UN": "", "HAZ": "UN", "RC": "HAZ", "SYS": "UN", "SW": "SYS", "TC": "SYS"}
    for prefix, items in _by_prefix(corpus).items():
        folder = root / prefix.lower()
        folder.mkdir(parents=True)
        parent = f"  parent: {parents[prefix]}\n" if parents[prefix] else ""
        (folder / ".doorstop.yml").write_text(f"settings:\n  digits: 5\n  itemformat: yaml\n{parent}  prefix: {prefix}\n  sep: '-'\n")
        for number, item in enumerate(items, 1):
            links = "".join(f"- {target}: null\n" for target in _targets(item) if target.partition("-")[0] == parents[prefix])
            body = f"active: true\nderived: false\nheader: |\n  {item.title}\nlevel: 1.{number}\nlinks: {'[]' if not links else ''}\n{links}normative: true\nref: ''\nreviewed: null\ntext: |\n  {_text(item)}\n"
            (folder / f"{item.id}.yml").write_text(body)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)


def write_trlc(corpus: Corpus, root: Path) -> None:
    """LOBSTER reads requirements from TRLC, a package per corpus, a file per type; and all tests from Python, for which it has a reader."""
    (root / "model.rsl").write_text("package bench\n\ntype Item {\n  title String\n  text String\n  above optional Item [1 .. *]\n}\n")
    for prefix, items in _by_prefix(corpus).items():
        parts = ["package bench\n"]
        for item in items:
            above = f"  above = [{', '.join(target.replace('-', '_') for target in _targets(item))}]\n" if item.links else ""
            parts.append(f'Item {item.id.replace("-", "_")} {{\n  title = "{item.title}"\n  text = "{_text(item)}"\n{above}}}\n')
        (root / f"{prefix.lower()}.trlc").write_text("\n".join(parts))
    (root / "lobster.yaml").write_text(
        "conversion-rules:\n  - package: bench\n    record-type: Item\n    namespace: req\n    description-fields: text\n    tags:\n      - field: above\n        namespace: req\n"
    )
    (root / "lobster.conf").write_text(
        'requirements "Items" {\n  source: "items.lobster";\n}\n\nactivity "Tests" {\n  source: "tests.lobster";\n  trace to: "Items";\n}\n'
    )
    for name, tests in corpus.tests.items():
        parts = []
        for test in tests:
            tags = ",".join(f"bench.{one.replace('-', '_')}" for one in test.ids)
            parts.append(
                f'def {test.name}():\n    # lobster-trace: {tags}\n    value = act("{test.name}", low=1, high=9)\n    assert value.low <= value.high\n'
            )
        path = (root / name).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n\n".join(parts))


RIVALS = (
    Rival(
        *("LOBSTER (TRLC and Python)", "lobster-report", write_trlc),
        (
            ("{bin}/lobster-trlc", "--config", "lobster.yaml", "--out", "items.lobster", "."),
            ("{bin}/lobster-python", "--activity", "--single", "--out", "tests.lobster", "tests"),
            ("{bin}/lobster-report", "--lobster-config", "lobster.conf", "--out", "report.lobster"),
            ("{bin}/lobster-ci-report", "report.lobster"),
        ),
        8,
    ),
    Rival("StrictDoc, Markdown", "strictdoc", write_strict_markdown, (("{bin}/strictdoc", "export", "--formats=json", "--output-dir", "out", "."),), 8),
    Rival("StrictDoc, .sdoc", "strictdoc", write_sdoc, (("{bin}/strictdoc", "export", "--formats=json", "--output-dir", "out", "."),), 12),
    Rival("sphinx-needs", "sphinx-build", write_needs, (("{bin}/sphinx-build", "-q", "-b", "needs", ".", "out"),), 12),
    Rival("Doorstop", "doorstop", write_doorstop, (("{bin}/doorstop", "--no-reformat", "--quiet"),), 30),
)
