"""Explain why two builds of one file differ: one line per cause, with the file, the bytes and the dimension.

Pure. Two ways meet: the *structure* of archives (order, times, owners, permissions per member) and the *canaries*,
the unique values that lane B was given, searched and then put back: if the files are equal after that, the canary
explains all of it. Byte ranges count in lane B's file.
"""

from dataclasses import replace

from lotmark.builds._archives import Archive, ArchiveError, Member, looks_like, read_archive
from lotmark.builds._bytes import explain_bytes
from lotmark.builds._causes import MEANING, TEXT_DIMENSIONS, ExplainFacts, Found, find_words, make_found
from lotmark.builds._times import blank_stamps, find_stamps, show_time
from lotmark.builds.models import Cause, Dimension

_MAX_CAUSES = 50
_MAX_DEPTH = 3


def explain(name: str, first: bytes, second: bytes, facts: ExplainFacts) -> tuple[Cause, ...]:
    """The causes of the difference between `first` (lane A) and `second` (lane B), folded, at most fifty."""
    found = _explain(name, first, second, facts, 0)
    groups: dict[tuple[object, ...], list[Cause]] = {}
    for each in found:
        groups.setdefault(each.key, []).append(each.cause)
    folded = [replace(causes[0], text=f"{causes[0].text} (and {len(causes) - 1} more like it)") if len(causes) > 1 else causes[0] for causes in groups.values()]
    return tuple(folded[:_MAX_CAUSES])


def _explain(name: str, first: bytes, second: bytes, facts: ExplainFacts, depth: int) -> list[Found]:
    if first == second:
        return []
    kind = looks_like(first)
    if kind and kind == looks_like(second) and depth < _MAX_DEPTH:
        try:
            found = _explain_archive(name, read_archive(first, kind), read_archive(second, kind), facts, depth)
        except ArchiveError:
            found = []
        if found:
            return found
    return explain_bytes(name, first, second, facts)


# ---------------------------------------------------------------- archives


def _explain_archive(name: str, one: Archive, two: Archive, facts: ExplainFacts, depth: int) -> list[Found]:
    found: list[Found] = []
    order_a, order_b = [m.name for m in one.members], [m.name for m in two.members]
    left = {member.name: member for member in one.members}
    right = {member.name: member for member in two.members}
    if one.format == "gzip":
        left, right = {"": one.members[0]}, {"": two.members[0]}
        order_a = order_b = [""]
    if left.keys() != right.keys():
        only = sorted(left.keys() ^ right.keys())
        found.append(
            make_found(
                name, f"members stand in one build only: {', '.join(only[:5])}{' ...' if len(only) > 5 else ''}", None, _names_dimension(only, facts), "members"
            )
        )
    elif order_a != order_b:
        at = next(index for index, pair in enumerate(zip(order_a, order_b, strict=True)) if pair[0] != pair[1])
        start = two.members[at].offset
        found.append(make_found(name, f"members stand in another order, from {order_b[at]!r} on", (start, start + 1), Dimension.DIRECTORY_ORDER, "order"))
    for member_name in (key for key in right if key in left):
        found += _explain_member(name, one.format, left[member_name], right[member_name], facts, depth)
    if one.frame != two.frame:
        found.append(
            make_found(
                name, "the bytes outside the members differ: before the first member, between them, behind the end, or the comment", (0, 1), None, "frame"
            )
        )
    return found


_TIME_FIELD = {"zip": (10, 14), "tar": (136, 148), "gzip": (4, 8), "ar": (16, 28)}
_OWNER_FIELD = {"tar": (108, 124), "ar": (28, 40)}
_MODE_FIELD = {"tar": (100, 108), "ar": (40, 48)}


def _explain_member(name: str, form: str, one: Member, two: Member, facts: ExplainFacts, depth: int) -> list[Found]:
    found: list[Found] = []
    shown = f"{name}!{two.name}" if two.name else name

    def at(field: tuple[int, int] | None) -> tuple[int, int] | None:
        return (two.offset + field[0], two.offset + field[1]) if field else (two.offset, two.offset + 1)

    if one.when != two.when:
        dimension = facts.times.classify(one.when, two.when)
        text = f"the stored time is {show_time(one.when)} in A and {show_time(two.when)} in B: {MEANING[dimension] if dimension else 'not explained'}"
        found.append(make_found(shown, text, at(_TIME_FIELD.get(form)), dimension, "time", name))
    if one.owner != two.owner:
        found.append(
            make_found(
                shown, f"the stored owner is {_join(one.owner)} in A and {_join(two.owner)} in B", at(_OWNER_FIELD.get(form)), Dimension.USER, "owner", name
            )
        )
    if one.mode != two.mode:
        found.append(
            make_found(shown, f"the stored permissions are {one.mode:o} in A and {two.mode:o} in B", at(_MODE_FIELD.get(form)), Dimension.UMASK, "mode", name)
        )
    if one.kind != two.kind:
        found.append(make_found(shown, f"it is a {one.kind} in A and a {two.kind} in B", at(None), None, "kind", name))
    one_data, two_data = one.read(), two.read()
    if one_data != two_data:
        found += _explain(shown if two.name else f"{name}!", one_data, two_data, facts, depth + 1)
    elif one.other != two.other:
        found.append(make_found(shown, "compression, system or extra fields differ", at(None), _extra_dimension(one, two, facts), "other", name))
    return found


def _extra_dimension(one: Member, two: Member, facts: ExplainFacts) -> Dimension | None:
    """Info-ZIP's extra fields hold times (UT) and owners (ux)."""
    text_a, text_b = str(one.other), str(two.other)
    if Dimension.USER in facts.values and "75780b" in text_b and text_a[-30:] != text_b[-30:]:
        return Dimension.USER
    return Dimension.CLOCK if "55540" in text_b and "55540" in text_a else None


def _join(owner: tuple[object, ...]) -> str:
    return "/".join(str(part) for part in owner)


def _names_dimension(names: list[str], facts: ExplainFacts) -> Dimension | None:
    joined = "\n".join(names)
    for dimension in TEXT_DIMENSIONS:
        for word in find_words(dimension, facts):
            if word[1] and word[1].decode() in joined:
                return dimension
    if any(find_stamps(each.encode("utf-8", "surrogateescape")) for each in names) and blank_stamps(joined.encode("utf-8", "surrogateescape")).count(
        b"<time>"
    ) == len(names):
        return Dimension.CLOCK
    return None
