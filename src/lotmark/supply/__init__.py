"""What the product is made from: locked dependencies, their licences, the SBOM and known vulnerabilities.

Invariants: nothing of the product is executed and nothing is fetched; a lock file that is not read whole is refused with
a code and a place, never skipped; whatever was not evaluated (vulnerabilities above all) refuses, it never passes as
"none found"; the same inputs give the same bytes.

Specifications: PEP 440, 503, 508, 751 and the pip requirements format; uv.lock 1; package-lock.json 2 and 3; SPDX
licence expressions 2.3 annex D; CycloneDX 1.6; OSV schema 1.6; CVSS 3.0 and 3.1; package URL. See
``docs/reference/supply.md``.
"""
