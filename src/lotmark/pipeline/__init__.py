"""The ten stages of a release as durable workflow steps; the only room that knows a workflow engine.

Data goes one way: a stage reads the product at one commit and the verified evidence of earlier stages of the same run,
and returns unsigned evidence; the recorder signs it and appends it to the ledger in one batch. No stage reads the index.
Invariant: after a crash at any moment, the ledger holds all of a stage attempt's evidence or none of it.
"""
