"""RootedPath: no name leads out of the root."""

import os

import pytest

from lotmark.base.errors import UsageError
from lotmark.base.paths import RootedPath

pytestmark = pytest.mark.verifies("REQ-025")


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "root"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "file").write_text("inside")
    (tmp_path / "secret").write_text("outside")
    (tmp_path / "root-twin").mkdir()
    return folder


@pytest.mark.parametrize("name", ["sub/file", "sub//file", "./sub/file", "sub/./file"])
def test_a_relative_name_is_resolved(root, name):
    assert RootedPath(root).join(name) == (root / "sub" / "file").resolve()


def test_what_does_not_exist_yet_may_be_named(root):
    assert RootedPath(root).join("new/file") == root.resolve() / "new" / "file"


@pytest.mark.parametrize("name", ["", "/", "/etc/passwd", "..", "../secret", "sub/../../secret", "sub/..", "a\0b", "\0"])
def test_a_name_that_could_leave_is_refused(root, name):
    with pytest.raises(UsageError, match="does not stay below") as error:
        RootedPath(root).join(name)
    assert error.value.code == "LM-BAS-001"


@pytest.mark.parametrize("target", ["../secret", "/etc/passwd", "../root-twin", ".."])
def test_a_link_that_leads_outside_is_refused(root, target):
    (root / "link").symlink_to(target)
    with pytest.raises(UsageError, match="through a link"):
        RootedPath(root).join("link")


def test_a_folder_that_is_a_link_outside_is_refused(root):
    (root / "folder").symlink_to(root.parent)
    with pytest.raises(UsageError, match="through a link"):
        RootedPath(root).join("folder/secret")


def test_a_link_inside_is_followed(root):
    (root / "link").symlink_to("sub/file")
    assert RootedPath(root).join("link").read_text() == "inside"


def test_a_root_that_is_itself_a_link_is_no_way_out(root):
    (root.parent / "alias").symlink_to(root)
    assert RootedPath(root.parent / "alias").join("sub/file").read_text() == "inside"


def test_a_link_to_itself_is_refused_like_any_other(root):
    (root / "loop").symlink_to("loop")
    with pytest.raises(UsageError) as error:
        RootedPath(root).join("loop/file")
    assert error.value.code == "LM-BAS-001"


def test_names_are_bytes_to_the_system(root):
    name = os.fsdecode(b"caf\xe9")
    assert RootedPath(root).join(name) == root.resolve() / name
