"""Comment markers and tests of C, JavaScript and other sources."""

import textwrap

import pytest

from fakes.trace_files import codes
from lotmark.trace.api import scan_source

pytestmark = pytest.mark.verifies("REQ-008", "RC-009", "HAZ-006")


def scan(text, path="tests/unit/test_crc.c"):
    return scan_source(path, textwrap.dedent(text).encode(), "pump")


def marks(text, path="tests/unit/test_crc.c"):
    found = scan(text, path)
    assert found.findings == ()
    return [(marker.test_id.removeprefix(f"{path}::") if marker.test_id else None, marker.line, marker.ids, marker.kind.value) for marker in found.markers]


def names(text, path="tests/unit/test_crc.c"):
    return [test.id.removeprefix(f"{path}::") for test in scan(text, path).tests]


def test_the_documented_convention_of_c():
    found = scan(
        """\
        #include "crc.h"

        /* @verifies REQ-007 RC-003 */
        static void test_crc_of_nothing(void)
        {
            assert(crc32(0, 0) == 0);
        }
        """
    )
    assert found.verifies == {"tests/unit/test_crc.c::test_crc_of_nothing": ("REQ-007", "RC-003")}
    assert [(test.id, test.line, test.layer) for test in found.tests] == [("tests/unit/test_crc.c::test_crc_of_nothing", 4, "unit")]


@pytest.mark.parametrize(
    "comment",
    [
        "/* @verifies REQ-007 */",
        "/** @verifies REQ-007 */",
        "/*@verifies REQ-007*/",
        "// @verifies REQ-007",
        "/// @verifies REQ-007",
        "//! @verifies REQ-007: because",
        "/*\n * The checksum of nothing.\n * @verifies REQ-007\n */",
        "/* The checksum of nothing.\n   @verifies REQ-007\n   and no more */",
        "/* @verifies REQ-007 */\n\n/* another comment */\n// and one more",
        "/* @verifies REQ-007 */\n#if defined(CRC)",
        "/* @verifies REQ-007 */ /* and */",
    ],
)
def test_forms_of_comments(comment):
    (mark,) = marks(f"{comment}\nstatic void test_crc(void)\n{{\n}}\n")
    assert mark[0] == "test_crc"
    assert mark[2:] == (("REQ-007",), "verifies")


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("static void test_crc(void)\n{", "test_crc"),
        ("void test_crc(void) {", "test_crc"),
        ("void test_crc(void) { assert(1); }", "test_crc"),
        ("static int *test_crc(const char *name,\n    int size)\n{", "test_crc"),
        ("static void\ntest_crc(void)\n{", "test_crc"),
        ("__attribute__((unused))\nstatic bool test_crc(void)", "test_crc"),
        ("TEST(Crc, OfNothing)\n{", "Crc.OfNothing"),
        ("TEST_F(Crc, OfNothing) {", "Crc.OfNothing"),
        ("ZTEST(crc, test_nothing)", "crc.test_nothing"),
        ("START_TEST(test_crc)", "test_crc"),
        ('TEST_CASE("crc of nothing")', "crc of nothing"),
        ("RUN_TEST(test_crc);", None),
        ("void test_crc(void);", None),
        ("int x = 3;", None),
        ("}", None),
        ("return crc(x)", None),
        ("else if (x)\n;", None),
        ("a\nb\nc\nd\ne\nvoid test_crc(void) {", None),
    ],
)
def test_a_marker_belongs_to_the_declaration_that_follows(code, name):
    assert marks(f"/* @verifies REQ-007 */\n{code}\n")[0][0] == name


def test_markers_pile_up_above_one_function_and_do_not_reach_the_next():
    assert marks(
        """\
        // @verifies REQ-001
        // @implements REQ-002
        void test_a(void) {
        }
        void test_b(void) {
        }
        // @verifies REQ-003
        """
    ) == [("test_a", 1, ("REQ-001",), "verifies"), ("test_a", 2, ("REQ-002",), "implements"), (None, 7, ("REQ-003",), "verifies")]


def test_one_comment_may_hold_two_markers_and_ranges():
    assert [mark[2:] for mark in marks("/* @verifies REQ-001 through REQ-003, RC-1 @implements REQ-009 */\nvoid test_a(void) {\n")] == [
        (("REQ-001", "REQ-002", "REQ-003", "RC-1"), "verifies"),
        (("REQ-009",), "implements"),
    ]


def test_a_marker_beside_code_belongs_to_that_line():
    assert marks("void test_a(void) { // @verifies REQ-001\n}\n")[0][0] == "test_a"


