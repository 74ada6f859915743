"""Transparency log arithmetic: Merkle trees, proofs, signed notes, checkpoints, cosignatures, tiles and policies.

Pure: no file, no clock, no network, no key store, and nothing of the rest of Lotmark, so that this room can be a
package of its own. Its errors derive from `ValueError`.

Invariants:
    - `verify_*` returns the verified thing or raises; no return value has to be looked at to see a failure.
    - A parser accepts exactly one form of each value: what it accepts, `format_*` gives back byte for byte.

Specifications: RFC 6962 section 2.1 and RFC 9162 section 2.1 (tree and proofs), C2SP ``signed-note``,
``tlog-checkpoint``, ``tlog-cosignature``, ``tlog-witness``, ``tlog-proof``, ``tlog-policy`` and ``tlog-tiles``.
Trust: keys come from the caller, never from the note that is verified.
"""
