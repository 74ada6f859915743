"""The kinds of evidence that this room owns."""

from lotmark.attest.models import PredicateKind, lotmark_uri

KINDS = (
    PredicateKind(
        "deployment",
        lotmark_uri("deployment"),
        clause="21 CFR 820.160; ISO 13485:2016 7.5.1",
        retention="release",
        signers=frozenset({"pipeline", "person"}),
        schema="deployment.v1.json",
        title="Deployment of a release to a target",
    ),
    PredicateKind(
        "deployment-check",
        lotmark_uri("deployment-check"),
        clause="ISO 13485:2016 7.5.6; 21 CFR 820.170",
        retention="release",
        signers=frozenset({"pipeline"}),
        schema="deployment-check.v1.json",
        title="What lies and runs at a target, read back",
    ),
)
