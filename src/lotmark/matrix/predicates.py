"""The kinds of evidence that this room owns."""

from typing import Final

from lotmark.attest.models import PredicateKind, lotmark_uri
from lotmark.matrix.models import MatrixEvaluation, TestRun, Waiver, WaiverClosure

_PIPELINE: Final = frozenset({"pipeline"})
_PERSON: Final = frozenset({"person"})

KINDS: Final = (
    PredicateKind(
        "test-run",
        lotmark_uri("test-run"),
        "IEC 62304:2006+A1:2015, 5.5.5, 5.6.7, 5.7.5; 21 CFR 820.30(f)",
        "device-record",
        _PIPELINE,
        schema="test-run.v1.json",
        title="Test run: expected against received, every attempt kept",
        body=TestRun,
    ),
    PredicateKind(
        "test-result",
        "https://in-toto.io/attestation/test-result/v0.1",
        "IEC 62304:2006+A1:2015, 5.7.5",
        "device-record",
        _PIPELINE,
        title="Test result in the in-toto form",
    ),
    PredicateKind(
        "matrix-evaluation",
        lotmark_uri("matrix-evaluation"),
        "ISO 14971:2019, 7.2; IEC 62304:2006+A1:2015, 5.8.1, 7.3.3; 21 CFR 820.30(g)",
        "device-record",
        _PIPELINE,
        schema="matrix-evaluation.v1.json",
        title="Test matrix: what each hazard, risk control and changed requirement needed, and what passed",
        body=MatrixEvaluation,
    ),
    PredicateKind(
        "waiver",
        lotmark_uri("waiver"),
        "IEC 62304:2006+A1:2015, 5.8.3; 21 CFR 11.50, 820.30(g)",
        "device-record",
        _PERSON,
        schema="waiver.v1.json",
        title="Waiver: a person takes a named exception upon himself until a day",
        body=Waiver,
    ),
    PredicateKind(
        "waiver-closure",
        lotmark_uri("waiver-closure"),
        "IEC 62304:2006+A1:2015, 5.8.3",
        "device-record",
        _PERSON,
        schema="waiver-closure.v1.json",
        title="A waiver holds no longer",
        body=WaiverClosure,
    ),
)
