"""The kinds of evidence that this room owns."""

from lotmark.attest.models import PredicateKind, lotmark_uri

_PIPELINE = frozenset({"pipeline"})

KINDS = (
    PredicateKind(
        "release-candidate",
        lotmark_uri("release-candidate"),
        clause="21 CFR 820.30(h); IEC 62304:2006+A1:2015 5.8.4",
        retention="release",
        signers=_PIPELINE,
        schema="release-candidate.v1.json",
        title="Release candidate: the one artifact and the evidence behind it",
    ),
    PredicateKind(
        "artifact-signature",
        lotmark_uri("artifact-signature"),
        clause="IEC 62304:2006+A1:2015 5.8.6; 21 CFR 820.70(i)",
        retention="release",
        signers=_PIPELINE,
        schema="artifact-signature.v1.json",
        title="Signature of the artifact, separate from its provenance",
    ),
    PredicateKind(
        "scai",
        "https://in-toto.io/attestation/scai/v0.3",
        clause="21 CFR 820.181; IEC 62304:2006+A1:2015 8.1.1",
        retention="release",
        signers=_PIPELINE,
        title="Device attributes: firmware checksum, models, calibration profile",
    ),
    PredicateKind(
        "release-manifest",
        lotmark_uri("release-manifest"),
        clause="21 CFR 820.184; IEC 62304:2006+A1:2015 5.8.4",
        retention="release",
        signers=_PIPELINE,
        schema="release-manifest.v1.json",
        title="Release manifest, frozen",
    ),
    PredicateKind(
        "release",
        "https://in-toto.io/attestation/release/v0.1",
        clause="IEC 62304:2006+A1:2015 5.8.4",
        retention="release",
        signers=_PIPELINE,
        title="Release of an artifact under a version",
    ),
)
