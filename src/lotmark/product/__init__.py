"""The product repository as it was handed in: `lotmark.yaml`, where its quality files lie, and what git says of it.

Invariants: nothing here writes to the repository; a configuration folder given from outside (``--config``) is read in
place of the repository's own and never mixed with it. Format: ``docs/reference/files.md``.
"""
