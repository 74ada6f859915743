"""Object Lock of a real bucket follows retention dates and legal holds, as persons sign them on the command line."""

from datetime import UTC, datetime

import pytest

from fakes.keeping import refused_run
from fakes.tiny_world import own_configuration, waiting

pytestmark = [pytest.mark.verifies("REQ-353", "REQ-050", "RC-003", "HAZ-005"), pytest.mark.slow]

__all__ = ["own_configuration"]


class World:
    """A run that was refused, so that its retention has a date at once: two years from its end."""

    def __init__(self, ceph, folder, monkeypatch):
        self.tiny = waiting().copy(folder / "tiny")
        self.bucket = ceph.bucket()
        self.client = ceph.client()
        for name, value in ceph.environment().items():
            monkeypatch.setenv(name, value)
        self.move(monkeypatch, ceph.url(self.bucket, lock="governance:1d"))

    def move(self, monkeypatch, url):
        """The blobs of the run so far go into the bucket, as the how-to has it, without any lock."""
        for path in sorted((self.tiny.state / "blobs" / "sha256").rglob("*")):
            if path.is_file():
                self.client.put_object(Bucket=self.bucket, Key=f"sha256/{path.parent.name}/{path.name}", Body=path.read_bytes())
        monkeypatch.setenv("LOTMARK_BLOBS", url)

    def objects(self):
        return [item["Key"] for item in self.client.list_objects_v2(Bucket=self.bucket)["Contents"]]

    def locks(self):
        """Key -> (kept until, under hold)."""
        found = {}
        for key in self.objects():
            head = self.client.head_object(Bucket=self.bucket, Key=key)
            found[key] = (head.get("ObjectLockRetainUntilDate"), head.get("ObjectLockLegalHoldStatus", "OFF"))
        return found

    def act(self, *words, by="quinn"):
        return self.tiny.cli("--format", "json", "records", *words, "--reason", "a test", *self.tiny.as_root(by))


@pytest.fixture
def world(ceph, tmp_path, monkeypatch):
    return World(ceph, tmp_path, monkeypatch)


def test_dates_and_holds_of_the_records_are_those_of_the_bucket(world):
    tiny, run = world.tiny, refused_run(world.tiny)
    locked = tiny.cli("--format", "json", "records", "lock")
    assert (locked.code, locked.wire["faults"]) == (0, []), locked.err
    first = world.locks()
    own = {key for key, (until, _) in first.items() if until is not None and until > datetime.now(UTC).replace(year=datetime.now(UTC).year + 1)}
    assert len(own) == locked.wire["retained"] > 3, "what the run needs is kept for two years"
    assert tiny.cli("records", "lock").code == 0
    assert world.locks() == first, "again is no change"

    held = world.act("hold", f"run:{run}")
    assert held.code == 0, held.err
    assert held.wire["locks"] == {"retained": len(own), "held": len(own), "faults": []}
    assert {key for key, (_, hold) in world.locks().items() if hold == "ON"} == own

    assert world.act("release", held.wire["order"]).code == 8
    assert {key for key, (_, hold) in world.locks().items() if hold == "ON"} == own, "one person alone releases nothing"
    released = world.act("approve", _waiting(tiny), by="rene")
    assert (released.code, released.wire["locks"]["held"]) == (0, 0), released.err
    after = world.locks()
    assert not any(hold == "ON" for _, hold in after.values())
    assert {key: until for key, (until, _) in after.items()} == {key: until for key, (until, _) in first.items()}, "a date stays"


def test_a_bucket_that_cannot_be_locked_is_told_and_the_record_stands(world, ceph, monkeypatch):
    run = refused_run(world.tiny)
    key = world.objects()[0]
    world.client.delete_object(
        Bucket=world.bucket, Key=key, VersionId=world.client.head_object(Bucket=world.bucket, Key=key)["VersionId"], BypassGovernanceRetention=True
    )
    held = world.act("hold", "product:tiny")
    assert held.code == 4
    assert "LM-REC-025: not locked" in held.err
    assert len(held.wire["locks"]["faults"]) == 1
    assert key.rpartition("/")[2] in held.wire["locks"]["faults"][0]
    status = world.tiny.cli("--format", "json", "records", "status").wire
    assert [each["scope"] for each in status["holds"]] == ["product:tiny"], "the hold stands, and expiry is refused by it"
    assert status["runs"][0]["run"] == run


def _waiting(tiny):
    return tiny.cli("--format", "json", "records", "status").wire["waiting"][0]["order"]


def test_where_nothing_locks_there_is_nothing_to_do(world, ceph, monkeypatch):
    monkeypatch.setenv("LOTMARK_BLOBS", ceph.url(world.bucket))
    called = world.tiny.cli("records", "lock")
    assert (called.code, "LM-REC-025" in called.err) == (5, True)
