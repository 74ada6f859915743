"""Stage 1, source: a clean tree at one commit, signed-off authors, referenced ids, pinned configuration. Opens the run."""

from collections.abc import Callable, Collection, Iterable, Mapping
from posixpath import normpath
from typing import Any

from lotmark import __version__
from lotmark.approvals.api import find_by_email, read_people
from lotmark.approvals.models import PeopleFile
from lotmark.attest.models import Evidence
from lotmark.base.clock import format_instant
from lotmark.base.digest import Digest
from lotmark.base.findings import Finding, has_errors
from lotmark.ids.api import find_ids, parse_id
from lotmark.pipeline._context import StageContext
from lotmark.pipeline.models import EXPECTED, Outcome, StageResult
from lotmark.product.api import changed_paths, commits_before, files_at, list_commits, read_source_state
from lotmark.product.models import Commit, Product
from lotmark.trace.api import changed_items, load_product_trace, read_quality_files

_POLICY_FILES = frozenset(
    {"lotmark.yaml", "quality/policy.yaml", "quality/approvals.yaml", "quality/people.yaml", "quality/matrix.yaml", "quality/markers.yaml"}
)

_ITEMS = ("quality/requirements/", "quality/risks/")


def work(context: StageContext) -> StageResult:
    """Look at the history since the last release and record what the run stands on."""
    builder = context.builder()
    identity = context.identity
    product = context.product
    previous = context.previous
    root = product.root
    state = read_source_state(root)
    base = previous.commit if previous else None
    commits = list_commits(root, base, identity.commit)
    changed = changed_paths(root, base, identity.commit)
    prefixes = known_prefixes(product)
    references = {commit.sha: _references(commit, product.id, prefixes) for commit in commits}
    exempt = commits_before(product.root, product.file.source.baseline)
    who = Identities(context.settings.seal, read_people(context.pinned("quality/people.yaml"), name="quality/people.yaml").value)
    reconfigured = {path for path, _ in set(previous.configuration) ^ set(identity.configuration)} if previous else set()
    source = {
        "repository": state.repository,
        "ref": state.ref,
        "commit": identity.commit,
        "tree": state.tree,
        "sha256": identity.source_sha256,
        "committedAt": state.committed_at,
    }
    summary: dict[str, Any] = {
        "run": context.run,
        "source": source,
        "base": {"version": previous.version, "commit": previous.commit} if previous else None,
        "commits": [_commit_wire(commit, who, references[commit.sha], exempt=commit.sha in exempt) for commit in commits],
        "authors": who.all(address for commit in commits for address in (commit.author_email, *_co_authors(commit))),
        "committers": who.all(commit.committer_email for commit in commits),
        # Git does not tell who pushed; the committer of the newest commit is the nearest that can be known offline.
        "lastPusher": who.of(commits[-1].committer_email) if commits else "",
        "changedPaths": list(changed),
        "referencedIds": sorted({item for items in references.values() for item in items}),
        "changedItems": _changed_items(context),
        "dependenciesChanged": previous is None or bool({normpath(lock.path) for lock in product.file.dependencies.locks} & {*changed, *reconfigured}),
        "policyChanged": previous is None or bool(_POLICY_FILES & reconfigured),
    }
    builder.add(Evidence("run-opened", (context.source_subject,), _opened(context, source, who)))
    builder.add(Evidence("change-summary", (context.source_subject,), summary))
    findings = _judge(product, [commit for commit in commits if commit.sha not in exempt], references)
    outcome = Outcome.REFUSED if has_errors(findings) else Outcome.ACCEPTED
    people = len(summary["authors"])
    text = f"commit {identity.commit[:12]}, {len(commits)} commit{'' if len(commits) == 1 else 's'} by {people} {'person' if people == 1 else 'people'}, {len(changed)} paths since {previous.version if previous else 'the beginning'}"
    return builder.close(outcome, text, findings)


def _opened(context: StageContext, source: dict[str, Any], who: "Identities") -> dict[str, Any]:
    product = context.product
    section = product.file.product
    previous = context.previous
    return {
        "run": context.run,
        "product": {"id": product.id, "name": section.name, "version": product.version, "safetyClass": section.safety_class, "udiDi": section.udi_di},
        "source": source,
        "configuration": [{"path": path, "sha256": sha} for path, sha in context.identity.configuration],
        "expected": [{"stage": stage.value, "kinds": list(kinds)} for stage, kinds in EXPECTED.items()],
        "previousRelease": {"version": previous.version, "commit": previous.commit, "artifact": previous.artifact} if previous else None,
        "openedAt": format_instant(context.settings.clock.now()),
        "operator": who.of(context.settings.operator),
        "lotmark": __version__,
    }


