"""Records over fifteen years: how long each is kept, what holds it longer, whose names stand in it, and how it is saved.

Invariants:
    - A record's header and its place in the tree stay for ever; only its body and its blobs may go, after the retention
      end, without a hold, by an order that two persons signed with their own keys.
    - A name in a signed record is a salted commitment. The clear value lies in the vault, outside the log: erased there,
      every signature and every proof still holds.
    - What was refused is told to the log as what was done.

Trust: whoever can write the folder can delete files; `fsck` tells such a loss from an expiry, because an expiry is a
record of its own. Specification: ``docs/spec/records.md``.
"""
