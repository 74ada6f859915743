"""The smallest product that has everything: one file, one hazard, one control, two requirements, three layers of tests.

It is built by ``install`` and tested by a shell script, so that a whole run takes about two seconds. `TinyProduct` is its
repository with ledger, people and keys; it is copied from a folder that was made once.
"""

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, load_pem_private_key

from fakes.quick import quick_environment
from lotmark.attest.api import FileSigner, KeySigner, format_trust_policy, generate_key, public_pem, write_key
from lotmark.attest.models import Person
from lotmark.attest.ports import Signer
from lotmark.base.clock import Clock, SystemClock
from lotmark.base.digest import Digest
from lotmark.bootstrap._key_changes import enrol_key
from lotmark.bootstrap._opening import create_state
from lotmark.bootstrap._signing import sign_approval
from lotmark.bootstrap._workspace import STATE, Workspace
from lotmark.cli.main import run as run_cli
from lotmark.ledger.api import fsck
from lotmark.pipeline.api import evaluate_run, find_run, run_pipeline
from lotmark.pipeline.models import RunReport
from lotmark.policy.api import DEFAULT_POLICY

PASSPHRASE = "correct horse battery"
PEOPLE = ("ada", "dana", "omar", "quinn", "rene", "vera")
APPROVALS = (("rene", "regulatory", "review"), ("quinn", "quality-owner", "approval"))
"""Who signs a high-tier release of the tiny product: person, role, meaning."""

_DUMP = '{"affected": [{"ranges": [{"events": [{"introduced": "0"}, {"fixed": "1.2.12"}], "type": "SEMVER"}], "package": {"ecosystem": "npm", "name": "none"}}], "id": "OSV-0001", "modified": "2026-11-23T00:00:00Z"}\n'

DECLARATION = f"""\
lotmark: 1
product:
  id: tiny
  name: Tiny
  version: {{file: src/tool.sh, pattern: '^VERSION=(.+)$'}}
  safety-class: B
environment:
  python: none
dependencies:
  none: {{reason: A shell script., owner: dana}}
  licences:
    allow: [MIT]
  vulnerabilities:
    dump: quality/osv.jsonl
    sha256: {Digest.of(_DUMP.encode()).hex}
    retrieved: 2026-11-23
    max-age-days: 36500
build:
  command: [install, -D, src/tool.sh, out/tool.sh]
  outputs: [out/tool.sh]
tests:
  markers: [tests/**/*.sh]
  unit:
    command: [sh, tests/run.sh, unit]
    list-command: [sh, tests/run.sh, unit, list]
    results: [results/unit.xml]
  integration:
    command: [sh, tests/run.sh, integration]
    list-command: [sh, tests/run.sh, integration, list]
    results: [results/integration.xml]
  validation:
    command: [sh, tests/run.sh, validation]
    list-command: [sh, tests/run.sh, validation, list]
    results: [results/validation.xml]
package:
  artifact: out/tool.sh
  media-type: text/x-shellscript
  device: {{models: [T-1], version-pattern: 'VERSION=([0-9.]+)'}}
deploy:
  targets:
    - {{name: site, path: ../site, probe: [sh, "{{artifact}}"], expect: "tiny {{version}}"}}
"""

RUNNER = """\
# Runs the tests of one layer and writes JUnit XML; with `list`, prints their ids.
layer=$1
. "tests/$layer/tests.sh"
names=$(sed -n 's/^\\(test_[a-z_]*\\)().*/\\1/p' "tests/$layer/tests.sh")
if [ "$2" = list ]; then
  for name in $names; do echo "tests/$layer/tests.sh::$name"; done
  exit 0
fi
failed=0
mkdir -p results
{
  echo "<testsuite name='$layer'>"
  for name in $names; do
    echo "<testcase classname='tests/$layer/tests.sh' name='$name' file='tests/$layer/tests.sh' time='0.001'>"
    "$name" || { failed=1; echo "<failure message='it does not hold'/>"; }
    echo "</testcase>"
  done
  echo "</testsuite>"
} > "results/$layer.xml"
grep -q '<failure' "results/$layer.xml" && exit 1
exit 0
"""

