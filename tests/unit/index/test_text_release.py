"""The page about one release, line by line: what each state, verdict and gap says, and by which mark."""

from typing import Any

import pytest

from fakes.index_answers import NOON, answers, by_whom, components, five, from_what, summary, target, what
from lotmark.index.api import format_answers
from lotmark.index.models import Author, Device, Environment, Lock, Rebuild, Vulnerability

pytestmark = pytest.mark.verifies("REQ-023")


def lines(part: str, *, width: int = 120, **fields: Any) -> list[str]:
    """The lines of one part of the page, without its heading, as a reader sees them."""
    page = format_answers(answers(answers=five(**fields)), width=width).split("\n")
    start = page.index(part) + 1
    end = page.index("", start) if "" in page[start:] else len(page)
    return page[start:end]


def labelled(part: str, label: str, **fields: Any) -> list[str]:
    """The text behind a label, with what belongs to it."""
    found, inside = [], False
    for line in lines(part, **fields):
        head, text = line[2:18].strip(), line[18:].strip()
        inside = head == label or (inside and not head)
        if inside:
            found.append(text)
    return found


class TestHead:
    @pytest.mark.parametrize(
        ("state", "head"),
        [
            ("released", "qPCR Caller 1.4.0  ✓ released  qpcr:RUN-0001"),
            ("refused", "qPCR Caller 1.4.0  ✗ refused  qpcr:RUN-0001"),
            ("pending", "qPCR Caller 1.4.0  … pending  qpcr:RUN-0001"),
            ("abandoned", "qPCR Caller 1.4.0  - abandoned  qpcr:RUN-0001"),
            ("open", "qPCR Caller 1.4.0  … open  qpcr:RUN-0001"),
        ],
    )
    def test_names_product_version_state_and_run(self, state, head):
        assert format_answers(answers(answers=five(what=what(state=state)))).split("\n")[0] == head

    @pytest.mark.parametrize(("state", "color"), [("released", 32), ("refused", 31), ("pending", 33), ("abandoned", 2), ("open", 33)], ids=str)
    def test_the_colour_of_a_state_stands_on_mark_and_word(self, state, color):
        head = format_answers(answers(answers=five(what=what(state=state))), styled=True).split("\n")[0]
        assert head.startswith("\x1b[1mqPCR Caller 1.4.0\x1b[0m  \x1b[" + str(color) + "m")
        assert head.split("  ")[1].endswith(f" {state}\x1b[0m")

    @pytest.mark.parametrize(
        ("kind", "name", "question", "told"),
        [
            ("version", "qpcr@1.4.0", "1.4.0", None),
            ("run", "qpcr:RUN-0001", "RUN-0001", None),
            ("commit", "c0" * 20, "c0c0c0c", "c0c0c0c is commit c0c0"),
            ("digest", "aa" * 32, "aa" * 32, "sha256 aaaaaaaaaaaaaaaa is commit c0c0"),
            ("udi-di", "04012345000016", "04012345000016", "04012345000016 is commit c0c0"),
        ],
    )
    def test_what_was_asked_is_repeated_where_it_is_another_name(self, kind, name, question, told):
        page = format_answers(answers(kind, name=name, question=question, words="commit c0c0", answers=five())).split("\n")
        asked = [line[18:] for line in page if line.startswith("  asked for")]
        assert asked == ([told] if told else [])


