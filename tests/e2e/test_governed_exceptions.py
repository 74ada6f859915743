"""Exceptions and reviews that are signed: what they do in a pull request, from the warning before the end to after it, and in a release."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fakes.bundles import unpack
from fakes.tiny_product import TinyProduct, call
from fakes.tiny_world import opened, own_configuration, tiny

pytestmark = pytest.mark.verifies("REQ-402", "RC-010")

__all__ = ["own_configuration", "tiny"]

NEED = "quality/requirements/UN-002.md"
_LATER = "---\nid: UN-002\ntype: user-need\ntitle: Greets in Danish\nstatus: approved\n---\nThe user needs a Danish greeting.\n"
_EXCEPTION = """\
roles: [quality-owner]
exceptions:
  - {id: EXC-001, rule: LM-TRC-031, items: [UN-002], reason: The next version brings it., owner: dana, expires: %s}
"""


def excepted(tiny: TinyProduct, days: int) -> None:
    """A need that nothing serves yet, and an exception that ends in so many days; committed."""
    ends = (datetime.now(UTC).date() + timedelta(days=days)).isoformat()
    tiny.write({NEED: _LATER, "quality/exceptions.yaml": _EXCEPTION % ends})
    tiny.commit("A need for later\n\nRefs: UN-002\nApproved-by: Quinn Example <quinn@example.org>")


@pytest.fixture
def plain(tmp_path: Path) -> TinyProduct:
    """The product, of which nothing is run here."""
    return opened().copy(tmp_path / "tiny")


def found(tiny: TinyProduct) -> tuple[int, dict[str, str]]:
    """The exit code of a check of the last commit, and the severity of what it says of the need and the exception."""
    called = tiny.cli("--format", "json", "check", "--changed-since", "HEAD~1")
    told = {finding["code"]: finding["severity"] for finding in called.wire["findings"] if finding.get("subject") in {"UN-002", "EXC-001"}}
    return called.code, told


@pytest.mark.parametrize(
    ("days", "author", "touches", "code", "told"),
    [
        pytest.param(60, "omar", "README.md", 0, {"LM-TRC-031": "info"}, id="long before the end nothing is asked"),
        pytest.param(29, "omar", "README.md", 0, {"LM-TRC-031": "info", "LM-CHK-011": "warning"}, id="thirty days before it is announced"),
        pytest.param(-1, "omar", "README.md", 0, {"LM-TRC-031": "warning", "LM-CHK-012": "warning"}, id="after the end a bystander is only warned"),
        pytest.param(-1, "dana", "README.md", 1, {"LM-TRC-031": "error", "LM-CHK-012": "error"}, id="after the end its owner's change fails"),
        pytest.param(-1, "omar", NEED, 1, {"LM-TRC-031": "error", "LM-CHK-012": "warning"}, id="and so does one that touches what was excepted"),
    ],
)
def test_an_exception_in_a_pull_request(plain: TinyProduct, days: int, author: str, touches: str, code: int, told: dict[str, str]) -> None:
    excepted(plain, days)
    plain.write({touches: (plain.root / touches).read_text() + "\nMore words.\n"})
    plain.commit("Say more\n\nRefs: UN-002", by=author)
    assert found(plain) == (code, told)


def test_without_the_exception_the_need_fails_everybody(plain: TinyProduct) -> None:
    plain.write({NEED: _LATER})
    plain.commit("A need for later\n\nRefs: UN-002", by="omar")
    assert found(plain) == (1, {"LM-TRC-031": "error"})


def test_a_release_under_a_signed_exception_and_signed_reviews(tiny: TinyProduct, tmp_path: Path) -> None:
    excepted(tiny, 20)
    own = tiny.cli("trace", "except", "EXC-001", *tiny.as_root("dana"), "--role", "quality-owner")
    assert own.code == 4
    assert "who owns an exception does not sign it" in own.err
    assert tiny.cli("trace", "except", "EXC-001", *tiny.as_root("quinn"), "--role", "quality-owner").code == 0
    assert tiny.cli("trace", "review").code == 8
    signed = tiny.cli("trace", "review", *tiny.as_root("quinn"), "--role", "quality-owner", "--reason", "read side by side")
    assert signed.code == 0, signed.err
    assert tiny.cli("trace", "review").code == 0
    tiny.commit("The reviews\n\nRefs: UN-002\nApproved-by: Quinn Example <quinn@example.org>")
    tiny.release()
    told = {finding["code"]: finding["severity"] for finding in tiny.predicates("trace-snapshot")[-1]["findings"]}
    assert (told["LM-TRC-031"], told["LM-CHK-011"]) == ("info", "warning")
    assert not [code for code, severity in told.items() if severity == "error"]
    path = tmp_path / "bundle.zip"
    assert tiny.cli("release", "bundle", "-o", str(path)).code == 0
    names = " ".join(unpack(path))
    assert "-trace-exception.json" in names
    assert "-link-review.json" in names
    assert call("verify", str(path), "--trust", str(tiny.folder / "trust.json")).code == 0
