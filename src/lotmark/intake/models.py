"""What the readers give: XML elements, and the limits of archives."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class XmlElement:
    """An element: local name, namespace URI (or empty), attributes, the texts around its children, and where it stands.

    An attribute with a namespace is named ``{uri}local``, one without by its local name alone.
    """

    name: str
    namespace: str
    attributes: dict[str, str]
    line: int
    text: str = ""
    """The text before the first child."""
    tail: str = ""
    """The text behind this element, within its parent."""
    children: list["XmlElement"] = field(default_factory=list)

    def find(self, name: str) -> "XmlElement | None":
        """The first child of that local name."""
        return next((child for child in self.children if child.name == name), None)

    def find_all(self, name: str) -> list["XmlElement"]:
        """The children of that local name, in order."""
        return [child for child in self.children if child.name == name]

    def walk(self) -> Iterator["XmlElement"]:
        """This element and all below it, in document order."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting.extend(reversed(element.children))

    def all_text(self) -> str:
        """All text inside, in document order, without the tags."""
        return self.text + "".join(child.all_text() + child.tail for child in self.children)


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """Bounds for one archive, looked at before a member is unpacked."""

    max_bytes: int = 1 << 30
    """Size of the archive itself."""
    max_members: int = 20_000
    max_total: int = 1 << 30
    """Unpacked size of all members together."""
    max_member: int = 256 * 1024 * 1024
    """Unpacked size of one member."""
    max_ratio: int = 200
    """Unpacked by packed size, of the archive and of each member; asked from one mebibyte on. DEFLATE ends at 1032."""


@dataclass(frozen=True, slots=True)
class ArchiveMember:
    """A plain file in an archive: its name, a safe relative POSIX path, and its unpacked size in bytes."""

    name: str
    size: int
