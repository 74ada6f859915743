"""A door of a room that loads what stands behind it when it is asked for, so that a command starts with what it needs (PEP 562)."""

from collections.abc import Callable, Mapping


def open_late(door: str, modules: Mapping[str, str]) -> Callable[[str], object]:
    """The ``__getattr__`` of a door: it loads the module that holds a name, and gives what it holds.

    Args:
        door: The door's ``__name__``, as ``lotmark.trace.api``.
        modules: Name -> module below the room, as ``_readers._registry``.

    Raises:
        AttributeError: by the function, for a name that the door does not have.
    """
    room = door.rpartition(".")[0]

    def load(name: str) -> object:
        if name not in modules:
            raise AttributeError(f"module {door!r} has no attribute {name!r}")
        import importlib

        return getattr(importlib.import_module(f"{room}.{modules[name]}"), name)

    return load
