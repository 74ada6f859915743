"""Capsules: written deterministically, sharing blobs, and refused as soon as a byte is another; the script of a stranger."""

import errno
import io
import json
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fakes.build_world import NO_PYTHON, TODAY, make_clock, make_repo, shell
from lotmark.base.digest import Digest
from lotmark.base.errors import IntegrityError, LotmarkError, NothingToJudgeError, RefusedError, UsageError
from lotmark.builds import _capsule
from lotmark.builds._capsule import LAYER_TYPE, LOCK_TYPE, provisional, write_capsule
from lotmark.builds._capsule_form import CAPSULE_TYPE, LockSource
from lotmark.builds._layout import make_layout
from lotmark.builds._rebuild import _unpack, read_lock, rebuild_capsule
from lotmark.builds._rebuild_script import rebuild_script
from lotmark.builds.api import build_twice, make_capsule, stage_source
from lotmark.builds.models import BuildReport, StagedSource
from lotmark.product.models import EnvironmentSection

pytestmark = pytest.mark.verifies("REQ-603", "RC-007", "HAZ-004")

CONFIG = shell("mkdir out; cp a.txt out/")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, bwrap: None) -> tuple[BuildReport, StagedSource, Path]:
    place = tmp_path_factory.mktemp("built")
    repo = make_repo(place / "repo", {"a.txt": "alpha\n", "run.sh": "#!/bin/sh\n"}, executable=("run.sh",), links={"link": "a.txt"})
    report = build_twice(repo, "HEAD", CONFIG, NO_PYTHON, place / "work", make_clock(), TODAY)
    return report, stage_source(repo, "HEAD", place / "staged"), repo


