"""What a release asks of the trace beyond the graph: links reviewed by signed records, exceptions signed word for word.

Here the ledger alone counts: `quality/trace.lock` only says that reviews are kept, and an entry of `quality/exceptions.yaml`
that nobody signed excepts nothing.
"""

from collections.abc import Iterable, Mapping, Sequence

from lotmark.approvals.api import read_people
from lotmark.attest.models import Verified
from lotmark.base.findings import Finding
from lotmark.checks.api import apply_exceptions, check_reviews, parse_exceptions, reviews_of
from lotmark.checks.models import People
from lotmark.pipeline._context import StageContext
from lotmark.trace.models import TraceGraph


def judge_trace(context: StageContext, graph: TraceGraph, findings: Sequence[Finding], *, safety_class: str) -> tuple[Finding, ...]:
    """The findings of the graph with those about reviews, under the exceptions that are signed.

    Raises:
        UsageError: LM-CFG-* if `quality/exceptions.yaml` or `quality/people.yaml` cannot be read.
    """
    quality = context.product.quality
    entries = context.product_entries("link-review", "trace-exception")
    exceptions, lock = quality / "exceptions.yaml", quality / "trace.lock"
    if not (entries or lock.is_file() or exceptions.is_file()):
        return tuple(findings)
    listed = read_people(quality / "people.yaml", name="quality/people.yaml").value.people
    people = People(
        {person.id: frozenset(email.lower() for email in (person.email, *person.also)) for person in listed if person.active},
        {person.id: frozenset(person.roles) for person in listed},
    )
    found = [*findings]
    reviewed = [entry.statement.predicate for entry in _held(entries, "link-review", people)]
    if reviewed or lock.is_file():
        found += check_reviews(graph, reviews_of(reviewed), safety_class=safety_class)
    if not exceptions.is_file():
        return tuple(found)
    document = parse_exceptions(exceptions.read_bytes())
    signed = _signed(_held(entries, "trace-exception", people), frozenset(document.value.roles))
    return apply_exceptions(found, document, context.settings.clock.now().date(), people=people, signed=signed).findings


def _held(entries: Iterable[Verified], kind: str, people: People) -> list[Verified]:
    """The entries whose key is that of the person they name, who holds the role that they name."""
    return [
        entry
        for entry in entries
        if entry.kind == kind
        and entry.key.person == entry.statement.predicate["signer"]["person"]
        and entry.statement.predicate["signer"]["role"] in people.roles.get(entry.key.person or "", frozenset())
    ]


def _signed(entries: Iterable[Verified], roles: frozenset[str]) -> Mapping[str, str]:
    """Exception -> digest of the entry that its last signature covers; who owns one does not sign it."""
    bodies = [entry.statement.predicate for entry in entries]
    return {body["exception"]: body["entrySha256"] for body in bodies if body["signer"]["role"] in roles and body["signer"]["person"] != body["owner"]}
