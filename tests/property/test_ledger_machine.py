"""The ledger against a model of thirty lines: append, crash, restore, rotate the log's key, attach, turn the clock."""

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fakes.keyring import NOON, signer
from fakes.ledger import ORIGIN, REGISTRY, MemoryLedger, founding, note, policy
from lotmark.base.clock import SteppingClock, format_instant
from lotmark.base.errors import IntegrityError, RefusedError
from lotmark.ledger import api
from lotmark.tlog import api as tlog
from servers.postgres import missing, run_postgres

pytestmark = pytest.mark.verifies("REQ-005", "REQ-006", "REQ-070", "REQ-071", "RC-004")

TEXTS = st.sampled_from("abcdef")
SLOTS = st.sampled_from(["", "", "s1", "s2", "s3"])
SCOPES = st.sampled_from(["run:qpcr:RUN-0001", "run:qpcr:RUN-0002"])


class Model:
    """What a ledger is: places in order, each taken once."""

    def __init__(self):
        self.entries = []  # (scope, text, time of receipt)
        self.slots = {}
        self.attached = set()
        self.receipts = {}
        self.latest = ""

    def place(self, scope, text, slot, now):
        """The index that the submission gets, or None if its slot belongs to another scope."""
        if slot in self.slots:
            index = self.slots[slot]
            return index if self.entries[index][0] == scope else None
        for index, (its_scope, its_text, _) in enumerate(self.entries):
            if (its_scope, its_text) == (scope, text):
                return index
        self.latest = max(self.latest, now)
        self.entries.append((scope, text, self.latest))
        if slot:
            self.slots[slot] = len(self.entries) - 1
        return len(self.entries) - 1

    def copy(self):
        twin = Model()
        twin.__dict__ = {name: value.copy() if hasattr(value, "copy") else value for name, value in self.__dict__.items()}
        return twin