def write(folder: Path, built: tuple[BuildReport, StagedSource, Path], name: str = "1.0", environment: EnvironmentSection = NO_PYTHON) -> Digest:
    """A capsule whose root is one file: what is tested here does not run it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_capsule, "root_files", lambda _: {"usr": Path("/usr"), "usr/true": Path("/bin/true")})
        return write_capsule(folder, name, built[0], built[1], CONFIG, make_layout(environment, None), ())


def test_it_is_an_oci_layout_whose_blobs_are_named_by_their_digest(tmp_path: Path, built: Any) -> None:
    key = write(tmp_path, built)
    assert json.loads((tmp_path / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    [descriptor] = json.loads((tmp_path / "index.json").read_text())["manifests"]
    for blob in (tmp_path / "blobs/sha256").iterdir():
        assert Digest.of_file(blob).hex == blob.name
    manifest = json.loads((tmp_path / "blobs/sha256" / descriptor["digest"].removeprefix("sha256:")).read_text())
    assert (manifest["artifactType"], manifest["config"]["mediaType"]) == (CAPSULE_TYPE, LOCK_TYPE)
    assert manifest["config"]["digest"] == f"sha256:{key.hex}"
    assert [layer["annotations"]["dev.lotmark.role"] for layer in manifest["layers"]] == ["root", "source"]
    assert {layer["mediaType"] for layer in manifest["layers"]} == {LAYER_TYPE}


def test_the_lock_says_what_went_in_and_what_came_out(tmp_path: Path, built: Any) -> None:
    made = write(tmp_path, built)
    key, lock = read_lock(tmp_path, "1.0")
    report = built[0]
    assert key == made
    assert lock.source == LockSource(commit=report.commit, sha256=report.source_digest.hex)
    assert lock.recipe.command == list(CONFIG.command)
    assert lock.recipe.variables["SOURCE_DATE_EPOCH"] == str(built[1].committed_at)
    assert [(each.name, each.size, each.sha256, each.executable) for each in lock.expected] == [("out/a.txt", 6, Digest.of(b"alpha\n").hex, False)]


def test_two_checkouts_write_the_same_bytes_and_share_them(tmp_path: Path, built: Any) -> None:
    assert write(tmp_path / "one", built) == write(tmp_path / "two", built)
    names = [sorted(path.name for path in (tmp_path / each / "blobs/sha256").iterdir()) for each in ("one", "two")]
    assert names[0] == names[1]
    write(tmp_path / "one", built, "2.0")
    more = {path.name for path in (tmp_path / "one/blobs/sha256").iterdir()} - set(names[0])
    assert len(more) == 1, "only the manifest, which holds the name, is new"
    assert [each["annotations"] for each in json.loads((tmp_path / "one/index.json").read_text())["manifests"]] == [
        {"org.opencontainers.image.ref.name": "1.0"},
        {"org.opencontainers.image.ref.name": "2.0"},
    ]


def test_a_release_written_again_stands_once(tmp_path: Path, built: Any) -> None:
    write(tmp_path, built)
    write(tmp_path, built)
    assert len(json.loads((tmp_path / "index.json").read_text())["manifests"]) == 1


class TestProvisional:
    def test_what_is_not_kept_is_gone_and_the_others_stay(self, tmp_path: Path, built: Any) -> None:
        write(tmp_path, built, "2.0")
        with provisional(tmp_path, "1.0"):
            write(tmp_path, built)
            assert read_lock(tmp_path, "1.0")
        assert read_lock(tmp_path, "2.0")
        assert not (tmp_path / "rebuild-1.0.sh").exists()
        with pytest.raises(NothingToJudgeError, match=r"2\.0"):
            read_lock(tmp_path, "1.0")

    def test_what_is_kept_stays(self, tmp_path: Path, built: Any) -> None:
        with provisional(tmp_path, "1.0") as keep:
            write(tmp_path, built)
            keep()
        assert read_lock(tmp_path, "1.0")
        assert (tmp_path / "rebuild-1.0.sh").exists()

    def test_an_earlier_capsule_of_the_name_outlives_a_later_one_that_fails(self, tmp_path: Path, built: Any) -> None:
        key = write(tmp_path, built)
        script = (tmp_path / "rebuild-1.0.sh").read_bytes()
        with provisional(tmp_path, "1.0"):
            index = json.loads((tmp_path / "index.json").read_text())
            index["manifests"] = []
            (tmp_path / "index.json").write_text(json.dumps(index))
            (tmp_path / "rebuild-1.0.sh").write_text("another")
        assert read_lock(tmp_path, "1.0")[0] == key
        assert (tmp_path / "rebuild-1.0.sh").read_bytes() == script

    def test_what_is_cut_short_counts_no_more_than_what_failed(self, tmp_path: Path, built: Any) -> None:
        def cut_short() -> None:
            with provisional(tmp_path, "1.0"):
                write(tmp_path, built)
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            cut_short()
        with pytest.raises(NothingToJudgeError):
            read_lock(tmp_path, "1.0")

    @pytest.mark.parametrize("name", ["../x", "a/b", ""])
    def test_a_name_that_leads_elsewhere_is_refused_before_anything_is_looked_at(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(UsageError), provisional(tmp_path, name):
            pytest.fail("went on")


def test_a_release_beside_a_damaged_index_is_refused_and_nothing_is_written_over_it(tmp_path: Path, built: Any) -> None:
    (tmp_path / "index.json").write_text('{"manifests": {}}')
    with pytest.raises(IntegrityError) as caught:
        write(tmp_path, built)
    assert caught.value.code == "LM-BLD-045"
    assert (tmp_path / "index.json").read_text() == '{"manifests": {}}'


A_LAYER = {"role": "root", "sha256": "a" * 64, "size": 1}
WHOLE: dict[str, Any] = {
    "lock": 1,
    "source": {"commit": "c", "sha256": "a" * 64},
    "recipe": {"command": ["true"], "workingDirectory": ".", "outputs": ["out"], "timeout": 5, "variables": {}},
    "environment": {"layers": [A_LAYER], "packages": [], "python": [], "tools": [], "mounts": []},
    "comparators": [],
    "expected": [{"name": "out", "size": 1, "sha256": "a" * 64, "executable": False}],
}
INDEX = '{"manifests": [{"digest": "sha256:%s", "annotations": {"org.opencontainers.image.ref.name": "1.0"}}%s]}'


def lay(folder: Path, lock: bytes, *, index: str = "", manifest: bytes = b"") -> Path:
    """A capsule by hand, every digest right: so only its form can be refused."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def put(data: bytes) -> str:
        (blobs / Digest.of(data).hex).write_bytes(data)
        return Digest.of(data).hex

    made = manifest or json.dumps({"artifactType": CAPSULE_TYPE, "config": {"digest": f"sha256:{put(lock)}"}}).encode()
    (folder / "index.json").write_text(index or INDEX % (put(made), ""))
    return folder


