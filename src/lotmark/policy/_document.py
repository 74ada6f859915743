"""Reading `quality/policy.yaml`: strict document, then every expression checked against the subset and the facts."""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import msgspec

from lotmark.base.documents import Document, parse_document, read_document
from lotmark.base.errors import UsageError
from lotmark.policy._cel_syntax import CelError, Name, Node, Select, parse_cel
from lotmark.policy._cel_types import BOOL, INT, STRING, ListOf, ObjectOf, Type, check_types, type_of_value, types_of_schema
from lotmark.policy._facts_model import facts_schema
from lotmark.policy.models import Criterion, PolicyDocument, PolicyFile

DEFAULT_POLICY = Path(__file__).with_name("default_policy.yaml")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_PLACEHOLDER_PATH = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)*\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checked:
    """A criterion whose expression is in the subset."""

    criterion: Criterion
    tree: Node
    returns_bool: bool


def read_policy(path: Path, *, name: str | None = None) -> PolicyDocument:
    """Read and check a policy file.

    Raises:
        UsageError: LM-CFG-* for the document, LM-POL-011 to -014 for a criterion, with file, line and column.
    """
    document = read_document(path, PolicyFile, name=name)
    check_policy(document)
    return document


def parse_policy(data: bytes, *, name: str) -> PolicyDocument:
    """As `read_policy`, from bytes."""
    document = parse_document(data, PolicyFile, name=name)
    check_policy(document)
    return document


@lru_cache(maxsize=1)
def default_policy() -> PolicyDocument:
    """The policy that is shipped: the release criteria, all strict."""
    return read_policy(DEFAULT_POLICY, name="default_policy.yaml")


@lru_cache(maxsize=1)
def _fact_types() -> dict[str, Type]:
    return types_of_schema(facts_schema())


def variables_of(policy: PolicyFile) -> dict[str, Type]:
    """Everything that a criterion of the policy may read."""
    parameters = ObjectOf("params", tuple((name, type_of_value(value)) for name, value in policy.parameters.items()))
    return {**_fact_types(), "params": parameters}


def check_policy(document: Document[PolicyFile]) -> tuple[Checked, ...]:
    """Every criterion with its tree.

    Raises:
        UsageError: LM-POL-011 a doubled id, -012 not in the subset, -013 neither bool nor list of texts, -014 message.
    """
    policy = document.value
    # Reading, deciding and explaining ask for the same; what was refused is looked at again, for it names another file.
    known = msgspec.json.encode(policy)
    if known not in _CHECKED:
        checked = _check_all(document)
        if len(_CHECKED) >= _MAX_CHECKED:
            _CHECKED.clear()
        _CHECKED[known] = checked
    return _CHECKED[known]


_CHECKED: dict[bytes, tuple[Checked, ...]] = {}
_MAX_CHECKED = 16


def _check_all(document: Document[PolicyFile]) -> tuple[Checked, ...]:
    policy = document.value
    variables = variables_of(policy)
    seen: set[str] = set()
    checked: list[Checked] = []
    for number, criterion in enumerate(policy.criteria):
        place = document.where(("criteria", number, "id"))
        if criterion.id in seen:
            raise UsageError("LM-POL-011", f"the criterion {criterion.id!r} stands twice", where=str(place), solution="give each criterion its own id")
        seen.add(criterion.id)
        checked.append(_check(document, number, criterion, variables))
    return tuple(checked)


def _check(document: Document[PolicyFile], number: int, criterion: Criterion, variables: dict[str, Type]) -> Checked:
    place = document.where(("criteria", number, "violations"))
    text = criterion.violations
    try:
        tree = parse_cel(text)
        kind = check_types(tree, variables)
    except CelError as error:
        # The place of a folded YAML text is known to the line on which it starts; the excerpt says the rest.
        excerpt = " ".join(text[error.offset : error.offset + 40].split())
        shown = f", at `{excerpt}`" if excerpt else ""
        raise UsageError("LM-POL-012", f"criterion {criterion.id}: {error.reason}{shown}", where=str(place), solution=error.solution) from error
    if kind not in {BOOL, ListOf(STRING), ListOf(None)}:
        raise UsageError(
            "LM-POL-013", f"criterion {criterion.id} gives {kind}", where=str(place), solution="`violations` must give a bool or a list of messages"
        )
    if kind == BOOL:
        _check_message(document, number, criterion, variables)
    elif criterion.message:
        where = document.where(("criteria", number, "message"))
        raise UsageError("LM-POL-014", f"criterion {criterion.id} gives its own messages and has a `message`", where=str(where), solution="remove `message`")
    return Checked(criterion, tree, kind == BOOL)


def _check_message(document: Document[PolicyFile], number: int, criterion: Criterion, variables: dict[str, Type]) -> None:
    where = str(document.where(("criteria", number, "message")))
    if not criterion.message.strip():
        raise UsageError("LM-POL-014", f"criterion {criterion.id} gives a bool and has no `message`", where=where, solution="say in `message` what is wrong")
    for path in _PLACEHOLDER.findall(criterion.message):
        try:
            kind = check_types(_path_node(path), variables)
        except CelError as error:
            raise UsageError("LM-POL-014", f"the message of criterion {criterion.id}: {error.reason}", where=where, solution=error.solution) from error
        if kind not in {BOOL, INT, STRING, ListOf(STRING)}:
            raise UsageError(
                "LM-POL-014",
                f"the message of criterion {criterion.id}: {{{path}}} is {kind}",
                where=where,
                solution="name a bool, an int, a text or a list of texts",
            )


def _path_node(path: str) -> Node:
    if not _PLACEHOLDER_PATH.match(path):
        raise CelError(f"{{{path}}} is not the path of a fact", 0)
    first, *rest = path.split(".")
    node: Node = Name(first, 0)
    for field in rest:
        node = Select(node, field, 0)
    return node


def fill_message(template: str, values: dict[str, object]) -> str:
    """The message with each ``{path}`` replaced by that value."""

    def value(match: re.Match[str]) -> str:
        found: object = values
        for step in match[1].split("."):
            found = found[step]  # type: ignore[index]  # the path was checked against the schema
        if isinstance(found, list):
            return ", ".join(found)
        return str(found).lower() if isinstance(found, bool) else str(found)

    return _PLACEHOLDER.sub(value, template)
