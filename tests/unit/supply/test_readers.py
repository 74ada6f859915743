"""The lock files of each tool: what is pinned, what is refused, and where."""

import json

import pytest
from packageurl import PackageURL

from fakes import locks
from fakes.locks import LOCKS, h1, hex256, read, sri
from lotmark.supply._names import find_purl, format_purl
from lotmark.supply.api import find_kind

pytestmark = pytest.mark.verifies("REQ-630", "RC-011", "HAZ-002")


def told(reading):
    """The pins as `Sample.pins` writes them."""
    return sorted(
        format_purl(pin.ecosystem, pin.name, pin.version) + ("" if pin.scope == "runtime" else "!") + ("*" if pin.direct else "") for pin in reading.pins
    )


def codes(reading):
    return [finding.code for finding in reading.findings]


def read_sample(kind, **changed):
    sample = LOCKS[kind]
    return read(kind.partition(" ")[0], sample.name, {**sample.files, **changed})


@pytest.mark.parametrize("kind", LOCKS)
def test_a_lock_of_each_kind_is_read_whole(kind):
    sample = LOCKS[kind]
    reading = read_sample(kind)
    assert told(reading) == sample.pins
    assert [each.purl for each in reading.left_out] == sample.left_out
    assert codes(reading) == sample.codes
    assert all(finding.help and finding.location.line for finding in reading.findings)


@pytest.mark.parametrize("kind", LOCKS)
def test_every_pin_tells_the_line_where_it_stands(kind):
    sample = LOCKS[kind]
    for pin in read_sample(kind).pins:
        line = sample.files[pin.location.path].splitlines()[max(0, pin.location.line - 2) :][:3]
        assert any(pin.name.rpartition("/")[2].rpartition(":")[2].lower() in each.lower() or (pin.hashes and pin.hashes[0][1] in each) for each in line), (
            pin,
            line,
        )


@pytest.mark.parametrize("kind", [kind for kind in LOCKS if not kind.startswith("conan")])
def test_every_pin_has_the_hash_of_the_lock(kind):
    assert all(digits and len(digits) in {64, 128} for pin in read_sample(kind).pins for _, digits in pin.hashes)
    assert all(pin.hashes for pin in read_sample(kind).pins)


@pytest.mark.parametrize("kind", LOCKS)
def test_the_name_of_a_lock_tells_its_kind(kind):
    wanted = kind.partition(" ")[0]
    assert find_kind(LOCKS[kind].name) == (None if wanted == "maven" else wanted)


@pytest.mark.parametrize("kind", LOCKS)
def test_the_package_urls_are_those_of_the_specification(kind):
    for pin in read_sample(kind).pins:
        purl = format_purl(pin.ecosystem, pin.name, pin.version)
        assert PackageURL.from_string(purl).to_string() == purl
        again = find_purl(purl)
        assert again == (pin.ecosystem, pin.name, pin.version) or pin.ecosystem == "Go"


@pytest.mark.parametrize("kind", LOCKS)
@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"{", b"[]", b"x", b"- a", b"{}", b"\n\n"], ids=repr)
def test_what_is_no_lock_is_refused_or_empty_and_never_a_traceback(kind, data):
    sample = LOCKS[kind]
    reading = read(kind.partition(" ")[0], sample.name, {**sample.files, sample.name: data})
    assert not reading.pins or kind == "go"
    assert all(finding.code in {"LM-SUP-002", "LM-SUP-004", "LM-SUP-006"} and finding.help for finding in reading.findings)


# edges and suppliers


@pytest.mark.parametrize(
    ("kind", "name", "requires"),
    [
        ("yarn", "@babel/highlight", [("chalk", "2.4.2")]),
        ("yarn berry", "@babel/highlight", [("chalk", "2.4.2")]),
        ("pnpm 9", "@babel/highlight", [("chalk", "2.4.2")]),
        ("pnpm 6", "@babel/highlight", [("chalk", "2.4.2")]),
        ("pnpm 5", "@babel/highlight", [("chalk", "2.4.2")]),
        ("npm 1", "chalk", [("ansi-styles", "3.2.1")]),
        ("npm 1", "mocha", [("ansi-styles", "4.0.0")]),
        ("cargo", "memchr", [("libc", "0.2.155")]),
        ("maven", "com.google.guava:guava", [("com.google.guava:failureaccess", "1.0.2")]),
        ("gem", "nokogiri", [("racc", "1.8.0")]),
        ("pdm", "flask", [("importlib-metadata", "8.0.0"), ("werkzeug", "3.0.3")]),
        ("cyclonedx", "generic/aws/FreeRTOS", [("generic/heap_4", "11.1.0")]),
    ],
)
def test_edges_are_read(kind, name, requires):
    assert [list(pin.requires) for pin in read_sample(kind).pins if pin.name == name] == [requires]


