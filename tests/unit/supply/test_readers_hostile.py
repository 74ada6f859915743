"""What a lock must not hide: lines that only one reader sees, entries that stand twice, licences of which a part is unreadable."""

import json

import pytest

from fakes.locks import LOCKS, component, h1, hex256, read, sri
from lotmark.supply._locks import merge_pins

pytestmark = pytest.mark.verifies("REQ-630", "RC-011", "HAZ-002")


def told(reading):
    return [(finding.code, str(finding.location).rpartition("/")[2]) for finding in reading.findings]


def sample(kind, change):
    each = LOCKS[kind]
    return read(kind.partition(" ")[0], each.name, {**each.files, each.name: change(each.text)})


@pytest.mark.parametrize("kind", [kind for kind in LOCKS if not kind.startswith("conan")])
@pytest.mark.parametrize("change", [lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n")], ids=["a mark", "CRLF"])
def test_a_mark_of_the_byte_order_and_other_line_ends_change_nothing(kind, change):
    assert sample(kind, change).pins == sample(kind, lambda text: text).pins


@pytest.mark.parametrize("kind", LOCKS)
def test_what_is_no_utf8_is_answered_alike(kind):
    reading = sample(kind, lambda text: text.encode() + b"\n# \xe9\n")
    assert [finding.code for finding in reading.findings] == ["LM-SUP-002"]
    assert "is not UTF-8 at byte" in reading.findings[0].message
    assert (reading.pins, reading.findings[0].help) == ([], "save the lock file as UTF-8")


GO_SUM = f"m.org/a v1.0.0 {h1('a')}\nm.org/a v1.2.0 {h1('b')}\n"


def go(mod):
    return read("go", "go.sum", {"go.sum": GO_SUM, "go.mod": "module x\ngo 1.21\n" + mod})


def test_a_line_that_the_go_command_does_not_see_says_nothing():
    reading = go("require m.org/a v1.0.0 // \u2028replace m.org/a => m.org/a v1.2.0\n")
    assert [(pin.name, pin.version) for pin in reading.pins] == [("m.org/a", "v1.0.0")]
    assert not reading.left_out


@pytest.mark.parametrize(
    ("mod", "message"),
    [
        ("require m.org/a v1.2.0\nrequire m.org/a v1.0.0\n", "go.mod: m.org/a is required as v1.0.0 here and as v1.2.0 at line 3"),
        (
            "require m.org/a v1.2.0\nreplace m.org/a => m.org/b v1.0.0\nreplace m.org/a => m.org/c v1.0.0\n",
            "go.mod: m.org/a is replaced twice, by m.org/b and by m.org/c",
        ),
    ],
)
def test_a_module_that_is_named_in_two_ways_is_refused(mod, message):
    assert message in [finding.message for finding in go(mod).findings]


def test_a_module_that_is_named_twice_alike_is_one():
    assert (told(go("require m.org/a v1.2.0\nrequire m.org/a v1.2.0\n")), len(go("require m.org/a v1.2.0\n" * 2).pins)) == ([], 1)


YARN = f'# yarn lockfile v1\n\na@^1.0.0:\n  version "1.0.0"\n  integrity {sri("a")}\n'


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (f"  integrity {sri('b')}\n", "yarn.lock: the field integrity stands twice"),
        ('  version "2.0.0"\n', "yarn.lock: the field version stands twice"),
        (f'\na@^1.0.0:\n  version "2.0.0"\n  integrity {sri("b")}\n', "yarn.lock: a@^1.0.0 stands twice"),
        (f'\nb@^1, a@^1.0.0:\n  version "2.0.0"\n  integrity {sri("b")}\n', "yarn.lock: a@^1.0.0 stands twice"),
    ],
)
def test_a_package_or_field_that_stands_twice_in_a_yarn_lock_is_refused(more, message):
    reading = read("yarn", "yarn.lock", {"yarn.lock": YARN + more})
    assert [(finding.code, finding.message) for finding in reading.findings] == [("LM-SUP-004", message)]
    assert (reading.pins, reading.findings[0].location.line > 5) == ([], True)


RAKE = f"  rake (13.0.0) sha256={hex256('a')}\n"


def gem(body="    rake (13.0.0)\n", sums=RAKE, head="GEM\n  remote: https://rubygems.org/\n  specs:\n", name="Gemfile.lock"):
    return read("gem", name, {name: f"{head}{body}\nCHECKSUMS\n{sums}"})


