"""Globs over paths and test ids: ``*`` within one part, ``**`` across parts, ``?`` one character; brackets are plain.

A glob also matches what lies below it: ``tests/unit`` matches every test of the folder, ``tests/unit/test_ct.py`` every
test of the file, ``tests/unit/test_ct.py::test_plateau`` each of its parameter sets.
"""

import re
from collections.abc import Iterable
from functools import lru_cache


@lru_cache(maxsize=4096)
def compile_glob(pattern: str) -> re.Pattern[str]:
    """The glob as a regular expression for ``match``."""
    parts: list[str] = []
    position = 0
    text = pattern.rstrip("/") if pattern != "/" else pattern
    while position < len(text):
        if text.startswith("**/", position):
            parts.append("(?:.*/)?")
            position += 3
        elif text.startswith("**", position):
            parts.append(".*")
            position += 2
        else:
            char = text[position]
            parts.append({"*": "[^/]*", "?": "[^/]"}.get(char, re.escape(char)))
            position += 1
    return re.compile("".join(parts) + r"(?=\Z|::|\[|/)", re.DOTALL)


def matches_any(text: str, patterns: Iterable[str]) -> bool:
    """Whether one of the globs matches."""
    return any(compile_glob(pattern).match(text) for pattern in patterns)
