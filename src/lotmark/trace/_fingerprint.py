"""The fingerprint of an item: what must be looked at again when it changes, and nothing else.

    sha256(JSON array, ASCII, no spaces: ["lotmark-item/1", type, category, title, text, [[key, value], ...]])

The pairs are the risk attributes that stand in the item, sorted by key; a mapping is written as sorted pairs. Recorded
fingerprints live as long as the evidence, so this rule is never edited: another rule gets another number.
"""

import hashlib
import json
from collections.abc import Mapping

from lotmark.trace.models import Value

RISK_KEYS = ("after", "before", "harm", "hazardous-situation", "kind", "residual-risk", "safety-class")

_text = json.encoder.encode_basestring_ascii


def fingerprint(kind: str, category: str, title: str, text: str, attributes: Mapping[str, Value]) -> str:
    """The hex digest. Status, links, owner, layers and the informative sections do not enter."""
    # The array is written out by hand: the same bytes as the encoder's, in a fraction of its time.
    pairs = ",".join([f'["{key}",{_value(attributes[key])}]' for key in RISK_KEYS if key in attributes]) if attributes else ""
    shown = f'["lotmark-item/1",{_text(kind)},{_text(category)},{_text(title)},{_text(text)},[{pairs}]]'
    return hashlib.sha256(shown.encode()).hexdigest()


def _value(value: Value) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, tuple):
        return f"[{','.join(_text(part) for part in value)}]"
    return f"[{','.join(f'[{_text(key)},{_text(value[key])}]' for key in sorted(value))}]"
