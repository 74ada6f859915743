"""`lotmark waive`, `explain`, `doctor`, `key role`, `key adopt`: what is asked, what is told, and what is refused before a key is opened."""

from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import lotmark.builds.api as builds
import lotmark.integrations.api as integrations
from fakes.cli_desk import Desk
from lotmark.base.errors import EnvironmentLacksError, IntegrityError, RefusedError
from lotmark.base.findings import Finding, Severity
from lotmark.base.rules import Rule
from lotmark.bootstrap._key_changes import KeyChange
from lotmark.cli import key_governance
from lotmark.cli import waive as waive_module
from lotmark.matrix.models import WaiverScope

pytestmark = pytest.mark.verifies("REQ-025", "RC-009")

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

# ---- waive

WAIVE = ("waive", "--as", "quinn", "--role", "quality-owner")


@pytest.fixture
def waiving(desk: Desk) -> Desk:
    desk.keys(waive_module)
    desk.workspace.product = SimpleNamespace(id="qpcr", version="1.4.0")
    desk.answers("sign_waiver", ("qpcr:WVR-0001", 21))
    desk.answers("close_waiver", 22)
    return desk


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        ((), {}),
        (("--test", "a::t", "--test", "b::t"), {"scope": WaiverScope(tests=("a::t", "b::t"))}),
        (
            ("--requirement", "REQ-001", "--hazard", "HAZ-001", "--risk-control", "RC-001"),
            {"scope": WaiverScope(requirements=("REQ-001",), hazards=("HAZ-001",), risk_controls=("RC-001",))},
        ),
        (("--reason", "on order", "--residual-risk", "none"), {"reason": "on order", "residual_risk": "none"}),
        (("--owner", "rene"), {"owner": "rene"}),
        (("--any-version",), {"version": None}),
    ],
    ids=["least", "tests", "items", "words", "owner", "any-version"],
)
def test_a_waiver_is_signed_as_it_was_typed(waiving: Desk, words: tuple[str, ...], fields: dict[str, Any]):
    called = waiving(*WAIVE, "--expires", "2026-12-31", *words)
    assert (called.code, called.out) == (0, "qpcr:WVR-0001 holds until 2026-12-31\nentry 21\n")
    assert waiving.asked[-1][2] == {
        "person": "quinn",
        "signer": "key of quinn",
        "role": "quality-owner",
        "scope": WaiverScope(),
        "version": "1.4.0",
        "reason": "",
        "residual_risk": "",
        "owner": "quinn",
        "expires": date(2026, 12, 31),
        **fields,
    }


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "a waiver without an end would become the rule"),
        (("--expires", "never"), "'never' is no day"),
        (("--expires", "2026-02-30"), "'2026-02-30' is no day"),
        (("--expires", "31.12.2026"), "'31.12.2026' is no day"),
    ],
)
def test_a_waiver_has_an_end_before_anybody_signs(waiving: Desk, words: tuple[str, ...], told: str):
    called = waiving(*WAIVE, *words)
    assert (called.code, waiving.asked) == (2, [])
    assert called.err.startswith(f"error[LM-MTX-063]: {told}\n  help: give --expires ")


def test_a_waiver_is_closed_by_its_name(waiving: Desk):
    called = waiving(*WAIVE, "--close", "WVR-0001", "--reason", "the panel came")
    assert (called.code, called.out) == (0, "WVR-0001 holds no longer\nentry 22\n")
    assert waiving.asked[-1] == (
        "close_waiver",
        ("WVR-0001",),
        {"person": "quinn", "signer": "key of quinn", "role": "quality-owner", "reason": "the panel came"},
    )
    wire = waiving(*WAIVE, "--close", "WVR-0001", form="json").wire
    assert wire == {"schema": "https://lotmark.dev/output/waiver-closure/v1", "waiver": "WVR-0001", "index": 22}


def test_the_json_of_a_waiver(waiving: Desk):
    wire = waiving(*WAIVE, "--expires", "2026-12-31", form="json").wire
    assert wire == {"schema": "https://lotmark.dev/output/waiver/v1", "waiver": "qpcr:WVR-0001", "index": 21}


@pytest.mark.parametrize(
    ("error", "code", "kept"),
    [
        (RefusedError("LM-MTX-060", "hazards may not be waived"), 1, True),
        (EnvironmentLacksError("LM-MTX-062", "vera has not that role"), 4, True),
        (IntegrityError("LM-LED-104", "a byte changed"), 6, False),
    ],
)
def test_a_waiver_that_is_refused_is_an_attempt(waiving: Desk, error: Any, code: int, kept: bool):
    waiving.answers("sign_waiver", error)
    called = waiving(*WAIVE, "--expires", "2026-12-31", "--test", "a::t")
    assert (called.code, called.out, bool(waiving.told)) == (code, "", kept)


# ---- explain

RULES = (Rule("LM-AAA-001", "First", "Its story.", "Its cure."), Rule("LM-AAA-002", "Second", "Another.", "Do it."))


