"""The lane's private copy of the sources."""

import os
from pathlib import Path

import pytest

from fakes.build_world import COMMITTED_AT, NO_PYTHON, make_repo
from lotmark.base.errors import UsageError
from lotmark.builds._bwrap import SANDBOX_ID
from lotmark.builds._conditions import Conditions
from lotmark.builds._lane import PreparedLane, prepare_lane
from lotmark.builds._layout import make_layout
from lotmark.builds.api import stage_source
from lotmark.builds.models import TOLD, Capabilities, StagedSource

pytestmark = pytest.mark.verifies("REQ-013", "RC-007", "HAZ-004")


SEALED = Capabilities("bwrap", available=True, hides=True, relocates=True, owner=SANDBOX_ID if os.geteuid() == 0 else None)
PINNED = Conditions(name="A")
HOST = Capabilities("host", available=True, hides=False)


@pytest.fixture
def staged(repo: Path, tmp_path: Path) -> StagedSource:
    return stage_source(repo, "HEAD", tmp_path / "staged")


def prepare(place: Path, staged: StagedSource | None, conditions: Conditions = PINNED, capabilities: Capabilities = SEALED, **options: object) -> PreparedLane:
    return prepare_lane(place, staged, make_layout(NO_PYTHON, None), conditions, capabilities, command=("true",), **options)  # type: ignore[arg-type]


def test_the_copy_is_writable_and_the_commits(staged: StagedSource, tmp_path: Path) -> None:
    lane = prepare(tmp_path / "lane", staged)
    assert (lane.folder / "src" / "b c.txt").read_text() == "beta\n"
    assert (lane.folder / "link").readlink() == Path("a.txt")
    assert oct((lane.folder / "a.txt").stat().st_mode)[-3:] == "644"
    assert oct((lane.folder / "run.sh").stat().st_mode)[-3:] == "755"
    assert {path.lstat().st_mtime for path in (lane.folder, *lane.folder.rglob("*"))} == {COMMITTED_AT}
    assert lane.changed_sources() == ()
    (lane.folder / "a.txt").write_text("other")
    assert lane.changed_sources() == ("a.txt",)
    assert (staged.root / "a.txt").read_text() == "alpha\n"


def test_mode_time_and_order_follow_the_conditions(staged: StagedSource, tmp_path: Path) -> None:
    lane = prepare(tmp_path / "lane", staged, Conditions(name="B", umask=0o027, mtime_shift=-100, reverse=True))
    assert oct((lane.folder / "a.txt").stat().st_mode)[-3:] == "640"
    assert oct((lane.folder / "src").stat().st_mode)[-3:] == "750"
    assert {path.lstat().st_mtime for path in lane.folder.rglob("*")} == {COMMITTED_AT - 100}


def test_reverse_staging_reverses_the_listing_on_tmpfs(tmp_path: Path) -> None:
    from lotmark.builds._scratch import is_tmpfs, open_scratch

    repo = make_repo(tmp_path / "repo", {f"d/{name}": "" for name in "abcdefgh"})
    with open_scratch(tmp_path / "work") as scratch:
        if not is_tmpfs(scratch):
            pytest.skip("no tmpfs")
        staged = stage_source(repo, "HEAD", scratch / "staged")
        one = prepare(scratch / "one", staged)
        two = prepare(scratch / "two", staged, Conditions(name="B", reverse=True))
        assert one.order[1] == two.order[1][::-1]


