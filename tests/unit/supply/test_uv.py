"""uv.lock: packages, scopes by groups, markers, and what is refused."""

import pytest

from fakes.supply_world import codes_of, hex_of
from lotmark.supply._markers import Markers
from lotmark.supply._readers._reading import Source
from lotmark.supply._readers.uv import read_uv

pytestmark = pytest.mark.verifies("REQ-014", "RC-011", "HAZ-002")


def package(name, version="1.0", *, source='registry = "https://pypi.org/simple"', body="", files=True):
    wheels = f'wheels = [{{ url = "https://files.example/{name}-{version}-py3-none-any.whl", hash = "sha256:{hex_of(name)}" }}]\n' if files else ""
    return f'[[package]]\nname = "{name}"\nversion = "{version}"\nsource = {{ {source} }}\n{wheels}{body}\n'


def root(body):
    return package("qpcr", source='editable = "."', body=body, files=False)


def read(*packages, head="version = 1\nrevision = 3\n", python="3.11.7"):
    text = head + "\n" + "".join(packages)
    return read_uv(Source("uv.lock", text.encode(), lambda _: b"", Markers(python)))


def by_name(reading):
    return {pin.name: pin for pin in reading.pins}


def deps(*names):
    return "dependencies = [" + ", ".join(f"{{ {name} }}" if "=" in name else f'{{ name = "{name}" }}' for name in names) + "]\n"


def test_runtime_dependencies_are_followed_to_the_end():
    reading = read(root(deps("Flask")), package("flask", body=deps("jinja2")), package("jinja2", body=deps("flask")))
    pins = by_name(reading)
    assert not reading.findings
    assert {name: (pin.scope, pin.needed, pin.direct) for name, pin in pins.items()} == {"flask": ("runtime", True, True), "jinja2": ("runtime", True, False)}
    assert pins["flask"].requires == (("jinja2", "1.0"),)
    assert pins["flask"].hashes == (("sha256", hex_of("flask")),)
    assert pins["jinja2"].location.line == reading.files[0][1].decode().splitlines().index('name = "jinja2"')


def test_groups_and_extras_give_the_scope():
    groups = '[package.optional-dependencies]\nplots = [{ name = "plot" }]\n[package.dev-dependencies]\ndev = [{ name = "pytest" }, { name = "shared" }]\nbuild-tools = [{ name = "hatch" }]\ndocs = [{ name = "sphinx" }]\n'
    reading = read(root(deps("shared") + groups), *(package(name) for name in ("shared", "plot", "pytest", "hatch", "sphinx")))
    got = {name: (pin.scope, pin.needed, pin.group) for name, pin in by_name(reading).items()}
    assert got == {
        "shared": ("runtime", True, ""),
        "plot": ("runtime", False, "extra plots"),
        "pytest": ("test", True, ""),
        "hatch": ("build", False, "group build-tools"),
        "sphinx": ("test", False, "group docs"),
    }


def test_something_needed_by_a_later_group_becomes_needed():
    groups = '[package.optional-dependencies]\nplots = [{ name = "a" }]\n[package.dev-dependencies]\ndev = [{ name = "a" }]\n'
    pin = by_name(read(root(groups), package("a")))["a"]
    assert (pin.scope, pin.needed, pin.group) == ("runtime", True, "")


def test_an_extra_of_a_dependency_brings_its_own_dependencies():
    extra = '[package.optional-dependencies]\nvalidation = [{ name = "schema" }]\n'
    without = read(root(deps("bom")), package("bom", body=extra), package("schema"))
    with_extra = read(root(deps('name = "bom", extra = ["validation"]')), package("bom", body=extra), package("schema"))
    assert [each.purl for each in without.left_out] == ["pkg:pypi/schema@1.0"]
    assert "schema" in by_name(with_extra)


def test_markers_decide_which_fork_belongs_here():
    edges = deps(
        'name = "n", version = "1.0", marker = "python_full_version < \'3.12\'"', 'name = "n", version = "2.0", marker = "python_full_version >= \'3.12\'"'
    )
    reading = read(root(edges), package("n", "1.0"), package("n", "2.0"))
    assert [pin.version for pin in reading.pins] == ["1.0"]
    assert [(each.purl, each.reason) for each in reading.left_out] == [("pkg:pypi/n@2.0", "nothing that holds in this environment needs it")]


