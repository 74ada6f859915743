"""What `lotmark init` writes: a first declaration, a first quality folder, a CI file. It overwrites nothing."""

import re
from importlib import resources
from pathlib import Path

from lotmark.base.errors import UsageError
from lotmark.policy.api import DEFAULT_POLICY

_ID = re.compile(r"[a-z][a-z0-9-]{0,39}\Z")


def write_first_files(config_root: Path, root: Path, product_id: str | None) -> tuple[Path, ...]:
    """Write the files that are missing below `config_root` (and the CI file below `root`); gives what was written.

    Raises:
        UsageError: LM-IDS-002 if the product's id does not follow the grammar.
    """
    name = product_id or re.sub(r"[^a-z0-9-]+", "-", root.name.lower()).strip("-") or "product"
    if not _ID.match(name):
        raise UsageError("LM-IDS-002", f"{name!r} is no product id", solution="give one with --id: a-z, 0-9 and hyphens, a letter first, at most 40")
    templates = resources.files("lotmark.bootstrap") / "first_files"
    written = []
    for template in _walk(templates):
        relative = template.partition("first_files/")[2]
        if config_root != root and relative.startswith("github/"):
            continue  # a configuration outside leaves the product's repository as it is
        place = (root if relative.startswith("github/") else config_root) / relative.replace("github/", ".github/", 1)
        if place.exists():
            continue
        text = Path(template).read_text(encoding="utf-8").replace("{{id}}", name).replace("{{name}}", root.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        written.append(place)
    policy = config_root / "quality" / "policy.yaml"
    if not policy.exists():
        policy.write_bytes(DEFAULT_POLICY.read_bytes())
        written.append(policy)
    ignore = root / ".gitignore"
    ignored = ignore.read_text(encoding="utf-8") if ignore.exists() else ""
    if config_root == root and ".lotmark/" not in ignored.splitlines():
        with ignore.open("a", encoding="utf-8") as stream:
            stream.write(("" if not ignored or ignored.endswith("\n") else "\n") + ".lotmark/\n")
        written.append(ignore)
    return tuple(written)


def _walk(folder: object) -> list[str]:
    return sorted(str(path) for path in Path(str(folder)).rglob("*") if path.is_file())