@pytest.mark.parametrize(("kind", "supplier", "licence"), [("cyclonedx", "Debian", "curl"), ("spdx", "zlib.net", "Zlib"), ("spdx tags", "Mark Adler", "Zlib")])
def test_supplier_and_licence_of_a_bill_of_materials_are_read(kind, supplier, licence):
    assert (supplier, licence) in {(pin.supplier, pin.licence) for pin in read_sample(kind).pins}


def test_a_gem_for_two_platforms_is_one_component_with_two_hashes():
    (pin,) = [pin for pin in read_sample("gem").pins if pin.name == "nokogiri"]
    assert {digits for _, digits in pin.hashes} == {hex256("noko"), hex256("noko-arm")}


# what is refused: each case changes one thing of a good lock

SPOILED = [
    ("yarn", f"  integrity {sri('chalk')}\n", "", "LM-SUP-006", "SHA-1 behind its address"),
    ("yarn", f"  integrity {sri('mocha')}\n", "", "LM-SUP-006", "no `integrity`"),
    ("yarn", f"integrity {sri('chalk')}", "integrity sha1-zUJUFnelQzPPVBpJEIwUMrRMlCQ=", "LM-SUP-006", "SHA-1"),
    ("yarn", "chalk@^2.0.0:", '"chalk@git+https://example.org/chalk.git":', "LM-SUP-007", "git+https"),
    ("yarn", "chalk@^2.0.0:", "chalk@someone/chalk#main:", "LM-SUP-007", "someone/chalk"),
    ("yarn", "chalk@^2.0.0:", '"chalk@file:../chalk":', "LM-SUP-007", "file:"),
    ("yarn", "https://registry.yarnpkg.com/chalk", "ssh://git@example.org/chalk", "LM-SUP-007", "ssh://"),
    ("yarn", '  version "2.4.2"\n', "", "LM-SUP-005", "no version"),
    ("yarn", "chalk@^2.0.0:", "chalk:", "LM-SUP-004", "neither a package nor a field"),
    ("yarn", '  version "2.4.2"', '   version "2.4.2"', "LM-SUP-004", "neither a package nor a field"),
    ("yarn", '"2.4.2"', r'"2.4\q"', "LM-SUP-004", "no quoted text"),
    ("yarn berry", "  checksum: " + BERRY_CHALK if (BERRY_CHALK := locks.hashlib.sha512(b"chalk").hexdigest()) else "", "", "LM-SUP-006", "no `checksum`"),
    ("yarn berry", BERRY_CHALK, BERRY_CHALK[:-2], "LM-SUP-006", "malformed `checksum`"),
    ("yarn berry", '"chalk@npm:2.4.2"', '"chalk@https://github.com/a/chalk.git#commit=abc"', "LM-SUP-007", "https://github.com"),
    ("yarn berry", '"chalk@npm:2.4.2"', '"chalk@portal:../chalk"', "LM-SUP-007", "portal:"),
    ("yarn berry", "  version: 2.4.2\n", "  version:\n", "LM-SUP-005", "no version"),
    ("yarn berry", '  resolution: "chalk@npm:2.4.2"', "  resolution: [1]", "LM-SUP-004", "chalk@npm"),
    ("yarn berry", "__metadata", "__other", "LM-SUP-004", "__metadata"),
    ("pnpm 9", f"{{integrity: {sri('chalk')}}}", "{}", "LM-SUP-006", "no `integrity`"),
    ("pnpm 9", f"{{integrity: {sri('chalk')}}}", "{integrity: sha1-x}", "LM-SUP-006", "weak or malformed"),
    ("pnpm 9", f"{{integrity: {sri('chalk')}}}", "{tarball: https://codeload.github.com/a/chalk/tar.gz/abc}", "LM-SUP-007", "codeload"),
    ("pnpm 9", f"{{integrity: {sri('chalk')}}}", "{type: git, repo: https://example.org/chalk.git, commit: abc}", "LM-SUP-007", "example.org/chalk.git"),
    ("pnpm 9", f"{{integrity: {sri('chalk')}}}", "{directory: ../chalk, type: directory}", "LM-SUP-007", "../chalk"),
    ("pnpm 9", "'9.0'", "'7.0'", "LM-SUP-004", "lockfileVersion"),
    ("pnpm 9", "  chalk@2.4.2:\n    resolution", "  chalk:\n    resolution", "LM-SUP-005", "no package and version"),
    ("pnpm 9", "packages:\n", "packages: 3\nmore:\n", "LM-SUP-004", "packages"),
    ("npm 1", sri("chalk2.4.2"), "sha1-x", "LM-SUP-006", "weak or malformed"),
    ("npm 1", '"version": "2.4.2"', '"version": "git+ssh://git@example.org/chalk.git#abc"', "LM-SUP-007", "git+ssh"),
    ("npm 1", '"version": "2.4.2"', '"version": "file:../chalk"', "LM-SUP-007", "file:"),
    ("npm 1", '"version": "2.4.2",', "", "LM-SUP-005", "no version"),
    ("npm 1", '"version": "2.4.2"', '"version": 2', "LM-SUP-004", "version"),
    ("cargo", f'checksum = "{hex256("libc")}"\n', "", "LM-SUP-006", "no `checksum`"),
    ("cargo", hex256("libc"), "abc", "LM-SUP-006", "no `checksum`"),
    ("cargo", '"registry+https://github.com/rust-lang/crates.io-index"\nchecksum', '"git+https://example.org/libc?rev=1#1"\nchecksum', "LM-SUP-007", "git+https"),
    ("cargo", "version = 3", "version = 9", "LM-SUP-004", "version 9"),
    ("cargo 1", hex256("libc"), "<none>", "LM-SUP-006", "no `checksum`"),
    ("gradle", "33.2.1-jre", "33.+", "LM-SUP-005", "not one version"),
    ("gradle", "33.2.1-jre", "33.2.1-SNAPSHOT", "LM-SUP-005", "not one version"),
    ("gradle", "33.2.1-jre", "33.2.2-jre", "LM-SUP-006", "verification-metadata.xml"),
    ("gradle", "junit:junit:4.13.2=", "junit:junit ", "LM-SUP-004", "group:artifact:version"),
    ("maven", hex256("guava33.2.1-jre"), "abc", "LM-SUP-006", "no strong checksum"),
    ("maven", '"selectedVersion": "33.2.1-jre"', '"selectedVersion": "33.2.1-SNAPSHOT"', "LM-SUP-005", "not one version"),
    ("maven", '"dependencies"', '"other"', "LM-SUP-004", "dependencies"),
    ("gem", f"  racc (1.8.0) sha256={hex256('racc')}\n", "  racc (1.8.0)\n", "LM-SUP-006", "CHECKSUMS"),
    ("gem", "  remote: .\n", "  remote: ../elsewhere\n", "LM-SUP-007", "path ../elsewhere"),
    ("gem", "GEM\n", "GIT\n", "LM-SUP-007", "git https://rubygems.org"),
    ("gem", "    racc (1.8.0)\n", "    racc 1.8.0\n", "LM-SUP-004", "name (version)"),
    ("gem", "PLATFORMS", "SURPRISE", "LM-SUP-004", "SURPRISE"),
    ("conan", "zlib/1.3.1", "zlib/[>=1.2]", "LM-SUP-005", "range"),
    ("conan", "zlib/1.3.1", "zlib 1.3.1", "LM-SUP-004", "name/version#revision"),
    ("conan", '"version"', '"wersion"', "LM-SUP-004", "neither `version`"),
    ("pdm", f'hash = "sha256:{hex256("wz")}"', 'hash = "md5:abc"', "LM-SUP-006", "without a strong hash"),
    ("pdm", 'version = "3.0.3"\ngroups = ["default", "dev"]', 'version = "3.0.3"\ngit = "https://example.org/w.git"', "LM-SUP-007", "git"),
    ("pdm", 'name = "werkzeug"\nversion = "3.0.3"', 'name = "werkzeug"\neditable = true', "LM-SUP-007", "editable"),
    ("pdm", 'name = "werkzeug"\nversion = "3.0.3"', 'name = "werkzeug"', "LM-SUP-005", "no version"),
    ("pdm", "4.5.0", "3.1", "LM-SUP-004", "lock_version"),
    ("pdm", '"werkzeug>=3.0.0"', '"werkzeug >"', "LM-SUP-004", "not a requirement"),
    ("pdm", "marker = \"python_version < '3.10'\"", 'marker = "nonsense"', "LM-SUP-004", "marker"),
    ("cyclonedx", '"8.8.0"', '""', None, ""),
    ("cyclonedx", '"version": "11.1.0"', '"version": ""', "LM-SUP-005", "no version"),
    ("cyclonedx", hex256("curl"), "abc", "LM-SUP-006", "weak hash"),
    ("cyclonedx", '"1.6"', '"2.0"', "LM-SUP-004", "specVersion"),
    ("cyclonedx", '"CycloneDX"', '"Cyclone"', "LM-SUP-004", "bomFormat"),
    ("spdx", "SPDX-2.3", "SPDX-2.9", "LM-SUP-004", "spdxVersion"),
    ("spdx", '"versionInfo": "3.29"', '"versionInfo": "NOASSERTION"', "LM-SUP-005", "no version"),
    ("spdx", "SHA256", "SHA1", "LM-SUP-006", "weak checksum"),
    ("spdx", '"spdxVersion"', '"@context"', "LM-SUP-004", "SPDX 3"),
    ("spdx tags", "PackageSupplier: Person", "a line without a tag", "LM-SUP-004", "Tag: value"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "old", "new", "code", "words"), SPOILED, ids=[f"{row[0]}-{row[3]}-{i}" for i, row in enumerate(SPOILED)])