def test_a_lock_without_a_root_belongs_to_the_environment_whole():
    assert set(by_name(read(package("a"), package("b")))) == {"a", "b"}


def test_a_script_lock_starts_from_its_manifest():
    head = 'version = 1\n[manifest]\nrequirements = [{ name = "a", specifier = ">=1" }]\n[manifest.dependency-groups]\ndev = [{ name = "b" }]\n'
    pins = by_name(read(package("a"), package("b"), package("c"), head=head))
    assert {name: pin.scope for name, pin in pins.items()} == {"a": "runtime", "b": "test"}


def test_workspace_members_are_the_products_own():
    head = 'version = 1\n[manifest]\nmembers = ["one", "two"]\n'
    one = package("one", source='editable = "packages/one"', body=deps("two"), files=False)
    two = package("two", source='virtual = "packages/two"', body=deps("lib"), files=False)
    reading = read(one, two, package("lib"), head=head)
    assert not reading.findings
    assert by_name(reading)["lib"].direct


@pytest.mark.parametrize(
    ("entry", "code", "says"),
    [
        (package("a", source='git = "https://example.org/a?rev=1"'), "LM-SUP-007", "comes from git"),
        (package("a", source='url = "https://example.org/a.whl"'), "LM-SUP-007", "comes from url"),
        (package("a", source='path = "a.whl"'), "LM-SUP-007", "comes from path"),
        (package("a", source='editable = "../a"'), "LM-SUP-007", "comes from editable"),
        (package("a", source=""), "LM-SUP-007", "comes from nothing"),
        (package("a", files=False), "LM-SUP-006", "no strong hash for any file"),
        (package("a", files=False, body='wheels = [{ url = "https://x/a-1.0.whl" }]'), "LM-SUP-006", "a-1.0.whl"),
        (package("a", body='sdist = { hash = "md5:00" }'), "LM-SUP-006", "(unnamed)"),
        (package("a", version=""), "LM-SUP-005", "no version"),
    ],
    ids=["git", "url", "path", "foreign editable", "no source", "no files", "wheel without hash", "weak hash", "no version"],
)
def test_each_unpinned_package_is_refused_at_its_line(entry, code, says):
    reading = read(root(deps("a")), entry)
    assert [finding.code for finding in reading.findings] == [code]
    assert says in reading.findings[0].message
    text = reading.files[0][1].decode().splitlines()
    assert text[reading.findings[0].location.line - 1] == "[[package]]"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("version = 2\n", 1),
        ("version = 'one'\n", 0),
        ("version = 1\n[[package]]\nname = 3\n", 2),
        ("version = 1\n[[package]]\nname = 'a'\n\n[[package]]\nversion = '1'\n", 5),
        ("version = 1\nnot toml", 2),
        ("a = " + "[" * 5000, 0),
        ("a = " + "9" * 5000, 0),
        ("package = 3\nversion = 1\n", 0),
    ],
    ids=["other version", "wrong type", "wrong name", "no name", "not TOML", "deep", "huge number", "no list"],
)
def test_other_shapes_are_refused_with_code_and_place(text, line):
    reading = read_uv(Source("uv.lock", text.encode(), lambda _: b"", Markers(None)))
    assert [(finding.code, finding.location.path) for finding in reading.findings] == [("LM-SUP-004", "uv.lock")]
    assert reading.findings[0].location.line in {line, 1, 0} if line == 0 else reading.findings[0].location.line == line


def test_a_dependency_that_is_not_locked_is_refused():
    reading = read(root(deps('name = "gone", version = "9"')))
    assert codes_of(reading.findings) == ["LM-SUP-004"]
    assert "needs gone 9 but does not lock it" in reading.findings[0].message


def test_a_marker_that_is_none_is_refused():
    assert codes_of(read(root(deps('name = "a", marker = "what"')), package("a")).findings) == ["LM-SUP-004"]


def test_edges_of_a_lock_without_a_root_are_read_strictly_too():
    reading = read(package("a", body=deps('name = "b", marker = "what"')), package("b", body=deps("gone")))
    assert codes_of(reading.findings) == ["LM-SUP-004", "LM-SUP-004"]
    assert reading.findings[0].location.line > 0


def test_bytes_that_are_not_utf8_are_refused():
    assert codes_of(read_uv(Source("uv.lock", b"\xff", lambda _: b"", Markers(None))).findings) == ["LM-SUP-002"]
