"""Ids that ever stood in the repository, on any branch: so that a number is never given out twice."""

import re
from pathlib import Path

from lotmark.base.errors import LotmarkError
from lotmark.product.api import git

_ID = rb"[A-Z][A-Z0-9]{0,15}(?:-[A-Z0-9]{1,16}){0,6}-[0-9]{1,9}"
_NAMED = re.compile(rb"^\+(?:id:[ ]*[\"']?(?:[a-z0-9-]+:)?|#{1,5}[ \t]+|[-* ]*- id:[ ]*[\"']?|aliases:.*?)(" + _ID + rb")(?![\w-])", re.MULTILINE)
_ALIASES = re.compile(rb"^\+[-* ]*aliases:(.*)$", re.MULTILINE)
_WORD = re.compile(rb"(?<![\w-])" + _ID + rb"(?![\w-])")


def find_used_ids(root: Path, folder: str = "quality") -> tuple[frozenset[str], bool]:
    """The ids that any commit of any branch ever added below `folder`, and whether the history could be read at all."""
    try:
        text = git(root, "log", "--all", "--format=", "-p", "--unified=0", "--no-color", "--no-ext-diff", "--no-renames", "--", folder)
    except LotmarkError:
        return frozenset(), False
    found = {match[1].decode() for match in _NAMED.finditer(text)}
    found.update(word.decode() for match in _ALIASES.finditer(text) for word in _WORD.findall(match[1]))
    return frozenset(found), True
