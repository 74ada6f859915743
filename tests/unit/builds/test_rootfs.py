"""The root of a capsule: dpkg's status read, dependencies closed over, files collected through the links of a merged /usr."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotmark.base.errors import EnvironmentLacksError, UsageError
from lotmark.builds._rootfs import Package, close_over, read_packages, root_files

pytestmark = pytest.mark.verifies("REQ-603", "RC-007", "HAZ-004")

STATUS = """Package: base
Status: install ok installed
Essential: yes
Architecture: amd64
Version: 1.0

Package: cc
Status: install ok installed
Architecture: amd64
Version: 12.2-1
Pre-Depends: libc (>= 2.36)
Depends: linker:any (= 3) | gold,
 awk [amd64], headers | no-headers
Description: compiler
 Depends: nothing

Package: libc
Status: install ok installed
Architecture: amd64
Version: 2.36
Depends: cc

Package: gold
Status: install ok installed
Architecture: amd64
Version: 3

Package: mawk
Status: install ok installed
Architecture: amd64
Version: 1.3
Provides: awk (= 1), other-awk

Package: headers
Status: install ok installed
Architecture: all
Version: 6

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: lone
Status: install ok installed
Architecture: amd64
Version: 1
Depends: gone
"""


def test_what_is_installed_is_read() -> None:
    found = read_packages(STATUS)
    assert sorted(found) == ["awk", "base", "cc", "gold", "headers", "libc", "lone", "mawk", "other-awk"]
    assert found["awk"] is found["mawk"]
    assert found["cc"].depends == (("libc",), ("linker", "gold"), ("awk",), ("headers", "no-headers"))
    assert (found["base"].essential, found["cc"].essential, found["cc"].version) == (True, False, "12.2-1")


@pytest.mark.parametrize(
    ("wanted", "closed"),
    [
        ([], ["base"]),
        (["gold"], ["base", "gold"]),
        (["cc"], ["base", "cc", "gold", "headers", "libc", "mawk"]),
        (["libc"], ["base", "cc", "gold", "headers", "libc", "mawk"]),
        (["awk", "mawk", "base"], ["base", "mawk"]),
    ],
    ids=["essential alone", "no dependency", "dependencies, alternatives, virtual names", "a cycle", "by its virtual name, and twice"],
)
def test_dependencies_are_closed_over(wanted: list[str], closed: list[str]) -> None:
    assert [package.name for package in close_over(read_packages(STATUS), wanted)] == closed


@pytest.mark.parametrize("wanted", ["gone", "no-such", "lone", "", "../etc", "-y", "Cc", "cc\n"])
def test_what_is_not_installed_is_refused(wanted: str) -> None:
    with pytest.raises(UsageError) as caught:
        close_over(read_packages(STATUS), [wanted])
    assert caught.value.code == "LM-BLD-041"
    assert caught.value.solution


@given(st.lists(st.sampled_from(["Package: a", "Version: 1", "Architecture: all", "Status: install ok installed", "Depends: a | b,, c", "", ":"])))
def test_any_status_is_read_and_half_a_package_is_none(lines: list[str]) -> None:
    found = read_packages("\n".join(lines))
    assert set(found) <= {"a"}
    assert all((package.version, package.architecture) == ("1", "all") for package in found.values())


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A small merged-/usr machine with one package and one alternative."""
    for name in ("usr/bin", "usr/lib/x", "usr/share/doc/cc", "etc/alternatives", "var/lib/dpkg/info", "opt"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("bin", "lib"):
        (tmp_path / name).symlink_to(f"usr/{name}")
    for name in ("usr/bin/gcc-12", "usr/bin/unowned", "usr/lib/x/crt1.o", "usr/share/doc/cc/copyright", "etc/ld.so.conf"):
        (tmp_path / name).write_text(name)
    (tmp_path / "usr/bin/gcc").symlink_to("gcc-12")
    (tmp_path / "usr/bin/cc").symlink_to("/etc/alternatives/cc")
    (tmp_path / "etc/alternatives/cc").symlink_to("/bin/gcc-12")
    (tmp_path / "usr/bin/awk").symlink_to("/etc/alternatives/awk")
    (tmp_path / "etc/alternatives/awk").symlink_to("/usr/bin/gawk")
    listed = ["/.", "/bin", "/bin/gcc-12", "/usr", "/usr/bin", "/usr/bin/gcc", "/lib/x", "/lib/x/crt1.o", "/usr/share/doc/cc/copyright", "/usr/bin/deleted"]
    (tmp_path / "var/lib/dpkg/info/cc.list").write_text("\n".join(listed) + "\n")
    return tmp_path


CC = Package("cc", "1", "amd64", essential=False, depends=())


def test_owned_files_are_collected_and_no_others(base: Path) -> None:
    found = root_files([CC], base)
    assert set(found) == {
        "bin",
        "lib",
        "usr",
        "usr/bin",
        "usr/bin/gcc",
        "usr/bin/gcc-12",
        "usr/lib/x",
        "usr/lib/x/crt1.o",
        "usr/bin/cc",
        "etc/alternatives/cc",
        "etc/ld.so.conf",
    }
    assert list(found) == sorted(found)


def test_a_list_by_architecture_is_found_too(base: Path) -> None:
    folder = base / "var/lib/dpkg/info"
    (folder / "cc.list").rename(folder / "cc:amd64.list")
    assert "usr/bin/gcc" in root_files([CC], base)


def test_a_missing_list_is_told_with_its_cure(base: Path) -> None:
    with pytest.raises(EnvironmentLacksError) as caught:
        root_files([Package("other", "1", "amd64", essential=False, depends=())], base)
    assert caught.value.code == "LM-BLD-042"
    assert "reinstall other" in (caught.value.solution or "")


def test_an_empty_machine_has_an_empty_root(tmp_path: Path) -> None:
    assert root_files([], tmp_path) == {}
