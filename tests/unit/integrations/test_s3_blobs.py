"""Blobs in a bucket against a real server: overwritten keys, locks, half uploads, servers that are away."""

import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from lotmark.base.clock import SystemClock
from lotmark.base.digest import Digest
from lotmark.base.errors import EnvironmentLacksError, IntegrityError
from lotmark.integrations import _s3_client
from lotmark.integrations._blob_versions import FILE
from lotmark.ledger.ports import BlobLocks

pytestmark = pytest.mark.verifies("REQ-051", "RC-003", "RC-004", "HAZ-001", "HAZ-005")

DATA = b"the result of a test"
DIGEST = Digest.of(DATA)
KEY = f"p/sha256/{DIGEST.hex[:2]}/{DIGEST.hex}"


@pytest.fixture
def world(s3, open_blobs):
    """A store with one blob in a bucket with versions, and an administrator of the bucket."""

    class World:
        bucket = s3.bucket()
        client = s3.client()
        url = s3.url(bucket, "p")

        def open(self, setting=None, **options):
            return open_blobs(setting or self.url, **options)

        def versions(self):
            return [item["VersionId"] for item in self.client.list_object_versions(Bucket=self.bucket, Prefix=KEY).get("Versions", [])]

        def overwrite(self, data=b"a better result"):
            return self.client.put_object(Bucket=self.bucket, Key=KEY, Body=data)["VersionId"]

    world = World()
    world.store = world.open()
    assert world.store.put(DATA) == DIGEST
    return world


def test_a_key_is_the_digest_below_the_prefix(world):
    listed = world.client.list_objects_v2(Bucket=world.bucket)["Contents"]
    assert [item["Key"] for item in listed] == [KEY]


def test_what_is_there_whole_is_not_sent_again(world, tmp_path):
    for options in ({}, {"state": tmp_path / "other machine"}):
        (tmp_path / "other machine").mkdir(exist_ok=True)
        assert world.open(**options).put(DATA) == DIGEST
    assert len(world.versions()) == 1


@pytest.mark.attack("L04")
@pytest.mark.parametrize("known", [True, False], ids=["with its table", "without its table"])
def test_l04_a_key_that_was_written_over_changes_nothing_that_is_read_and_is_told(world, tmp_path, known):
    first = world.versions()
    world.overwrite()
    if not known:
        (tmp_path / FILE).unlink()
    store = world.open(writable=False)
    assert store.get(DIGEST) == DATA
    with store.local_file(DIGEST) as path:
        assert path.read_bytes() == DATA
    fault = store.find_fault(DIGEST)
    assert (fault.code, first[0] in fault.reason) == ("LM-LED-131", True)


@pytest.mark.parametrize("known", [True, False], ids=["with its table", "without its table"])
def test_a_key_that_was_deleted_is_read_from_its_version_and_told(world, tmp_path, known):
    world.client.delete_object(Bucket=world.bucket, Key=KEY)
    if not known:
        (tmp_path / FILE).unlink()
    store = world.open(writable=False)
    assert store.get(DIGEST) == DATA
    fault = store.find_fault(DIGEST)
    assert (fault.code, "deleted" in fault.reason) == ("LM-LED-131", True)
    assert list(store) == ([DIGEST] if known else [])
    assert store.has(DIGEST) == known  # a listing shows no markers; the bytes are found all the same


def test_the_table_finds_the_version_without_a_search(world, monkeypatch):
    world.overwrite()
    monkeypatch.setattr(_s3_client.S3Bucket, "versions", None)
    assert world.open(writable=False).get(DIGEST) == DATA


def test_a_blob_whose_only_version_is_gone_is_missing(world):
    world.client.delete_object(Bucket=world.bucket, Key=KEY, VersionId=world.versions()[0])
    store = world.open()
    assert store.find_fault(DIGEST).code == "LM-LED-108"
    assert not store.has(DIGEST)
    with pytest.raises(IntegrityError):
        store.get(DIGEST)
    store.put(DATA)
    assert store.find_fault(DIGEST) is None