FILES: Mapping[str, str] = {
    ".gitignore": "/out/\n/results/\n",
    "README.md": "# Tiny\n",
    "lotmark.yaml": DECLARATION,
    "src/tool.sh": 'VERSION=1.0.0\necho "tiny $VERSION"\n',
    "tests/run.sh": RUNNER,
    "tests/unit/tests.sh": "# @verifies REQ-001\ntest_greets() {\n  sh src/tool.sh | grep -q '^tiny '\n}\n\n# @verifies REQ-002\ntest_version() {\n  grep -q '^VERSION=' src/tool.sh\n}\n",
    "tests/integration/tests.sh": "# @verifies REQ-002\ntest_built() {\n  cmp -s src/tool.sh out/tool.sh\n}\n",
    "tests/validation/tests.sh": "# @verifies HAZ-001 RC-001\ntest_says_version() {\n  sh out/tool.sh | grep -q '[0-9]'\n}\n",
    "quality/osv.jsonl": _DUMP,
    "quality/anomalies.yaml": "anomalies: []\n",
    "quality/matrix.yaml": """\
matrix: 1
categories:
  - {id: unit, title: Unit, owner: dana, layer: unit, gating: blocking, environment: sandbox}
  - {id: integration, title: Integration, owner: dana, layer: integration, gating: waivable, environment: sandbox}
  - {id: validation, title: Validation, owner: quinn, layer: validation, gating: blocking, environment: sandbox}
requires:
  - {of: requirement, categories: [unit]}
  - {of: risk-control, categories: [validation]}
  - {of: hazard, categories: [validation]}
overrides:
  - {items: [REQ-002], categories: [unit, integration], reason: It speaks of the built file.}
waivers: {max-days: 90, roles: [quality-owner]}
""",
    "quality/approvals.yaml": """\
approvals: 1
tiers:
  - name: low
    when: {only-paths: [README.md]}
    required:
      - {role: quality-owner, meaning: approval}
  - name: medium
    required:
      - {role: quality-owner, meaning: approval}
  - name: high
    when: {dependencies-changed: true}
    required:
      - {role: regulatory, meaning: review}
      - {role: quality-owner, meaning: approval}
delegation: {up-to: high, max-days: 30}
""",
    "quality/people.yaml": """\
people:
  - {id: ada, name: Ada Example, email: ada@example.org, roles: [administrator]}
  - {id: dana, name: Dana Example, email: dana@example.org, roles: [developer, quality-owner]}
  - {id: omar, name: Omar Example, email: omar@example.org, roles: [operations]}
  - {id: quinn, name: Quinn Example, email: quinn@example.org, roles: [quality-owner]}
  - {id: rene, name: Rene Example, email: rene@example.org, roles: [regulatory]}
  - {id: vera, name: Vera Example, email: vera@example.org, roles: []}
""",
    "quality/requirements/UN-001.md": "---\nid: UN-001\ntype: user-need\ntitle: A greeting\nstatus: approved\n---\nThe user needs a greeting.\n",
    "quality/requirements/REQ-001.md": "---\nid: REQ-001\ntype: software-requirement\ntitle: Greets\nstatus: approved\nderives: [UN-001]\n---\nThe software shall greet.\n",
    "quality/requirements/REQ-002.md": "---\nid: REQ-002\ntype: software-requirement\ntitle: Version\nstatus: approved\nderives: [UN-001]\nimplements: [RC-001]\n---\nThe software shall say its version.\n",
    "quality/risks/HAZ-001.md": """\
---
id: HAZ-001
type: hazard
title: Mistaken version
status: approved
hazardous-situation: Somebody takes one version for another.
harm: A wrong greeting.
before: {severity: minor, probability: occasional}
after: {severity: minor, probability: improbable}
residual-risk: {acceptable: true, rationale: The version is said at each start.}
---
""",
    "quality/risks/RC-001.md": "---\nid: RC-001\ntype: risk-control\ntitle: Says its version\nstatus: approved\nkind: information\nmitigates: [HAZ-001]\n---\nThe version is printed at each start.\n",
}


