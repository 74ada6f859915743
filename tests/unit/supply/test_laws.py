"""Laws of the supply room: what must hold for every version, range, hash and licence expression, not only for the examples."""

import base64
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lotmark.supply._dump import OsvAffected, OsvPackage, OsvRange
from lotmark.supply._matching import is_affected
from lotmark.supply._names import format_purl, normalise_name
from lotmark.supply._readers._reading import STRONG, find_hash, find_integrity, group_scope, strongest
from lotmark.supply._spdx import SpdxReader
from lotmark.supply._versions import find_version, is_in_range

pytestmark = pytest.mark.verifies("REQ-014", "RC-011", "HAZ-002")

READER = SpdxReader()
ECOSYSTEMS = st.sampled_from(["PyPI", "npm"])


# ---- ranges: told as intervals, evaluated as events


@st.composite
def intervals(draw):
    """Disjoint intervals of whole versions: (from, to, whether `to` is still affected); the last may be open."""
    edges = sorted(draw(st.sets(st.integers(1, 30), min_size=1, max_size=8)))
    pairs = [(low, high, draw(st.booleans())) for low, high in zip(edges[::2], edges[1::2], strict=False)]
    if len(edges) % 2:
        pairs.append((edges[-1], None, False))
    return pairs


def events_of(pairs):
    events = []
    for low, high, inclusive in pairs:
        events.append(("introduced", f"{low}.0.0"))
        if high is not None:
            events.append(("last_affected" if inclusive else "fixed", f"{high}.0.0"))
    return events


def lies_in(version, pairs):
    return any(low <= version and (high is None or version < high or (inclusive and version == high)) for low, high, inclusive in pairs)


@settings(max_examples=150, deadline=None)
@given(intervals(), st.integers(0, 31), ECOSYSTEMS, st.randoms(use_true_random=False))
def test_a_version_is_affected_when_it_lies_in_an_interval_whatever_the_order_of_the_events(pairs, version, ecosystem, random):
    events = events_of(pairs)
    random.shuffle(events)
    assert is_in_range(ecosystem, find_version(ecosystem, f"{version}.0.0"), events) is lies_in(version, pairs)


@settings(max_examples=80, deadline=None)
@given(intervals(), st.integers(0, 31), st.integers(1, 31), ECOSYSTEMS)
def test_a_limit_cuts_off_what_comes_after_it(pairs, version, limit, ecosystem):
    events = [*events_of(pairs), ("limit", f"{limit}.0.0")]
    expected = lies_in(version, pairs) and version < limit
    assert is_in_range(ecosystem, find_version(ecosystem, f"{version}.0.0"), events) is expected


@settings(max_examples=80, deadline=None)
@given(intervals(), st.integers(0, 31), st.lists(st.integers(0, 31), max_size=3), intervals(), ECOSYSTEMS)
def test_more_of_a_record_never_makes_a_version_unaffected(pairs, version, listed, more, ecosystem):
    """Monotony: each further range or version can only add."""

    def affected(ranges, versions):
        kind = "SEMVER" if ecosystem == "npm" else "ECOSYSTEM"
        parts = [OsvRange(type=kind, events=[dict([event]) for event in events_of(each)]) for each in ranges]
        return is_affected(ecosystem, f"{version}.0.0", OsvAffected(package=OsvPackage(ecosystem=ecosystem, name="a"), ranges=parts, versions=versions))

    before = affected([pairs], [])
    names = [f"{number}.0.0" for number in listed]
    assert affected([pairs, more], names) >= before
    assert affected([pairs, more], names) == (before or lies_in(version, more) or version in listed)


