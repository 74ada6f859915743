"""A refusal on its way out of a reader: it becomes an error of the class that the reader's caller names."""

from typing import Final

from lotmark.base.errors import LotmarkError

CURES: Final = {
    "LM-INT-001": "write plain JSON (RFC 8259), one value and nothing after it",
    "LM-INT-002": "remove one of the two; the reader never guesses which one holds",
    "LM-INT-003": "write integers up to 2^53 and finite decimals; anything larger is a string",
    "LM-INT-004": "write UTF-8 without a byte order mark and without lone surrogates",
    "LM-INT-005": "flatten the document",
    "LM-INT-006": "split the document, or keep the big part as a blob named by its digest",
    "LM-INT-008": "mend the producer; a file is read whole or not at all",
    "LM-INT-009": "write the file without <!DOCTYPE> and <!ENTITY>: no exchange format needs them, attacks do",
    "LM-INT-010": "let whatever writes the file finish, then try again",
    "LM-INT-011": "get the archive again from where it was made, or pack plain files with plain names anew",
    "LM-INT-012": "get the archive again from where it was made",
}


class Refusal(Exception):  # noqa: N818  (never leaves this room)
    """A rule code, what happened, and where in the text (line and column, from 1; column 0 if only the line is known)."""

    def __init__(self, code: str, reason: str, *, place: tuple[int, int] | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.place = place

    def as_error(self, error: type[LotmarkError], what: str, *, cure: str | None = None) -> LotmarkError:
        """The refusal of the file that messages call `what`."""
        where = ":".join([what, *(str(number) for number in self.place or () if number)])
        return error(self.code, f"{what}: {self.reason}", where=where, solution=cure or CURES[self.code])