class TestWhat:
    def test_a_release_whole(self):
        assert lines("What was built") == [
            "  product         qPCR Caller (qpcr) 1.4.0, software safety class B, UDI-DI 04012345000016",
            "  artifact        qpcr-1.4.0.whl, 12,345 bytes, application/zip",
            f"  sha256          {'aa' * 32}",
            "  state           ✓ released on 2026-11-23 12:00:00 UTC",
            "  runs at         ✓ laboratory (production) since 2026-11-23 12:00:00 UTC; verified 2026-11-24 06:30:00 UTC",
        ]

    @pytest.mark.parametrize(
        ("label", "fields", "told"),
        [
            ("product", {"udi_di": None}, ["qPCR Caller (qpcr) 1.4.0, software safety class B"]),
            ("product", {"safety_class": "C", "udi_di": None}, ["qPCR Caller (qpcr) 1.4.0, software safety class C"]),
            ("artifact", {"artifact": None}, ["✗ none: the run did not come to its package"]),
            ("sha256", {"artifact": None}, []),
            ("runs at", {"targets": ()}, ["nowhere: no deployment of it is recorded"]),
            ("state", {"state": "refused", "released_at": None, "state_words": "stage unit refused: 1 failed"}, ["✗ refused; stage unit refused: 1 failed"]),
            ("state", {"state": "pending", "released_at": None}, ["… pending"]),
            ("state", {"state": "open", "released_at": None, "state_words": "3 stages recorded"}, ["… open; 3 stages recorded"]),
            ("state", {"state": "abandoned", "released_at": None}, ["- abandoned"]),
            ("state", {"state_words": "stage deployment refused: full"}, ["✓ released on 2026-11-23 12:00:00 UTC; stage deployment refused: full"]),
            ("device", {}, []),
        ],
    )
    def test_each_line_says_what_there_is(self, label, fields, told):
        assert labelled("What was built", label, what=what(**fields)) == told

    @pytest.mark.parametrize(
        ("fields", "told"),
        [
            ({"verdict": None}, "! laboratory (production) since 2026-11-23 12:00:00 UTC; not checked since"),
            (
                {"verdict": "verified", "reason": "the digest was read"},
                "✓ laboratory (production) since 2026-11-23 12:00:00 UTC; verified 2026-11-24 06:30:00 UTC: the digest was read",
            ),
            ({"verdict": "mismatch"}, "✗ laboratory (production) since 2026-11-23 12:00:00 UTC; mismatch 2026-11-24 06:30:00 UTC"),
            (
                {"verdict": "unverifiable", "reason": "nobody answers"},
                "✗ laboratory (production) since 2026-11-23 12:00:00 UTC; unverifiable 2026-11-24 06:30:00 UTC: nobody answers",
            ),
            (
                {"is_current": False, "replaced_by": "1.5.0", "verdict": "verified"},
                "· no longer at laboratory (production): from 2026-11-23 12:00:00 UTC, then replaced by 1.5.0",
            ),
            ({"verdict": "mismatch", "checked_at": None}, "✗ laboratory (production) since 2026-11-23 12:00:00 UTC; mismatch"),
        ],
        ids=["unchecked", "verified", "mismatch", "unverifiable", "replaced", "no-time"],
    )
    def test_a_place_is_green_only_while_its_digest_was_read(self, fields, told):
        (line,) = labelled("What was built", "runs at", width=160, what=what(targets=(target(**fields),)))
        assert line.rstrip() == told

    def test_several_places_stand_below_one_label(self):
        told = lines("What was built", what=what(targets=(target(), target(name="clinic", environment="pilot"))))
        assert [line[:20].strip() for line in told[-2:]] == ["runs at         ✓", "✓"]
        assert told[-1].startswith("                  ✓ clinic (pilot) since ")

    @pytest.mark.parametrize(
        ("device", "told"),
        [
            (
                ("LP-1, LP-2", "crc32", "44e332d2", "c.json", "29" * 32),
                ["models LP-1, LP-2; firmware checksum crc32 44e332d2", "c.json", f"sha256: {'29' * 32}"],
            ),
            (("LP-1", None, None, None, None), ["models LP-1"]),
            (("", "crc32", "44e332d2", None, None), ["firmware checksum crc32 44e332d2"]),
            (("LP-1", None, None, "c.json", None), ["models LP-1", "c.json", "sha256: none recorded"]),
        ],
        ids=["whole", "models", "firmware", "calibration-without-digest"],
    )
    def test_a_device_tells_models_firmware_and_calibration(self, device, told):
        names = ("models", "firmware_algorithm", "firmware_checksum", "calibration_path", "calibration_sha256")
        made = what(device=Device(**dict(zip(names, device, strict=True))))
        assert [*labelled("What was built", "device", what=made), *labelled("What was built", "calibration", what=made)] == told


