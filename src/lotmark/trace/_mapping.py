"""`quality/import/NAME.yaml`: what the fields of another tool become, saved so that an import can be made again.

Where nobody has written one, `propose_mapping` makes it from what the files hold; it is shown before anything is written.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import msgspec

from lotmark.product.models import NonEmpty, Section
from lotmark.trace._foreign import ForeignDocument, ForeignItem
from lotmark.trace._policy import SECTIONS
from lotmark.trace.models import ItemType, TracePolicy

Key = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,79}$(?!\n)")]
LINK_WORDS: Mapping[str, str] = {
    "parent": "refines", "parents": "refines", "links": "refines", "link": "refines", "refs": "refines", "refines": "refines", "refine": "refines",
    "derives": "derives", "derived from": "derives", "derives from": "derives", "derived_from": "derives", "satisfies": "refines", "satisfy": "refines",
    "fulfills": "refines", "fulfils": "refines", "complies": "refines", "covers": "refines", "traces to": "refines", "trace": "refines", "traces": "refines",
    "upstream": "refines", "is child of": "refines", "implements": "implements", "implement": "implements", "mitigates": "mitigates", "controls": "mitigates",
    "verifies": "verifies", "verify": "verifies", "tests": "verifies", "validates": "validates", "affects": "affects", "blocks": "affects",
    "arises from": "arises-from", "part of": "part-of", "realizes": "refines", "realises": "refines", "contributes to": "contributes-to",
}  # fmt: skip
"""What links are called in other tools, and the nearest of ours."""
STATUS_WORDS: Mapping[str, str] = {
    "draft": "draft", "new": "draft", "open": "draft", "in work": "draft", "proposed": "proposed", "in review": "proposed", "review": "proposed", "reviewed": "proposed",
    "obsolete": "obsolete", "deprecated": "obsolete", "rejected": "obsolete", "deleted": "obsolete", "withdrawn": "obsolete",
}  # fmt: skip
"""Approval is an act inside this product, never imported: words like ``valid`` and ``approved`` arrive as ``proposed``."""
TYPE_WORDS: Sequence[tuple[str, str]] = (
    (r"hazardous.?situation", "hazardous-situation"), (r"hazard", "hazard"), (r"risk.?control|mitigation|measure", "risk-control"), (r"threat", "threat"),
    (r"user.?need|stakeholder|stkh|need$", "user-need"), (r"test.?case|^test$|activity", "test-case"), (r"anomal|bug|defect", "anomaly"), (r"change", "change"),
    (r"soup|third.?party", "soup"), (r"system", "system-requirement"), (r"secur", "security-requirement"), (r"hardware|\bhw\b", "hardware-requirement"),
)  # fmt: skip
OWN_PREFIX = "Lotmark."
"""Of the attributes that hold front matter keys in our own ReqIF: ``Lotmark.status``."""
OWN_SECTION = f"{OWN_PREFIX}section "
OWN_MAPPING = " (mapping)"
"""Ends the name of an extension that holds ``key: value`` lines."""
_TARGETS = re.compile(r"[,;\s]+")
_QUALIFIER = re.compile(r"\[[^\]]*\]|\([^)]*\)")


class IdSection(Section, frozen=True, kw_only=True):
    """How an id that does not follow the grammar becomes one: rewritten by a pattern, else numbered. The old one stays as an alias."""

    pattern: str = ""
    """A regular expression over the whole foreign id: ``cES([0-9]+)``."""
    to: str = ""
    r"""What it becomes: ``CES-\1``."""
    prefix: Annotated[str, msgspec.Meta(pattern=r"^(?:[A-Z][A-Z0-9]{0,15}(?:-[A-Z0-9]{1,16}){0,5})?$(?!\n)")] = ""
    """The prefix of numbered ids; empty: that of the type."""
    digits: Annotated[int, msgspec.Meta(ge=1, le=9)] = 4


class TypeMapping(Section, frozen=True, kw_only=True):
    """The type of an item, from what the other tool calls it."""

    field: str = ""
    """The field that tells; empty: the reader's own kind."""
    words: dict[str, NonEmpty] = msgspec.field(default_factory=dict)
    """Foreign word -> type: ``{Functional: software-requirement}``."""
    default: NonEmpty = "software-requirement"
    """Where no word fits; ``skip`` leaves the item out, and says so."""


