"""Approvals: who has to sign a release, who may, and whose signature counts.

Duty: roles and risk tiers from `quality/people.yaml` and `quality/approvals.yaml`; electronic signatures, delegations and
withdrawals as evidence; the state of the approvals of a decision.

Invariants:
- Machines prepare, people sign: only a person's own key makes a signature that counts.
- A signature counts for exactly the decision, artifact, evidence, policy and log size that it names.
- Authors, committers, the last pusher and the requester do not approve, neither themselves nor through a delegate.
- Persons and keys are counted, not signatures. Nothing is deleted: a withdrawal is a record of its own.
- No secret is stored here.

Spec: ``docs/spec/electronic-signature.md``.
"""
