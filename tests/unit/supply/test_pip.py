"""pip requirements files: what is read, what is refused, with code and place."""

import pytest

from fakes.supply_world import codes_of, hex_of, requirement
from lotmark.supply._markers import Markers
from lotmark.supply._readers._reading import Source
from lotmark.supply._readers.pip import logical_lines, read_pip

pytestmark = pytest.mark.verifies("REQ-014", "RC-011", "HAZ-002")


H = f"--hash=sha256:{hex_of('h')}"


def read(text, *, name="requirements.txt", others=None, python="3.11.7"):
    files = {key: value.encode() for key, value in (others or {}).items()}

    def opener(path):
        if path not in files:
            raise FileNotFoundError(2, "there is no such file", path)
        return files[path]

    data = text if isinstance(text, bytes) else text.encode()
    return read_pip(Source(name, data, opener, Markers(python)))


def pins(reading):
    return [(pin.name, pin.version) for pin in reading.pins]


def test_a_pinned_and_hashed_line_is_a_pin_with_its_place():
    reading = read(f"# made by a tool\n\nFlask_Login==0.6.3 {H}\n")
    (pin,) = reading.pins
    assert (pin.name, pin.version, pin.hashes, str(pin.location)) == ("flask-login", "0.6.3", (("sha256", hex_of("h")),), "requirements.txt:3")
    assert not reading.findings


@pytest.mark.parametrize(
    "text",
    [
        f"a==1.0 \\\n    {H} \\\n    --hash=sha512:{'0' * 128}\n    # via b\n",
        f"a==1.0 \\\n  {H}   # why\n",
        f"a[x,y] == 1.0 ; python_version >= '3.8' {H}",
        f"a===1.0 {H}",
        f"a==1.0 --hash sha256:{hex_of('h')}",
        f"a==1.0 --hash=sha256:{hex_of('h').upper()}",
        f"a==1.0 {H} --config-settings=--x=1 --global-option y\n",
        f"\ufeffa==1.0 {H}\r\n",
        f"--index-url https://example.org/simple\n--require-hashes\n-f ./wheels\n-c constraints.txt\n-chere.txt\n--pre\na==1.0 {H}\n",
    ],
    ids=[
        "continued",
        "comment behind",
        "extras and marker",
        "identity",
        "hash as own word",
        "upper case hash",
        "build options",
        "byte order mark and CRLF",
        "file options",
    ],
)
def test_forms_that_pip_accepts_are_read(text):
    reading = read(text)
    assert pins(reading) == [("a", "1.0")]
    assert not reading.findings


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        (f"a {H}", "LM-SUP-005", "no version"),
        (f"a>=1.0 {H}", "LM-SUP-005", ">=1.0"),
        (f"a==1.* {H}", "LM-SUP-005", "==1.*"),
        (f"a==1.0,!=1.1 {H}", "LM-SUP-005", "not pinned"),
        ("a==1.0", "LM-SUP-006", "a has no hash"),
        ("a==1.0 --hash=md5:d41d8cd98f00b204e9800998ecf8427e", "LM-SUP-006", "not a well-formed"),
        ("a==1.0 --hash=sha256:12", "LM-SUP-006", "not a well-formed"),
        (f"a==1.0 --hash=sha256:{'g' * 64}", "LM-SUP-006", "not a well-formed"),
        ("a==1.0 --hash", "LM-SUP-006", "not a well-formed"),
        (f"-e git+https://example.org/a {H}", "LM-SUP-007", "editable"),
        ("--editable=.", "LM-SUP-007", "editable"),
        ("-e", "LM-SUP-007", "a dependency is installed editable"),
        ("-e.", "LM-SUP-007", ". is installed editable"),
        ("git+https://user:secret@example.org/a@main", "LM-SUP-007", "path or URL"),
        (f"a @ https://example.org/a {H}", "LM-SUP-007", "a comes from a URL"),
        (f"a @ https://example.org/a-1.0.whl {H}", "LM-SUP-007", "path or URL"),
        ("./vendored/a", "LM-SUP-007", "path or URL"),
        ("a-1.0-py3-none-any.whl", "LM-SUP-007", "path or URL"),
        ("-r https://example.org/r.txt", "LM-SUP-007", "from a URL"),
        ("--requirement missing.txt", "LM-SUP-002", "missing.txt"),
        ("-r", "LM-SUP-002", "cannot be read"),
        ("-r requirements.txt", "LM-SUP-004", "includes itself"),
        ("--unheard-of x", "LM-SUP-004", "--unheard-of"),
        ("--index-url", "LM-SUP-004", "--index-url"),
        (f"a==1.0 {H} --unheard-of", "LM-SUP-004", "unknown option"),
        ("a==1.0 ; nonsense", "LM-SUP-004", "no requirement"),
        ("===", "LM-SUP-004", "no requirement"),
        (f"a===not.a.version! {H}", "LM-SUP-004", "no version"),
        ("${NAME}==1.0", "LM-SUP-004", "no requirement"),
        (f"a==1.0 {H} --config-settings 'open", "LM-SUP-004", "No closing quotation"),
    ],
)
def test_each_other_line_is_refused_with_code_and_place(line, code, says):
    reading = read(f"# one\n{line}\n")
    assert [(finding.code, str(finding.location)) for finding in reading.findings] == [(code, "requirements.txt:2")]
    assert says in reading.findings[0].message
    assert reading.findings[0].help
    assert not reading.pins


