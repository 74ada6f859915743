"""A real PostgreSQL on loopback: one server for a test session, a database for each test."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
_USER = "lotmark"


class Postgres:
    """A server in a temporary folder, run by an ordinary user as PostgreSQL wants it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.port = _free_port()
        self._made: str | None = None
        folder.chmod(0o755)
        self.data.mkdir()
        if os.geteuid() == 0:
            shutil.chown(self.data, "postgres")
        self._run("initdb", "-D", str(self.data), "-U", _USER, "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C")
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write("unix_socket_directories = ''\nlisten_addresses = '127.0.0.1'\nmax_connections = 120\nlog_min_messages = fatal\n")
        self.start()

    def start(self) -> None:
        """Start it, or start it again after `stop`."""
        self._run("pg_ctl", "-D", str(self.data), "-o", f"-p {self.port}", "-l", str(self.data / "server.log"), "-w", "-t", "60", "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop it; `immediate` is a crash."""
        self._run("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "-t", "60", "stop", check=False)

    def kill(self) -> None:
        """Kill the server and its children with SIGKILL, as a machine that loses power would."""
        pid = int((self.data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and Path(f"/proc/{pid}").exists():
            time.sleep(0.02)
        time.sleep(0.3)  # its children notice that it is gone

    def database(self) -> str:
        """The URL of a database without a ledger."""
        if self._made is None:
            self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", _USER, "test")
            self._made = f"postgresql://{_USER}@127.0.0.1:{self.port}/test"
        with psycopg.connect(self._made, autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name LIKE 'lotmark %'")
            connection.execute("DROP SCHEMA IF EXISTS lotmark CASCADE")
        return self._made

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        command = [str(BINARIES[-1] / program), *arguments]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", stdin=subprocess.DEVNULL)
        if check and done.returncode:
            raise RuntimeError(f"{program}: {done.stdout}{done.stderr}")


def missing() -> str:
    """Why there is no server here; empty if there is one."""
    if not BINARIES:
        return "PostgreSQL is not installed (apt-get install postgresql)"
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        return "PostgreSQL does not run as root, and setpriv is not installed (apt-get install util-linux)"
    return ""


@contextmanager
def run_postgres() -> Iterator[Postgres]:
    """A server until the context ends."""
    with tempfile.TemporaryDirectory(prefix="lotmark-pg-", dir="/tmp") as name:
        server = Postgres(Path(name))
        try:
            yield server
        finally:
            server.stop("immediate")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    if missing():
        pytest.skip(missing())
    with run_postgres() as server:
        yield server


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