def test_a_lock_with_one_thing_wrong_is_refused_with_code_line_and_cure(kind, old, new, code, words):
    sample = LOCKS[kind]
    assert old in sample.text
    reading = read_sample(kind, **{sample.name: sample.text.replace(old, new, 1)})
    if code is None:
        assert not reading.findings  # the package URL has it too
        return
    assert code in codes(reading)
    (finding, *_) = [each for each in reading.findings if each.code == code and words in each.message]
    assert finding.help
    assert finding.location.path in sample.files
    if code != "LM-SUP-004":
        assert finding.location.line
        assert finding.subject


GO_SPOILED = [
    ("go.sum", f"golang.org/x/sys v0.21.0 {h1('sys')}\n", f"golang.org/x/sys v0.21.0 {h1('sys')}\ngolang.org/x/sys v0.21.0 {h1('other')}\n", "LM-SUP-013"),
    ("go.sum", h1("sys"), "h1:abc", "LM-SUP-004"),
    ("go.sum", h1("sys"), "h2:" + h1("sys")[3:], "LM-SUP-004"),
    ("go.sum", f"github.com/fork/toml v1.4.1 {h1('toml')}\n", "", "LM-SUP-006"),
    ("go.mod", "github.com/fork/toml v1.4.1", "../toml", "LM-SUP-007"),
    ("go.mod", "golang.org/x/sys v0.21.0", "golang.org/x/sys latest", "LM-SUP-005"),
    ("go.mod", "go 1.22.1", "go 1.16", "LM-SUP-004"),
    ("go.mod", "exclude example", "surprise example", "LM-SUP-004"),
    ("go.mod", "=> github.com/fork/toml v1.4.1", "=> a b c", "LM-SUP-004"),
    ("go.mod", "\ngo 1.22.1\n", "\ngo x\n", "LM-SUP-004"),
]


