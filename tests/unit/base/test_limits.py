"""Limits are values with safe defaults."""

import pytest

from lotmark.base.documents import DOCUMENT_LIMITS
from lotmark.base.limits import Limits

pytestmark = pytest.mark.verifies("REQ-025")


def test_the_defaults_are_bounds():
    assert Limits() == Limits(64 * 1024 * 1024, 64, 1_000_000)


def test_configuration_is_held_tighter_than_evidence():
    default = Limits()
    assert (DOCUMENT_LIMITS.max_bytes, DOCUMENT_LIMITS.max_depth, DOCUMENT_LIMITS.max_items) < (default.max_bytes, default.max_depth, default.max_items)