def test_a_capsule_by_hand_is_read(tmp_path: Path) -> None:
    assert read_lock(lay(tmp_path, json.dumps(WHOLE).encode()), "1.0")[1].recipe.timeout == 5


def _with(*path: str, value: Any) -> bytes:
    tree = json.loads(json.dumps(WHOLE))
    place = tree
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return json.dumps(tree).encode()


@pytest.mark.parametrize(
    "lock",
    [
        b"",
        b"[]",
        b'"x"',
        b"{}",
        b"{",
        b"\xff",
        b"[" * 100_000,
        json.dumps(WHOLE).encode()[:-1] + b', "lock": 1}',
        _with("lock", value=2),
        _with("recipe", "command", value=[]),
        _with("recipe", "command", value="rm"),
        _with("recipe", "command", value=[""]),
        _with("recipe", "timeout", value="x"),
        _with("recipe", "timeout", value=0),
        _with("recipe", "variables", value=["a"]),
        _with("recipe", "outputs", value=[]),
        _with("environment", "layers", value=[]),
        _with("environment", "layers", value="x"),
        _with("environment", "layers", value=[{**A_LAYER, "sha256": "../x"}]),
        _with("environment", "layers", value=[{**A_LAYER, "size": -1}]),
        _with("expected", value=[]),
        _with("expected", value=[{"name": "out", "size": 1, "sha256": "zz", "executable": False}]),
    ],
    ids=[
        "empty", "a list", "a text", "nothing in it", "cut off", "no UTF-8", "deep", "a key twice", "another version", "no command", "a command as text",
        "an empty word", "time as text", "no time", "variables as a list", "no outputs", "no layer", "layers as text", "a layer elsewhere", "a negative size",
        "nothing expected", "no digest expected",
    ],
)  # fmt: skip
def test_an_input_lock_of_another_form_is_refused(tmp_path: Path, lock: bytes) -> None:
    with pytest.raises(IntegrityError) as caught:
        read_lock(lay(tmp_path, lock), "1.0")
    assert (caught.value.code, caught.value.exit_code) == ("LM-BLD-045", 6)


@pytest.mark.parametrize(
    "index",
    ["", "null", "[]", "{}", '{"manifests": 1}', '{"manifests": [1]}', '{"manifests": [], "manifests": []}', INDEX % ("b" * 63, ""), " " * (16 * 2**20 + 1)],
    ids=["empty", "null", "a list", "nothing in it", "a number", "a number in it", "a key twice", "no digest", "large"],
)
def test_an_index_of_another_form_is_refused(tmp_path: Path, index: str) -> None:
    lay(tmp_path, json.dumps(WHOLE).encode())
    (tmp_path / "index.json").write_text(index)
    with pytest.raises(IntegrityError) as caught:
        read_lock(tmp_path, "1.0")
    assert caught.value.code == "LM-BLD-045"


def test_a_release_that_stands_twice_is_refused(tmp_path: Path) -> None:
    place = lay(tmp_path, json.dumps(WHOLE).encode())
    index = json.loads((place / "index.json").read_text())
    index["manifests"] *= 2
    (place / "index.json").write_text(json.dumps(index))
    with pytest.raises(IntegrityError, match="stands 2 times"):
        read_lock(place, "1.0")


def test_layers_hold_no_time_no_owner_and_plain_modes(tmp_path: Path, built: Any) -> None:
    write(tmp_path, built)
    _, lock = read_lock(tmp_path, "1.0")
    [source] = [each for each in lock.environment.layers if each.role == "source"]
    with tarfile.open(tmp_path / "blobs/sha256" / source.sha256) as archive:
        found = {member.name: (member.mode, member.mtime, member.uid, member.uname, member.issym()) for member in archive}
    when = built[1].committed_at
    assert found == {
        "build/src/a.txt": (0o644, when, 0, "", False),
        "build/src/link": (0o777, when, 0, "", True),
        "build/src/run.sh": (0o755, when, 0, "", False),
    }


