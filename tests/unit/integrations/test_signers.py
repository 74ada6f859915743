"""Signers behind one URI each: files, a real SoftHSM token, AWS KMS and Vault on loopback with real keys."""

import json
import socket
import sys
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from fakes import softhsm
from fakes.key_services import AwsKms, Vault, holds, other_half, p256_key, served
from fakes.keyring import private_key, signer
from lotmark.attest.api import algorithm_of, parse_envelope, sign_payload, verify_signature, write_key
from lotmark.base.errors import EnvironmentLacksError, UsageError
from lotmark.integrations._key_uri import parse_key_uri
from lotmark.integrations.api import is_key_uri, open_signer

pytestmark = pytest.mark.verifies("REQ-332", "REQ-004", "RC-002")

PASSPHRASE = "correct horse battery"


def never(prompt):
    raise AssertionError(f"asked for a secret: {prompt}")


def refusal(kind, uri, ask=never):
    with pytest.raises(kind) as caught:
        open_signer(uri, ask)
    assert caught.value.solution
    return caught.value


def signs(found, algorithm):
    """The signer's envelope is read and holds; a changed one does not."""
    assert algorithm_of(found.public_key) == algorithm
    envelope = sign_payload(b'{"x": 1}', found)
    assert parse_envelope(envelope.raw) == envelope
    assert envelope.key_id == found.key_id
    for message in (b"", b"\0" * 5000, b"message"):
        signature = found.sign(message)
        assert verify_signature(found.public_key, signature, message)
        assert not verify_signature(found.public_key, signature, message + b"!")
    return found


# ---- URIs


@pytest.mark.parametrize("text", ["file:/a", "pkcs11:object=a", "awskms:alias/x", "hashivault:k"])
def test_a_key_is_named_by_its_uri(text):
    assert is_key_uri(text)
    assert parse_key_uri(text).scheme == text.partition(":")[0]


@pytest.mark.parametrize("text", ["/home/ada/ada.key", "ada.key", "", "gcpkms:x", "C:key", "FILE:/a"])
def test_anything_else_is_the_path_of_a_file(text):
    assert not is_key_uri(text)
    assert refusal(UsageError, text).code == "LM-ITG-040"


@pytest.mark.parametrize(
    "text",
    [
        "pkcs11:",
        "awskms:",
        "pkcs11:object",
        "pkcs11:object=a;object=b",
        "pkcs11:=a",
        "pkcs11:object=a?module-path",
        "pkcs11:token=t?module-path=/m.so",
        "pkcs11:object=a;colour=red?module-path=/m.so",
        "hashivault:key?version=newest",
        "hashivault:key?version=\u0662",
        "hashivault:key?mount=transit",
    ],
)
def test_a_uri_that_names_no_key_is_refused(text, monkeypatch):
    monkeypatch.delenv("LOTMARK_PKCS11_MODULE", raising=False)
    assert refusal(UsageError, text).code == "LM-ITG-040"


@pytest.mark.parametrize("text", ["pkcs11:object=a?pin-value=1234", "hashivault:k?token=hvs.secret", "awskms:k?password=x"])
def test_a_secret_in_a_uri_is_refused_and_not_repeated(text):
    error = refusal(UsageError, text)
    assert error.code == "LM-ITG-041"
    assert not {"1234", "hvs.secret"} & set(str(error).replace("=", " ").split())


def test_no_module_is_guessed(monkeypatch):
    monkeypatch.delenv("LOTMARK_PKCS11_MODULE", raising=False)
    error = refusal(UsageError, "pkcs11:object=a")
    assert (error.code, "module" in error.reason) == ("LM-ITG-040", True)


def test_a_library_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "lotmark.integrations._pkcs11", None)
    error = refusal(EnvironmentLacksError, "pkcs11:object=a")
    assert (error.code, "pip install" in error.solution) == ("LM-ITG-045", True)


# ---- files


def test_a_file_may_hold_an_open_key_of_a_machine(tmp_path):
    write_key(tmp_path / "log.key", private_key("log"), None)
    assert signs(open_signer(f"file:{tmp_path / 'log.key'}", never), "ed25519").key_id == signer("log").key_id
    assert open_signer(f"file://{tmp_path / 'log.key'}", never).key_id == signer("log").key_id


