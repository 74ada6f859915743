"""The vault: commitments that bind and hide, values that stay until they are erased."""

import base64
import hashlib
import os
import sqlite3
import stat
import subprocess
import sys
import threading

import pytest

from lotmark.base.errors import EnvironmentLacksError, IntegrityError, UsageError
from lotmark.records._vault import COMMITMENT, Disclosure, Vault, commit, find_commitments

pytestmark = pytest.mark.verifies("REQ-092", "RC-091", "HAZ-091")

NAME = "Dana Example"


@pytest.fixture
def vault(tmp_path):
    return Vault(tmp_path / "vault.db")


def test_a_commitment_is_the_sha256_of_salt_and_value_as_anybody_computes_it():
    salt = bytes(range(32))
    raw = hashlib.sha256(salt + "Zoë".encode()).digest()
    assert commit(salt, "Zoë") == "commitment:" + base64.urlsafe_b64encode(raw).decode().rstrip("=")
    assert COMMITMENT.fullmatch(commit(salt, "Zoë"))


def test_a_sealed_value_is_found_again_and_its_commitment_opens(vault):
    token = vault.seal(NAME)
    found = vault.find(token)
    assert found is not None
    assert (found.value, len(found.salt), commit(found.salt, NAME)) == (NAME, 32, token)
    assert NAME not in token


def test_one_value_has_one_commitment_and_two_values_have_two(vault):
    assert vault.seal(NAME) == vault.seal(NAME) == Vault(vault.path).seal(NAME)
    assert vault.seal("dana example") != vault.seal(NAME)


def test_two_vaults_have_different_commitments_to_one_name(tmp_path):
    assert Vault(tmp_path / "a.db").seal(NAME) != Vault(tmp_path / "b.db").seal(NAME)


def test_what_is_sealed_already_or_empty_stays_what_it_is(vault):
    token = vault.seal(NAME)
    assert vault.seal(token) == token
    assert vault.seal("") == ""
    assert not Vault(vault.path.with_name("none.db")).path.exists()


@pytest.mark.parametrize("value", ["x" * 1001, "half \ud800 a pair"], ids=["too long", "no text"])
def test_what_cannot_be_sealed_is_refused_and_nothing_is_kept(vault, value):
    with pytest.raises(UsageError) as caught:
        vault.seal(value)
    assert caught.value.code == "LM-REC-012"
    assert vault.disclosures() == []


@pytest.mark.parametrize("value", ["x" * 1000, "Zoë Müller", "名前", "a'b\"c\\d", "line\nfeed", "🧪"])
def test_any_text_of_a_name_can_be_sealed(vault, value):
    found = vault.find(vault.seal(value))
    assert found is not None
    assert found.value == value


def test_a_vault_that_was_never_made_holds_nothing(vault):
    assert vault.find("commitment:" + "A" * 43) is None
    assert vault.find_value(NAME) is None
    assert vault.disclosures(["commitment:" + "A" * 43]) == []
    assert vault.erase(["commitment:" + "A" * 43]) == 0
    assert not vault.copy_to(vault.path.with_name("copy.db"))
    assert not vault.path.exists(), "reading makes no file"


def test_a_value_is_found_by_its_text_whatever_the_case(vault):
    token = vault.seal("Dana@Example.org")
    vault.seal("dana@example.com")
    assert vault.find_value("dana@example.ORG").commitment == token
    exact = vault.seal("dana@example.org")
    assert vault.find_value("dana@example.org").commitment == exact, "letter for letter comes first"
    assert vault.find_value("%") is None


def test_erasing_takes_value_and_salt_and_leaves_the_others(vault):
    token, other = vault.seal(NAME), vault.seal("Omar Example")
    assert vault.erase([token, token, "commitment:" + "A" * 43]) == 1
    assert vault.find(token) is None
    assert vault.find(other).value == "Omar Example"
    assert vault.erase([token]) == 0, "again is no error"


def test_no_byte_of_an_erased_value_stays_in_the_file(vault):
    kept = [vault.seal(f"Person {number} Example") for number in range(200)]
    token = vault.seal("Mallory Unforgettable")
    salt = vault.find(token).salt
    vault.erase([token])
    data = b"".join(path.read_bytes() for path in vault.path.parent.iterdir())
    assert b"Mallory" not in data
    assert b"Unforgettable" not in data
    assert salt not in data
    assert all(vault.find(each) for each in kept)


def test_a_name_that_comes_back_after_its_erasure_gets_another_commitment(vault):
    token = vault.seal(NAME)
    vault.erase([token])
    assert vault.seal(NAME) != token


def test_only_its_owner_reads_the_file(vault, tmp_path):
    vault.seal(NAME)
    vault.copy_to(tmp_path / "copy.db")
    for path in (vault.path, tmp_path / "copy.db"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_copy_holds_the_same_and_is_never_written_over_another(vault, tmp_path):
    token = vault.seal(NAME)
    assert vault.copy_to(tmp_path / "copy.db")
    assert Vault(tmp_path / "copy.db").find(token) == vault.find(token)
    with pytest.raises(EnvironmentLacksError):
        vault.copy_to(tmp_path / "copy.db")


def test_a_value_that_was_exchanged_is_not_shown(vault):
    token = vault.seal(NAME)
    with sqlite3.connect(vault.path) as connection:
        connection.execute("UPDATE value SET clear = 'Somebody Else' WHERE token = ?", (token,))
    for look in (lambda: vault.find(token), lambda: vault.find_value("Somebody Else"), vault.disclosures):
        with pytest.raises(IntegrityError, match="COMMITMENT_MISMATCH") as caught:
            look()
        assert caught.value.code == "LM-REC-011"


def test_a_disclosure_is_checked_without_a_vault():
    salt = b"\x07" * 32
    Disclosure(commit(salt, NAME), salt, NAME).check()
    for wrong in (Disclosure(commit(salt, NAME), salt, "Other"), Disclosure(commit(salt, NAME), b"\x08" * 32, NAME)):
        with pytest.raises(IntegrityError):
            wrong.check()


def test_a_file_that_is_no_vault_is_named_and_left_alone(vault):
    vault.path.write_bytes(b"not a database, but sixteen bytes and more of something else")
    with pytest.raises(EnvironmentLacksError) as caught:
        vault.seal(NAME)
    assert (caught.value.code, caught.value.where) == ("LM-REC-010", str(vault.path))
    assert vault.path.read_bytes().startswith(b"not a database")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(EnvironmentLacksError, match="vault of clear names"):
        Vault(tmp_path / "vault.db").seal(NAME)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(EnvironmentLacksError, match="vault of clear names"):
        Vault(tmp_path / "none" / "vault.db").seal(NAME)


def test_threads_and_a_second_vault_agree_on_one_commitment(vault):
    found = []
    threads = [threading.Thread(target=lambda own=own: found.append(own.seal(NAME))) for own in (vault, vault, Vault(vault.path), Vault(vault.path))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1


def test_a_killed_process_leaves_what_it_was_told_is_kept(vault):
    script = (
        "import os, sys; from pathlib import Path; from lotmark.records._vault import Vault\n"
        "print(Vault(Path(sys.argv[1])).seal('Dana Example'), flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(vault.path)], capture_output=True, text=True, check=False)
    assert done.returncode == -9
    assert vault.find(done.stdout.strip()).value == NAME


def test_commitments_are_found_in_texts():
    one, two = commit(b"1" * 32, "a"), commit(b"2" * 32, "b")
    assert find_commitments([f"by {one}, {two}", one, "commitment:short", one + "x", ""]) == {one, two}
