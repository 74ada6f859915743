"""A product as its declaration tells it, without the rest of a repository."""

from pathlib import Path

from lotmark.base.documents import parse_document
from lotmark.product.models import Product, ProductFile

TARGET = "    - {name: lab, path: ../site}"
PACKAGE = "{artifact: dist/*.whl}"
_DECLARATION = """\
lotmark: 1
product:
  id: qpcr
  name: qPCR caller
  version: {version}
  safety-class: B
dependencies:
  none: {{reason: none needed, owner: dana}}
  licences: {{allow: [MIT]}}
  vulnerabilities: {{dump: osv, sha256: {sha}, retrieved: 2026-11-20}}
build: {{command: [make], outputs: [dist/*]}}
tests:
  unit: {{command: [t], results: [r.xml]}}
  integration: {{command: [t], results: [r.xml]}}
  validation: {{command: [t], results: [r.xml]}}
package: {package}
deploy:
  targets:
{targets}
"""


def declaration(version: str = "1.4.0", targets: str = TARGET, package: str = PACKAGE) -> str:
    """The text of a whole `lotmark.yaml`."""
    return _DECLARATION.format(version=version, sha="0" * 64, targets=targets, package=package)


def declared(root: Path, *, version: str = "1.4.0", targets: str = TARGET, package: str = PACKAGE) -> Product:
    """The product of such a declaration, whose repository is the folder."""
    document = parse_document(declaration(version, targets, package).encode(), ProductFile, name="lotmark.yaml")
    return Product(root, root, document, version, ())
