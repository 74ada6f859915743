"""Workspace: one product with its state folder, opened when first needed."""

import getpass
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from lotmark.attest.api import parse_trust_policy
from lotmark.attest.models import Registry, Trust, TrustPolicy
from lotmark.attest.ports import Signer
from lotmark.base.clock import Clock, SystemClock, format_instant
from lotmark.base.errors import EnvironmentLacksError
from lotmark.bootstrap._machine_keys import KEYS, coming_signers, machine_signers, second_signer
from lotmark.bootstrap._places import BLOBS, ledger_place, read_place
from lotmark.bootstrap._registry import registry
from lotmark.bootstrap._seen import remember_checkpoint, seen_checkpoints
from lotmark.bootstrap._witnessing import Witnesses
from lotmark.index.api import VerifiedReader
from lotmark.integrations.api import blob_opener
from lotmark.ledger.api import WAIT, StoredLedger, WitnessMemory, open_ledger, verify_by_log_keys
from lotmark.ledger.ports import BlobOpener, Ledger
from lotmark.product.api import find_root, load_product
from lotmark.product.models import Product
from lotmark.records.api import VAULT, Revealer, Vault
from lotmark.tlog.models import Checkpoint

if TYPE_CHECKING:
    from lotmark.pipeline.api import Settings

STATE = ".lotmark"
TRUST = "trust.json"
EPOCHS = "epochs"
ENGINE = "engine.db"
_FREE = 1.0
"""Seconds for a sequencer of a moment, as `lotmark run` is one, to get out of the way."""
_ANSWER = 30.0
"""Seconds for the sequencer elsewhere to answer."""