def _changed_items(context: StageContext) -> list[str]:
    """Items whose meaning differs from the last release's."""
    product = context.product
    after = read_quality_files(product.quality, [])  # what cannot be read is judged by the trace, in validation
    return list(changed_items(_items_before(context), after, product.id).all)


def _items_before(context: StageContext) -> dict[str, bytes]:
    """The files of items at the last release: from git, or with a configuration outside from what that release pinned."""
    previous, product = context.previous, context.product
    if previous is None:
        return {}
    if product.config_root == product.root:
        return {path: data for path, data in files_at(product.root, previous.commit, "quality").items() if path.startswith(_ITEMS)}
    blobs = context.settings.reader.ledger.blobs
    pinned = {path: Digest(sha256) for path, sha256 in previous.configuration if path.startswith(_ITEMS)}
    return {path: blobs.get(digest) for path, digest in pinned.items() if blobs.has(digest)}


def known_prefixes(product: Product) -> frozenset[str]:
    """The prefixes of the product's own identifiers; in prose, ``UTF-8`` has the form of one too."""
    graph = load_product_trace(product)
    return frozenset(parse_id(item, product.id).prefix for item in (*graph.items, *(anomaly.id for anomaly in graph.anomalies)))


def _references(commit: Commit, product: str, prefixes: Collection[str]) -> tuple[str, ...]:
    found = find_ids(commit.body, product, prefixes=prefixes)
    return tuple(sorted({item.short if item.product == product else item.canonical for item in found}))


class Identities:
    """Names and addresses as records may hold them: people of the product by their id, everybody else as a commitment."""

    def __init__(self, seal: Callable[[str], str], people: PeopleFile) -> None:
        self._seal = seal
        self._people = people

    def person(self, address: str) -> str:
        """The id in people.yaml to which an address belongs; empty for a stranger's."""
        known = find_by_email(self._people, address) if "@" in address else None
        return known.id if known else ""

    def of(self, address: str) -> str:
        """The id, or a commitment to the address without its case."""
        return self.person(address) or self._seal(address.lower())

    def all(self, addresses: Iterable[str]) -> list[str]:
        """Each of them once, sorted."""
        return sorted({self.of(address) for address in addresses if address})

    def wire(self, name: str, address: str) -> dict[str, str]:
        """A person as git tells it."""
        return {"name": self._seal(name), "email": self._seal(address.lower()), "person": self.person(address)}


def _commit_wire(commit: Commit, who: Identities, references: tuple[str, ...], *, exempt: bool) -> dict[str, Any]:
    return {
        "sha": commit.sha,
        "subject": commit.subject,
        "author": who.wire(commit.author_name, commit.author_email),
        "committer": who.wire(commit.committer_name, commit.committer_email),
        "committedAt": commit.committed_at,
        "signedOff": _signed_off(commit),
        "references": list(references),
        "exempt": exempt,
    }


def _signed_off(commit: Commit) -> bool:
    """Whether the author signed off (Developer Certificate of Origin), by e-mail."""
    mails = [value.rpartition("<")[2].rstrip(">").strip().lower() for key, value in commit.trailers if key.lower() == "signed-off-by"]
    return commit.author_email.lower() in mails


def _co_authors(commit: Commit) -> list[str]:
    """Addresses of the ``Co-authored-by`` trailers: whoever wrote a part of a commit does not approve it either."""
    return [value.rpartition("<")[2].rstrip(">").strip() for key, value in commit.trailers if key.lower() == "co-authored-by"]


def _judge(product: Product, commits: Iterable[Commit], references: Mapping[str, tuple[str, ...]]) -> list[Finding]:
    rules = product.file.source
    findings = []
    for commit in commits:
        if rules.require_sign_off and not _signed_off(commit):
            findings.append(
                Finding(
                    "LM-PIP-010",
                    f"commit {commit.sha[:12]} ({commit.subject}) is not signed off by its author",
                    subject=commit.sha,
                    help="`git commit --amend --signoff`, or for earlier commits `git rebase --signoff`",
                )
            )
        if rules.require_references and not references[commit.sha]:
            findings.append(
                Finding(
                    "LM-PIP-011",
                    f"commit {commit.sha[:12]} ({commit.subject}) references no requirement, risk, anomaly or change",
                    subject=commit.sha,
                    help="name what it is for in the message: a trailer `Refs: REQ-001`; `source.baseline` exempts the history before Lotmark",
                )
            )
    return findings
