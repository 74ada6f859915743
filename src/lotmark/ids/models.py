"""ItemId: the canonical name of a requirement, hazard, risk control, test case, run, waiver or delegation."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class ItemId:
    """An identifier that follows the grammar; made by `lotmark.ids.api.parse_id`, never by hand from foreign text."""

    product: str
    local: str

    @property
    def canonical(self) -> str:
        """``qpcr:REQ-001``: unique across products; what people, links and other systems use."""
        return f"{self.product}:{self.local}"

    @property
    def short(self) -> str:
        """``REQ-001``: unique inside its own product."""
        return self.local

    @property
    def prefix(self) -> str:
        """The first part of the local id (``REQ`` of ``REQ-001``, ``SYS`` of ``SYS-SES-004``): it tells the item's type."""
        return self.local.partition("-")[0]

    def __str__(self) -> str:
        return self.canonical
