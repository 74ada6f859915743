"""A witness for the logs of others: it cosigns a checkpoint only if that continues the one that it cosigned last.

Invariants:
    - Reading what was cosigned last, judging and storing the new checkpoint are one transaction, durable before the answer.
    - It never goes back: what it published counts as cosigned even if its own database was put back.
    - Nothing but the log's signature lets a request in; who asks does not matter.

Trust: whoever holds the witness's key can cosign anything. So it runs on another machine, under another person, than the
logs that it watches. Specification: C2SP ``tlog-witness`` (https://c2sp.org/tlog-witness).
"""
