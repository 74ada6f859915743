"""Declared comparators: what each ignores, and nothing else."""

import datetime as dt
import tarfile

import pytest

from fakes.archives import make_gzip, make_tar, make_zip, time_extra
from fakes.build_world import TODAY
from lotmark.base.findings import Severity
from lotmark.builds._comparators import apply_comparators, is_equivalent, matches_output
from lotmark.product.models import Comparator

pytestmark = pytest.mark.verifies("REQ-013", "RC-007", "HAZ-004")


MEMBERS = [("a.txt", b"alpha" * 50), ("b.txt", b"beta")]
BACK = MEMBERS[::-1]


def comparator(kind: str, **options: object) -> Comparator:
    values: dict[str, object] = {"pattern": "*", "kind": kind, "reason": "r", "owner": "quinn", "expires": "2027-01-01", **options}
    return Comparator(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("zip", make_zip(MEMBERS), make_zip(MEMBERS, when=(2020, 1, 1, 0, 0, 0))),
        ("zip", make_zip(MEMBERS), make_zip(BACK)),
        ("zip", make_zip(MEMBERS), make_zip(MEMBERS, level=0)),
        ("zip", make_zip(MEMBERS), make_zip(MEMBERS, extra=time_extra(5))),
        ("zip", make_zip(MEMBERS, mode=0o100644), make_zip(MEMBERS, mode=0o100640)),
        ("tar", make_tar(MEMBERS), make_tar(MEMBERS, mtime=5, uid=7, user="x")),
        ("tar", make_tar(MEMBERS), make_tar(BACK)),
        ("tar", make_gzip(make_tar(MEMBERS)), make_gzip(make_tar(MEMBERS, mtime=1), mtime=2)),
        ("gzip", make_gzip(b"data" * 99), make_gzip(b"data" * 99, mtime=1, name="n", level=1)),
    ],
    ids=["zip times", "zip order", "zip compression", "zip extra fields", "zip permissions", "tar times and owners", "tar order", "tar in gzip", "gzip header"],
)
def test_what_a_comparator_ignores(kind: str, first: bytes, second: bytes) -> None:
    assert first != second
    assert is_equivalent(comparator(kind), first, second)


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        ("zip", make_zip(MEMBERS), make_zip([("a.txt", b"other"), ("b.txt", b"beta")])),
        ("zip", make_zip(MEMBERS), make_zip(MEMBERS[:1])),
        ("zip", make_zip(MEMBERS), make_zip([("A.txt", MEMBERS[0][1]), MEMBERS[1]])),
        ("zip", make_zip(MEMBERS, mode=0o100644), make_zip(MEMBERS, mode=0o100755)),
        ("zip", make_zip(MEMBERS, mode=0o100644), make_zip(MEMBERS, mode=0o120644)),
        ("zip", make_zip(MEMBERS, prefix=b"#!/bin/a\n"), make_zip(MEMBERS, prefix=b"#!/bin/b\n")),
        ("zip", make_zip(MEMBERS, comment=b"1"), make_zip(MEMBERS, comment=b"2")),
        ("tar", make_tar(MEMBERS), make_tar([("a.txt", b"x"), ("b.txt", b"beta")])),
        ("tar", make_tar(MEMBERS), make_tar(MEMBERS, mode=0o755)),
        ("tar", make_tar([("l", b"")], kind=tarfile.SYMTYPE, link="one"), make_tar([("l", b"")], kind=tarfile.SYMTYPE, link="two")),
        ("gzip", make_gzip(b"one"), make_gzip(b"two")),
    ],
    ids=[
        "zip content",
        "zip set",
        "zip name",
        "zip executable",
        "zip link",
        "zip prefix",
        "zip comment",
        "tar content",
        "tar executable",
        "tar link target",
        "gzip content",
    ],
)
def test_what_a_comparator_does_not_ignore(kind: str, first: bytes, second: bytes) -> None:
    assert not is_equivalent(comparator(kind), first, second)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_never_equivalent() -> None:
    twice = make_zip([("a", b"1"), ("a", b"2")])
    assert not is_equivalent(comparator("zip"), twice, make_zip([("a", b"2"), ("a", b"1")]))


