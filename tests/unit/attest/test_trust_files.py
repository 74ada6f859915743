"""Trust policies and known logs."""

import base64
import errno
import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.keyring import signer
from lotmark.attest import _signers
from lotmark.attest.api import KeySigner, KnownLogs, format_trust_policy, known_logs_folder, parse_trust_policy, witness_policy
from lotmark.attest.models import TrustPolicy
from lotmark.base.errors import EnvironmentLacksError, RefusedError, UsageError
from lotmark.tlog import api as tlog
from lotmark.tlog.models import KeyType

pytestmark = pytest.mark.verifies("REQ-004", "RC-002", "HAZ-003")


def _vkey(name, key, kind=KeyType.ED25519):
    return tlog.format_vkey(tlog.make_key(name, signer(key).public_key, kind))


POLICY = TrustPolicy(
    origin="lotmark.example/qpcr",
    log_key=_vkey("lotmark.example/qpcr", "log"),
    roots=(signer("ada").public_key, signer("beth").public_key),
    witnesses=(_vkey("w1.example", "w1"), _vkey("w2.example", "w2")),
    quorum=2,
)


def _data(**changes):
    return json.dumps({**json.loads(format_trust_policy(POLICY)), **changes}).encode()


def test_a_policy_is_written_and_read_back():
    data = format_trust_policy(POLICY)
    assert parse_trust_policy(data) == POLICY
    assert json.loads(data)["lotmarkTrust"] == 1
    assert set(json.loads(data)) == {"lotmarkTrust", "origin", "logKey", "roots", "witnesses", "quorum"}


def test_a_policy_without_witnesses_is_read():
    policy = TrustPolicy(POLICY.origin, POLICY.log_key, POLICY.roots)
    assert parse_trust_policy(format_trust_policy(policy)) == policy


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"lotmarkTrust": 2}, id="other version"),
        pytest.param({"extra": 1}, id="unknown field"),
        pytest.param({"origin": 1}, id="origin no text"),
        pytest.param({"origin": ""}, id="empty origin"),
        pytest.param({"origin": "a b"}, id="origin with space"),
        pytest.param({"origin": "a\nb"}, id="origin with line feed", marks=pytest.mark.attack("P11")),
        pytest.param({"origin": "a+b"}, id="origin with plus"),
        pytest.param({"origin": "x" * 256}, id="long origin"),
        pytest.param({"origin": "somebody.else"}, id="origin is not the name of the log key"),
        pytest.param({"logKey": "lotmark.example/qpcr"}, id="logKey no vkey"),
        pytest.param({"logKey": POLICY.log_key + "\n"}, id="logKey with line feed"),
        pytest.param({"roots": []}, id="no root"),
        pytest.param({"roots": ["AAAA"]}, id="short root"),
        pytest.param({"roots": ["%%%"]}, id="root no base64"),
        pytest.param({"roots": ["é"]}, id="root not ASCII"),
        pytest.param({"roots": [base64.b64encode(bytes(32)).decode()]}, id="root of small order"),
        pytest.param({"roots": [base64.b64encode(POLICY.roots[0]).decode()] * 2}, id="root twice"),
        pytest.param({"witnesses": ["w1"]}, id="witness no vkey"),
        pytest.param({"witnesses": [POLICY.witnesses[0]] * 2}, id="witness twice"),
        pytest.param({"witnesses": [_vkey("w1", "w1"), _vkey("w2", "w1")]}, id="one witness under two names"),
        pytest.param({"witnesses": [_vkey("w1", "w1")[:-4] + "AAAA"]}, id="witness with a wrong hash"),
        pytest.param({"logKey": POLICY.log_key.replace("+", "+0", 1)}, id="logKey with a wrong hash"),
        pytest.param({"quorum": 3}, id="quorum out of reach"),
        pytest.param({"tlogPolicy": ["quorum none"]}, id="a tlog-policy beside witnesses"),
        pytest.param({"tlogPolicy": ["quorum nobody"], "witnesses": [], "quorum": 0}, id="a tlog-policy that contradicts itself"),
        pytest.param({"tlogPolicy": [f"log {_vkey('other.example', 'w3')}", "quorum none"], "witnesses": [], "quorum": 0}, id="a tlog-policy of another log"),
        pytest.param({"quorum": -1}, id="negative quorum"),
        pytest.param({"quorum": 1.5}, id="half a quorum"),
    ],
)
def test_anything_doubtful_in_a_policy_is_refused(changes):
    with pytest.raises(UsageError) as caught:
        parse_trust_policy(_data(**changes))
    assert caught.value.code == "LM-ATT-050"


