"""Somebody else's product through ``--config``, untouched: idna from its source distribution, released, and refused."""

import json
import shutil
from pathlib import Path

import pytest

from fakes.foreign_product import MARKERS, ForeignProduct
from fakes.tiny_product import call
from fakes.tiny_world import own_configuration
from lotmark.builds.api import probe

pytestmark = pytest.mark.verifies("REQ-019")


__all__ = ["own_configuration"]

GONE = "tests/test_idna_compat.py::CompatTests::test_that_was_taken_out"


@pytest.fixture
def idna(tmp_path: Path) -> ForeignProduct:
    """The product with its configuration; nothing has run."""
    capabilities = probe()
    if not capabilities.available:
        pytest.skip(f"no sandbox here: {capabilities.reason}")
    return ForeignProduct.make(tmp_path)


def test_it_is_released_and_verified_and_its_repository_is_as_it_was(idna: ForeignProduct, tmp_path: Path) -> None:
    before = idna.git("rev-parse", "HEAD")
    checked = idna.lotmark("--format", "json", "check")
    assert checked.code == 0, checked.out
    assert {finding["code"] for finding in checked.wire["findings"]} <= {"LM-TRC-044"}, "tests that verify nothing are no error"
    idna.open_ledger("quality", "regulatory")
    waits = idna.lotmark("--format", "json", "run")
    assert waits.code == 8, waits.out + waits.err
    lock = idna.config / "requirements-test.lock"
    good = lock.read_text()
    lock.write_text(good + "# changed under review\n")
    refused = idna.lotmark("run")
    assert refused.code == 1
    assert "LM-PIP-003" in refused.err
    assert "requirements-test.lock" in refused.err
    lock.write_text(good)
    for person, role in (("quality", "quality-owner"), ("regulatory", "regulatory")):
        idna.must("approve", "sign", "--as", person, "--role", role, "--reason", "I read the findings and markers.yaml.")
    released = idna.lotmark("--format", "json", "run")
    assert released.code == 0, released.out + released.err
    stages = {stage["stage"]: stage for stage in released.wire["stages"]}
    assert {stage["outcome"] for stage in stages.values()} == {"accepted"}
    assert [stages[layer]["summary"].split(";")[0] for layer in ("unit", "integration", "validation")] == [
        "19 of 19 expected tests reported: 19 passed",
        "3 of 3 expected tests reported: 3 passed",
        "10 of 10 expected tests reported: 10 passed",
    ]
    assert "4 of 4 hazards, controls and requirements verified by 32 tests" in stages["validation"]["summary"]
    assert stages["build"]["summary"].startswith("IDENTICAL: dist/idna-3.10-py3-none-any.whl")
    assert idna.git("rev-parse", "HEAD") == before
    assert idna.git("status", "--porcelain", "--ignored") == ""
    # What was released is verified where it lies, by the trust that the administrator hands out.
    assert json.loads(idna.must("--format", "json", "show", "3.10").out)["run"] == "idna:RUN-0001"
    assert "✓ passed: tests/test_idna_codec.py" in idna.must("show", "REQ-002").out
    assert [lock["name"] for lock in provenance_inputs(tmp_path / "state")] == ["requirements-build.lock", "requirements-test.lock"]
    trust = tmp_path / "trust.json"
    shutil.copy(tmp_path / "state/trust.json", trust)
    bundle = tmp_path / "bundle.zip"
    idna.must("release", "bundle", "-o", str(bundle))
    verified = call("verify", str(bundle), "--trust", str(trust))
    assert verified.code == 0, verified.out + verified.err


def provenance_inputs(state: Path) -> list[dict[str, str]]:
    """The lock files that the build's provenance names."""
    from lotmark.base.clock import SystemClock
    from lotmark.ledger.api import open_ledger

    with open_ledger(state, None, SystemClock()) as ledger:
        (entry,) = ledger.entries(kind="provenance")
        statement = json.loads(ledger.envelope(entry).payload)
    inputs = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
    return [each for each in inputs if each.get("name", "").endswith(".lock")]


def test_a_test_that_vanished_a_claim_on_no_test_and_an_unverified_requirement_are_each_refused(idna: ForeignProduct) -> None:
    listing = f"[sh, -c, 'python -m pytest tests/test_idna_compat.py -p no:cacheprovider --collect-only -q && echo {GONE}']"
    markers = MARKERS.replace("tests/test_idna_co*.py", "tests/test_idna2008_codec.py")
    idna.configure(layers={"integration": listing}, markers=markers)
    idna.open_ledger()
    refused = idna.lotmark("--format", "json", "run")
    assert refused.code == 1, refused.out + refused.err
    stages = {stage["stage"]: stage for stage in refused.wire["stages"]}
    outcomes = {name: stage["outcome"] for name, stage in stages.items()}
    assert [name for name, outcome in outcomes.items() if outcome == "refused"] == ["integration", "validation", "approval"]
    missing = [finding for finding in stages["integration"]["findings"] if finding["severity"] == "error"]
    assert [(finding["code"], finding["subject"]) for finding in missing] == [("LM-MTX-020", GONE)]
    errors = {finding["code"]: finding for finding in stages["validation"]["findings"] if finding["severity"] == "error"}
    assert set(errors) == {"LM-TRC-035", "LM-TRC-046", "LM-MTX-041"}
    assert errors["LM-TRC-046"]["location"] == "quality/markers.yaml:5:13"
    assert errors["LM-TRC-035"]["subject"] == "REQ-002"
    assert not (idna.folder / "site").exists()
