"""What the page says of the decision and of every signature."""

import pytest

from fakes.index_answers import answers, approval, decision, five, signature
from lotmark.index.api import format_answers
from lotmark.index.models import RequiredSignature

pytestmark = pytest.mark.verifies("REQ-023")


def page(*, styled: bool = False, **fields) -> list[str]:
    made = format_answers(answers(answers=five(under_which_approval=approval(**fields))), width=200, styled=styled).split("\n")
    start = next(number for number, line in enumerate(made) if "Under which approval" in line) + 1
    return made[start : made.index("", start)]


def test_an_approval_whole():
    assert page() == [
        "  decision        ✓ accepted: 2 of 2 criteria met, on 2026-11-23 12:00:00 UTC",
        "  risk tier       high",
        f"  policy sha256   {'90' * 32}",
        "  log position    entry 18; judged on the 18 entries before it",
        "  required        1 × quality-owner (approval)",
        "  signatures      ✓ Quinn Example, quality-owner: approval",
        "                    signed: 2026-11-23 12:00:00 UTC (signer's zone UTC), entry 20; counts",
        "                    reason: I have read it",
    ]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"verdict": "refused", "criteria_met": 1}, "✗ refused: 1 of 2 criteria met, on 2026-11-23 12:00:00 UTC"),
        ({"verdict": "Accepted"}, "✗ Accepted: 2 of 2 criteria met, on 2026-11-23 12:00:00 UTC"),
        ({"verdict": ""}, "✗ : 2 of 2 criteria met, on 2026-11-23 12:00:00 UTC"),
        ({"criteria_met": 1, "criteria": 1}, "✓ accepted: 1 of 1 criterion met, on 2026-11-23 12:00:00 UTC"),
        ({"criteria_met": 0, "criteria": 0, "verdict": "incomplete"}, "✗ incomplete: 0 of 0 criteria met, on 2026-11-23 12:00:00 UTC"),
    ],
    ids=["refused", "another-word", "no-word", "one-criterion", "no-criteria"],
)
def test_only_the_word_accepted_is_green(fields, told):
    assert page(decision=decision(**fields))[0] == f"  decision        {told}"


def test_what_is_not_met_and_what_is_missing_stands_below_the_decision():
    told = page(decision=decision(verdict="refused", unmet=("All tests passed: 1 test failed", "Stages"), missing=("stage unit: test-run",)))
    assert told[1:4] == [
        "                    not met: All tests passed: 1 test failed",
        "                    not met: Stages",
        "                    missing: stage unit: test-run",
    ]


@pytest.mark.parametrize(
    ("tier", "reasons", "told"),
    [("low", (), "low"), ("high", ("first release of the product",), "high: first release of the product"), ("medium", ("a", "b"), "medium: a; b")],
)
def test_the_tier_is_told_with_its_reasons(tier, reasons, told):
    assert page(decision=decision(tier=tier, tier_reasons=reasons))[1] == f"  risk tier       {told}"


def test_without_a_decision_nothing_of_it_is_told():
    assert page(decision=None, required=(), signatures=()) == [
        "  decision        ✗ none: the run did not come to its decision",
        "  signatures      none",
    ]


def test_what_must_be_signed_is_counted_by_role_and_meaning():
    required = (RequiredSignature(count=2, role="developer", meaning="review"), RequiredSignature(count=1, role="quality-owner", meaning="approval"))
    assert page(required=required)[4] == "  required        2 × developer (review); 1 × quality-owner (approval)"


@pytest.mark.parametrize(
    ("standing", "mark", "color", "words"),
    [
        ("counted", "✓", 32, "counts"),
        ("recorded", "·", 2, "recorded; whether it counts is judged when the run goes on"),
        ("rejection", "✗", 31, "rejects the release"),
        ("stale", "!", 33, "does not count: made under an earlier decision"),
        ("withdrawn", "!", 33, "does not count: withdrawn by the signer"),
        ("foreign key", "✗", 31, "does not count: made with a key of somebody else"),
        ("not counted", "!", 33, "does not count"),
    ],
)
def test_every_standing_of_a_signature_has_its_words(standing, mark, color, words):
    told = page(signatures=(signature(standing=standing),))
    assert told[5] == f"  signatures      {mark} Quinn Example, quality-owner: approval"
    assert told[6].endswith(f", entry 20; {words}")
    styled = page(signatures=(signature(standing=standing),), styled=True)
    assert f"\x1b[{color}m{mark}\x1b[0m Quinn Example" in styled[5]


def test_a_delegate_signs_on_behalf_of_somebody():
    told = page(signatures=(signature(on_behalf_of="quinn", name="Rene Example"),))
    assert told[5] == "  signatures      ✓ Rene Example on behalf of quinn, quality-owner: approval"


def test_several_signatures_stand_in_log_order_below_one_label():
    told = page(signatures=(signature(), signature(name="Rene Example", role="regulatory", meaning="review", index=21)))
    assert [line[2:18].strip() for line in told[5:]] == ["signatures", "", "", "", "", ""]
    assert told[8] == "                  ✓ Rene Example, regulatory: review"
    assert told[9].endswith("entry 21; counts")


@pytest.mark.parametrize(
    ("stage", "told"),
    [
        ("refused: rejected by Rene", "✗ refused: rejected by Rene"),
        ("pending: to be signed by 1 × quality-owner", "… pending: to be signed by 1 × quality-owner"),
    ],
)
def test_a_stage_that_did_not_end_well_is_told(stage, told):
    assert page(stage=stage)[-1] == f"  approval stage  {told}"


@pytest.mark.parametrize("stage", [None, ""])
def test_a_stage_that_ended_well_is_not(stage):
    assert not [line for line in page(stage=stage) if "approval stage" in line]
