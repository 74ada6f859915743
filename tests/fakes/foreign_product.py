"""A product that we did not write, untouched: idna's source distribution in a repository of its own, and our configuration outside it.

People work on it by the command line alone, as they would; the first files are those that ``lotmark init`` writes.
"""

import os
import re
import subprocess
import tarfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fakes.tiny_product import Called, call
from lotmark.base.digest import Digest

REPOSITORY = Path(__file__).parents[2]
SDISTS = REPOSITORY / ".make/sdists"
PINNED = dict(re.findall(r"(?m)^(\S+==\S+) --hash=sha256:([0-9a-f]{64})$", (REPOSITORY / "tools/sdists.txt").read_text()))

_OSV = '{"affected": [{"ranges": [{"events": [{"introduced": "0"}, {"fixed": "3.7"}], "type": "ECOSYSTEM"}], "package": {"ecosystem": "PyPI", "name": "idna"}}], "id": "PYSEC-2024-60", "modified": "2024-07-11T17:26:05Z"}\n'

_DECLARATION = """\
lotmark: 1
product:
  id: idna
  name: idna
  version: {{file: idna/package_data.py, pattern: '^__version__ = "(.+)"'}}
  safety-class: B
source:
  baseline: {commit}
environment:
  # Its tests are run as their author runs them: no plugin of ours has a say.
  variables: {{PYTEST_DISABLE_PLUGIN_AUTOLOAD: "1"}}
dependencies:
  locks:
    - {{path: requirements-build.lock, kind: pip}}
    - {{path: requirements-test.lock, kind: pip}}
  licences: {{allow: [Apache-2.0, BSD-2-Clause, BSD-3-Clause, MIT]}}
  vulnerabilities: {{dump: quality/osv.jsonl, sha256: {dump}, retrieved: {today}}}
build:
  command: [python, -m, flit_core.wheel]
  outputs: [dist/*.whl]
tests:
{layers}
package: {{artifact: dist/*.whl, media-type: application/zip}}
deploy:
  targets:
    - name: bench
      path: {site}
      probe: [env, "PYTHONPATH={{artifact}}", python, -c, "import idna; print(idna.__version__, idna.encode('blå'))"]
      expect: "{{version}} b'xn--bl-zia'"
"""

LAYERS = {
    "unit": "tests/test_idna_codec.py, tests/test_idna_other.py, tests/test_idna_uts46.py, tests/test_intranges.py",
    "integration": "tests/test_idna_compat.py",
    "validation": "tests/test_idna.py",
}

_LAYER = """\
  {layer}:
    command: [python, -m, pytest, {tests}, -p, no:cacheprovider, --junitxml=results/{layer}.xml]
    list-command: {listing}
    results: [results/{layer}.xml]
"""
_LISTING = "[python, -m, pytest, {tests}, -p, no:cacheprovider, --collect-only, -q]"

_QUALITY = {
    "requirements/UN-001.md": ("user-need", "Names as registries accept them", "", "A domain name is converted as the registries' rules say, or refused."),
    "requirements/REQ-001.md": (
        "software-requirement",
        "Conversion by RFC 5891",
        "derives: [UN-001]\nimplements: [RC-001]\n",
        "The software shall convert and check labels as RFC 5891 says.",
    ),
    "requirements/REQ-002.md": (
        "software-requirement",
        "A codec for Python",
        "derives: [UN-001]\n",
        "The software shall offer a codec `idna2008` and the functions of Python's own module.",
    ),
    "risks/HAZ-001.md": (
        "hazard",
        "A look-alike name is taken for another",
        (
            "hazardous-situation: A name with disallowed characters is accepted.\nharm: The user reaches the wrong host.\n"
            "before: {severity: serious, probability: occasional}\nafter: {severity: serious, probability: improbable}\n"
            "residual-risk: {acceptable: true, rationale: The tables are those of Unicode.}\n"
        ),
        "",
    ),
    "risks/RC-001.md": (
        "risk-control",
        "Disallowed characters are refused",
        "kind: protective\nmitigates: [HAZ-001]\n",
        "Characters that RFC 5892 disallows shall be refused.",
    ),
}

