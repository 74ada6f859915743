"""The URI of a key, taken apart: what each part is, and that no secret comes back in a message."""

from pathlib import Path

import pytest

from lotmark.base.errors import EnvironmentLacksError, UsageError
from lotmark.integrations._key_uri import is_key_uri, no_answer, no_such_key, parse_key_uri, read_pin

pytestmark = pytest.mark.verifies("REQ-332", "REQ-004", "RC-002")


@pytest.mark.parametrize(
    ("text", "path", "query", "attributes"),
    [
        ("pkcs11:object=a", "object=a", {}, {"object": "a"}),
        ("pkcs11:token=t;object=a?module-path=/m.so", "token=t;object=a", {"module-path": "/m.so"}, {"token": "t", "object": "a"}),
        ("pkcs11:object=two%20words", "object=two%20words", {}, {"object": "two words"}),
        ("pkcs11:id=%01%FF", "id=%01%FF", {}, {"id": "\x01\udcff"}),
        ("pkcs11:object=a%3Bb%3Dc", "object=a%3Bb%3Dc", {}, {"object": "a;b=c"}),
        ("pkcs11:object=a=b", "object=a=b", {}, {"object": "a=b"}),
        ("pkcs11:object=", "object=", {}, {"object": ""}),
        ("pkcs11:token=t?a=1&b=2", "token=t", {"a": "1", "b": "2"}, {"token": "t"}),
        ("pkcs11:token=t?a=x%26y", "token=t", {"a": "x&y"}, {"token": "t"}),
    ],
)
def test_a_uri_is_taken_apart(text: str, path: str, query: dict[str, str], attributes: dict[str, str]):
    uri = parse_key_uri(text)
    assert (uri.scheme, uri.path, dict(uri.query), dict(uri.attributes())) == ("pkcs11", path, query, attributes)


@pytest.mark.parametrize("text", ["file:/a?b", "file:/a?pin=x", "file:/a;b=c&d", "file:relative", "file:///a"])
def test_a_file_is_a_path_whatever_stands_in_it(text: str):
    uri = parse_key_uri(text)
    assert (uri.path, dict(uri.query)) == (text.removeprefix("file:"), {})


@pytest.mark.parametrize("text", ["", ":", "x", "pkcs11", "pkcs11:", "PKCS11:object=a", " pkcs11:object=a", "https://example.org/k", "gcpkms:k"])
def test_what_names_no_signer_is_refused(text: str):
    with pytest.raises(UsageError) as caught:
        parse_key_uri(text)
    assert caught.value.code == "LM-ITG-040"
    assert caught.value.reason == "not the URI of a key: it begins with none of file:, pkcs11:, awskms:, hashivault:"


@pytest.mark.parametrize(("text", "names"), [("file:", True), ("pkcs11:x", True), ("pkcs11", False), ("", False), ("Pkcs11:x", False), ("/a:b", False)])
def test_a_scheme_alone_tells_a_uri_from_a_path(text: str, names: bool):
    assert is_key_uri(text) is names


SECRET = "hunter2"


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        (f"pkcs11:object=a?pin-value={SECRET}", "LM-ITG-041", "the URI holds a secret: pin-value"),
        (f"pkcs11:object=a?pin={SECRET}&password={SECRET}", "LM-ITG-041", "the URI holds a secret: password, pin"),
        (f"hashivault:k?token={SECRET}", "LM-ITG-041", "the URI holds a secret: token"),
        (f"awskms:k?passphrase={SECRET}", "LM-ITG-041", "the URI holds a secret: passphrase"),
        (f"pkcs11:object=a?pin-value=1&pin-value={SECRET}", "LM-ITG-040", "not the URI of a key: 'pin-value' stands twice"),
        (f"hashivault:k?{SECRET}", "LM-ITG-040", "not the URI of a key: its part 1 is no name=value"),
        (f"hashivault:k?a=1&={SECRET}", "LM-ITG-040", "not the URI of a key: its part 2 is no name=value"),
        (f"awskms:k?a=1&&b={SECRET}", "LM-ITG-040", "not the URI of a key: its part 2 is no name=value"),
        (f"{SECRET}:x", "LM-ITG-040", "not the URI of a key: it begins with none of file:, pkcs11:, awskms:, hashivault:"),
    ],
    ids=["pin", "two", "token", "passphrase", "twice", "bare", "nameless", "empty-part", "scheme"],
)
def test_no_message_repeats_what_may_be_a_secret(text: str, code: str, told: str):
    with pytest.raises(UsageError) as caught:
        parse_key_uri(text)
    assert (caught.value.code, caught.value.reason) == (code, told)
    assert SECRET not in caught.value.reason
    assert SECRET not in (caught.value.solution or "")


