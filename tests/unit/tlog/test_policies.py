"""Policies: C2SP ``tlog-policy``, groups and quorum."""

import itertools

import pytest

from fakes.note_signers import Log, NoteKey
from lotmark.tlog import api as tlog
from lotmark.tlog.errors import NoteMalformedError, NoteUnverifiedError, PolicyMalformedError
from lotmark.tlog.models import KeyType, NoteSignature, Policy, PolicyWitness

pytestmark = pytest.mark.verifies("REQ-060", "RC-060")

LOG = Log()
NOTE = LOG.note(9)
KEYS = {name: NoteKey(f"{name}.example", KeyType.COSIGNATURE) for name in ("x1", "x2", "x3", "y1", "y2", "y3")}
LINES = "".join(f"witness {name} {key.vkey}\n" for name, key in KEYS.items())
TWO_LEVELS = f"""# two organisations
log {LOG.signer.vkey} https://log.example/
{LINES}
group xs 2 x1 x2 x3
group ys any y1 y2 y3
group both all xs ys
quorum both
"""


def policy(text=TWO_LEVELS):
    return tlog.parse_policy(text.encode())


def cosigned(times):
    note = NOTE
    for name, time in times.items():
        note = KEYS[name].cosign(note, time)
    return note


def test_the_example_of_the_specification_is_read_and_written_back():
    read = policy()
    assert [log.url for log in read.logs] == ["https://log.example/"]
    assert [witness.name for witness in read.witnesses] == list(KEYS)
    assert [(group.name, group.threshold, group.members) for group in read.groups] == [
        ("xs", 2, ("x1", "x2", "x3")),
        ("ys", 1, ("y1", "y2", "y3")),
        ("both", 2, ("xs", "ys")),
    ]
    assert tlog.parse_policy(tlog.format_policy(read)) == read


@pytest.mark.parametrize("names", [n for size in range(7) for n in itertools.combinations(KEYS, size)], ids=lambda names: "+".join(names) or "nobody")
def test_a_quorum_is_two_of_the_xs_and_one_of_the_ys(names):
    found = tlog.check_policy(policy(), cosigned(dict.fromkeys(names, 100)))
    assert found.is_quorum is (sum(name[0] == "x" for name in names) >= 2 and any(name[0] == "y" for name in names))
    assert set(found.times) == set(names)
    assert found.quorum_time == (100 if found.is_quorum else None)


def test_the_time_of_a_quorum_is_when_the_last_one_needed_had_signed():
    found = tlog.check_policy(policy(), cosigned({"x1": 50, "x2": 40, "x3": 10, "y1": 60, "y2": 5}))
    assert found.quorum_time == 40
    assert max(found.times.values()) == 60


def test_without_a_quorum_nothing_is_asked_for():
    assert tlog.check_policy(policy("quorum none"), NOTE) == tlog.check_policy(Policy(), NOTE)
    assert tlog.check_policy(Policy(), NOTE).is_quorum
    assert tlog.check_policy(Policy(), NOTE).quorum_time is None


def test_a_single_witness_can_be_the_quorum():
    single = policy(LINES + "quorum x2\n")
    assert not tlog.check_policy(single, cosigned({"x1": 9})).is_quorum
    assert tlog.check_policy(single, cosigned({"x2": 9})).is_quorum


def test_a_cosignature_without_a_time_counts_for_nothing():
    single = policy(LINES + "quorum x2\n")
    assert tlog.check_policy(single, cosigned({"x2": 0})).times == {}


def test_a_wrong_line_of_a_named_witness_refuses_the_note():
    key = KEYS["x1"].key
    note = tlog.add_signatures(cosigned({"x2": 9}), [NoteSignature(key.name, key.key_hash, bytes(72))])
    with pytest.raises(NoteUnverifiedError, match=r"x1.example.* is wrong"):
        tlog.check_policy(policy(), note)


def test_lines_of_others_are_ignored():
    note = NoteKey("z.example", KeyType.COSIGNATURE).cosign(NOTE, 9)
    assert tlog.check_policy(policy(), note).times == {}


def test_what_is_no_note_is_refused():
    with pytest.raises(NoteMalformedError):
        tlog.check_policy(policy(), b"no note")


def test_a_plain_ed25519_key_stands_for_the_cosignature_key():
    plain = NoteKey("x1.example")
    assert plain.public_key == KEYS["x1"].public_key
    read = policy(f"witness x1 {plain.vkey}\nquorum x1\n")
    assert read.witnesses == (PolicyWitness("x1", KEYS["x1"].key),)
    assert tlog.check_policy(read, cosigned({"x1": 9})).is_quorum
    assert tlog.witness_key(KEYS["x1"].key) == KEYS["x1"].key