class TestFromWhat:
    def test_a_release_whole(self):
        assert lines("From what") == [
            "  repository      https://git.example.org/qpcr, refs/heads/main",
            f"  commit          {'c0' * 20}, of 2026-11-23 12:00:00 UTC",
            f"  tree            {'7e' * 20}",
            f"  source sha256   {'5c' * 32}",
            "  lock files      requirements.lock, 2 components",
            f"                    sha256: {'11' * 32}",
            "  components      2: 1 for runtime, 1 for test",
            "                    licences: none refused",
            "  vulnerable      ✓ 0 known vulnerabilities affecting it, as of 2026-11-20",
            f"  environment     sha256 {'e0' * 32}",
            "                    bwrap: sealed; Python 3.11.7, make",
            "  rebuild         ✓ IDENTICAL: built twice",
            "                    claim R2: built twice on this machine",
        ]

    def test_each_lock_file_has_its_digest_and_the_label_stands_once(self):
        made = from_what(locks=tuple(Lock(path=f"{name}.lock", sha256=name * 64, components=number) for name, number in (("a", 1), ("b", 0))))
        assert labelled("From what", "lock files", from_what=made) == [
            "a.lock, 1 component",
            f"sha256: {'a' * 64}",
            "b.lock, 0 components",
            f"sha256: {'b' * 64}",
        ]

    @pytest.mark.parametrize(
        ("label", "fields", "told"),
        [
            ("components", {"components": None}, ["✗ no dependency evidence is recorded"]),
            ("vulnerable", {"components": None}, []),
            ("components", {"components": components(total=0, scopes={}, none_reason="shell alone")}, ["none: shell alone"]),
            ("components", {"components": components(total=0, scopes={})}, ["none"]),
            (
                "components",
                {"components": components(licences_refused=("evil 1: GPL-3.0",))},
                ["2: 1 for runtime, 1 for test", "licence refused: evil 1: GPL-3.0"],
            ),
            ("vulnerable", {"components": components(evaluated=False)}, ["! known vulnerabilities were not looked up"]),
            ("environment", {"environment": None}, []),
            ("environment", {"environment": Environment(sha256=None, backend="none", hermetic=False, tools=())}, ["no digest recorded", "none: not sealed"]),
            (
                "environment",
                {"environment": Environment(sha256="e0", backend="bwrap", hermetic=False, tools=("gcc",))},
                ["sha256 e0", "bwrap: not sealed; gcc"],
            ),
            ("rebuild", {"rebuild": None}, ["✗ no build is recorded"]),
            ("lock files", {"locks": ()}, []),
        ],
        ids=[
            "no-evidence",
            "no-evidence-no-lookup",
            "none",
            "none-unexplained",
            "licence",
            "unevaluated",
            "no-env",
            "no-digest",
            "open-env",
            "no-build",
            "no-lock",
        ],
    )
    def test_what_is_missing_is_said(self, label, fields, told):
        assert labelled("From what", label, from_what=from_what(**fields)) == told

    @pytest.mark.parametrize(
        ("verdict", "mark"),
        [
            ("IDENTICAL", "✓"),
            ("EQUIVALENT", "!"),
            ("DIFFERENT", "✗"),
            ("NOT_COMPARABLE", "✗"),
            ("FAILED", "✗"),
            ("identical", "✗"),
            ("", "✗"),
            ("UNHEARD_OF", "✗"),
        ],
    )
    def test_only_an_identical_rebuild_is_green(self, verdict, mark):
        made = Rebuild(verdict=verdict, claim="R2", words="w", claim_text="R2: told")
        assert labelled("From what", "rebuild", from_what=from_what(rebuild=made))[0] == f"{mark} {verdict}: w"

    @pytest.mark.parametrize(
        ("text", "told"),
        [("R2: built twice: here", "claim R2: built twice: here"), ("R0", "claim R0: R0"), ("R2: ", "claim R2: R2:"), ("", "claim :")],
    )
    def test_a_claim_is_told_in_its_own_words(self, text, told):
        made = Rebuild(verdict="IDENTICAL", claim="R2", words="w", claim_text=text)
        assert labelled("From what", "rebuild", from_what=from_what(rebuild=made))[1] == told

    @pytest.mark.parametrize(
        ("states", "told"),
        [
            ((), "✓ 0 known vulnerabilities affecting it, as of 2026-11-20"),
            (("not_affected",), "✓ 0 known vulnerabilities affecting it, as of 2026-11-20"),
            (("fixed", "not_affected"), "✓ 0 known vulnerabilities affecting it, as of 2026-11-20"),
            (("under_investigation",), "✓ 0 known vulnerabilities affecting it, as of 2026-11-20"),
            (("affected",), "✗ 1 known vulnerability affecting it, as of 2026-11-20"),
            (("affected", "fixed", "affected"), "✗ 2 known vulnerabilities affecting it, as of 2026-11-20"),
        ],
        ids=lambda value: "+".join(value) or "none" if isinstance(value, tuple) else "",
    )
    def test_vulnerabilities_are_counted_by_what_affects(self, states, told):
        matched = tuple(
            Vulnerability(vulnerability=f"CVE-{number}", component="pkg:pypi/numpy@2.1.0", severity="high", state=state, justification=None)
            for number, state in enumerate(states)
        )
        found = labelled("From what", "vulnerable", from_what=from_what(components=components(vulnerabilities=matched)))
        assert found == [told, *(f"{state.replace('_', ' ')}: CVE-{number} in pkg:pypi/numpy@2.1.0, high" for number, state in enumerate(states))]

    def test_why_a_vulnerability_does_not_affect_stands_behind_it(self):
        match = Vulnerability(vulnerability="CVE-1", component="numpy", severity="low", state="not_affected", justification="not called")
        found = labelled("From what", "vulnerable", from_what=from_what(components=components(vulnerabilities=(match,))))
        assert found[1] == "not affected: CVE-1 in numpy, low: not called"


