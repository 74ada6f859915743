"""The setting that names a place: what it says, and that nothing is guessed."""

from datetime import UTC, datetime, timedelta

import pytest

from lotmark.base.errors import EnvironmentLacksError, UsageError
from lotmark.integrations._s3_settings import Bucket, BucketLock, parse_bucket
from lotmark.integrations.api import blob_opener, open_objects
from lotmark.ledger.api import ObjectFolder

pytestmark = pytest.mark.verifies("REQ-051", "REQ-025", "RC-009")

GOOD = {
    "s3://evidence": Bucket("evidence"),
    "s3://evidence/": Bucket("evidence"),
    "s3://evidence/a/b": Bucket("evidence", "a/b"),
    "s3://e.v-1/lotmark/?region=eu-central-1": Bucket("e.v-1", "lotmark", region="eu-central-1"),
    "s3://evidence?endpoint=https://s3.example.org:9000/": Bucket("evidence", endpoint="https://s3.example.org:9000"),
    "s3://evidence?endpoint=http%3A%2F%2F127.0.0.1%3A8000&region=default": Bucket("evidence", endpoint="http://127.0.0.1:8000", region="default"),
    "s3://evidence?lock=compliance:15y": Bucket("evidence", lock=BucketLock("COMPLIANCE", 15 * 366)),
    "s3://evidence?lock=governance:90d": Bucket("evidence", lock=BucketLock("GOVERNANCE", 90)),
    "s3://evidence?lock=compliance:100y": Bucket("evidence", lock=BucketLock("COMPLIANCE", 36600)),
}


@pytest.mark.parametrize(("url", "bucket"), GOOD.items(), ids=GOOD)
def test_a_setting_names_a_bucket(url, bucket):
    assert parse_bucket(url) == bucket


BAD = {
    "no bucket": "s3://",
    "upper case": "s3://Evidence",
    "short": "s3://ab",
    "port": "s3://evidence:80/x",
    "other scheme": "gs://evidence",
    "path without scheme": "evidence/a",
    "parent": "s3://evidence/a/../b",
    "double slash": "s3://evidence/a//b",
    "space": "s3://evidence/a%20b",
    "fragment": "s3://evidence/a#b",
    "unknown option": "s3://evidence?acl=public",
    "option twice": "s3://evidence?region=a&region=b",
    "endpoint without scheme": "s3://evidence?endpoint=s3.example.org",
    "endpoint of another scheme": "s3://evidence?endpoint=ftp://s3.example.org",
    "endpoint without host": "s3://evidence?endpoint=http://",
    "region with a space": "s3://evidence?region=a%20b",
    "lock without period": "s3://evidence?lock=compliance",
    "lock of another mode": "s3://evidence?lock=legal:1y",
    "lock of no days": "s3://evidence?lock=compliance:0d",
    "lock in months": "s3://evidence?lock=compliance:6m",
    "lock of ages": "s3://evidence?lock=compliance:101y",
    "negative lock": "s3://evidence?lock=compliance:-1y",
}


@pytest.mark.parametrize("url", BAD.values(), ids=BAD)
def test_what_is_not_understood_is_refused_with_its_form(url):
    with pytest.raises(UsageError) as caught:
        parse_bucket(url)
    assert caught.value.code == "LM-ITG-001"
    assert "s3://bucket/prefix" in caught.value.solution


@pytest.mark.parametrize("url", ["s3://key:secret-word@evidence", "s3://key@evidence", "s3://evidence?endpoint=https://key:secret-word@host"])
def test_credentials_in_a_setting_are_refused_and_not_repeated(url):
    with pytest.raises(UsageError) as caught:
        parse_bucket(url)
    assert caught.value.code == "LM-ITG-001"
    assert "secret-word" not in f"{caught.value} {caught.value.solution}"


def test_a_year_of_a_lock_is_never_shorter_than_a_year():
    lock = parse_bucket("s3://evidence?lock=compliance:1y").lock
    now = datetime(2027, 3, 1, tzinfo=UTC)
    assert lock.until(now) - now == timedelta(days=366) >= datetime(2028, 3, 1, tzinfo=UTC) - now


def test_places_and_keys():
    assert (Bucket("b", "p/q").place, Bucket("b").place) == ("s3://b/p/q", "s3://b")
    assert (Bucket("b", "p/q").key("x"), Bucket("b").key("x")) == ("p/q/x", "x")


def test_an_empty_setting_is_the_folder_of_the_state(tmp_path):
    store = blob_opener("", tmp_path, None)(True)
    digest = store.put(b"x")
    assert (tmp_path / "blobs" / "sha256" / digest.hex[:2] / digest.hex).is_file()


@pytest.mark.parametrize("form", ["{}", "file://{}", "file://localhost{}"])
def test_a_folder_is_named_by_path_or_url(tmp_path, form):
    place = tmp_path / "other place"
    setting = form.format(str(place).replace(" ", "%20") if form != "{}" else place)
    digest = blob_opener(setting, tmp_path / "state", None)(True).put(b"x")
    assert (place / "blobs" / "sha256" / digest.hex[:2] / digest.hex).is_file()
    open_objects(setting).put_new("checkpoint", b"x")
    assert ObjectFolder(place).get("checkpoint") == b"x"


@pytest.mark.parametrize("setting", ["relative/folder", "file://host/folder", "file:relative", "http://example.org/x", "C:\\evidence", "/a\0b"])
def test_what_names_no_place_is_refused(tmp_path, setting):
    for act in (lambda: blob_opener(setting, tmp_path, None), lambda: open_objects(setting)):
        with pytest.raises(UsageError) as caught:
            act()
        assert caught.value.code == "LM-ITG-001"


def test_a_bucket_is_not_asked_for_before_it_is_opened(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    opener = blob_opener("s3://evidence", tmp_path, None)
    with pytest.raises(EnvironmentLacksError) as caught:
        opener(False)
    assert caught.value.code == "LM-ITG-003"
    assert "AWS_ACCESS_KEY_ID" in caught.value.solution


def test_without_the_extra_the_error_names_it(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(EnvironmentLacksError) as caught:
        blob_opener("s3://evidence", tmp_path, None)(False)
    assert (caught.value.code, caught.value.solution) == ("LM-ITG-002", "pip install 'lotmark[s3]'")