def test_a_blob_of_which_only_wrong_bytes_are_left_is_changed_and_put_right_by_the_next_put(world):
    (first,) = world.versions()
    world.overwrite(DATA.upper())
    world.client.delete_object(Bucket=world.bucket, Key=KEY, VersionId=first)
    store = world.open()
    assert store.find_fault(DIGEST).code == "LM-LED-109"
    for act in (store.get, lambda digest: store.local_file(digest).__enter__()):
        with pytest.raises(IntegrityError) as caught:
            act(DIGEST)
        assert (caught.value.code, KEY in caught.value.where) == ("LM-LED-109", True)
    store.put(DATA)
    assert store.get(DIGEST) == DATA
    assert store.find_fault(DIGEST) is None


def test_a_plain_bucket_tells_changed_bytes(s3, open_blobs):
    bucket = s3.bucket(lock=False)
    store = open_blobs(s3.url(bucket, "p"))
    store.put(DATA)
    s3.client().put_object(Bucket=bucket, Key=KEY, Body=DATA.upper())
    again = open_blobs(s3.url(bucket, "p"))
    assert again.find_fault(DIGEST).code == "LM-LED-109"
    again.put(DATA)
    assert again.get(DIGEST) == DATA


def test_the_same_bytes_put_by_another_machine_at_the_same_time_are_no_fault(world):
    world.overwrite(DATA)
    assert len(world.versions()) == 2
    assert world.open(writable=False).find_fault(DIGEST) is None


def test_threads_that_put_the_same_bytes_at_once_make_one_version(world):
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(world.store.put, [b"twice"] * 16)) == {Digest.of(b"twice")}
    key = f"p/sha256/{Digest.of(b'twice').hex[:2]}/{Digest.of(b'twice').hex}"
    assert len(world.client.list_object_versions(Bucket=world.bucket, Prefix=key)["Versions"]) == 1


def test_foreign_objects_are_no_blobs(world):
    for key in ("p/README", "p/sha256/00/readme", f"p/sha256/ff/{DIGEST.hex}", f"other/sha256/00/{'0' * 64}"):
        world.client.put_object(Bucket=world.bucket, Key=key, Body=b"x")
    assert list(world.open()) == [DIGEST]


def test_a_store_for_reading_takes_nothing(world):
    with pytest.raises(EnvironmentLacksError) as caught:
        world.open(writable=False).put(b"new")
    assert caught.value.code == "LM-LED-009"
    assert list(world.open()) == [DIGEST]


# ---- half uploads


@pytest.mark.parametrize("size", [100, _s3_client.MULTIPART_FROM + 1], ids=["one request", "many parts"])
def test_a_file_that_changes_while_it_is_sent_leaves_nothing(world, tmp_path, monkeypatch, size):
    source = tmp_path / "source"
    source.write_bytes(b"a" * size)
    real = type(world.store)._find_whole

    def change(self, digest, length):
        source.write_bytes(b"b" * size)
        return real(self, digest, length)

    monkeypatch.setattr(type(world.store), "_find_whole", change)
    with pytest.raises(EnvironmentLacksError, match="changed while it was stored") as caught:
        world.store.put_file(source)
    assert caught.value.code == "LM-LED-004"
    assert list(world.open()) == [DIGEST]
    assert world.client.list_multipart_uploads(Bucket=world.bucket).get("Uploads", []) == []


# ---- locks


@pytest.mark.attack("L04")
def test_l04_a_locked_blob_cannot_be_deleted_by_its_administrator(world):
    store = world.open(world.url + "&lock=compliance:2d")
    assert isinstance(store, BlobLocks)
    store.put(DATA)
    (version,) = world.versions()
    kept = world.client.get_object_retention(Bucket=world.bucket, Key=KEY, VersionId=version)["Retention"]
    assert kept["Mode"] == "COMPLIANCE"
    assert timedelta(days=1, hours=23) < kept["RetainUntilDate"] - datetime.now(UTC) <= timedelta(days=2)
    with pytest.raises(ClientError, match="AccessDenied"):
        world.client.delete_object(Bucket=world.bucket, Key=KEY, VersionId=version, BypassGovernanceRetention=True)
    assert store.find_fault(DIGEST) is None


