"""The dossier: everything about one release in one file, checked by a stranger without a server, and shown to a person.

Duty: the bundle (one zip that holds envelopes, log, blobs and the dossier), its verification in eight named steps, the
HTML and the PDF.

Invariants:
    - A bundle has one form: the same release gives the same bytes, and any other bytes are refused.
    - What is exported is fixed at the record that closed the run; what the log took in later changes nothing.
    - The verifier never takes a key, a policy or a trust root from the bundle.
    - A step is passed only if it was carried out; what rests on a failed step is not checked, and says so.

Specification: ``docs/spec/bundle.md``.
"""
