"""The kinds of evidence of this room: ``link-review/v1`` and ``trace-exception/v1``, both signed by a person's own key."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final

import msgspec

from lotmark.attest.models import Evidence, PredicateKind, Subject, lotmark_uri
from lotmark.base.clock import format_instant
from lotmark.base.digest import Digest
from lotmark.base.errors import UsageError
from lotmark.checks._exception_file import ExceptionSection
from lotmark.checks._exceptions import entry_digest
from lotmark.checks.models import Suspect
from lotmark.trace.models import TraceGraph

Hex = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
Text = Annotated[str, msgspec.Meta(min_length=1)]


class _Wire(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """Base of the wire types; subclasses repeat ``frozen, kw_only``."""


class RoleHolder(_Wire, frozen=True, kw_only=True):
    """Who signs: id, printed name, and the role in which."""

    person: Text
    name: Text
    role: Text


class ReviewedLink(_Wire, frozen=True, kw_only=True):
    """A link, and the fingerprints of both ends for which it holds."""

    source: Text
    type: Text
    target: Text
    source_fingerprint: Hex
    target_fingerprint: Hex


class LinkReview(_Wire, frozen=True, kw_only=True):
    """The predicate of ``link-review/v1``: these links still hold for these texts."""

    product: Text
    links: Annotated[list[ReviewedLink], msgspec.Meta(min_length=1)]
    reason: Text
    signer: RoleHolder
    signed_at: Text


class TraceException(_Wire, frozen=True, kw_only=True):
    """The predicate of ``trace-exception/v1``: an entry of `quality/exceptions.yaml`, by the digest of its words."""

    product: Text
    exception: Text
    entry_sha256: Hex
    rule: Text
    items: list[Text]
    reason: Text
    owner: Text
    expires: Text
    signer: RoleHolder
    signed_at: Text


KINDS: Final = (
    PredicateKind(
        "link-review",
        lotmark_uri("link-review"),
        "IEC 62304:2006+A1:2015, 5.1.1 c), 6.2.3, 8.2; 21 CFR 820.30(i)",
        "device-record",
        frozenset({"person"}),
        schema="link-review.v1.json",
        title="Link review: links that a person says still hold, for the fingerprints of both ends",
        body=LinkReview,
    ),
    PredicateKind(
        "trace-exception",
        lotmark_uri("trace-exception"),
        "ISO 13485:2016, 8.3.2; IEC 62304:2006+A1:2015, 5.8.2",
        "device-record",
        frozenset({"person"}),
        schema="trace-exception.v1.json",
        title="Trace exception: a finding that a person accepts for a time, with reason, owner and end",
        body=TraceException,
    ),
)


def build_link_review(graph: TraceGraph, links: Iterable[Suspect], *, reason: str, signer: RoleHolder, signed_at: datetime) -> Evidence:
    """The evidence that these links hold for the items as they are in the graph.

    Raises:
        UsageError: LM-CHK-001 without links or without a reason.
    """
    found = [
        ReviewedLink(
            source=link.source,
            type=link.type,
            target=link.target,
            source_fingerprint=graph.items[link.source].fingerprint,
            target_fingerprint=graph.items[link.target].fingerprint,
        )
        for link in links
    ]
    if not found or not reason.strip():
        raise UsageError(
            "LM-CHK-001", "a review names at least one link and says why it holds", solution="give --reason; an empty value comes from an unset variable"
        )
    record = LinkReview(product=graph.product, links=found, reason=reason.strip(), signer=signer, signed_at=format_instant(signed_at))
    return _evidence("link-review", graph.product, record)


def build_exception(product: str, entry: ExceptionSection, *, signer: RoleHolder, signed_at: datetime) -> Evidence:
    """The evidence that a person accepts the exception, word for word as it stands."""
    record = TraceException(
        product=product,
        exception=entry.id,
        entry_sha256=entry_digest(entry),
        rule=entry.rule,
        items=list(entry.items),
        reason=entry.reason,
        owner=entry.owner,
        expires=entry.expires,
        signer=signer,
        signed_at=format_instant(signed_at),
    )
    return _evidence("trace-exception", entry.id, record)


def _evidence(kind: str, name: str, record: LinkReview | TraceException) -> Evidence:
    # The subject is the statement itself; its digest covers every field of the record.
    digest = Digest.of(msgspec.json.encode(record, order="sorted"))
    return Evidence(kind, (Subject(f"{kind}:{name}", digest.digest_set),), msgspec.to_builtins(record))
