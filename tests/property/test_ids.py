"""Laws of identifiers, for any text."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotmark.base.errors import UsageError
from lotmark.ids.api import find_ids, look_alike_key, parse_id
from lotmark.ids.models import ItemId

pytestmark = pytest.mark.verifies("REQ-001")


products = st.from_regex(r"[a-z][a-z0-9-]{0,39}", fullmatch=True, alphabet=st.characters(codec="ascii"))
locals_ = st.builds(
    lambda parts, number: "-".join([*parts, number]),
    st.lists(st.from_regex(r"[A-Z][A-Z0-9]{0,15}", fullmatch=True, alphabet=st.characters(codec="ascii")), min_size=1, max_size=7),
    st.text(string.digits, min_size=1, max_size=9),
)
items = st.builds(ItemId, products, locals_)


@given(items)
def test_canonical_and_short_forms_lead_back_to_the_identifier(item):
    assert parse_id(item.canonical) == item
    assert parse_id(item.short, item.product) == item


@given(st.text())
def test_any_text_is_an_identifier_or_refused_with_a_rule(text):
    try:
        item, code = parse_id(text, "qpcr"), None
    except UsageError as error:
        item, code = None, error.code
    assert code == "LM-IDS-001" if item is None else text in {item.short, item.canonical}


@given(items, st.sampled_from([" ", ", ", "\n", "; ", ") ("]), items)
def test_identifiers_are_found_wherever_they_stand_in_prose(first, between, second):
    found = find_ids(f"{first}{between}{second}.", "qpcr")
    assert found == tuple(dict.fromkeys([first, second]))


@given(st.text(), products)
def test_whatever_is_found_follows_the_grammar(text, product):
    for item in find_ids(text, product):
        assert parse_id(item.canonical) == item


@given(items)
def test_a_look_alike_key_does_not_see_case_or_space(item):
    assert look_alike_key(item.canonical) == look_alike_key(f" {item.canonical.lower()}\t")
