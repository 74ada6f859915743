"""Cases that are read many at once are the cases that one by one would give, or none of them is read so."""

import io

import pytest

from lotmark.matrix import _plain
from lotmark.matrix._identity import Identities
from lotmark.matrix._plain import plain_cases
from lotmark.matrix.api import read_results, scan_results

pytestmark = pytest.mark.verifies("REQ-009")


def attrs(classname="tests.test_a", name="test_x", time="0.5"):
    return ["classname", classname, "name", name, "time", time]


def read(*waiting):
    return plain_cases(waiting, Identities(), "suite", "")


def test_names_times_and_ids():
    first, second = read(attrs(), attrs(name="test_y[a]b]", time="2"))
    assert (first.id, first.seconds, first.status, first.suite) == ("tests/test_a.py::test_x", 0.5, "passed", "suite")
    assert (second.id, second.seconds) == ("tests/test_a.py::test_y[a]b]", 2.0)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_attributes_may_stand_in_any_order(order):
    pairs = [("classname", "a.B"), ("name", "works"), ("time", "1")]
    (case,) = read([word for at in order for word in pairs[at]])
    assert (case.id, case.name, case.classname, case.seconds) == ("a.B::works", "works", "a.B", 1.0)


@pytest.mark.parametrize(
    "odd",
    [
        attrs()[:4],
        [*attrs(), "file", "a.py"],
        [*attrs()[2:], *attrs()[:2]],  # in another order than the one before it
        ["classname", "a", "name", "b", "status", "failed"],
        attrs(time="nan"),
        attrs(time="inf"),
        attrs(time="-1"),
        attrs(time="1e99"),
        attrs(time=""),
        attrs(time="soon"),
        attrs(time="0.123456789"),
        attrs(name=""),
        attrs(name="x" * 400),
        attrs(name="test_é"),
        attrs(name="test_\x7f"),
        attrs(name="helper"),
        attrs(name="test_a b"),
        attrs(name="test_a[b] c"),
        attrs(classname=""),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_one_out_of_the_ordinary_leaves_all_to_a_closer_look(odd, first):
    waiting = [odd, attrs()] if first else [attrs(), odd]
    assert read(*waiting) is None


def test_two_times_that_are_no_number_do_not_cancel_out():
    assert read(attrs(time="inf"), attrs(time="-inf")) is None


@pytest.mark.parametrize("classname", ["app.tests", "app.tests.Case", "tests.test_a.TestB", "org.example.LotTest", "a b", "test_x", "x.tests_more.Y"])
@pytest.mark.parametrize("name", ["test_x", "testX", "works", "test_x[1]"])
def test_together_and_alone_have_the_same_id(classname, name, monkeypatch):
    text = f'<testsuite name="s"><testcase classname="{classname}" name="{name}" time="1"/></testsuite>'.encode()
    together = read_results(text, "r.xml").cases
    with monkeypatch.context() as patch:
        patch.setattr("lotmark.matrix._junit.plain_cases", lambda *_: None)
        assert read_results(text, "r.xml").cases == together


def test_a_hundred_thousand_nested_elements_are_refused_with_their_place():
    deep = b"<testsuites>" + b"<testsuite>" * 100_000
    with pytest.raises(Exception, match="nested deeper than") as caught:
        scan_results(io.BytesIO(deep), "deep.xml", [].append)
    assert caught.value.code == "LM-MTX-006"
    assert caught.value.where.startswith("deep.xml:1:")


def test_the_functions_of_a_batch_are_matched_in_linear_time():
    names = ["test_" + "[" * 390] * 2000
    assert _plain._FUNCTIONS.fullmatch("\n".join(names)) is None
