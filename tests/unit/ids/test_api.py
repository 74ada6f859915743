"""The identifier grammar."""

import pytest

from lotmark.base.errors import UsageError
from lotmark.ids.api import find_ids, look_alike_key, parse_id, parse_product
from lotmark.ids.models import ItemId
from lotmark.ids.rules import RULES

pytestmark = pytest.mark.verifies("REQ-001")


@pytest.mark.parametrize(
    ("text", "product", "local"),
    [
        ("REQ-001", "qpcr", "REQ-001"),
        ("qpcr:REQ-001", "qpcr", "REQ-001"),
        ("pump:REQ-001", "pump", "REQ-001"),
        ("pelican:SYS-SES-004", "pelican", "SYS-SES-004"),
        ("RUN-0001", "qpcr", "RUN-0001"),
        ("A1-2", "qpcr", "A1-2"),
        ("a-b-3:X-1", "a-b-3", "X-1"),
        ("A-B-C-D-E-F-G-123456789", "qpcr", "A-B-C-D-E-F-G-123456789"),
        (f"{'p' * 40}:{'Q' * 16}-1", "p" * 40, f"{'Q' * 16}-1"),
    ],
)
def test_an_identifier_of_the_grammar_is_read_as_it_stands(text, product, local):
    item = parse_id(text, "qpcr")
    assert item == ItemId(product, local)
    assert str(item) == item.canonical == f"{product}:{local}"
    assert item.short == local
    assert parse_id(item.canonical) == item


@pytest.mark.parametrize(
    "text",
    [
        "",
        "REQ",
        "REQ-",
        "-001",
        "REQ001",
        "REQ-001-",
        "REQ-001a",
        "REQ--001",
        "REQ-A",
        "1REQ-001",
        "REQ-1234567890",
        "QQQQQQQQQQQQQQQQQ-1",
        "A-B-C-D-E-F-G-H-1",
        "Qpcr:REQ-001",
        ":REQ-001",
        "qpcr:",
        "qpcr:pump:REQ-001",
        "qpcr: REQ-001",
        "REQ-001:qpcr",
        f"{'p' * 41}:REQ-001",
        "REQ-١",
        pytest.param("req-001", id="lower case", marks=pytest.mark.attack("P06")),
        pytest.param(" REQ-001", id="leading space", marks=pytest.mark.attack("P06")),
        pytest.param("REQ-001 ", id="trailing space", marks=pytest.mark.attack("P06")),
        pytest.param("REQ-001\n", id="trailing line feed", marks=pytest.mark.attack("P11")),
        pytest.param("qpcr\n:REQ-001", id="line feed in the product", marks=pytest.mark.attack("P11")),
        pytest.param("REQ-001\0", id="NUL", marks=pytest.mark.attack("P05")),
        pytest.param("\uff32\uff25\uff31-\uff10\uff10\uff11", id="full width", marks=pytest.mark.attack("P06")),
        pytest.param("R\u0415Q-001", id="Cyrillic", marks=pytest.mark.attack("P06")),
        pytest.param("REQ\u2010001", id="another hyphen", marks=pytest.mark.attack("P06")),
        pytest.param("RE\u0301Q-001", id="combining accent", marks=pytest.mark.attack("P06")),
    ],
)
def test_anything_else_is_refused_with_its_rule(text):
    with pytest.raises(UsageError) as caught:
        parse_id(text, "qpcr")
    assert caught.value.code == "LM-IDS-001"
    assert caught.value.solution


@pytest.mark.parametrize(
    ("text", "meant"),
    [("req-001", "REQ-001"), ("R\u0415Q-001 ", "REQ-001"), ("QPCR:req-7", "qpcr:REQ-7"), ("REQ\u2013001", "REQ-001")],
)
def test_a_near_miss_is_answered_with_what_was_meant(text, meant):
    with pytest.raises(UsageError) as caught:
        parse_id(text, "qpcr")
    assert f"did you mean {meant}?" in str(caught.value.solution)


def test_a_far_miss_is_answered_with_the_grammar():
    with pytest.raises(UsageError) as caught:
        parse_id("the third requirement", "qpcr")
    assert "REQ-001" in str(caught.value.solution)


def test_a_short_id_needs_a_product():
    with pytest.raises(UsageError, match="of which product") as caught:
        parse_id("REQ-001")
    assert caught.value.code == "LM-IDS-001"


@pytest.mark.parametrize("text", ["", "Qpcr", "1qpcr", "-q", "q" * 41, "q_pcr", "qpcr\n", "qpcr:", "qpсr"])
def test_what_is_no_product_id_is_refused(text):
    with pytest.raises(UsageError) as caught:
        parse_product(text)
    assert caught.value.code == "LM-IDS-002"
    with pytest.raises(UsageError):
        parse_id("REQ-001", text)


def test_a_product_id_is_read_as_it_stands():
    assert parse_product("pump-firmware") == "pump-firmware"


