"""A process that appends until it is killed: ``python ledger_worker.py FOLDER FIRST COUNT``. It prints each acknowledged number."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2] / "src")]

from fakes.keyring import signer  # noqa: E402
from fakes.ledger import note  # noqa: E402
from lotmark.base.errors import LotmarkError  # noqa: E402
from lotmark.ledger import api  # noqa: E402


def main() -> int:
    folder, first, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    try:
        with api.open_ledger(folder, signer("log"), wait=5) as ledger:
            for number in range(first, first + count):
                blob = ledger.blobs.put(f"blob of {number}".encode())
                (receipt,) = ledger.append([note(f"number {number}", slot=f"slot-{number}", blobs=(blob,))])
                print(number, receipt.index, flush=True)
    except LotmarkError as error:
        print(error.code, flush=True)
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
