"""The pages about an item, a component and a waiver."""

import pytest

from fakes.index_answers import answers, component, item, item_test, summary, target, waiver
from lotmark.index.api import format_answers
from lotmark.index.models import WaiverAnswer

pytestmark = pytest.mark.verifies("REQ-023")


def page(kind: str, name: str, words: str = "", **fields) -> list[str]:
    made = format_answers(answers(kind, name=name, question=name, words=words, **fields), width=200).split("\n")
    return made[: made.index("Proof") - 1]


def about_item(*items, run: str = "qpcr:RUN-0001") -> list[str]:
    return page("item", "qpcr:REQ-001", items=items, run=run)


def numbered(number: int, **fields):
    return summary(run=f"qpcr:RUN-000{number}", version=f"1.{number}.0", **fields)


class TestItem:
    def test_a_page_whole(self):
        told = about_item(item(risk="medium before control, low after", links=("derives UN-001", "REQ-002 refines it")))
        assert told == [
            "qpcr:REQ-001  Correct the baseline",
            "  what            requirement, approved",
            "  risk            medium before control, low after",
            "  links           derives UN-001, REQ-002 refines it",
            f"  fingerprint     {'f1' * 32}",
            "",
            "In 1 release and 0 other runs",
            "  1.4.0           ✓ released on 2026-11-23 12:00:00 UTC, RUN-0001; passed in the matrix; first seen here; 1 test: 1 passed",
            "",
            "Its tests in qpcr 1.4.0 (RUN-0001)",
            "  unit            ✓ passed: tests/test_ct.py",
            "                    test_ct",
        ]

    @pytest.mark.parametrize(
        ("kind", "told"), [("risk-control", "risk control, approved"), ("user-need", "user need, approved"), ("hazard", "hazard, approved")]
    )
    def test_a_kind_is_told_in_words(self, kind, told):
        assert about_item(item(type=kind))[1] == f"  what            {told}"

    def test_nothing_is_said_of_links_and_risk_where_there_are_none(self):
        assert [line[2:18].strip() for line in about_item(item())[1:4]] == ["what", "fingerprint", ""]

    def test_runs_are_told_the_newest_first_with_what_changed(self):
        history = (
            item(run=numbered(1)),
            item(run=numbered(2), changed=False),
            item(run=numbered(3, state="refused", released_at=None), changed=True, verdict=None, tests=()),
        )
        told = about_item(*history, run="qpcr:RUN-0002")
        start = told.index("In 2 releases and 1 other run")
        assert told[start + 1 : start + 4] == [
            "  1.3.0           ✗ refused opened 2026-11-23 12:00:00 UTC, RUN-0003; not in the matrix; its text changed here; no tests",
            "  1.2.0           ✓ released on 2026-11-23 12:00:00 UTC, RUN-0002; passed in the matrix; text unchanged; 1 test: 1 passed",
            "  1.1.0           ✓ released on 2026-11-23 12:00:00 UTC, RUN-0001; passed in the matrix; first seen here; 1 test: 1 passed",
        ]
        assert told[start + 5] == "Its tests in qpcr 1.2.0 (RUN-0002)"

    def test_the_text_is_that_of_the_run_that_is_meant(self):
        history = (item(run=numbered(1), title="The old text"), item(run=numbered(2), title="The new text"))
        assert about_item(*history, run="qpcr:RUN-0001")[0] == "qpcr:REQ-001  The old text"
        assert about_item(*history, run="qpcr:RUN-0002")[0] == "qpcr:REQ-001  The new text"

    @pytest.mark.parametrize(
        ("tests", "told"),
        [
            ([("a", "passed")], "1 test: 1 passed"),
            ([("a", "passed"), ("b", "passed")], "2 tests: 2 passed"),
            ([("a", "skipped"), ("b", "passed"), ("c", "failed")], "3 tests: 1 failed, 1 passed, 1 skipped"),
            ([("a", "passed"), ("a", "passed")], "1 test: 1 passed"),
            ([], "no tests"),
        ],
        ids=["one", "two", "several", "twice", "none"],
    )
    def test_tests_are_counted_once_each(self, tests, told):
        made = item(tests=tuple(item_test(test=name, status=status) for name, status in tests))
        assert about_item(made)[5].endswith(f"; {told}")

    @pytest.mark.parametrize(
        ("fields", "told"),
        [
            ({"status": "passed"}, "✓ passed: tests/test_ct.py"),
            ({"status": "waived", "waiver": "qpcr:WVR-0001"}, "! waived, waived by qpcr:WVR-0001: tests/test_ct.py"),
            ({"status": "skipped"}, "! skipped: tests/test_ct.py"),
            ({"status": "failed"}, "✗ failed: tests/test_ct.py"),
            ({"status": "error"}, "✗ error: tests/test_ct.py"),
            ({"status": "missing"}, "✗ missing: tests/test_ct.py"),
            ({"status": "PASSED"}, "✗ PASSED: tests/test_ct.py"),
        ],
        ids=lambda value: value["status"] if isinstance(value, dict) else "",
    )
    def test_a_status_that_is_not_known_to_be_good_is_red(self, fields, told):
        assert about_item(item(tests=(item_test(**fields),)))[8] == f"  unit            {told}"

    def test_an_item_without_tests_is_red(self):
        assert about_item(item(tests=()))[8:] == ["  tests           ✗ none"]

    def test_cases_of_one_test_are_counted_together(self):
        tests = tuple(item_test(test=f"tests/test_ct.py::test_ct[{case}]") for case in "abc")
        assert about_item(item(tests=(*tests, item_test(test="tests/test_ct.py::test_other"))))[9:] == [
            "                    test_ct[…] × 3",
            "                    test_other",
        ]

    def test_tests_are_grouped_by_layer_status_file_and_waiver(self):
        tests = (
            item_test(),
            item_test(layer="validation"),
            item_test(test="tests/test_b.py::test_ct"),
            item_test(test="Suite.test without a file"),
            item_test(test="tests/test_ct.py::test_z", status="failed"),
            item_test(test="tests/test_ct.py::test_y", status="skipped", waiver="qpcr:WVR-0001"),
        )
        told = about_item(item(tests=tests))
        told = told[told.index("Its tests in qpcr 1.4.0 (RUN-0001)") + 1 :]
        assert [line[2:].strip() for line in told[::2]] == [
            "unit            ✓ passed: tests/test_ct.py",
            "validation      ✓ passed: tests/test_ct.py",
            "unit            ✓ passed: tests/test_b.py",
            "unit            ✓ passed",
            "unit            ✗ failed: tests/test_ct.py",
            "unit            ! skipped, waived by qpcr:WVR-0001: tests/test_ct.py",
        ]
        assert [line.strip() for line in told[1::2]] == ["test_ct", "test_ct", "test_ct", "Suite.test without a file", "test_z", "test_y"]