def test_a_sealed_file_asks_for_its_passphrase(tmp_path):
    write_key(tmp_path / "dana.key", private_key("dana"), PASSPHRASE)
    asked = []
    found = open_signer(f"file:{tmp_path / 'dana.key'}", lambda prompt: asked.append(prompt) or PASSPHRASE)
    assert signs(found, "ed25519").key_id == signer("dana").key_id
    assert [str(tmp_path / "dana.key") in prompt for prompt in asked] == [True]
    assert refusal(EnvironmentLacksError, f"file:{tmp_path / 'dana.key'}", lambda _: "wrong " * 3).code == "LM-ATT-033"


@pytest.mark.parametrize("sealed", [False, True])
def test_a_file_may_hold_a_p256_key_of_another_tool(tmp_path, sealed):
    lock = BestAvailableEncryption(PASSPHRASE.encode()) if sealed else NoEncryption()
    (tmp_path / "key").write_bytes(p256_key("ada").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock))
    (tmp_path / "key").chmod(0o600)
    signs(open_signer(f"file:{tmp_path / 'key'}", lambda _: PASSPHRASE), "ecdsa-p256-sha256")


@pytest.mark.attack("E10")
@pytest.mark.parametrize("key", [rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP384R1())], ids=["small RSA", "P-384"])
def test_e10_a_key_of_another_algorithm_is_refused(tmp_path, key):
    (tmp_path / "key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "key").chmod(0o600)
    error = refusal(EnvironmentLacksError, f"file:{tmp_path / 'key'}")
    assert (error.code, "ALGORITHM_NOT_ALLOWED" in error.reason) == ("LM-ATT-032", True)


# ---- a token


def pin(_prompt):
    return softhsm.PIN


@pytest.mark.parametrize(("name", "algorithm"), [("p256", "ecdsa-p256-sha256"), ("ed25519", "ed25519")])
def test_a_key_in_a_token_signs(name, algorithm):
    found = signs(open_signer(softhsm.uri(name), pin), algorithm)
    assert open_signer(softhsm.uri(name), pin).key_id == found.key_id


def test_two_keys_of_one_token_sign_side_by_side():
    one, other = open_signer(softhsm.uri("p256"), pin), open_signer(softhsm.uri("ed25519"), pin)
    assert one.key_id != other.key_id
    for found in (one, other, one):
        assert verify_signature(found.public_key, found.sign(b"x"), b"x")


def test_every_signature_of_a_token_is_the_one_with_the_lower_s():
    found = open_signer(softhsm.uri("p256"), pin)
    for number in range(12):
        signature = found.sign(bytes([number]))
        assert verify_signature(found.public_key, signature, bytes([number]))
        assert not verify_signature(found.public_key, other_half(signature), bytes([number]))


def test_a_key_is_found_by_its_id_too(monkeypatch):
    softhsm.token()
    monkeypatch.setenv("LOTMARK_PKCS11_MODULE", str(softhsm.MODULE))
    by_label = open_signer(softhsm.uri("ed25519"), pin)
    assert open_signer("pkcs11:token=lotmark;id=%02", pin).key_id == by_label.key_id
    assert open_signer("pkcs11:token=lotmark;id=%FF%06", pin).key_id != by_label.key_id


def test_the_pin_may_lie_in_a_file_that_nobody_else_reads(tmp_path):
    place = tmp_path / "pin"
    place.write_text(f"{softhsm.PIN}\n")
    place.chmod(0o600)
    assert open_signer(softhsm.uri("p256", more=f"&pin-source=file:{place}"), never).key_id
    place.chmod(0o644)
    assert refusal(EnvironmentLacksError, softhsm.uri("p256", more=f"&pin-source=file:{place}")).code == "LM-ATT-031"
    assert refusal(UsageError, softhsm.uri("p256", more="&pin-source=file:pin")).code == "LM-ITG-040"


@pytest.mark.parametrize("wrong", ["", "1", "87654321"])
def test_a_wrong_pin_is_told_as_such(wrong):
    assert refusal(EnvironmentLacksError, softhsm.uri("p256"), lambda _: wrong).code == "LM-ITG-044"
    assert open_signer(softhsm.uri("p256"), pin).key_id


@pytest.mark.parametrize("name", ["nobody", "twice"])
def test_a_name_must_be_that_of_one_key(name):
    assert refusal(EnvironmentLacksError, softhsm.uri(name), pin).code == "LM-ITG-042"


def test_a_token_that_is_not_there_is_told_as_such():
    uri = softhsm.uri("p256").replace("token=lotmark", "token=another")
    assert refusal(EnvironmentLacksError, uri, pin).code == "LM-ITG-042"
    uri = softhsm.uri("p256").replace("token=lotmark", "serial=0000")
    assert refusal(EnvironmentLacksError, uri, pin).code == "LM-ITG-042"


def test_a_module_that_is_none_does_not_answer(tmp_path):
    pytest.importorskip("pkcs11")
    (tmp_path / "module.so").write_bytes(b"not a library")
    assert refusal(EnvironmentLacksError, f"pkcs11:object=a?module-path={tmp_path / 'module.so'}", pin).code == "LM-ITG-043"


@pytest.mark.attack("E10")
@pytest.mark.parametrize("name", ["rsa", "p384"])
def test_e10_a_token_key_of_another_algorithm_is_refused(name):
    kind = EnvironmentLacksError if name == "rsa" else UsageError
    assert refusal(kind, softhsm.uri(name), pin).code in {"LM-ATT-025", "LM-ATT-037"}


# ---- key services


@pytest.fixture
def aws(monkeypatch):
    pytest.importorskip("boto3")
    service = AwsKms()
    service.keys |= {"k1": p256_key("k1"), "rsa": rsa.generate_private_key(65537, 2048), "p384": ec.generate_private_key(ec.SECP384R1())}
    service.aliases["alias/release"] = "k1"
    for name, value in {"ACCESS_KEY_ID": "AKIDEXAMPLE", "SECRET_ACCESS_KEY": "secret", "DEFAULT_REGION": "eu-central-1", "MAX_ATTEMPTS": "1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    with served(service) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", address)
        yield service


@pytest.fixture
def vault(monkeypatch):
    pytest.importorskip("hvac")
    service = Vault()
    service.keys |= {
        "release": [p256_key("v1"), p256_key("v2")],
        "log": [private_key("log")],
        "rsa": [rsa.generate_private_key(65537, 2048)],
        "many": [p256_key(f"m{number}") for number in range(11)],
    }
    monkeypatch.setenv("VAULT_TOKEN", Vault.TOKEN)
    with served(service) as address:
        monkeypatch.setenv("VAULT_ADDR", address)
        yield service


@pytest.mark.parametrize("name", ["k1", "alias/release", "arn:aws:kms:eu-central-1:111122223333:key/k1", "///k1"])
def test_an_aws_key_signs(aws, name):
    found = signs(open_signer(f"awskms:{name}", never), "ecdsa-p256-sha256")
    assert verify_signature(found.public_key, found.sign(b"m"), b"m")
    assert aws.calls[0] == "GetPublicKey"
    assert "Sign" in aws.calls


@pytest.mark.attack("E07")
@pytest.mark.parametrize("high", [True, False])
def test_e07_a_key_service_may_give_either_half_and_one_is_kept(aws, vault, high):
    aws.high_s = vault.high_s = high
    for uri, key in (("awskms:k1", p256_key("k1")), ("hashivault:release", p256_key("v2"))):
        found = open_signer(uri, never)
        signature = found.sign(b"m")
        assert verify_signature(found.public_key, signature, b"m")
        assert holds(key, other_half(signature), b"m"), "an ordinary verifier takes the other half too"
        assert not verify_signature(found.public_key, other_half(signature), b"m")


@pytest.mark.attack("E10")
@pytest.mark.parametrize("uri", ["awskms:rsa", "awskms:p384", "hashivault:rsa"])
def test_e10_a_service_key_of_another_algorithm_is_refused(aws, vault, uri):
    error = refusal(EnvironmentLacksError, uri)
    assert (error.code, "ALGORITHM_NOT_ALLOWED" in error.reason) == ("LM-ATT-025", True)


@pytest.mark.parametrize("uri", ["awskms:nobody", "hashivault:nobody", "hashivault:release?version=3"])
def test_a_key_that_the_service_does_not_have_is_told_as_such(aws, vault, uri):
    assert refusal(EnvironmentLacksError, uri).code == "LM-ITG-042"


@pytest.mark.parametrize(("status", "kind"), [(400, "AccessDeniedException"), (400, "KMSInvalidStateException"), (500, "KMSInternalException")])
def test_an_aws_refusal_is_an_error_and_no_signature(aws, status, kind):
    found = open_signer("awskms:k1", never)
    aws.fault = (status, kind)
    assert refusal(EnvironmentLacksError, "awskms:k1").code == "LM-ITG-043"
    with pytest.raises(EnvironmentLacksError) as caught:
        sign_payload(b"{}", found)
    assert (caught.value.code, kind in caught.value.reason) == ("LM-ITG-043", True)


def test_a_disabled_key_signs_no_more(aws):
    found = open_signer("awskms:k1", never)
    aws.disabled.add("k1")
    with pytest.raises(EnvironmentLacksError, match="Disabled"):
        found.sign(b"m")


@pytest.mark.parametrize(
    "tamper", [lambda _: b"", lambda _: b"nonsense", lambda s: s + b"\0", lambda _: p256_key("k2").sign(b"m", ec.ECDSA(ec.hashes.SHA256()))]
)
def test_nonsense_from_a_service_never_becomes_an_envelope(aws, tamper):
    aws.high_s = False
    found = open_signer("awskms:k1", never)
    aws.tamper = tamper
    with pytest.raises(EnvironmentLacksError) as caught:
        sign_payload(b"{}", found)
    assert caught.value.code in {"LM-ITG-043", "LM-ATT-038"}


def test_vault_keys_sign_with_their_newest_version_or_the_one_named(vault):
    newest = signs(open_signer("hashivault:release", never), "ecdsa-p256-sha256")
    assert open_signer("hashivault://release?version=2", never).key_id == newest.key_id
    first = signs(open_signer("hashivault:release?version=1", never), "ecdsa-p256-sha256")
    assert first.key_id != newest.key_id
    assert signs(open_signer("hashivault:log", never), "ed25519").key_id == signer("log").key_id
    assert open_signer("hashivault:many", never).key_id == open_signer("hashivault:many?version=11", never).key_id


def test_a_sealed_vault_and_a_wrong_token_are_errors(vault, monkeypatch):
    found = open_signer("hashivault:log", never)
    vault.sealed = True
    with pytest.raises(EnvironmentLacksError, match="sealed"):
        found.sign(b"m")
    vault.sealed = False
    monkeypatch.setenv("VAULT_TOKEN", "hvs.other")
    error = refusal(EnvironmentLacksError, "hashivault:log")
    assert error.code == "LM-ITG-043"
    assert "hvs.other" not in str(error)


def test_a_service_that_is_away_is_an_error(monkeypatch, aws, vault):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", nowhere)
        monkeypatch.setenv("VAULT_ADDR", nowhere)
        begin = time.monotonic()
        for uri in ("awskms:k1", "hashivault:log"):
            assert refusal(EnvironmentLacksError, uri).code == "LM-ITG-043"
        assert time.monotonic() - begin < 60


def test_a_vault_that_talks_nonsense_is_an_error(vault):
    vault.keys["odd"] = [private_key("odd")]
    vault._public = lambda key: "!!!"
    assert refusal(EnvironmentLacksError, "hashivault:log").code == "LM-ITG-043"
    vault._type = lambda key: "ecdsa-p256"
    assert refusal(EnvironmentLacksError, "hashivault:log").code in {"LM-ATT-037", "LM-ITG-043"}


def test_what_an_envelope_holds_is_what_other_tools_verify(aws):
    """The signature in the envelope is plain DER ECDSA over the DSSE encoding."""
    found = open_signer("awskms:k1", never)
    envelope = sign_payload(b'{"a": 1}', found)
    tree = json.loads(envelope.raw)
    assert len(tree["signatures"]) == 1
    assert holds(p256_key("k1"), envelope.signature, b"DSSEv1 28 application/vnd.in-toto+json 8 " + b'{"a": 1}')