class MappingFile(Section, frozen=True, kw_only=True):
    """`quality/import/NAME.yaml`, whole."""

    reader: NonEmpty
    sources: Annotated[list[NonEmpty], msgspec.Meta(min_length=1)]
    """Globs relative to the repository."""
    options: dict[str, str] = msgspec.field(default_factory=dict)
    """Of the reader: ``encoding``, ``delimiter``, ``sheet``, ``header``, ``id`` ..."""
    folder: str = ""
    """Folder below `quality/` for all new items; empty: that of each type."""
    ids: IdSection = IdSection()
    types: TypeMapping = TypeMapping()
    title: str = ""
    """The field of the title; where it is empty, the first line of the text."""
    text: str = ""
    """The field of the normative statement."""
    sections: dict[str, str] = msgspec.field(default_factory=dict)
    """Foreign field -> ``rationale``, ``verification`` or ``notes``."""
    status: str = ""
    """The field of the status; empty: all are drafts."""
    states: dict[str, Key] = msgspec.field(default_factory=dict)
    """Foreign word -> status."""
    links: dict[str, Key] = msgspec.field(default_factory=dict)
    """Foreign link or field -> link of ours."""
    fields: dict[str, Key] = msgspec.field(default_factory=dict)
    """Foreign field -> key of ours. What stands nowhere in the mapping is kept below ``x-``."""
    drop: list[str] = msgspec.field(default_factory=list)
    """Foreign fields that are left out on purpose."""
    verbatim: bool = False
    """Whether texts are bodies of items as they stand, and not to be escaped: those of our own exports are."""
    document: bool = True
    """Whether the chapters of the source become an outline in `quality/documents/`."""


def propose_mapping(documents: Sequence[ForeignDocument], sources: Sequence[str], policy: TracePolicy, options: Mapping[str, str]) -> MappingFile:
    """A mapping for these documents: the format's usual fields, links found by their names and by what they hold."""
    items = [item for document in documents for item in document.items]
    defaults = documents[0].defaults
    names = list(dict.fromkeys(name for item in items for name in item.fields))
    if f"{OWN_PREFIX}type" in names:
        return _own_mapping(documents[0].reader, items, names, sources)
    title = _pick(defaults.title, names)
    text = _pick(defaults.text, [name for name in names if name != title])
    status = _pick((defaults.status,), names) if defaults.status else ""
    sections = {name: (defaults.sections or {})[_key(name, defaults.sections or {})] for name in names if _key(name, defaults.sections or {})}
    sections = {name: section for name, section in sections.items() if name not in {title, text}}
    links = propose_links(items, [name for name in names if name not in {title, text, status, *sections, *defaults.ignore}])
    kinds = list(dict.fromkeys(item.kind for item in items if item.kind))
    words = {kind: guess_type(kind, policy) for kind in kinds}
    default = next(iter(words.values())) if len(set(words.values())) == 1 and len(words) == 1 else "software-requirement"
    statuses = list(dict.fromkeys(_first(item.fields.get(status, "")) for item in items)) if status else []
    return MappingFile(
        reader=documents[0].reader,
        sources=list(sources),
        options=dict(options),
        types=TypeMapping(words=words if len(set(words.values())) > 1 else {}, default=default),
        title=title,
        text=text,
        sections=sections,
        status=status,
        states={word: STATUS_WORDS.get(word.lower(), "proposed") for word in statuses if word},
        links=links,
        drop=[name for name in names if name in defaults.ignore and name not in {title, text}],
    )


def _own_mapping(reader: str, items: Sequence[ForeignItem], names: Sequence[str], sources: Sequence[str]) -> MappingFile:
    """For what `lotmark trace reqif` wrote: every field goes back to where it came from, approvals included."""
    kind, status = f"{OWN_PREFIX}type", f"{OWN_PREFIX}status"
    roles = dict.fromkeys(link.role for item in items for link in item.links)
    own = [name for name in names if name.startswith(OWN_PREFIX) and name not in {kind, status} and not name.startswith(OWN_SECTION)]
    return MappingFile(
        reader=reader,
        sources=list(sources),
        types=TypeMapping(field=kind, words={word: word for word in dict.fromkeys(_first(item.fields.get(kind, "")) for item in items) if word}),
        title="ReqIF.Name",
        text="ReqIF.Text",
        sections={f"{OWN_SECTION}{section}": section for section in SECTIONS if f"{OWN_SECTION}{section}" in names},
        status=status,
        states={word: word for word in dict.fromkeys(_first(item.fields.get(status, "")) for item in items) if word},
        links={role: role for role in roles},
        fields={name: name.removeprefix(OWN_PREFIX).removesuffix(OWN_MAPPING) for name in own},
        drop=["ReqIF.ForeignID"],
        verbatim=True,
    )


