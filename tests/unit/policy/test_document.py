"""Reading policy.yaml."""

import pytest

from lotmark.base.errors import UsageError
from lotmark.policy import _document
from lotmark.policy._document import DEFAULT_POLICY, check_policy, fill_message
from lotmark.policy.api import default_policy, parse_policy, read_policy

pytestmark = pytest.mark.verifies("REQ-015", "RC-008", "HAZ-002")


def policy(violations: str = "run.present", *, message: str = "message: bad", parameters: str = "", more: str = "") -> bytes:
    return f"""policy: 1
title: Test
{parameters}
criteria:
  - id: one
    title: One
    clause: none
    rationale: none
    violations: {violations}
    {message}
    solution: mend it
{more}""".encode()


def refused(data: bytes) -> UsageError:
    with pytest.raises(UsageError) as caught:
        parse_policy(data, name="quality/policy.yaml")
    return caught.value


def test_the_shipped_policy_is_strict_in_all_criteria():
    shipped = default_policy().value
    assert [criterion.id for criterion in shipped.criteria if not criterion.strict] == []
    assert {
        "evidence-complete",
        "matrix-blocking",
        "critical-tests",
        "tests-received",
        "anomalies",
        "rebuild",
        "vulnerabilities",
        "licences",
        "dependencies-pinned",
        "trace-complete",
        "residual-risks",
        "waivers",
        "versions-equal",
        "commits-signed-off",
        "commits-reference",
        "witnessed",
    } <= {criterion.id for criterion in shipped.criteria}


def test_a_policy_is_read_from_its_file():
    document = read_policy(DEFAULT_POLICY)
    assert document.digest == default_policy().digest
    assert document.path == str(DEFAULT_POLICY)


@pytest.mark.parametrize(
    "violations",
    ["run.present", "'[\"a\"]'", "'[]'", "'!build.hermetic || build.verdict in params.good'", "stages.filter(s, s.errors > params.most).map(s, s.stage)"],
)
def test_a_bool_or_a_list_of_texts_is_a_criterion(violations):
    message = "" if "[" in violations or "map" in violations else "message: bad"
    document = parse_policy(policy(violations, message=message, parameters="parameters: {good: [A], most: 0}"), name="p")
    assert document.value.criteria[0].id == "one"


def test_the_message_names_facts():
    parse_policy(
        policy(message="message: 'run {run.id}, {run.present}, {sbom.components}, {source.authors}, {params.x}'", parameters="parameters: {x: 1}"), name="p"
    )


@pytest.mark.parametrize(
    ("data", "code", "reason"),
    [
        (policy("runn.present"), "LM-POL-012", "there is no fact 'runn', at `runn.present`"),
        (policy("run.presnt"), "LM-POL-012", "has no field 'presnt'"),
        (policy("params.x > 1"), "LM-POL-012", "has no field 'x'"),
        (policy("'run.id.matches(\"x\")'"), "LM-POL-012", "matches() is not in the subset"),
        (policy("'run.present &&'"), "LM-POL-012", "criterion one: a value was expected here"),
        (policy("sbom.components"), "LM-POL-013", "criterion one gives int"),
        (policy("'[1]'"), "LM-POL-013", "gives list of int"),
        (policy("run"), "LM-POL-013", "gives the fact run"),
        (policy(message=""), "LM-POL-014", "has no `message`"),
        (policy("source.authors"), "LM-POL-014", "has a `message`"),
        (policy(message="message: '{run.idd}'"), "LM-POL-014", "has no field 'idd'"),
        (policy(message="message: '{run id}'"), "LM-POL-014", "{run id} is not the path of a fact"),
        (policy(message="message: '{run}'"), "LM-POL-014", "{run} is the fact run"),
        (
            policy(more="  - {id: one, title: t, clause: c, rationale: r, violations: run.present, message: m, solution: s}\n"),
            "LM-POL-011",
            "'one' stands twice",
        ),
    ],
)
def test_a_criterion_that_does_not_fit_is_refused_at_its_place(data, code, reason):
    error = refused(data)
    assert error.code == code
    assert reason in error.reason
    assert error.where is not None
    assert error.where.startswith("quality/policy.yaml:")
    assert error.solution


def test_the_place_is_the_line_of_the_criterion():
    assert refused(policy("runn.present")).where == "quality/policy.yaml:9:17"


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda text: text.replace("solution: mend it", "solutoin: mend it"), "LM-CFG-004"),
        (lambda text: text.replace("policy: 1", "policy: 2"), "LM-CFG-005"),
        (lambda text: text.replace("id: one", "id: One"), "LM-CFG-005"),
        (lambda text: text.replace("title: Test", "title: Test\nparameters: {Bad-Name: 1}"), "LM-CFG-005"),
        (lambda text: text.replace("clause: none", "clause: ''"), "LM-CFG-005"),
        (lambda text: text.replace("title: One", "title: One\n    severity: fatal"), "LM-CFG-005"),
    ],
)
def test_a_document_that_is_no_policy_is_refused(spoil, code):
    assert refused(spoil(policy().decode()).encode()).code == code


def test_a_message_is_filled_with_facts():
    values = {"a": {"b": 3, "c": True, "d": ["x", "y"], "e": "text"}}
    assert fill_message("{a.b} {a.c} {a.d} {a.e} plain", values) == "3 true x, y text plain"


def test_what_was_checked_once_is_not_checked_again(monkeypatch):
    monkeypatch.setattr(_document, "_CHECKED", {})
    texts = [DEFAULT_POLICY.read_text().replace("title: Release", f"title: {n} Release", 1).encode() for n in range(_document._MAX_CHECKED + 1)]
    first = parse_policy(texts[0], name="p")
    monkeypatch.setattr(_document, "_check", lambda *_: pytest.fail("checked again"))
    assert check_policy(first) is check_policy(parse_policy(texts[0], name="another name"))
    monkeypatch.undo()
    for text in texts:
        parse_policy(text, name="p")
    assert 0 < len(_document._CHECKED) <= _document._MAX_CHECKED
