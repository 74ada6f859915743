"""What a stage is given: the product at one commit, the run's verified evidence so far, and the ports."""

import shutil
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from lotmark.approvals.api import read_people
from lotmark.attest.models import Registry, Subject, TrustPolicy, Verified
from lotmark.attest.ports import Signer
from lotmark.base.clock import Clock
from lotmark.base.digest import Digest
from lotmark.base.errors import RefusedError
from lotmark.index.api import VerifiedReader
from lotmark.ledger.ports import Ledger
from lotmark.pipeline._recorder import ResultBuilder
from lotmark.pipeline.models import PreviousRelease, RunIdentity, Stage
from lotmark.pipeline.ports import Engine
from lotmark.product.api import configuration_files
from lotmark.product.models import Product
from lotmark.releases.models import RunEvidence


@dataclass(frozen=True, slots=True)
class Settings:
    """The pipeline's ports, wired by `bootstrap`.

    `open_writer` yields the ledger for appending and holds its lock only inside the context; `reader` reads the same
    ledger; `pipeline_signer` loads the key each time it is asked.
    """

    product: Product
    state: Path
    clock: Clock
    registry: Registry
    trust_policy: TrustPolicy
    reader: VerifiedReader
    open_writer: Callable[[], AbstractContextManager[Ledger]]
    pipeline_signer: Callable[[], Signer]
    open_engine: Callable[[], Engine]
    operator: str

    def fresh_reader(self) -> VerifiedReader:
        """A reader that has verified nothing yet, for what must be verified again."""
        return VerifiedReader(self.reader.ledger, self.trust_policy, self.registry)


@dataclass(frozen=True, slots=True)
class StageContext:
    """One stage attempt of one run."""

    settings: Settings
    identity: RunIdentity
    stage: Stage
    attempt: int
    previous: PreviousRelease | None
    note: Callable[[str], None]

    @property
    def product(self) -> Product:
        return self.settings.product

    @property
    def run(self) -> str:
        return self.identity.run

    @property
    def source_subject(self) -> Subject:
        return Subject("source", {"sha256": self.identity.source_sha256, "gitCommit": self.identity.commit})

    def builder(self) -> ResultBuilder:
        """A new, empty result of this attempt; its clock starts now."""
        settings = self.settings
        return ResultBuilder(
            run=self.run, stage=self.stage, attempt=self.attempt, subject=self.source_subject, registry=settings.registry, clock=settings.clock
        )

    def evidence(self) -> RunEvidence:
        """The run's verified entries up to now."""
        return read_run(self.settings.reader, self.run)

    def product_entries(self, *kinds: str) -> tuple[Verified, ...]:
        """Verified entries of the whole product of these kinds: waivers, closures, delegations."""
        scope = f"product:{self.identity.product}"
        return tuple(self.settings.reader.entries(scope=scope, wanted=lambda entry: entry.header.kind in kinds))

    def work_folder(self) -> Path:
        """An empty scratch folder for this attempt."""
        name = self.run.replace(":", "-")
        folder = self.settings.state / "work" / name / f"{self.stage.value}-{self.attempt}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def outputs(self) -> dict[str, Path]:
        """The accepted build's outputs by name, as files of the blob store."""
        blobs = self.settings.reader.ledger.blobs
        return {name: blobs.path(digest) for name, digest in self.output_digests().items()}

    def output_digests(self) -> dict[str, Digest]:
        """The accepted build's outputs by name."""
        return {output["name"]: Digest(output["sha256A"]) for output in self.evidence().predicate("rebuild")["outputs"] if output["sha256A"]}

    def roles(self) -> dict[str, tuple[str, ...]]:
        """Person -> roles, as people.yaml gives them."""
        return {person.id: tuple(person.roles) for person in read_people(self.product.quality / "people.yaml", name="quality/people.yaml").value.people}

    def store(self, contents: Iterable[bytes], paths: Iterable[Path]) -> list[Digest]:
        """Put big things into the blob store, durably, before the evidence that refers to them."""
        with self.settings.open_writer() as ledger:
            return [*(ledger.blobs.put(data) for data in contents), *(ledger.blobs.put_file(path) for path in paths)]

    def check_configuration(self) -> None:
        """Hold that the product's own files are still those that the run was opened with.

        Raises:
            RefusedError: LM-PIP-003 naming the changed files.
        """
        now = {file.path: file.digest.hex for file in configuration_files(self.product.config_root)}
        opened = dict(self.identity.configuration)
        changed = sorted(path for path in now.keys() | opened.keys() if now.get(path) != opened.get(path))
        if changed:
            raise RefusedError(
                "LM-PIP-003",
                f"the configuration changed after the run was opened: {', '.join(changed)}",
                where=self.run,
                solution="put the files back, or open a new run with `lotmark run --new`; its evidence and approvals are made anew",
            )


def read_run(reader: VerifiedReader, run: str) -> RunEvidence:
    """The verified entries of a run."""
    return RunEvidence(tuple(reader.entries(scope=f"run:{run}")))
