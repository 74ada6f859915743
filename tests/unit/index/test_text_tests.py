"""What the page says of tests, coverage, gaps, waivers and anomalies, and of the proof."""

import pytest

from fakes.index_answers import answers, five, proof, waiver, with_which_tests
from lotmark.index.api import format_answers
from lotmark.index.models import Covered, Gap, Layer, Loss, WaivedTest

pytestmark = pytest.mark.verifies("REQ-023")


def page(width: int = 120, **fields) -> list[str]:
    """The lines of the part about tests."""
    made = format_answers(answers(answers=five(with_which_tests=with_which_tests(**fields))), width=width).split("\n")
    start = made.index("With which tests") + 1
    return made[start : made.index("", start)]


def layer(name: str = "unit", **counts) -> Layer:
    return Layer(layer=name, **{"reported": True, **counts})


class TestLayers:
    def test_a_table_of_counts_with_the_verdict_at_its_end(self):
        told = page(
            layers=(
                layer("unit", expected=1200, received=1200, passed=1200),
                layer("integration", expected=10, received=9, passed=9, missing=1),
                layer("validation", reported=False),
            )
        )
        assert told[:4] == [
            "  layer           expected  received  passed  failed  skipped  missing",
            "  unit               1,200     1,200   1,200       0        0        0  ✓ all passed",
            "  integration           10         9       9       0        0        1  ✗ incomplete",
            "  validation             -         -       -       -        -        -  ✗ did not report",
        ]

    @pytest.mark.parametrize(
        ("counts", "verdict"),
        [
            ({"passed": 3}, "✓ all passed"),
            ({"passed": 2, "skipped": 1}, "! with skipped"),
            ({"passed": 2, "missing": 1}, "✗ incomplete"),
            ({"passed": 2, "missing": 1, "skipped": 1}, "✗ incomplete"),
            ({"passed": 2, "failed": 1}, "✗ failed"),
            ({"passed": 2, "error": 1}, "✗ failed"),
            ({"failed": 1, "missing": 1, "skipped": 1}, "✗ failed"),
            ({"error": 1, "missing": 1}, "✗ failed"),
        ],
        ids=lambda value: "+".join(value) if isinstance(value, dict) else "",
    )
    def test_the_gravest_count_is_the_verdict(self, counts, verdict):
        assert page(layers=(layer(**counts),))[1].endswith(f"  {verdict}")

    def test_errors_have_a_column_once_there_are_some(self):
        told = page(layers=(layer("unit", passed=1), layer("validation", error=2)))
        assert told[0].split() == ["layer", "expected", "received", "passed", "failed", "error", "skipped", "missing"]
        assert told[1].split()[:8] == ["unit", "0", "0", "1", "0", "0", "0", "0"]
        assert told[2].split()[5] == "2"

    def test_no_layer_is_said_to_be_none(self):
        assert page()[0] == "  layers          ✗ no tests are recorded"

    @pytest.mark.parametrize(
        ("counts", "told"),
        [
            ({"unexpected": 1}, ["  unit            ! 1 test reported that nobody expected"]),
            ({"unstable": 2}, ["  unit            ! 2 tests failed before passing"]),
            (
                {"unexpected": 3, "unstable": 1},
                ["  unit            ! 3 tests reported that nobody expected", "  unit            ! 1 test failed before passing"],
            ),
            ({}, []),
        ],
        ids=["unexpected", "unstable", "both", "neither"],
    )
    def test_surprises_are_told_below_the_table(self, counts, told):
        assert page(layers=(layer(passed=3, **counts),))[2:-1] == told

    def test_colours_do_not_move_a_column(self):
        fields = {"layers": (layer("unit", passed=1), layer("validation", reported=False))}
        made = answers(answers=five(with_which_tests=with_which_tests(**fields)))
        styled = format_answers(made, styled=True)
        for code in ("0", "1", "2", "31", "32", "33"):
            styled = styled.replace(f"\x1b[{code}m", "")
        assert styled == format_answers(made)


