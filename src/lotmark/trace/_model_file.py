"""`quality/trace.yaml`: the product's own item types, link types, rule weights and items of other products.

The file changes the default of `lotmark.trace._policy`; what it does not name stays as it is. A type of the default gets
the given fields in addition and the other keys in place of its own; ``off`` takes it away. A file that cannot be read, or
that contradicts itself, is a finding, and the default holds: a mistake here never makes the checks milder.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Literal

import msgspec

from lotmark.base.documents import Document, parse_document
from lotmark.base.errors import UsageError
from lotmark.base.findings import Finding, Location, Severity
from lotmark.product.models import NonEmpty, Section, Sha256Hex
from lotmark.trace._external import read_external
from lotmark.trace._local import local_id
from lotmark.trace._policy import COMMON_KEYS, DEFAULT_POLICY, EXTENSION, FOLDERS
from lotmark.trace.models import External, ItemType, Level, LinkType, TracePolicy

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,39}$(?!\n)")]
Prefix = Annotated[str, msgspec.Meta(pattern=r"^[A-Z][A-Z0-9]{0,15}$(?!\n)")]
Weight = Literal["error", "warning", "info", "off"]
FIXED = ("LM-TRC-00", "LM-TRC-01")
"""Rules that no file may weigh anew: about what was read, and about identity."""


class RequiresSection(Section, frozen=True, kw_only=True):
    """What must lie directly above and below an item of the type."""

    above: list[Annotated[list[Name], msgspec.Meta(min_length=1)]] = msgspec.field(default_factory=list)
    """Lists of link names: of each list, one link must stand in the item."""
    below: list[Annotated[list[Name], msgspec.Meta(min_length=1)]] = msgspec.field(default_factory=list)
    """Lists of type names: of each list, an item of one type must link to the item."""
    reach: list[Name] = msgspec.field(default_factory=list)
    """Its links must lead on to an item of one of these types."""
    test: bool = False
    """A test, a test case or an item of the same type must lie below it."""


class TypeSection(Section, frozen=True, kw_only=True):
    """An item type; every key may be left out for a type of the default."""

    title: NonEmpty | msgspec.UnsetType = msgspec.UNSET
    """As messages and documents call it."""
    prefix: Prefix | msgspec.UnsetType = msgspec.UNSET
    """The first part of new ids."""
    folder: Literal[FOLDERS] | msgspec.UnsetType = msgspec.UNSET  # type: ignore[valid-type]
    """Where new items are written, below `quality/`."""
    fields: list[Name] = msgspec.field(default_factory=list)
    """Front matter keys of its own."""
    required: list[Name] = msgspec.field(default_factory=list)
    """Those that must stand there."""
    text: Literal["required", "optional"] | msgspec.UnsetType = msgspec.UNSET
    """Whether the body, the normative statement, may be empty."""
    states: list[Name] | msgspec.UnsetType = msgspec.UNSET
    """What `status` may be; ``obsolete`` always may."""
    requires: RequiresSection | msgspec.UnsetType = msgspec.UNSET
    """What must lie above and below; replaces what the default asks."""
    counts: bool | msgspec.UnsetType = msgspec.UNSET
    """Whether it must be covered itself before what lies above it is."""


class LinkSection(Section, frozen=True, kw_only=True, rename={"sources": "from", "targets": "to"}):
    """A link type. For a link of the default, `from` and `to` are added to what it has."""

    sources: list[Name] = msgspec.field(default_factory=list)
    """Types that may hold it."""
    targets: list[Name] = msgspec.field(default_factory=list)
    """Types that it may point at."""
    reverse: NonEmpty | msgspec.UnsetType = msgspec.UNSET
    """What the target says of the source: ``refined by``."""


class ClassWeights(Section, frozen=True, kw_only=True, rename=None):
    """The weight of a rule by the safety class of the item, or of the product where the item names none."""

    A: Weight | msgspec.UnsetType = msgspec.UNSET
    B: Weight | msgspec.UnsetType = msgspec.UNSET
    C: Weight | msgspec.UnsetType = msgspec.UNSET


class ExternalSection(Section, frozen=True, kw_only=True):
    """One item of another product."""

    id: NonEmpty
    """Canonical: ``pelican:SYS-SES-004``."""
    type: str = ""
    """Its type there; empty: not known, and not checked."""
    title: str = ""
    """For documents."""


class OtherProduct(Section, frozen=True, kw_only=True):
    """Another product, whose trace snapshot says which items it has."""

    product: Name
    snapshot: NonEmpty
    """A file below `quality/external/`: the predicate ``trace-snapshot/v1``, or the Statement that holds it."""
    sha256: Sha256Hex
    """Its digest: another snapshot is a change that somebody reviews."""


class ModelFile(Section, frozen=True, kw_only=True):
    """`quality/trace.yaml`, whole."""

    types: dict[Name, TypeSection | Literal["off"]] = msgspec.field(default_factory=dict)
    links: dict[Name, LinkSection] = msgspec.field(default_factory=dict)
    severities: dict[Annotated[str, msgspec.Meta(pattern=r"^LM-TRC-[0-9]{3}$(?!\n)")], Weight | ClassWeights] = msgspec.field(default_factory=dict)
    layers: dict[Name, list[NonEmpty]] = msgspec.field(default_factory=dict)
    """Test layer -> folder names in a test's path that mean it; replaces the folders of that layer."""
    externals: list[ExternalSection] = msgspec.field(default_factory=list)
    products: list[OtherProduct] = msgspec.field(default_factory=list)