@pytest.mark.parametrize(
    ("words", "out"),
    [
        ((), "LM-AAA-001  First\nLM-AAA-002  Second\n"),
        (("LM-AAA-001",), "LM-AAA-001  First\n\nIts story.\n\nhelp: Its cure.\n"),
        (("lm-aaa-002",), "LM-AAA-002  Second\n\nAnother.\n\nhelp: Do it.\n"),
    ],
    ids=["all", "one", "small-letters"],
)
def test_a_code_is_explained(desk: Desk, words: tuple[str, ...], out: str):
    desk.answers("rules", RULES)
    assert desk("explain", *words).out == out


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("LM-AAA-003", "did you mean LM-AAA-00"),
        ("AAA-001", "did you mean LM-AAA-001?"),
        ("zzz", "`lotmark explain` lists the codes"),
        ("1", "`lotmark explain` lists the codes"),
    ],
)
def test_a_code_that_does_not_exist_gets_a_guess(desk: Desk, code: str, told: str):
    desk.answers("rules", RULES)
    called = desk("explain", code)
    assert called.code == 2
    assert called.err.startswith(f"error[LM-CLI-004]: no rule is called {code!r}\n  help: {told}")


def test_schemas_are_written_for_editors(desk: Desk, tmp_path: Path):
    desk.answers("schemas", [("a.v1.json", b"{}"), ("b.v1.json", b"[]")])
    desk.answers("rules", RULES)
    place = tmp_path / "new" / "schemas"
    assert desk("explain", "--schemas", str(place)).out == "a.v1.json\nb.v1.json\n"
    assert {path.name: path.read_bytes() for path in place.iterdir()} == {"a.v1.json": b"{}", "b.v1.json": b"[]"}


@pytest.mark.parametrize(
    ("words", "schema", "fields"),
    [
        ((), "rules", {"rules": [{"code": "LM-AAA-001", "title": "First"}, {"code": "LM-AAA-002", "title": "Second"}]}),
        (("LM-AAA-001",), "rule", {"code": "LM-AAA-001", "title": "First", "story": "Its story.", "cure": "Its cure."}),
    ],
)
def test_the_json_of_an_explanation(desk: Desk, words: tuple[str, ...], schema: str, fields: dict[str, Any]):
    desk.answers("rules", RULES)
    assert desk("explain", *words, form="json").wire == {"schema": f"https://lotmark.dev/output/{schema}/v1", **fields}


# ---- doctor


@pytest.fixture
def ill(desk: Desk) -> Desk:
    desk.answers("check_environment", [], door=builds)
    desk.answers("check_services", [], door=integrations)
    desk.workspace.state = Path("/nowhere")
    return desk


ERROR = Finding("LM-BLD-001", "no sandbox", help="apt install bubblewrap")
WARNING = Finding("LM-INT-030", "no witness", Severity.WARNING, help="name one")


@pytest.mark.parametrize(
    ("found", "services", "code", "lines"),
    [
        ([], [], 0, ["✓ this machine can make and judge a release"]),
        ([ERROR], [], 4, ["✗ LM-BLD-001 no sandbox", "  help: apt install bubblewrap", "✗ something is missing"]),
        ([], [WARNING], 0, ["! LM-INT-030 no witness", "  help: name one", "✓ this machine can make and judge a release"]),
        (
            [ERROR],
            [WARNING],
            4,
            ["✗ LM-BLD-001 no sandbox", "  help: apt install bubblewrap", "! LM-INT-030 no witness", "  help: name one", "✗ something is missing"],
        ),
    ],
    ids=["sound", "missing", "warning", "both"],
)
def test_what_is_missing_has_its_cure(ill: Desk, found: Any, services: Any, code: int, lines: list[str]):
    ill.answers("check_environment", found, door=builds)
    ill.answers("check_services", services, door=integrations)
    called = ill("doctor")
    assert (called.code, called.out.splitlines()) == (code, lines)
    wire = ill("doctor", form="json").wire
    assert [each["code"] for each in wire["findings"]] == [finding.code for finding in (*found, *services)]
    assert wire["selfTest"] == []


def leak(name: str, *, varied: bool = True, caught: bool = True) -> Any:
    return SimpleNamespace(dimension=SimpleNamespace(value=name), varied=varied, caught=caught)


@pytest.mark.parametrize(
    ("leaks", "code", "lines"),
    [
        ([leak("time")], 0, ["✓ time: caught", "✓ this machine can make and judge a release"]),
        ([leak("cpus", varied=False, caught=False)], 0, ["- cpus: not varied", "✓ this machine can make and judge a release"]),
        (
            [leak("time", caught=False)],
            4,
            [
                "✗ time: MISSED",
                "✗ LM-CLI-022 the self-test did not catch a leak of time",
                "  help: do not trust rebuild verdicts of this machine; report it",
                "✗ something is missing",
            ],
        ),
    ],
    ids=["caught", "not-varied", "missed"],
)
def test_a_leak_that_is_missed_speaks_against_the_machine(ill: Desk, leaks: Any, code: int, lines: list[str]):
    ill.answers("self_test", leaks, door=builds)
    called = ill("doctor", "--self-test")
    assert (called.code, called.out.splitlines()) == (code, lines)


