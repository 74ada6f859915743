"""What is shown for a commitment: the name, or why there is none."""

import pytest

from lotmark.records.api import Revealer, Vault, conceal
from lotmark.records.models import Order, RecordApproval

pytestmark = pytest.mark.verifies("REQ-092", "RC-091")

ORDER = Order(
    "ab" * 32,
    "erasure",
    "qpcr",
    {},
    (
        RecordApproval(1, "quinn", "Quinn Example", "asked for", "2026-11-23T12:00:00Z"),
        RecordApproval(2, "rene", "Rene Example", "yes", "2026-11-24T08:00:00Z"),
    ),
)


@pytest.fixture
def vault(tmp_path):
    return Vault(tmp_path / "vault.db")


def test_a_name_stands_in_the_place_of_its_commitment(vault):
    dana, omar = vault.seal("Dana Example"), vault.seal("omar@example.org")
    revealer = Revealer(vault, dict)
    assert revealer.text(f"{dana} and {omar}: {dana}") == "Dana Example and omar@example.org: Dana Example"
    assert revealer.text("nothing sealed") == "nothing sealed"


def test_an_erased_name_reads_erased_with_reason_approvers_and_day(vault):
    token = vault.seal("Dana Example")
    vault.erase([token])
    shown = Revealer(vault, lambda: {token: ORDER}).text(f"by {token}")
    assert shown == f"by [ERASED {token[11:19]}: asked for; approved by Quinn Example and Rene Example on 2026-11-24]"


def test_a_name_that_this_vault_never_had_reads_sealed(vault):
    token = "commitment:" + "A" * 43
    assert Revealer(vault, dict).text(token) == "[sealed AAAAAAAA]"


def test_whom_the_vault_knows_is_shown_even_under_an_order_that_was_not_carried_out(vault):
    token = vault.seal("Dana Example")
    assert Revealer(vault, lambda: {token: ORDER}).text(token) == "Dana Example"


def test_the_log_is_asked_only_for_what_the_vault_has_not(vault):
    token = vault.seal("Dana Example")
    assert Revealer(vault, lambda: pytest.fail("asked")).text(token) == "Dana Example"


def test_every_text_of_a_tree_is_shown_and_keys_and_numbers_stay(vault):
    token = vault.seal("Dana")
    tree = {"name": token, token: 1, "list": [token, 2, None, True, {"deep": f"<{token}>"}], "pair": (token, 1.5)}
    assert Revealer(vault, dict).tree(tree) == {"name": "Dana", token: 1, "list": ["Dana", 2, None, True, {"deep": "<Dana>"}], "pair": ("Dana", 1.5)}
    assert tree["name"] == token, "what was signed is not touched"


def test_a_name_is_looked_up_once(vault, monkeypatch):
    token = vault.seal("Dana")
    revealer = Revealer(vault, dict)
    assert revealer.text(token) == "Dana"
    vault.erase([token])
    assert revealer.text(token) == "Dana"


def test_concealing_leaves_a_short_pseudonym(vault):
    token = vault.seal("Dana")
    assert conceal([{"by": f"{token}!"}]) == [{"by": f"[sealed {token[11:19]}]!"}]


def test_a_name_that_looks_like_a_commitment_is_not_looked_up_again(vault):
    inner = "commitment:" + "A" * 43
    token = vault.seal(f"{inner} ")
    assert Revealer(vault, dict).text(token) == f"{inner} "