@pytest.mark.parametrize(("name", "old", "new", "code"), GO_SPOILED)
def test_go_modules_with_one_thing_wrong_are_refused(name, old, new, code):
    text = LOCKS["go"].files[name]
    assert old in text
    reading = read_sample("go", **{name: text.replace(old, new, 1)})
    assert code in codes(reading)
    assert all(finding.location.line and finding.help for finding in reading.findings)


def test_go_sum_without_go_mod_is_refused():
    reading = read("go", "go.sum", {"go.sum": locks.GO_SUM})
    assert codes(reading) == ["LM-SUP-002"]
    assert "go.mod" in reading.findings[0].message


def test_a_one_line_block_and_a_versioned_replacement_of_go_mod_are_read():
    mod = "module m\ngo 1.21\nrequire ()\nretract (\n v1.0.0\n)\nrequire a.org/b v1.0.0\nreplace a.org/b v1.0.0 => a.org/c v1.0.1\n"
    reading = read("go", "go.sum", {"go.sum": f"a.org/c v1.0.1 {h1('c')}\n", "go.mod": mod})
    assert told(reading) == ["pkg:golang/a.org/c@v1.0.1*"]
    assert not reading.findings


# things that only one format has


def test_yarn_without_a_package_json_counts_everything_as_shipped_and_direct():
    for kind in ("yarn", "yarn berry"):
        sample = LOCKS[kind]
        for manifest in (None, "no JSON", "[]", '{"workspaces": ["a"]}', '{"dependencies": ["a"]}', '{"dependencies": {"other": "1"}}'):
            files = {sample.name: sample.text} | ({"package.json": manifest, "web/package.json": manifest} if manifest else {})
            pins = read("yarn", sample.name, files).pins
            assert {(pin.scope, pin.direct) for pin in pins} == {("runtime", True)}


