"""A question means one thing, or the candidates are listed, or near misses."""

from pathlib import Path

import pytest

from fakes.index_world import IndexWorld
from lotmark.base.digest import Digest
from lotmark.base.errors import ExitCode, NothingToJudgeError, UsageError
from lotmark.index._resolve import Found, resolve
from lotmark.index.api import Index

pytestmark = pytest.mark.verifies("REQ-023")


COMMIT = Digest.of(b"qpcr1.4.0").hex[:40]
EARLY = Digest.of(f"early {COMMIT}".encode()).hex[:40]
WHEEL = Digest.of(b"artifact of qpcr 1.4.0").hex


def ask(world: IndexWorld, tmp_path: Path, question: str) -> Found:
    with world.index(tmp_path) as index:
        index.refresh()
        return resolve(index, question)


@pytest.mark.parametrize(
    ("question", "kind", "name"),
    [
        ("1.4.0", "version", "qpcr@1.4.0"),
        (" 1.4.0 ", "version", "qpcr@1.4.0"),
        ("v1.4.0", "version", "qpcr@1.4.0"),
        ("qpcr@1.4.0", "version", "qpcr@1.4.0"),
        ("RUN-0001", "run", "qpcr:RUN-0001"),
        ("qpcr:RUN-0001", "run", "qpcr:RUN-0001"),
        (COMMIT, "commit", COMMIT),
        (COMMIT[:7], "commit", COMMIT),
        (COMMIT[:7].upper(), "commit", COMMIT),
        (EARLY[:9], "commit", EARLY),
        (WHEEL, "digest", WHEEL),
        (WHEEL[:8], "digest", WHEEL),
        (f"sha256:{WHEEL}", "digest", WHEEL),
        (f"sha256:{WHEEL[:8]}", "digest", WHEEL),
        ("REQ-001", "item", "qpcr:REQ-001"),
        ("qpcr:HAZ-001", "item", "qpcr:HAZ-001"),
        ("RC-001", "item", "qpcr:RC-001"),
        ("WVR-0001", "waiver", "qpcr:WVR-0001"),
        ("qpcr:WVR-0001", "waiver", "qpcr:WVR-0001"),
        ("04012345000016", "udi-di", "04012345000016"),
        ("numpy", "component", "numpy"),
        ("pkg:pypi/numpy", "component", "pkg:pypi/numpy"),
    ],
)
def test_every_name_that_the_ledger_knows(index: Index, question: str, kind: str, name: str):
    found = resolve(index, question)
    assert (found.about.kind, found.about.name) == (kind, name)
    assert resolve(index, found.ask).about.name in {name, found.ask, found.runs[0].run if found.runs else name}


@pytest.mark.parametrize("question", [COMMIT[:6], WHEEL[:6], f"sha256:{WHEEL[:7]}"])
def test_too_few_digits_are_told(index: Index, question: str):
    with pytest.raises(NothingToJudgeError, match="nothing in the ledger") as caught:
        resolve(index, question)
    assert caught.value.code == "LM-IDX-004"
    assert caught.value.exit_code == ExitCode.NOTHING_TO_JUDGE
    assert "at least 7 digits" in (caught.value.solution or "")


@pytest.mark.parametrize(
    ("question", "near"),
    [
        ("1.4.1", "1.4.0"),
        ("REQ-0001", "REQ-001"),
        ("req-001", "REQ-001"),
        ("run-001", "RUN-0001"),
        ("numpi", "numpy"),
        ("WVR-1", "WVR-0001"),
        ("0401234500016", "04012345000016"),
    ],
)
def test_near_misses_are_suggested(index: Index, question: str, near: str):
    with pytest.raises(NothingToJudgeError) as caught:
        resolve(index, question)
    assert near in (caught.value.solution or "")


@pytest.mark.parametrize("question", ["zzzzzzzz", "%", "' OR 1 --", "REQ-001; DROP TABLE runs", "\x00", "é"])
def test_anything_else_finds_nothing(index: Index, question: str):
    with pytest.raises(NothingToJudgeError) as caught:
        resolve(index, question)
    assert "lists the runs" in (caught.value.solution or "") or "did you mean" in (caught.value.solution or "")


def test_an_empty_ledger_says_how_to_begin(tmp_path: Path):
    with pytest.raises(NothingToJudgeError, match="holds no run yet"):
        ask(IndexWorld().found(), tmp_path, "1.4.0")


