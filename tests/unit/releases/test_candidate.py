"""From build outputs to the candidate: one artifact, its attributes, and the version as every source tells it."""

import zlib

import pytest

from fakes.archives import make_zip
from fakes.declared_product import declared
from fakes.release_run import COMMIT, RUN, VERSION, verified
from fakes.whole_release import AT, evidence_of, whole_run
from lotmark.attest.api import build_payload, parse_json
from lotmark.base.digest import Digest
from lotmark.base.errors import IntegrityError, RefusedError
from lotmark.bootstrap.api import registry
from lotmark.product.models import DeviceSection, FirmwareChecksum, PackageSection
from lotmark.releases.api import candidate_evidence, compare_versions, describe_device, select_artifact
from lotmark.releases.models import ArtifactFile, RunEvidence, Versions

pytestmark = pytest.mark.verifies("REQ-020", "RC-008")


METADATA = b"Version: 1.4.0\n\n"
IMAGE = b"LP-FW v1.4.0\x00" + bytes(range(256))


def artifact(folder, name="qpcr-1.4.0.whl", data=None):
    data = make_zip([("qpcr-1.4.0.dist-info/METADATA", METADATA)]) if data is None else data
    path = folder / "blob"
    path.write_bytes(data)
    return ArtifactFile(name, path, len(data), Digest.of(data))


class TestSelection:
    def outputs(self, tmp_path, *names):
        found = {}
        for number, name in enumerate(names):
            found[name] = tmp_path / f"blob{number}"
            found[name].write_bytes(name.encode())
        return found

    def test_the_one_output_that_matches_is_the_artifact(self, tmp_path):
        outputs = self.outputs(tmp_path, "dist/q-1.whl", "dist/q-1.tar.gz")
        chosen = select_artifact(outputs, PackageSection(artifact="dist/*.whl"))
        assert (chosen.name, chosen.path, chosen.size) == ("q-1.whl", outputs["dist/q-1.whl"], 12)
        assert chosen.digest == Digest.of(b"dist/q-1.whl")
        assert chosen.subject.digest == {"sha256": chosen.digest.hex}

    @pytest.mark.parametrize(
        ("names", "told"),
        [
            (["dist/a.whl", "dist/b.whl"], "it matches dist/a.whl, dist/b.whl"),
            (["dist/a.zip"], "it matches none of: dist/a.zip"),
            ([], "it matches none of: "),
            (["dist/a.WHL"], "none of"),
        ],
        ids=["two", "none", "no outputs", "another case"],
    )
    def test_not_exactly_one_is_refused_and_named(self, tmp_path, names, told):
        with pytest.raises(RefusedError) as error:
            select_artifact(self.outputs(tmp_path, *names), PackageSection(artifact="dist/*.whl"))
        assert error.value.code == "LM-REL-002"
        assert told in error.value.reason

    def test_bytes_that_are_gone_break_the_integrity(self, tmp_path):
        with pytest.raises(IntegrityError, match="cannot be read") as error:
            select_artifact({"dist/a.whl": tmp_path / "gone"}, PackageSection(artifact="*.whl"))
        assert error.value.code == "LM-REL-005"