class Machine(RuleBasedStateMachine):
    """The SQLite ledger; other stores say how they are made and opened."""

    keep = True
    """Whether the ledger can be closed and opened again."""

    @initialize()
    def begin(self):
        self.folder = Path(tempfile.mkdtemp(prefix="lotmark-machine-"))
        self.clock = SteppingClock(NOON)
        self.model = Model()
        self.keys = ["log"]
        self.seen = []
        self.backup = None
        self.ledger = self.make()
        for number, receipt in enumerate(self.ledger.append(founding())):
            self.model.entries.append(("product:qpcr", f"key {number}", format_instant(NOON)))
            self.model.receipts[receipt.index] = receipt.to_json()
        self.model.latest = format_instant(NOON)

    def make(self):
        return api.create_ledger(self.folder / "ledger", ORIGIN, signer("log"), self.clock)

    def open(self, key, *beside):
        return api.open_ledger(self.folder / "ledger", signer(key), self.clock, beside=[signer(name) for name in beside], seen=self.seen)

    @rule(batch=st.lists(st.tuples(SCOPES, TEXTS, SLOTS), max_size=4))
    def append(self, batch):
        trial, now = self.model.copy(), format_instant(self.clock.now())
        expected = [trial.place(scope, text, slot, now) for scope, text, slot in batch]
        submissions = [note(text, scope=scope, slot=slot) for scope, text, slot in batch]
        if None in expected:
            with pytest.raises(RefusedError):
                self.ledger.append(submissions)
            return
        receipts = self.ledger.append(submissions)
        assert [receipt.index for receipt in receipts] == expected
        for receipt in receipts:
            told = receipt.to_json()
            assert trial.receipts.setdefault(receipt.index, told) == told
            api.verify_receipt(receipt, [policy(signer(name)).log_key for name in self.keys], origin=ORIGIN)
        for scope, text, slot in batch:
            self.check_found(scope, text, slot, trial)
        self.model = trial
        self.seen = [self.ledger.checkpoint()]

    def check_found(self, scope, text, slot, model):
        """A slot that was taken is found where the model has it, and so is the submission itself."""
        taken = self.ledger.find_slot(slot) if slot else None
        assert (None if taken is None else taken.index) == model.slots.get(slot)
        if taken is None:
            wanted = note(text, scope=scope).envelope.payload_digest
            assert wanted in {entry.header.payload for entry in self.ledger.entries(kind="note", scope=scope)}

    @rule(data=st.binary(min_size=1, max_size=3), name=TEXTS)
    def attach(self, data, name):
        size = self.ledger.size
        self.ledger.attach(size, "cosignature", name, data)
        self.model.attached.add((size, name, data))

    @rule(minutes=st.integers(-300, 300))
    def turn_the_clock(self, minutes):
        self.clock.advance(timedelta(minutes=minutes))

    @precondition(lambda self: self.keep)
    @rule()
    def crash(self):
        self.ledger.close()
        self.ledger = self.open(self.keys[-1])

    @precondition(lambda self: self.keep and len(self.keys) < 3)
    @rule()
    def rotate(self):
        old, new = self.keys[-1], f"log {len(self.keys)}"
        self.ledger.close()
        self.keys.append(new)
        self.ledger = self.open(new, old)  # the overlap: both sign
        self.append([("run:qpcr:RUN-0001", f"rotated to {new}", "")])
        self.ledger.close()
        self.ledger = self.open(new)

    @precondition(lambda self: self.keep and isinstance(self, Machine) and type(self) is Machine)
    @rule()
    def back_up(self):
        self.ledger.close()
        self.backup = self.folder / "backup"
        shutil.rmtree(self.backup, ignore_errors=True)
        shutil.copytree(self.folder / "ledger", self.backup)
        self.backed = len(self.model.entries)
        self.ledger = self.open(self.keys[-1])

    @precondition(lambda self: self.keep and getattr(self, "backup", None) is not None and self.backed < len(self.model.entries))
    @rule()
    def restore_yesterday(self):
        with pytest.raises(IntegrityError) as caught:
            api.open_ledger(self.backup, seen=self.seen)
        assert caught.value.code == "LM-LED-115"

    @invariant()
    def the_log_is_the_model(self):
        if not hasattr(self, "ledger"):
            return
        assert [(entry.header.scope, entry.header.received_at) for entry in self.ledger.entries()] == [(scope, at) for scope, _, at in self.model.entries]
        root = tlog.tree_root(entry.leaf_hash for entry in self.ledger.entries())
        assert tlog.parse_checkpoint(tlog.parse_note(self.ledger.checkpoint()).text).root == root
        sizes = {size for size, _, _ in self.model.attached}
        kept = {(one.size, one.name, one.data) for size in sizes for one in self.ledger.attachments(size) if one.kind == "cosignature"}
        assert kept == self.model.attached

    def teardown(self):
        if hasattr(self, "ledger"):
            if self.keep and len(self.keys) == 1:
                found = [finding.code for finding in api.fsck(self.ledger, policy(), REGISTRY, seen=self.seen).findings]
                assert set(found) <= {"LM-LED-121"}
            self.ledger.close()
            shutil.rmtree(self.folder)


class MemoryMachine(Machine):
    keep = False

    def make(self):
        return MemoryLedger(clock_=self.clock)


class PostgresMachine(Machine):
    server = None

    def make(self):
        self.url = self.server.database()
        return api.create_ledger(self.url, ORIGIN, signer("log"), self.clock, blobs=api.folder_blobs(self.folder))

    def open(self, key, *beside):
        return api.open_ledger(self.url, signer(key), self.clock, beside=[signer(name) for name in beside], seen=self.seen, blobs=api.folder_blobs(self.folder))


def play(machine, examples, steps):
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        machine, settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck))
    )


def test_sqlite_is_the_model():
    play(Machine, 15, 20)


def test_the_fake_is_the_model():
    play(MemoryMachine, 25, 20)


@pytest.mark.slow
def test_postgresql_is_the_model():
    if missing():
        pytest.skip(missing())
    with run_postgres() as server:
        PostgresMachine.server = server
        play(PostgresMachine, 5, 12)
