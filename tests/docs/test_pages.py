"""The pages agree with the repository: links lead somewhere, rooms are the folders, the stages' evidence is the code's."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from lotmark.pipeline.models import EXPECTED, Stage

pytestmark = pytest.mark.verifies("REQ-025")


ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
_LINK = re.compile(r"(?<!`)!?\[[^\]\n]*\]\(([^)\s]+)\)")


def read_pages() -> dict[Path, str]:
    return {path: path.read_text(encoding="utf-8") for path in PAGES}


def without_blocks(text: str) -> str:
    """The text without fenced blocks and code, where brackets mean something else."""
    return re.sub(r"`[^`\n]+`", "``", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives the headings."""
    titles = re.findall(r"^#+ +(.+?) *$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its head."""
    part = text.split(f"\n## {heading}\n")[1]
    lines = re.findall(r"^\|.*\|$", part.split("\n## ")[0], re.MULTILINE)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in _LINK.findall(without_blocks(page.read_text(encoding="utf-8"))):
        if target.startswith(("https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        place = (page.parent / path).resolve() if path else page
        assert place.exists(), f"{page.name}: {target}"
        if anchor and place.suffix == ".md":
            assert anchor in anchors(place.read_text(encoding="utf-8")), f"{page.name}: {target}"


def test_every_page_is_reached_from_the_readme() -> None:
    pages = read_pages()
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page not in pages:
            continue
        reached.add(page)
        for target in _LINK.findall(without_blocks(pages[page])):
            place = (page.parent / target.partition("#")[0]).resolve()
            waiting += sorted(place.glob("*.md")) if place.is_dir() else [place]
    assert {str(page.relative_to(ROOT)) for page in PAGES if page.is_relative_to(ROOT / "docs")} - {str(page.relative_to(ROOT)) for page in reached} == set()


def test_the_rooms_of_the_architecture_are_the_folders_in_the_order_of_the_layers() -> None:
    named = [row[0].strip("`") for row in rows((ROOT / "docs/architecture.md").read_text(encoding="utf-8"), "Rooms")]
    folders = {path.parent.name for path in (ROOT / "src/lotmark").glob("*/__init__.py")}
    assert set(named) == folders
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    order = {room: position for position, layer in enumerate(layers) for room in re.split(r"[|:\s]+", layer)}
    assert [order[room] for room in named] == sorted(order[room] for room in named)


def test_the_stages_of_the_architecture_leave_what_the_code_expects() -> None:
    said: dict[str, set[str]] = {}
    for stages, kinds in rows((ROOT / "docs/architecture.md").read_text(encoding="utf-8"), "The way of the data"):
        names, only = [name.strip() for name in stages.split(",")], re.search(r"(\w+) also (.+)", kinds)
        for at, name in enumerate(names):
            if len(names) == len(parts := kinds.split(";")) and not only:
                said[name] = set(re.findall(r"`([^`]+)`", parts[at]))
            else:
                shared = re.findall(r"`([^`]+)`", kinds[: only.start()] if only else kinds)
                said[name] = {*shared, *(re.findall(r"`([^`]+)`", only[2]) if only and only[1] == name else ())}
    assert set(said) == {stage.value for stage in Stage}
    assert [stage.value for stage in Stage if not set(EXPECTED[stage]) <= said[stage.value]] == []


def test_each_threat_has_an_id_of_its_own_an_answer_and_tests_that_exist() -> None:
    text = (ROOT / "docs/threat-model.md").read_text(encoding="utf-8")
    answered, open_ones = rows(text, "Answered"), rows(text, "Not defended")
    assert [row[0] for row in answered] == [f"T{number}" for number in range(1, len(answered) + 1)]
    assert [row[0] for row in open_ones] == [f"N{number}" for number in range(1, len(open_ones) + 1)]
    for name, threat, answer, held in answered:
        paths = re.findall(r"`([^`]+)`", held)
        assert threat
        assert answer
        assert paths, name
        assert [path for path in paths if not (ROOT / path).exists()] == [], name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_yaml_and_toml_blocks_can_be_read(page: Path) -> None:
    for language, text in re.findall(r"^```(yaml|toml)[^\n]*\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        assert (yaml.safe_load if language == "yaml" else tomllib.loads)(text)