class TestDevice:
    def describe(self, tmp_path, **more):
        return describe_device(artifact(tmp_path, "fw.bin", IMAGE), DeviceSection(models=["LP-1", "LP-2"], **more), tmp_path)

    def test_models_alone(self, tmp_path):
        assert self.describe(tmp_path).to_wire() == {
            "models": ["LP-1", "LP-2"],
            "reportedVersion": None,
            "calibrationProfile": None,
            "firmwareChecksum": None,
        }

    @pytest.mark.parametrize(
        ("start", "end", "part"),
        [(0, None, IMAGE), (13, None, IMAGE[13:]), (0, 13, IMAGE[:13]), (5, 6, IMAGE[5:6]), (0, len(IMAGE), IMAGE)],
        ids=["the whole file", "from a start", "to an end", "one byte", "named to the end"],
    )
    def test_a_checksum_covers_its_range_alone(self, tmp_path, start, end, part):
        crc = self.describe(tmp_path, firmware_checksum=FirmwareChecksum(algorithm="crc32", start=start, end=end))
        sha = self.describe(tmp_path, firmware_checksum=FirmwareChecksum(algorithm="sha256", start=start, end=end))
        place = (start, len(IMAGE) if end is None else end)
        assert crc.firmware_checksum == ("crc32", f"{zlib.crc32(part):08x}", *place)
        assert sha.firmware_checksum == ("sha256", Digest.of(part).hex, *place)

    def test_the_crc_is_the_one_that_devices_compute(self, tmp_path):
        device = DeviceSection(models=["m"], firmware_checksum=FirmwareChecksum(algorithm="crc32"))
        assert describe_device(artifact(tmp_path, "f", b"123456789"), device, tmp_path).firmware_checksum[1] == "cbf43926"
        assert describe_device(artifact(tmp_path, "f", b"\x97\x97\x97\x97"), device, tmp_path).firmware_checksum[1].isalnum()

    @pytest.mark.parametrize(("start", "end"), [(-1, None), (0, 0), (5, 5), (6, 5), (0, len(IMAGE) + 1), (len(IMAGE), None), (0, -1)])
    def test_a_range_outside_of_the_artifact_is_refused(self, tmp_path, start, end):
        with pytest.raises(RefusedError, match="does not lie in the artifact") as error:
            self.describe(tmp_path, firmware_checksum=FirmwareChecksum(algorithm="crc32", start=start, end=end))
        assert error.value.code == "LM-REL-003"

    def test_an_empty_artifact_has_no_checksum(self, tmp_path):
        device = DeviceSection(models=["m"], firmware_checksum=FirmwareChecksum(algorithm="sha256"))
        with pytest.raises(RefusedError):
            describe_device(artifact(tmp_path, "f", b""), device, tmp_path)

    def test_the_calibration_profile_is_named_by_digest(self, tmp_path):
        (tmp_path / "cal").mkdir()
        (tmp_path / "cal" / "profile.json").write_bytes(b"{}")
        found = self.describe(tmp_path, calibration_profile="cal/profile.json")
        assert found.calibration_profile == ("cal/profile.json", Digest.of(b"{}"))
        assert found.to_wire()["calibrationProfile"] == {"path": "cal/profile.json", "sha256": Digest.of(b"{}").hex}

    @pytest.mark.parametrize("path", ["missing.json", "../outside.json", "/etc/hostname", "folder", "link"])
    def test_a_profile_that_is_none_of_the_products_is_refused(self, tmp_path, path):
        root = tmp_path / "root"
        (root / "folder").mkdir(parents=True)
        (tmp_path / "outside.json").write_text("{}")
        (root / "link").symlink_to("../outside.json")
        with pytest.raises(RefusedError, match="calibration profile") as error:
            describe_device(artifact(tmp_path), DeviceSection(models=["m"], calibration_profile=path), root)
        assert error.value.code == "LM-REL-003"

    def test_the_version_that_it_reports_is_kept(self, tmp_path):
        assert self.describe(tmp_path, version_pattern="v([0-9.]+)").reported_version == "1.4.0"


class TestVersions:
    @pytest.mark.parametrize("field", ["tested", "sbom", "artifact"])
    @pytest.mark.parametrize("value", [None, "", "1.4.1"])
    def test_one_source_that_differs_or_is_silent_is_enough(self, field, value):
        same = dict.fromkeys(("proposed", "tested", "sbom", "artifact"), VERSION)
        assert Versions(**same).equal
        assert not Versions(**{**same, field: value}).equal

    def test_a_labelling_counts_where_it_is_declared(self):
        same = dict.fromkeys(("proposed", "tested", "sbom", "artifact"), VERSION)
        assert Versions(**same, label=VERSION).equal
        assert not Versions(**same, label="1.3.0").equal
        assert Versions(**same).to_wire() == {**same, "label": None}

    def compare(self, tmp_path, run, file=None, **options):
        file = file or artifact(tmp_path)
        for layer in ("unit", "integration", "validation"):
            for named in run.predicate("test-run", layer)["artifacts"]:
                named["sha256"] = named["sha256"].replace("aa" * 32, file.digest.hex)
        return compare_versions(declared(tmp_path, **options), evidence_of(run), file)

    def test_every_source_tells_the_same(self, tmp_path):
        assert self.compare(tmp_path, whole_run()) == Versions(VERSION, VERSION, VERSION, VERSION)

    @pytest.mark.parametrize("layer", ["unit", "integration", "validation"])
    def test_tested_is_only_what_every_layer_tested(self, tmp_path, layer):
        run = whole_run()
        run.predicate("test-run", layer)["artifacts"] = [{"name": "other", "sha256": "bb" * 32}]
        assert self.compare(tmp_path, run).tested is None
        run = whole_run()
        del run.predicate("test-run", layer)["artifacts"]
        run.predicate("test-run", layer)["artifacts"] = []
        assert self.compare(tmp_path, run).tested is None

    def test_a_layer_that_did_not_run_tested_nothing(self, tmp_path):
        assert compare_versions(declared(tmp_path), RunEvidence([]), artifact(tmp_path)) == Versions(VERSION, None, None, VERSION)

    def test_an_sbom_without_a_component_tells_none(self, tmp_path):
        evidence = RunEvidence([verified("sbom", {"bomFormat": "CycloneDX"}, 1)])
        assert compare_versions(declared(tmp_path), evidence, artifact(tmp_path)).sbom is None

    def test_an_artifact_that_tells_none_was_not_tested_as_any(self, tmp_path):
        found = self.compare(tmp_path, whole_run(), artifact(tmp_path, "fw.bin", IMAGE))
        assert (found.artifact, found.tested, found.equal) == (None, None, False)

    def test_the_labelling_is_read_from_the_repository(self, tmp_path):
        (tmp_path / "ifu.md").write_text("Instructions for use, software version 1.3.9\n")
        found = self.compare(tmp_path, whole_run(), package="{artifact: x, label: {file: ifu.md, pattern: 'version (.+)$'}}")
        assert (found.label, found.equal) == ("1.3.9", False)

    def test_a_labelling_that_tells_none_is_refused_and_never_taken_for_equal(self, tmp_path):
        with pytest.raises(RefusedError) as error:
            self.compare(tmp_path, whole_run(), package="{artifact: x, label: {file: ifu.md, pattern: 'version (.+)$'}}")
        assert (error.value.code, error.value.where) == ("LM-REL-006", "ifu.md")


