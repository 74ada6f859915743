"""`lotmark backup` and `lotmark restore`: what is told of a copy, what was proven of it, and what was not."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fakes.cli_desk import Desk
from lotmark.base.errors import EnvironmentLacksError, IntegrityError
from lotmark.cli import restore as restore_module

pytestmark = pytest.mark.verifies("REQ-025", "RC-009")

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


# ---- backup


def copied(*, with_keys: bool = False) -> Any:
    files = tuple(SimpleNamespace(size=size) for size in (1000, 234))
    manifest = SimpleNamespace(files=files, origin="example.org/qpcr", size=30, root="ab" * 32, with_keys=with_keys)
    return SimpleNamespace(folder=Path("/copy"), manifest=manifest, digest=SimpleNamespace(hex="cc" * 32))


@pytest.mark.parametrize(
    ("words", "notes"),
    [
        ((), ["Prove it: `lotmark restore /copy --prove`"]),
        (("--with-keys",), ["The copy holds the machine's private keys: keep it as you keep them.", "Prove it: `lotmark restore /copy --prove`"]),
    ],
    ids=["without-keys", "with-keys"],
)
def test_a_copy_is_told_by_its_size_and_how_to_prove_it(desk: Desk, words: tuple[str, ...], notes: list[str]):
    desk.answers("back_up", copied(with_keys=bool(words)))
    called = desk("backup", "/copy", *words)
    assert (called.code, called.out) == (0, f"30 entries, 2 files, 1,234 bytes in /copy\nmanifest sha256 {'cc' * 32}\n")
    assert called.err.splitlines() == notes
    assert desk.asked == [("back_up", (Path("/copy"),), {"with_keys": bool(words)})]


def test_the_json_of_a_copy(desk: Desk):
    desk.answers("back_up", copied(with_keys=True))
    assert desk("backup", "/copy", "--with-keys", form="json").wire == {
        "schema": "https://lotmark.dev/output/backup/v1",
        "folder": "/copy",
        "manifestSha256": "cc" * 32,
        "origin": "example.org/qpcr",
        "size": 30,
        "root": "ab" * 32,
        "files": 2,
        "bytes": 1234,
        "withKeys": True,
    }


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (OSError(28, "No space left on device", "/copy"), 4, "error[LM-CLI-002]: No space left on device"),
        (PermissionError(13, "Permission denied", "/copy"), 4, "error[LM-CLI-002]: Permission denied"),
        (EnvironmentLacksError("LM-REC-020", "there is something already"), 4, "error[LM-REC-020]: there is something already"),
        (IntegrityError("LM-LED-104", "a byte changed"), 6, "error[LM-LED-104]: a byte changed"),
        (ZeroDivisionError("oops"), 3, "ZeroDivisionError: oops"),
    ],
    ids=["full", "permission", "exists", "broken", "bug"],
)
def test_a_copy_that_cannot_be_made_is_never_told_as_made(desk: Desk, error: Exception, code: int, told: str):
    desk.answers("back_up", error)
    called = desk("backup", "/copy")
    assert (called.code, called.out) == (code, "")
    assert told in called.err


# ---- restore


def restored(place: str | None = "/state", *, signed: bool = True, epoch: str | None = None, **fields: Any) -> Any:
    told = {
        "product": "qpcr",
        "verdict": "sound",
        "entries": 30,
        "blobs": 4,
        "expired": 0,
        "root": "ab" * 32,
        "seen": 1,
        "newestSeen": 30,
        "findings": [],
        **fields,
    }
    return SimpleNamespace(
        evidence=SimpleNamespace(predicate=told),
        place=Path(place) if place else None,
        signed_report=Path("/report.json") if signed else None,
        epoch=SimpleNamespace(origin=epoch) if epoch else None,
    )


@pytest.fixture
def copy(tmp_path: Path) -> str:
    (tmp_path / "copy").mkdir()
    return str(tmp_path / "copy")


@pytest.mark.parametrize(
    ("made", "lines"),
    [
        (
            restored(),
            [f"sound: 30 entries, 4 blobs, root {'ab' * 8}, compared with 1 checkpoints seen", "signed report: /report.json", "in place: /state"],
        ),
        (
            restored(expired=3, seen=0),
            [
                f"sound: 30 entries, 4 blobs, 3 expired, root {'ab' * 8}, compared with 0 checkpoints seen",
                "No checkpoint was kept elsewhere: nothing shows whether a newer state existed.",
                "signed report: /report.json",
                "in place: /state",
            ],
        ),
        (
            restored(None, signed=False),
            [
                f"sound: 30 entries, 4 blobs, root {'ab' * 8}, compared with 1 checkpoints seen",
                "the report is not signed: the pipeline's key was not at hand (--keys)",
                "a rehearsal: nothing was put into place",
            ],
        ),
        (
            restored(verdict="behind", epoch="example.org/qpcr/2"),
            [
                f"behind: 30 entries, 4 blobs, root {'ab' * 8}, compared with 1 checkpoints seen",
                "a new log goes on: example.org/qpcr/2; the restored one is kept for reading in /state/epochs",
                "signed report: /report.json",
                "in place: /state",
            ],
        ),
    ],
    ids=["sound", "expired-and-unseen", "rehearsal-unsigned", "new-epoch"],
)
def test_what_was_proven_is_said_and_what_was_not(desk: Desk, copy: str, made: Any, lines: list[str]):
    desk.answers("restore", made)
    assert desk("restore", copy).out.splitlines() == lines


def test_the_json_of_a_restore(desk: Desk, copy: str):
    desk.answers("restore", restored(None, signed=False))
    assert desk("restore", copy, "--prove", form="json").wire == {
        "schema": "https://lotmark.dev/output/restore/v1",
        "product": "qpcr",
        "verdict": "sound",
        "entries": 30,
        "blobs": 4,
        "expired": 0,
        "root": "ab" * 32,
        "seen": 1,
        "newestSeen": 30,
        "findings": [],
        "place": None,
        "signedReport": None,
        "epoch": None,
    }


@pytest.mark.parametrize(
    ("words", "place"),
    [((), Path("/state")), (("--to", "/elsewhere"), Path("/elsewhere")), (("--prove",), None)],
    ids=["state", "elsewhere", "rehearsal"],
)
def test_where_it_goes(desk: Desk, copy: str, words: tuple[str, ...], place: Path | None):
    desk.answers("restore", restored())
    desk("restore", copy, *words)
    assert desk.asked[-1][1] == (Path(copy), place)


def test_what_was_seen_and_who_is_trusted_reach_the_proof(desk: Desk, copy: str, tmp_path: Path):
    desk.answers("restore", restored())
    for name in ("a.txt", "b.txt", "trust.json"):
        (tmp_path / name).write_bytes(name.encode())
    desk("restore", copy, "--seen", str(tmp_path / "a.txt"), "--seen", str(tmp_path / "b.txt"), "--trust", str(tmp_path / "trust.json"), "--keys", copy)
    named = desk.asked[-1][2]
    assert (named["seen"], named["trust"], named["keys"], named["new_epoch"]) == ([b"a.txt", b"b.txt"], tmp_path / "trust.json", Path(copy), None)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--new-epoch",), "--new-epoch needs --as ADMINISTRATOR"),
        (("--prove", "--to", "/x"), "--prove puts nothing into place"),
        (("--prove", "--new-epoch", "--as", "ada"), "--prove puts nothing into place"),
    ],
    ids=["nobody", "prove-to", "prove-epoch"],
)
def test_a_restore_that_contradicts_itself_does_nothing(desk: Desk, copy: str, words: tuple[str, ...], told: str):
    called = desk("restore", copy, *words)
    assert (called.code, desk.asked) == (2, [])
    assert called.err.startswith(f"error[LM-CLI-003]: {told}\n")


@pytest.mark.parametrize(("words", "reason"), [((), "the newest entries were lost"), (("--reason", "the disk died"), "the disk died")])
def test_a_new_epoch_is_opened_by_an_administrator_with_a_reason(desk: Desk, copy: str, words: tuple[str, ...], reason: str):
    desk.keys(restore_module)
    desk.answers("restore", restored(epoch="example.org/qpcr/2"))
    called = desk("restore", copy, "--new-epoch", "--as", "ada", "--key", "ada.key", *words)
    assert called.code == 0, called.err
    assert desk.asked[0] == ("key", ("ada", "ada.key"), {})
    opener = desk.asked[-1][2]["new_epoch"]
    assert (opener.administrator, opener.reason) == ("ada", reason)


@pytest.mark.parametrize("folder", ["/nowhere", "-"])
def test_a_folder_that_is_not_there_is_refused(desk: Desk, folder: str):
    assert (desk("restore", folder).code, desk.asked) == (2, [])
