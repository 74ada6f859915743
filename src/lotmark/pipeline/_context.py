"""What a stage is given: the product at one commit, the run's verified evidence so far, and the ports."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from lotmark.approvals.api import read_people
from lotmark.attest.models import Registry, Subject, TrustPolicy, Verified
from lotmark.attest.ports import Signer
from lotmark.base.clock import Clock
from lotmark.base.digest import Digest
from lotmark.base.errors import RefusedError
from lotmark.index.api import VerifiedReader
from lotmark.ledger.models import WitnessReport
from lotmark.ledger.ports import Ledger
from lotmark.pipeline._recorder import ResultBuilder
from lotmark.pipeline.models import PreviousRelease, RunIdentity, Stage
from lotmark.pipeline.ports import Engine
from lotmark.product.api import configuration_files, locks_beside, read_cleanliness
from lotmark.product.models import Product
from lotmark.releases.models import RunEvidence

_STORING = 8


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
    """Who runs this process, in clear; it is recorded only sealed."""
    seal: Callable[[str], str]
    """Personal data -> the commitment that stands for it in records (`records.api.Vault.seal`)."""
    ask_witnesses: Callable[[], WitnessReport | None] = lambda: None
    """Asks the log's witnesses to cosign it; None where the trust policy names none. Raises IntegrityError LM-LED-115 or -116
    where one of them shows that the log was put back or rewritten."""
    after_run: Callable[[bool], str] = lambda _released: ""
    """Called when a run has gone as far as it goes, with whether it is released now; gives what a person should know. It never raises."""

    @property
    def submitter(self) -> str:
        """The operator as records name him."""
        return self.seal(self.operator)

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

    @property
    def work_place(self) -> Path:
        """Where this attempt's scratch folder lies."""
        return self.settings.state / "work" / self.run.replace(":", "-") / f"{self.stage.value}-{self.attempt}"

    def work_folder(self) -> Path:
        """An empty scratch folder for this attempt; it does not outlive it."""
        folder = self.work_place
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    @contextmanager
    def outputs(self) -> Iterator[dict[str, Path]]:
        """The accepted build's outputs by name, as files for reading with the bytes of the blob store."""
        blobs = self.settings.reader.ledger.blobs
        with ExitStack() as opened:
            yield {name: opened.enter_context(blobs.local_file(digest)) for name, digest in self.output_digests().items()}

    def output_digests(self) -> dict[str, Digest]:
        """The accepted build's outputs by name."""
        return {output["name"]: Digest(output["sha256A"]) for output in self.evidence().predicate("rebuild")["outputs"] if output["sha256A"]}

    def roles(self) -> dict[str, tuple[str, ...]]:
        """Person -> roles, as people.yaml gives them."""
        return {person.id: tuple(person.roles) for person in read_people(self.pinned("quality/people.yaml"), name="quality/people.yaml").value.people}

    def pinned(self, name: str) -> Path:
        """A configuration file as the run pinned it: where it lies, or a copy of its blob if it has changed since.

        Raises:
            RefusedError: LM-PIP-003 if neither holds those bytes.
        """
        place = self.product.config_root / name
        digest = Digest(dict(self.identity.configuration)[name])
        if place.is_file() and Digest.of_file(place) == digest:
            return place
        blobs = self.settings.reader.ledger.blobs
        if not blobs.has(digest):
            raise RefusedError(
                "LM-PIP-003",
                f"the configuration changed after the run was opened: {name}",
                where=self.run,
                solution="put the file back, or open a new run with `lotmark run --new`; its evidence and approvals are made anew",
            )
        data = blobs.get(digest)
        copy = self.settings.state / "work" / "pinned" / digest.hex
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(data)  # each time anew: a copy is a convenience and never trusted
        return copy

    def store(self, contents: Iterable[bytes], paths: Iterable[Path]) -> list[Digest]:
        """Put big things into the blob store, durably, before the evidence that refers to them."""
        # Each is waited for until it is on the disk; side by side the disk takes many in the time of one.
        with self.settings.open_writer() as ledger, ThreadPoolExecutor(_STORING, thread_name_prefix="store") as pool:
            blobs = ledger.blobs
            stored = [pool.submit(blobs.put, data) for data in contents] + [pool.submit(blobs.put_file, path) for path in paths]
            return [each.result() for each in stored]

    def check_tree(self) -> None:
        """Hold that the work tree is clean and at the run's commit.

        Raises:
            RefusedError: LM-PIP-002 naming what changed.
        """
        commit, dirty = read_cleanliness(self.product.root)
        if dirty or commit != self.identity.commit:
            raise dirty_tree(self.product.root, dirty or (f"HEAD is at {commit[:12]}, the run at {self.identity.commit[:12]}",))

    def check_configuration(self) -> None:
        """Hold that the product's own files are still those that the run was opened with.

        Raises:
            RefusedError: LM-PIP-003 naming the changed files.
        """
        product = self.product
        beside = locks_beside(product.root, product.config_root, product.file.dependencies)
        now = {file.path: file.digest.hex for file in configuration_files(product.config_root, beside)}
        opened = dict(self.identity.configuration)
        changed = sorted(path for path in now.keys() | opened.keys() if now.get(path) != opened.get(path))
        if changed:
            raise RefusedError(
                "LM-PIP-003",
                f"the configuration changed after the run was opened: {', '.join(changed)}",
                where=self.run,
                solution="put the files back, or open a new run with `lotmark run --new`; its evidence and approvals are made anew",
            )


def dirty_tree(root: Path, changed: Sequence[str]) -> RefusedError:
    """The refusal of a work tree that is not the commit."""
    shown = ", ".join(changed[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
    return RefusedError(
        "LM-PIP-002",
        f"the work tree is not clean: {shown}",
        where=str(root),
        solution="commit or stash the changes; a release is made from a commit, never from a folder's state",
    )


def read_run(reader: VerifiedReader, run: str) -> RunEvidence:
    """The verified entries of a run."""
    return RunEvidence(tuple(reader.entries(scope=f"run:{run}")))
