"""The two example products are what they say: whole, traced, tested and reproducible."""

import datetime as dt
import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from lotmark.approvals.api import read_approvals, read_people
from lotmark.matrix.api import check_matrix, find_known_tests, plan_tests, read_matrix
from lotmark.policy.api import default_policy, read_policy, relaxations
from lotmark.product.api import load_product
from lotmark.product.models import Product
from lotmark.trace.api import check_trace, hazard_of, load_product_trace
from lotmark.trace.models import TraceGraph

pytestmark = pytest.mark.verifies("REQ-008")


EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
QPCR, PUMP = EXAMPLES / "qpcr-caller", EXAMPLES / "pump-firmware"
MADE = shutil.ignore_patterns("dist", "build", "results", "__pycache__", ".pytest_cache", ".lotmark")

needs_compiler = pytest.mark.skipif(not (shutil.which("gcc") and shutil.which("make")), reason="gcc and make are not installed")


@pytest.fixture(params=[QPCR, PUMP], ids=lambda path: path.name)
def product(request: pytest.FixtureRequest) -> Product:
    return load_product(request.param)


@pytest.fixture
def graph(product: Product) -> TraceGraph:
    return load_product_trace(product)


def copy(example: Path, folder: Path) -> Path:
    return Path(shutil.copytree(example, folder / example.name, ignore=MADE))


def run(folder: Path, *command: str, variables: Mapping[str, str] | None = None) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "COV"))} | dict(variables or {})
    process = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert process.returncode == 0, process.stdout[-3000:] + process.stderr[-3000:]
    return process.stdout


class TestTrace:
    def test_checks_find_nothing(self, product: Product, graph: TraceGraph) -> None:
        assert check_trace(graph, safety_class=product.file.product.safety_class) == ()

    def test_there_is_something_to_trace(self, graph: TraceGraph) -> None:
        assert len(graph.of_type("requirement")) >= 15
        assert len(graph.of_type("hazard")) >= 8
        assert len(graph.of_type("user-need")) >= 4
        assert {item.category for item in graph.of_type("requirement")} == {"system", "software", "security"}
        assert {item.attributes["kind"] for item in graph.of_type("risk-control")} == {"inherent", "protective", "information"}

    def test_every_test_names_what_it_verifies(self, graph: TraceGraph) -> None:
        marked = graph.sources.verifies
        assert [test.id for test in graph.sources.tests if not marked.get(test.id)] == []
        assert {test.layer for test in graph.sources.tests} == {"unit", "integration", "validation"}

    def test_every_hazard_has_a_control_and_every_control_a_requirement_and_a_test(self, graph: TraceGraph) -> None:
        for hazard in graph.of_type("hazard"):
            assert graph.below(hazard.id, "risk-control"), hazard.id
        for control in graph.of_type("risk-control"):
            assert graph.below(control.id, "requirement"), control.id
            assert graph.verified_by.get(control.id), control.id

    def test_every_requirement_has_a_test_of_its_own(self, graph: TraceGraph) -> None:
        assert [item.id for item in graph.of_type("requirement") if not graph.verified_by.get(item.id)] == []

    def test_every_residual_risk_is_lower_and_judged(self, graph: TraceGraph) -> None:
        ranks = {word: number for number, word in enumerate(graph.scale.probabilities)}
        for item in graph.of_type("hazard"):
            hazard = hazard_of(item, graph.scale)
            assert hazard.acceptable, item.id
            assert hazard.rationale, item.id
            assert ranks[hazard.after.probability] < ranks[hazard.before.probability], item.id
            assert hazard.after.level != graph.scale.levels[-1], item.id


class TestQualityFiles:
    def test_people_can_fill_every_signature(self, product: Product) -> None:
        people = read_people(product.quality / "people.yaml")
        approvals = read_approvals(product.quality / "approvals.yaml", people)
        assert {person.id for person in people.value.people} >= {"ada", "clio", "dana", "omar", "quinn", "rene"}
        assert [tier.name for tier in approvals.value.tiers] == ["low", "medium", "high"]
        developers = {person.id for person in people.value.people if "developer" in person.roles}
        signers = {person.id for person in people.value.people for tier in approvals.value.tiers for wanted in tier.required if wanted.role in person.roles}
        assert not developers & signers

    def test_policy_loosens_nothing_but_the_age_of_the_dump(self, product: Product) -> None:
        policy = read_policy(product.quality / "policy.yaml").value
        assert [relaxed.criterion for relaxed in relaxations(policy)] == ["params.maximumDumpAgeDays"]
        assert [criterion.id for criterion in policy.criteria] == [criterion.id for criterion in default_policy().value.criteria]

    def test_matrix_fits_the_product(self, product: Product, graph: TraceGraph) -> None:
        document = read_matrix(product.quality / "matrix.yaml", name="quality/matrix.yaml")
        tests = find_known_tests(document.value, graph)
        findings = check_matrix(document, graph, tests=tests, safety_class=product.file.product.safety_class, day=dt.date(2026, 11, 23))
        assert findings == ()
        first = plan_tests(document.value, graph, tests, changed_paths=None, first_release=True, safety_class=product.file.product.safety_class)
        assert first.left_out == ()

    def test_vulnerability_dump_is_the_pinned_one(self, product: Product) -> None:
        policy = product.file.dependencies.vulnerabilities
        assert hashlib.sha256((product.root / policy.dump).read_bytes()).hexdigest() == policy.sha256

    def test_the_played_people_are_those_of_the_product(self, product: Product) -> None:
        """`demo.yaml` speaks of the same persons as `people.yaml`, which alone is part of the product."""
        people = read_people(product.quality / "people.yaml").value.people
        played = (product.root / "demo.yaml").read_text(encoding="utf-8")
        for person in people:
            assert f"{person.id}: {{id: {person.id}, name: {person.name}, email: {person.email}}}" in played


