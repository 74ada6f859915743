"""What the command line says where people go wrong most easily."""

import pytest

from fakes.tiny_product import TinyProduct, call

pytestmark = pytest.mark.verifies("REQ-025", "RC-009")


@pytest.mark.parametrize("option", ["--quiet", "--format", "--state", "-C"])
def test_an_option_of_lotmark_behind_the_command_is_told_its_place(option):
    called = call("doctor", option)
    assert called.code == 2
    assert f"It stands before the command: `lotmark {option} ...`." in called.err


def test_an_option_that_nobody_has_gets_no_such_hint():
    called = call("doctor", "--loud")
    assert (called.code, "before the command" in called.err) == (2, False)


def test_search_for_a_kind_that_does_not_exist_is_refused_with_the_kinds(tiny: TinyProduct):
    called = tiny.cli("log", "search", "--kind", "aproval")
    assert (called.code, called.out) == (2, "")
    assert "LM-ATT-010" in called.err
    assert "approval" in called.err


def test_search_that_finds_nothing_says_so(tiny: TinyProduct):
    called = tiny.cli("log", "search", "--kind", "approval")
    assert (called.code, called.out) == (0, "no such entry\n")
    assert tiny.cli("--format", "json", "log", "search", "--kind", "approval").wire["entries"] == []


def test_gate_names_the_run_that_is_not_there(tiny: TinyProduct):
    called = tiny.cli("gate", "--run", "RUN-0099")
    assert called.code == 5
    assert "there is no run RUN-0099" in called.err


def test_init_speaks_of_opening_a_ledger_only_while_there_is_none(tiny: TinyProduct, tmp_path):
    assert "Next:" not in tiny.cli("init").err
    assert "Next:" in tiny.cli("--state", str(tmp_path / "elsewhere"), "init").err


def test_without_a_ledger_the_command_that_opens_one_is_named(tiny: TinyProduct, tmp_path):
    called = tiny.cli("--state", str(tmp_path / "elsewhere"), "run")
    assert called.code == 4
    assert "`lotmark init --as ADMINISTRATOR`" in called.err