def test_the_token_of_a_pkcs11_uri_is_no_secret():
    assert dict(parse_key_uri("pkcs11:object=a?token=t").query) == {"token": "t"}


@pytest.mark.parametrize("path", [f"object=a;pin-value={SECRET};pin-value=x", f"object=a;{SECRET}"])
def test_nor_does_one_about_the_path(path: str):
    with pytest.raises(UsageError) as caught:
        parse_key_uri(f"pkcs11:{path}").attributes()
    assert caught.value.code == "LM-ITG-040"
    assert SECRET not in caught.value.reason


# ---- PINs


@pytest.mark.parametrize(("content", "pin"), [("1234", "1234"), ("1234\n", "1234"), ("1234\r\n", "1234"), (" 12 34 \n", " 12 34 "), ("", "")])
@pytest.mark.parametrize("form", ["{}", "file:{}", "file://{}"])
def test_a_pin_is_read_from_a_file_of_its_owner(tmp_path: Path, form: str, content: str, pin: str):
    place = tmp_path / "pin"
    place.touch(mode=0o600)
    place.write_bytes(content.encode())
    uri = parse_key_uri(f"pkcs11:object=a?pin-source={form.format(place)}")
    assert read_pin(uri, lambda _: "asked", "PIN") == pin


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o620, 0o700])
def test_a_pin_that_others_may_read_is_refused(tmp_path: Path, mode: int):
    place = tmp_path / "pin"
    place.write_text("1234")
    place.chmod(mode)
    with pytest.raises(EnvironmentLacksError) as caught:
        read_pin(parse_key_uri(f"pkcs11:object=a?pin-source=file:{place}"), lambda _: "asked", "PIN")
    assert caught.value.code == "LM-ATT-031"
    assert "1234" not in str(caught.value)


@pytest.mark.parametrize("source", ["pin", "file:pin", "file:./pin", "", "~/pin"])
def test_a_pin_source_is_an_absolute_path(source: str):
    with pytest.raises(UsageError, match="pin-source must be file: and an absolute path"):
        read_pin(parse_key_uri(f"pkcs11:object=a?pin-source={source}"), lambda _: "asked", "PIN")


def test_without_a_source_the_person_is_asked():
    asked: list[str] = []
    assert read_pin(parse_key_uri("pkcs11:object=a"), lambda prompt: asked.append(prompt) or "1234", "PIN of the token") == "1234"  # type: ignore[func-returns-value]
    assert asked == ["PIN of the token"]


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (no_answer("the token", "no such slot"), "LM-ITG-043", "the token does not answer: no such slot"),
        (no_answer("the key service", OSError(111, "refused")), "LM-ITG-043", "the key service does not answer: [Errno 111] refused"),
        (no_such_key("the token", "two keys are called a"), "LM-ITG-042", "the token: two keys are called a"),
    ],
)
def test_a_service_that_cannot_be_used_is_the_environments_fault(error: EnvironmentLacksError, code: str, reason: str):
    assert (error.code, error.reason, int(error.exit_code), bool(error.solution)) == (code, reason, 4, True)