@pytest.mark.parametrize(("local", "prefix"), [("REQ-001", "REQ"), ("SYS-SES-004", "SYS")])
def test_the_prefix_is_the_first_part(local, prefix):
    assert ItemId("qpcr", local).prefix == prefix


def test_identifiers_sort_and_serve_as_keys():
    ids = [ItemId("qpcr", "REQ-002"), ItemId("pump", "REQ-003"), ItemId("qpcr", "REQ-001")]
    assert [str(item) for item in sorted(ids)] == ["pump:REQ-003", "qpcr:REQ-001", "qpcr:REQ-002"]
    assert len({*ids, ItemId("pump", "REQ-003")}) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Refs: REQ-001, REQ-002", ["qpcr:REQ-001", "qpcr:REQ-002"]),
        ("Refs:REQ-001", ["qpcr:REQ-001"]),
        ("a subject\n\nImplements:RC-003\nRefs: pump:REQ-001", ["qpcr:RC-003", "pump:REQ-001"]),
        ("(REQ-001); [REQ-002], 'REQ-003'. REQ-004!", ["qpcr:REQ-001", "qpcr:REQ-002", "qpcr:REQ-003", "qpcr:REQ-004"]),
        ("REQ-001 and again REQ-001, qpcr:REQ-001", ["qpcr:REQ-001"]),
        ("https://tracker.example/REQ-001?x=1", ["qpcr:REQ-001"]),
        ("REQ-001..REQ-004", ["qpcr:REQ-001", "qpcr:REQ-004"]),
        ("SYS-SES-004", ["qpcr:SYS-SES-004"]),
        ("XREQ_001 req-001 test_REQ-001 REQ-001a REQ-001-draft -REQ-001", []),
        ("see Qpcr:REQ-001 and x-REQ-001", []),
        ("CVE-2024-12345 2024-REQ-1", []),
        ("\u0415REQ-001 \u0415-REQ-001", []),
        ("REQ-1234567890", []),
        ("", []),
    ],
)
def test_identifiers_are_found_in_prose(text, expected):
    assert [str(item) for item in find_ids(text, "qpcr")] == expected


def test_prefixes_leave_out_what_only_looks_like_an_identifier():
    text = "REQ-001 stores UTF-8 with its SHA-256 (HAZ-002)"
    assert len(find_ids(text, "qpcr")) == 4
    assert [item.local for item in find_ids(text, "qpcr", prefixes={"REQ", "HAZ"})] == ["REQ-001", "HAZ-002"]


def test_a_long_hostile_text_is_searched_in_one_pass():
    assert find_ids("A-" * 100_000 + "a:" * 100_000 + "Z" * 100_000, "qpcr") == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("REQ-001", "req-001"),
        ("REQ-001", "REQ-1"),
        ("REQ-001", "REQ-OO1"),
        ("REQ-001", "REQ-00l"),
        ("REQ-001", "REQ-00|"),
        ("REQ-001", " REQ-001 "),
        ("REQ-001", "R\u0415Q-001"),
        ("REQ-001", "\uff32\uff25\uff31-\uff10\uff10\uff11"),
        ("REQ-001", "REQ\u2013001"),
        ("IO-001", "1O-001"),
        ("SYS-LOG-001", "SYS-L0G-001"),
        ("HAZ-001", "\u0397\u0391\u0396-001"),
        ("REQ-000", "REQ-0"),
    ],
)
def test_look_alikes_have_one_key(one, other):
    assert look_alike_key(one) == look_alike_key(other)


def test_numbers_inside_an_id_look_alike_without_their_zeros():
    assert parse_id("ZEP-SRS-26-1", "zep").local == "ZEP-SRS-26-1"
    assert look_alike_key("ZEP-SRS-06-1") == look_alike_key("ZEP-SRS-6-01") == look_alike_key("ZEP-SRS-O6-1")
    assert look_alike_key("ZEP-SRS-60-1") != look_alike_key("ZEP-SRS-6-1")
    assert look_alike_key("ZEP-0-1") != look_alike_key("ZEP-1-1")


@pytest.mark.parametrize("text", ["CVE-2024-12345", "ISO-14971-2019", "IEC-62304", "RFC-6962"])
def test_catalogue_numbers_are_items_only_where_the_product_asks_for_the_prefix(text):
    assert find_ids(text, "qpcr") == ()
    assert [item.local for item in find_ids(text, "qpcr", prefixes={text.partition("-")[0]})] == [text]


@pytest.mark.parametrize(("one", "other"), [("REQ-001", "REQ-010"), ("SYS-LO-1", "SYS-IO-1"), ("REQ-001", "RFQ-001"), ("", "0")])
def test_what_differs_to_the_eye_has_two_keys(one, other):
    assert look_alike_key(one) != look_alike_key(other)


def test_every_rule_tells_its_story():
    assert [rule.code for rule in RULES] == ["LM-IDS-001", "LM-IDS-002"]
    assert all(rule.title and rule.story and rule.cure for rule in RULES)
