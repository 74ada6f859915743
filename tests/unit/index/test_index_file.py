"""Up to the signed checkpoint and never further; a shadow that can be dropped; nothing half done."""

import sqlite3
import threading
from pathlib import Path

import pytest

from fakes.index_world import BARE, MYSTERY, REGISTRY, WRITERS, IndexWorld
from fakes.keyring import signer
from fakes.ledger import MemoryLedger, policy
from lotmark.attest.models import Envelope
from lotmark.base.errors import EnvironmentLacksError, IntegrityError
from lotmark.index import _index
from lotmark.index.api import FILE, Index
from lotmark.ledger.models import Entry

pytestmark = pytest.mark.verifies("REQ-023")


def words(index: Index) -> list[str]:
    return [row["words"] for row in index.rows("SELECT words FROM entries ORDER BY idx")]


class TestRefresh:
    def test_projects_what_is_new_and_stands_on_the_signed_root(self, released: IndexWorld, tmp_path: Path):
        with released.index(tmp_path) as index:
            done = index.refresh()
            assert (done.start, done.size) == (0, released.ledger.size)
            assert index.checkpoint().root == done.root
            assert index.head.size == released.ledger.size
            assert len(words(index)) == released.ledger.size

    def test_when_nothing_is_new_no_entry_is_read_and_no_registry_loaded(self, released: IndexWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        with released.index(tmp_path) as index:
            index.refresh()

        def forbidden(*_: object, **__: object) -> None:
            raise AssertionError("not needed")

        monkeypatch.setattr(released.ledger, "entries", forbidden)
        monkeypatch.setattr(released.ledger, "envelope", forbidden)
        with Index(tmp_path / FILE, lambda: released.ledger, policy(), forbidden, program="test 1") as index:  # type: ignore[arg-type]
            done = index.refresh()
        assert done.start == done.size == released.ledger.size

    def test_only_new_entries_are_verified(self, released: IndexWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        with released.index(tmp_path) as index:
            before = index.refresh().size
            released.release(2, "1.5.0")
            seen: list[int] = []
            real = released.ledger.envelope

            def watched(entry: Entry | int) -> Envelope:
                seen.append(entry if isinstance(entry, int) else entry.index)
                return real(entry)

            monkeypatch.setattr(released.ledger, "envelope", watched)
            done = index.refresh()
        key_events = {entry.index for entry in released.ledger.entries(kind="key-event")}
        assert (done.start, done.size) == (before, released.ledger.size)
        assert set(seen) - key_events == set(range(before, done.size))

    def test_one_by_one_gives_the_rows_of_all_at_once(self, tmp_path: Path):
        world = IndexWorld().found()
        (tmp_path / "a").mkdir()
        (tmp_path / "b").mkdir()
        with world.index(tmp_path / "a") as index:
            index.refresh()
            steps = [
                world.waive,
                world.delegate,
                world.release,
                world.close_waiver,
                lambda: world.release(2, "1.5.0"),
                lambda: world.key("revoke", "rene", "person"),
            ]
            for step in steps:
                step()
                index.refresh()
            one_by_one = index.dump()
            index.rebuild()
            assert index.dump() == one_by_one
        with world.index(tmp_path / "b") as other:
            other.refresh()
            assert other.dump() == one_by_one

    def test_long_logs_go_in_batches_that_end_where_the_log_signed(self, released: IndexWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(_index, "BATCH", 5)
        (tmp_path / "whole").mkdir()
        with released.index(tmp_path) as index:
            assert index.refresh().size == released.ledger.size
            batched = index.dump()
        monkeypatch.undo()
        with released.index(tmp_path / "whole") as index:
            index.refresh()
            assert index.dump() == batched

    def test_an_empty_ledger_has_an_empty_index(self, tmp_path: Path):
        with IndexWorld().index(tmp_path) as index:
            assert index.refresh().size == 0
            assert index.rows("SELECT * FROM entries") == []

    def test_what_cannot_be_verified_stops_it_and_nothing_of_the_batch_stays(self, released: IndexWorld, tmp_path: Path):
        with released.index(tmp_path) as index:
            before = index.refresh()
            released.release(
                2,
                "1.5.0",
            )
            run = released.run(3, "1.6.0")
            run.sign("quinn", "quality-owner", "approval", by="mallory")
            with pytest.raises(IntegrityError) as caught:
                index.refresh()
            assert caught.value.code.startswith("LM-ATT-")
            assert index.head.size == before.size
            assert len(words(index)) == before.size


class TestUnknownKinds:
    def test_stand_in_entries_alone_and_are_not_verified(self, world: IndexWorld, tmp_path: Path):
        position = world.add(MYSTERY.name, {"run": "qpcr:RUN-0001"})
        with world.index(tmp_path) as index:
            index.refresh()
            row = index.first("SELECT * FROM entries WHERE idx = ?", position)
            assert row is not None
            assert row["verified"] == 0
            assert row["signer"] is None
            assert row["run"] == "qpcr:RUN-0001"
            assert "mystery" in row["words"]
            assert index.rows("SELECT * FROM subjects WHERE idx = ?", position) == []

    def test_a_known_kind_without_a_projector_has_its_words(self, world: IndexWorld, tmp_path: Path):
        position = world.add("vulns", {"scanner": {}}, scope="run:qpcr:RUN-0001")
        with world.index(tmp_path) as index:
            index.refresh()
            row = index.first("SELECT verified, words, run FROM entries WHERE idx = ?", position)
        assert row == {"verified": 1, "words": REGISTRY.kind("vulns").title, "run": "qpcr:RUN-0001"}

    def test_a_program_that_knows_the_kind_computes_the_index_anew(self, world: IndexWorld, tmp_path: Path):
        position = world.add(MYSTERY.name, {})
        with world.index(tmp_path) as index:
            index.refresh()
        with world.index(tmp_path, program="test 2", registry=WRITERS) as index:
            assert index.refresh().start == 0
            assert index.first("SELECT verified FROM entries WHERE idx = ?", position) == {"verified": 1}


class TestUnfitEvidence:
    @pytest.mark.parametrize(
        ("kind", "spoil", "told"),
        [
            ("run-opened", lambda told: told.pop("operator"), "it lacks 'operator'"),
            ("run-opened", lambda told: told.update(product="qpcr"), "string indices"),
            ("stage-result", lambda told: told.update(attempt="first"), "'>' not supported"),
            ("stage-result", lambda told: told.update(summary=["a"]), ""),
            ("change-summary", lambda told: told.update(dependenciesChanged="many"), "invalid literal"),
            ("release-candidate", lambda told: told["artifact"].update(size="big"), ""),
        ],
    )
    def test_is_an_error_that_names_the_entry(self, world: IndexWorld, tmp_path: Path, kind: str, spoil, told: str):
        world.change = lambda name, predicate: spoil(predicate) if name == kind else None
        world.writers = BARE
        world.run().work()
        at = next(entry.index for entry in world.ledger.entries(kind=kind))
        with world.index(tmp_path, registry=BARE) as index, pytest.raises(IntegrityError) as caught:
            index.refresh()
        assert caught.value.code == "LM-IDX-001"
        assert caught.value.where == f"entry {at}"
        assert f"entry {at} ({kind})" in caught.value.reason
        assert told in caught.value.reason

    def test_rows_before_it_are_not_kept_either(self, world: IndexWorld, tmp_path: Path):
        world.change = lambda name, predicate: predicate.pop("operator") if name == "run-opened" else None
        world.writers = BARE
        world.run()
        with world.index(tmp_path, registry=BARE) as index:
            for _ in range(2):
                with pytest.raises(IntegrityError, match="run-opened"):
                    index.refresh()
            with pytest.raises(IntegrityError, match="never computed"):
                _ = index.head


class TestAnotherLedger:
    def test_a_shorter_one_is_refused(self, released: IndexWorld, tmp_path: Path):
        with released.index(tmp_path) as index:
            index.refresh()
        shorter = IndexWorld().found()
        with shorter.index(tmp_path) as index, pytest.raises(IntegrityError, match="entries were indexed, the ledger has") as caught:
            index.refresh()
        assert caught.value.code == "LM-IDX-002"

    @pytest.mark.parametrize("longer", [False, True])
    def test_another_history_is_refused(self, tmp_path: Path, *, longer: bool):
        first, second = IndexWorld().found(), IndexWorld().found()
        first.waive(expires="2026-12-30")
        second.waive(expires="2026-12-31")
        if longer:
            second.delegate()
        with first.index(tmp_path) as index:
            index.refresh()
            before = index.dump()
        with second.index(tmp_path) as index:
            for _ in range(2):
                with pytest.raises(IntegrityError, match="the log signed") as caught:
                    index.refresh()
                assert caught.value.code == "LM-IDX-002"
            assert index.dump() == before

    @pytest.mark.parametrize("longer", [False, True])
    def test_even_if_the_program_changed_in_between(self, tmp_path: Path, *, longer: bool):
        first, second = IndexWorld().found(), IndexWorld().found()
        first.waive(expires="2026-12-30")
        second.waive(expires="2026-12-31")
        if longer:
            second.delegate()
        with first.index(tmp_path) as index:
            index.refresh()
        with second.index(tmp_path, program="test 2") as index, pytest.raises(IntegrityError, match=r"the first \d+ entries had the root"):
            index.refresh()

    def test_a_log_of_another_name_is_refused(self, released: IndexWorld, tmp_path: Path):
        with released.index(tmp_path) as index:
            index.refresh()
        other = IndexWorld()
        other.ledger = MemoryLedger("example.org/other")
        with (
            other.index(tmp_path, policy=policy(origin="example.org/other")) as index,
            pytest.raises(IntegrityError, match=r"is of the log example\.org/lotmark/test"),
        ):
            index.refresh()

    def test_a_checkpoint_of_a_key_that_is_not_trusted_is_refused(self, released: IndexWorld, tmp_path: Path):
        with released.index(tmp_path, policy=policy(signer("somebody"))) as index, pytest.raises(IntegrityError) as caught:
            index.refresh()
        assert caught.value.code == "LM-LED-111"

    def test_entries_that_are_not_those_of_the_checkpoint_are_refused(self, released: IndexWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        real = released.ledger.entries
        monkeypatch.setattr(released.ledger, "entries", lambda start=0, end=None, **only: real(start, end if only else (end or 0) - 1, **only))
        with released.index(tmp_path) as index, pytest.raises(IntegrityError) as caught:
            index.refresh()
        assert caught.value.code == "LM-IDX-002"

    def test_rebuilding_takes_the_ledger_as_it_is(self, released: IndexWorld, tmp_path: Path):
        with released.index(tmp_path) as index:
            index.refresh()
        other = IndexWorld().found()
        with other.index(tmp_path) as index:
            assert index.rebuild().size == other.ledger.size
            assert index.refresh().start == other.ledger.size


class TestFile:
    def test_other_roots_mean_another_index(self, released: IndexWorld, tmp_path: Path):
        with released.index(tmp_path) as index:
            index.refresh()
        trust = policy()
        other = type(trust)(trust.origin, trust.log_key, (signer("mallory").public_key,))
        with released.index(tmp_path, policy=other) as index, pytest.raises(IntegrityError):
            index.refresh()

    @pytest.mark.parametrize("garbage", [b"not a database" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
    def test_a_broken_file_is_computed_anew(self, released: IndexWorld, tmp_path: Path, garbage: bytes):
        (tmp_path / FILE).write_bytes(garbage)
        with released.index(tmp_path) as index:
            assert index.refresh().size == released.ledger.size
        assert (tmp_path / FILE).read_bytes()[:15] == b"SQLite format 3"

    def test_a_foreign_database_is_left_alone(self, released: IndexWorld, tmp_path: Path):
        foreign = sqlite3.connect(tmp_path / FILE)
        foreign.execute("CREATE TABLE precious (a)")
        foreign.commit()
        with released.index(tmp_path) as index, pytest.raises(EnvironmentLacksError, match="no index") as caught:
            index.refresh()
        assert caught.value.code == "LM-IDX-003"
        assert foreign.execute("SELECT count(*) FROM precious").fetchone() == (0,)
        foreign.close()

    def test_a_medium_that_cannot_be_written_gets_an_index_in_memory(self, released: IndexWorld, tmp_path: Path):
        with released.index(tmp_path / "nowhere") as index:
            assert index.refresh().size == released.ledger.size
            assert index.refresh().start == released.ledger.size
        assert not (tmp_path / "nowhere").exists()

    def test_so_does_a_file_that_may_only_be_read(self, released: IndexWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        with released.index(tmp_path) as index:
            index.refresh()
            before = (tmp_path / FILE).read_bytes()
        released.release(2, "1.5.0")
        real = sqlite3.connect

        def read_only(name: str, **options: object) -> sqlite3.Connection:
            return real(name if name == ":memory:" else f"file:{name}?mode=ro", uri=True, **options)  # type: ignore[call-overload, no-any-return]

        monkeypatch.setattr(_index.sqlite3, "connect", read_only)
        with released.index(tmp_path) as index:
            done = index.refresh()
            assert (done.start, done.size) == (0, released.ledger.size)
        assert (tmp_path / FILE).read_bytes() == before

    def test_a_folder_in_its_place_is_no_index(self, released: IndexWorld, tmp_path: Path):
        (tmp_path / FILE).mkdir()
        with released.index(tmp_path) as index:
            assert index.refresh().size == released.ledger.size

    def test_two_at_once_wait_for_one_another(self, released: IndexWorld, tmp_path: Path):
        errors: list[BaseException] = []
        done: list[int] = []
        start = threading.Barrier(4)

        def refresh() -> None:
            try:
                with released.index(tmp_path) as index:
                    start.wait()
                    done.append(index.refresh().size)
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=refresh) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert done == [released.ledger.size] * 4

    def test_a_lock_that_is_never_given_back_is_named(self, released: IndexWorld, tmp_path: Path):
        with released.index(tmp_path) as index:
            index.refresh()
        released.delegate()
        holder = sqlite3.connect(tmp_path / FILE, isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        try:
            with released.index(tmp_path, busy_seconds=0.05) as index, pytest.raises(EnvironmentLacksError, match="locked") as caught:
                index.refresh()
        finally:
            holder.close()
        assert caught.value.code == "LM-IDX-003"

    def test_a_writer_that_is_never_done_is_named_too(self, released: IndexWorld, tmp_path: Path):
        with released.index(tmp_path) as index:
            index.refresh()
        released.delegate()
        holder = sqlite3.connect(tmp_path / FILE, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        try:
            with released.index(tmp_path, busy_seconds=0.05) as index, pytest.raises(EnvironmentLacksError, match="locked"):
                index.refresh()
        finally:
            holder.close()

    def test_closing_again_is_no_error(self, released: IndexWorld, tmp_path: Path):
        index = released.index(tmp_path)
        index.refresh()
        index.close()
        index.close()

    def test_a_file_that_stays_broken_is_named(self, released: IndexWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        (tmp_path / FILE).write_bytes(b"not a database" * 100)
        monkeypatch.setattr(Path, "unlink", lambda *_: None)
        with released.index(tmp_path) as index, pytest.raises(EnvironmentLacksError, match="cannot be made"):
            index.refresh()