class TestCoverage:
    @pytest.mark.parametrize(
        ("kind", "total", "passed", "waived", "told"),
        [
            ("requirement", 3, 3, 0, "✓ 3 of 3 requirements"),
            ("requirement", 1, 1, 0, "✓ 1 of 1 requirement"),
            ("requirement", 3, 2, 1, "! 2 of 3 requirements, 1 waived"),
            ("requirement", 3, 1, 1, "✗ 1 of 3 requirements, 1 waived"),
            ("requirement", 3, 2, 0, "✗ 2 of 3 requirements"),
            ("hazard", 2, 0, 0, "✗ 0 of 2 hazards"),
            ("hazard", 2, 0, 2, "! 0 of 2 hazards, 2 waived"),
            ("risk-control", 2, 2, 0, "✓ 2 of 2 risk controls"),
            ("risk-control", 1, 0, 0, "✗ 0 of 1 risk control"),
            ("need", 2, 2, 0, "✓ 2 of 2 needs"),
        ],
    )
    def test_green_is_for_all_and_a_waiver_is_never_green(self, kind, total, passed, waived, told):
        (line,) = page(covered=(Covered(kind=kind, total=total, passed=passed, waived=waived),))[1:]
        assert line == f"  verified        {told}"

    def test_one_label_for_all_kinds(self):
        told = page(covered=(Covered(kind="hazard", total=1, passed=1, waived=0), Covered(kind="requirement", total=2, passed=2, waived=0)))
        assert told[1:] == ["  verified        ✓ 1 of 1 hazard", "                  ✓ 2 of 2 requirements"]

    def test_a_matrix_that_was_not_evaluated_is_said(self):
        assert page()[1:] == ["  verified        ✗ the matrix was not evaluated"]

    @pytest.mark.parametrize("status", ["failed", "missing", "incomplete", "waived"])
    def test_each_gap_is_named_with_its_status(self, status):
        told = page(gaps=(Gap(item="REQ-002", kind="requirement", title="Agree with instrument B", status=status),))
        assert told[2:] == [f"                    {status}: REQ-002 Agree with instrument B"]

    def test_open_anomalies_stand_below_one_label(self):
        assert page(open_anomalies=("ANO-001 (severity 3): Slow", "ANO-002 (severity 1): Typo"))[2:] == [
            "  open anomalies  ! ANO-001 (severity 3): Slow",
            "                  ! ANO-002 (severity 1): Typo",
        ]


class TestWaivers:
    def test_everything_that_a_reader_must_weigh(self):
        assert page(waivers=(waiver(),))[2:] == [
            "  waiver          ! qpcr:WVR-0001, holds until 2026-12-31, for 1.4.0 alone",
            "                    waives: tests/test_panel.py::test_panel",
            "                    waives: REQ-002",
            "                    reason: The panel is on order",
            "                    residual risk: Instrument B is not named in the labelling",
            "                    owner: quinn",
            "                    signed by: Quinn Example, quality-owner",
            "                    signed: 2026-11-23 12:00:00 UTC (signer's zone UTC), entry 3",
        ]

    @pytest.mark.parametrize(
        ("fields", "told"),
        [
            ({"version": None}, "! qpcr:WVR-0001, holds until 2026-12-31"),
            ({"version": ""}, "! qpcr:WVR-0001, holds until 2026-12-31"),
            ({"standing": "expired", "standing_words": "expired on 2026-12-31"}, "✗ qpcr:WVR-0001, expired on 2026-12-31, for 1.4.0 alone"),
            ({"standing": "closed", "standing_words": "closed by Rene"}, "✗ qpcr:WVR-0001, closed by Rene, for 1.4.0 alone"),
            ({"standing": "not counted", "standing_words": "signed with a key"}, "✗ qpcr:WVR-0001, signed with a key, for 1.4.0 alone"),
        ],
        ids=["any-version", "empty-version", "expired", "closed", "foreign-key"],
    )
    def test_one_that_holds_no_more_is_red(self, fields, told):
        assert page(waivers=(waiver(**fields),))[2] == f"  waiver          {told}"

    def test_the_signers_own_clock_is_shown(self):
        told = page(waivers=(waiver(zone="Europe/Berlin"),))
        assert told[-1].strip() == "signed: 2026-11-23 12:00:00 UTC (2026-11-23 13:00:00 in Europe/Berlin, the signer's zone), entry 3"


class TestProof:
    @pytest.mark.parametrize(
        ("fields", "told"),
        [
            ({}, "entries 5 to 27 of example.org/qpcr"),
            ({"first": 5, "last": 5}, "entry 5 of example.org/qpcr"),
            ({"first": 0, "last": 1}, "entries 0 to 1 of example.org/qpcr"),
        ],
    )
    def test_names_the_span_of_the_log(self, fields, told):
        made = format_answers(answers(answers=five(), proof=proof(**fields))).split("\n")
        assert made[made.index("Proof") + 1 :] == [
            f"  log             {told}",
            "  checkpoint      28 entries, root abababababababab, signed by the log key",
            "  witness         No witness.",
        ]

    @pytest.mark.parametrize("width", [60, 72, 80, 100, 200])
    def test_it_ends_every_page_without_a_line_feed(self, width):
        made = format_answers(answers(answers=five()), width=width)
        assert made.endswith("  witness         No witness.")
        assert not [line for line in made.split("\n") if line != line.rstrip()]


@pytest.mark.parametrize(("number", "last"), [(5, "t4"), (6, "and 1 more"), (12, "and 7 more")])
@pytest.mark.parametrize("kind", ["waived", "losses"])
def test_what_is_too_many_for_the_page_is_counted(kind, number, last):
    made = {
        "waived": tuple(WaivedTest(test=f"t{each}", status="failed", waiver="qpcr:WVR-0001") for each in range(number)),
        "losses": tuple(Loss(item="REQ-001", what=f"t{each}", waiver=None, declared="") for each in range(number)),
    }[kind]
    told = [line for line in page(**{kind: made}) if "more" in line or any(f"t{each}" in line for each in range(number))]
    assert len(told) == min(number, 5) + (number > 5)
    assert last in told[-1]
