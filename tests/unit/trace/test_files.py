"""Reading from disk: links, permissions, pipes, and the whole graph of a product."""

import os

import pytest

from fakes.trace_files import codes, found, sound
from lotmark.trace._lines import MAX_BYTES
from lotmark.trace.api import check_trace, load_product_trace, load_trace, read_quality_files

pytestmark = pytest.mark.verifies("REQ-008", "RC-009", "HAZ-006")


@pytest.fixture
def product(tmp_path):
    for path, data in sound().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    (tmp_path / "tests/unit").mkdir(parents=True)
    (tmp_path / "tests/unit/test_it.py").write_text('import pytest\n@pytest.mark.verifies("REQ-001")\ndef test_it(): pass\n')
    return tmp_path


def test_a_folder_is_read_as_the_files_of_git_would_be(product):
    assert read_quality_files(product / "quality") == sound()


def test_the_whole_graph_of_a_sound_product_has_no_findings(product):
    graph = load_trace(product / "quality", "qpcr", root=product, patterns=["tests/**/*.py"])
    assert check_trace(graph) == ()
    assert graph.verified_by == {"REQ-001": ("tests/unit/test_it.py::test_it",)}


def test_without_a_root_no_sources_are_read(product):
    graph = load_trace(product / "quality", "qpcr")
    assert graph.sources.files == 0
    assert codes(check_trace(graph)) == ["LM-TRC-035"]


def test_a_product_is_loaded_by_its_declaration(product):
    class Tests:
        markers = ("tests/**/*.py",)

    class File:
        tests = Tests()

    class Product:
        id = "qpcr"
        root = product
        quality = product / "quality"
        file = File()

    assert check_trace(load_product_trace(Product())) == ()


def test_anomalies_are_read_beside_the_folders(product):
    (product / "quality/anomalies.yaml").write_text("anomalies: []\n")
    graph = load_trace(product / "quality", "qpcr")
    assert graph.anomalies_declared
    assert graph.anomalies == ()


def test_a_folder_that_is_not_there_is_a_finding(tmp_path):
    assert codes(load_trace(tmp_path / "nowhere", "qpcr").findings) == ["LM-TRC-015", "LM-TRC-015"]


def test_a_link_is_not_followed(product):
    (product / "outside.md").write_text("secret")
    (product / "quality/requirements/REQ-002.md").symlink_to(product / "outside.md")
    finding = found(load_trace(product / "quality", "qpcr").findings, "LM-TRC-001")
    assert finding.location.path == "quality/requirements/REQ-002.md"
    assert "link" in finding.message


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_without_permission_is_a_finding(product):
    (product / "quality/requirements/REQ-001.md").chmod(0)
    assert "Permission" in found(load_trace(product / "quality", "qpcr").findings, "LM-TRC-001").message


def test_a_pipe_does_not_hang_the_reading(product):
    os.mkfifo(product / "quality/requirements/REQ-002.md")
    assert "LM-TRC-002" in codes(load_trace(product / "quality", "qpcr").findings)


def test_hidden_files_and_folders_are_passed_over(product):
    (product / "quality/requirements/.REQ-001.md.swp").write_text("x")
    (product / "quality/requirements/.git").mkdir()
    (product / "quality/requirements/.git/x.md").write_text("x")
    assert read_quality_files(product / "quality") == sound()


@pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 200_000])
def test_a_long_file_is_read_whole(product, size):
    data = b"---\n" + b"x" * (size - 4)
    (product / "quality/requirements/REQ-002.md").write_bytes(data)
    assert read_quality_files(product / "quality")["quality/requirements/REQ-002.md"] == data


def test_a_huge_file_is_refused_for_its_size(product):
    with (product / "quality/requirements/REQ-002.md").open("wb") as stream:
        stream.truncate(20 * MAX_BYTES)
    assert "it was not read" in found(load_trace(product / "quality", "qpcr").findings, "LM-TRC-001").message
