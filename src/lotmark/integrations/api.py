"""The door of the room; what stands behind each name is loaded when it is asked for (PEP 562), its libraries with it."""

from typing import TYPE_CHECKING

from lotmark.base.doors import open_late

if TYPE_CHECKING:
    from lotmark.integrations._doctor import check_services
    from lotmark.integrations._places import blob_opener, open_objects
    from lotmark.integrations._rfc3161 import CertificateVerifier, parse_certificates
    from lotmark.integrations._signers import is_key_uri, open_signer
    from lotmark.integrations._trackers import open_tracker
    from lotmark.integrations._tsa import TsaClient
    from lotmark.integrations._witness_git import GitWitness
    from lotmark.integrations._witness_http import HttpObjects, HttpWitness

__all__ = [
    "CertificateVerifier",
    "GitWitness",
    "HttpObjects",
    "HttpWitness",
    "TsaClient",
    "blob_opener",
    "check_services",
    "is_key_uri",
    "open_objects",
    "open_signer",
    "open_tracker",
    "parse_certificates",
]

_LATE = {
    "CertificateVerifier": "_rfc3161",
    "TsaClient": "_tsa",
    "parse_certificates": "_rfc3161",
    "GitWitness": "_witness_git",
    "HttpObjects": "_witness_http",
    "HttpWitness": "_witness_http",
    "blob_opener": "_places",
    "check_services": "_doctor",
    "is_key_uri": "_signers",
    "open_objects": "_places",
    "open_signer": "_signers",
    "open_tracker": "_trackers",
}

__getattr__ = open_late(__name__, _LATE)
