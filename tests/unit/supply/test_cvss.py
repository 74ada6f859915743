"""CVSS 3 base scores against the examples that FIRST publishes, and against the formula in binary arithmetic."""

import itertools
import math
from decimal import Decimal

import pytest

from lotmark.supply._cvss import find_base_score, severity_of

pytestmark = pytest.mark.verifies("REQ-014", "RC-011", "HAZ-002")


# https://www.first.org/cvss/v3-1/examples
EXAMPLES = {
    "CVE-2013-1937": ("AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", "6.1"),
    "CVE-2013-0375": ("AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", "6.4"),
    "CVE-2014-3566": ("AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", "3.1"),
    "CVE-2012-1516": ("AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", "9.9"),
    "CVE-2012-0384": ("AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", "8.8"),
    "CVE-2015-1098": ("AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", "7.8"),
    "CVE-2014-0160": ("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", "7.5"),
    "CVE-2014-6271": ("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "9.8"),
    "CVE-2008-1447": ("AV:N/AC:H/PR:N/UI:N/S:C/C:N/I:H/A:N", "6.8"),
    "CVE-2014-2005": ("AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "6.8"),
    "CVE-2010-0467": ("AV:N/AC:L/PR:N/UI:N/S:C/C:L/I:N/A:N", "5.8"),
    "CVE-2013-6014": ("AV:A/AC:L/PR:N/UI:N/S:C/C:H/I:N/A:H", "9.3"),
    "CVE-2014-9253": ("AV:N/AC:L/PR:L/UI:R/S:C/C:L/I:L/A:N", "5.4"),
    "CVE-2011-1265": ("AV:A/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "8.8"),
    "CVE-2014-2019": ("AV:P/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:N", "4.6"),
    "CVE-2014-0224": ("AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:N", "7.4"),
    "CVE-2012-5376": ("AV:N/AC:L/PR:N/UI:R/S:C/C:H/I:H/A:H", "9.6"),
    "nothing is harmed": ("AV:N/AC:L/PR:N/UI:N/S:C/C:N/I:N/A:N", "0.0"),
}


@pytest.mark.parametrize("version", ["CVSS:3.0", "CVSS:3.1"])
@pytest.mark.parametrize("example", EXAMPLES)
def test_published_examples(version, example):
    vector, score = EXAMPLES[example]
    assert find_base_score(f"{version}/{vector}") == Decimal(score)


def by_formula(vector):
    """The specification's formula in floating point, with its own rounding rule."""
    m = dict(part.split(":") for part in vector.split("/"))
    cia = {"H": 0.56, "L": 0.22, "N": 0}
    privileges = {"N": 0.85, "L": 0.68 if m["S"] == "C" else 0.62, "H": 0.5 if m["S"] == "C" else 0.27}
    base = 1 - (1 - cia[m["C"]]) * (1 - cia[m["I"]]) * (1 - cia[m["A"]])
    impact = 7.52 * (base - 0.029) - 3.25 * (base - 0.02) ** 15 if m["S"] == "C" else 6.42 * base
    exploitability = (
        8.22 * {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2}[m["AV"]] * {"L": 0.77, "H": 0.44}[m["AC"]] * privileges[m["PR"]] * {"N": 0.85, "R": 0.62}[m["UI"]]
    )
    if impact <= 0:
        return 0.0
    raw = min((1.08 if m["S"] == "C" else 1) * (impact + exploitability), 10)
    scaled = round(raw * 100_000)
    return scaled / 100_000 if scaled % 10_000 == 0 else (math.floor(scaled / 10_000) + 1) / 10


def test_every_vector_agrees_with_the_formula():
    metrics = [("AV", "NALP"), ("AC", "LH"), ("PR", "NLH"), ("UI", "NR"), ("S", "UC"), ("C", "HLN"), ("I", "HLN"), ("A", "HLN")]
    for values in itertools.product(*(letters for _, letters in metrics)):
        vector = "/".join(f"{name}:{value}" for (name, _), value in zip(metrics, values, strict=True))
        assert float(find_base_score(f"CVSS:3.1/{vector}")) == by_formula(vector), vector


def test_the_order_of_metrics_and_temporal_metrics_do_not_matter():
    assert find_base_score("CVSS:3.1/A:H/I:H/C:H/S:U/UI:N/PR:N/AC:L/AV:N/E:P/RL:O/MAV:L") == Decimal("9.8")


@pytest.mark.parametrize(
    "vector",
    [
        "",
        "9.8",
        "CVSS:3.1",
        "CVSS:3.1/",
        "CVSS:2.0/AV:N/AC:L/Au:N/C:P/I:P/A:P",
        "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H",
        "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/",
        "CVSS:3.1/AV:/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
    ],
)
def test_anything_else_has_no_score(vector):
    assert find_base_score(vector) is None


@pytest.mark.parametrize(
    ("score", "word"),
    [
        ("0.0", "none"),
        ("0.1", "low"),
        ("3.9", "low"),
        ("4.0", "medium"),
        ("6.9", "medium"),
        ("7.0", "high"),
        ("8.9", "high"),
        ("9.0", "critical"),
        ("10.0", "critical"),
    ],
)
def test_the_rating_scale(score, word):
    assert severity_of(Decimal(score)) == word