@pytest.mark.parametrize(
    ("first", "second", "ranges", "expected"),
    [
        (b"0123456789", b"01xx456789", [[2, 4]], True),
        (b"0123456789", b"01xx45678y", [[2, 4]], False),
        (b"0123456789", b"01xx45678y", [[2, 4], [9, 10]], True),
        (b"0123456789", b"012345678", [[2, 4]], False),
        (b"0123456789", b"0123456xyz", [[7, 400]], True),
        (b"012", b"012", [[5, 9]], True),
    ],
    ids=["in the range", "outside it", "two ranges", "other length", "range beyond the end", "range outside the file"],
)
def test_byte_ranges(first: bytes, second: bytes, ranges: list[list[int]], expected: bool) -> None:
    assert is_equivalent(comparator("byte-ranges", ranges=ranges), first, second) is expected


@pytest.mark.parametrize("ranges", [[[4, 2]], [[1]], [[-1, 3]], [[1, 2, 3]], [[3, 3]]])
def test_ranges_that_are_none_are_an_error(ranges: list[list[int]]) -> None:
    with pytest.raises(ValueError, match="not a range"):
        is_equivalent(comparator("byte-ranges", ranges=ranges), b"0123456789", b"0123456789")


@pytest.mark.parametrize(
    ("name", "pattern", "expected"),
    [
        ("dist/a.whl", "*.whl", True),
        ("dist/a.whl", "dist/*.whl", True),
        ("dist/a.whl", "other/*.whl", False),
        ("a.whl", "a.whl", True),
        ("dist/A.whl", "a.whl", False),
    ],
)
def test_a_pattern_without_a_folder_means_any(name: str, pattern: str, expected: bool) -> None:
    assert matches_output(name, pattern) is expected


def test_the_first_that_fits_is_applied_and_named() -> None:
    first, second = make_zip(MEMBERS), make_zip(BACK)
    applied, findings = apply_comparators(
        "x.whl", first, second, [comparator("zip", pattern="*.jar"), comparator("zip", pattern="*.whl", reason="order")], TODAY
    )
    assert applied is not None
    assert (applied.kind, applied.pattern, applied.reason, applied.owner, applied.expires) == ("zip", "*.whl", "order", "quinn", "2027-01-01")
    assert findings == []


@pytest.mark.parametrize(("expires", "holds"), [("2026-11-22", False), ("2026-11-23", True), ("2026-11-24", True)], ids=["yesterday", "today", "tomorrow"])
def test_an_expired_comparator_is_not_applied_and_found(expires: str, holds: bool) -> None:
    applied, findings = apply_comparators("x", make_zip(MEMBERS), make_zip(BACK), [comparator("zip", expires=expires)], TODAY)
    assert (applied is not None) is holds
    assert [finding.code for finding in findings] == ([] if holds else ["LM-BLD-018"])
    assert all(finding.severity is Severity.ERROR for finding in findings)


def test_one_that_does_not_fit_is_a_warning_and_the_next_is_tried() -> None:
    applied, findings = apply_comparators(
        "x", b"ab", b"ax", [comparator("zip"), comparator("byte-ranges", ranges=[[9, 1]]), comparator("byte-ranges", ranges=[[1, 2]])], TODAY
    )
    assert applied is not None
    assert [(finding.code, finding.severity) for finding in findings] == [("LM-BLD-029", Severity.WARNING)] * 2


def test_none_that_fits_is_none() -> None:
    assert apply_comparators("x", b"ab", b"cd", [comparator("byte-ranges", ranges=[[0, 1]])], dt.date.min) == (None, [])
