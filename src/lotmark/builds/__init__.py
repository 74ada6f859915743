"""Builds: run a product's commands sealed off, build it twice, compare, and say exactly what that proves.

Invariants:
- A product's command never sees a key, the network (unless its test layer declares it) or a Linux capability, and
  never the repository itself: it works on a private copy of the tracked files of one commit.
- What is recorded was measured inside the sandbox, not merely asked for; where a measurement fails, the worse is recorded.
- The claim is exactly what was varied. A dimension that could not be varied is named, and the claim shrinks.
- EQUIVALENT is never shown as IDENTICAL, and a difference is a value (`BuildReport.verdict`), not an exception.
- No process outlives a run, whatever it does.

The process that calls this room holds no signing key while a product's command runs in it: the evidence is signed later.
Specification: ``docs/reference/builds.md``; provenance: https://slsa.dev/spec/v1.0/provenance.
"""
