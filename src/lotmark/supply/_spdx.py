"""SPDX licence expressions: is it one, in which words exactly, and does an allow list satisfy it.

Reading is done by license-expression over the identifiers of the SPDX list alone. The library's own aliases are not
used: they turn ``LicenseRef-MIT-Bootstrap`` into ``MIT``.
"""

from collections.abc import Collection
from functools import cache
from typing import Any

_MAX_LENGTH = 1000
_OWN = ("LicenseRef-", "DocumentRef-")


@cache
def _load_list() -> tuple[Any, dict[str, Any]]:
    """The reader over the SPDX list, and the list itself; built once a process, since that is the costly part."""
    import license_expression as library

    symbols: dict[str, Any] = {}
    for entry in library.get_license_index():
        key = entry.get("spdx_license_key")
        if not key or key.startswith(_OWN):
            continue
        # Older identifiers that SPDX itself deprecated, such as GPL-2.0+, still mean the newer one.
        aliases = tuple(alias for alias in entry.get("other_spdx_license_keys", ()) if not alias.startswith(_OWN) and " " not in alias)
        symbols[key] = library.LicenseSymbol(key, aliases=aliases, is_exception=bool(entry.get("is_exception")))
    return library.Licensing(tuple(symbols.values())), symbols


class SpdxReader:
    """Reads expressions and remembers what it read."""

    def __init__(self) -> None:
        import license_expression as library

        self._library = library
        self._licensing, self._known = _load_list()
        self._parsed: dict[str, Any] = {}

    def find_expression(self, text: str) -> str:
        """The expression in canonical words, or "" if the text is no valid SPDX expression."""
        tree = self._parse(text)
        return "" if tree is None else str(tree.render("{symbol.key}"))

    def is_satisfied(self, text: str, allowed: Collection[str]) -> bool:
        """Whether some OR branch of the expression uses only allowed licences.

        ``X WITH exception`` is allowed by itself or by X, since an exception only adds permissions; ``X+`` by itself
        or by X, since the user may choose that version.
        """
        tree = self._parse(text)
        return tree is not None and self._holds(tree, allowed)

    def _parse(self, text: str) -> Any:
        text = text.strip()
        if text not in self._parsed:
            self._parsed[text] = self._parse_fresh(text)
        return self._parsed[text]

    def _parse_fresh(self, text: str) -> Any:
        if not text or len(text) > _MAX_LENGTH:
            return None
        try:
            tree = self._licensing.parse(text)
        except (self._library.ExpressionError, self._library.ParseError, RecursionError):
            return None
        return tree if tree is not None and all(self._is_valid(symbol) for symbol in tree.symbols) else None

    def _is_valid(self, symbol: Any) -> bool:
        if isinstance(symbol, self._library.LicenseWithExceptionSymbol):
            exception = symbol.exception_symbol
            return self._is_licence(symbol.license_symbol) and exception.key in self._known and exception.is_exception
        return self._is_licence(symbol)

    def _is_licence(self, symbol: Any) -> bool:
        key: str = symbol.key
        if key.startswith(_OWN):
            return not any(character.isspace() for character in key)
        known = self._known.get(key.removesuffix("+"))
        return known is not None and not known.is_exception

    def _holds(self, tree: Any, allowed: Collection[str]) -> bool:
        if isinstance(tree, self._licensing.OR):
            return any(self._holds(branch, allowed) for branch in tree.args)
        if isinstance(tree, self._licensing.AND):
            return all(self._holds(branch, allowed) for branch in tree.args)
        if isinstance(tree, self._library.LicenseWithExceptionSymbol):
            return tree.render("{symbol.key}") in allowed or self._holds(tree.license_symbol, allowed)
        return tree.key in allowed or tree.key.removesuffix("+") in allowed
