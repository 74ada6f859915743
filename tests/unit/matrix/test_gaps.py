"""Gaps that can be told before anything runs: an item without any known test in a category that it needs."""

import itertools

import pytest

from fakes.matrix_product import MATRIX, graph, known
from lotmark.base.findings import Severity
from lotmark.matrix.api import find_gaps, parse_matrix

pytestmark = pytest.mark.verifies("REQ-011", "RC-005", "HAZ-006")

DOCUMENT = parse_matrix(MATRIX.encode())


def _gaps(tests):
    return find_gaps(DOCUMENT, graph(), tests)


def test_without_any_test_every_need_is_a_gap():
    found = _gaps(())
    assert found
    assert {finding.code for finding in found} == {"LM-MTX-041"}
    assert all(finding.location is not None and finding.help for finding in found)


def test_each_known_test_can_only_close_gaps():
    tests = list(known())
    gaps = [{(finding.subject, finding.message) for finding in _gaps(tests[:count])} for count in range(len(tests) + 1)]
    assert all(later <= earlier for earlier, later in itertools.pairwise(gaps))
    assert gaps[-1] < gaps[0]


def test_a_blocking_gap_is_an_error_and_a_waivable_one_warns():
    severities = {("(blocking)" in finding.message, finding.severity) for finding in _gaps(())}
    assert (True, Severity.ERROR) in severities
    assert (True, Severity.WARNING) not in severities
    assert (False, Severity.ERROR) not in severities