class TestEvidence:
    def candidate(self, tmp_path, file=None, run=None, **options):
        file = file or artifact(tmp_path)
        return candidate_evidence(
            declared(tmp_path, **options), evidence_of(run or whole_run()), file, run=RUN, commit=COMMIT, built_at=AT, environment_sha256="e0" * 32
        )

    def test_candidate_and_signature_are_about_the_artifact(self, tmp_path):
        file = artifact(tmp_path)
        made = self.candidate(tmp_path, file)
        assert [item.kind for item in made] == ["release-candidate", "artifact-signature"]
        assert all(item.subjects == (file.subject,) for item in made)
        candidate, signature = (item.predicate for item in made)
        assert candidate["artifact"] == {"name": file.name, "mediaType": "application/octet-stream", "size": file.size, "sha256": file.digest.hex}
        assert signature == {"artifact": {"name": file.name, "sha256": file.digest.hex, "size": file.size}, "product": "qpcr", "version": VERSION}

    def test_the_build_is_told_with_its_locks(self, tmp_path):
        build = self.candidate(tmp_path)[0].predicate["build"]
        assert build == {
            "commit": COMMIT,
            "builtAt": AT,
            "locks": [{"path": "requirements.lock", "sha256": "11" * 32}],
            "run": RUN,
            "environmentSha256": "e0" * 32,
        }

    def test_without_dependencies_there_are_no_locks(self, tmp_path):
        run = whole_run()
        run.drop("dependencies")
        assert self.candidate(tmp_path, run=run)[0].predicate["build"]["locks"] == []

    def test_every_piece_of_evidence_is_named_by_the_digest_of_its_signed_bytes(self, tmp_path):
        run = whole_run()
        named = self.candidate(tmp_path, run=run)[0].predicate["evidence"]
        expected = [entry for entry in run.entries() if entry.kind not in {"run-opened", "stage-result"}]
        assert named == [{"kind": entry.kind, "payload": entry.envelope.payload_digest.hex} for entry in expected]

    def test_records_fit_their_types_as_they_will_be_read(self, tmp_path):
        (tmp_path / "cal.json").write_text("{}")
        package = "{artifact: x, device: {models: [LP-1], calibration-profile: cal.json, version-pattern: 'v([0-9.]+)', firmware-checksum: {algorithm: crc32, end: 13}}}"
        made = self.candidate(tmp_path, artifact(tmp_path, "fw.bin", IMAGE), package=package)
        assert [item.kind for item in made] == ["release-candidate", "artifact-signature", "scai"]
        for item in [*made, *self.candidate(tmp_path)]:
            assert parse_json(build_payload(item, registry()))["predicate"] == item.predicate

    def test_device_attributes_are_stated_in_the_standard_form_too(self, tmp_path):
        (tmp_path / "cal.json").write_text("{}")
        package = (
            "{artifact: x, device: {models: [LP-1], calibration-profile: cal.json, version-pattern: 'v([0-9.]+)', firmware-checksum: {algorithm: sha256}}}"
        )
        scai = self.candidate(tmp_path, artifact(tmp_path, "fw.bin", IMAGE), package=package)[2]
        assert scai.predicate["producer"] == {"name": "lotmark"}
        assert scai.predicate["attributes"] == [
            {"attribute": "DEVICE_MODELS", "conditions": {"models": ["LP-1"]}},
            {"attribute": "FIRMWARE_CHECKSUM", "conditions": {"algorithm": "sha256", "value": Digest.of(IMAGE).hex, "range": [0, len(IMAGE)]}},
            {"attribute": "CALIBRATION_PROFILE", "evidence": {"name": "cal.json", "digest": {"sha256": Digest.of(b"{}").hex}}},
            {"attribute": "REPORTED_VERSION", "conditions": {"version": "1.4.0"}},
        ]

    def test_a_device_with_models_alone_states_models_alone(self, tmp_path):
        scai = self.candidate(tmp_path, artifact(tmp_path, "fw.bin", IMAGE), package="{artifact: x, device: {models: [LP-1]}}")[2]
        assert [entry["attribute"] for entry in scai.predicate["attributes"]] == ["DEVICE_MODELS"]
