"""Asking the witnesses that a trust policy names: for the command, and for the gate before a decision."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from lotmark.attest.api import witness_policy
from lotmark.attest.models import TrustPolicy
from lotmark.base.clock import Clock
from lotmark.base.errors import IntegrityError
from lotmark.ledger.api import WitnessMemory, ask_witnesses, cosigned_checkpoint, find_witnessed
from lotmark.ledger.models import Witnessed, WitnessReport
from lotmark.ledger.ports import CheckpointVerifier, Ledger

EVIDENCE = "evidence"
"""Folder in the state for what proves a rollback or a fork."""


@dataclass(frozen=True, slots=True)
class Witnesses:
    """The witnesses of one ledger, by the trust policy of its owner."""

    policy: TrustPolicy
    ledger: Callable[[], Ledger]
    verify: CheckpointVerifier
    open_writer: Callable[[], AbstractContextManager[Ledger]]
    memory: WitnessMemory
    state: Path
    clock: Clock

    @property
    def named(self) -> bool:
        """Whether the policy names any.

        Raises:
            UsageError: LM-ATT-050 or -090 if it does not hold.
        """
        return bool(witness_policy(self.policy).witnesses)

    def ask(self) -> WitnessReport:
        """Ask each of them to cosign the newest checkpoint."""
        from lotmark.integrations.api import HttpWitness  # few commands ask: the others start without a client for HTTP

        return ask_witnesses(
            self.ledger(),
            self.policy,
            {witness.name: HttpWitness(witness.url) for witness in witness_policy(self.policy).witnesses if witness.url},
            verify=self.verify,
            open_writer=self.open_writer,
            memory=self.memory,
            evidence=self.state / EVIDENCE,
            now=self.clock.now,
        )

    def ask_before_decision(self) -> WitnessReport | None:
        """As `ask`; where the newest checkpoint lacks the quorum, with the newest one that has it. None if none is named.

        Raises:
            IntegrityError: LM-LED-115 or -116 if a witness shows a rollback or fork.
        """
        if not self.named:
            return None
        report = self.ask()
        breach = report.breach
        if breach is not None:
            code = "LM-LED-115" if breach.outcome == "rollback" else "LM-LED-116"
            raise IntegrityError(code, breach.detail, where=breach.key_name, solution="decide nothing on this log: docs/how-to/run-a-witness.md")
        if report.witnessing.is_quorum:
            return report
        found = self.witnessed()
        if not found.size:
            return report
        return replace(report, note=cosigned_checkpoint(self.ledger(), found.size), size=found.size, witnessing=found.witnessing)

    def witnessed(self) -> Witnessed:
        """How far the log is witnessed."""
        return find_witnessed(self.ledger(), self.policy, self.memory, verify=self.verify)
