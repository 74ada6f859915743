"""A real S3 server on loopback: Ceph with one monitor, one OSD in memory and one gateway, in a folder that goes with it.

Ready in about four seconds. No manager daemon is needed: pools come into being with the gateway, and nobody asks for statistics.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAMS = ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph", "ceph-authtool", "monmaptool")
ACCESS, SECRET, REGION = "LOTMARKTEST", "lotmark-test-secret", "default"
_WAIT = 60.0


@dataclass(frozen=True)
class Ceph:
    """A running server."""

    endpoint: str

    def environment(self) -> dict[str, str]:
        """The usual AWS variables that let a client in."""
        return {"AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_EC2_METADATA_DISABLED": "true"}

    def url(self, bucket: str, prefix: str = "", **options: str) -> str:
        """The setting that names a bucket of this server."""
        words = "".join(f"&{key}={value}" for key, value in options.items())
        return f"s3://{bucket}{'/' if prefix else ''}{prefix}?endpoint={self.endpoint}&region={REGION}{words}"

    def client(self):
        """A boto3 client, to do what a vandal or an administrator does."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3", endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id=ACCESS, aws_secret_access_key=SECRET,
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}, connect_timeout=5, read_timeout=20),
        )  # fmt: skip

    def bucket(self, *, lock: bool = True) -> str:
        """A new bucket; with Object Lock it keeps versions."""
        name = f"b-{uuid.uuid4().hex[:12]}"
        self.client().create_bucket(Bucket=name, ObjectLockEnabledForBucket=lock)
        return name


@contextmanager
def running() -> Iterator[Ceph]:
    """A server for the time of the context; the test is skipped where Ceph is not installed."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (Debian: ceph-mon ceph-osd radosgw)")
    folder = Path(tempfile.mkdtemp(prefix="lotmark-ceph-"))
    started: list[subprocess.Popen[bytes]] = []
    try:
        yield Ceph(_start(folder, started))
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path, started: list[subprocess.Popen[bytes]]) -> str:
    monitor, gateway = _free_ports(2)
    cluster, disk = str(uuid.uuid4()), str(uuid.uuid4())
    for name in ("mon", "osd", "rgw", "run"):
        (folder / name).mkdir()
    conf = folder / "ceph.conf"
    conf.write_text(_CONF.format(folder=folder, cluster=cluster, monitor=monitor, gateway=gateway))
    environment = {**os.environ, "CEPH_CONF": str(conf)}

    def run(*command: str) -> None:
        done = subprocess.run(command, env=environment, capture_output=True, timeout=_WAIT)
        if done.returncode:
            raise RuntimeError(f"{command}: {done.stderr.decode()}{_logs(folder)}")

    def start(*command: str) -> None:
        with (folder / f"{command[0]}.out").open("wb") as output:
            # A test process that is killed stops nothing: the servers then go with it.
            bound = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
            started.append(subprocess.Popen([*bound, *command], env=environment, stdout=output, stderr=output))

    keyring = folder / "keyring"
    run("ceph-authtool", "--create-keyring", str(keyring), "--gen-key", "-n", "mon.", "--cap", "mon", "allow *")
    for name in ("client.admin", "client.rgw", "osd.0"):
        run("ceph-authtool", str(keyring), "--gen-key", "-n", name, "--cap", "mon", "allow *", "--cap", "osd", "allow *")
    run("monmaptool", "--create", "--fsid", cluster, "--addv", "a", f"[v2:127.0.0.1:{monitor}]", str(folder / "monmap"))
    run("ceph-mon", "--mkfs", "-i", "a", "--monmap", str(folder / "monmap"), "--keyring", str(keyring))
    start("ceph-mon", "-f", "-i", "a")
    run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", disk)
    run("ceph", "--connect-timeout", "30", "osd", "new", disk, "0")
    start("ceph-osd", "-f", "-i", "0")
    start("radosgw", "-f", "-n", "client.rgw")
    endpoint = f"http://127.0.0.1:{gateway}"
    _await(endpoint, started, folder)
    run("radosgw-admin", "-n", "client.rgw", "user", "create", "--uid", "test", "--display-name", "test", "--access-key", ACCESS, "--secret-key", SECRET)
    return endpoint


def _await(endpoint: str, started: list[subprocess.Popen[bytes]], folder: Path) -> None:
    until = time.monotonic() + _WAIT
    while time.monotonic() < until and all(process.poll() is None for process in started):
        try:
            with urllib.request.urlopen(endpoint, timeout=2):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the gateway does not answer{_logs(folder)}")


def _logs(folder: Path) -> str:
    return "".join(f"\n--- {path.name}\n{path.read_text(errors='replace')[-2000:]}" for path in sorted([*folder.glob("*.out"), *folder.glob("*.log")]))


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


_CONF = """[global]
fsid = {cluster}
mon host = [v2:127.0.0.1:{monitor}]
mon initial members = a
public network = 127.0.0.0/8
mon data = {folder}/mon
mon data avail crit = 1
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 1000
paxos propose interval = 0.05
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 1073741824
osd data = {folder}/osd
run dir = {folder}/run
admin socket = {folder}/run/$name.$pid.asok
log file = {folder}/$name.log
keyring = {folder}/keyring
rgw data = {folder}/rgw
rgw frontends = beast endpoint=127.0.0.1:{gateway}
rgw thread pool size = 16
rgw enable usage log = false
rgw run sync thread = false
rgw enable quota threads = false
rgw enable gc threads = false
rgw enable lc threads = false
"""
