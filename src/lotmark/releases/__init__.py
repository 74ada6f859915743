"""The release: candidate, device attributes, the frozen manifest, release notes.

Invariants: one canonical artifact per run; proposed, tested, SBOM and artifact versions are one; after the release the
manifest is frozen and only a signed amendment adds to it. Spec: ``docs/spec/predicates.md``.
"""