class TestSeveral:
    def test_runs_of_a_version_are_one_thing_and_the_release_comes_first(self, world: IndexWorld, tmp_path: Path):
        world.run(1).close("abandoned")
        world.release(2)
        world.run(3)
        found = ask(world, tmp_path, "1.4.0")
        assert [run.run for run in found.runs] == ["qpcr:RUN-0002", "qpcr:RUN-0003", "qpcr:RUN-0001"]

    def test_without_a_release_the_newest_run_comes_first(self, world: IndexWorld, tmp_path: Path):
        world.run(1)
        world.run(2)
        assert ask(world, tmp_path, "1.4.0").runs[0].run == "qpcr:RUN-0002"

    def test_versions_of_a_device_are_one_thing_and_the_newest_release_comes_first(self, world: IndexWorld, tmp_path: Path):
        world.release(1, "1.4.0")
        world.release(2, "1.5.0")
        world.run(3, "1.6.0")
        found = ask(world, tmp_path, "04012345000016")
        assert [run.version for run in found.runs] == ["1.5.0", "1.4.0", "1.6.0"]

    def test_a_device_identifier_that_is_not_set_is_not_found(self, tmp_path: Path):
        world = IndexWorld(udi_di="").found()
        world.waive()
        world.release()
        with pytest.raises(NothingToJudgeError):
            ask(world, tmp_path, "")

    def test_two_products_of_one_version_are_listed(self, world: IndexWorld, tmp_path: Path):
        world.release(1)
        world.product, world.udi_di = "pump", "04012345000023"
        world.waive()
        world.release(1)
        for question, wanted in (("1.4.0", "qpcr@1.4.0"), ("RUN-0001", "qpcr:RUN-0001"), ("REQ-001", "qpcr:REQ-001"), ("WVR-0001", "qpcr:WVR-0001")):
            with pytest.raises(UsageError) as caught:
                ask(world, tmp_path, question)
            assert caught.value.code == "LM-IDX-005"
            assert caught.value.exit_code == ExitCode.USAGE
            assert f"\n    {wanted}  (" in (caught.value.solution or "")
            assert "pump" in (caught.value.solution or "")
        assert ask(world, tmp_path, "pump@1.4.0").runs[0].run == "pump:RUN-0001"
        assert ask(world, tmp_path, "pump:REQ-001").about.name == "pump:REQ-001"

    def test_commits_with_one_prefix_are_listed(self, world: IndexWorld, tmp_path: Path):
        for number in range(1, 16):
            world.run(number, f"1.{number}.0", commit="abcdef0" + f"{number:033x}")
        with pytest.raises(UsageError) as caught:
            ask(world, tmp_path, "abcdef0")
        assert "15 things" in caught.value.reason
        assert "and 3 more" in (caught.value.solution or "")
        assert ask(world, tmp_path, "abcdef0" + f"{3:033x}").runs[0].version == "1.3.0"

    def test_one_artifact_under_two_versions_is_listed_by_version(self, world: IndexWorld, tmp_path: Path):
        world.release(1, "1.4.0", artifact="ab" * 32)
        world.release(2, "1.5.0", artifact="ab" * 32)
        with pytest.raises(UsageError) as caught:
            ask(world, tmp_path, "ab" * 32)
        assert "qpcr@1.4.0" in (caught.value.solution or "")
        assert "qpcr@1.5.0" in (caught.value.solution or "")

    def test_a_commit_and_a_digest_with_one_prefix_are_listed(self, world: IndexWorld, tmp_path: Path):
        world.release(1, "1.4.0", commit="abcdef01" + "0" * 32, artifact="abcdef01" + "0" * 56)
        with pytest.raises(UsageError) as caught:
            ask(world, tmp_path, "abcdef01")
        assert "sha256:abcdef01" in (caught.value.solution or "")
        assert ask(world, tmp_path, "sha256:abcdef01").about.kind == "digest"

    def test_an_earlier_commit_is_answered_by_the_first_release_with_it(self, world: IndexWorld, tmp_path: Path):
        commit = "c1" * 20
        world.run(1, "1.4.0", commit=commit).change()
        world.release(2, "1.4.0", commit=commit)
        early = Digest.of(f"early {commit}".encode()).hex[:40]
        found = ask(world, tmp_path, early[:10])
        assert [run.run for run in found.runs] == ["qpcr:RUN-0002"]
        assert "'Start'" in found.about.words

    def test_an_earlier_commit_without_a_release_by_the_first_run(self, world: IndexWorld, tmp_path: Path):
        commit = "c1" * 20
        world.run(1, "1.4.0", commit=commit).change()
        world.run(2, "1.4.0", commit=commit).change()
        early = Digest.of(f"early {commit}".encode()).hex[:40]
        assert [run.run for run in ask(world, tmp_path, early).runs] == ["qpcr:RUN-0001"]

    def test_many_purls_of_one_name_are_one_component(self, world: IndexWorld, tmp_path: Path):
        for number in range(1, 6):
            world.run(number, components=[(f"pkg:pypi/numpy@2.{number}.0", "runtime", "MIT", "allowed")]).dependencies()
        found = ask(world, tmp_path, "numpy")
        assert found.about.words.endswith("and more")
