"""The one canonical identifier grammar, namespaced by product: ``qpcr:REQ-001``, short ``REQ-001`` inside its product.

Invariants: ASCII only; one text per identifier (nothing is normalised on the way in); an identifier is never reused.
Spec: ``docs/spec/identifiers.md``.
"""
