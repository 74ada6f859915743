"""Scenario folders: ``in/`` goes in, ``out/`` must come out; LOTMARK_REGENERATE=1 writes ``out/`` anew."""

import json
import os
from pathlib import Path

SCENARIOS = Path(__file__).parents[1] / "scenarios"


def read_inputs(folder: Path, *below: str) -> dict[str, bytes]:
    """Relative path -> content of the files of ``in/`` (only below these names, where given); a last suffix ``.txt`` of sources is cut off."""
    root = folder / "in"
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
    # Sources are kept as text, so that no tool takes those of a scenario for the product's own.
    return {name.removesuffix(".txt"): data for name, data in files.items() if not below or name.startswith(below)}


def read_options(folder: Path) -> dict:
    path = folder / "in" / "options.json"
    return json.loads(path.read_text()) if path.exists() else {}


def as_json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def compare_outputs(folder: Path, outputs: dict[str, str]) -> None:
    """Every output equals the file of its name in ``out/``, and no other file stands there."""
    out = folder / "out"
    if os.environ.get("LOTMARK_REGENERATE"):
        out.mkdir(exist_ok=True)
        for stale in out.iterdir():
            stale.unlink()
        for name, text in outputs.items():
            (out / name).write_text(text, encoding="utf-8")
    assert sorted(path.name for path in out.iterdir()) == sorted(outputs)
    for name, text in outputs.items():
        assert text == (out / name).read_text(encoding="utf-8"), f"{folder.name}/out/{name}: see README.md there for how to write it anew"