def test_a_machine_that_lacks_something_is_not_tested(ill: Desk):
    ill.answers("check_environment", [ERROR], door=builds)
    ill.answers("self_test", AssertionError("not asked for"), door=builds)
    assert ill("doctor", "--self-test").code == 4


# ---- roles and adoption

ADA = ("--as", "ada", "--reason", "joins")


@pytest.fixture
def governed(desk: Desk, tmp_path: Path) -> Desk:
    (tmp_path / "quality").mkdir()
    (tmp_path / "quality" / "people.yaml").write_text("people:\n  - {id: rene, name: Rene Example, email: r@example.org, roles: [regulatory]}\n")
    (tmp_path / "quality" / "policy.yaml").write_text("policy: 1\n")
    desk.workspace.product = SimpleNamespace(id="qpcr", quality=tmp_path / "quality", config_root=tmp_path)
    desk.workspace.clock = SimpleNamespace(now=lambda: NOON)
    desk._patch.setattr(key_governance, "load_signer", lambda key, *, person: f"{key or 'key'} of {person}")
    desk.answers("sign_record", KeyChange(21, None, ("ada",), 1, True))  # type: ignore[arg-type]
    return desk


@pytest.mark.parametrize(
    ("act", "told"),
    [
        ("grant", "rene holds the role quality-owner from log index 22 on\nentry 21\n"),
        ("withdraw", "rene no longer holds the role quality-owner from log index 22 on\nentry 21\n"),
    ],
)
def test_a_role_is_changed_by_an_administrator(governed: Desk, act: str, told: str):
    called = governed("key", "role", act, "rene", "quality-owner", *ADA)
    assert (called.code, called.out) == (0, told), called.err
    _, (record, signer), _ = governed.asked[-1]
    assert signer == "key of ada"
    assert {name: record.predicate[name] for name in ("event", "person", "role", "reason")} == {
        "event": act,
        "person": "rene",
        "role": "quality-owner",
        "reason": "joins",
    }


@pytest.mark.parametrize("words", [("role", "grant", "rene", "qa", *ADA), ("adopt", "quality/policy.yaml", "--as", "ada")], ids=["role", "adopt"])
def test_a_change_that_waits_for_another_root_person_changes_nothing_yet(governed: Desk, words: tuple[str, ...]):
    governed.answers("sign_record", KeyChange(21, None, ("ada",), 2, False))  # type: ignore[arg-type]
    called = governed("key", *words)
    assert called.code == 8
    assert called.out == "KEY_CHANGE_UNAPPROVED (LM-CLI-026): 1 of 2 root persons have signed (ada); nothing changed yet\nentry 21\n"
    assert called.err == "help: another root person runs `lotmark key root sign 21 --as PERSON`\n"
    wire = governed("key", *words, form="json").wire
    assert (wire["effective"], wire["signed"], wire["needed"], wire["index"]) == (False, ["ada"], 2, 21)


@pytest.mark.parametrize("person", ["vera", "Rene", "rene ", "r"])
@pytest.mark.parametrize("act", ["grant", "withdraw"])
def test_a_role_is_of_somebody_who_stands_in_people_yaml(governed: Desk, act: str, person: str):
    called = governed("key", "role", act, person, "quality-owner", *ADA)
    assert (called.code, governed.asked) == (2, [])
    assert f"error[LM-CLI-012]: {person!r} does not stand in people.yaml\n  at: quality/people.yaml\n" in called.err


def test_a_policy_is_adopted_by_its_digest(governed: Desk):
    called = governed("key", "adopt", "quality/policy.yaml", "--as", "ada")
    assert called.code == 0, called.err
    record = governed.asked[-1][1][0]
    assert record.predicate["path"] == "quality/policy.yaml"
    sha256 = record.predicate["sha256"]
    assert called.out == f"quality/policy.yaml ({sha256[:12]}) decides from log index 22 on, and no other version\nentry 21\n"
    wire = governed("key", "adopt", "quality/policy.yaml", "--as", "ada", form="json").wire
    assert (wire["schema"], wire["path"], wire["sha256"]) == ("https://lotmark.dev/output/adoption/v1", "quality/policy.yaml", sha256)


@pytest.mark.parametrize(
    "path", ["policy.yaml", "quality/other.yaml", "quality/approvals.yaml", "../quality/policy.yaml", "/etc/passwd", "quality/POLICY.yaml", "lotmark.yaml"]
)
def test_only_a_file_that_decides_can_be_adopted(governed: Desk, path: str):
    called = governed("key", "adopt", path, "--as", "ada")
    assert (called.code, governed.asked) == (2, [])
    assert f"error[LM-CLI-027]: {path!r} is not among the files that decide" in called.err
    assert "quality/policy.yaml" in called.err


@pytest.mark.parametrize(
    "words", [("role", "grant", "rene", "qa", "--as", "ada"), ("role", "grant", "rene", "qa", "--reason", "r"), ("adopt", "quality/policy.yaml")]
)
def test_nobody_changes_a_role_or_a_policy_unnamed(governed: Desk, words: tuple[str, ...]):
    called = governed("key", *words)
    assert (called.code, governed.asked) == (2, [])
    assert "Missing option" in called.err
