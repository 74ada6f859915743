"""Scenarios: two lanes that leak one dimension each; verdict, causes and places stand in ``twin-verdicts/out``."""

from pathlib import Path

import pytest

from fakes.archives import make_gzip, make_tar, make_zip
from fakes.build_world import TODAY
from fakes.scenario import SCENARIOS, as_json, compare_outputs
from lotmark.base.digest import Digest
from lotmark.builds._causes import ExplainFacts
from lotmark.builds._compare import compare_outputs as compare_lanes
from lotmark.builds._compare import worst_verdict
from lotmark.builds._times import TimeFacts
from lotmark.builds.models import Dimension, OutputFile
from lotmark.product.models import Comparator

pytestmark = pytest.mark.verifies("REQ-013", "RC-007", "HAZ-004")

D = Dimension
FOLDER = SCENARIOS / "twin-verdicts"
COMMIT, NOW, SHIFT, BACK = 1_760_000_000, 1_795_415_400, 398 * 86_400, -40 * 86_400
VALUES = {
    D.CLOCK: ("real", f"+{SHIFT}s"),
    D.HOSTNAME: ("lotmark-build", "twin-host-ab12"),
    D.USER: ("builder 1000:1000", "twinuserab12 23456:23463"),
    D.HOME: ("/build/home", "/build/twin-home-ab12"),
    D.ENVIRONMENT: ("", "LOTMARK_TWIN=twin-env-ab12"),
    D.CPUS: ("2", "1"),
    D.DIRECTORY_ORDER: ("sorted", "reversed"),
    D.MTIMES: ("commit", "commit-3456000s"),
    D.PATH: ("/build/src", "/build/twin-path-ab12/src"),
    D.TIME_ZONE: ("UTC", "Pacific/Chatham"),
    D.UMASK: ("022", "027"),
}
FACTS = ExplainFacts(VALUES, TimeFacts(COMMIT, (NOW, NOW + 5), (NOW, NOW + 5), SHIFT, BACK, (45_900, 49_500)), frozenset({"src/a.c", "src/b.c"}))
FILES = [("a.c", b"alpha" * 20), ("b.c", b"beta")]


def zipped(at: int) -> bytes:
    from datetime import UTC, datetime

    return make_zip(FILES, when=datetime.fromtimestamp(at, UTC).timetuple()[:6])


LEAKS: dict[str, tuple[bytes, bytes, Dimension | None]] = {
    "nothing": (b"the same", b"the same", None),
    "the clock, as text": (b"built 2026-11-23 06:30:01", b"built 2027-12-26 06:30:02", D.CLOCK),
    "the clock, as seconds": (b"t=1795415401;", b"t=1829802602;", D.CLOCK),
    "the clock, as four bytes": (b"\x7fELF" + (NOW + 1).to_bytes(4, "little"), b"\x7fELF" + (NOW + SHIFT + 1).to_bytes(4, "little"), D.CLOCK),
    "the clock, in a zip": (zipped(NOW), zipped(NOW + SHIFT), D.CLOCK),
    "the clock, in a gzip": (make_gzip(b"x" * 40, mtime=NOW), make_gzip(b"x" * 40, mtime=NOW + SHIFT), D.CLOCK),
    "source times, in a tar": (make_tar(FILES, mtime=COMMIT), make_tar(FILES, mtime=COMMIT + BACK), D.MTIMES),
    "the user, in a tar": (make_tar(FILES), make_tar(FILES, uid=23456, user="twinuserab12"), D.USER),
    "the umask, in a tar": (make_tar(FILES, mode=0o644), make_tar(FILES, mode=0o640), D.UMASK),
    "the order of a folder, in a tar": (make_tar(FILES), make_tar(FILES[::-1]), D.DIRECTORY_ORDER),
    "the order of a folder, as text": (b"src/a.c\nsrc/b.c\n", b"src/b.c\nsrc/a.c\n", D.DIRECTORY_ORDER),
    "the path": (b"/build/src/a.c", b"/build/twin-path-ab12/src/a.c", D.PATH),
    "the home folder": (b"cache=/build/home/.c", b"cache=/build/twin-home-ab12/.c", D.HOME),
    "the host": (b"on lotmark-build", b"on twin-host-ab12", D.HOSTNAME),
    "the user": (b"by builder!", b"by twinuserab12!", D.USER),
    "the environment": (b"env:", b"env:LOTMARK_TWIN=twin-env-ab12", D.ENVIRONMENT),
    "the processors": (b"jobs: 2", b"jobs: 1", D.CPUS),
    "the time zone": (b"zone UTC", b"zone Pacific/Chatham", D.TIME_ZONE),
    "chance": (b"id 5f3a9c", b"id b81d02", None),
    "a path in a tar in a gzip": (make_gzip(make_tar([("m", b"/build/src/")])), make_gzip(make_tar([("m", b"/build/twin-path-ab12/src/")])), D.PATH),
}
DECLARED = [Comparator(pattern="*.bin", kind=kind, reason="times of members", owner="quinn", expires="2030-01-01") for kind in ("zip", "tar", "gzip")]  # type: ignore[arg-type]


