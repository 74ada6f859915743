"""Reading a product: the declaration, its version, and the digests of everything that a decision pins."""

import json
import os
from pathlib import Path

import pytest

from fakes.declared_product import TARGET, declaration
from fakes.git_repository import Repository
from lotmark.base.digest import Digest
from lotmark.base.documents import parse_yaml
from lotmark.base.errors import UsageError
from lotmark.product._schemas import FOLDER, all_schemas
from lotmark.product.api import configuration_files, load_product, locks_beside, product_schema
from lotmark.product.models import EnvironmentSection
from lotmark.product.rules import RULES

pytestmark = pytest.mark.verifies("REQ-026")


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "product"
    write(folder, "lotmark.yaml", declaration())
    write(folder, "quality/policy.yaml", "p")
    write(folder, "quality/requirements/REQ-001.md", "r")
    return folder


def refusal(call, *arguments, **more):
    with pytest.raises(UsageError) as error:
        call(*arguments, **more)
    assert error.value.solution
    return error.value


class TestDeclaration:
    def test_a_product_is_its_declaration_and_what_lies_in_quality(self, root):
        product = load_product(root)
        assert (product.id, product.version, product.root, product.config_root) == ("qpcr", "1.4.0", root, root)
        assert product.quality == root / "quality"
        assert product.file.deploy.targets[0].name == "lab"
        assert [file.path for file in product.configuration] == ["lotmark.yaml", "quality/policy.yaml", "quality/requirements/REQ-001.md"]

    def test_the_safe_choice_is_the_default(self, root):
        file = load_product(root).file
        assert file.source.require_sign_off
        assert file.source.require_references
        assert file.environment.backend == "bwrap"
        assert file.product.part11
        assert not file.tests.unit.network
        assert file.tests.unit.attempts == 1

    @pytest.mark.parametrize(
        ("old", "new", "code", "place"),
        [
            ("lotmark: 1", "lotmark: 2", "LM-CFG-005", "lotmark.yaml:1:10"),
            ("lotmark: 1", "lotmark: true", "LM-CFG-005", "lotmark.yaml:1:10"),
            ("safety-class: B", "safety-class: D", "LM-CFG-005", "lotmark.yaml:6:17"),
            ("safety-class: B", "safety_class: B", "LM-CFG-004", "lotmark.yaml:6:3"),
            ("id: qpcr", "id: QPCR", "LM-CFG-005", "lotmark.yaml:3:7"),
            ("id: qpcr", 'id: "qpcr\\n"', "LM-CFG-005", "lotmark.yaml:3:7"),
            ("name: qPCR caller", "name: ''", "LM-CFG-005", "lotmark.yaml:4:9"),
            ("version: 1.4.0", "version: 1.2", "LM-CFG-005", "lotmark.yaml:5:12"),
            ("command: [make]", "command: make", "LM-CFG-005", "lotmark.yaml:11:18"),
            ("command: [make]", "command: []", "LM-CFG-005", "lotmark.yaml:11:18"),
        ],
    )
    def test_a_wrong_declaration_is_refused_at_its_place(self, root, old, new, code, place):
        text = (root / "lotmark.yaml").read_text()
        assert old in text
        (root / "lotmark.yaml").write_text(text.replace(old, new))
        error = refusal(load_product, root)
        assert (error.code, error.where) == (code, place)

    def test_a_missing_declaration_is_refused(self, root):
        (root / "lotmark.yaml").unlink()
        assert refusal(load_product, root).code == "LM-CFG-001"

    def test_a_missing_quality_folder_is_refused(self, root):
        (root / "quality").rename(root / "other")
        assert refusal(load_product, root).code == "LM-PRD-004"

    @pytest.mark.parametrize(
        ("second", "key"),
        [("{name: lab, path: ../other}", "name"), ("{name: lab-2, path: ../site}", "path"), ("{name: lab-2, path: ./.././site/}", "path")],
        ids=["one name", "one folder", "one folder, written in two ways"],
    )
    def test_two_targets_that_would_overwrite_each_other_are_refused(self, root, second, key):
        write(root, "lotmark.yaml", declaration(targets=f"{TARGET}\n    - {second}"))
        error = refusal(load_product, root)
        assert (error.code, error.where.partition(":")[0]) == ("LM-CFG-005", "lotmark.yaml")
        assert f"deploy.targets.1.{key}" in error.reason

    def test_two_different_targets_are_fine(self, root):
        write(root, "lotmark.yaml", declaration(targets=f"{TARGET}\n    - {{name: plant, path: ../plant}}"))
        assert len(load_product(root).file.deploy.targets) == 2


