"""The kinds of evidence that this room owns."""

from lotmark.attest.models import PredicateKind, lotmark_uri

_PIPELINE = frozenset({"pipeline"})

KINDS = (
    PredicateKind(
        "run-opened",
        lotmark_uri("run-opened"),
        clause="21 CFR 820.30(i); IEC 62304:2006+A1:2015 8.1.2",
        retention="release",
        signers=_PIPELINE,
        schema="run-opened.v1.json",
        title="A run begins: what it stands on and what it must leave",
    ),
    PredicateKind(
        "change-summary",
        lotmark_uri("change-summary"),
        clause="21 CFR 820.30(i); IEC 62304:2006+A1:2015 8.2.4",
        retention="release",
        signers=_PIPELINE,
        schema="change-summary.v1.json",
        title="What changed since the last release, and by whom",
    ),
    PredicateKind(
        "stage-result",
        lotmark_uri("stage-result"),
        clause="21 CFR 820.70(i); 21 CFR 11.10(e)",
        retention="release",
        signers=_PIPELINE,
        schema="stage-result.v1.json",
        title="How one attempt of one stage ended",
    ),
    PredicateKind(
        "run-closed",
        lotmark_uri("run-closed"),
        clause="21 CFR 820.80(d); 21 CFR 11.10(e)",
        retention="release",
        signers=_PIPELINE,
        schema="run-closed.v1.json",
        title="A run ends",
    ),
)