@pytest.mark.parametrize("line", ["git+https://user:secret@example.org/a", "-e git+https://user:secret@example.org/a", "-r https://user:secret@example.org/r"])
def test_a_secret_in_a_url_is_not_repeated(line):
    (finding,) = read(line).findings
    assert "secret" not in f"{finding.message} {finding.subject}"
    assert "example.org" in f"{finding.message} {finding.subject}"


def test_every_bad_line_is_reported_not_only_the_first():
    assert codes_of(read(f"a\nb==1\nc==1 {H}\n").findings) == ["LM-SUP-005", "LM-SUP-006", "LM-SUP-006"]


def test_included_files_are_read_relative_to_their_own_folder():
    others = {"requirements/base.txt": f"-r ../more.txt\nb==2 {H}\n", "more.txt": f"c==3 {H}\n"}
    reading = read(f"-r requirements/base.txt\n-r more.txt\na==1 {H}\n", others=others)
    assert sorted(pins(reading)) == [("a", "1"), ("b", "2"), ("c", "3")]
    assert {name: count for name, _, count in reading.files} == {"more.txt": 1, "requirements/base.txt": 1, "requirements.txt": 1}
    assert {str(pin.location) for pin in reading.pins} == {"requirements.txt:3", "requirements/base.txt:2", "more.txt:1"}


def test_files_that_include_each_other_are_refused():
    reading = read("-r a.txt\n", others={"a.txt": "-r b.txt\n", "b.txt": "-r a.txt\n"})
    assert [(finding.code, str(finding.location)) for finding in reading.findings] == [("LM-SUP-004", "b.txt:1")]


def test_the_number_of_included_files_is_limited():
    others = {f"{n}.txt": f"-r {n + 1}.txt\n" for n in range(100)}
    assert "LM-SUP-004" in codes_of(read("-r 0.txt\n", others=others).findings)


def test_a_marker_that_does_not_hold_leaves_the_component_out():
    reading = read(requirement("a", "1.0", "sys_platform == 'win32'") + requirement("b", "1.0", "python_version < '3.12'"))
    assert pins(reading) == [("b", "1.0")]
    assert reading.left_out[0].purl == "pkg:pypi/a@1.0"
    assert "win32" in reading.left_out[0].reason


def test_without_an_environment_no_marker_leaves_anything_out():
    assert len(read(requirement("a", "1.0", "sys_platform == 'win32'"), python=None).pins) == 1


def test_bytes_that_are_not_utf8_are_refused():
    reading = read(b"a==1.0\n\xff\xfe")
    assert codes_of(reading.findings) == ["LM-SUP-002"]


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        ("requirements.txt", "runtime"),
        ("requirements-dev.txt", "test"),
        ("tests/requirements.txt", "runtime"),
        ("requirements_test.txt", "test"),
        ("build-requirements.txt", "build"),
        ("latest-requirements.txt", "runtime"),
    ],
)
def test_the_scope_is_what_the_file_name_tells(name, scope):
    assert read(f"a==1 {H}", name=name).pins[0].scope == scope


def test_hostile_lines_are_refused_quickly():
    deep = "a==1.0 ; " + "(" * 20_000 + "os_name == 'x'" + ")" * 20_000
    assert codes_of(read(deep).findings) == ["LM-SUP-004"]
    assert codes_of(read("a" + " " * 200_000 + "b").findings) == ["LM-SUP-004"]


def test_lines_are_joined_as_pip_joins_them():
    text = "a \\\n  b\n# note\nc\\\n# ends it\nd # tail\ne#not-a-comment\nlast \\\n"
    assert list(logical_lines(text)) == [(1, "a   b"), (4, "c"), (6, "d"), (7, "e#not-a-comment"), (8, "last")]
