"""The whole check: everything planted is found, nothing invented, and what is remembered is the same answer."""

import json
import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bench._corpus import digest, make_corpus, write_corpus
from bench._floor import main as floor

from lotmark.base.clock import SteppingClock
from lotmark.base.errors import UsageError
from lotmark.base.findings import Severity
from lotmark.checks._cache import Recorder, cache_key, find_answer, keep_answer, tree_digest
from lotmark.checks.api import CheckRequest, check_product

pytestmark = pytest.mark.verifies("REQ-404", "RC-009")

CLOCK = SteppingClock(datetime(2026, 11, 27, tzinfo=UTC))


def pairs(report):
    return sorted((finding.code, finding.subject or "") for finding in report.findings)


def make(folder, count, **more):
    corpus = make_corpus(count, **more)
    write_corpus(corpus, folder)
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return corpus


@pytest.fixture
def product(tmp_path):
    make(tmp_path / "product", 100, faults=False)
    return tmp_path / "product"


def check(root, **more):
    return check_product(CheckRequest(root.resolve(), CLOCK, **more))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_planted_fault_is_found_and_none_invented(tmp_path, seed):
    corpus = make(tmp_path / "product", 400, seed=seed)
    assert pairs(check(tmp_path / "product")) == sorted(corpus.truth)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_floor_of_the_benchmark_does_the_same_checks(tmp_path, seed):
    corpus = make(tmp_path / "product", 400, seed=seed)
    assert sorted(floor(str(tmp_path / "product"))) == sorted(corpus.truth)


def test_a_sound_corpus_has_no_finding(product):
    report = check(product)
    assert report.findings == ()
    assert (report.items, report.tests) == (100, 40)


def test_a_corpus_is_the_same_bytes_for_the_same_seed(tmp_path):
    for name in "ab":
        write_corpus(make_corpus(200), tmp_path / name)
    write_corpus(make_corpus(200, seed=7), tmp_path / "c")
    assert digest(tmp_path / "a") == digest(tmp_path / "b") != digest(tmp_path / "c")


class TestMemory:
    def test_an_unchanged_work_tree_gets_the_same_report_from_memory(self, tmp_path):
        make(tmp_path / "product", 200)
        state = tmp_path / "state"
        first = check(tmp_path / "product", state=state)
        second = check(tmp_path / "product", state=state)
        assert (first.remembered, second.remembered) == (False, True)
        assert replace(second, remembered=False) == first

    EDITS = {
        "an item": lambda root: (root / "quality/requirements/UN-00001.md").write_text("---\nid: UN-00001\n---\n"),
        "one byte of an item": lambda root: _replace(root / "quality/requirements/UN-00001.md", b"needs", b"neeDs"),
        "a new item": lambda root: (root / "quality/requirements/UN-77777.md").write_text("---\nid: UN-77777\n---\n"),
        "an item less": lambda root: (root / "quality/requirements/UN-00001.md").unlink(),
        "a test": lambda root: _replace(root / "tests/unit/test_part_0000.py", b"SW-00000", b"SW-90000"),
        "a new test source": lambda root: (root / "tests/unit/test_new.py").write_text("def test_new(): pass\n"),
        "the matrix": lambda root: _replace(root / "quality/matrix.yaml", b"[unit]", b"[validation]"),
        "the declaration": lambda root: _replace(root / "lotmark.yaml", b"safety-class: C", b"safety-class: A"),
        "the lock of links": lambda root: (root / "quality/trace.lock").write_text("broken\n"),
        "the lock of links gone": lambda root: (root / "quality/trace.lock").unlink(),
        "a lock file": lambda root: (root / "poetry.lock").write_text(""),
        "a manifest": lambda root: (root / "pyproject.toml").write_text('[project]\ndependencies = ["x"]\n'),
        "markers from outside": lambda root: (root / "quality/markers.yaml").write_text("markers: []\n"),
    }

    @pytest.mark.parametrize("edit", EDITS)
    def test_any_change_is_judged_anew_with_the_answer_of_a_check_without_memory(self, product, tmp_path, edit):
        state = tmp_path / "state"
        check(product, state=state)
        self.EDITS[edit](product)
        report = check(product, state=state)
        assert not report.remembered
        assert report == check(product)

    def test_taking_a_change_back_finds_the_old_answer_or_judges_again(self, product, tmp_path):
        state, path = tmp_path / "state", product / "quality/requirements/UN-00001.md"
        before = path.read_bytes()
        first = check(product, state=state)
        path.write_bytes(before + b"more\n")
        check(product, state=state)
        path.write_bytes(before)
        assert check(product, state=state).findings == first.findings

    def test_times_of_files_do_not_matter(self, product, tmp_path):
        check(product, state=tmp_path / "state")
        for path in product.rglob("*.md"):
            os.utime(path, (1, 1))
        assert check(product, state=tmp_path / "state").remembered

    def test_another_day_is_another_question(self, product, tmp_path):
        check(product, state=tmp_path / "state")
        later = SteppingClock(datetime(2026, 11, 28, tzinfo=UTC))
        assert not check_product(CheckRequest(product.resolve(), later, state=tmp_path / "state")).remembered

    def test_the_memory_may_be_deleted(self, product, tmp_path):
        check(product, state=tmp_path / "state")
        for path in (tmp_path / "state/cache").iterdir():
            path.unlink()
        assert not check(product, state=tmp_path / "state").remembered

    @pytest.mark.parametrize(
        "damage", [b"", b"{", b"[]", b'{"format": 1}', b'{"format": 99, "names": [], "tree": "", "digest": "", "answer": {}}', b"\xff", b"[" * 100_000]
    )
    def test_a_damaged_memory_is_passed_over(self, product, tmp_path, damage):
        first = check(product, state=tmp_path / "state")
        (entry,) = (tmp_path / "state/cache").glob("*.json")
        entry.write_bytes(damage)
        report = check(product, state=tmp_path / "state")
        assert report == first

    def test_a_place_that_cannot_be_written_costs_the_memory_and_nothing_else(self, product, tmp_path):
        (tmp_path / "state").write_text("a file")
        assert check(product, state=tmp_path / "state").findings == ()

    def test_an_unreadable_file_is_never_remembered(self, product, tmp_path):
        (product / "quality/requirements/UN-00001.md").unlink()
        (product / "quality/requirements/UN-00001.md").symlink_to("UN-00002.md")
        with pytest.raises(UsageError):
            check(product, state=tmp_path / "state")
        assert not list(tmp_path.glob("state/cache/*.json"))

    def test_a_configuration_from_outside_is_never_remembered(self, product, tmp_path):
        assert not check(product, config=product.resolve(), state=tmp_path / "state").remembered
        assert not (tmp_path / "state").exists()

    def test_git_does_not_see_it(self, product):
        check(product, state=product / ".lotmark")
        listing = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=all", "--", ".lotmark"], cwd=product, capture_output=True, text=True, check=True
        )
        assert listing.stdout == ""

    def test_only_a_few_answers_are_kept(self, product, tmp_path):
        for day in range(1, 8):
            clock = SteppingClock(datetime(2026, 11, day, tzinfo=UTC))
            check_product(CheckRequest(product.resolve(), clock, state=tmp_path / "state"))
        assert len(list((tmp_path / "state/cache").glob("*.json"))) <= 4