@dataclass
class Workspace:
    """A product's work tree, its configuration and its state folder. Not thread-safe, but for `writer`."""

    root: Path
    config: Path | None
    state: Path
    clock: Clock = field(default_factory=SystemClock)
    _writing: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @cached_property
    def product(self) -> Product:
        """The product's declaration.

        Raises:
            UsageError: if lotmark.yaml is missing or wrong.
        """
        return load_product(self.root, self.config)

    @cached_property
    def registry(self) -> Registry:
        return registry()

    @cached_property
    def trust_policy(self) -> TrustPolicy:
        """What this installation trusts of its own log.

        Raises:
            EnvironmentLacksError: LM-CLI-010 if there is no ledger here yet.
        """
        path = self.state / TRUST
        if not path.is_file():
            raise EnvironmentLacksError(
                "LM-CLI-010",
                f"there is no ledger in {self.state}",
                where=str(self.state),
                solution="`lotmark init --as ADMINISTRATOR` opens one with its keys; `lotmark demo` shows one with everything in it",
            )
        return parse_trust_policy(path.read_bytes())

    def retrust(self, policy: TrustPolicy) -> None:
        """Go on with the trust policy that ``trust.json`` holds now."""
        self.__dict__["trust_policy"] = policy
        self.__dict__.pop("reader", None)

    @cached_property
    def place(self) -> Path | str:
        """Where the ledger lies: a folder, or the URL of its database.

        Raises:
            UsageError: LM-LED-019, LM-CLI-030, LM-CLI-031.
        """
        return ledger_place(self.state)

    @cached_property
    def blobs(self) -> BlobOpener:
        """Opens the ledger's blob store: the one that the settings name, or the folder in the state.

        Raises:
            UsageError, EnvironmentLacksError: as `blob_opener`.
        """
        return blob_opener(read_place(self.state, BLOBS), self.state, self.clock)

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger for reading; takes no lock."""
        _ = self.trust_policy
        return open_ledger(self.place, blobs=self.blobs)

    @cached_property
    def reader(self) -> VerifiedReader:
        """Only verified evidence."""
        return VerifiedReader(self.ledger, self.trust_policy, self.registry)

    def verify_checkpoint(self, note: bytes) -> Checkpoint:
        """The checkpoint in a signed note, signed by a key that counts for a log of its size.

        Raises:
            IntegrityError: LM-LED-111.
        """
        return verify_by_log_keys(note, self.trust_policy, self.reader.trust())

    @property
    def is_earlier_epoch(self) -> bool:
        """Whether another log went on after this one, which lies below it to be read and is never signed again."""
        return self.state.parent.name == EPOCHS

    @cached_property
    def vault(self) -> Vault:
        """The clear names behind the commitments in the records; made when a first name is sealed."""
        own = self.state / VAULT
        # An earlier epoch lies below the state that goes on, and shares its vault: a name is erased in both.
        return Vault(own if own.exists() or not self.is_earlier_epoch else self.state.parent.parent / VAULT)

    @cached_property
    def revealer(self) -> Revealer:
        """Shows clear names, or why there is none any more."""
        return Revealer(self.vault, lambda: self.reader.records().erased)

    def submitter(self) -> str:
        """Who runs this process, as headers name him."""
        return self.vault.seal(operator_name())

    @property
    def witness_memory(self) -> WitnessMemory:
        """What witnesses cosigned of this ledger; it must continue that to be written to."""
        return WitnessMemory(self.state / "witnessed")

    @property
    def witnesses(self) -> Witnesses:
        """Those that the trust policy names."""
        return Witnesses(self.trust_policy, lambda: self.ledger, self.verify_checkpoint, self.writer, self.witness_memory, self.state, self.clock)

    @contextmanager
    def writer(self, *, coming_keys: bool = False, wait: float = WAIT) -> Iterator[Ledger]:
        """The ledger for appending; its lock is held only inside. What the audit spool holds is taken in first.

        Checkpoints are signed by each log key that counts; with `coming_keys` also by those that were never enrolled, for
        the very entry that lets one follow another. In PostgreSQL this process is the sequencer if it has the log's key
        and nobody else is; otherwise it submits to who is.
        """
        from lotmark.bootstrap._spool import take_in  # reading never needs it

        with self._writing, self._open_writer(coming_keys=coming_keys, wait=wait) as ledger:
            take_in(
                self.state, ledger, signer=self.pipeline_signer, registry=lambda: self.registry, submitter=self.submitter, now=format_instant(self.clock.now())
            )
            yield ledger
            remember_checkpoint(self.trust_policy, ledger.checkpoint())

    @contextmanager
    def attaching(self) -> Iterator[Ledger]:
        """The ledger for keeping what others say of its checkpoints; it takes no lock and needs no key."""
        with open_ledger(self.place, attaching=True, blobs=self.blobs) as ledger:
            yield ledger

    def _trust_now(self) -> tuple[Trust, int]:
        return self.reader.trust(), self.ledger.size

    def known_checkpoints(self) -> tuple[bytes, ...]:
        """The checkpoints that the ledger must continue to be written to: what witnesses cosigned, and what this user has seen."""
        return (*self.witness_memory.notes(), *seen_checkpoints(self.trust_policy))

    def _open_writer(self, *, coming_keys: bool, wait: float) -> Ledger:
        if isinstance(self.place, Path):
            return self.open_sequencer(coming_keys=coming_keys, wait=wait)
        if any((self.state / KEYS).glob("log*.key")):
            try:
                return self.open_sequencer(wait=_FREE, coming_keys=coming_keys)
            except EnvironmentLacksError as error:
                if error.code != "LM-LED-003":
                    raise
        return open_ledger(self.place, submitting=True, wait=_ANSWER, seen=self.known_checkpoints(), blobs=self.blobs)

    def open_sequencer(self, *, wait: float = 10.0, coming_keys: bool = False, check_second: bool = True) -> StoredLedger:
        """The ledger for appending with the log keys that lie here, the second one too unless `check_second` is off.

        Raises:
            EnvironmentLacksError: LM-LED-003 if another process is the sequencer, LM-CLI-023 if no key here counts, LM-CLI-032 if the second key is missing.
        """
        log_key, *beside = (coming_signers if coming_keys else machine_signers)(self.state, "log", self._trust_now)
        second = second_signer(self.state, self.trust_policy) if check_second else None
        return open_ledger(
            self.place, log_key, self.clock, beside=[*beside, *([second] if second else [])], wait=wait, seen=self.known_checkpoints(), blobs=self.blobs
        )

    def pipeline_signer(self) -> Signer:
        """The pipeline's key, loaded anew each time."""
        return machine_signers(self.state, "pipeline", self._trust_now)[0]

    def settings(self) -> "Settings":
        """The pipeline's ports."""
        from lotmark.pipeline.api import Settings, open_embedded_engine

        return Settings(
            product=self.product,
            state=self.state,
            clock=self.clock,
            registry=self.registry,
            trust_policy=self.trust_policy,
            reader=self.reader,
            open_writer=self.writer,
            pipeline_signer=self.pipeline_signer,
            open_engine=lambda: open_embedded_engine(self.state / ENGINE),
            operator=operator_name(),
            ask_witnesses=self.witnesses.ask_before_decision,
            seal=self.vault.seal,
        )

    def close(self) -> None:
        """Let go of the ledger, if it was opened."""
        if "ledger" in self.__dict__:
            self.ledger.close()


def open_workspace(product: Path, config: Path | None, state: Path | None) -> Workspace:
    """The workspace of the product whose work tree holds `product`.

    Raises:
        UsageError: LM-PRD-002 if that is no git work tree.
    """
    root = find_root(product)
    return Workspace(root, config, (state or root / STATE).resolve())


def operator_name() -> str:
    """Who runs this process, as a claim in records: user and machine."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"uid-{os.getuid()}"
    return f"{user}@{socket.gethostname()}"
