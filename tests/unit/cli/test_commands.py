"""Each command once with each of its ends: exit code, schema of its JSON, what it says and what it leaves."""

import json
import shutil
import sys
from datetime import UTC, datetime, timedelta

import click
import pytest

from fakes.tiny_product import PASSPHRASE, TinyProduct, call
from fakes.tiny_world import opened
from lotmark.attest.api import parse_public_pem
from lotmark.base.findings import Finding
from lotmark.builds import api as builds
from lotmark.builds.models import Dimension
from lotmark.cli import _people

pytestmark = pytest.mark.verifies("REQ-025", "RC-009")


def schema(called):
    assert called.code in {0, 1, 5, 8}, called.err
    return called.wire["schema"].removeprefix("https://lotmark.dev/output/")


# ---------------------------------------------------------------- JSON


@pytest.mark.parametrize(
    ("words", "name", "code"),
    [
        (("run",), "run/v1", 0),
        (("gate",), "gate/v1", 0),
        (("gate", "--run", "RUN-0001", "--explain"), "gate/v1", 0),
        (("deploy", "status"), "deploy-status/v1", 0),
        (("deploy", "plan"), "deploy-plan/v1", 0),
        (("deploy", "verify"), "deploy-check/v1", 0),
        (("log", "search"), "log-search/v1", 0),
        (("log", "fsck"), "log-fsck/v1", 0),
        (("key", "list"), "keys/v1", 0),
        (("test", "plan"), "test-plan/v1", 0),
        (("build",), "build/v1", 0),
        (("doctor",), "doctor/v1", 0),
        (("explain",), "rules/v1", 0),
        (("explain", "LM-PIP-001"), "rule/v1", 0),
        (("init",), "init/v1", 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_json_names_its_schema_and_text_says_the_same_end(tiny_released, words, name, code):
    called = tiny_released.cli("--format", "json", *words)
    assert (schema(called), called.code) == (name, code)
    if words not in {("build",), ("init",)}:
        text = tiny_released.cli(*words)
        assert (text.code, bool(text.out.strip())) == (code, True)


def test_without_a_ledger_every_command_that_needs_one_says_so(tiny):
    shutil.rmtree(tiny.state)
    for words in (("run",), ("gate",), ("log", "search"), ("log", "fsck"), ("key", "list"), ("approve", "request"), ("deploy", "plan"), ("stage", "source")):
        called = tiny.cli(*words)
        assert (called.code, "LM-CLI-010" in called.err, "lotmark init" in called.err) == (4, True, True), words


def test_outside_a_work_tree(tmp_path):
    called = call("-C", str(tmp_path), "check")
    assert (called.code, "LM-PRD-002" in called.err) == (2, True)
    called = call("-C", str(tmp_path / "nowhere"), "check")
    assert (called.code, "LM-PRD-002" in called.err) == (2, True)


def test_before_the_first_run_there_is_nothing_to_judge(tiny):
    for words in (("gate",), ("approve", "request"), ("deploy", "plan"), ("deploy", "verify"), ("gate", "--run", "RUN-0004")):
        called = tiny.cli(*words)
        assert (called.code, "help: " in called.err) == (5, True), words


# ---------------------------------------------------------------- run, stage, gate


def test_a_released_run_in_words(tiny_released):
    called = tiny_released.cli("run")
    assert called.code == 0
    assert "tiny 1.0.0 is released. `lotmark show 1.0.0` gives the five answers." in called.out
    assert called.out.splitlines()[-1] == "tiny:RUN-0001"


def test_a_waiting_run_in_words(tiny_waiting):
    called = tiny_waiting.cli("run")
    assert called.code == 8
    assert "Waiting for people:\n  regulatory (review): 0 of 1\n  quality-owner (approval): 0 of 1\n" in called.out
    assert tiny_waiting.cli("run", "--stage", "approval").code == 8
    assert tiny_waiting.cli("run", "--stage", "unit").code == 0
    assert tiny_waiting.cli("stage", "approval").code == 8


def test_a_refused_run_in_words(tiny):
    tiny.edit("tests/unit/tests.sh", "'^tiny '", "'^no such '")
    tiny.commit()
    called = tiny.cli("run", "--stage", "unit")
    assert called.code == 1
    assert "tests/unit/tests.sh::test_greets" in called.out
    called = tiny.cli("run")
    assert called.code == 1
    assert "is refused. `lotmark gate --explain` tells each criterion." in called.out
    gate = tiny.cli("gate", "--explain")
    assert gate.code == 1
    assert "The gate is closed" in gate.out
    assert "rule:" in gate.out
    assert "found:" in gate.out


def test_single_stages(tiny):
    called = tiny.cli("stage", "build")
    assert (called.code, "LM-PIP-014" in called.err) == (5, True)
    assert tiny.cli("stage", "source").code == 0
    called = tiny.cli("--format", "json", "stage", "dependencies")
    assert (called.code, schema(called)) == (0, "run/v1")
    assert not (tiny.state / "engine.db").exists()


def test_the_gate_judges_by_the_policy_that_the_run_pinned(tiny_released):
    tiny_released.write({"quality/policy.yaml": "nonsense: true\n"})
    called = tiny_released.cli("gate")
    assert called.code == 0, called.err
    assert "The gate is open" in called.out


# ---------------------------------------------------------------- check, test, build, doctor


def test_check_of_a_sound_product(tiny):
    called = tiny.cli("check")
    assert (called.code, called.err) == (0, "")
    assert "nothing found" in called.out


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github", "gitlab", "markdown"])
def test_check_in_every_form(tiny, form):
    tiny.edit("quality/requirements/REQ-001.md", "UN-001", "UN-009")
    called = tiny.cli("--format", form, "check")
    assert called.code == 1
    assert "UN-009" in called.out
    if form in {"json", "sarif", "gitlab"}:
        json.loads(called.out)


def test_check_of_commits_and_of_warnings_that_repeat(tiny):
    base = tiny.git("rev-parse", "HEAD")
    for _ in range(5):
        tiny.commit("Nothing named")
    called = tiny.cli("check", "--changed-since", base)
    assert called.code == 0
    assert called.out.count("references no requirement") == 3
    assert "2 more findings are not shown here: 2 LM-PIP-011" in called.out
    assert tiny.cli("check", "--changed-since", base, "--all").out.count("references no requirement") == 5
    assert tiny.cli("check", "--changed-since", "nowhere").code == 2


def test_plan_of_a_change(tiny):
    base = tiny.git("rev-parse", "HEAD")
    tiny.edit("quality/requirements/REQ-001.md", "shall greet", "shall greet politely")
    tiny.commit()
    called = tiny.cli("--format", "json", "test", "plan", "--changed-since", base)
    assert called.code == 0
    selected = {each["test"]: each["reasons"] for each in called.wire["selected"]}
    assert "tests/unit/tests.sh::test_greets" in selected
    assert all(selected.values())


def test_collect(tiny, tmp_path):
    results = tmp_path / "unit.xml"
    case = "<testcase classname='tests/unit/tests.sh' name='{}' file='tests/unit/tests.sh'>{}</testcase>"
    results.write_text(f"<testsuite name='unit'>{case.format('test_greets', '')}{case.format('test_version', '')}</testsuite>")
    called = tiny.cli("--format", "json", "test", "collect", "unit", str(results))
    assert (called.code, schema(called), called.wire["counts"]["passed"]) == (0, "test-collect/v1", 2)
    results.write_text(f"<testsuite name='unit'>{case.format('test_greets', '<failure/>')}</testsuite>")
    assert tiny.cli("test", "collect", "unit", str(results), "--exit-code", "1").code == 1
    assert tiny.cli("--format", "sarif", "test", "collect", "unit", str(results), "--exit-code", "1").out.startswith("{")
    results.write_text("<testsuite name='unit'/>")
    assert tiny.cli("test", "collect", "unit", str(results)).code == 5
    results.write_text("<testsuite")
    assert tiny.cli("test", "collect", "unit", str(results)).code == 1
    assert tiny.cli("test", "collect", "unit", str(tmp_path / "nowhere.xml")).code == 2


def test_build_leaves_its_outputs_where_it_is_told(tiny, tmp_path):
    called = tiny.cli("build", "-o", str(tmp_path / "out"))
    assert called.code == 0
    assert (tmp_path / "out" / "out" / "tool.sh").read_text() == (tiny.root / "src" / "tool.sh").read_text()
    assert "IDENTICAL" in called.out
    assert tiny.size() == 8


def test_build_that_differs_or_fails(tiny):
    tiny.edit("lotmark.yaml", "[install, -D, src/tool.sh, out/tool.sh]", "[sh, -c, 'mkdir out && date +%s%N > out/tool.sh']")
    tiny.commit()
    called = tiny.cli("build")
    assert (called.code, "DIFFERENT" in called.out) == (1, True)
    tiny.edit("lotmark.yaml", "[sh, -c, 'mkdir out && date +%s%N > out/tool.sh']", "[sh, -c, 'echo it is broken; exit 3']")
    tiny.commit()
    called = tiny.cli("build")
    assert (called.code, "it is broken" in called.out) == (1, True)


def test_doctor_names_what_is_missing(monkeypatch):
    monkeypatch.setattr(builds, "check_environment", lambda: [Finding("LM-BLD-001", "bubblewrap is not installed", help="apt-get install bubblewrap")])
    called = call("doctor")
    assert called.code == 4
    assert "help: apt-get install bubblewrap" in called.out


@pytest.mark.parametrize("caught", [True, False])
def test_doctor_tests_itself(monkeypatch, caught):
    class Found:
        dimension = Dimension.CLOCK
        varied = True

    Found.caught = caught
    monkeypatch.setattr(builds, "check_environment", list)
    monkeypatch.setattr(builds, "self_test", lambda work, clock: [Found])
    called = call("--format", "json", "doctor", "--self-test")
    assert called.code == (0 if caught else 4)
    assert called.wire["selfTest"] == [{"dimension": "clock", "varied": True, "caught": caught}]


# ---------------------------------------------------------------- log


def test_log_search(tiny_released):
    called = tiny_released.cli("--format", "json", "log", "search", "--kind", "approval")
    assert [each["who"] for each in called.wire["entries"]] == ["Rene Example", "Quinn Example"]
    assert [each["why"] for each in called.wire["entries"]] == ["It holds.", "It holds."]
    assert all(each["receivedAt"].endswith("Z") for each in called.wire["entries"])
    assert len(tiny_released.cli("--format", "json", "log", "search", "--limit", "2").wire["entries"]) == 2
    assert tiny_released.cli("--format", "json", "log", "search", "--since", "100000").wire["entries"] == []
    assert len(tiny_released.cli("--format", "json", "log", "search", "--scope", "run:tiny:RUN-0001", "--kind", "decision").wire["entries"]) == 1


def test_log_prove_and_checkpoint(tiny_released):
    called = tiny_released.cli("log", "prove", "3")
    assert json.loads(called.out)["index"] == 3
    assert tiny_released.cli("log", "prove", "99999").code == 5
    note = tiny_released.cli("log", "checkpoint").out
    assert note.startswith("example.org/tiny\n")
    place = tiny_released.folder / "checkpoint"
    place.write_text(note)
    tiny_released.commit()
    assert tiny_released.cli("log", "fsck", "--seen", str(place)).code == 0


def test_fsck_against_a_checkpoint_that_the_log_does_not_continue(tiny, tiny_waiting):
    place = tiny.folder / "checkpoint"
    place.write_text(tiny_waiting.cli("log", "checkpoint").out)
    shutil.rmtree(tiny.state)
    shutil.copytree(opened().state, tiny.state)
    called = tiny.cli("--format", "json", "log", "fsck", "--seen", str(place))
    assert (called.code, called.wire["sound"]) == (6, False)
    assert tiny.cli("--format", "github", "log", "fsck", "--seen", str(place)).out.startswith("::error")


# ---------------------------------------------------------------- keys


def test_a_key_from_its_making_to_its_end(tiny, tmp_path):
    made = tiny.cli("--format", "json", "key", "generate", "--as", "quinn", "--file", str(tmp_path / "keys" / "quinn.key"))
    assert (made.code, schema(made)) == (0, "key/v1")
    private, public = tmp_path / "keys" / "quinn.key", tmp_path / "keys" / "quinn.pub"
    assert private.stat().st_mode & 0o777 == 0o600
    assert len(parse_public_pem(public.read_bytes())) == 32
    assert b"ENCRYPTED" in private.read_bytes()
    assert tiny.cli("key", "generate", "--as", "quinn", "--file", str(private)).code != 0
    enrolled = tiny.cli("--format", "json", "key", "enrol", "quinn", "--public", str(public), *tiny.as_person("ada"))
    assert (enrolled.code, schema(enrolled)) == (0, "key-enrolled/v1"), enrolled.err
    key_id = made.wire["keyId"]
    revoked = tiny.cli("--format", "json", "key", "revoke", key_id[:16], *tiny.as_person("ada"), "--reason", "Lost.")
    assert (revoked.code, schema(revoked)) == (0, "key-revoked/v1"), revoked.err
    (row,) = [each for each in tiny.cli("--format", "json", "key", "list").wire["keys"] if each["keyId"] == key_id]
    assert (row["person"], row["validFrom"], row["validUntil"]) == ("quinn", enrolled.wire["index"] + 1, revoked.wire["index"])
    assert "Quinn Example" in tiny.cli("key", "list").out
    tiny.assert_sound()


def test_keys_that_are_refused(tiny, tmp_path):
    size = tiny.size()
    public = str(tiny.people / "quinn.pub")
    assert "LM-CLI-012" in tiny.cli("key", "enrol", "nobody", "--public", public, *tiny.as_person("ada")).err
    # Only a root key enrols and revokes.
    for words in (("enrol", "quinn", "--public", public), ("revoke", key_of(tiny, "quinn"), "--reason", "x")):
        called = tiny.cli("key", *words, *tiny.as_person("rene"))
        assert called.code in {4, 6}, called.err
    assert "LM-CLI-013" in tiny.cli("key", "revoke", "0000000000", *tiny.as_person("ada"), "--reason", "x").err
    called = tiny.cli("key", "generate", "--as", "quinn", "--file", str(tmp_path / "quinn.pub"))
    assert (called.code, "LM-CLI-011" in called.err, (tmp_path / "quinn.pub").exists()) == (2, True, False)
    assert tiny.cli("key", "generate", "--as", "../quinn").code == 2
    assert tiny.size() == size
    tiny.assert_sound()


def key_of(tiny, person):
    return next(each["keyId"] for each in tiny.cli("--format", "json", "key", "list").wire["keys"] if each["person"] == person)


def test_a_revoked_key_signs_nothing_more(tiny_waiting):
    tiny = tiny_waiting
    assert tiny.cli("key", "revoke", key_of(tiny, "quinn"), *tiny.as_person("ada"), "--reason", "Lost.").code == 0
    called = tiny.cli("approve", "sign", *tiny.as_person("quinn"), "--role", "quality-owner", "--reason", "It holds.")
    assert (called.code, "LM-CLI-018" in called.err) == (4, True)


def test_a_short_passphrase_is_refused(tmp_path, monkeypatch):
    place = tmp_path / "short"
    place.touch(mode=0o600)
    place.write_text("short\n")
    monkeypatch.setenv("LOTMARK_PASSPHRASE_FILE", str(place))
    called = call("key", "generate", "--as", "quinn", "--file", str(tmp_path / "quinn.key"))
    assert called.code == 2, called.err
    assert not (tmp_path / "quinn.key").exists()


def test_where_a_passphrase_comes_from(tmp_path, monkeypatch):
    place = tmp_path / "passphrase"
    place.touch(mode=0o644)
    place.write_text(PASSPHRASE + "\n")
    monkeypatch.setenv("LOTMARK_PASSPHRASE_FILE", str(place))
    called = call("key", "generate", "--as", "quinn", "--file", str(tmp_path / "quinn.key"))
    assert (called.code, "others may read" in called.err) == (4, True)
    monkeypatch.setenv("LOTMARK_PASSPHRASE_FILE", str(tmp_path / "nowhere"))
    assert call("key", "generate", "--as", "quinn", "--file", str(tmp_path / "quinn.key")).code == 4
    monkeypatch.delenv("LOTMARK_PASSPHRASE_FILE")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    called = call("key", "generate", "--as", "quinn", "--file", str(tmp_path / "quinn.key"))
    assert (called.code, "LM-CLI-015" in called.err) == (4, True)
    # Typed at a terminal, twice.
    monkeypatch.setattr(_people.sys, "stdin", type("Terminal", (), {"isatty": lambda self: True})())
    typed = iter([PASSPHRASE, PASSPHRASE + "!", PASSPHRASE, PASSPHRASE])
    monkeypatch.setattr(click, "prompt", lambda *words, **options: next(typed))
    called = call("key", "generate", "--as", "quinn", "--file", str(tmp_path / "quinn.key"))
    assert (called.code, "LM-CLI-016" in called.err) == (2, True)
    assert call("key", "generate", "--as", "quinn", "--file", str(tmp_path / "quinn.key")).code == 0


# ---------------------------------------------------------------- approve and waive in words


def test_what_is_signed_is_shown_first(tiny_waiting):
    tiny = tiny_waiting
    request = tiny.cli("approve", "request")
    assert request.code == 8
    for shown in ("tool.sh  sha256 ", "19 of 19 criteria met", "high (first release of the product", "… regulatory: review, 0 of 1"):
        assert shown in request.out
    signed = tiny.cli("approve", "sign", *tiny.as_person("rene"), "--role", "regulatory", "--meaning", "review", "--reason", "It holds.")
    assert signed.code == 0
    assert "You sign as regulatory, meaning review: It holds." in signed.err
    assert "still missing: quality-owner (approval)" in signed.out
    again = tiny.cli("approve", "sign", *tiny.as_person("rene"), "--role", "regulatory", "--meaning", "review", "--reason", "It holds.")
    assert (again.code, "LM-APR-008" in again.err) == (1, True)
    last = tiny.cli("--format", "json", "approve", "sign", *tiny.as_person("quinn"), "--role", "quality-owner", "--reason", "It holds.")
    assert (schema(last), last.wire["complete"]) == ("signature/v1", True)
    request = tiny.cli("--format", "json", "approve", "request")
    assert (request.code, schema(request)) == (0, "approvals/v1")


def test_withdrawing_what_cannot_be_withdrawn(tiny_waiting):
    assert tiny_waiting.cli("approve", "withdraw", *tiny_waiting.as_person("rene"), "3", "--reason", "x").code == 2
    assert tiny_waiting.cli("approve", "withdraw", *tiny_waiting.as_person("rene"), "9999", "--reason", "x").code == 5


def test_waivers_are_numbered_by_product_and_never_twice(tiny):
    last_day = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
    names = []
    for test in ("tests/integration/tests.sh::test_built", "tests/unit/tests.sh::test_greets"):
        called = tiny.cli(
            "--format", "json", "waive", *tiny.as_person("quinn"), "--role", "quality-owner", "--test", test, "--reason", "r", "--residual-risk", "none", "--expires", last_day
        )  # fmt: skip
        assert schema(called) == "waiver/v1"
        names.append(called.wire["waiver"])
    assert names == ["tiny:WVR-0001", "tiny:WVR-0002"]
    closed = tiny.cli("--format", "json", "waive", *tiny.as_person("quinn"), "--role", "quality-owner", "--close", "tiny:WVR-0002", "--reason", "Mended.")
    assert schema(closed) == "waiver-closure/v1"


# ---------------------------------------------------------------- init and demo


def test_init_of_a_repository_that_exists(tmp_path, monkeypatch):
    place = tmp_path / "My Product"
    tiny = TinyProduct(tmp_path)
    tiny.root = place
    place.mkdir()
    tiny.git("init", "--quiet")
    tiny.write({".gitignore": "*.o"})
    tiny.commit()
    called = tiny.cli("--format", "json", "init")
    assert (called.code, called.wire["origin"]) == (0, None)
    assert "id: my-product" in (place / "lotmark.yaml").read_text()
    assert (place / ".gitignore").read_text() == "*.o\n.lotmark/\n"
    assert (place / ".github" / "workflows" / "lotmark.yml").is_file()
    assert tiny.cli("--format", "json", "init").wire["written"] == []
    monkeypatch.setenv("LOTMARK_INIT_ID", "Bad Id")
    assert "LM-IDS-002" in tiny.cli("init").err
    monkeypatch.delenv("LOTMARK_INIT_ID")
    key = tmp_path / "admin.key"
    assert tiny.cli("key", "generate", "--as", "admin", "--file", str(key)).code == 0
    assert "LM-CLI-012" in tiny.cli("init", "--as", "nobody", "--key", str(key)).err
    assert "LM-CLI-014" in tiny.cli("init", "--as", "admin").err
    opened = tiny.cli("--format", "json", "init", "--as", "admin", "--key", str(key))
    assert (opened.code, opened.wire["origin"].startswith("lotmark.local/my-product/")) == (0, True)
    assert "LM-CLI-011" in tiny.cli("init", "--as", "admin", "--key", str(key)).err
    assert tiny.cli("log", "fsck").code == 0
    assert len(tiny.cli("--format", "json", "key", "list").wire["keys"]) == 3
    assert tiny.git("status", "--porcelain", "--untracked-files=all", "--", ".lotmark") == ""


def test_init_with_a_configuration_outside_leaves_the_repository_alone(tmp_path):
    tiny = TinyProduct(tmp_path)
    tiny.root.mkdir()
    tiny.git("init", "--quiet")
    tiny.commit()
    called = tiny.cli("--config", str(tmp_path / "config"), "init", "--id", "other")
    assert called.code == 0
    assert [path.name for path in tiny.root.iterdir()] == [".git"]
    assert "id: other" in (tmp_path / "config" / "lotmark.yaml").read_text()


def test_demo_into_a_folder_that_somebody_uses(tmp_path):
    (tmp_path / "file").write_text("mine")
    called = call("demo", str(tmp_path))
    assert (called.code, "LM-CLI-011" in called.err) == (2, True)
    called = call("demo", str(tmp_path), "--replace")
    assert (called.code, (tmp_path / "file").read_text()) == (2, "mine")


def test_demo_says_where_everything_lies(tmp_path, monkeypatch):
    from lotmark.bootstrap import _demo

    result = _demo.DemoResult(
        *(tmp_path / name for name in ("product", "people", "bundle.zip", "dossier.html", "trust.json")), "1.0.0", "qpcr:RUN-0001", "five answers", {"five": 5}
    )
    monkeypatch.setattr(_demo, "run_demo", lambda folder, example, **options: result)
    called = call("demo", str(tmp_path))
    assert (called.code, called.out.splitlines()[-1]) == (0, "qpcr:RUN-0001")
    assert "throw-away keys" in called.out
    assert call("--format", "json", "demo", str(tmp_path)).wire["answers"] == {"five": 5}