def _pick(wanted: Sequence[str], names: Sequence[str]) -> str:
    lower = {name.lower(): name for name in reversed(names)}
    return next((lower[name.lower()] for name in wanted if name.lower() in lower), "")


def _key(name: str, known: Mapping[str, str]) -> str:
    return next((key for key in known if key.lower() == name.lower()), "")


def _first(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else next(iter(value), "")


def guess_type(kind: str, policy: TracePolicy) -> str:
    """The type of ours that a foreign kind sounds like."""
    for pattern, name in TYPE_WORDS:
        if re.search(pattern, kind, re.IGNORECASE) and (name in policy.types or name.endswith("-requirement")):
            return name
    return "software-requirement"


def propose_links(items: Sequence[ForeignItem], names: Iterable[str]) -> dict[str, str]:
    """Foreign link -> link of ours: those that the format marks, fields with a link's name, fields that hold ids of items."""
    known = {item.id for item in items}
    found = {role: LINK_WORDS.get(role.lower().replace("-", " "), "refines") for role in dict.fromkeys(link.role for item in items for link in item.links)}
    for name in names:
        targets = Counter(target in known for item in items for target in split_targets(item.fields.get(name, "")) if target != item.id)
        word = LINK_WORDS.get(name.lower().replace("-", " "))
        if targets[True] * 2 > targets[True] + targets[False] or (word and (targets[True] or targets[False])):
            found[name] = word or "refines"
    return found


def split_targets(value: str | tuple[str, ...]) -> list[str]:
    """The ids in a field of links; what stands in brackets behind one is a qualifier."""
    parts = (value,) if isinstance(value, str) else value
    return [target for part in parts for target in _TARGETS.split(_QUALIFIER.sub(" ", part)) if target]


def has_qualifier(value: str | tuple[str, ...]) -> bool:
    """Whether a field of links says more than the ids."""
    parts = (value,) if isinstance(value, str) else value
    return any(_QUALIFIER.search(part) for part in parts)


def find_mistakes(mapping: MappingFile, policy: TracePolicy) -> list[str]:
    """What in a mapping cannot be, beyond its form."""
    said: list[str] = []
    types = (*mapping.types.words.values(), mapping.types.default)
    said += [f"there is no type {name!r}" for name in types if name != "skip" and type_of(name, policy) is None]
    said += [f"there is no link {name!r}" for name in mapping.links.values() if name not in policy.links]
    said += [f"there is no section {name!r}; one of: {', '.join(SECTIONS)}" for name in mapping.sections.values() if name not in SECTIONS]
    if mapping.ids.pattern:
        try:
            re.compile(mapping.ids.pattern)
        except re.error as error:
            said.append(f"ids.pattern is no regular expression: {error}")
    if bool(mapping.ids.pattern) != bool(mapping.ids.to):
        said.append("ids.pattern and ids.to belong together")
    return said


def type_of(name: str, policy: TracePolicy) -> ItemType | None:
    """The type that a name means, ``software-requirement`` included."""
    if name in policy.types:
        return policy.types[name]
    head, _, tail = name.rpartition("-")
    kind = policy.types.get(tail)
    return kind if head and kind is not None and kind.category_suffix else None


def format_mapping(mapping: MappingFile, schema: str = "https://lotmark.dev/schemas/import.v1.json") -> bytes:
    """The file, without what is as it would be anyway."""
    import yaml

    raw: dict[str, Any] = msgspec.to_builtins(mapping)
    defaults: dict[str, Any] = msgspec.to_builtins(MappingFile(reader="x", sources=["x"]))
    kept = {key: value for key, value in raw.items() if key in {"reader", "sources"} or value != defaults[key]}
    text = yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=120)
    return f"# yaml-language-server: $schema={schema}\n{text}".encode()
