"""Ordering of Maven and RubyGems versions, as their own tools order them.

Maven: https://maven.apache.org/pom.html#version-order-specification, RubyGems: ``Gem::Version``,
https://docs.ruby-lang.org/en/master/Gem/Version.html.
"""

import re
from functools import cmp_to_key
from itertools import zip_longest
from typing import Any

_MAX_LENGTH = 256
_QUALIFIERS = {"alpha": 0, "beta": 1, "milestone": 2, "rc": 3, "snapshot": 4, "": 5, "sp": 6}
_RELEASE = 5
_OTHER = 7
_SAME = {"ga": "", "final": "", "release": "", "cr": "rc"}
_SHORT = {"a": "alpha", "b": "beta", "m": "milestone"}
_GEM = re.compile(r"\d+(\.[0-9A-Za-z]+)*(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?\Z")

_Item = int | str | list[Any]
"""A part of a Maven version: a number, a qualifier, or the list of what follows a hyphen or a change to letters and back."""


def find_maven(text: str) -> Any | None:
    """A key that orders as Maven's ComparableVersion does; None for an empty or overlong text."""
    return _MAVEN_KEY(_parse(text.lower())) if text and len(text) <= _MAX_LENGTH else None


def _parse(text: str) -> list[Any]:
    """The nested lists of a version; each hyphen and each change between digits and letters opens one."""
    top: list[Any] = []
    lists = [top]
    word = ""

    def close(*, followed: bool = False) -> None:
        lists[-1].append(int(word) if word.isdecimal() else _qualifier(word, followed=followed) if word else 0)

    def deeper() -> None:
        inner: list[Any] = []
        lists[-1].append(inner)
        lists.append(inner)

    for character in text:
        if character in ".-":
            close()
            word = ""
            if character == "-":
                deeper()
            continue
        is_digit = character.isdecimal()
        if word and is_digit != word[-1].isdecimal():
            close(followed=is_digit)
            word = ""
            deeper()
        word += character
    if word:
        if not word.isdecimal() and lists[-1]:
            deeper()  # Maven reads a qualifier at the end, ``1.0.sp``, as if a hyphen stood before it
        close()
    for each in reversed(lists):
        _normalise(each)
    return top


def _qualifier(word: str, *, followed: bool) -> str:
    word = _SHORT.get(word, word) if followed else word
    return _SAME.get(word, word)


def _normalise(items: list[Any]) -> None:
    """Remove what says nothing (0, the release, empty lists) from the end and from before a list."""
    for index in range(len(items) - 1, -1, -1):
        if items[index] in (0, "", []):
            del items[index]
        elif not isinstance(items[index], list):
            return


def _compare(first: _Item | None, second: _Item | None) -> int:
    """-1, 0 or 1; None stands for what is not there."""
    if first is None:
        return 0 if second is None else -_compare(second, None)
    if isinstance(first, list):
        return _compare_list(first, second)
    if isinstance(first, int):
        if second is None or isinstance(second, int):
            return _sign(first, second or 0)
        return 1
    if second is None:
        return _sign(_QUALIFIERS.get(first, _OTHER), _RELEASE)
    return _sign(_rank(first), _rank(second)) if isinstance(second, str) else -1


def _compare_list(first: list[Any], second: _Item | None) -> int:
    if second is None:
        return next((result for each in first if (result := _compare(each, None))), 0)
    if not isinstance(second, list):
        return -1 if isinstance(second, int) else 1
    for index in range(max(len(first), len(second))):
        result = _compare(first[index] if index < len(first) else None, second[index] if index < len(second) else None)
        if result:
            return result
    return 0


def _rank(qualifier: str) -> tuple[int, str]:
    known = _QUALIFIERS.get(qualifier)
    return (known, "") if known is not None else (_OTHER, qualifier)


def _sign(first: Any, second: Any) -> int:
    return 1 if first > second else -1 if first < second else 0


def find_gem(text: str) -> Any | None:
    """A key that orders as Gem::Version does; None if it is no version."""
    text = text.strip()
    if len(text) > _MAX_LENGTH or not _GEM.match(text):
        return None
    return _GEM_KEY([int(each) if each.isdecimal() else each for each in re.findall(r"\d+|[A-Za-z]+", text.replace("-", ".pre."))])


def _compare_gem(first: list[int | str], second: list[int | str]) -> int:
    """Segment by segment; a letter comes before any number, what is not there counts as 0."""
    for ours, theirs in zip_longest(_canonical(first), _canonical(second), fillvalue=0):
        result = _sign((isinstance(ours, int), ours), (isinstance(theirs, int), theirs))
        if result:
            return result
    return 0


def _canonical(segments: list[int | str]) -> list[int | str]:
    """Without the zeros before the first letter and at the end."""
    letters = next((index for index, each in enumerate(segments) if isinstance(each, str)), len(segments))
    parts = [segments[:letters], segments[letters:]]
    for part in parts:
        while part and part[-1] == 0:
            part.pop()
    return [*parts[0], *parts[1]]


_MAVEN_KEY = cmp_to_key(_compare)
_GEM_KEY = cmp_to_key(_compare_gem)