def test_as_root_the_copy_belongs_to_the_sandboxs_user(staged: StagedSource, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("not root")
    lane = prepare(tmp_path / "lane", staged)
    assert {path.lstat().st_uid for path in (lane.folder, *lane.folder.rglob("*"))} == {SANDBOX_ID}


def test_the_copy_belongs_to_the_user_that_an_engine_is_told(staged: StagedSource, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("not root")
    told = Capabilities("engine", available=True, hides=True, relocates=True, owner=TOLD)
    lane = prepare(tmp_path / "lane", staged, Conditions(name="B", uid=20123), told)
    assert {path.lstat().st_uid for path in (lane.folder, *lane.folder.rglob("*"))} == {20123}


def test_without_paths_of_its_own_a_lane_has_its_own_home_and_scratch(staged: StagedSource, tmp_path: Path) -> None:
    lane = prepare(tmp_path / "lane", staged, PINNED, Capabilities("inplace", available=True, hides=True))
    assert lane.spec.scratch == (str(tmp_path / "lane/home"), str(tmp_path / "lane/tmp"))
    assert lane.spec.variables["TMPDIR"] == lane.spec.scratch[1]
    assert all(Path(place).is_dir() for place in lane.spec.scratch)


def test_the_spec_names_the_places_inside(staged: StagedSource, tmp_path: Path) -> None:
    lane = prepare(tmp_path / "lane", staged, Conditions(name="B", source="/build/x/src", home="/build/h", user="u", hostname="h"), working_directory="src")
    spec = lane.spec
    assert spec.working_directory == "/build/x/src/src"
    assert (spec.variables["HOME"], spec.variables["USER"], spec.variables["PYTHONHASHSEED"]) == ("/build/h", "u", "0")
    assert spec.scratch == ("/tmp", "/build/h")
    assert [(mount.source, mount.target) for mount in spec.mounts if mount.writable] == [(lane.folder, "/build/x/src")]
    assert "/etc/passwd" in [mount.target for mount in spec.mounts]


def test_on_the_host_the_places_are_the_hosts(staged: StagedSource, tmp_path: Path) -> None:
    lane = prepare(tmp_path / "lane", staged, capabilities=HOST)
    assert lane.spec.working_directory == str(lane.folder)
    assert lane.spec.variables["HOME"] == str(tmp_path / "lane" / "home")
    assert "/etc/passwd" not in [mount.target for mount in lane.spec.mounts]


def test_without_a_source_the_folder_is_empty(tmp_path: Path) -> None:
    lane = prepare(tmp_path / "lane", None)
    assert list(lane.folder.iterdir()) == []
    assert (lane.order, lane.changed_sources()) == ((), ())


@pytest.mark.parametrize("name", ["absent", "a.txt", "../other", "/etc", "src/../../x"])
def test_a_working_directory_outside_the_source_is_refused(staged: StagedSource, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        prepare(tmp_path / "lane", staged, working_directory=name)
    assert caught.value.code == "LM-BLD-008"


def test_a_working_directory_through_a_link_that_leaves_is_refused(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a": ""}, links={"out": "/etc"})
    with pytest.raises(UsageError):
        prepare(tmp_path / "lane", stage_source(repo, "HEAD", tmp_path / "staged"), working_directory="out")


def test_built_files_are_put_in_place_and_do_not_count_as_changes(staged: StagedSource, tmp_path: Path) -> None:
    built = tmp_path / "built"
    built.write_text("binary")
    built.chmod(0o755)
    plain = tmp_path / "plain"
    plain.write_text("text")
    lane = prepare(tmp_path / "lane", staged, extra_files={"dist/deep/app": built, "a.txt": plain, "link": plain})
    assert (lane.folder / "dist" / "deep" / "app").read_text() == "binary"
    assert os.access(lane.folder / "dist" / "deep" / "app", os.X_OK)
    assert (lane.folder / "a.txt").read_text() == "text"
    assert not (lane.folder / "link").is_symlink()
    assert lane.changed_sources() == ()


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "", "a//b", "./a", "a\0b"])
def test_a_built_file_cannot_be_put_outside(staged: StagedSource, tmp_path: Path, name: str) -> None:
    (tmp_path / "f").write_text("x")
    with pytest.raises(UsageError) as caught:
        prepare(tmp_path / "lane", staged, extra_files={name: tmp_path / "f"})
    assert caught.value.code == "LM-BLD-031"


def test_a_built_file_is_not_written_through_a_tracked_link(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"a": ""}, links={"dist": str(tmp_path)})
    (tmp_path / "f").write_text("x")
    with pytest.raises(UsageError) as caught:
        prepare(tmp_path / "lane", stage_source(repo, "HEAD", tmp_path / "staged"), extra_files={"dist/evil": tmp_path / "f"})
    assert caught.value.code == "LM-BLD-031"
    assert not (tmp_path / "evil").exists()


def test_a_pinned_hash_seed_holds_in_both_lanes(staged: StagedSource, tmp_path: Path) -> None:
    from lotmark.product.models import EnvironmentSection

    layout = make_layout(EnvironmentSection(python="none", variables={"PYTHONHASHSEED": "7"}), None)
    lane = prepare_lane(tmp_path / "lane", staged, layout, Conditions(name="B", hash_seed="99"), SEALED, command=("true",))
    assert lane.spec.variables["PYTHONHASHSEED"] == "7"