def test_declared_mounts_become_layers(tmp_path: Path, built: Any) -> None:
    tools = tmp_path / "tools"
    (tools / "__pycache__").mkdir(parents=True)
    (tools / "tool").write_text("x")
    (tools / "__pycache__" / "a.pyc").write_text("x")
    write(tmp_path / "c", built, environment=EnvironmentSection(python="none", mounts=[str(tools)]))
    _, lock = read_lock(tmp_path / "c", "1.0")
    layers = lock.environment.layers
    assert [each.role for each in layers] == ["root", "mount", "source"]
    with tarfile.open(tmp_path / "c/blobs/sha256" / layers[1].sha256) as archive:
        assert archive.getnames() == [str(tools).lstrip("/"), f"{tools}/tool".lstrip("/")]
    assert lock.environment.mounts == [str(tools)]


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "-x", "a b", "a\n", "$(x)", "x" * 101])
def test_a_name_that_cannot_be_a_files_is_refused(tmp_path: Path, built: Any, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        write(tmp_path, built, name)
    assert caught.value.code == "LM-BLD-043"
    assert list(tmp_path.iterdir()) == []


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _manifest(folder: Path) -> Path:
    [descriptor] = json.loads((folder / "index.json").read_text())["manifests"]
    return folder / "blobs/sha256" / str(descriptor["digest"]).removeprefix("sha256:")


def _lock(folder: Path) -> Path:
    return folder / "blobs/sha256" / str(json.loads(_manifest(folder).read_text())["config"]["digest"]).removeprefix("sha256:")


def _point_to(folder: Path, reference: str) -> None:
    index = json.loads((folder / "index.json").read_text())
    index["manifests"][0]["digest"] = reference
    (folder / "index.json").write_text(json.dumps(index))


def _other_type(folder: Path) -> None:
    data = _manifest(folder).read_bytes().replace(b"lotmark.capsule", b"another.capsule")
    (folder / "blobs/sha256" / Digest.of(data).hex).write_bytes(data)
    _point_to(folder, f"sha256:{Digest.of(data).hex}")


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (lambda folder: (folder / "index.json").unlink(), "LM-BLD-044"),
        (lambda folder: (folder / "index.json").write_text("{"), "LM-BLD-045"),
        (lambda folder: (folder / "index.json").write_text("[]"), "LM-BLD-045"),
        (lambda folder: (folder / "index.json").write_text('{"manifests": [{}]}'), "LM-BLD-045"),
        (lambda folder: (folder / "index.json").write_text('{"manifests": []}'), "LM-BLD-044"),
        (lambda folder: _flip(_manifest(folder)), "LM-BLD-045"),
        (lambda folder: _manifest(folder).unlink(), "LM-BLD-045"),
        (lambda folder: _flip(_lock(folder)), "LM-BLD-045"),
        (lambda folder: _lock(folder).unlink(), "LM-BLD-045"),
        (lambda folder: _point_to(folder, "sha256:../../../../etc/passwd"), "LM-BLD-045"),
        (lambda folder: _point_to(folder, ""), "LM-BLD-045"),
        (_other_type, "LM-BLD-045"),
    ],
    ids=[
        "no index",
        "index cut",
        "index no object",
        "nameless",
        "no release",
        "manifest changed",
        "manifest gone",
        "lock changed",
        "lock gone",
        "a way out",
        "no digest",
        "another kind",
    ],
)
def test_a_damaged_capsule_is_refused(tmp_path: Path, built: Any, harm: Callable[[Path], object], code: str) -> None:
    write(tmp_path, built)
    harm(tmp_path)
    with pytest.raises(LotmarkError) as caught:
        read_lock(tmp_path, "1.0")
    assert caught.value.code == code
    assert caught.value.solution


