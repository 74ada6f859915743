"""The JSON Schemas of kinds of evidence, generated from the types that their records must fit: the two cannot disagree."""

import json
from collections.abc import Iterable

from lotmark.attest.models import PredicateKind


def kind_schemas(kinds: Iterable[PredicateKind]) -> dict[str, bytes]:
    """File name -> bytes (JSON Schema 2020-12, indented, a line feed at the end) for each kind that has a schema and a type of its own."""
    from lotmark.base.documents import document_schema  # with the reader of YAML, which no verifier needs

    schemas = {
        kind.schema: document_schema(kind.body, title=kind.title, identifier=f"https://lotmark.dev/schemas/{kind.schema}")
        for kind in kinds
        if kind.schema is not None and kind.body is not None
    }
    return {name: (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode() for name, schema in schemas.items()}
