"""The keys of this machine: which lie here, which of them sign, and what is said where none may."""

import os
import stat

import pytest

from fakes.keyring import KeyLog, private_key, signer
from lotmark.attest.api import write_key
from lotmark.base.errors import EnvironmentLacksError, UsageError
from lotmark.bootstrap import _machine_keys
from lotmark.bootstrap._machine_keys import KEYS, add_machine_key, coming_signers, drop_machine_key, key_places, machine_signers

pytestmark = pytest.mark.verifies("REQ-019", "REQ-096")


@pytest.fixture
def state(tmp_path):
    (tmp_path / KEYS).mkdir(mode=0o700)
    return tmp_path


def put(state, file, name):
    """A key file in the state folder with the key that belongs to the name."""
    write_key(state / KEYS / file, private_key(name), None)


def unasked():
    raise AssertionError("the keys by log index were asked for, though there is no choice")


def ids(signers):
    return [each.key_id for each in signers]


def of(*names):
    return [signer(name).key_id for name in names]


@pytest.fixture
def log():
    """A log in which `one` was followed by `two`; both count for two entries, and `pipe` is the pipeline's."""
    log = KeyLog()
    log.add("enrol", "one", "log")
    log.add("enrol", "pipe", "pipeline")
    log.add("rotate", "one", "log", next_key="two", overlap=2)
    return log


@pytest.mark.parametrize(
    ("files", "kind", "found"),
    [
        ((), "log", ()),
        (("log.key",), "log", ("log.key",)),
        (("pipeline.key",), "log", ()),
        (("log.key", "log-0b.key", "log-0a.key"), "log", ("log-0a.key", "log-0b.key", "log.key")),
        (("log.uri",), "log", ("log.uri",)),
        (("log-1.uri", "log.key", "pipeline-1.uri"), "log", ("log-1.uri", "log.key")),
        (("logs.key", "log.key.old", "mylog.key", "log.pub", "log-1.txt"), "log", ()),
        (("log.key", "pipeline.key", "pipeline-2.key"), "pipeline", ("pipeline-2.key", "pipeline.key")),
    ],
    ids=["none", "the first", "of another kind", "after rotations", "a URI", "a URI beside a file", "names that only look alike", "pipeline"],
)
def test_which_files_are_keys_of_a_kind(state, files, kind, found):
    for file in files:
        (state / KEYS / file).touch()
    assert tuple(path.name for path in key_places(state, kind)) == found


@pytest.mark.parametrize("signers", [machine_signers, coming_signers])
def test_a_single_key_signs_without_a_look_at_the_ledger(state, signers):
    put(state, "log.key", "one")
    assert ids(signers(state, "log", unasked)) == of("one")


@pytest.mark.parametrize("signers", [machine_signers, coming_signers])
def test_without_any_key_the_first_one_is_missed_by_its_place(state, signers):
    with pytest.raises(EnvironmentLacksError) as caught:
        signers(state, "log", unasked)
    assert str(state / KEYS / "log.key") in str(caught.value)


@pytest.mark.parametrize(
    ("size", "signing"),
    [(1, []), (2, ["one"]), (3, ["one"]), (4, ["two", "one"]), (5, ["two", "one"]), (6, ["two"]), (7, ["two"])],
    ids=["before the enrolment", "enrolled", "before the rotation", "rotated", "last of both", "first without the old one", "after"],
)
def test_the_keys_that_count_at_the_size_sign_the_newest_first(state, log, size, signing):
    put(state, "log.key", "one")
    put(state, "log-new.key", "two")
    if not signing:
        with pytest.raises(EnvironmentLacksError) as caught:
            machine_signers(state, "log", lambda: (log.trust, size))
        assert (caught.value.code, caught.value.where) == ("LM-CLI-023", str(state / KEYS))
        assert caught.value.reason == f"none of the log keys here counts at log index {size}"
        assert caught.value.solution == "put the newest log key there; `lotmark key log rotate` follows a key that is lost"
    else:
        assert ids(machine_signers(state, "log", lambda: (log.trust, size))) == of(*signing)