def test_two_checksums_of_one_gem_contradict_each_other():
    assert told(gem(sums=RAKE + RAKE)) == []
    assert told(gem(sums=RAKE + f"  rake (13.0.0) sha256={hex256('b')}\n")) == [("LM-SUP-013", "Gemfile.lock:8")]


@pytest.mark.parametrize("line", ["   evil (1.0)", "  evil (1.0)", "     evil (1.0)", "        evil (1.0)", "    evil", "      (= 1.0)(x"])
def test_no_line_of_a_source_is_passed_over(line):
    assert told(gem(f"    rake (13.0.0)\n{line}\n")) == [("LM-SUP-004", "Gemfile.lock:5")]


@pytest.mark.parametrize(
    ("remote", "name", "codes"),
    [
        (".", "Gemfile.lock", []),
        ("engines/a", "Gemfile.lock", []),
        ("../engines/a", "backend/Gemfile.lock", []),
        ("../a", "Gemfile.lock", ["LM-SUP-007"]),
        ("./../a", "Gemfile.lock", ["LM-SUP-007"]),
        ("x/../../a", "Gemfile.lock", ["LM-SUP-007"]),
        ("../../a", "backend/Gemfile.lock", ["LM-SUP-007"]),
        ("/opt/a", "backend/Gemfile.lock", ["LM-SUP-007"]),
        ("~/a", "Gemfile.lock", ["LM-SUP-007"]),
    ],
)
def test_a_path_counts_as_the_repository_s_own_only_inside_it(remote, name, codes):
    reading = gem("    own (0.1)\n", "", f"PATH\n  remote: {remote}\n  specs:\n", name)
    assert [finding.code for finding in reading.findings] == codes


def spdx(*packages, describes=("SPDXRef-Root",)):
    document = {"spdxVersion": "SPDX-2.3", "documentDescribes": describes, "packages": packages}
    return read("spdx", "x.spdx.json", {"x.spdx.json": json.dumps(document)})


def package(name, identifier):
    return {"name": name, "SPDXID": identifier, "versionInfo": "1.0", "checksums": [{"algorithm": "SHA256", "checksumValue": hex256(name)}]}


@pytest.mark.parametrize(
    ("identifiers", "describes", "message"),
    [
        (("SPDXRef-Root", "SPDXRef-Root"), ("SPDXRef-Root",), "evil stands twice, as SPDXRef-Root,"),
        (("SPDXRef-Root", ""), ("",), "evil has no SPDXID"),
    ],
)
def test_no_package_hides_behind_the_identifier_of_the_product(identifiers, describes, message):
    reading = spdx(package("product", identifiers[0]), package("evil", identifiers[1]), package("c", "SPDXRef-c"), describes=describes)
    assert [finding.code for finding in reading.findings] == ["LM-SUP-004"]
    assert message in reading.findings[0].message


def test_the_line_of_a_package_is_found_whatever_ends_the_lines():
    text = LOCKS["spdx tags"].text
    lines = [[pin.location.line for pin in sample("spdx tags", change).pins] for change in (lambda _: text, lambda _: text.replace("\n", "\r\n"))]
    assert lines[0] == lines[1]
    assert all(lines[0])


def licence_of(licences, *more):
    files = [json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [component("a", "1.0", licenses=each)]}) for each in (licences, *more)]
    pins = [pin for text in files for pin in read("cyclonedx", "bom.json", {"bom.json": text}).pins]
    return merge_pins(pins)[0].licence


@pytest.mark.parametrize("bad", [{}, {"license": {}}, {"license": {"id": ["MIT"]}}, {"license": "MIT"}, {"expression": 3}, {"expression": ""}])
@pytest.mark.parametrize("place", [0, 1])
def test_of_several_licences_one_that_cannot_be_read_leaves_all_unknown(bad, place):
    licences = [{"license": {"id": "MIT"}}]
    licences.insert(place, bad)
    assert licence_of(licences) == ""


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        ("MIT", "MIT", "MIT"),
        ("MIT", "", "MIT"),
        ("", "MIT", "MIT"),
        ("MIT", "GPL-3.0-only", "(MIT) AND (GPL-3.0-only)"),
        ("MIT OR ISC", "GPL-3.0-only", "(MIT OR ISC) AND (GPL-3.0-only)"),
    ],
)
def test_two_documents_that_state_different_licences_hold_together(first, second, both):
    assert licence_of(*([{"expression": each}] if each else [] for each in (first, second))) == both
