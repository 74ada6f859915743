"""The index: SQL tables computed from the ledger by pure projectors, and every read query.

The index is a shadow: it can be dropped and rebuilt, byte for byte, and nothing is decided from it. What must hold (a
gate, a stage, a verification) reads the ledger through `VerifiedReader`, which lets only verified evidence out.
"""