def test_pnpm_without_importers_counts_everything_as_shipped():
    text = locks.PNPM9.replace("importers:", "others:")
    assert {(pin.scope, pin.direct) for pin in read("pnpm", "pnpm-lock.yaml", {"pnpm-lock.yaml": text}).pins} == {("runtime", True)}


def test_pnpm_takes_the_name_that_the_package_itself_states():
    text = locks.PNPM6.replace("  /chalk@2.4.2:\n", "  registry.example.org/chalk@2.4.2:\n    name: chalk\n    version: 2.4.2\n")
    assert "pkg:npm/chalk@2.4.2" in "".join(told(read("pnpm", "pnpm-lock.yaml", {"pnpm-lock.yaml": text})))


def test_a_bundled_package_of_an_old_npm_lock_is_covered_by_the_hash_above_it():
    tree = json.loads(locks.NPM1)
    tree["dependencies"]["chalk"]["dependencies"]["ansi-styles"] = {"version": "3.2.1", "bundled": True}
    reading = read("npm", "package-lock.json", {"package-lock.json": json.dumps(tree)})
    assert not reading.findings
    assert ("ansi-styles", "3.2.1", ()) in {(pin.name, pin.version, pin.hashes) for pin in reading.pins}
    tree["dependencies"]["bare"] = {"version": "1.0.0", "bundled": True}
    assert codes(read("npm", "package-lock.json", {"package-lock.json": json.dumps(tree)})) == ["LM-SUP-006"]


def test_a_package_at_two_places_of_an_old_npm_lock_is_one_component():
    tree = json.loads(locks.NPM1)
    tree["dependencies"]["mocha"]["dependencies"] = {"chalk": {**tree["dependencies"]["chalk"], "dev": True}}
    reading = read("npm", "package-lock.json", {"package-lock.json": json.dumps(tree)})
    assert [pin.scope for pin in reading.pins if pin.name == "chalk"] == ["runtime"]


@pytest.mark.parametrize("xml", ["", "<a", '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'])
def test_verification_metadata_that_cannot_be_read_leaves_no_hash(xml):
    reading = read_sample("gradle", **{"gradle/verification-metadata.xml": xml})
    assert not reading.pins
    assert codes(reading).count("LM-SUP-006") == 3
    assert "LM-SUP-004" in codes(reading)


def test_gradle_without_verification_metadata_is_refused_with_the_command_that_writes_it():
    sample = LOCKS["gradle"]
    reading = read("gradle", sample.name, {sample.name: sample.text})
    assert codes(reading) == ["LM-SUP-006"] * 3
    assert "--write-verification-metadata" in reading.findings[0].help


def test_gradle_files_that_were_read_are_named_inputs():
    assert [name for name, _, _ in read_sample("gradle").files] == ["app/gradle.lockfile", "gradle/verification-metadata.xml"]
    assert [name for name, _, _ in read_sample("go").files] == ["go.sum", "go.mod"]


def test_pdm_keeps_older_hashes_under_metadata_and_groups_on_request():
    text = locks.PDM.replace(f'files = [{{file = "pytest-8.2.2-py3-none-any.whl", hash = "sha256:{hex256("pytest")}"}}]\n', "").replace(
        'groups = ["dev"]', 'groups = ["docs"]'
    )
    text += f'\n[metadata.files]\n"pytest 8.2.2" = [{{hash = "sha256:{hex256("pytest")}"}}]\n'
    reading = read("pdm", "pdm.lock", {"pdm.lock": text})
    (pin,) = [pin for pin in reading.pins if pin.name == "pytest"]
    assert (pin.needed, pin.group, pin.scope) == (False, "group docs", "test")
    assert not reading.findings


def test_cyclonedx_as_xml_is_refused_with_the_way_to_json():
    reading = read("cyclonedx", "bom.json", {"bom.json": "<bom/>"})
    assert codes(reading) == ["LM-SUP-004"]
    assert "convert" in reading.findings[0].help


