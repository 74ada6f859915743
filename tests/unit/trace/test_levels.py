"""What a level asks for: any of its links, to or from any of its types, and how what is missing is told."""

from types import SimpleNamespace
from typing import Any

import pytest

from lotmark.trace._checks_levels import _has_above, _has_below, _missing, _or

pytestmark = pytest.mark.verifies("REQ-008", "RC-009", "HAZ-006")


def item(name: str = "REQ-001", kind: str = "requirement", *links: tuple[str, str]) -> Any:
    made = [SimpleNamespace(type=link, target=target) for link, target in links]
    return SimpleNamespace(id=name, type=kind, links=made, where=lambda key: f"{name}.md:{key}")


def level(links: tuple[str, ...] = (), types: tuple[str, ...] = (), **words: str) -> Any:
    return SimpleNamespace(links=links, types=types, **{"says": "", "cure": "", "code": "LM-TRC-030", **words})


def graph(*items: Any) -> Any:
    return SimpleNamespace(
        items={each.id: each for each in items},
        below=lambda target, *types: [each for each in items if (not types or each.type in types) and any(link.target == target for link in each.links)],
    )


NEED, HAZARD = item("UN-001", "user-need"), item("HAZ-001", "hazard")


@pytest.mark.parametrize(
    ("links", "wanted", "has"),
    [
        ((), level(), False),
        ((("derives", "UN-001"),), level(), True),
        ((("derives", "UN-001"),), level(("derives",)), True),
        ((("derives", "UN-001"),), level(("refines",)), False),
        ((("derives", "UN-001"),), level(("refines", "derives")), True),
        ((("derives", "UN-001"),), level(("derives",), ("user-need",)), True),
        ((("derives", "UN-001"),), level(("derives",), ("hazard",)), False),
        ((("derives", "UN-001"),), level((), ("hazard",)), False),
        ((("derives", "UN-001"),), level((), ("hazard", "user-need")), True),
        ((("derives", "UN-404"),), level(("derives",), ("user-need",)), True),
        ((("refines", "UN-404"),), level(("derives",), ("user-need",)), False),
        ((("derives", "HAZ-001"), ("derives", "UN-001")), level(("derives",), ("user-need",)), True),
        ((("derives", "HAZ-001"), ("refines", "UN-001")), level(("derives",), ("user-need",)), False),
    ],
    ids=[
        "no-link",
        "any-link",
        "the-link",
        "another-link",
        "one-of-two",
        "link-and-type",
        "link-to-another-type",
        "another-type",
        "one-of-two-types",
        "dangling",
        "dangling-by-another-link",
        "second-link",
        "each-half",
    ],
)
def test_a_level_above(links: tuple[tuple[str, str], ...], wanted: Any, has: bool):
    made = item("REQ-001", "requirement", *links)
    assert _has_above(graph(NEED, HAZARD, made), made, wanted) is has


@pytest.mark.parametrize(
    ("children", "wanted", "has"),
    [
        ((), level(), False),
        ((item("RC-001", "risk-control", ("mitigates", "HAZ-001")),), level(), True),
        ((item("RC-001", "risk-control", ("mitigates", "HAZ-001")),), level(("mitigates",), ("risk-control",)), True),
        ((item("RC-001", "risk-control", ("mitigates", "HAZ-001")),), level(("derives",), ("risk-control",)), False),
        ((item("RC-001", "risk-control", ("mitigates", "HAZ-001")),), level(("mitigates",), ("requirement",)), False),
        ((item("RC-001", "risk-control", ("mitigates", "HAZ-002"), ("derives", "HAZ-001")),), level(("mitigates",)), False),
        ((item("RC-001", "risk-control", ("derives", "HAZ-001"), ("mitigates", "HAZ-001")),), level(("mitigates",)), True),
        (
            (item("RC-001", "risk-control", ("derives", "HAZ-001")), item("RC-002", "risk-control", ("mitigates", "HAZ-001"))),
            level(("mitigates",)),
            True,
        ),
        ((item("RC-001", "risk-control", ("mitigates", "HAZ-0011")),), level(("mitigates",)), False),
    ],
    ids=["nothing", "any", "link-and-type", "another-link", "another-type", "link-to-another", "second-link", "second-child", "longer-id"],
)
def test_a_level_below(children: Any, wanted: Any, has: bool):
    assert _has_below(graph(HAZARD, *children), HAZARD, wanted) is has


TITLES = SimpleNamespace(types={"user-need": SimpleNamespace(title="user need"), "hazard": SimpleNamespace(title="hazard")})
KIND = SimpleNamespace(title="requirement")


@pytest.mark.parametrize(
    ("wanted", "above", "message", "cure"),
    [
        (
            level(("derives", "implements"), ("user-need",)),
            True,
            "REQ-001: the requirement has none of the links that it needs to a user need: derives or implements",
            "write 'derives: [..]'",
        ),
        (level(("derives",)), True, "REQ-001: the requirement has none of the links that it needs: derives", "write 'derives: [..]'"),
        (
            level((), ("user-need", "hazard")),
            True,
            "REQ-001: the requirement has none of the links that it needs to a user need or hazard: ",
            "write '...: [..]'",
        ),
        (
            level(("mitigates",), ("hazard",)),
            False,
            "REQ-001: no hazard links to the requirement by mitigates",
            "write the item that does, with a link to REQ-001",
        ),
        (level(), False, "REQ-001: no item links to the requirement", "write the item that does, with a link to REQ-001"),
        (level((), ("unheard-of",)), False, "REQ-001: no unheard-of links to the requirement", "write the item that does, with a link to REQ-001"),
        (level(says="nothing implements it", cure="write one for {id}"), True, "REQ-001: nothing implements it", "write one for REQ-001"),
        (level(says="nothing implements it", cure="write one"), False, "REQ-001: nothing implements it", "write one"),
    ],
    ids=["above", "above-any-type", "above-any-link", "below", "below-anything", "a-type-without-a-title", "own-words", "own-words-below"],
)
def test_what_is_missing_is_told_with_its_cure(wanted: Any, above: bool, message: str, cure: str):
    finding = _missing(item(), KIND, wanted, TITLES, above=above)  # type: ignore[arg-type]
    assert (finding.code, finding.message, finding.help, finding.subject, finding.location) == ("LM-TRC-030", message, cure, "REQ-001", "REQ-001.md:id")


@pytest.mark.parametrize(("names", "told"), [([], ""), (["a"], "a"), (["a", "b"], "a or b"), (["a", "b", "c"], "a, b or c")])
def test_names_are_told_apart(names: list[str], told: str):
    assert _or(names) == told
    assert _or(iter(names)) == told