@pytest.mark.attack("W03")
@pytest.mark.parametrize("key", ["log", "ada", "beth"])
@pytest.mark.parametrize("kind", [KeyType.ED25519, KeyType.COSIGNATURE])
def test_w03_a_witness_with_the_key_of_the_log_or_a_root_is_refused(key, kind):
    """Whatever the type that its verifier key gives the same bytes."""
    vkey = _vkey("w1.example", key, kind)
    for changes in ({"witnesses": [vkey, _vkey("w2", "w2")]}, {"witnesses": [], "quorum": 0, "tlogPolicy": [f"witness a {vkey}", "quorum a"]}):
        with pytest.raises(UsageError, match="WITNESS_NOT_INDEPENDENT") as caught:
            parse_trust_policy(_data(**changes))
        assert caught.value.code == "LM-ATT-090"


TLOG = f"""log {POLICY.log_key}
witness a {_vkey("w1.example", "w1", KeyType.COSIGNATURE)} https://w1.example/
witness b {_vkey("w2.example", "w2")}
group two all a b
quorum two
"""


def test_a_tlog_policy_names_witnesses_groups_and_quorum():
    policy = replace(POLICY, witnesses=(), quorum=0, tlog_policy=TLOG)
    assert parse_trust_policy(format_trust_policy(policy)) == policy
    assert json.loads(format_trust_policy(policy))["tlogPolicy"] == TLOG.splitlines()
    found = witness_policy(policy)
    assert ([witness.name for witness in found.witnesses], found.quorum) == (["a", "b"], "two")
    assert found.witnesses[0].url == "https://w1.example/"


def test_witnesses_and_a_number_are_a_policy_too():
    found = witness_policy(POLICY)
    assert [witness.key.kind for witness in found.witnesses] == [KeyType.COSIGNATURE] * 2
    assert [(group.threshold, group.members) for group in found.groups] == [(2, ("w1", "w2"))]
    assert witness_policy(replace(POLICY, quorum=0)).quorum == "none"
    assert witness_policy(TrustPolicy(POLICY.origin, POLICY.log_key, POLICY.roots)).witnesses == ()


def test_a_policy_is_strict_json():
    with pytest.raises(UsageError) as caught:
        parse_trust_policy(format_trust_policy(POLICY)[:-1] + b',"quorum":0}')
    assert caught.value.code == "LM-INT-002"


def test_a_policy_that_would_be_refused_is_not_written():
    with pytest.raises(UsageError):
        format_trust_policy(replace(POLICY, quorum=9))


def test_a_remembered_log_is_found_again(tmp_path):
    known = KnownLogs(tmp_path / "lotmark" / "known_logs")
    assert known.list() == ()
    assert known.find(POLICY.origin) is None
    path = known.remember(POLICY)
    assert known.find(POLICY.origin) == POLICY
    assert known.find("other.example") is None
    assert known.list() == (path,)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.stem) == 16


def test_remembering_the_same_again_changes_nothing(tmp_path):
    known = KnownLogs(tmp_path)
    path = known.remember(POLICY)
    before = path.stat()
    assert known.remember(POLICY) == path
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.attack("E09")
def test_another_policy_for_a_known_log_is_refused_until_it_is_asked_for(tmp_path):
    known = KnownLogs(tmp_path)
    known.remember(POLICY)
    other = replace(POLICY, roots=(signer("mallory").public_key,))
    with pytest.raises(RefusedError) as caught:
        known.remember(other)
    assert caught.value.code == "LM-ATT-051"
    assert known.find(POLICY.origin) == POLICY
    known.remember(other, replace=True)
    assert known.find(POLICY.origin) == other