class TestVersion:
    def version(self, root, file, pattern):
        write(root, "lotmark.yaml", declaration(version=f"{{file: {file}, pattern: {json.dumps(pattern)}}}"))
        return load_product(root).version

    @pytest.mark.parametrize(
        ("text", "pattern"),
        [
            ('[project]\nname = "x"\nversion = "3.1.4rc1+local.5"\n', '^version = "(.+)"$'),
            ("#define V 1\r\n#define VERSION 3.1.4rc1+local.5\r\n", r"VERSION (\S+)"),
            ("3.1.4rc1+local.5", "(.*)"),
        ],
        ids=["a line of many", "lines as on Windows", "the whole file"],
    )
    def test_the_version_stands_in_the_sources(self, root, text, pattern):
        write(root, "v.txt", text)
        assert self.version(root, "v.txt", pattern) == "3.1.4rc1+local.5"

    @pytest.mark.parametrize(
        ("text", "pattern", "told"),
        [
            ("version 1.0", "none (here)", "matches"),
            ("version 1.0", "version .*", "matches"),
            ("version ", "version (.*)", "matches"),
            ("version 1.0", "version( beta)?", "matches"),
            ("version 1.0", "version (", "not a regular expression"),
            ("version 1 0", "version (.*)", "is no version"),
            ("version ../../etc", "version (.*)", "is no version"),
            ("version -rf", "version (.*)", "is no version"),
            ("version 1.0\n2", r"version ([\s\S]*)", "is no version"),
        ],
        ids=["no match", "no group", "empty group", "group not taken", "no regex", "a space", "a path", "an option", "two lines"],
    )
    def test_what_is_no_version_is_refused(self, root, text, pattern, told):
        write(root, "v.txt", text)
        error = refusal(self.version, root, "v.txt", pattern)
        assert error.code == "LM-PRD-003"
        assert told in error.reason

    @pytest.mark.parametrize("name", ["missing", "quality", "../outside", "/etc/hostname", "link"])
    def test_a_file_that_is_none_of_the_products_is_refused(self, root, name):
        write(root.parent, "outside", "1.0")
        (root / "link").symlink_to("../outside")
        error = refusal(self.version, root, name, "(.*)")
        assert (error.code, error.where) == ("LM-PRD-003", "lotmark.yaml")

    def test_a_file_that_is_no_text_is_refused(self, root):
        (root / "v.bin").write_bytes(b"\xff1.0")
        assert refusal(self.version, root, "v.bin", "(.*)").code == "LM-PRD-003"

    def test_a_version_that_is_written_down_must_be_one_too(self, root):
        write(root, "lotmark.yaml", declaration(version="'1.0/../../x'"))
        assert refusal(load_product, root).code == "LM-PRD-003"


class TestOutsideConfiguration:
    def test_it_is_read_in_place_of_the_repositorys_own_and_never_mixed(self, root, tmp_path):
        outside = tmp_path / "config"
        write(outside, "lotmark.yaml", declaration(version="9.9.9"))
        write(outside, "quality/other.yaml", "o")
        product = load_product(root, outside)
        assert (product.version, product.root, product.config_root) == ("9.9.9", root, outside)
        assert [file.path for file in product.configuration] == ["lotmark.yaml", "quality/other.yaml"]

    def test_the_repository_needs_none_of_its_own(self, tmp_path, root):
        bare = tmp_path / "theirs"
        bare.mkdir()
        assert load_product(bare, root).root == bare

    def test_the_version_is_still_read_from_the_repository(self, root, tmp_path):
        outside = tmp_path / "config"
        write(outside, "lotmark.yaml", declaration(version="{file: v.txt, pattern: (.*)}"))
        write(outside, "quality/x", "")
        write(outside, "v.txt", "0.0.0")
        write(root, "v.txt", "7.7.7")
        assert load_product(root, outside).version == "7.7.7"

    def test_lock_files_that_lie_with_it_are_configuration_because_no_commit_holds_them(self, root, tmp_path):
        locks = "[{path: ./requirements.lock}, {path: uv.lock}, {path: gone.lock}, {path: ../outside.lock}, {path: quality/q.lock}]"
        text = declaration(version="1.0.0").replace("none: {", f"locks: {locks}\n  none: {{")
        assert locks in text
        outside = tmp_path / "config"
        for name, content in {"lotmark.yaml": text, "requirements.lock": "l", "uv.lock": "u", "quality/q.lock": "q"}.items():
            write(outside, name, content)
        write(tmp_path, "outside.lock", "o")
        write(root, "uv.lock", "theirs")
        write(root, "lotmark.yaml", text)
        product = load_product(root, outside)
        assert [file.path for file in product.configuration] == ["lotmark.yaml", "quality/q.lock", "requirements.lock"]
        assert locks_beside(root, root, product.file.dependencies) == ()

    def test_a_folder_without_declaration_is_refused_although_the_repository_has_one(self, root, tmp_path):
        (tmp_path / "empty").mkdir()
        assert refusal(load_product, root, tmp_path / "empty").code == "LM-CFG-001"


