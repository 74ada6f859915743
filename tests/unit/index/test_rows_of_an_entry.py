"""What is kept of every entry of the log, whatever its kind."""

from types import SimpleNamespace
from typing import Any

import pytest

from lotmark.index._project import group, project
from lotmark.index._projectors._row import plural, product_of

pytestmark = pytest.mark.verifies("REQ-023")

NOON = "2026-11-23T12:00:00.000Z"
RUN = "qpcr:RUN-0001"


def verified(kind: str, told: dict[str, Any], /, **key: Any) -> Any:
    signer = {"name": "Quinn Example", "key_id": "11" * 32, "person": "quinn", "kind": "person", **key}
    return SimpleNamespace(
        kind=kind,
        statement=SimpleNamespace(predicate=told, subject=(SimpleNamespace(name="dist/qpcr.whl", digest={"sha256": "aa" * 32}),)),
        key=SimpleNamespace(**signer),
        envelope=SimpleNamespace(payload_digest=SimpleNamespace(hex="dd" * 32)),
    )


def entry(kind: str = "run-closed", scope: str = "run:qpcr:RUN-0001", index: int = 7) -> Any:
    digest = SimpleNamespace(hex="ee" * 32)
    header = SimpleNamespace(
        kind=kind, scope=scope, slot="s", received_at=NOON, submitter="root@vm", envelope=digest, size=9, payload=digest, keys=("k1", "k2")
    )
    return SimpleNamespace(index=index, header=header)


CLOSED = {"run": RUN, "outcome": "released", "closedAt": NOON}


@pytest.mark.parametrize(
    ("told", "scope", "run", "product"),
    [
        (CLOSED, "run:qpcr:RUN-0001", RUN, "qpcr"),
        ({**CLOSED, "product": "pump"}, "run:qpcr:RUN-0001", RUN, "pump"),
        ({**CLOSED, "product": {"id": "pump"}}, "run:qpcr:RUN-0001", RUN, "qpcr"),
        ({**CLOSED, "run": "qpcr:RUN-0009"}, "run:qpcr:RUN-0001", "qpcr:RUN-0009", "qpcr"),
        (CLOSED, "product:qpcr", RUN, "qpcr"),
    ],
    ids=["by-scope", "by-record", "product-as-a-mapping", "the-record-decides", "scope-of-the-product"],
)
def test_run_and_product_of_an_entry(told, scope, run, product):
    table, row = next(project(entry(scope=scope), verified("run-closed", told), "Run closed"))
    assert (table, row["run"], row["product"], row["key_id"]) == ("entries", run, product, "k1,k2")


def test_an_entry_that_was_not_verified_has_no_signer_and_no_rows():
    made = list(project(entry(), None, "a record of a kind that is not known here: run-closed"))
    assert len(made) == 1
    row = made[0][1]
    assert (row["verified"], row["signer"], row["person"], row["why"], row["run"]) == (0, None, None, None, RUN)
    assert row["words"] == "a record of a kind that is not known here: run-closed"


@pytest.mark.parametrize(("name", "kind", "signer"), [("Quinn Example", "person", "Quinn Example"), ("", "pipeline", "pipeline")])
def test_a_key_without_a_name_signs_as_what_it_is(name, kind, signer):
    _, row = next(project(entry(), verified("run-closed", CLOSED, name=name, kind=kind), ""))
    assert row["signer"] == signer


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({}, None),
        ({"reason": "r"}, "r"),
        ({"detail": "d"}, "d"),
        ({"justification": "j"}, "j"),
        ({"reason": "", "detail": "d"}, "d"),
        ({"reason": "r", "detail": "d", "justification": "j"}, "r"),
        ({"reason": {"text": "r"}}, None),
        ({"reason": ["r"], "justification": "j"}, "j"),
    ],
    ids=["none", "reason", "detail", "justification", "empty-reason", "all", "mapping", "list"],
)
def test_why_is_the_first_text_that_gives_a_reason(told, why):
    _, row = next(project(entry(), verified("run-closed", {**CLOSED, **told}), ""))
    assert row["why"] == why


def test_a_kind_without_a_projector_is_told_by_its_title_and_its_subjects():
    made = list(project(entry("provenance"), verified("provenance", {"run": RUN}), "Build provenance"))
    assert [name for name, _ in made] == ["entries", "subjects"]
    assert made[0][1]["words"] == "Build provenance"
    assert made[1][1] == {"run": RUN, "name": "dist/qpcr.whl", "sha256": "aa" * 32, "git_commit": None}


def test_rows_are_numbered_within_their_table():
    made = group(7, iter([("a", {"x": 1}), ("b", {"x": 2}), ("a", {"x": 3})]))
    assert made == {"a": [{"x": 1, "idx": 7, "position": 0}, {"x": 3, "idx": 7, "position": 1}], "b": [{"x": 2, "idx": 7, "position": 0}]}


@pytest.mark.parametrize(
    ("number", "words", "told"),
    [(0, ("entry", "entries"), "0 entries"), (1, ("entry", "entries"), "1 entry"), (2, ("test",), "2 tests"), (1000, ("test",), "1,000 tests")],
)
def test_plurals(number, words, told):
    assert plural(number, *words) == told


@pytest.mark.parametrize(("run", "product"), [("qpcr:RUN-0001", "qpcr"), ("qpcr", "qpcr"), ("", ""), ("a:b:c", "a")])
def test_the_product_of_a_run(run, product):
    assert product_of(run) == product
