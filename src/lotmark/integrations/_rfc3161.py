"""RFC 3161 time stamps: the request, and the verification of a reply against certificates that the caller trusts.

What a token claims (status, imprint, nonce, the one signer, its certificate's purpose) is read and judged here, each in one place. Its
signature and the chain of certificates, valid at the token's own time, are the matter of rfc3161-client; it refuses replies whose
certificates do not stand in DER order, which is what OpenSSL makes of a chain: for those pyHanko is the second reader.
Nothing is fetched. Spec: RFC 3161, RFC 5816, RFC 5652.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from lotmark.base.errors import EnvironmentLacksError, IntegrityError, UsageError
from lotmark.ledger.models import Timestamp

MAX_REPLY: Final = 256 * 1024
_TIME_STAMPING: Final = x509.oid.ExtendedKeyUsageOID.TIME_STAMPING
_HASHES: Final = frozenset({"sha256", "sha384", "sha512"})


def require_extra() -> None:
    """Hold that the libraries are installed.

    Raises:
        EnvironmentLacksError: LM-ITG-002.
    """
    try:
        import asn1crypto  # noqa: F401
        import pyhanko.sign  # noqa: F401
        import rfc3161_client  # noqa: F401
    except ImportError as error:
        raise EnvironmentLacksError(
            "LM-ITG-002", "time stamps need the extra 'timestamp', which is not installed", solution="pip install 'lotmark[timestamp]'"
        ) from error


def parse_certificates(data: bytes, where: str) -> tuple[bytes, ...]:
    """PEM certificates -> DER, each once, as a trust policy keeps them.

    Raises:
        UsageError: LM-ITG-021 if there is none, or one that is broken.
    """
    try:
        found = x509.load_pem_x509_certificates(data)
    except ValueError as error:
        raise UsageError(
            "LM-ITG-021", f"{where} holds no PEM certificates: {error}", where=where, solution="name the file of the authority's CA certificates in PEM form"
        ) from error
    return tuple(dict.fromkeys(certificate.public_bytes(Encoding.DER) for certificate in found))


def make_request(data: bytes, nonce: int | None = None) -> tuple[bytes, int]:
    """A request for a stamp over the SHA-256 of `data`, asking for the certificate; gives its bytes and its nonce of 63 bits."""
    from asn1crypto import tsp

    nonce = secrets.randbits(63) if nonce is None else nonce
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": hashlib.sha256(data).digest()}
    return tsp.TimeStampReq({"version": "v1", "message_imprint": imprint, "nonce": nonce, "cert_req": True}).dump(), nonce


class CertificateVerifier:
    """A `TimestampVerifier` that trusts these CA certificates and no other."""

    def __init__(self, roots: Sequence[bytes]) -> None:
        """Trust the certificates (DER).

        Raises:
            EnvironmentLacksError: LM-ITG-002 if the extra is not installed.
        """
        require_extra()
        self._roots = tuple(roots)

    def verify(self, reply: bytes, data: bytes, *, nonce: int | None = None) -> Timestamp:
        """See `TimestampVerifier`."""
        token = _Token(reply)
        token.check_imprint(data)
        if nonce is not None and token.nonce != nonce:
            _invalid("it answers another request: the nonce differs")
        token.check_signer()
        if not self._roots:
            _invalid("no certificate of a time stamping authority is trusted")
        if not self._verify_first(reply, data):
            self._verify_second(token, data)
        return Timestamp(token.time, token.authority, token.serial)

    def _verify_first(self, reply: bytes, data: bytes) -> bool:
        """Signature and chain by rfc3161-client; false if it cannot read the reply at all."""
        import rfc3161_client

        try:
            response = rfc3161_client.decode_timestamp_response(reply)
        except ValueError:
            return False
        builder = rfc3161_client.VerifierBuilder(roots=[x509.load_der_x509_certificate(root) for root in self._roots])
        try:
            builder.build().verify_message(response, data)
        except rfc3161_client.VerificationError as error:
            if "PKIStatus" in str(error):
                return False  # granted with modifications: a stamp all the same (RFC 3161, 2.4.2)
            _invalid(str(error))
        except ValueError as error:
            _invalid(str(error))
        return True

    def _verify_second(self, token: "_Token", data: bytes) -> None:
        """The same by pyHanko."""
        from asn1crypto import x509 as asn1_x509
        from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
        from pyhanko.sign.validation.status import TimestampSignatureStatus
        from pyhanko_certvalidator import ValidationContext

        context = ValidationContext(
            trust_roots=[asn1_x509.Certificate.load(root) for root in self._roots],
            moment=token.time,
            allow_fetching=False,
            other_certs=list(token.certificates),
        )

        async def judge() -> Any:
            return TimestampSignatureStatus(**await validate_tst_signed_data(token.signed, context, lambda algorithm: hashlib.new(algorithm, data).digest()))

        try:
            # In a thread of its own: the caller may itself run inside a loop.
            with ThreadPoolExecutor(1) as pool:
                status = pool.submit(asyncio.run, judge()).result()
        except Exception as error:  # noqa: BLE001 - whatever the reader stumbles over is no stamp
            _invalid(f"it cannot be verified: {error}")
        if not (status.intact and status.valid):
            _invalid("its signature does not hold")
        if not status.trusted:
            _invalid("its certificate does not lead to a trusted one, or was not valid at the time that it tells")


class _Token:
    """A reply, parsed strictly; what it claims."""

    def __init__(self, reply: bytes) -> None:
        from asn1crypto import tsp

        if len(reply) > MAX_REPLY:
            _invalid(f"it has {len(reply)} bytes, more than {MAX_REPLY}")
        try:
            response = tsp.TimeStampResp.load(reply, strict=True)
            status = response["status"]["status"].native
            if status not in {"granted", "granted_with_mods"}:
                text = response["status"]["status_string"].native or ""
                _invalid(f"the authority refused ({status}{': ' if text else ''}{' '.join(text)[:200]})")
            self.signed = response["time_stamp_token"]["content"]
            _ = self.signed.native  # parsed whole, here: what is broken deep inside is no reply either
            content = self.signed["encap_content_info"]
            if response["time_stamp_token"]["content_type"].native != "signed_data" or content["content_type"].native != "tst_info":
                _invalid("it holds no time stamp")
            self._info = content["content"].parsed
            self.time: datetime = self._info["gen_time"].native.astimezone(UTC)
            self.nonce: int | None = self._info["nonce"].native
            self.serial: str = format(self._info["serial_number"].native, "x")
            self._imprint: tuple[str, bytes] = (
                self._info["message_imprint"]["hash_algorithm"]["algorithm"].native,
                self._info["message_imprint"]["hashed_message"].native,
            )
            self.certificates = tuple(choice.chosen for choice in self.signed["certificates"] if choice.name == "certificate")
            self._signers = list(self.signed["signer_infos"])
            self.authority = ""
        except IntegrityError:
            raise
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
            _invalid(f"it is no RFC 3161 reply: {str(error).partition(chr(10))[0][:200]}")

    def check_imprint(self, data: bytes) -> None:
        """It speaks of these bytes, by a hash that holds."""
        algorithm, digest = self._imprint
        if algorithm not in _HASHES:
            _invalid(f"its hash {algorithm} is not accepted")
        if hashlib.new(algorithm, data).digest() != digest:
            _invalid("it is over other bytes")

    def check_signer(self) -> None:
        """One signer, whose certificate is there and serves time stamping alone, marked critical (RFC 3161, 2.3)."""
        if len(self._signers) != 1:
            _invalid(f"it has {len(self._signers)} signers, not one")
        sid = self._signers[0]["sid"]
        if sid.name != "issuer_and_serial_number":
            _invalid("its signer is not named by issuer and serial number")
        wanted = (sid.chosen["issuer"].hashable, sid.chosen["serial_number"].native)
        found = [each for each in self.certificates if (each.issuer.hashable, each.serial_number) == wanted]
        if not found:
            _invalid("the certificate of its signer is not in it")
        try:
            certificate = x509.load_der_x509_certificate(found[0].dump())
            usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        except (ValueError, x509.ExtensionNotFound) as error:
            _invalid(f"the certificate of its signer is not one for time stamping: {error}")
        if not usage.critical or list(usage.value) != [_TIME_STAMPING]:
            _invalid("the certificate of its signer is not one for time stamping alone, marked critical")
        self.authority = certificate.subject.rfc4514_string()


def _invalid(reason: str) -> NoReturn:
    raise IntegrityError(
        "LM-LED-133",
        f"TIMESTAMP_INVALID: {reason}",
        solution="ask the authority for a new stamp (`lotmark log timestamp`); keep the old one as evidence if nobody can say how it came about",
    )
