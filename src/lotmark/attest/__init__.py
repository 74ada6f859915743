"""Evidence as signed Statements: strict JSON, DSSE envelopes, signers, and trust in keys by log index.

Invariants: the bytes that were verified are the bytes that are parsed, once; nothing signed is ever re-serialised;
one signature per envelope; a key counts only at the log indices for which a root key vouches; no key, root or policy
is ever taken from the thing that is verified; an unknown kind of evidence may be stored and never counts.

Specs: ``docs/spec/envelope.md``, ``docs/spec/keys-and-trust.md``; in-toto Statement v1, DSSE v1.
"""