class ShiftedClock:
    """The machine's clock, some time ahead: files written now would look old to it, so only stages without commands run under it."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return SystemClock().now() + self._by


@dataclass(frozen=True, slots=True)
class Called:
    """What a call of the command line left: exit code and both streams."""

    code: int
    out: str
    err: str

    @property
    def wire(self) -> Any:
        """The JSON that was printed."""
        return json.loads(self.out)


class TinyProduct:
    """The product in ``FOLDER/product``, its people's keys in ``FOLDER/people``, its ledger open for everybody enrolled."""

    def __init__(self, folder: Path, *, clock: Clock | None = None) -> None:
        self.folder = folder
        self.root = folder / "product"
        self.people = folder / "people"
        self.site = folder / "site"
        self.clock = clock or SystemClock()

    @classmethod
    def make(cls, folder: Path) -> "TinyProduct":
        """Write the files, commit them, make everybody's keys, open the ledger and enrol everybody."""
        tiny = cls(folder)
        folder.mkdir(parents=True, exist_ok=True)
        tiny.root.mkdir()
        tiny.git("init", "--quiet", "--initial-branch=main")
        tiny.write(dict(FILES) | {"quality/policy.yaml": DEFAULT_POLICY.read_text(encoding="utf-8")})
        tiny.commit("The tiny product\n\nRefs: REQ-001")
        tiny.people.mkdir(mode=0o700)
        passphrase = tiny.people / "passphrase"
        passphrase.touch(mode=0o600)
        passphrase.write_text(PASSPHRASE + "\n")
        for name in PEOPLE:
            private = generate_key()
            write_key(tiny.people / f"{name}.key", private, PASSPHRASE)
            # Unprotected beside it: deriving a key from a passphrase takes long on purpose.
            write_key(tiny.people / f"{name}.raw", private, None)
            (tiny.people / f"{name}.pub").write_bytes(public_pem(KeySigner(private).public_key))
        policy = create_state(tiny.state, origin="example.org/tiny", product="tiny", administrator=_person("ada"), root=tiny.signer("ada"), clock=tiny.clock)
        (folder / "trust.json").write_bytes(format_trust_policy(policy))
        with tiny.workspace() as workspace:
            for name in PEOPLE[1:]:
                enrol_key(
                    workspace,
                    public_key=tiny.signer(name).public_key,
                    kind="person",
                    person=_person(name),
                    reason="works on it",
                    root=tiny.signer("ada"),
                )
        return tiny

    def copy(self, folder: Path) -> "TinyProduct":
        """The same product with the same ledger elsewhere."""
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        return TinyProduct(folder)

    @property
    def state(self) -> Path:
        return self.root / STATE

    def signer(self, person: str) -> Signer:
        return FileSigner.load(self.people / f"{person}.raw")

    @contextlib.contextmanager
    def workspace(self, clock: Clock | None = None) -> Iterator[Workspace]:
        """A fresh look at product and ledger."""
        workspace = Workspace(self.root, None, self.state, clock or self.clock)
        try:
            yield workspace
        finally:
            workspace.close()

    # ------------------------------------------------------------ the repository

    def git(self, *arguments: str, by: str = "dana") -> str:
        who = {f"GIT_{act}_{part}": value for act in ("AUTHOR", "COMMITTER") for part, value in (("NAME", by), ("EMAIL", f"{by}@example.org"))}
        environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **who}
        done = subprocess.run(["git", *arguments], cwd=self.root, env=environment, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text that must be there."""
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} does not hold {old!r}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def commit(self, message: str = "A change\n\nRefs: REQ-001", *, sign_off: bool = True, by: str = "dana") -> str:
        """Commit everything; gives the commit."""
        self.git("add", "--all", by=by)
        self.git("commit", "--quiet", "--allow-empty", "--no-gpg-sign", "--no-verify", *(["--signoff"] if sign_off else []), "-m", message, by=by)
        return self.git("rev-parse", "HEAD")

    # ------------------------------------------------------------ the pipeline

    def run(self, *, clock: Clock | None = None, settings: Mapping[str, Any] | None = None, **options: Any) -> RunReport:
        """Run the pipeline in process, with the durable engine."""
        with self.workspace(clock) as workspace:
            return run_pipeline(replace(workspace.settings(), **(settings or {})), **options)

    def approve(self, run: str | None = None, *, by: tuple[tuple[str, str, str], ...] = APPROVALS, clock: Clock | None = None) -> list[int]:
        """Sign the decision of the run (default: the newest); gives the log indices."""
        with self.workspace(clock) as workspace:
            identity = find_run(workspace.settings(), run)
            assert identity is not None
            return [
                sign_approval(workspace, identity, person=person, signer=self.signer(person), role=role, meaning=meaning, reason="It holds.")  # type: ignore[arg-type]
                for person, role, meaning in by
            ]

    def release(self) -> RunReport:
        """Run, sign, run again; the report of a released run."""
        report = self.run()
        assert report.outcome == "pending", describe(report)
        with self.workspace() as workspace:
            identity = find_run(workspace.settings(), report.run)
            assert identity is not None
            _, _, required = evaluate_run(workspace.settings(), identity)
        asked = {(entry["role"], entry["meaning"]) for entry in required}
        self.approve(report.run, by=tuple(each for each in APPROVALS if each[1:] in asked))
        report = self.run()
        assert report.outcome == "released", describe(report)
        return report

    # ------------------------------------------------------------ looking at it

    def kinds(self, run: str | None = None) -> Counter[str]:
        """How many entries of each kind the ledger (or the run) holds."""
        with self.workspace() as workspace:
            return Counter(entry.header.kind for entry in workspace.ledger.entries(scope=f"run:{run}" if run else None))

    def predicates(self, kind: str) -> list[Mapping[str, Any]]:
        with self.workspace() as workspace:
            return [entry.statement.predicate for entry in workspace.reader.entries(kind=kind)]

    def size(self) -> int:
        with self.workspace() as workspace:
            return workspace.ledger.size

    def assert_sound(self) -> int:
        """Nothing of the ledger is broken, and no slot stands twice; gives its size."""
        with self.workspace() as workspace:
            report = fsck(workspace.state, workspace.trust_policy, workspace.registry)
            assert report.is_sound, report.findings
            slots = [entry.header.slot for entry in workspace.ledger.entries() if entry.header.slot]
        assert len(slots) == len(set(slots))
        return report.size

    # ------------------------------------------------------------ the command line

    def cli(self, *words: str) -> Called:
        """Call the command line in process, on this product."""
        return call("-C", str(self.root), *words)

    def as_person(self, person: str) -> tuple[str, ...]:
        """The options with which a person signs; LOTMARK_PASSPHRASE_FILE must name `people/passphrase`."""
        return ("--as", person, "--key", str(self.people / f"{person}.key"))

    def as_root(self, person: str, key: str = "") -> tuple[str, ...]:
        """As `as_person`, with the person's key of that name sealed in a way that is opened quickly, so that a test may sign often."""
        name = key or person
        place = self.people / f"{name}.quick.key"
        if not place.exists():
            private = load_pem_private_key((self.people / f"{name}.raw").read_bytes(), None)
            place.touch(mode=0o600)
            place.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE.encode())))
        return ("--as", person, "--key", str(place))

    def process(self, *words: str, **options: Any) -> "subprocess.Popen[str]":
        """A process of its own that runs the command line on this product."""
        command = [sys.executable, "-m", "lotmark.cli.main", "-C", str(self.root), *words]
        options = {"env": quick_environment(), "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
        return subprocess.Popen(command, **options)


def call(*words: str) -> Called:
    """Call the command line in process."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run_cli(words)
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode())
    return Called(code, *texts)


def describe(report: RunReport) -> str:
    """A report for a failed assertion."""
    lines = [f"{status.stage.value}: {status.outcome} {status.summary} {list(status.findings)}" for status in report.stages if status.outcome]
    return "\n".join([f"{report.run} {report.outcome}", *lines])


def _person(name: str) -> Person:
    return Person(name, f"{name.capitalize()} Example", f"{name}@example.org")
