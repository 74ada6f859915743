"""Markers and tests of Python sources, without running them."""

import textwrap
import warnings

import pytest

from fakes.trace_files import codes
from lotmark.trace.api import scan_source
from lotmark.trace.models import Marker, MarkerKind

pytestmark = pytest.mark.verifies("REQ-008", "RC-009", "HAZ-006")


PATH = "tests/unit/test_ct.py"


def scan(text, path=PATH):
    return scan_source(path, textwrap.dedent(text).encode(), "qpcr")


def verifies(text, path=PATH):
    found = scan(text, path)
    assert found.findings == ()
    return {test.removeprefix(f"{path}::"): ids for test, ids in found.verifies.items()}


def collected(text, path=PATH):
    return [test.id.removeprefix(f"{path}::") for test in scan(text, path).tests]


def test_a_marked_function_carries_its_ids():
    found = scan(
        """\
        import pytest

        @pytest.mark.verifies("REQ-007", "RC-003")
        def test_plateau():
            pass
        """
    )
    assert found.markers == (Marker(f"{PATH}::test_plateau", PATH, 3, ("REQ-007", "RC-003"), MarkerKind.VERIFIES),)
    assert [(test.id, test.line, test.layer) for test in found.tests] == [(f"{PATH}::test_plateau", 4, "unit")]
    assert found.files == 1


@pytest.mark.parametrize(
    "decorator",
    [
        '@pytest.mark.verifies("REQ-007")',
        "@pytest.mark.verifies('REQ-007')",
        '@mark.verifies("REQ-007")',
        '@pytest.mark.verifies("qpcr:REQ-007")',
        '@pytest.mark.verifies("REQ-007", "REQ-007")',
        '@pytest.mark.verifies(*["REQ-007"])',
        "@pytest.mark.verifies(ID)",
        "@pytest.mark.verifies(*IDS)",
        "@pytest.mark.verifies(*NESTED)",
        "@needs_seven",
    ],
)
def test_ids_are_found_in_any_static_form(decorator):
    text = f"""\
ID = "REQ-007"
IDS: tuple[str, ...] = ("REQ-007",)
NESTED = [ID]
needs_seven = pytest.mark.verifies("REQ-007")

{decorator}
def test_it(): pass
"""
    assert verifies(text) == {"test_it": ("REQ-007",)}


def test_markers_add_up_from_module_class_and_function():
    assert verifies(
        """\
        pytestmark = [pytest.mark.slow, pytest.mark.verifies("REQ-001")]

        @pytest.mark.verifies("REQ-002")
        class TestOuter:
            pytestmark = pytest.mark.verifies("REQ-003")

            @pytest.mark.verifies("REQ-004")
            def test_a(self): pass

            class TestInner:
                async def test_b(self): pass

        def test_c(): pass
        """
    ) == {
        "TestOuter::test_a": ("REQ-004", "REQ-001", "REQ-002", "REQ-003"),
        "TestOuter::TestInner::test_b": ("REQ-001", "REQ-002", "REQ-003"),
        "test_c": ("REQ-001",),
    }


def test_a_parametrised_test_has_one_base_id_with_the_marks_of_its_sets():
    assert verifies(
        """\
        @pytest.mark.verifies("REQ-001")
        @pytest.mark.parametrize("x", [1, pytest.param(2, marks=pytest.mark.verifies("REQ-002")), pytest.param(3, marks=[pytest.mark.verifies("REQ-003")])])
        def test_it(x): pass
        """
    ) == {"test_it": ("REQ-001", "REQ-002", "REQ-003")}


def test_tests_inside_blocks_are_found():
    assert verifies(
        """\
        if True:
            @pytest.mark.verifies("REQ-001")
            def test_a(): pass
        else:
            def test_b(): pass
        try:
            import numpy
        except ImportError:
            @pytest.mark.verifies("REQ-003")
            def test_c(): pass
        finally:
            with x:
                @pytest.mark.verifies("REQ-004")
                def test_d(): pass
        """
    ) == {"test_a": ("REQ-001",), "test_c": ("REQ-003",), "test_d": ("REQ-004",)}


def test_tests_inside_a_match_are_found_in_order():
    text = """\
def test_a(): pass
match x:
    case 1:
        def test_b(): pass
    case _:
        def test_c(): pass
for x in y:
    def test_d(): pass
else:
    def test_e(): pass
"""
    assert collected(text) == ["test_a", "test_b", "test_c", "test_d", "test_e"]


def test_a_long_chain_of_conditions_is_no_problem():
    chain = "if x == 0:\n    def test_0(): pass\n" + "".join(f"elif x == {number}:\n    def test_{number}(): pass\n" for number in range(1, 900))
    assert len(collected(chain)) == 900


def test_the_tests_are_those_that_pytest_collects():
    assert collected(
        """\
        def test_a(): pass
        def helper(): pass
        @pytest.fixture
        def test_data(): pass
        @pytest.fixture(scope="module")
        def test_more(): pass
        @fixture
        def test_most(): pass
        class TestB:
            def test_c(self): pass
            def other(self): pass
        class TestWithInit:
            def __init__(self): pass
            def test_d(self): pass
        class TestOff:
            __test__ = False
            def test_e(self): pass
        class Helper:
            def test_f(self): pass
        class Old(unittest.TestCase):
            def test_g(self): pass
        class Older(TestCase):
            def test_h(self): pass
        class TestMade(make()):
            def test_i(self): pass
        """
    ) == ["test_a", "TestB::test_c", "Old::test_g", "Older::test_h", "TestMade::test_i"]