@pytest.mark.parametrize(
    ("files", "coming"),
    [
        ({"log.key": "one", "log-new.key": "two"}, ["two", "one"]),
        ({"log.key": "one", "log-new.key": "two", "log-newer.key": "three"}, ["two", "one", "three"]),
        ({"log.key": "one", "log-x.key": "stranger"}, ["one", "stranger"]),
    ],
    ids=["all enrolled", "one not enrolled yet", "a first rotation"],
)
def test_before_a_change_of_keys_a_key_that_was_never_enrolled_signs_too(state, log, files, coming):
    for file, name in files.items():
        put(state, file, name)
    assert ids(coming_signers(state, "log", lambda: (log.trust, 4))) == of(*coming)


def test_a_key_that_counts_no_longer_is_not_a_coming_one(state, log):
    put(state, "log.key", "one")
    put(state, "log-new.key", "two")
    assert ids(coming_signers(state, "log", lambda: (log.trust, 6))) == of("two")


def test_a_key_of_another_kind_never_signs_as_the_log(state, log):
    put(state, "log.key", "two")
    put(state, "log-copied.key", "pipe")
    assert ids(machine_signers(state, "log", lambda: (log.trust, 5))) == of("two")


# ---------------------------------------------------------------- adding and dropping


@pytest.mark.parametrize("kind", ["log", "pipeline"])
def test_a_fresh_key_lies_beside_the_others_readable_by_nobody_else(state, kind):
    added = add_machine_key(state, kind, None)
    (place,) = key_places(state, kind)
    assert place.name == f"{kind}-{added.key_id[:12]}.key"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert ids(machine_signers(state, kind, unasked)) == [added.key_id]
    assert add_machine_key(state, kind, None).key_id != added.key_id


def test_a_dropped_key_is_gone_and_the_others_stay(state):
    put(state, "log.key", "one")
    added = add_machine_key(state, "log", None)
    drop_machine_key(state, "log", added)
    drop_machine_key(state, "log", added)
    assert [path.name for path in key_places(state, "log")] == ["log.key"]


@pytest.fixture
def service(monkeypatch):
    """A key service; gives the URIs that were opened and what each question for a PIN led to."""
    opened = []

    def open_signer(uri, ask):
        opened.append(uri)
        if uri == "pkcs11:asks":
            ask("PIN of the token")
        return signer(uri)

    monkeypatch.setattr("lotmark.integrations.api.open_signer", open_signer)
    return opened


def test_a_key_elsewhere_is_kept_as_its_uri_and_opened_by_it(state, service):
    added = add_machine_key(state, "log", "pkcs11:token=log")
    (place,) = key_places(state, "log")
    assert (place.suffix, place.read_text()) == (".uri", "pkcs11:token=log\n")
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert ids(machine_signers(state, "log", unasked)) == [added.key_id]
    assert service == ["pkcs11:token=log"] * 2
    drop_machine_key(state, "log", added)
    assert key_places(state, "log") == []


def test_a_key_elsewhere_is_not_taken_twice(state, service):
    add_machine_key(state, "log", "pkcs11:token=log")
    with pytest.raises(UsageError) as caught:
        add_machine_key(state, "log", "pkcs11:token=log")
    assert (caught.value.code, caught.value.solution) == ("LM-ATT-036", "`lotmark key list` shows whether it counts")
    assert caught.value.reason == f"the key {signer('pkcs11:token=log').key_id[:12]} is here already"


def test_a_machine_is_never_asked_for_a_pin(state, service):
    with pytest.raises(EnvironmentLacksError) as caught:
        add_machine_key(state, "log", "pkcs11:asks")
    assert (caught.value.code, caught.value.reason) == ("LM-CLI-015", "a machine's key cannot ask anybody: PIN of the token")
    assert "pin-source" in caught.value.solution
    assert key_places(state, "log") == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_takes_no_key(state):
    (state / KEYS).chmod(0o500)
    try:
        with pytest.raises((EnvironmentLacksError, UsageError, OSError)):
            add_machine_key(state, "log", None)
    finally:
        (state / KEYS).chmod(0o700)
    assert key_places(state, "log") == []


def test_the_question_of_a_key_service_is_told_word_for_word():
    with pytest.raises(EnvironmentLacksError, match="cannot ask anybody: which slot"):
        _machine_keys._no_terminal("which slot")
