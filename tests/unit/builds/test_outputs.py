"""Collecting what a stranger's command left."""

import os
from pathlib import Path

import pytest

from lotmark.base.digest import Digest
from lotmark.base.errors import UsageError
from lotmark.builds import _outputs
from lotmark.builds._outputs import collect

pytestmark = pytest.mark.verifies("REQ-013", "RC-007", "HAZ-004")


@pytest.fixture
def lane(tmp_path: Path) -> Path:
    folder = tmp_path / "lane"
    (folder / "dist" / "deep").mkdir(parents=True)
    (folder / "dist" / "a.whl").write_bytes(b"wheel")
    (folder / "dist" / "b.txt").write_bytes(b"text")
    (folder / "dist" / "deep" / "c.whl").write_bytes(b"deep")
    (folder / "top.bin").write_bytes(b"top")
    (folder / "top.bin").chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (["dist/*.whl"], ["dist/a.whl"]),
        (["dist/**/*.whl"], ["dist/a.whl", "dist/deep/c.whl"]),
        (["**"], ["top.bin", "dist/a.whl", "dist/b.txt", "dist/deep/c.whl"]),
        (["**/*.bin"], ["top.bin"]),
        (["dist/?.txt", "top.bin"], ["top.bin", "dist/b.txt"]),
        (["./dist/[ab].*"], ["dist/a.whl", "dist/b.txt"]),
        (["dist/[!a].*"], ["dist/b.txt"]),
        (["*"], ["top.bin"]),
        (["dist/deep"], []),
        (["nothing/*"], []),
        ([], []),
    ],
    ids=lambda value: "+".join(value) or "none" if isinstance(value, list) else None,
)
def test_globs_take_what_they_say(lane: Path, tmp_path: Path, patterns: list[str], names: list[str]) -> None:
    found = collect(lane, patterns, tmp_path / "out")
    assert [output.name for output in found.files] == names
    assert found.refused == ()


def test_a_file_is_copied_with_digest_size_and_executable_bit(lane: Path, tmp_path: Path) -> None:
    [output] = collect(lane, ["top.bin"], tmp_path / "out").files
    assert output.path == tmp_path / "out" / "top.bin"
    assert output.path.read_bytes() == b"top"
    assert (output.size, output.digest, output.executable) == (3, Digest.of(b"top"), True)
    assert os.access(output.path, os.X_OK)


@pytest.mark.parametrize("name", ["with space.whl", "ümlaut.whl", "$(touch x).whl", "-rf.whl", "quote'\".whl"])
def test_any_utf8_name_is_taken(lane: Path, tmp_path: Path, name: str) -> None:
    (lane / "dist" / "a.whl").unlink()
    (lane / "dist" / name).write_bytes(b"x")
    assert [output.name for output in collect(lane, ["dist/*.whl"], tmp_path / "out").files] == [f"dist/{name}"]


def test_a_name_that_json_cannot_carry_is_refused(lane: Path, tmp_path: Path) -> None:
    (lane / "dist" / "caf\udce9.whl").write_bytes(b"x")
    found = collect(lane, ["dist/*.whl"], tmp_path / "out")
    assert [output.name for output in found.files] == ["dist/a.whl"]
    [refusal] = found.refused
    assert refusal.code == "LM-BLD-014"
    assert "not UTF-8" in refusal.message
    refusal.message.encode()


@pytest.mark.parametrize("name", ["line\nfeed.whl", "tab\t.whl", "esc\x1b[2J.whl", "right-to-left\u202egnp.whl", "zero\u200bwidth.whl"])
def test_a_name_that_cannot_be_shown_is_refused(lane: Path, tmp_path: Path, name: str) -> None:
    (lane / "dist" / name).write_bytes(b"x")
    [refusal] = collect(lane, ["dist/*.whl"], tmp_path / "out").refused
    assert "cannot be shown" in refusal.message
    assert refusal.message.isprintable()
    assert refusal.subject is not None
    assert refusal.subject.isprintable()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.symlink_to("/etc/passwd"), "leads outside"),
        (lambda path: path.symlink_to("../../secret"), "leads outside"),
        (lambda path: path.symlink_to("gone"), "leads nowhere"),
        (lambda path: path.symlink_to("deep"), "link to a folder"),
        (os.mkfifo, "not a regular file"),
    ],
    ids=["absolute link", "relative link", "dangling link", "link to a folder", "fifo"],
)
def test_what_is_no_file_of_the_tree_is_refused(lane: Path, tmp_path: Path, make: object, reason: str) -> None:
    (tmp_path / "secret").write_text("key")
    make(lane / "dist" / "evil.whl")  # type: ignore[operator]
    found = collect(lane, ["dist/evil.whl"], tmp_path / "out")
    assert found.files == ()
    assert [finding.code for finding in found.refused] == ["LM-BLD-014"]
    assert reason in found.refused[0].message


def test_a_socket_is_refused(lane: Path, tmp_path: Path) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(lane / "dist" / "s.whl"))
        assert "not a regular file" in collect(lane, ["dist/s.whl"], tmp_path / "out").refused[0].message


def test_a_link_inside_the_tree_is_taken_as_its_file(lane: Path, tmp_path: Path) -> None:
    (lane / "dist" / "latest.whl").symlink_to("a.whl")
    found = {output.name: output.digest for output in collect(lane, ["dist/*.whl"], tmp_path / "out").files}
    assert found["dist/latest.whl"] == found["dist/a.whl"]
    assert not (tmp_path / "out" / "dist" / "latest.whl").is_symlink()


def test_an_output_folder_that_is_a_link_is_refused_and_never_entered(lane: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.whl").write_text("host file")
    (lane / "build").symlink_to(outside)
    found = collect(lane, ["build/*.whl"], tmp_path / "out")
    assert found.files == ()
    assert "folder of an output is a link" in found.refused[0].message


def test_a_linked_folder_elsewhere_does_not_hinder(lane: Path, tmp_path: Path) -> None:
    (lane / "usr").symlink_to("/usr")
    found = collect(lane, ["dist/*.whl", "**/*.whl"], tmp_path / "out")
    assert [output.name for output in found.files] == ["dist/a.whl", "dist/deep/c.whl"]
    assert found.refused == ()


@pytest.mark.parametrize("pattern", ["/etc/passwd", "../x", "a/../../x", "", "a//b", ".", "a\0b"])
def test_a_pattern_that_leaves_the_tree_is_a_usage_error(lane: Path, tmp_path: Path, pattern: str) -> None:
    with pytest.raises(UsageError) as caught:
        collect(lane, [pattern], tmp_path / "out")
    assert caught.value.code == "LM-BLD-014"


def test_too_many_files_are_refused(lane: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_outputs, "_MAX_FILES", 2)
    found = collect(lane, ["**"], tmp_path / "out")
    assert len(found.files) == 2
    assert "more than 2 files" in found.refused[0].message


def test_what_cannot_be_read_is_refused(lane: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(_outputs.shutil, "copyfile", refuse)
    assert "cannot be read: Permission denied" in collect(lane, ["top.bin"], tmp_path / "out").refused[0].message
    monkeypatch.setattr(_outputs.os, "scandir", refuse)
    assert "folder cannot be read" in collect(lane, ["top.bin"], tmp_path / "out").refused[0].message