@pytest.mark.parametrize(
    ("ecosystem", "version", "part", "affected"),
    [
        ("PyPI", "1.0", {}, True),
        ("PyPI", "1.0", {"versions": ["1.0.0"]}, True),
        ("PyPI", "1.0", {"versions": ["1.0.1"]}, False),
        ("PyPI", "not a version", {"versions": ["1.0"]}, True),
        ("PyPI", "not a version", {"versions": ["not a version"]}, True),
        ("npm", "1.0", {"versions": ["1.0.0"]}, True),
        ("npm", "1.0.0", {"versions": ["1.0.0+build"]}, True),
        ("PyPI", "1.0", {"ranges": [("GIT", [{"introduced": "0"}])]}, True),
        ("PyPI", "1.0", {"ranges": [("GIT", [{"introduced": "0"}])], "versions": ["2.0"]}, False),
        ("PyPI", "1.0", {"ranges": [("ECOSYSTEM", [{"introduced": "2.0"}])], "versions": ["1.0"]}, True),
        ("PyPI", "1.0", {"ranges": [("ECOSYSTEM", [{"introduced": "2.0"}]), ("GIT", [{"introduced": "0"}])]}, False),
        ("PyPI", "1.0", {"ranges": [("ECOSYSTEM", [{"introduced": "2.0"}]), ("ECOSYSTEM", [{"introduced": "0"}])]}, True),
        ("PyPI", "1.0", {"ranges": [("ECOSYSTEM", [{"introduced": "2.0"}]), ("ECOSYSTEM", [{"introduced": "?"}])]}, True),
        ("npm", "1.0.0-rc.1", {"ranges": [("SEMVER", [{"introduced": "1.0.0"}])]}, False),
        ("npm", "1.0.0-rc.1", {"ranges": [("SEMVER", [{"introduced": "1.0.0-0"}, {"fixed": "1.0.0"}])]}, True),
        ("PyPI", "1.0.post1", {"ranges": [("ECOSYSTEM", [{"introduced": "0"}, {"last_affected": "1.0"}])]}, False),
        ("PyPI", "1!1.0", {"ranges": [("ECOSYSTEM", [{"introduced": "0"}, {"fixed": "2.0"}])]}, False),
    ],
)
def test_in_doubt_a_version_is_affected(ecosystem, version, part, affected):
    ranges = [OsvRange(type=kind, events=events) for kind, events in part.get("ranges", [])]
    record = OsvAffected(package=OsvPackage(ecosystem=ecosystem, name="a"), ranges=ranges, versions=part.get("versions", []))
    assert is_affected(ecosystem, version, record) is affected


# ---- hashes

SHA256, SHA384, SHA512 = ("ab" * (bits // 8) for bits in (256, 384, 512))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"sha256:{SHA256}", ("sha256", SHA256)),
        (f"sha384:{SHA384}", ("sha384", SHA384)),
        (f"sha512:{SHA512}", ("sha512", SHA512)),
        (f"sha256:{SHA256.upper()}", ("sha256", SHA256)),
        (f"SHA256:{SHA256}", None),
        (f"sha256:{SHA256[:-1]}", None),
        (f"sha256:{SHA256}0", None),
        (f"sha256:{SHA512}", None),
        (f"sha512:{SHA256}", None),
        (f"sha256:{SHA256[:-1]}g", None),
        (f"sha256:{SHA256[:-1]}\n", None),
        (f"sha256: {SHA256[:-1]}", None),
        (f"sha256={SHA256}", None),
        (SHA256, None),
        ("sha256:", None),
        (":", None),
        ("", None),
        (f"md5:{'ab' * 16}", None),
        (f"sha1:{'ab' * 20}", None),
        (f"sha224:{'ab' * 28}", None),
        (f"sha3-256:{SHA256}", None),
        (f"blake2b:{SHA512}", None),
        (f":{SHA256}", None),
    ],
)
@pytest.mark.attack("E10")
def test_e10_only_a_strong_and_whole_hash_is_one(text, found):
    assert find_hash(text) == found


def sri(algorithm: str, data: bytes = b"x", *, encode=base64.b64encode) -> str:
    return f"{algorithm}-{encode(hashlib.new(algorithm, data).digest()).decode()}"


def hex_of(algorithm: str, data: bytes = b"x") -> str:
    return hashlib.new(algorithm, data).hexdigest()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (sri("sha512"), [("sha512", hex_of("sha512"))]),
        (f"{sri('sha1')} {sri('sha512')}", [("sha512", hex_of("sha512"))]),
        (f"{sri('sha512')} {sri('sha256')}", [("sha256", hex_of("sha256")), ("sha512", hex_of("sha512"))]),
        (f"{sri('sha512', b'b')}  {sri('sha512', b'a')}", sorted([("sha512", hex_of("sha512", b"a")), ("sha512", hex_of("sha512", b"b"))])),
        (f"{sri('sha512')}?option", [("sha512", hex_of("sha512"))]),
        (sri("sha1"), []),
        (sri("md5"), []),
        (sri("sha512")[:-2], []),
        (sri("sha512").replace("sha512-", "sha256-"), []),
        (sri("sha512").replace("sha512-", "sha512:"), []),
        (sri("sha512").replace("-", "", 1), []),
        (f"sha512-{hex_of('sha512')}", []),
        ("sha512-", []),
        ("sha512-!!!!", []),
        ("", []),
    ],
)
@pytest.mark.attack("E10")
def test_e10_of_an_integrity_only_the_strong_parts_count(text, found):
    assert find_integrity(text) == tuple(found)


@given(st.sampled_from(sorted(STRONG)), st.binary(max_size=20))
def test_a_digest_is_found_in_both_its_forms(algorithm, data):
    digest = hashlib.new(algorithm, data)
    assert find_hash(f"{algorithm}:{digest.hexdigest()}") == (algorithm, digest.hexdigest())
    assert find_integrity(f"{algorithm}-{base64.b64encode(digest.digest()).decode()}") == ((algorithm, digest.hexdigest()),)