def parse_model(path: str, data: bytes, external: Mapping[str, bytes], product: str, findings: list[Finding]) -> TracePolicy:
    """The policy that the file describes; the default, and a finding, where it does not hold."""
    try:
        document = parse_document(data, ModelFile, name=path)
        types = _types(document)
        links = _links(document, types)
        _check_names(document, types, links)
        severities = _severities(document)
    except UsageError as error:
        from lotmark.trace._yaml import parse_location

        findings.append(Finding(error.code, error.reason, Severity.ERROR, parse_location(error.where or path), path, error.solution))
        return DEFAULT_POLICY
    layers = {**DEFAULT_POLICY.layers, **{name: frozenset(folders) for name, folders in document.value.layers.items()}}
    return replace(DEFAULT_POLICY, types=types, links=links, severities=severities, layers=layers, externals=_externals(document, external, product, findings))


def _types(document: Document[ModelFile]) -> dict[str, ItemType]:
    types = dict(DEFAULT_POLICY.types)
    for name, section in document.value.types.items():
        if section == "off":
            if types.pop(name, None) is None:
                raise _wrong(document, ("types", name), f"there is no type {name!r} to take away")
            continue
        assert isinstance(section, TypeSection)  # noqa: S101 -- the only other form is "off"
        known = types.get(name)
        if known is None and (section.title is msgspec.UNSET or section.prefix is msgspec.UNSET):
            raise _wrong(document, ("types", name), f"the new type {name!r} needs a title and a prefix")
        kind = known or ItemType(name, str(section.prefix), str(section.title))
        types[name] = _changed(document, name, kind, section)
    return types


def _changed(document: Document[ModelFile], name: str, kind: ItemType, section: TypeSection) -> ItemType:
    taken = next((key for key in section.fields if key in COMMON_KEYS or key == "safety-class" or key.startswith(EXTENSION)), None)
    if taken is not None:
        raise _wrong(document, ("types", name, "fields"), f"{taken!r} is a key of every item")
    keys = kind.keys | frozenset(section.fields)
    unknown = next((key for key in section.required if key not in keys | COMMON_KEYS | {"safety-class"}), None)
    if unknown is not None:
        raise _wrong(document, ("types", name, "required"), f"{unknown!r} is required and not among the fields")
    changed = replace(kind, keys=keys, required=kind.required | (frozenset(section.required) - COMMON_KEYS))
    if section.title is not msgspec.UNSET:
        changed = replace(changed, title=section.title)
    if section.prefix is not msgspec.UNSET:
        changed = replace(changed, prefix=section.prefix)
    if section.folder is not msgspec.UNSET:
        changed = replace(changed, folder=section.folder)
    if section.text is not msgspec.UNSET:
        changed = replace(changed, needs_text=section.text == "required")
    if section.states is not msgspec.UNSET:
        changed = replace(changed, states=tuple(dict.fromkeys((*section.states, "obsolete"))))
    if section.counts is not msgspec.UNSET:
        changed = replace(changed, counts=section.counts)
    return changed if section.requires is msgspec.UNSET else _required(changed, section.requires)


