"""Kill what appends to a ledger at random moments and count what was acknowledged and is lost, doubled or forked.

``python -m tools.kill_ledger --store sqlite --count 1000`` (or ``postgres``). The load is mixed: four threads append single
submissions, batches, blobs, repeats and attachments. In SQLite the appending process is killed (SIGKILL). In PostgreSQL the
sequencer serves a client without the log's key, and either or both are killed; every twentieth time the server itself is
stopped "immediate". After each kill the ledger is opened again with the last acknowledged checkpoint as seen, and every
acknowledgement of the trial is looked up: same index, same receipt, one entry. Exit 1 if anything was lost.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "tests"), str(Path(__file__).resolve().parents[1] / "src")]

from fakes.keyring import signer
from fakes.ledger import ORIGIN, REGISTRY, founding, note, policy
from lotmark.base.errors import LotmarkError
from lotmark.ledger import api
from lotmark.ledger.api import StoredLedger, folder_blobs
from servers.postgres import Postgres, run_postgres

THREADS = 4
FRESH = 100
"""Kills after which a new ledger is begun, so that checking does not grow without end."""
FSCK = 25
STOP = 20


@dataclass(slots=True)
class Tally:
    """What was done and what came of it; the last three must stay 0."""

    store: str
    kills: int = 0
    server_stops: int = 0
    acknowledged: int = 0
    entries: int = 0
    slowest_opening_ms: float = 0.0
    lost: int = 0
    doubled: int = 0
    forks: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.forks or self.problems)


class Place:
    """One ledger that is being tormented, and how it is opened."""

    def __init__(self, folder: Path, server: Postgres | None) -> None:
        self.folder = folder
        self.server = server
        self.where: Path | str = server.database() if server else folder
        with api.create_ledger(self.where, ORIGIN, signer("log"), blobs=folder_blobs(folder)) as ledger:
            ledger.append(founding())
            self.seen = ledger.checkpoint()
        self.next = 0

    def writer(self) -> StoredLedger:
        return api.open_ledger(self.where, signer("log"), wait=20, blobs=folder_blobs(self.folder))

    def client(self) -> StoredLedger:
        return api.open_ledger(self.where, submitting=True, wait=20, blobs=folder_blobs(self.folder))

    def reader(self) -> StoredLedger:
        return api.open_ledger(self.where, seen=[self.seen], blobs=folder_blobs(self.folder))


def load(ledger: StoredLedger, first: int, told: int) -> None:
    """Append for ever from four threads; each acknowledgement is a line on the descriptor `told`."""

    def work(start: int) -> None:
        number = start
        while True:
            blobs = (ledger.blobs.put(b"blob of %d" % number),) if number % 5 == 0 else ()
            parts = 3 if number % 7 == 0 else 1
            batch = [note(f"number {number}.{part}", slot=f"slot-{number}.{part}", blobs=blobs) for part in range(parts)]
            receipts = ledger.append(batch)
            if number % 3 == 0:
                assert ledger.append(batch[:1]) == receipts[:1]
            for part, receipt in enumerate(receipts):
                digest = hashlib.sha256(receipt.to_json()).hexdigest()
                os.write(told, (json.dumps([number, part, receipt.index, digest, receipt.checkpoint.decode()]) + "\n").encode())
            number += THREADS

    threads = [threading.Thread(target=work, args=(first + offset,), daemon=True) for offset in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def fork(action: Callable[[], None]) -> int:
    """The pid of a child that does the action and ends."""
    pid = os.fork()
    if pid:
        return pid
    try:
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - until the process ends
        action()
    except BaseException:  # noqa: BLE001 - the child has nobody to tell
        os._exit(4)
    os._exit(0)


def torment(place: Place, dice: random.Random, tally: Tally) -> list[list[object]]:
    """One trial: start, kill at a random moment, collect the acknowledgements."""
    receiving, told = os.pipe()
    first = place.next
    if place.server is None:
        children = [fork(lambda: load(place.writer(), first, told))]
    else:
        children = [fork(lambda: place.writer().serve(threading.Event())), fork(lambda: load(place.client(), first, told))]
    os.close(told)
    lines = _Lines(receiving)
    lines.wait_for_first(20)
    time.sleep(dice.random() * 0.15)
    if place.server is not None and tally.kills % STOP == STOP - 1:
        place.server.stop("immediate")
        place.server.start()
        tally.server_stops += 1
        time.sleep(dice.random() * 0.2)
    victims = children if place.server is None else dice.choice((children, children[:1], children[1:]))
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    if len(victims) < len(children):
        time.sleep(dice.random() * 0.05)
    for pid in children:
        if pid not in victims:
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    tally.kills += 1
    return lines.finish()


class _Lines:
    """Reads a pipe in a thread of its own."""

    def __init__(self, descriptor: int) -> None:
        self._data: list[bytes] = []
        self._first = threading.Event()
        self._descriptor = descriptor
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        while block := os.read(self._descriptor, 1 << 16):
            self._data.append(block)
            self._first.set()
        os.close(self._descriptor)

    def wait_for_first(self, seconds: float) -> None:
        self._first.wait(seconds)

    def finish(self) -> list[list[object]]:
        self._thread.join()
        whole = b"".join(self._data).split(b"\n")[:-1]  # what was cut off was not acknowledged
        return [json.loads(line) for line in whole]


def check(place: Place, answers: list[list[object]], tally: Tally) -> None:
    """Look every acknowledgement up."""
    before = time.perf_counter()
    try:
        ledger = place.reader()
    except LotmarkError as error:
        tally.forks += 1
        tally.problems.append(str(error))
        return
    with ledger:
        tally.slowest_opening_ms = max(tally.slowest_opening_ms, (time.perf_counter() - before) * 1000)
        newest = -1
        for number, part, index, digest, checkpoint in answers:
            entry = ledger.find_slot(f"slot-{number}.{part}")
            if entry is None:
                tally.lost += 1
            elif entry.index != index or hashlib.sha256(ledger.receipt(entry.index).to_json()).hexdigest() != digest:
                tally.doubled += 1
            if isinstance(index, int) and index > newest:
                newest = index
                place.seen = str(checkpoint).encode()
        tally.acknowledged += len(answers)
    with place.reader():
        pass  # the newest acknowledged checkpoint is continued
    if answers:
        place.next = max(int(str(answer[0])) for answer in answers) - THREADS  # some are sent again: their acknowledgement may have been lost


def whole(place: Place, tally: Tally) -> None:
    """A full fsck, and no payload twice."""
    with place.reader() as ledger:
        report = api.fsck(ledger, policy(), REGISTRY, seen=[place.seen])
        tally.problems += [finding.message for finding in report.findings if finding.severity.value == "error"]
        payloads = [entry.header.payload for entry in ledger.entries()]
        tally.doubled += len(payloads) - len(set(payloads))


def measure(store: str, count: int, *, seed: int = 6962, progress: Callable[[Tally], None] = lambda _: None) -> Tally:
    """Kill `count` times."""
    dice = random.Random(seed)
    tally = Tally(store)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lotmark-kill-", dir=os.environ.get("LOTMARK_BENCH_DISK", "."))))
        server = stack.enter_context(run_postgres()) if store == "postgres" else None
        place: Place | None = None
        while tally.kills < count and tally.is_clean:
            if place is None or tally.kills % FRESH == 0:
                if place is not None:
                    _close_book(place, tally)
                place = Place(folder / str(tally.kills), server)
            check(place, torment(place, dice, tally), tally)
            if tally.kills % FSCK == 0:
                whole(place, tally)
            progress(tally)
        if place is not None:
            _close_book(place, tally)
    return tally


def _close_book(place: Place, tally: Tally) -> None:
    whole(place, tally)
    with place.reader() as ledger:
        tally.entries += ledger.size
    shutil.rmtree(place.folder, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.kill_ledger", description=__doc__)
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=6962)
    parser.add_argument("--json", type=Path, help="also write the tally to this file")
    options = parser.parse_args()
    tally = measure(options.store, options.count, seed=options.seed, progress=lambda so_far: _say(so_far, options.count))
    text = json.dumps(asdict(tally), indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")
    return 0 if tally.is_clean else 1


def _say(tally: Tally, count: int) -> None:
    if tally.kills % 50 == 0:
        print(f"{tally.kills}/{count} kills, {tally.acknowledged} acknowledged, lost {tally.lost}, doubled {tally.doubled}, forks {tally.forks}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
