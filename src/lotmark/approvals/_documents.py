"""Reading `quality/people.yaml` and `quality/approvals.yaml`, and what no schema can say of them."""

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from lotmark.approvals.models import TIERS, ApprovalsDocument, ApprovalsFile, PeopleDocument, PeopleFile, Person
from lotmark.base.documents import parse_document
from lotmark.base.documents import read_document as _read
from lotmark.base.errors import UsageError
from lotmark.base.findings import Location


def read_people(path: Path, *, name: str | None = None) -> PeopleDocument:
    """Read and check `people.yaml`.

    Raises:
        UsageError: LM-CFG-* for the document, LM-APR-030 for two people with one id or one address.
    """
    document = _read(path, PeopleFile, name=name)
    _check_people(document)
    return document


def parse_people(data: bytes, *, name: str) -> PeopleDocument:
    """As `read_people`, from bytes."""
    document = parse_document(data, PeopleFile, name=name)
    _check_people(document)
    return document


def read_approvals(path: Path, people: PeopleDocument | None = None, *, name: str | None = None) -> ApprovalsDocument:
    """Read and check `approvals.yaml`; with `people`, that the required roles can be filled at all.

    Raises:
        UsageError: LM-CFG-* for the document, LM-APR-031 for tiers that do not fit, -032 for a role that nobody can fill.
    """
    document = _read(path, ApprovalsFile, name=name)
    _check_approvals(document, people)
    return document


def parse_approvals(data: bytes, people: PeopleDocument | None = None, *, name: str) -> ApprovalsDocument:
    """As `read_approvals`, from bytes."""
    document = parse_document(data, ApprovalsFile, name=name)
    _check_approvals(document, people)
    return document


def normal_email(address: str) -> str:
    """The address by which persons are told apart: without case and without a ``+tag``."""
    local, _, domain = address.strip().casefold().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def emails_of(person: Person) -> frozenset[str]:
    return frozenset(normal_email(address) for address in (person.email, *person.also))


def find_by_email(people: PeopleFile, address: str) -> Person | None:
    """The person to whom an address belongs, if it is one of theirs."""
    wanted = normal_email(address)
    return next((person for person in people.people if wanted in emails_of(person)), None)


def find_person(people: PeopleFile, person_id: str) -> Person | None:
    return next((person for person in people.people if person.id == person_id), None)


def _check_people(document: PeopleDocument) -> None:
    ids: set[str] = set()
    owners: dict[str, str] = {}
    for number, person in enumerate(document.value.people):
        if person.id in ids:
            raise _twice(document.where(("people", number, "id")), f"the id {person.id!r}", "an id is never given to a second person; deactivate the first one")
        ids.add(person.id)
        for email in sorted(emails_of(person)):
            if email in owners:
                raise _twice(
                    document.where(("people", number, "email")), f"the address {email!r}", f"it belongs to {owners[email]!r}; one individual stands here once"
                )
            owners[email] = person.id


def _twice(where: Location, what: str, solution: str) -> UsageError:
    return UsageError("LM-APR-030", f"{what} stands twice", where=str(where), solution=solution)


def _check_approvals(document: ApprovalsDocument, people: PeopleDocument | None) -> None:
    value = document.value
    names = tuple(tier.name for tier in value.tiers)
    if names != TIERS:
        raise UsageError(
            "LM-APR-031",
            f"the tiers are {', '.join(names)}",
            where=str(document.where(("tiers",))),
            solution="write the tiers low, medium and high, once each, in this order",
        )
    for number, tier in enumerate(value.tiers):
        if "author" not in tier.may_not:
            raise UsageError(
                "LM-APR-031",
                f"tier {tier.name} lets authors approve",
                where=str(document.where(("tiers", number, "may-not"))),
                solution="add author to may-not",
            )
        if tier.when.only_paths and number:
            where = document.where(("tiers", number, "when", "only-paths"))
            raise UsageError("LM-APR-031", f"only-paths does not belong to tier {tier.name}", where=str(where), solution="write it in the tier low alone")
    for number, tier in enumerate(value.tiers):
        for position, wanted in enumerate(tier.required):
            _check_fillable(document, ("tiers", number, "required", position), wanted.role, wanted.count, people)


def _check_fillable(document: ApprovalsDocument, path: tuple[str | int, ...], role: str, count: int, people: PeopleDocument | None) -> None:
    if people is None:
        return
    holders = [person.id for person in people.value.people if person.active and role in person.roles]
    if len(holders) < count:
        raise UsageError(
            "LM-APR-032",
            f"{count} of role {role!r} must sign, and {people.path} has {len(holders)}",
            where=str(document.where(path)),
            solution="give the role to more people, or ask for fewer",
        )


def matching(paths: Iterable[str], globs: Iterable[str]) -> list[str]:
    """The paths that match any of the globs: ``*`` and ``?`` within a folder, ``**`` over folders."""
    patterns = [_glob(glob) for glob in globs]
    return [path for path in paths if any(pattern.match(path) for pattern in patterns)]


@lru_cache(maxsize=512)
def _glob(glob: str) -> re.Pattern[str]:
    signs = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = [signs.get(piece, re.escape(piece)) for piece in re.split(r"(\*\*/|\*\*|\*|\?)", glob)]
    return re.compile("".join(parts) + r"\Z", re.DOTALL)