class TestComponent:
    def about(self, *uses) -> list[str]:
        return page("component", "numpy", "pkg:pypi/numpy@2.1.0", components=uses)

    def test_a_page_whole(self):
        assert self.about(component()) == [
            "numpy  pkg:pypi/numpy@2.1.0",
            "",
            "Part of 1 release",
            "  1.4.0           ✓ released on 2026-11-23 12:00:00 UTC, RUN-0001; pkg:pypi/numpy@2.1.0, for runtime, BSD-3-Clause",
            "                    artifact: qpcr-1.4.0.whl",
            f"                    sha256: {'aa' * 32}",
            "                    runs at: laboratory (production) since 2026-11-23 12:00:00 UTC",
        ]

    def test_no_release_is_said_and_other_runs_stand_apart(self):
        told = self.about(component(run=summary(state="refused", released_at=None, sha256=None, artifact=None), targets=(), licence=None))
        assert told[1:] == [
            "",
            "Part of 0 releases",
            "  releases        none holds it",
            "",
            "Part of 1 run without a release",
            "  1.4.0           ✗ refused opened 2026-11-23 12:00:00 UTC, RUN-0001; pkg:pypi/numpy@2.1.0, for runtime, no licence",
        ]

    def test_releases_are_told_the_newest_first_and_counted_once(self):
        uses = (component(run=numbered(1)), component(run=numbered(2)), component(run=numbered(2), purl="pkg:pypi/numpy@2.2.0"))
        told = self.about(*uses)
        assert told[2] == "Part of 2 releases"
        assert [line[2:7] for line in told if line[2:3] == "1"] == ["1.2.0", "1.2.0", "1.1.0"]

    @pytest.mark.parametrize(
        ("targets", "told"),
        [
            ((), None),
            ((target(is_current=False),), None),
            ((target(), target(name="clinic", is_current=False)), "laboratory (production) since 2026-11-23 12:00:00 UTC"),
            (
                (target(), target(name="clinic")),
                "laboratory (production) since 2026-11-23 12:00:00 UTC; clinic (production) since 2026-11-23 12:00:00 UTC",
            ),
        ],
        ids=["nowhere", "no-longer", "one-of-two", "both"],
    )
    def test_a_recall_names_where_it_runs_now(self, targets, told):
        found = [line.partition("runs at: ")[2] for line in self.about(component(targets=targets)) if "runs at: " in line]
        assert found == ([told] if told else [])


class TestWaiver:
    def about(self, *runs, **fields) -> list[str]:
        return page("waiver", "qpcr:WVR-0001", waiver=WaiverAnswer(waiver=waiver(**fields), runs=runs))

    def test_its_runs_stand_below_it_the_newest_first(self):
        told = self.about(numbered(1), numbered(2, state="pending", released_at=None))
        assert told[:2] == ["Waiver qpcr:WVR-0001", "  waiver          ! qpcr:WVR-0001, holds until 2026-12-31, for 1.4.0 alone"]
        assert told[-3:] == [
            "Used by 2 runs",
            "  1.2.0           … pending opened 2026-11-23 12:00:00 UTC, RUN-0002",
            "  1.1.0           ✓ released on 2026-11-23 12:00:00 UTC, RUN-0001",
        ]

    def test_one_that_nobody_used_says_so(self):
        assert self.about()[-2:] == ["Used by 0 runs", "  runs            none"]

    def test_a_waiver_without_a_scope_waives_nothing(self):
        assert not [line for line in self.about(tests=(), items=()) if "waives" in line]