@pytest.mark.parametrize(("path", "number"), [("tests/test_a.py", 1), ("tests/a_test.py", 1), ("tests/conftest.py", 0), ("tests/helpers.py", 0)])
def test_only_test_files_hold_tests(path, number):
    assert len(collected("def test_a(): pass", path)) == number


@pytest.mark.parametrize(
    ("decorator", "word"),
    [
        ("@pytest.mark.verifies", "names no id"),
        ("@pytest.mark.verifies()", "at least one"),
        ('@pytest.mark.verifies("")', "is no identifier"),
        ('@pytest.mark.verifies("REQ 7")', "is no identifier"),
        ('@pytest.mark.verifies("REQ-001, REQ-002")', "is no identifier"),
        ('@pytest.mark.verifies("REQ-001", why="x")', "no keywords"),
        ("@pytest.mark.verifies(7)", "without running"),
        ("@pytest.mark.verifies(make())", "without running"),
        ('@pytest.mark.verifies(f"REQ-{n}")', "without running"),
        ("@pytest.mark.verifies(UNKNOWN)", "without running"),
        ("@pytest.mark.verifies(LOOP)", "without running"),
    ],
)
def test_a_marker_that_cannot_be_understood_is_said(decorator, word):
    (finding,) = scan(f"LOOP = LOOP\n{decorator}\ndef test_it(): pass\n").findings
    assert finding.code == "LM-TRC-042"
    assert word in finding.message
    assert finding.location.line == 2
    assert finding.location.column > 1


def test_the_good_ids_of_a_half_good_marker_count():
    found = scan('@pytest.mark.verifies("REQ-001", "nope")\ndef test_it(): pass\n')
    assert found.verifies == {f"{PATH}::test_it": ("REQ-001",)}
    assert codes(found.findings) == ["LM-TRC-042"]


@pytest.mark.parametrize("data", [b"def broken(:\n", b"x = (\n", b"# -*- coding: nonsense -*-\n", b"\xff\xfe", b"x = '" + b"(" * 5, b"(" * 5000 + b")" * 5000])
def test_a_source_that_is_no_python_is_a_finding_and_no_traceback(data):
    (finding,) = scan_source(PATH, data, "qpcr").findings
    assert finding.code == "LM-TRC-040"
    assert finding.location.path == PATH


def test_warnings_of_foreign_code_stay_away():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert collected('def test_a(): return "\\d"') == ["test_a"]


class TestComments:
    def test_a_comment_above_inside_or_beside_a_test_belongs_to_it(self):
        assert verifies(
            """\
            # @verifies REQ-001
            def test_a(): pass

            def test_b():
                # @verifies REQ-002 RC-001
                pass

            def test_c(): pass  # @verifies REQ-003 through REQ-004

            # @verifies REQ-005

            # and a word more
            @decorated
            # @verifies REQ-006
            def test_d(): pass
            """
        ) == {"test_a": ("REQ-001",), "test_b": ("REQ-002", "RC-001"), "test_c": ("REQ-003", "REQ-004"), "test_d": ("REQ-005", "REQ-006")}

    def test_the_innermost_function_counts(self):
        assert list(verifies("class TestA:\n    def test_a(self):\n        def inner():\n            pass\n        # @verifies REQ-001\n        pass\n")) == [
            "TestA::test_a"
        ]

    @pytest.mark.parametrize("text", ["# @verifies REQ-001\nx = 1\ndef test_a(): pass\n", "def test_a(): pass\n# @verifies REQ-001\n", "# @verifies REQ-001\n"])
    def test_a_comment_apart_belongs_to_the_file(self, text):
        (marker,) = scan(text).markers
        assert (marker.test_id, marker.ids) == (None, ("REQ-001",))

    @pytest.mark.parametrize(
        "text",
        ['x = "# @verifies REQ-001"', 'x = """\n# @verifies REQ-001\n"""', "# see @verifies REQ-001", "@verifies('REQ-001')\ndef f(): pass", "# @verifies(x)"],
    )
    def test_what_is_no_marker_is_none(self, text):
        assert scan(text).markers == ()
        assert scan(text).findings == ()

    @pytest.mark.parametrize("text", ["# @verifies", "# @verifies nothing", "# @implements REQ-001, later"])
    def test_a_comment_without_a_good_id_is_said(self, text):
        (finding,) = scan(text).findings
        assert (finding.code, finding.location.line) == ("LM-TRC-042", 1)


class TestDocstrings:
    def test_modules_classes_and_functions_say_what_they_implement(self):
        found = scan(
            '''\
            """Calling.

            Implements: REQ-001, REQ-002
            """

            class Caller:
                """Calls.

                Implements: REQ-003
                """

                def call(self):
                    """Call.

                    @implements REQ-004
                    """
            ''',
            "src/calling.py",
        )
        assert [(marker.test_id, marker.line, marker.ids, marker.kind) for marker in found.markers] == [
            (None, 3, ("REQ-001", "REQ-002"), "implements"),
            ("src/calling.py::Caller", 9, ("REQ-003",), "implements"),
            ("src/calling.py::Caller.call".replace("Caller.call", "Caller::call"), 15, ("REQ-004",), "implements"),
        ]

    def test_a_test_may_say_it_in_its_docstring(self):
        assert verifies('def test_a():\n    """It calls.\n\n    Verifies: REQ-001\n    """\n') == {"test_a": ("REQ-001",)}

    def test_prose_of_foreign_code_is_no_marker(self):
        found = scan('"""Module.\n\nImplements: the iterator protocol\nVerifies: nothing\n"""\n')
        assert (found.markers, found.findings) == ((), ())

    def test_an_explicit_marker_without_id_is_said(self):
        assert codes(scan('"""@verifies nothing"""\n').findings) == ["LM-TRC-042"]
