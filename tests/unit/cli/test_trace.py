"""`lotmark trace` and `check` at the command line, with a ledger, people and keys."""

import json

import pytest

from lotmark.base.errors import ExitCode

pytestmark = pytest.mark.verifies("REQ-401", "REQ-402", "REQ-405")


def edit(tiny, name, old, new):
    path = tiny.root / "quality" / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def first_requirement(tiny):
    return min((tiny.root / "quality/requirements").glob("REQ-*.md"))


def review(tiny, *more, person="quinn", role="quality-owner"):
    return tiny.cli("--format", "json", "trace", "review", *more, *tiny.as_person(person), "--role", role, "--reason", "Read side by side.")


class TestReview:
    def test_links_are_listed_signed_and_shadowed(self, tiny):
        listed = tiny.cli("--format", "json", "trace", "review")
        assert listed.code == ExitCode.PENDING
        waiting = listed.wire["links"]
        assert waiting
        assert not any(link["reviewed"] for link in waiting)
        done = review(tiny)
        assert done.code == ExitCode.ACCEPTED, done
        lock = (tiny.root / "quality/trace.lock").read_text().splitlines()
        assert len(lock) == len(waiting)
        assert tiny.cli("trace", "review").code == ExitCode.ACCEPTED
        checked = tiny.cli("--format", "json", "check")
        assert not [one for one in checked.wire["findings"] if one["code"].startswith("LM-CHK")]

    def test_an_edit_makes_links_suspect_until_somebody_signs_again(self, tiny):
        review(tiny)
        path = first_requirement(tiny)
        path.write_text(path.read_text() + "It shall say so.\n")
        checked = tiny.cli("--format", "json", "check")
        assert checked.code == ExitCode.REFUSED
        assert {one["subject"] for one in checked.wire["findings"] if one["code"] == "LM-CHK-001"}
        assert path.stem in {link["source"] for link in tiny.cli("--format", "json", "trace", "review").wire["links"]}
        assert review(tiny, path.stem).code == ExitCode.ACCEPTED
        assert not [one for one in tiny.cli("--format", "json", "check").wire["findings"] if one["code"] == "LM-CHK-001"]

    def test_the_lock_is_written_anew_from_the_ledger(self, tiny):
        review(tiny)
        lock = tiny.root / "quality/trace.lock"
        before = lock.read_bytes()
        lock.unlink()
        assert tiny.cli("trace", "review", "--write-lock").code == ExitCode.ACCEPTED
        assert lock.read_bytes() == before

    def test_only_one_link_may_be_named(self, tiny):
        link = tiny.cli("--format", "json", "trace", "review").wire["links"][0]
        done = review(tiny, f"{link['source']}:{link['type']}:{link['target']}")
        assert done.wire["links"] == [link]

    @pytest.mark.parametrize(("person", "role"), [("quinn", "regulatory"), ("rene", "quality-owner")])
    def test_nobody_signs_in_a_role_of_somebody_else(self, tiny, person, role):
        done = review(tiny, person=person, role=role)
        assert done.code == ExitCode.ENVIRONMENT
        assert not (tiny.root / "quality/trace.lock").exists()

    def test_a_review_says_role_and_reason(self, tiny):
        assert tiny.cli("trace", "review", *tiny.as_person("quinn")).code == ExitCode.USAGE

    def test_nothing_to_review_there(self, tiny):
        assert review(tiny, "REQ-999").code == ExitCode.NOTHING_TO_JUDGE


EXCEPTIONS = """roles: [quality-owner]
exceptions:
  - {id: EXC-001, rule: LM-TRC-031, items: [UN-099], reason: The next version brings it., owner: dana, expires: 2099-01-01}
max-days: 3660
"""


class TestExcept:
    @pytest.fixture
    def excepted(self, tiny):
        (tiny.root / "quality/exceptions.yaml").write_text(EXCEPTIONS)
        return tiny

    def test_an_entry_is_signed_word_for_word(self, excepted):
        done = excepted.cli("--format", "json", "trace", "except", "EXC-001", *excepted.as_person("quinn"), "--role", "quality-owner")
        assert done.code == ExitCode.ACCEPTED, done
        assert done.wire["exception"] == "EXC-001"

    @pytest.mark.parametrize(
        ("person", "role", "name"), [("rene", "regulatory", "EXC-001"), ("dana", "developer", "EXC-001"), ("quinn", "quality-owner", "EXC-404")]
    )
    def test_nobody_else_signs_and_nothing_else_is_signed(self, excepted, person, role, name):
        done = excepted.cli("trace", "except", name, *excepted.as_person(person), "--role", role)
        assert done.code in {ExitCode.ENVIRONMENT, ExitCode.NOTHING_TO_JUDGE}


class TestViews:
    def test_the_matrix_tells_where_its_results_are_from(self, tiny):
        called = tiny.cli("--format", "json", "trace", "matrix")
        assert called.code == ExitCode.REFUSED
        assert "no results" in called.wire["source"]
        assert {one["state"] for one in called.wire["items"]} == {"no results"}

    def test_results_of_the_last_run_count_while_its_commit_stands(self, tiny_released):
        fresh = tiny_released.cli("--format", "json", "trace", "matrix")
        assert "RUN-0001" in fresh.wire["source"]
        assert "verified" in {one["state"] for one in fresh.wire["items"]}
        tiny_released.git("commit", "-q", "--allow-empty", "-m", "More")
        stale = tiny_released.cli("--format", "json", "trace", "matrix")
        assert "cover nothing" in stale.wire["source"]
        assert "verified" not in {one["state"] for one in stale.wire["items"]}

    @pytest.mark.parametrize("name", ["page.html", "table.csv", "table.xlsx"])
    def test_pages_and_tables_are_written_by_the_ending_of_their_name(self, tiny, tmp_path, name):
        tiny.cli("trace", "matrix", "-o", str(tmp_path / name))
        assert (tmp_path / name).stat().st_size > 200

    def test_another_ending_is_refused(self, tiny, tmp_path):
        assert tiny.cli("trace", "matrix", "-o", str(tmp_path / "x.pdf")).code == ExitCode.USAGE

    def test_export_writes_them_all(self, tiny, tmp_path):
        called = tiny.cli("--format", "json", "trace", "export", "-o", str(tmp_path / "out"))
        assert called.code == ExitCode.ACCEPTED
        assert {path.name for path in (tmp_path / "out").iterdir()} >= {"trace.html", "matrix.csv", "risks.csv", "graph.json"}

    def test_impact_names_items_and_tests(self, tiny):
        item = first_requirement(tiny).stem
        called = tiny.cli("--format", "json", "trace", "impact", item)
        assert called.wire["changed"] == [item]
        assert called.wire["above"]
        assert called.wire["tests"]
        assert tiny.cli("trace", "impact", "REQ-999").code == ExitCode.USAGE
        assert tiny.cli("trace", "impact").code == ExitCode.USAGE
        assert tiny.cli("trace", "impact", "--changed-since", "HEAD").out.strip() == "nothing changed"

    @pytest.mark.parametrize("form", ["mermaid", "dot", "json"])
    def test_a_graph_in_each_form(self, tiny, form):
        item = first_requirement(tiny).stem
        called = tiny.cli("trace", "graph", item, "--form", form)
        assert called.code == ExitCode.ACCEPTED
        assert item in called.out
        if form == "json":
            assert json.loads(called.out)["nodes"]

    def test_a_graph_of_nothing_is_refused(self, tiny):
        assert tiny.cli("trace", "graph", "REQ-999").code == ExitCode.USAGE