@pytest.mark.parametrize(
    "text",
    [
        'printf("@verifies REQ-001");',
        "mail me@verifies REQ-001",
        "/* see @verifies REQ-001 */",
        "// @verifiesx REQ-001",
        "// @verifies(REQ-001)",
        "int x; @verifies REQ-001",
    ],
)
def test_what_is_no_marker_is_none(text):
    found = scan(text)
    assert (found.markers, found.findings) == ((), ())


@pytest.mark.parametrize("text", ["// @verifies", "/* @verifies */", "// @verifies req-1", "// @verifies REQ-001, TODO"])
def test_a_marker_without_a_good_id_is_said_with_its_column(text):
    (finding,) = scan(f"\n{text}\n").findings
    assert (finding.code, finding.location.line, finding.location.column) == ("LM-TRC-042", 2, 4 if text.startswith(("//", "/*")) else 0)


def test_code_inside_block_comments_declares_nothing():
    assert names("/*\nvoid test_old(void) {\n*/\nvoid test_new(void) {\n}\n/* x */ void test_more(void) {\n") == ["test_new", "test_more"]


def test_calls_inside_functions_are_no_tests():
    assert names("int main(void)\n{\n    test_a(1)\n    RUN_TEST(test_b);\n}\nstatic void check_test(void) {\n}\n") == ["check_test"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("// @verifies REQ-001\ntest('adds', () => {\n});\n", ["adds"]),
        ('// @verifies REQ-001\n  it("adds \'em", async () => {\n', ["adds 'em"]),
        ("// @verifies REQ-001\ntest.only(`adds`, () => {\n", ["adds"]),
        ("// @verifies REQ-001\nexport async function testAdding() {\n", ["testAdding"]),
    ],
)
def test_tests_of_javascript(text, found):
    path = "test/add.test.js"
    assert [mark[0] for mark in marks(text, path)] == found
    assert names(text, path) == found


@pytest.mark.parametrize(
    ("path", "text", "name"),
    [
        ("crc_test.go", "// @verifies REQ-001\nfunc TestCrc(t *testing.T) {\n", "TestCrc"),
        ("src/lib.rs", "/// @implements REQ-001\npub fn crc(data: &[u8]) -> u32 {\n", "crc"),
        ("tests/crc.sh", "# @verifies REQ-001\nfunction crc_of_nothing() {\n", "crc_of_nothing"),
        ("Crc.java", "    // @verifies REQ-001\n    @Test\n    public void crcOfNothing() {\n", "crcOfNothing"),
        ("crc.sql", "-- @implements REQ-001\nselect 1;\n", None),
        ("crc.html", "<!-- @implements REQ-001 -->\n<p>\n", None),
        ("crc.el", ";; @implements REQ-001\n", None),
    ],
)
def test_other_languages(path, text, name):
    assert marks(text, path)[0][0] == name


def test_only_known_languages_hold_tests():
    assert names("void test_a(void) {\n", "notes.txt") == []
    assert names("func TestCrc(t *testing.T) {\n", "crc_test.go") == ["TestCrc"]


def test_windows_line_ends_and_old_encodings_do_no_harm():
    found = scan_source("tests/unit/a.c", b"/* \xfc @verifies */\r\n/* @verifies REQ-001 */\r\nvoid test_a(void)\r\n{\r\n}\r\n", "pump")
    assert found.verifies == {"tests/unit/a.c::test_a": ("REQ-001",)}


@pytest.mark.parametrize(
    "line",
    [
        "a " * 200_000,
        "(" * 499,
        "a " * 240 + "(",
        "void f(int a) " + "a" * 400 + "!",
        "void f(" + ")" * 400 + "!",
        "@verifies " * 5000,
        "/*" * 100_000,
        "/" * 30_000 + "@",
        "//" + " " * 200_000 + "@",
        " " * 200_000 + "@",
    ],
)
def test_no_line_takes_for_ever(line):
    assert set(codes(scan(f"{line}\n" * 3).findings)) <= {"LM-TRC-042"}


def test_a_long_line_may_hold_a_marker_but_declares_nothing():
    text = f'/* @verifies REQ-001 */\nstatic const char data[] = "{"x" * 600}", other(void)\nvoid test_a(void) {{\n'
    assert marks(text)[0][0] == "test_a"
    assert marks(f"x = '{'x' * 600}'; // @verifies REQ-001\n", "a.txt")[0][2] == ("REQ-001",)