def test_a_known_log_that_others_may_write_is_refused(tmp_path):
    known = KnownLogs(tmp_path)
    path = known.remember(POLICY)
    path.chmod(0o644)
    assert known.find(POLICY.origin) == POLICY
    path.chmod(0o664)
    with pytest.raises(EnvironmentLacksError) as caught:
        known.find(POLICY.origin)
    assert caught.value.code == "LM-ATT-031"


@pytest.mark.parametrize("target", ["elsewhere.json", "nowhere.json"])
def test_a_link_in_the_folder_is_refused(tmp_path, target):
    known = KnownLogs(tmp_path / "known")
    known.remember(POLICY).rename(tmp_path / "elsewhere.json")
    known.path(POLICY.origin).symlink_to(tmp_path / target)
    with pytest.raises(EnvironmentLacksError) as caught:
        known.find(POLICY.origin)
    assert caught.value.code == "LM-ATT-031"


def test_a_file_under_another_log_s_name_is_refused(tmp_path):
    known = KnownLogs(tmp_path)
    known.remember(POLICY).rename(known.path("other.example"))
    with pytest.raises(UsageError) as caught:
        known.find("other.example")
    assert caught.value.code == "LM-ATT-050"


def test_a_full_disk_is_answered_and_leaves_nothing(tmp_path, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(_signers.os, "fsync", full)
    with pytest.raises(EnvironmentLacksError) as caught:
        KnownLogs(tmp_path).remember(POLICY)
    assert caught.value.code == "LM-ATT-052"
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"XDG_CONFIG_HOME": "/x", "HOME": "/h"}, "/x/lotmark/known_logs"),
        ({"XDG_CONFIG_HOME": "", "HOME": "/h"}, "/h/.config/lotmark/known_logs"),
        ({"XDG_CONFIG_HOME": "relative", "HOME": "/h"}, "/h/.config/lotmark/known_logs"),
        ({"HOME": "/h"}, "/h/.config/lotmark/known_logs"),
    ],
)
def test_the_folder_follows_the_xdg_rules(environ, folder):
    assert known_logs_folder(environ) == Path(folder)


def test_without_a_home_there_is_no_folder():
    with pytest.raises(EnvironmentLacksError) as caught:
        known_logs_folder({})
    assert caught.value.code == "LM-ATT-052"


def test_a_root_threshold_is_written_only_if_it_asks_for_more_than_one(tmp_path):
    one = TrustPolicy("log.example/a", _vkey("log.example/a", "log"), (signer("ada").public_key, signer("beth").public_key))
    assert b"rootThreshold" not in format_trust_policy(one)
    two = replace(one, root_threshold=2)
    assert b'"rootThreshold":2' in format_trust_policy(two).replace(b" ", b"")
    assert parse_trust_policy(format_trust_policy(two)) == two
    for wrong in (0, 3, -1):
        with pytest.raises(UsageError) as caught:
            format_trust_policy(replace(one, root_threshold=wrong))
        assert caught.value.code == "LM-ATT-050"


def test_a_root_may_be_a_key_in_a_token():
    from fakes.key_services import p256_key

    public = KeySigner(p256_key("hsm")).public_key
    policy = TrustPolicy("log.example/a", _vkey("log.example/a", "log"), (public, signer("ada").public_key))
    assert parse_trust_policy(format_trust_policy(policy)).roots == (public, signer("ada").public_key)


def test_timestamp_roots_are_written_and_read_back():
    policy = replace(POLICY, timestamp_roots=(b"0one", b"0two"))
    assert parse_trust_policy(format_trust_policy(policy)) == policy


@pytest.mark.parametrize("roots", [(b"1one",), (b"",), (b"0one", b"0one")], ids=["no certificate", "empty", "twice"])
def test_timestamp_roots_that_are_no_certificates_or_stand_twice_are_refused(roots):
    with pytest.raises(UsageError, match="timestampRoots") as caught:
        format_trust_policy(replace(POLICY, timestamp_roots=roots))
    assert caught.value.code == "LM-ATT-050"
