"""SPDX expressions: read strictly, satisfied by an allow list."""

import pytest

from lotmark.supply._spdx import SpdxReader

pytestmark = pytest.mark.verifies("REQ-014", "RC-011", "HAZ-002")


@pytest.fixture(scope="module")
def reader():
    return SpdxReader()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MIT", "MIT"),
        (" mit ", "MIT"),
        ("MIT OR Apache-2.0", "MIT OR Apache-2.0"),
        ("(MIT AND BSD-3-Clause) OR ISC", "(MIT AND BSD-3-Clause) OR ISC"),
        ("GPL-2.0", "GPL-2.0-only"),
        ("GPL-2.0+", "GPL-2.0-or-later"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"),
        ("Apache-2.0+", "Apache-2.0+"),
        ("LicenseRef-Ours", "LicenseRef-Ours"),
        ("LicenseRef-MIT-Bootstrap", "LicenseRef-MIT-Bootstrap"),
        ("DocumentRef-a:LicenseRef-b", "DocumentRef-a:LicenseRef-b"),
    ],
)
def test_expressions_are_put_into_canonical_words(reader, text, expected):
    assert reader.find_expression(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "BSD",
        "Apache 2.0",
        "MIT/Apache-2.0",
        "NONE",
        "NOASSERTION",
        "UNLICENSED",
        "MIT AND",
        "SEE LICENSE IN LICENSE",
        "Classpath-exception-2.0",
        "MIT WITH MIT",
        "LicenseRef-has blank",
        "GPL-2.0-only WITH Unknown-exception",
        "MIT OR Unknown-1.0",
        "(" * 900,
        "MIT OR " * 200 + "MIT",
        "LicenseRef-scancode-x WITH y",
        "\0",
    ],
)
def test_anything_else_is_no_expression(reader, text):
    assert reader.find_expression(text) == ""
    assert not reader.is_satisfied(text, {text, "MIT"})


@pytest.mark.parametrize(
    ("text", "allowed", "holds"),
    [
        ("MIT", {"MIT"}, True),
        ("MIT", set(), False),
        ("MIT OR GPL-3.0-only", {"MIT"}, True),
        ("MIT AND GPL-3.0-only", {"MIT"}, False),
        ("MIT AND ISC", {"MIT", "ISC"}, True),
        ("(MIT AND GPL-3.0-only) OR (ISC AND Zlib)", {"ISC", "Zlib"}, True),
        ("(MIT OR GPL-3.0-only) AND (ISC OR Zlib)", {"MIT"}, False),
        ("GPL-2.0-only WITH Classpath-exception-2.0", {"GPL-2.0-only"}, True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", {"GPL-2.0-only WITH Classpath-exception-2.0"}, True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", {"MIT"}, False),
        ("Apache-2.0+", {"Apache-2.0"}, True),
        ("Apache-2.0", {"Apache-2.0+"}, False),
        ("LicenseRef-MIT-Bootstrap", {"MIT"}, False),
        ("LicenseRef-Ours", {"LicenseRef-Ours"}, True),
    ],
)
def test_an_expression_holds_if_one_branch_is_allowed(reader, text, allowed, holds):
    assert reader.is_satisfied(text, allowed) is holds