# ---- scopes


@pytest.mark.parametrize(
    ("scopes", "strong"),
    [
        (["test"], "test"),
        (["build"], "build"),
        (["test", "build"], "build"),
        (["test", "runtime"], "runtime"),
        (["build", "runtime", "test"], "runtime"),
        (["build", "runtime"], "runtime"),
    ],
)
def test_what_serves_several_ends_is_of_the_strictest(scopes, strong):
    assert strongest(scopes) == strong
    assert strongest(reversed(scopes)) == strong


@pytest.mark.parametrize(
    ("name", "scope"),
    [("build", "build"), ("Build-Tools", "build"), ("wheel_build", "build"), ("builder", "test"), ("rebuild", "test"), ("dev", "test"), ("", "test")],
)
def test_only_a_group_that_says_so_is_for_building(name, scope):
    assert group_scope(name) == scope


# ---- names


@given(st.text("abcXYZ019", min_size=1, max_size=8), st.sampled_from(["-", "_", ".", "--", "-_.", "__"]), st.text("abcXYZ019", min_size=1, max_size=8))
def test_a_python_name_is_one_however_it_is_written(first, separator, second):
    name = normalise_name("PyPI", f"{first}{separator}{second}")
    assert name == f"{first}-{second}".lower()
    assert normalise_name("PyPI", name) == name


@pytest.mark.parametrize(
    ("ecosystem", "name", "version", "purl"),
    [
        ("PyPI", "flask-login", "1.0", "pkg:pypi/flask-login@1.0"),
        ("PyPI", "numpy", "1!2.0+local.1", "pkg:pypi/numpy@1%212.0%2Blocal.1"),
        ("npm", "left-pad", "1.3.0", "pkg:npm/left-pad@1.3.0"),
        ("npm", "@scope/a", "1.0.0-rc.1+b", "pkg:npm/%40scope/a@1.0.0-rc.1%2Bb"),
    ],
)
def test_a_package_url_is_the_one_of_its_specification(ecosystem, name, version, purl):
    assert format_purl(ecosystem, name, version) == purl


# ---- licences

LICENCES = ["MIT", "ISC", "Apache-2.0", "BSD-3-Clause", "GPL-3.0-only"]
TREES = st.recursive(st.sampled_from(LICENCES), lambda inner: st.tuples(st.sampled_from(["AND", "OR"]), inner, inner), max_leaves=7)


def text_of(tree) -> str:
    return tree if isinstance(tree, str) else f"({text_of(tree[1])} {tree[0]} {text_of(tree[2])})"


def holds(tree, allowed) -> bool:
    if isinstance(tree, str):
        return tree in allowed
    left, right = holds(tree[1], allowed), holds(tree[2], allowed)
    return (left and right) if tree[0] == "AND" else (left or right)


@settings(max_examples=120, deadline=None)
@given(TREES, st.sets(st.sampled_from(LICENCES)))
def test_an_expression_is_satisfied_as_its_words_say(tree, allowed):
    assert READER.is_satisfied(text_of(tree), allowed) is holds(tree, allowed)


@settings(max_examples=60, deadline=None)
@given(TREES, st.sets(st.sampled_from(LICENCES)))
def test_the_canonical_words_mean_the_same(tree, allowed):
    canonical = READER.find_expression(text_of(tree))
    assert READER.find_expression(canonical) == canonical
    assert READER.is_satisfied(canonical, allowed) is holds(tree, allowed)


@pytest.mark.parametrize(
    ("text", "allowed", "satisfied"),
    [
        ("GPL-2.0-only WITH Classpath-exception-2.0", {"GPL-2.0-only"}, True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", {"GPL-2.0-only WITH Classpath-exception-2.0"}, True),
        ("GPL-2.0-only", {"GPL-2.0-only WITH Classpath-exception-2.0"}, False),
        ("Apache-2.0+", {"Apache-2.0"}, True),
        ("Apache-2.0", {"Apache-2.0+"}, False),
        ("GPL-2.0-or-later", {"GPL-2.0-only"}, False),
        ("mit", {"MIT"}, True),
        ("MIT", {"mit"}, False),
        ("MIT OR Nonsense", {"MIT"}, False),
        ("LicenseRef-MIT", {"MIT"}, False),
        ("MIT AND (ISC OR GPL-3.0-only)", {"MIT", "ISC"}, True),
        ("MIT OR ISC AND GPL-3.0-only", {"MIT"}, True),
        ("MIT OR ISC AND GPL-3.0-only", {"ISC"}, False),
        ("", {""}, False),
    ],
)
def test_exceptions_versions_and_precedence(text, allowed, satisfied):
    assert READER.is_satisfied(text, allowed) is satisfied
