"""Lint: inputs that are not pinned and steps that do not come out the same twice, found in text before anything is built.

Duty: look through the files of a work tree that decide what is built and from what (build scripts, CI files, container files,
lists of requirements, C sources) for known causes; rank by what a build really read, then by what scripts it.

Invariants: nothing is executed and nothing is fetched; every hit is a defect unless it is declared in ``quality/lint.yaml`` with a
reason, an owner and an expiry; a declaration never hides a hit, it changes its weight and says so. A lint that finds
nothing proves nothing: the twin build does. Spec: ``docs/reference/lint.md``.
"""