class TestQpcrCaller:
    def test_an_expensive_test_is_marked_in_source_and_matrix(self) -> None:
        matrix = read_matrix(QPCR / "quality" / "matrix.yaml", name="quality/matrix.yaml").value
        (path,) = matrix.expensive[0].tests
        assert "@pytest.mark.expensive" in (QPCR / path).read_text(encoding="utf-8")

    def test_a_plan_for_documentation_leaves_the_expensive_tests_out(self) -> None:
        product = load_product(QPCR)
        graph = load_product_trace(product)
        matrix = read_matrix(QPCR / "quality" / "matrix.yaml", name="quality/matrix.yaml").value
        tests = find_known_tests(matrix, graph)
        left_out = {
            path: {
                item.test.partition("::")[0] for item in plan_tests(matrix, graph, tests, changed_paths=[path], occasion="pull-request", safety_class="B").left_out
            }
            for path in ("README.md", "src/qpcr_caller/calling.py")
        }
        assert "tests/validation/test_simulated_runs.py" in left_out["README.md"]
        assert "tests/validation/test_simulated_runs.py" not in left_out["src/qpcr_caller/calling.py"]

    def test_wheel_is_the_same_in_another_folder_under_other_conditions(self, tmp_path: Path) -> None:
        pytest.importorskip("flit_core", reason="the example's build backend is not installed")
        conditions = (
            ("one", 0o022, {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "1"}),
            ("two/deeper", 0o077, {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "2"}),
        )
        wheels = []
        for name, mask, variables in conditions:
            before = os.umask(mask)
            try:
                folder = copy(QPCR, tmp_path / name)
                for number, path in enumerate(sorted(folder.rglob("*.py"))):
                    os.utime(path, (number * 10**8, number * 10**8))
                run(folder, sys.executable, "-m", "flit_core.wheel", variables={"SOURCE_DATE_EPOCH": "1767225600", **variables})
            finally:
                os.umask(before)
            (wheel,) = (folder / "dist").glob("*.whl")
            wheels.append((wheel.name, wheel.read_bytes()))
        assert wheels[0] == wheels[1]
        assert wheels[0][0] == f"qpcr_caller-{load_product(QPCR).version}-py3-none-any.whl"

    @pytest.mark.parametrize("lock", ["requirements-build.lock", "requirements-test.lock"])
    def test_lock_is_hashed_and_holds_what_is_installed_here(self, lock: str) -> None:
        text = (QPCR / lock).read_text(encoding="utf-8")
        pins = re.findall(r"^([a-z0-9-]+)==(\S+) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", text, re.MULTILINE)
        assert len(pins) == len(re.findall(r"^[a-z0-9-]+==", text, re.MULTILINE)) > 0
        for name, version, _ in pins:
            try:
                assert importlib.metadata.version(name) == version
            except importlib.metadata.PackageNotFoundError:
                pytest.skip(f"{name} is not installed")


@needs_compiler
class TestPumpFirmware:
    def test_its_own_tests_pass_and_leave_results(self, tmp_path: Path) -> None:
        folder = copy(PUMP, tmp_path)
        run(folder, "make", "--silent")
        out = run(folder, "make", "--silent", "test")
        assert out.count(", 0 failed") == 3
        for layer in ("unit", "integration", "validation"):
            listed = run(folder, "make", "--silent", f"list-{layer}").split()
            assert len(listed) == (folder / "results" / f"{layer}.xml").read_text(encoding="utf-8").count("<testcase ")

    def test_a_broken_control_turns_its_tests_red(self, tmp_path: Path) -> None:
        folder = copy(PUMP, tmp_path)
        air = folder / "src" / "air.h"
        air.write_text(air.read_text(encoding="utf-8").replace("AIR_BUBBLE_NL 50000u", "AIR_BUBBLE_NL 90000u"), encoding="utf-8")
        process = subprocess.run(["make", "--silent", "test-unit"], cwd=folder, capture_output=True, text=True)
        assert process.returncode != 0
        assert "FAIL tests/unit/test_air.c::test_bubble_above_fifty_microlitres_stops" in process.stdout
        assert "<failure message=" in (folder / "results" / "unit.xml").read_text(encoding="utf-8")

    def test_image_is_the_same_in_another_folder_and_names_itself(self, tmp_path: Path) -> None:
        images = []
        for name, variables in (("one", {"TZ": "UTC"}), ("two/deeper", {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "USER": "other"})):
            folder = copy(PUMP, tmp_path / name)
            run(folder, "make", "--silent", variables=variables)
            images.append((folder / "build" / "firmware.bin").read_bytes())
        assert images[0] == images[1]
        product = load_product(PUMP)
        device = product.file.package.device
        assert device is not None
        found = re.search(device.version_pattern.encode(), images[0])
        assert found is not None
        assert found[1].decode() == product.version
        assert device.firmware_checksum is not None
        assert zlib.crc32(images[0][device.firmware_checksum.start :]) == int.from_bytes(images[0][56:60], "little")