def test_a_locked_blob_is_not_removed_before_its_date_and_stays_readable(world):
    store = world.open(world.url + "&lock=compliance:2d")
    store.put(DATA)
    with pytest.raises(EnvironmentLacksError, match="object lock") as caught:
        store.remove(DIGEST)
    assert caught.value.code == "LM-LED-004"
    assert world.open(world.url + "&lock=compliance:2d").get(DIGEST) == DATA


def test_a_held_blob_is_not_removed_until_it_is_released(world):
    world.store.hold(DIGEST, on=True)
    with pytest.raises(EnvironmentLacksError):
        world.store.remove(DIGEST)
    world.store.hold(DIGEST, on=False)
    assert world.store.remove(DIGEST)
    assert world.versions() == []


def test_every_version_goes_when_a_blob_is_removed(world):
    world.overwrite()
    assert world.store.remove(DIGEST)
    assert (world.versions(), list(world.open())) == ([], [])
    with pytest.raises(EnvironmentLacksError):
        world.open(writable=False).remove(DIGEST)


def test_a_longer_lock_is_never_shortened_and_a_shorter_one_is_extended(world):
    store = world.open(world.url + "&lock=compliance:3d")
    store.put(DATA)
    (version,) = world.versions()
    now = SystemClock().now()

    def until():
        return world.client.get_object_retention(Bucket=world.bucket, Key=KEY, VersionId=version)["Retention"]["RetainUntilDate"] - now

    before = until()
    store.retain(DIGEST, now + timedelta(days=1))
    assert until() == before
    store.retain(DIGEST, now + timedelta(days=9))
    assert timedelta(days=8) < until() <= timedelta(days=9)
    world.open(world.url + "&lock=compliance:5d").put(DATA)
    assert until() > timedelta(days=8)


def test_a_hold_is_laid_on_and_lifted(world):
    (version,) = world.versions()
    for on in (True, True, False):
        world.store.hold(DIGEST, on=on)
        held = world.client.get_object_legal_hold(Bucket=world.bucket, Key=KEY, VersionId=version)["LegalHold"]["Status"]
        assert held == ("ON" if on else "OFF")


def test_the_first_version_is_what_is_held_whatever_was_written_over_it(world):
    (version,) = world.versions()
    world.overwrite()
    world.store.hold(DIGEST, on=True)
    assert world.client.get_object_legal_hold(Bucket=world.bucket, Key=KEY, VersionId=version)["LegalHold"]["Status"] == "ON"
    world.store.hold(DIGEST, on=False)


def test_what_is_not_there_cannot_be_kept(world):
    for act in (lambda: world.store.hold(Digest.of(b"other"), on=True), lambda: world.store.retain(Digest.of(b"other"), SystemClock().now())):
        with pytest.raises(IntegrityError) as caught:
            act()
        assert caught.value.code == "LM-LED-108"


def test_a_blob_without_the_lock_that_the_setting_asks_for_is_told_and_mended_by_a_put(world):
    setting = world.url + "&lock=compliance:1d"
    assert world.open(setting).find_fault(DIGEST).code == "LM-LED-132"
    world.open(setting).put(DATA)
    assert world.open(setting).find_fault(DIGEST) is None


def test_governance_does_not_do_where_compliance_is_asked(world):
    world.open(world.url + "&lock=governance:1d").put(DATA)
    assert world.open(world.url + "&lock=governance:1d").find_fault(DIGEST) is None
    assert world.open(world.url + "&lock=compliance:1d").find_fault(DIGEST).code == "LM-LED-132"


def test_a_bucket_that_does_not_lock_takes_nothing_under_a_lock(s3, open_blobs):
    bucket = s3.bucket(lock=False)
    store = open_blobs(s3.url(bucket, "p", lock="compliance:1d"))
    with pytest.raises(EnvironmentLacksError) as caught:
        store.put(DATA)
    assert caught.value.code == "LM-LED-032"
    assert not store._durable
    plain = open_blobs(s3.url(bucket, "p"))
    for act in (lambda: plain.hold(DIGEST, on=True), lambda: plain.retain(DIGEST, SystemClock().now() + timedelta(days=1))):
        with pytest.raises(EnvironmentLacksError) as caught:
            act()
        assert caught.value.code == "LM-LED-032"


