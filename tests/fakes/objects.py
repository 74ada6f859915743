"""An object store in memory, with the contract of the real ones."""

from collections.abc import Iterator

from lotmark.ledger._objects import check_object_name, object_differs, object_missing


class MemoryObjects:
    """An `ObjectStore` that is gone with the process."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put_new(self, name: str, data: bytes) -> None:
        if self.objects.setdefault(check_object_name(name), data) != data:
            raise object_differs(name, name)

    def replace(self, name: str, data: bytes) -> None:
        self.objects[check_object_name(name)] = data

    def get(self, name: str) -> bytes:
        if check_object_name(name) not in self.objects:
            raise object_missing(name, name)
        return self.objects[name]

    def exists(self, name: str) -> bool:
        return check_object_name(name) in self.objects

    def names(self, prefix: str = "") -> Iterator[str]:
        return iter(sorted(name for name in self.objects if name.startswith(prefix)))
