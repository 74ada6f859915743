"""A release whose blobs lie in a locked bucket: run, sign, deploy, show, bundle, verify and fsck, and what a vandal there can do."""

import pytest

from fakes.tiny_product import call
from fakes.tiny_world import another_user, opened, own_configuration
from lotmark.base.digest import Digest

pytestmark = [pytest.mark.verifies("REQ-051", "REQ-019", "RC-003", "HAZ-001", "HAZ-005"), pytest.mark.slow]

__all__ = ["own_configuration"]


class World:
    def __init__(self, tiny, ceph):
        self.tiny = tiny
        self.bucket = ceph.bucket()
        self.client = ceph.client()
        self.settings = {**ceph.environment(), "LOTMARK_BLOBS": ceph.url(self.bucket, "evidence", lock="governance:1d")}

    def enter(self, monkeypatch):
        for name, value in self.settings.items():
            monkeypatch.setenv(name, value)

    def artifact(self):
        return Digest(self.tiny.predicates("release-candidate")[-1]["artifact"]["sha256"])

    def key(self):
        return f"evidence/sha256/{self.artifact().hex[:2]}/{self.artifact().hex}"

    def versions(self):
        return [item["VersionId"] for item in self.client.list_object_versions(Bucket=self.bucket, Prefix=self.key())["Versions"]]


@pytest.fixture(scope="module")
def made(ceph, tmp_path_factory):
    """The tiny product, released with its blobs in a bucket; each test leaves it sound."""
    world = World(opened().copy(tmp_path_factory.mktemp("s3") / "tiny"), ceph)
    with another_user(), pytest.MonkeyPatch.context() as monkeypatch:
        world.enter(monkeypatch)
        assert world.tiny.run().outcome == "pending"
        world.tiny.approve()
        assert world.tiny.run().outcome == "released"
    return world


@pytest.fixture
def released(made, monkeypatch):
    made.enter(monkeypatch)
    return made


def test_a_release_lives_in_the_bucket_alone_and_everything_reads_it_from_there(released, tmp_path, monkeypatch):
    tiny = released.tiny
    assert not (tiny.state / "blobs").exists()
    assert len(released.versions()) == 1
    for words in (("log", "fsck"), ("show", "1.0.0"), ("doctor",), ("verify", "--deployment", "site")):
        called = tiny.cli(*words)
        assert called.code == 0, (words, called.out, called.err)
    bundle = tmp_path / "bundle.zip"
    assert tiny.cli("release", "bundle", "-o", str(bundle)).code == 0
    monkeypatch.delenv("LOTMARK_BLOBS")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    verified = call("verify", str(bundle), "--trust", str(tiny.folder / "trust.json"))
    assert verified.code == 0, verified.out
    forgotten = tiny.cli("log", "fsck")
    assert forgotten.code == 4
    assert "LM-ITG-004" in forgotten.err
    assert f"s3://{released.bucket}/evidence" in forgotten.err


@pytest.mark.attack("L04")
def test_l04_a_vandal_in_the_bucket_is_told_and_changes_no_answer(released, tmp_path):
    tiny = released.tiny
    (first,) = released.versions()
    newer = released.client.put_object(Bucket=released.bucket, Key=released.key(), Body=b"echo pwned\n")["VersionId"]
    called = tiny.cli("log", "fsck")
    assert (called.code, "LM-LED-131" in called.out, first in called.out) == (6, True, True)
    bundle = tmp_path / "bundle.zip"
    assert tiny.cli("release", "bundle", "-o", str(bundle)).code == 0
    assert call("verify", str(bundle), "--trust", str(tiny.folder / "trust.json")).code == 0
    released.client.delete_object(Bucket=released.bucket, Key=released.key(), VersionId=newer)
    assert tiny.cli("log", "fsck").code == 0


@pytest.mark.attack("L04")
def test_l04_a_blob_that_is_gone_from_the_bucket_stops_the_bundle(released, tmp_path):
    tiny = released.tiny
    (version,) = released.versions()
    data = released.client.get_object(Bucket=released.bucket, Key=released.key())["Body"].read()
    released.client.delete_object(Bucket=released.bucket, Key=released.key(), VersionId=version, BypassGovernanceRetention=True)
    called = tiny.cli("log", "fsck")
    assert (called.code, "LM-LED-108" in called.out) == (6, True)
    made = tiny.cli("release", "bundle", "-o", str(tmp_path / "bundle.zip"))
    assert (made.code, "LM-DOS-013" in made.err) == (6, True)
    assert not (tmp_path / "bundle.zip").exists()
    with tiny.workspace() as workspace, workspace.writer() as ledger:
        ledger.blobs.put(data)
    assert tiny.cli("log", "fsck").code == 0


def test_a_bucket_that_is_away_stops_a_run_and_loses_nothing(released, monkeypatch):
    tiny = released.tiny
    before = tiny.size()
    tiny.edit("src/tool.sh", "VERSION=1.0.0", "VERSION=1.1.0")
    tiny.commit("The next version\n\nRefs: REQ-002")
    with monkeypatch.context() as away:
        away.setenv("LOTMARK_BLOBS", "s3://away/evidence?endpoint=http://127.0.0.1:9&region=default")
        called = tiny.cli("doctor")
        assert (called.code, "LM-LED-004" in called.out) == (4, True)
        stopped = tiny.cli("run")
        assert stopped.code == 4, stopped.out + stopped.err
    assert tiny.size() >= before
    assert tiny.cli("log", "fsck").code == 0
    assert tiny.run().outcome == "pending"


def test_the_doctor_tells_a_bucket_without_lock(ceph, monkeypatch):
    for name, value in ceph.environment().items():
        monkeypatch.setenv(name, value)
    plain = ceph.bucket(lock=False)
    for options, code, exit_code in (({}, "LM-ITG-005", 0), ({"lock": "compliance:1y"}, "LM-LED-032", 4)):
        monkeypatch.setenv("LOTMARK_BLOBS", ceph.url(plain, **options))
        called = call("doctor")
        assert (called.code, code in called.out) == (exit_code, True), called.out
    monkeypatch.setenv("LOTMARK_BLOBS", "s3://x")
    assert "LM-ITG-001" in call("doctor").out
    monkeypatch.setenv("LOTMARK_BLOBS", ceph.url(ceph.bucket(), lock="compliance:1y"))
    called = call("doctor")
    assert (called.code, "LM-ITG" in called.out) == (0, False)