def _required(kind: ItemType, requires: RequiresSection) -> ItemType:
    """The levels asked for; a level that the default asks in the same words keeps its rule code."""
    default = {(level.links, level.types): level for level in (*kind.above, *kind.below)}
    above = tuple(default.get((tuple(links), ()), Level(links=tuple(links))) for links in requires.above)
    below = tuple(default.get(((), tuple(types)), Level(types=tuple(types))) for types in requires.below)
    return replace(kind, above=above, below=below, reaches=frozenset(requires.reach), needs_test=requires.test)


def _links(document: Document[ModelFile], types: Mapping[str, ItemType]) -> dict[str, LinkType]:
    links = dict(DEFAULT_POLICY.links)
    for name, section in document.value.links.items():
        known = links.get(name)
        if name in COMMON_KEYS or name == "safety-class" or name.startswith(EXTENSION) or any(name in kind.keys for kind in types.values()):
            raise _wrong(document, ("links", name), f"{name!r} is the name of a field")
        if known is None and not (section.sources and section.targets):
            raise _wrong(document, ("links", name), f"the new link {name!r} needs 'from' and 'to'")
        known = known or LinkType(name, frozenset(), frozenset(), f"target of {name}")
        reverse = known.reverse if section.reverse is msgspec.UNSET else section.reverse
        links[name] = LinkType(name, known.sources | frozenset(section.sources), known.targets | frozenset(section.targets), reverse)
    return links


def _check_names(document: Document[ModelFile], types: Mapping[str, ItemType], links: Mapping[str, LinkType]) -> None:
    """Every name that the file uses must exist: a misspelt one would ask for nothing."""
    for name, section in document.value.links.items():
        for key, used in (("from", section.sources), ("to", section.targets)):
            _known(document, ("links", name, key), used, types, "type")
    for name, kind in document.value.types.items():
        if isinstance(kind, TypeSection) and kind.requires is not msgspec.UNSET:
            at = ("types", name, "requires")
            for group in kind.requires.above:
                _known(document, (*at, "above"), group, links, "link")
                if not any(name in links[link].sources for link in group):
                    raise _wrong(document, (*at, "above"), f"no link of {', '.join(group)} may stand in a {name}")
            for group in kind.requires.below:
                _known(document, (*at, "below"), group, types, "type")
            _known(document, (*at, "reach"), kind.requires.reach, types, "type")


def _known(document: Document[ModelFile], at: tuple[str | int, ...], used: list[str], known: Mapping[str, object], what: str) -> None:
    unknown = next((name for name in used if name not in known), None)
    if unknown is not None:
        raise _wrong(document, at, f"there is no {what} {unknown!r}")


def _severities(document: Document[ModelFile]) -> dict[str, Mapping[str, str]]:
    severities = dict(DEFAULT_POLICY.severities)
    for code, weight in document.value.severities.items():
        if code.startswith(FIXED):
            raise _wrong(document, ("severities", code), f"{code} is about what was read; its weight is fixed")
        if isinstance(weight, ClassWeights):
            given = {name: getattr(weight, name) for name in "ABC" if getattr(weight, name) is not msgspec.UNSET}
            severities[code] = {**severities.get(code, {}), **given}
        else:
            severities[code] = dict.fromkeys("ABC", weight)
    return severities


def _externals(document: Document[ModelFile], files: Mapping[str, bytes], product: str, findings: list[Finding]) -> dict[str, External]:
    """The items of other products: those of the snapshots, and over them those declared one by one."""
    found: dict[str, External] = {}
    for number, other in enumerate(document.value.products):
        where = document.where(("products", number))
        if other.product == product:
            findings.append(_say(where, "LM-TRC-017", f"{product} is this product", "name another product, or remove the entry"))
        else:
            found.update(read_external(other.product, other.snapshot, other.sha256, files, where, findings))
    for number, section in enumerate(document.value.externals):
        name = local_id(section.id, product)
        if name is None or ":" not in name:
            where = document.where(("externals", number, "id"))
            findings.append(_say(where, "LM-TRC-010", f"{section.id!r} is no identifier of another product", "write product:PREFIX-001"))
        else:
            found[name] = External(name, section.type, section.title)
    return found


def _wrong(document: Document[ModelFile], at: tuple[str | int, ...], reason: str) -> UsageError:
    return UsageError("LM-TRC-018", reason, where=str(document.where(at)), solution="docs/reference/trace-format.md lists the types and links of the default")


def _say(where: Location, code: str, message: str, cure: str) -> Finding:
    return Finding(code, message, Severity.ERROR, where, where.path, cure)
