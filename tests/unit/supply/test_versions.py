"""Ordering of versions and OSV's ranges."""

import pytest
import semver
from hypothesis import given
from hypothesis import strategies as st

from lotmark.supply._versions import find_version, is_in_range

pytestmark = pytest.mark.verifies("REQ-014", "RC-011", "HAZ-002")


# The order that section 11 of the Semantic Versioning specification gives as its examples.
SEMVER_ORDER = [
    "0.0.4",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "2.0.0",
    "2.1.0",
    "2.1.1",
]


def test_the_order_of_the_semver_specification():
    keys = [find_version("npm", text) for text in SEMVER_ORDER]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("text", ["v1.2.3", "=1.2.3", "1.2.3+build.5", " 1.2.3 "])
def test_build_metadata_and_prefixes_do_not_count(text):
    assert find_version("npm", text) == find_version("npm", "1.2.3")


@pytest.mark.parametrize("text", ["", "1", "1.2", "01.2.3", "1.2.3-", "x", "1.2.3.4", "latest"])
def test_what_is_no_semver_has_no_order(text):
    assert find_version("npm", text) is None


def test_what_is_no_pep_440_version_has_no_order():
    assert find_version("PyPI", "1.0-x-y") is None
    assert find_version("PyPI", "1.0rc1") < find_version("PyPI", "1.0") < find_version("PyPI", "1.0.post1")


numbers = st.integers(0, 30)
identifiers = st.one_of(st.integers(0, 20).map(str), st.builds("{}{}".format, st.sampled_from("abc"), st.text("abc019-", max_size=2)))
versions = st.builds(
    lambda core, pre: ".".join(map(str, core)) + ("-" + ".".join(pre) if pre else ""), st.tuples(numbers, numbers, numbers), st.lists(identifiers, max_size=3)
)


@given(versions, versions)
def test_semver_orders_as_another_implementation_does(first, second):
    ours = (find_version("npm", first) > find_version("npm", second)) - (find_version("npm", first) < find_version("npm", second))
    assert ours == semver.Version.parse(first).compare(second)


FROM_ZERO = [("introduced", "0"), ("fixed", "1.5")]


@pytest.mark.parametrize(
    ("version", "events", "affected"),
    [
        ("1.4", FROM_ZERO, True),
        ("1.5", FROM_ZERO, False),
        ("1.5rc1", FROM_ZERO, True),
        ("0.0.0.dev0", FROM_ZERO, True),
        ("3.0", [("introduced", "1.0")], True),
        ("0.9", [("introduced", "1.0")], False),
        ("1.0", [("introduced", "1.0"), ("last_affected", "1.0")], True),
        ("1.0.1", [("introduced", "1.0"), ("last_affected", "1.0")], False),
        ("2.5", [("introduced", "2.0"), ("fixed", "3.0"), ("introduced", "0"), ("fixed", "1.0")], True),
        ("1.5", [("introduced", "2.0"), ("fixed", "3.0"), ("introduced", "0"), ("fixed", "1.0")], False),
        ("1.0", [("introduced", "1.0"), ("fixed", "1.0")], True),
        ("1.0", [], False),
        ("1.0", [("fixed", "2.0")], False),
        ("1.0", [("introduced", "0"), ("limit", "2.0")], True),
        ("2.0", [("introduced", "0"), ("limit", "2.0")], False),
        ("2.0", [("introduced", "0"), ("limit", "2.0"), ("limit", "3.0")], True),
        ("2.0", [("introduced", "0"), ("limit", "*")], True),
        ("1.0", [("introduced", "0"), ("fixed", "not-a-version")], None),
    ],
)
def test_a_range_is_evaluated_as_osv_says(version, events, affected):
    assert is_in_range("PyPI", find_version("PyPI", version), events) is affected
