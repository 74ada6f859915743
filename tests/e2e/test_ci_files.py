"""The files for pre-commit, GitHub and GitLab say what they say, and their command lines do it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from bench._corpus import make_corpus, write_corpus

from fakes.git_repository import Repository

pytestmark = pytest.mark.verifies("REQ-403")

ROOT = Path(__file__).parents[2]
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
INPUTS, JOBS = yaml.safe_load_all((ROOT / "templates/check.yml").read_text())
SHA = re.compile(r"[0-9a-f]{40}")


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    """A product whose branch `work` leaves a requirement without a test and a commit without a reference."""
    root = tmp_path_factory.mktemp("ci") / "product"
    repository = Repository(root)
    write_corpus(make_corpus(100, faults=False), root)
    repository.commit("First\n\nRefs: UN-00000")
    repository.git("update-ref", "refs/remotes/origin/main", "HEAD")
    repository.git("checkout", "-q", "-b", "work")
    new = root / "quality/requirements/SW-70000.md"
    new.write_text("---\nid: SW-70000\ntype: software-requirement\ntitle: New\nstatus: approved\nrefines: [SYS-00000]\n---\nThe software shall stop.\n")
    repository.commit("Add a requirement")
    return root


def run(script, product, **environment):
    """A script of a CI file, as its runner runs it: bash, its own variables, the working directory of the checkout."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith(("LOTMARK_", "GITHUB_", "CI_"))}
    path = f"{Path(sys.executable).parent}:{plain['PATH']}"
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script], cwd=product, env={**plain, "PATH": path, **environment}, capture_output=True, text=True
    )


class TestPreCommit:
    @pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
    def test_a_hook_judges_the_work_tree(self, product, hook):
        assert hook["language"] == "python"
        assert hook["pass_filenames"] is False
        done = run(hook["entry"], product)
        assert done.returncode == 1
        assert "LM-TRC-035" in done.stdout
        assert ("LM-PIP-011" in done.stdout) is ("branch" in hook["id"])

    @pytest.mark.parametrize(
        "path", ["lotmark.yaml", "quality/requirements/REQ-001.md", "tests/unit/test_a.py", "uv.lock", "quality/trace.lock", "requirements-dev.txt"]
    )
    def test_it_runs_where_something_that_it_reads_changed(self, path):
        assert re.match(HOOKS[0]["files"], path)


class TestAction:
    STEPS = ACTION["runs"]["steps"]

    def test_what_it_uses_is_pinned_by_commit(self):
        used = [step["uses"] for step in self.STEPS if "uses" in step]
        assert used
        assert all(SHA.fullmatch(name.partition("@")[2]) for name in used)

    def test_no_command_holds_text_of_a_pull_request(self):
        assert not any("${{" in step.get("run", "") for step in self.STEPS)

    @pytest.fixture
    def check(self, product, tmp_path):
        def call(**environment):
            return run(self.STEPS[-1]["run"], product, GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md"), SARIF=str(tmp_path / "out.sarif"), **environment)

        return call

    def test_it_annotates_and_leaves_sarif_and_a_summary(self, check, tmp_path):
        done = check(SINCE="origin/main", PRODUCT=".")
        assert done.returncode == 1
        assert done.stdout.startswith("::error file=quality/requirements/SW-70000.md,line=2")
        assert "::warning title=LM-PIP-011" in done.stdout
        sarif = json.loads((tmp_path / "out.sarif").read_text())
        assert {result["ruleId"] for result in sarif["runs"][0]["results"]} >= {"LM-TRC-035", "LM-PIP-011"}
        assert "Lotmark check: " in (tmp_path / "summary.md").read_text()

    def test_a_new_branch_has_nothing_before_it(self, check):
        done = check(SINCE="0" * 40)
        assert done.returncode == 1
        assert "LM-PIP-011" not in done.stdout

    @pytest.mark.parametrize("title", ["$(touch owned)", '"; touch owned; "', "`touch owned`", "--help"])
    def test_a_hostile_title_is_text(self, check, product, title):
        done = check(SINCE="origin/main", LOTMARK_CHECK_TITLE=title)
        assert done.returncode == 1
        assert not (product / "owned").exists()

    def test_the_title_is_judged(self, check):
        assert "names SW-99999, which does not exist" in check(SINCE="origin/main", LOTMARK_CHECK_TITLE="Do SW-99999").stdout

    def test_empty_inputs_are_no_inputs(self, check):
        assert check(SINCE="origin/main", LOTMARK_CHECK_TRACKER="", LOTMARK_TRACKER_TOKEN="", LOTMARK_CHECK_TITLE="").returncode == 1


class TestGitLab:
    JOB = JOBS["lotmark-check"]

    def call(self, product, **environment):
        return run("\n".join(self.JOB["script"]), product, LOTMARK_PRODUCT_FOLDER=".", **environment)

    def test_every_input_that_it_names_is_declared(self):
        used = set(re.findall(r"\$\[\[ inputs\.(\w+) \]\]", (ROOT / "templates/check.yml").read_text()))
        assert used == set(INPUTS["spec"]["inputs"])

    def test_it_leaves_a_code_quality_report_and_junit(self, product):
        base = subprocess.run(["git", "rev-parse", "origin/main"], cwd=product, capture_output=True, text=True, check=True).stdout.strip()
        done = self.call(product, CI_MERGE_REQUEST_DIFF_BASE_SHA=base, CI_MERGE_REQUEST_TITLE="Add SW-70000")
        assert done.returncode == 1
        report = json.loads((product / self.JOB["artifacts"]["reports"]["codequality"]).read_text())
        assert {"LM-TRC-035", "LM-PIP-011"} <= {entry["check_name"] for entry in report}
        assert len({entry["fingerprint"] for entry in report}) == len(report)
        assert all(entry["location"]["lines"]["begin"] > 0 for entry in report)
        assert (product / self.JOB["artifacts"]["reports"]["junit"]).stat().st_size > 100

    def test_on_the_main_branch_everything_is_judged(self, product):
        assert self.call(product).returncode == 1


def test_our_own_reader_reads_the_junit_that_we_write(product, tmp_path):
    done = run(f"lotmark check --also junit={tmp_path}/own.xml", product)
    assert done.returncode == 1
    collected = run(f"lotmark test collect unit {tmp_path}/own.xml", product)
    assert "failed" in collected.stdout
    assert "LM-TRC-035" in (tmp_path / "own.xml").read_text()