# What is left out is left out on purpose: pytest sees one test in test_idna_uts46.py (`runTest`), and that one is empty, because
# only unittest asks a module for its `load_tests`. It is run and reported, and nothing rests on it.
MARKERS = """\
markers:
  - tests: [tests/test_idna.py, "tests/test_intranges.py::**"]
    verifies: [REQ-001]
    reason: They convert and check labels, valid and invalid.
  - tests: ["tests/test_idna_co*.py::*::*"]
    verifies: [REQ-002]
    reason: They register and use the codec, and call what Python's own module offers.
"""


class ForeignProduct:
    """The repository in ``FOLDER/product``, the configuration in ``FOLDER/config``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "product"
        self.config = folder / "config"

    @classmethod
    def make(cls, folder: Path) -> "ForeignProduct":
        """Unpack, commit, write the configuration outside.

        Skips the test where the source distribution was not fetched (``make test`` does).
        """
        made = cls(folder)
        sdist = SDISTS / "idna-3.10.tar.gz"
        if not sdist.is_file() or Digest.of_file(sdist).hex != PINNED["idna==3.10"]:
            pytest.skip(f"{sdist.name} is not in {SDISTS}: run `make sdists`")
        with tarfile.open(sdist) as archive:
            archive.extractall(folder, filter="data")
        (folder / "idna-3.10").rename(made.root)
        made.git("init", "--quiet", "--initial-branch=main")
        made.git("add", "--all", "--force")
        made.git("commit", "--quiet", "--no-gpg-sign", "-m", "Import idna 3.10")
        assert made.lotmark("init", "--id", "idna").code == 0, "it writes the first files outside the repository"
        made.configure()
        return made

    def configure(self, *, layers: Mapping[str, str] | None = None, markers: str = MARKERS) -> None:
        """Write the configuration; `layers` gives a list command other than pytest's by its layer."""
        dump = self.config / "quality/osv.jsonl"
        dump.write_text(_OSV)
        for name in ("build", "test"):
            lock = f"requirements-{name}.lock"
            (self.config / lock).write_bytes((REPOSITORY / "examples/qpcr-caller" / lock).read_bytes())
        listings = {layer: _LISTING.format(tests=tests) for layer, tests in LAYERS.items()} | dict(layers or {})
        told = "".join(_LAYER.format(layer=layer, tests=tests, listing=listings[layer]) for layer, tests in LAYERS.items())
        today = datetime.now(UTC).date().isoformat()
        text = _DECLARATION.format(
            commit=self.git("rev-parse", "HEAD"), dump=Digest.of(_OSV.encode()).hex, today=today, layers=told.rstrip("\n"), site=self.folder / "site"
        )
        (self.config / "lotmark.yaml").write_text(text)
        for folder in ("requirements", "risks"):
            for old in (self.config / "quality" / folder).glob("*"):
                old.unlink()
        for name, (kind, title, head, body) in _QUALITY.items():
            identity = Path(name).stem
            (self.config / "quality" / name).write_text(f"---\nid: {identity}\ntype: {kind}\ntitle: {title}\nstatus: approved\n{head}---\n{body}\n")
        (self.config / "quality/markers.yaml").write_text(markers)

    def open_ledger(self, *people: str) -> None:
        """Keys for the administrator and these people, a ledger, and their enrolment."""
        for person in ("admin", *people):
            self.must("key", "generate", "--as", person)
        self.must("init", "--as", "admin")
        keys = Path(os.environ["XDG_CONFIG_HOME"]) / "lotmark/keys"
        for person in people:
            self.must("key", "enrol", person, "--public", str(keys / f"{person}.pub"), "--as", "admin")

    def lotmark(self, *words: str) -> Called:
        """A command on this product."""
        return call("--quiet", "-C", str(self.root), "--config", str(self.config), "--state", str(self.folder / "state"), *words)

    def must(self, *words: str) -> Called:
        """A command that must be accepted."""
        done = self.lotmark(*words)
        assert done.code == 0, f"{words}: {done.code}\n{done.out}\n{done.err}"
        return done

    def git(self, *arguments: str) -> str:
        who = {f"GIT_{act}_{part}": value for act in ("AUTHOR", "COMMITTER") for part, value in (("NAME", "import"), ("EMAIL", "import@example.org"))}
        environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **who}
        return subprocess.run(["git", *arguments], cwd=self.root, env=environment, check=True, capture_output=True, text=True).stdout.strip()
