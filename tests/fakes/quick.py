"""Python processes of the tests start quickly: bytecode is kept for them, wherever the tests themselves keep none."""

import atexit
import functools
import os
import shutil
import tempfile


@functools.cache
def _bytecode() -> str:
    folder = tempfile.mkdtemp(prefix="lotmark-bytecode-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def quick_environment(**more: str) -> dict[str, str]:
    """This process's variables for a Python child, with a bytecode folder of their own."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": _bytecode(), **more}
