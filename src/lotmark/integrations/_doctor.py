"""What is missing for the services that the settings name, each with its cure. It asks them, and changes nothing."""

from collections.abc import Callable, Mapping
from pathlib import Path

from lotmark.base.errors import LotmarkError
from lotmark.base.findings import Finding, Severity


def check_services(settings: Mapping[str, str]) -> tuple[Finding, ...]:
    """One finding for each thing that hinders; empty if all that is configured answers.

    `settings` are the environment's variables: ``LOTMARK_BLOBS``, ``LOTMARK_TSA`` and ``LOTMARK_TSA_CA``.
    """
    findings: list[Finding] = []
    blobs = settings.get("LOTMARK_BLOBS", "")
    if blobs.startswith("s3:"):
        findings += _check(_bucket, blobs)
    if settings.get("LOTMARK_TSA"):
        certificates = settings.get("LOTMARK_TSA_CA", "")
        findings += _check(lambda url: _authority(url, certificates), settings["LOTMARK_TSA"])
    return tuple(findings)


def _check(check: Callable[[str], list[Finding]], setting: str) -> list[Finding]:
    try:
        return check(setting)
    except LotmarkError as error:
        return [Finding(error.code, error.reason, subject=error.where, help=error.solution)]


def _bucket(setting: str) -> list[Finding]:
    from lotmark.integrations._s3_client import S3Bucket, no_lock
    from lotmark.integrations._s3_settings import parse_bucket

    bucket = parse_bucket(setting)
    client = S3Bucket(bucket)
    client.require()
    locks = client.locks()
    if bucket.lock is not None and not locks:
        raise no_lock(bucket)
    if bucket.lock is None:
        return [
            Finding(
                "LM-ITG-005",
                f"blobs in {bucket.place} can be deleted by whoever may write to it",
                Severity.WARNING,
                subject=bucket.place,
                help="add lock=compliance:15y to the setting" if locks else "make a bucket with Object Lock, and add lock=compliance:15y to the setting",
            )
        ]
    return []


def _authority(url: str, certificates: str) -> list[Finding]:
    """A stamp over a text that says nothing, verified by the certificates."""
    from lotmark.integrations._rfc3161 import CertificateVerifier, parse_certificates
    from lotmark.integrations._tsa import TsaClient

    client = TsaClient(url)
    data = b"lotmark doctor\n"
    reply, nonce = client.stamp(data)
    if not certificates:
        return [
            Finding(
                "LM-ITG-021",
                f"LOTMARK_TSA_CA names no certificates by which the stamps of {client.name} can be verified",
                Severity.WARNING,
                subject="LOTMARK_TSA_CA",
                help="set it to the PEM file of the authority's CA certificates, unless your trust files name them (timestampRoots)",
            )
        ]
    try:
        roots = parse_certificates(Path(certificates).read_bytes(), certificates)
    except OSError as error:
        return [
            Finding("LM-ITG-021", f"cannot read {certificates}: {error.strerror}", subject="LOTMARK_TSA_CA", help="name the PEM file of the CA certificates")
        ]
    CertificateVerifier(roots).verify(reply, data, nonce=nonce)
    return []
