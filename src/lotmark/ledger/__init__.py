"""The ledger: append, fetch and check the one truth; SQLite or PostgreSQL for the log, a content-addressed store for blobs.

Invariants:
    - Order is the log index; indices have no gaps and nothing is ever changed or deleted.
    - A batch is recorded whole or not at all; a receipt is never ahead of a signed checkpoint on disk.
    - One sequencer at a time; locks are liveness, the compare-and-swap on the head is the safety.
    - The same evidence is recorded once; a repeat returns the first receipt byte for byte.
    - Every stored byte is covered by the signed root: the header is the leaf, the header names the envelope and the
      list of blobs by digest.
    - Reading never writes and takes no lock.

Trust: whoever can write the folder can destroy the ledger but not change it unnoticed; noticing a rollback to an older,
validly signed state takes a checkpoint that was kept elsewhere. Specification: ``docs/spec/ledger.md``.
"""
