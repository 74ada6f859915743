"""What a reader asks of the JSON of a capsule: index, manifest and input lock, as far as a rebuild rests on them (``docs/spec/capsule.md``)."""

from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec

from lotmark.base.errors import IntegrityError
from lotmark.intake.api import parse_json

REF: Final = "org.opencontainers.image.ref.name"
CAPSULE_TYPE: Final = "application/vnd.lotmark.capsule.v1"
_MAX_JSON: Final = 16 * 2**20
T = TypeVar("T")

Text = Annotated[str, msgspec.Meta(min_length=1, pattern=r"^[^\x00]*$(?!\n)")]
Variable = Annotated[str, msgspec.Meta(pattern=r"^[^=\x00]+$(?!\n)")]
Value = Annotated[str, msgspec.Meta(pattern=r"^[^\x00]*$(?!\n)")]
Hex = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
Reference = Annotated[str, msgspec.Meta(pattern=r"^sha256:[0-9a-f]{64}$(?!\n)")]


class _Part(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Base: what a later writer adds is passed over."""


class Annotations(_Part, frozen=True, kw_only=True):
    """The release's name."""

    name: Text = msgspec.field(name=REF)


class Described(_Part, frozen=True, kw_only=True):
    """A manifest, in the index."""

    digest: Reference
    annotations: Annotations


class Index(_Part, frozen=True, kw_only=True):
    """``index.json``."""

    manifests: list[Described]


class Content(_Part, frozen=True, kw_only=True):
    """The input lock, in a manifest."""

    digest: Reference


class Manifest(_Part, frozen=True, kw_only=True):
    """The manifest of a release."""

    artifact_type: Literal["application/vnd.lotmark.capsule.v1"]
    config: Content


class LockLayer(_Part, frozen=True, kw_only=True):
    """A tar to unpack."""

    role: Literal["root", "mount", "source"]
    sha256: Hex
    size: Annotated[int, msgspec.Meta(ge=0)]


class LockEnvironment(_Part, frozen=True, kw_only=True):
    """What the build runs in."""

    layers: Annotated[list[LockLayer], msgspec.Meta(min_length=1)]
    packages: list[dict[str, Any]]
    python: list[Any]
    tools: list[dict[str, Any]]
    mounts: list[str]


class LockRecipe(_Part, frozen=True, kw_only=True):
    """What is run."""

    command: Annotated[list[Text], msgspec.Meta(min_length=1)]
    working_directory: Text
    outputs: Annotated[list[Text], msgspec.Meta(min_length=1)]
    timeout: Annotated[float, msgspec.Meta(gt=0)]
    variables: dict[Variable, Value]


class LockSource(_Part, frozen=True, kw_only=True):
    """The commit."""

    commit: Text
    sha256: Hex


class LockOutput(_Part, frozen=True, kw_only=True):
    """An output that must come again."""

    name: Text
    size: Annotated[int, msgspec.Meta(ge=0)]
    sha256: Hex
    executable: bool


class InputLock(_Part, frozen=True, kw_only=True):
    """``build.lock``. At least one output is expected: a rebuild that compares nothing agrees with everything."""

    lock: Literal[1]
    source: LockSource
    recipe: LockRecipe
    environment: LockEnvironment
    comparators: list[dict[str, Any]]
    expected: Annotated[list[LockOutput], msgspec.Meta(min_length=1)]


def read_part(path: Path, kind: type[T], what: str) -> T:
    """A JSON file of a capsule, read strictly: nobody signed it.

    Raises:
        IntegrityError: LM-BLD-045 if it is missing, too large, no strict JSON or not of that form.
    """
    try:
        if path.stat().st_size > _MAX_JSON:
            raise damaged(path, f"it has more than {_MAX_JSON} bytes")
        return msgspec.convert(parse_json(path.read_bytes(), what=what), kind, strict=True)
    except (OSError, IntegrityError, msgspec.ValidationError) as error:
        raise damaged(path, f"{what} is damaged: {error.reason if isinstance(error, IntegrityError) else error}") from error


def damaged(path: Path, reason: str) -> IntegrityError:
    """The refusal of a capsule that is not the one that was written."""
    return IntegrityError("LM-BLD-045", reason, where=str(path), solution="take another copy of the capsule")