def make_tar(*members: tuple[str, bytes, str]) -> bytes:
    """A tar of (name, type, link or content)."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for name, kind, text in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            if kind == tarfile.REGTYPE:
                info.size = len(text)
                archive.addfile(info, io.BytesIO(text.encode()))
            else:
                info.linkname = text
                archive.addfile(info)
    return sink.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        make_tar(("/etc/evil", tarfile.REGTYPE, "x")),
        make_tar(("../evil", tarfile.REGTYPE, "x")),
        make_tar(("a/../../evil", tarfile.REGTYPE, "x")),
        make_tar(("out", tarfile.SYMTYPE, ".."), ("out/evil", tarfile.REGTYPE, "x")),
        make_tar(("out", tarfile.SYMTYPE, "/"), ("out/tmp/evil-capsule", tarfile.REGTYPE, "x")),
        make_tar(("x", tarfile.SYMTYPE, "../../evil"), ("x", tarfile.REGTYPE, "x")),
        make_tar(("x", tarfile.SYMTYPE, ".."), ("x", tarfile.DIRTYPE, "")),
        make_tar(("hard", tarfile.LNKTYPE, "/etc/passwd")),
        make_tar(("dev", tarfile.CHRTYPE, "")),
        make_tar(("fifo", tarfile.FIFOTYPE, "")),
        b"no tar at all" * 99,
        make_tar(("a", tarfile.REGTYPE, "x" * 5000))[:2000],
    ],
    ids=[
        "absolute",
        "up",
        "up from below",
        "through a link",
        "through a link to the root",
        "onto a link",
        "a folder onto a link",
        "hard link",
        "device",
        "fifo",
        "no tar",
        "cut",
    ],
)
def test_a_layer_that_leaves_its_folder_is_refused(tmp_path: Path, data: bytes) -> None:
    root = tmp_path / "place" / "root"
    root.mkdir(parents=True)
    (tmp_path / "layer").write_bytes(data)
    with pytest.raises(IntegrityError) as caught:
        _unpack(tmp_path / "layer", root)
    assert caught.value.code == "LM-BLD-045"
    assert not (tmp_path / "evil").exists()
    assert not (tmp_path / "place" / "evil").exists()
    assert not Path("/tmp/evil-capsule").exists()


def test_modes_are_plain_whatever_a_layer_says(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for name, kind, mode in ((".", tarfile.DIRTYPE, 0), ("d", tarfile.DIRTYPE, 0), ("d/su", tarfile.REGTYPE, 0o4711), ("d/f", tarfile.REGTYPE, 0o2660)):
            info = tarfile.TarInfo(name)
            info.type, info.mode = kind, mode
            archive.addfile(info, io.BytesIO())
    (tmp_path / "layer").write_bytes(sink.getvalue())
    _unpack(tmp_path / "layer", root)
    assert {name: (root / name).stat().st_mode & 0o7777 for name in (".", "d", "d/su", "d/f")} == {".": 0o755, "d": 0o755, "d/su": 0o755, "d/f": 0o644}


def test_a_full_disk_is_not_called_damage(tmp_path: Path) -> None:
    (tmp_path / "layer").write_bytes(make_tar(("a", tarfile.REGTYPE, "x")))

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tarfile.TarFile, "extractall", full)
        with pytest.raises(OSError, match="No space"):
            _unpack(tmp_path / "layer", tmp_path)


@pytest.mark.parametrize(
    "members",
    [
        [("build", tarfile.SYMTYPE, "{outside}")],
        [("build/src", tarfile.SYMTYPE, "{outside}")],
        [("build", tarfile.REGTYPE, "x")],
        [("build/src", tarfile.REGTYPE, "x")],
    ],
    ids=["link above", "link", "file above", "file"],
)
def test_a_recipe_never_writes_a_folder_of_the_host(tmp_path: Path, bwrap: None, members: list[tuple[str, bytes, str]]) -> None:
    outside = tmp_path / "outside"
    (outside / "src").mkdir(parents=True)
    layer = make_tar(*((name, kind, text.format(outside=outside)) for name, kind, text in members))
    described = {"role": "source", "sha256": Digest.of(layer).hex, "size": len(layer)}
    capsule = lay(tmp_path / "capsule", _with("environment", "layers", value=[described]))
    (capsule / "blobs/sha256" / described["sha256"]).write_bytes(layer)
    with pytest.raises(IntegrityError, match="source folder") as caught:
        rebuild_capsule(capsule, "1.0", tmp_path / "work")
    assert caught.value.code == "LM-BLD-045"
    assert [path.name for path in outside.rglob("*")] == ["src"]


def test_a_disk_that_fills_leaves_no_part_of_a_blob(tmp_path: Path, built: Any) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_capsule, "_add", full)
        with pytest.raises(OSError, match="No space"):
            write(tmp_path, built)
    assert list((tmp_path / "blobs/sha256").iterdir()) == []
    assert not (tmp_path / "index.json").exists()


def test_links_are_unpacked_as_links(tmp_path: Path) -> None:
    (tmp_path / "layer").write_bytes(
        make_tar(("bin", tarfile.SYMTYPE, "usr/bin"), ("usr/cc", tarfile.SYMTYPE, "/etc/alternatives/cc"), ("a", tarfile.REGTYPE, "x"))
    )
    root = tmp_path / "root"
    root.mkdir()
    _unpack(tmp_path / "layer", root)
    assert (root / "bin").readlink() == Path("usr/bin")
    assert (root / "usr/cc").readlink() == Path("/etc/alternatives/cc")


LOCK: dict[str, Any] = {
    "recipe": {"command": ["sh", "-c", "echo $A 'b'"], "workingDirectory": ".", "variables": {"A": "x y; $(touch evil)", "B": "'"}},
    "environment": {"layers": [{"sha256": "a" * 64}]},
    "expected": [{"name": "out/a b.txt", "sha256": "b" * 64}, {"name": "back\\slash", "sha256": "c" * 64}, {"name": "$(touch evil)", "sha256": "d" * 64}],
}


def test_the_script_is_a_plain_shells(tmp_path: Path) -> None:
    script = tmp_path / "s.sh"
    script.write_text(rebuild_script("1.0", LOCK))
    assert subprocess.run(["sh", "-n", str(script)], check=False).returncode == 0
    text = script.read_text()
    assert "'A=x y; $(touch evil)'" in text
    assert "lotmark.builds" not in text
    assert f"\\{'c' * 64}  back\\\\slash\n" in text


def test_the_script_stops_at_a_missing_blob(tmp_path: Path) -> None:
    (tmp_path / "s.sh").write_text(rebuild_script("1.0", LOCK))
    result = subprocess.run(["sh", str(tmp_path / "s.sh")], cwd=tmp_path, capture_output=True, check=False)
    assert result.returncode == 6
    assert b"damaged or missing" in result.stderr
    assert not (tmp_path / "evil").exists()


BUILDER = """#!/bin/sh
while [ "$1" != --bind ]; do shift; done
mkdir -p "$2/build/src" && cp -R made/. "$2/build/src"
"""
"""In the place of bwrap: puts what is in ``made`` where the build would write."""


@pytest.mark.parametrize("name", ["a\nEXPECTED\ntouch evil\n", "-n", "a b", "back\\slash", "EXPECTED", "{x}", "'$(touch evil)'"])
def test_no_name_of_an_output_is_more_than_a_name_to_the_script(tmp_path: Path, name: str) -> None:
    for folder in ("bin", "made"):
        (tmp_path / folder).mkdir()
    (tmp_path / "bin" / "bwrap").write_text(BUILDER)
    (tmp_path / "bin" / "bwrap").chmod(0o755)
    (tmp_path / "made" / name).write_bytes(b"right")
    recipe = {"command": ["make"], "workingDirectory": ".", "variables": {}}
    for content, code, word in ((b"right", 0, b"IDENTICAL"), (b"wrong", 1, b"DIFFERENT")):
        lock = {"recipe": recipe, "environment": {"layers": []}, "expected": [{"name": name, "sha256": Digest.of(content).hex}]}
        (tmp_path / "s.sh").write_text(rebuild_script("1.0", lock))
        command = ["sh", "s.sh", "out"]
        done = subprocess.run(command, cwd=tmp_path, env={"PATH": f"{tmp_path}/bin:/usr/bin:/bin"}, capture_output=True, check=False)
        assert (done.returncode, word in done.stdout) == (code, True), done
    assert (tmp_path / "out" / name).read_bytes() == b"right"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin", "made", "out", "s.sh"]


@pytest.mark.parametrize(
    ("script", "environment"),
    [
        ("mkdir out; head -c 9 /dev/urandom > out/x", NO_PYTHON),
        ("exit 3", NO_PYTHON),
        ("mkdir out; cp a.txt out/", EnvironmentSection(python="none", backend="host")),
    ],
    ids=["chance", "failed", "not sealed"],
)
def test_what_did_not_agree_becomes_no_capsule(tmp_path: Path, built: Any, script: str, environment: EnvironmentSection) -> None:
    config = shell(script, bisection=0)
    report = build_twice(built[2], "HEAD", config, environment, tmp_path / "work", make_clock(), TODAY)
    with pytest.raises(RefusedError) as caught:
        make_capsule(tmp_path / "capsule", "1.0", built[2], report, config, environment, tmp_path / "work")
    assert caught.value.code == "LM-BLD-043"
    assert not (tmp_path / "capsule").exists()