class TestConfigurationFiles:
    def test_every_file_is_named_with_its_digest_in_one_order(self, root):
        write(root, "quality/a-b/c", "1")
        write(root, "quality/a/c", "2")
        write(root, "quality/.hidden", "3")
        found = configuration_files(root)
        names = [file.path for file in found]
        assert names == sorted(names)
        assert {"quality/a-b/c", "quality/a/c", "quality/.hidden"} < set(names)
        assert next(file.digest for file in found if file.path == "quality/a/c") == Digest.of(b"2")
        assert configuration_files(root) == found

    def test_what_lies_elsewhere_is_no_configuration(self, root):
        write(root, "src/x", "1")
        assert all(file.path.startswith(("lotmark.yaml", "quality/")) for file in configuration_files(root))

    @pytest.mark.parametrize("target", ["policy.yaml", "../../outside", "/etc/hostname", "missing", ".", "requirements"])
    def test_a_link_is_refused_wherever_it_leads(self, root, target):
        write(root.parent, "outside", "o")
        (root / "quality" / "link").symlink_to(target)
        error = refusal(configuration_files, root)
        assert (error.code, error.reason) == ("LM-PRD-006", "'quality/link' is no plain file")

    def test_a_declaration_or_a_whole_folder_that_is_a_link_is_refused(self, root):
        (root / "quality").rename(root / "real")
        (root / "quality").symlink_to("real")
        assert refusal(load_product, root).code == "LM-PRD-006"
        (root / "quality").unlink()
        (root / "real").rename(root / "quality")
        (root / "lotmark.yaml").rename(root / "real.yaml")
        (root / "lotmark.yaml").symlink_to("real.yaml")
        assert refusal(load_product, root).code == "LM-PRD-006"

    def test_a_pipe_is_refused(self, root):
        os.mkfifo(root / "quality" / "pipe")
        assert refusal(configuration_files, root).code == "LM-PRD-006"

    @pytest.mark.parametrize("name", ["line\nfeed", "escape\x1b[2J", os.fsdecode(b"caf\xe9"), "right\u202eleft"])
    def test_a_name_that_cannot_be_shown_is_refused(self, root, name):
        write(root / "quality", name, "x")
        error = refusal(configuration_files, root)
        assert error.code == "LM-PRD-006"
        error.reason.encode()

    def test_a_file_that_cannot_be_read_is_refused(self, root, monkeypatch):
        def denied(path, mode):
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr("builtins.open", denied)
        assert refusal(configuration_files, root).code == "LM-CFG-001"

    def test_what_pins_nothing_still_looks_at_every_file(self, root):
        assert load_product(root, pinned=False).configuration == ()
        (root / "quality/link.md").symlink_to(root / "lotmark.yaml")
        assert refusal(load_product, root, pinned=False).code == "LM-PRD-006"

    def test_a_folder_that_cannot_be_read_is_refused(self, root, monkeypatch):
        real = os.scandir

        def denied(path):
            if str(path).endswith("requirements"):
                raise PermissionError(13, "Permission denied", str(path))
            return real(path)

        monkeypatch.setattr(os, "scandir", denied)
        error = refusal(configuration_files, root)
        assert (error.code, "requirements" in error.reason) == ("LM-CFG-001", True)


class TestInterpreter:
    def test_none_is_none(self, tmp_path):
        assert EnvironmentSection(python="none").interpreter(tmp_path) is None

    def test_a_relative_one_lies_in_the_repository(self, tmp_path):
        assert EnvironmentSection(python=".venv/bin/python").interpreter(tmp_path) == tmp_path / ".venv/bin/python"
        assert EnvironmentSection(python="/usr/bin/python3").interpreter(tmp_path) == Path("/usr/bin/python3")

    def test_by_default_it_is_the_one_that_runs(self, tmp_path):
        import sys

        assert EnvironmentSection().interpreter(tmp_path) == Path(sys.executable)


class TestSchema:
    @pytest.mark.parametrize("name", sorted(all_schemas()))
    def test_the_published_schema_is_that_of_the_type(self, name):
        assert (FOLDER / name).read_bytes() == all_schemas()[name], "write it anew: python -m lotmark.product._schemas"

    def test_no_other_schema_lies_there(self):
        assert {path.name for path in FOLDER.iterdir()} == set(all_schemas())

    @pytest.mark.parametrize("example", ["qpcr-caller", "pump-firmware"])
    def test_the_examples_satisfy_it(self, example):
        jsonschema = pytest.importorskip("jsonschema")
        path = Path(__file__).parents[3] / "examples" / example / "lotmark.yaml"
        tree, _ = parse_yaml(path.read_bytes(), name="lotmark.yaml")
        assert list(jsonschema.Draft202012Validator(product_schema()).iter_errors(tree)) == []


def test_every_rule_of_the_room_is_told():
    assert [rule.code for rule in RULES] == [f"LM-PRD-{number:03d}" for number in range(1, 7)]
    assert all(rule.title and rule.story and rule.cure for rule in RULES)


def test_a_repository_and_its_product_agree_on_what_is_clean(tmp_path, root):
    """The state of a released product: clean for git, loaded, pinned."""
    from lotmark.product.api import find_root, read_source_state

    repo = Repository(root)
    repo.commit()
    assert read_source_state(find_root(root)).dirty == ()
    assert load_product(find_root(root / "quality")).root == root
