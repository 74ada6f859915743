"""Commitments in texts -> what may be shown: the clear value while the vault has it, else ERASED with reason, approvers and day."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from lotmark.records._vault import COMMITMENT, PREFIX, Vault
from lotmark.records.models import Order

T = TypeVar("T")


class Revealer:
    """Puts clear values in the place of commitments; each is looked up once."""

    def __init__(self, vault: Vault, erased: Callable[[], Mapping[str, Order]]) -> None:
        """`erased` is asked only when the vault does not hold a value."""
        self._vault = vault
        self._erased = erased
        self._known: dict[str, str] = {}

    def text(self, text: str) -> str:
        """The text with every commitment in it replaced."""
        return COMMITMENT.sub(lambda match: self._reveal(match.group()), text) if PREFIX in text else text

    def tree(self, value: T) -> T:
        """Texts, lists and mappings (keys apart) with every text in them replaced."""
        return _map(value, self.text)

    def _reveal(self, commitment: str) -> str:
        if commitment not in self._known:
            found = self._vault.find(commitment)
            self._known[commitment] = found.value if found else self._absent(commitment)
        return self._known[commitment]

    def _absent(self, commitment: str) -> str:
        order = self._erased().get(commitment)
        return f"[ERASED {commitment.removeprefix(PREFIX)[:8]}: {order.words}]" if order else _sealed(commitment)


def conceal(value: T) -> T:
    """Texts, lists and mappings with every commitment in them shortened: what is shown where names may not leave the house."""
    return _map(value, lambda text: COMMITMENT.sub(lambda match: _sealed(match.group()), text))


def _sealed(commitment: str) -> str:
    return f"[sealed {commitment.removeprefix(PREFIX)[:8]}]"


def _map(value: T, change: Callable[[str], str]) -> T:
    changed: Any = value
    if isinstance(value, str):
        changed = change(value)
    elif isinstance(value, (list, tuple)):
        changed = type(value)(_map(item, change) for item in value)
    elif isinstance(value, dict):
        changed = {key: _map(item, change) for key, item in value.items()}
    return changed  # type: ignore[no-any-return]
