"""Fail every file-system call of an append to a ledger in SQLite, one after the other: EIO, then SIGKILL.

``python -m tools.strace_ledger`` (or ``--every 7`` for every seventh). A child opens a ledger, stores a blob and appends; it is
stopped first, so that strace can take hold of it. One undisturbed trial counts its calls; then each call of each kind is made
to fail, and after each trial the ledger must open, be sound, hold what was acknowledged, and take the rest. Exit 1 if not.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "tests"), str(Path(__file__).resolve().parents[1] / "src")]

from fakes.keyring import signer
from fakes.ledger import ORIGIN, REGISTRY, founding, note, policy
from lotmark.base.errors import LotmarkError
from lotmark.ledger import api

CALLS = (
    "openat,read,write,pread64,pwrite64,fsync,fdatasync,ftruncate,unlink,rename,mkdir,fchmod,lseek,newfstatat,fstat,stat,lstat,access,flock,fcntl,close"
).split(",")
APPENDS = 2


@dataclass(slots=True)
class Tally:
    """What was made to fail and what came of it; `problems` must stay empty."""

    trials: int = 0
    injected: int = 0
    acknowledged: int = 0
    calls: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def child(folder: Path, told: int) -> None:
    """Wait for strace, then append; each acknowledgement is a byte on the descriptor."""
    os.kill(os.getpid(), signal.SIGSTOP)
    with api.open_ledger(folder, signer("log"), wait=1) as ledger:
        for number in range(APPENDS):
            blob = ledger.blobs.put(b"blob %d" % number)
            ledger.append([note(f"number {number}", slot=f"slot-{number}", blobs=(blob,))])
            os.write(told, b"%d" % number)


def trial(prepared: Path, folder: Path, inject: list[str]) -> tuple[set[int], str]:
    """The acknowledged numbers, and what strace wrote."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(prepared, folder)
    trace = folder.with_name("trace")
    receiving, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 0
        try:
            os.close(receiving)
            sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - until the process ends
            child(folder, told)
        except BaseException:  # noqa: BLE001 - it is made to fail
            code = 4
        os._exit(code)
    os.close(told)
    os.waitpid(pid, os.WUNTRACED)
    tracer = subprocess.Popen(
        ["strace", "-f", "-p", str(pid), "-o", str(trace), "-e", f"trace={','.join('?' + call for call in CALLS)}", *inject], stderr=subprocess.PIPE, text=True
    )
    line = tracer.stderr.readline() if tracer.stderr else ""
    if "attached" not in line:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise SystemExit(f"strace: {line.strip()}")
    os.kill(pid, signal.SIGCONT)
    deadline = time.monotonic() + 60
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.002)
    tracer.communicate()
    answers = os.read(receiving, 100)
    os.close(receiving)
    return {int(chr(byte)) for byte in answers}, trace.read_text(errors="replace")


def check(folder: Path, answers: set[int], what: str, tally: Tally) -> None:
    """The ledger opens, holds what was acknowledged, is sound, and takes the rest once."""
    try:
        with api.open_ledger(folder, signer("log"), wait=5) as ledger:
            lost = [number for number in answers if ledger.find_slot(f"slot-{number}") is None]
            for number in range(APPENDS):
                blob = ledger.blobs.put(b"blob %d" % number)
                ledger.append([note(f"number {number}", slot=f"slot-{number}", blobs=(blob,))])
            found = [finding.message for finding in api.fsck(ledger, policy(), REGISTRY).findings]
            if lost or found or ledger.size != 2 + APPENDS:
                tally.problems.append(f"{what}: lost {lost}, size {ledger.size}, {found}")
    except LotmarkError as error:
        tally.problems.append(f"{what}: {error}")


def measure(every: int = 1) -> Tally:
    """All calls, or every so manieth of each kind."""
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="lotmark-strace-") as name:
        prepared, folder = Path(name) / "prepared", Path(name) / "ledger"
        with api.create_ledger(prepared, ORIGIN, signer("log")) as ledger:
            ledger.append(founding())
        answers, trace = trial(prepared, folder, [])
        if answers != set(range(APPENDS)):
            raise SystemExit(f"the undisturbed trial acknowledged {answers}")
        tally.calls = dict(Counter(re.findall(r"^\d+ +(\w+)\(", trace, re.MULTILINE)))
        for call, times in tally.calls.items():
            for number in range(1, times + 1, every):
                for fault in ("error=EIO", "signal=SIGKILL"):
                    if call == "close" and fault == "error=EIO":
                        continue  # the kernel has closed it all the same
                    answers, trace = trial(prepared, folder, ["-e", f"inject={call}:{fault}:when={number}"])
                    tally.trials += 1
                    tally.injected += "INJECTED" in trace or "SIGKILL" in trace
                    tally.acknowledged += len(answers)
                    check(folder, answers, f"{call} {number} {fault}", tally)
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.strace_ledger", description=__doc__)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--json", type=Path, help="also write the tally to this file")
    options = parser.parse_args()
    tally = measure(options.every)
    text = json.dumps(asdict(tally), indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")
    return 1 if tally.problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
