"""Test ids: one id for a test, whichever producer wrote it down."""

import pytest

from lotmark.matrix._identity import pytest_names
from lotmark.matrix.api import normalise_id

pytestmark = pytest.mark.verifies("REQ-011", "RC-005", "HAZ-006")


def _id(**parts: str) -> str:
    return normalise_id(**{"nodeid": "", "classname": "", "name": "", "file": "", "suite": "", **parts})


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        pytest.param({"nodeid": "tests/a.py::b[x]", "classname": "z", "name": "y"}, "tests/a.py::b[x]", id="the node id is taken as it stands"),
        pytest.param({"classname": "tests.unit.test_ct", "name": "test_plateau[a]"}, "tests/unit/test_ct.py::test_plateau[a]", id="pytest function"),
        pytest.param(
            {"classname": "tests.test_ct.TestPlateau.TestFlat", "name": "test_x"}, "tests/test_ct.py::TestPlateau::TestFlat::test_x", id="pytest nested classes"
        ),
        pytest.param({"classname": "test_ct", "name": "test_x"}, "test_ct.py::test_x", id="pytest module at the root"),
        pytest.param({"classname": "ct_test.TestX", "name": "test_x"}, "ct_test.py::TestX::test_x", id="module named with _test"),
        pytest.param({"classname": "app.tests.TestX", "name": "test_x"}, "app/tests.py::TestX::test_x", id="a module called tests"),
        pytest.param(
            {"classname": "tests.checks.TestX", "name": "test_x", "file": "tests/checks.py"}, "tests/checks.py::TestX::test_x", id="the file tells the module"
        ),
        pytest.param(
            {"classname": "TestAcme", "name": "test_x", "file": "tests/test_lib.py"}, "tests/test_lib.py::TestAcme::test_x", id="unittest class with a file"
        ),
        pytest.param({"classname": "tests.test_a.TestX", "name": "runTest"}, "tests/test_a.py::TestX::runTest", id="a unittest class of one test"),
        pytest.param({"classname": "", "name": "test_x", "file": "tests\\test_lib.py"}, "tests/test_lib.py::test_x", id="windows file, no class"),
        pytest.param(
            {"classname": "tests.test_a", "name": "test_x", "file": "/abs/tests/test_a.py"}, "tests/test_a.py::test_x", id="an absolute file is of no use"
        ),
        pytest.param(
            {"classname": "com.example.test_bar.Foo", "name": "shouldWork"}, "com.example.test_bar.Foo::shouldWork", id="not a test function of python"
        ),
        pytest.param({"classname": "org.tests.FooTest", "name": "testBar"}, "org.tests.FooTest::testBar", id="a java package called tests"),
        pytest.param({"classname": "src/Todo.test.tsx", "name": "Todo > adds"}, "src/Todo.test.tsx::Todo > adds", id="vitest"),
        pytest.param({"name": "Mount iframe", "suite": "widget.test.js"}, "widget.test.js::Mount iframe", id="no class: the suite"),
        pytest.param({"name": "Mount iframe"}, "Mount iframe", id="a name alone"),
        pytest.param({"classname": "a.B"}, "a.B::(unnamed)", id="no name"),
        pytest.param({}, "(unnamed)", id="nothing at all"),
        pytest.param({"classname": "A", "name": "line\nbreak\x85\u2028"}, "A::line\\nbreak\\x85\\u2028", id="an id is one line"),
        pytest.param({"nodeid": "a::b\tc"}, "a::b\\tc", id="a node id is one line too"),
    ],
)
def test_one_test_has_one_id(parts: dict[str, str], expected: str) -> None:
    assert _id(**parts) == expected


def test_the_names_that_pytest_makes_of_ids() -> None:
    ids = ["a/b.py::C::check[x/y]", "a/b.py::C::check[z]", "a/b.py::check", "Profile::should", "a/b.py", "c.py::it", "x/y.py::Z::t", "x.py::y::Z::t"]
    assert pytest_names(ids) == {"a.b.C::check": "a/b.py::C::check", "a.b::check": "a/b.py::check", "c::it": "c.py::it"}