def test_an_ml_dsa_witness_counts():
    key = NoteKey("q.example", KeyType.MLDSA44)
    read = policy(f"witness q {key.vkey}\nquorum q\n")
    assert tlog.check_policy(read, key.cosign(NOTE, 7)).quorum_time == 7


X1, X2 = KEYS["x1"].vkey, KEYS["x2"].vkey
BASE = f"witness a {X1}\nwitness b {X2}\n"


@pytest.mark.parametrize(
    "text,complaint",
    [
        pytest.param("", "no quorum", id="nothing"),
        pytest.param(BASE, "no quorum", id="no quorum"),
        pytest.param("quorum none\nquorum none", "twice", id="two quorums"),
        pytest.param("quorum a\n" + BASE, "line 1: the quorum 'a' is not defined", id="quorum before its witness"),
        pytest.param("quorum", "not a line", id="quorum of nobody"),
        pytest.param("quorum none none", "not a line", id="quorum with two names"),
        pytest.param("witness a\nquorum none", "not a line", id="witness without a key"),
        pytest.param(f"witness a {X1} u v\nquorum none", "not a line", id="a word too many"),
        pytest.param(f"witness none {X1}\nquorum none", "keyword", id="witness called none"),
        pytest.param(f"witness a {X1}\nwitness a {X2}\nquorum a", "taken", id="a name twice"),
        pytest.param(f"witness a {X1}\nwitness b {X1}\nquorum a", "would count as two", id="a key twice"),
        pytest.param(f"log {LOG.signer.vkey}\nlog {LOG.signer.vkey} u\nquorum none", "stands twice", id="a log twice"),
        pytest.param("log nonsense\nquorum none", "not a verifier key", id="a log without a key"),
        pytest.param(BASE + "group g 1\nquorum g", "not a line", id="a group of nobody"),
        pytest.param(BASE + "group g 0 a\nquorum g", "threshold", id="threshold 0"),
        pytest.param(BASE + "group g 01 a\nquorum g", "threshold", id="leading zero"),
        pytest.param(BASE + "group g 3 a b\nquorum g", "threshold", id="threshold too high"),
        pytest.param(BASE + "group g some a b\nquorum g", "threshold", id="threshold of a word"),
        pytest.param(BASE + "group g 1 c\nquorum g", "not defined above", id="unknown member"),
        pytest.param(BASE + "group g 1 g\nquorum g", "not defined above", id="member of itself"),
        pytest.param(BASE + "group g 1 none\nquorum g", "not defined above", id="none as a member"),
        pytest.param(BASE + "group g 1 a a\nquorum g", "a member already", id="a member twice"),
        pytest.param(BASE + "group g 1 a\ngroup h 1 a b\nquorum h", "a member already", id="a member of two groups"),
        pytest.param(BASE + "group any 1 a\nquorum any", "keyword", id="a group called any"),
        pytest.param("quorum none\nfoo bar", "line 2: not a line", id="an unknown line"),
        pytest.param("quorum none\r\n", "control character", id="CRLF"),
        pytest.param("quorum none\x00", "control character", id="a zero byte"),
        pytest.param("\n" * 1001 + "quorum none", "1002 lines", id="too many lines"),
        pytest.param("#" * 300_000 + "\nquorum none", "bytes", id="too long"),
    ],
)
def test_a_policy_that_contradicts_itself_is_refused(text, complaint):
    with pytest.raises(PolicyMalformedError, match=complaint):
        policy(text)


def test_octets_beyond_ascii_are_opaque():
    name = b"\xff\xe2\x84\xaa"
    read = tlog.parse_policy(b"# caf\xe9\nwitness " + name + f" {X1} https://w.example/\u212a\nquorum ".encode() + name)
    assert tlog.parse_policy(tlog.format_policy(read)) == read
    assert read.quorum == read.witnesses[0].name
    with pytest.raises(PolicyMalformedError):
        tlog.parse_policy(f"witness K {X1}\nquorum \u212a".encode())


def test_what_would_not_be_read_back_is_not_written():
    with pytest.raises(PolicyMalformedError):
        tlog.format_policy(Policy(quorum="nobody"))
    with pytest.raises(PolicyMalformedError, match="cannot stand"):
        tlog.format_policy(Policy(witnesses=(PolicyWitness("a", KEYS["x1"].key, "#u"),), quorum="a"))
