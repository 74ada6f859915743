"""Where a ledger lies, as a URL; a password is never shown."""

from pathlib import Path

import pytest

from fakes.keyring import signer
from fakes.ledger import ORIGIN
from lotmark.base.errors import UsageError
from lotmark.ledger.api import create_ledger, has_password, open_ledger, parse_ledger_url, redact

pytestmark = pytest.mark.verifies("REQ-070")

BASE = Path("/srv/product/.lotmark")


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("sqlite:///ledger", BASE / "ledger"),
        ("sqlite:////srv/lotmark", Path("/srv/lotmark")),
        ("sqlite:////srv/lotmark/ledger.db", Path("/srv/lotmark")),
        ("sqlite:///ledger.db", BASE),
        ("sqlite:///a%20b", BASE / "a b"),
        ("postgresql://ada@db.example.org/lotmark", "postgresql://ada@db.example.org/lotmark"),
        ("postgres:///lotmark?host=/run/postgresql", "postgres:///lotmark?host=/run/postgresql"),
    ],
)
def test_a_url_names_a_folder_or_a_database(url, place):
    assert parse_ledger_url(url, BASE) == place


@pytest.mark.parametrize(
    "url",
    [
        "ledger.db",
        "/srv/lotmark",
        "sqlite://host/ledger",
        "sqlite:ledger",
        "sqlite:///x?mode=ro",
        "sqlite:///x#y",
        "mysql://h/d",
        "postgresql://host",
        "postgresql://host/",
        "s3://bucket",
        "",
    ],
)
def test_anything_else_is_refused_rather_than_taken_for_a_name(url):
    with pytest.raises(UsageError) as caught:
        parse_ledger_url(url, BASE)
    assert (caught.value.code, "postgresql://USER@HOST/DATABASE" in caught.value.solution) == ("LM-LED-019", True)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ada:secret@db/lotmark", "postgresql://ada@db/lotmark"),
        ("postgresql://ada@db/lotmark?password=secret&sslmode=require", "postgresql://ada@db/lotmark?sslmode=require"),
        ("postgresql://ada@db/lotmark?SSLPASSWORD=secret", "postgresql://ada@db/lotmark"),
        ("postgresql://:secret@db/lotmark", "postgresql://db/lotmark"),
        ("postgresql://ada:se:cr@et@db:5432/lotmark", "postgresql://ada@db:5432/lotmark"),
    ],
)
def test_a_password_is_noticed_and_not_shown(url, shown):
    assert has_password(url)
    assert redact(url) == shown
    assert not has_password(shown)
    assert redact(shown) == shown


def test_a_refusal_does_not_repeat_the_password():
    with pytest.raises(UsageError) as caught:
        parse_ledger_url("mysql://ada:secret@db/lotmark", BASE)
    assert "secret" not in str(caught.value) + caught.value.reason


def test_a_ledger_in_postgresql_needs_a_place_for_its_blobs():
    for action in (lambda: create_ledger("postgresql://h/d", ORIGIN, signer("log")), lambda: open_ledger("postgresql://h/d")):
        with pytest.raises(UsageError) as caught:
            action()
        assert caught.value.code == "LM-LED-017"
