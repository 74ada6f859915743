"""Policy: facts, criteria, decision. Pure: the same facts, policy and log size give the same Decision in ten years.

Invariants:
- Unknown is never a pass. Absent evidence stands in the facts as ``present: false``; an error while deciding refuses.
- Removing evidence can only deny.
- Criteria are CEL expressions of a typed subset (``docs/reference/policy.md``), checked when the policy is read and
  evaluated in one child process with limits on processor time, memory and wall time.

Spec: ``docs/spec/decision.md``.
"""