@pytest.mark.parametrize(
    ("licences", "expression"),
    [
        ([], ""),
        ([{"expression": "MIT OR ISC"}], "MIT OR ISC"),
        ([{"license": {"name": "Our own"}}], "Our own"),
        ([{"license": {"id": "MIT"}}, {"license": {"id": "ISC"}}], "(MIT) AND (ISC)"),
        ([{"license": {}}], ""),
        ([{"license": 3}], ""),
    ],
)
def test_licences_of_a_cyclonedx_component_become_one_expression(licences, expression):
    text = json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [locks.component("a", "1", licenses=licences)]})
    assert read("cyclonedx", "bom.json", {"bom.json": text}).pins[0].licence == expression


@pytest.mark.parametrize(
    ("more", "supplier"),
    [({"publisher": "P"}, "P"), ({"author": "A"}, "A"), ({"manufacturer": {"name": "M"}}, "M"), ({"supplier": {"name": "S"}, "publisher": "P"}, "S"), ({}, "")],
)
def test_the_supplier_of_a_cyclonedx_component(more, supplier):
    text = json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.4", "components": [locks.component("a", "1", **more)]})
    assert read("cyclonedx", "bom.json", {"bom.json": text}).pins[0].supplier == supplier


def test_our_own_scope_comes_back_from_our_own_document():
    properties = [{"name": "lotmark:scope", "value": "build"}]
    text = json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [locks.component("a", "1", scope="excluded", properties=properties)]})
    assert read("cyclonedx", "bom.json", {"bom.json": text}).pins[0].scope == "build"


def test_an_spdx_list_that_describes_every_package_has_no_product_in_it():
    tree = json.loads(locks.SPDX)
    tree["documentDescribes"] = [package["SPDXID"] for package in tree["packages"]]
    tree["relationships"] = [{"spdxElementId": "SPDXRef-a", "relationshipType": "DESCRIBED_BY", "relatedSpdxElement": "SPDXRef-DOCUMENT"}]
    reading = read("spdx", "x.spdx.json", {"x.spdx.json": json.dumps(tree)})
    assert len(reading.pins) == 3
    assert codes(reading) == ["LM-SUP-006"]  # the product's own entry has no checksum


@pytest.mark.parametrize(
    ("relation", "scope"),
    [("TEST_DEPENDENCY_OF", "test"), ("DEV_DEPENDENCY_OF", "test"), ("BUILD_DEPENDENCY_OF", "build"), ("DEPENDENCY_OF", "runtime"), ("OTHER", "runtime")],
)
def test_an_spdx_relationship_tells_the_scope(relation, scope):
    text = locks.SPDX.replace("BUILD_TOOL_OF", relation)
    assert [pin.scope for pin in read("spdx", "x.spdx.json", {"x.spdx.json": text}).pins if pin.name == "generic/cmake"] == [scope]


# package URLs


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("pkg:pypi/Foo.Bar@1.0", ("PyPI", "foo-bar", "1.0")),
        ("PKG:npm/%40a/b@1.0.0#x", ("npm", "@a/b", "1.0.0")),
        ("pkg:npm/@a/b", ("npm", "@a/b", "")),
        ("pkg:maven/org.x/y@1?type=jar", ("Maven", "org.x:y", "1")),
        ("pkg:maven/y@1", ("other", "maven/y", "1")),
        ("pkg:conan/user/zlib@1.3", ("ConanCenter", "zlib", "1.3")),
        ("pkg:composer/laravel/framework@v7.12.0", ("other", "composer/laravel/framework", "v7.12.0")),
        ("pkg:github/a/b", ("other", "github/a/b", "")),
        ("pkg:pypi", None),
        ("pkg:pypi/", None),
        ("pkg:P!/x", None),
        ("pkg:a/b%2Fc@1", None),
        ("https://example.org", None),
        ("", None),
    ],
)
def test_a_package_url_is_read(text, found):
    assert find_purl(text) == found


# two lock files that exclude each other


def test_one_version_with_two_hashes_in_two_locks_is_refused(world):
    world.lock("a/yarn.lock", locks.YARN1)
    world.lock("b/pnpm-lock.yaml", locks.PNPM9.replace(sri("chalk"), sri("another chalk")))
    report = world.examine(python=None)
    (finding,) = [each for each in report.findings if each.code == "LM-SUP-013"]
    assert "chalk 2.4.2 has another sha512" in finding.message
    assert finding.location.path == "b/pnpm-lock.yaml"


def test_bills_of_materials_that_nobody_declared_are_no_finding(world):
    world.require("a", "1.0")
    world.write("release/bom.json", "{}")
    world.write("x.spdx", "x")
    assert world.codes() == []