def output(folder: Path, data: bytes) -> OutputFile:
    folder.mkdir(parents=True)
    (folder / "x.bin").write_bytes(data)
    return OutputFile("x.bin", folder / "x.bin", len(data), Digest.of(data), executable=False)


def judge(folder: Path, name: str, comparators=(), *, turned: bool = False):
    pair = LEAKS[name][:2]
    one, two = reversed(pair) if turned else pair
    found, findings = compare_lanes([output(folder / "a", one)], [output(folder / "b", two)], list(comparators), FACTS, TODAY)
    return worst_verdict(found).value, found[0], sorted({finding.code for finding in findings})


def test_the_verdicts_are_those_that_were_reviewed(tmp_path):
    told = {}
    for number, name in enumerate(LEAKS):
        plain, comparison, _ = judge(tmp_path / f"{number}-plain", name)
        declared, _, codes = judge(tmp_path / f"{number}-declared", name, DECLARED)
        told[name] = {"verdict": plain, "with comparators": [declared, *codes], "causes": [cause.to_wire() for cause in comparison.causes]}
    compare_outputs(FOLDER, {"verdicts.json": as_json(told)})


@pytest.mark.parametrize("name", LEAKS)
def test_a_leak_is_a_difference_with_its_dimension(tmp_path, name):
    verdict, comparison, _ = judge(tmp_path, name)
    assert verdict == ("IDENTICAL" if name == "nothing" else "DIFFERENT")
    assert {cause.dimension for cause in comparison.causes} == (set() if name == "nothing" else {LEAKS[name][2]})


@pytest.mark.parametrize("name", LEAKS)
def test_which_lane_is_which_does_not_change_the_verdict(tmp_path, name):
    for comparators in ((), DECLARED):
        forward = judge(tmp_path / f"{len(comparators)}f", name, comparators)
        turned = judge(tmp_path / f"{len(comparators)}t", name, comparators, turned=True)
        assert (forward[0], forward[2]) == (turned[0], turned[2])


EXCUSED = {
    "the clock, in a zip",
    "the clock, in a gzip",
    "source times, in a tar",
    "the user, in a tar",
    "the umask, in a tar",
    "the order of a folder, in a tar",
}


@pytest.mark.parametrize("name", LEAKS)
def test_comparators_excuse_frames_and_never_contents(tmp_path, name):
    verdict, comparison, _ = judge(tmp_path, name, DECLARED)
    assert verdict == ("IDENTICAL" if name == "nothing" else "EQUIVALENT" if name in EXCUSED else "DIFFERENT")
    assert (comparison.comparator is not None) == (verdict == "EQUIVALENT")