class TestRecorder:
    def test_what_could_not_be_read_keeps_nothing(self, tmp_path):
        recorder = Recorder()
        recorder("a", b"1")
        recorder("b", None)
        keep_answer(tmp_path / "c", "key", "tree", recorder, {})
        assert not (tmp_path / "c").exists()

    def test_names_and_bytes_cannot_run_into_each_other(self):
        digests = set()
        for files in ([("a", b"bc")], [("ab", b"c")], [("a", b"b"), ("c", b"")], [("a", b""), ("bc", b"")]):
            recorder = Recorder()
            for name, data in files:
                recorder(name, data)
            digests.add(recorder.hexdigest())
        assert len(digests) == 4

    def test_a_false_answer_under_other_bytes_is_not_taken(self, tmp_path):
        (tmp_path / "w").mkdir()
        (tmp_path / "w/a").write_bytes(b"1")
        recorder = Recorder()
        recorder("a", b"2")
        keep_answer(tmp_path / "c", "key", tree_digest(tmp_path / "w"), recorder, {"x": 1})
        assert find_answer(tmp_path / "c", "key", tmp_path / "w") is None
        (tmp_path / "w/a").write_bytes(b"2")
        assert find_answer(tmp_path / "c", "key", tmp_path / "w") == {"x": 1}

    def test_keys_differ_by_every_argument(self):
        assert len({cache_key(), cache_key("a"), cache_key("a", "b"), cache_key("ab")}) == 4

    def test_a_moved_file_changes_the_tree(self, tmp_path):
        (tmp_path / "a/b").mkdir(parents=True)
        (tmp_path / "a/b/c").touch()
        first = tree_digest(tmp_path)
        (tmp_path / "a/b/c").rename(tmp_path / "a/c")
        assert tree_digest(tmp_path) != first

    def test_caches_and_environments_are_not_part_of_the_tree(self, tmp_path):
        first = tree_digest(tmp_path)
        for name in (".git", ".lotmark", ".venv", "node_modules", "__pycache__"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "x").touch()
        assert tree_digest(tmp_path) == first


def test_exceptions_are_applied_on_remembered_findings_too(tmp_path):
    root = tmp_path / "product"
    make(root, 200)
    untested = next(finding.subject for finding in check(root).findings if finding.code == "LM-TRC-035")
    (root / "quality/people.yaml").write_text("people:\n  - {id: dana, name: Dana, email: dana@example.org, roles: [developer]}\n")
    (root / "quality/exceptions.yaml").write_text(
        f"roles: [quality-owner]\nexceptions:\n  - {{id: EXC-001, rule: LM-TRC-035, items: [{untested}], reason: In repair., owner: dana, expires: 2027-03-31}}\n"
    )
    for _ in range(2):
        report = check(root, state=tmp_path / "state")
        (finding,) = [finding for finding in report.findings if finding.code == "LM-TRC-035"]
        assert finding.severity is Severity.INFO
    assert report.remembered


def test_the_published_schema_holds_for_the_output(tmp_path):
    import jsonschema

    from lotmark.base.formats import format_findings
    from lotmark.bootstrap.api import schemas

    make(tmp_path / "product", 400)
    schema = json.loads(dict(schemas())["findings.v1.json"])
    output = json.loads(format_findings(check(tmp_path / "product").findings, "json"))
    jsonschema.validate(output, schema)
    assert schema["$id"] == output["schema"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(output | {"more": 1}, schema)


def test_the_schema_files_are_current():
    from lotmark.checks._schemas import FOLDER, all_schemas

    assert {path.name: path.read_bytes() for path in FOLDER.glob("*.json")} == all_schemas()


def _replace(path: Path, old: bytes, new: bytes) -> None:
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new))