def test_a_lock_that_fails_is_no_receipt_and_the_next_put_locks(world, monkeypatch):
    store = world.open(world.url + "&lock=compliance:1d")

    def fail(*_):
        raise EnvironmentLacksError("LM-LED-004", "away")

    with monkeypatch.context() as away:
        away.setattr(_s3_client.S3Bucket, "retain", fail)
        with pytest.raises(EnvironmentLacksError):
            store.put(b"new")
    store.put(b"new")
    assert store.find_fault(Digest.of(b"new")) is None


# ---- servers that are away, or refuse


def test_a_server_that_is_away_is_told_after_a_bounded_time(s3, open_blobs, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        store = open_blobs(f"s3://evidence?endpoint=http://127.0.0.1:{taken.getsockname()[1]}&region=default")
        acts = (lambda: store.put(DATA), lambda: store.get(DIGEST), lambda: store.has(DIGEST), lambda: store.find_fault(DIGEST), lambda: list(store))
        for act in acts:
            with pytest.raises(EnvironmentLacksError) as caught:
                act()
            assert (caught.value.code, "lotmark doctor" in caught.value.solution) == ("LM-LED-004", True)
            assert "\n" not in caught.value.reason


def test_a_bucket_that_is_not_there_is_not_a_missing_blob(s3, open_blobs):
    store = open_blobs(s3.url("no-such-bucket", "p"))
    for act in (lambda: store.put(DATA), lambda: store.get(DIGEST), lambda: store.has(DIGEST), lambda: store.find_fault(DIGEST), lambda: list(store)):
        with pytest.raises(EnvironmentLacksError) as caught:
            act()
        assert caught.value.code == "LM-LED-004"


def test_wrong_credentials_are_told_as_such_and_never_shown(world, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another-secret")
    store = world.open()
    for act in (lambda: store.put(b"new"), lambda: store.get(DIGEST), lambda: store.find_fault(DIGEST), lambda: list(store)):
        with pytest.raises(EnvironmentLacksError) as caught:
            act()
        assert (caught.value.code, "refuses" in caught.value.reason, "rights" in caught.value.solution) == ("LM-LED-004", True, True)
        assert "another-secret" not in f"{caught.value}"


def test_a_full_disk_for_copies_is_named(world, monkeypatch, tmp_path):
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(EnvironmentLacksError, match="cannot be copied to this machine"):
        world.store.local_file(DIGEST).__enter__()


def test_a_local_copy_does_not_outlive_its_context(world, monkeypatch, tmp_path):
    import tempfile

    (tmp_path / "copies").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "copies"))
    with world.store.local_file(DIGEST):
        assert len(list((tmp_path / "copies").iterdir())) == 1
    with pytest.raises(IntegrityError):
        world.store.local_file(Digest.of(b"other")).__enter__()
    assert list((tmp_path / "copies").iterdir()) == []


def test_r01_a_blob_whose_retention_has_ended_goes_with_every_version(world):
    world.overwrite()
    assert world.store.remove(DIGEST) is True
    assert world.versions() == []
    assert not world.store.has(DIGEST)
    assert world.open().find_fault(DIGEST).code == "LM-LED-108"
    assert world.store.remove(DIGEST) is False
    world.store.put(DATA)
    assert world.open().get(DIGEST) == DATA


def test_r01_a_locked_blob_stays_and_the_refusal_is_told(world):
    store = world.open(world.url + "&lock=compliance:2d")
    store.put(DATA)
    with pytest.raises(EnvironmentLacksError) as caught:
        store.remove(DIGEST)
    assert caught.value.code == "LM-LED-004"
    assert store.find_fault(DIGEST) is None


def test_a_store_for_reading_removes_nothing(world):
    with pytest.raises(EnvironmentLacksError, match="LM-LED-009"):
        world.open(writable=False).remove(DIGEST)
    assert len(world.versions()) == 1