class TestByWhom:
    def test_a_release_whole(self):
        assert lines("By whom") == [
            "  authors         Dana Example <dana@example.org>, 2 commits",
            "  committers      Eli Example <eli@example.org>, 1 commit",
            "  changes         2 commits since 1.3.0",
            "  run opened by   root on the machine vm on 2026-11-23 12:00:00 UTC, with lotmark 0.1.0",
            "  pipeline key    9f9f9f9f9f9f9f9f, enrolled in entry 1",
        ]

    @pytest.mark.parametrize(
        ("label", "fields", "told"),
        [
            ("authors", {"authors": ()}, "none recorded"),
            ("committers", {"committers": ()}, "none recorded"),
            (
                "authors",
                {"authors": (Author(name="A", email="a@x", commits=1), Author(name="B", email="b@x", commits=3))},
                "A <a@x>, 1 commit; B <b@x>, 3 commits",
            ),
            ("changes", {"commits": 1, "since": None}, "1 commit since the beginning"),
            ("changes", {"commits": 0}, "0 commits since 1.3.0"),
            ("changes", {"commits": 12345}, "12,345 commits since 1.3.0"),
            ("run opened by", {"machine": ""}, "root on 2026-11-23 12:00:00 UTC, with lotmark 0.1.0"),
            ("pipeline key", {"pipeline_key_since": None}, "9f9f9f9f9f9f9f9f"),
            ("pipeline key", {"pipeline_key_since": 0}, "9f9f9f9f9f9f9f9f, enrolled in entry 0"),
        ],
    )
    def test_each_line_says_what_there_is(self, label, fields, told):
        assert labelled("By whom", label, by_whom=by_whom(**fields)) == [told]


class TestOthers:
    def test_other_runs_are_listed_with_state_and_commit(self):
        others = (summary(run="qpcr:RUN-0002", state="refused", commit="d1" * 20), summary(run="qpcr:RUN-0003", state="open"))
        page = format_answers(answers(answers=five(), others=others), width=120).split("\n")
        start = page.index("Other runs of that name")
        assert page[start + 1 : start + 3] == [
            f"  RUN-0002        ✗ refused, qPCR Caller 1.4.0, commit d1d1d1d1d1d1, opened {NOON[:10]} 12:00:00 UTC",
            f"  RUN-0003        … open, qPCR Caller 1.4.0, commit c0c0c0c0c0c0, opened {NOON[:10]} 12:00:00 UTC",
        ]

    def test_there_is_no_such_part_without_others(self):
        assert "Other runs" not in format_answers(answers(answers=five()))
