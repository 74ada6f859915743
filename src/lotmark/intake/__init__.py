"""Intake: the one hardened reader for bytes that somebody else made: JSON, XML, zip and tar.

Every importer reads through this room, so that a defence is written, tested and mended once.

Invariants:
    - Limits are checked before the work that they bound: size before parsing, count, total and ratio before unpacking.
    - What two readers could understand differently is refused: doubled keys and names, NaN, document types, other encodings.
    - Nothing is written to disk and nothing is fetched: an archive is a list of plain files that are read one by one.
    - Every refusal is a `LotmarkError` of the class that the caller names, with a code of this room; no parser's own error leaves it.

Spec: RFC 8259 and RFC 7493 (JSON), XML 1.0 (fifth edition), PKWARE APPNOTE 6.3.10 (zip), POSIX.1-2017 pax (tar); ``docs/spec/foreign-files.md``.
"""
