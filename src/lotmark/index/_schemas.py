"""The JSON Schema of the room's output, made from the same types that write it.

``python -m lotmark.index._schemas`` writes the file; a test holds that it is up to date.
"""

import json
from pathlib import Path
from typing import Any, Final

import msgspec

from lotmark.index.models import Answers

FOLDER: Final = Path(__file__).parent / "schemas"
SCHEMA_ID: Final = "https://lotmark.dev/output/answers/v1"
"""The same name stands in the output's `schema`."""


def answers_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of ``lotmark show --format json``."""
    schema = msgspec.json.schema(Answers)
    answers = schema["$defs"]["Answers"]
    answers["properties"] = {"schema": {"const": SCHEMA_ID}, **answers["properties"]}
    answers["required"] = ["schema", *answers["required"]]
    for definition in schema["$defs"].values():
        definition["additionalProperties"] = False
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID, "title": "The answers of `lotmark show`", **schema}


def format_schema() -> str:
    """The file's text."""
    return json.dumps(answers_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "answers.v1.json").write_text(format_schema(), encoding="utf-8")
