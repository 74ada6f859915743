"""The matrix from risk to test: what must have run for each hazard, risk control and requirement, and what did.

Duty: read test results of any producer, hold them against what was expected, plan the tests that a change needs,
evaluate `quality/matrix.yaml` over the results, and judge waivers.

Invariants:

* Only a passing result covers. Skipped, unknown, missing, red-then-green without a reason: none of them is a pass.
* A results file is read whole or refused with a code and a line; it never counts as zero tests.
* The last attempt is the result; every earlier attempt stays visible beside it.
* A waived test stays visible as waived, and no waiver reaches a ``blocking`` category.
* What the plan leaves out is named with its reason, and never leaves a row of a release candidate without a test.

Everything is pure: bytes, values and the instant come in, values go out. Formats: ``docs/reference/matrix.md``; evidence
kinds ``test-run``, ``test-result`` (https://in-toto.io/attestation/test-result/v0.1), ``matrix-evaluation``, ``waiver``,
``waiver-closure``.
"""
