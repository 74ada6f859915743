"""What a change is: commits since a base, the paths and lines that differ, and what commits must carry.

Lines are those of the work tree, committed or not, against the merge base; a file that git does not track yet is new from
its first line to its last.
"""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from lotmark.base.findings import Finding, Severity
from lotmark.checks.models import Change, People
from lotmark.ids.api import find_ids
from lotmark.product.api import commits_before, git, list_commits, resolve_commit
from lotmark.product.models import Commit, SourceSection

POLICY_FILES = ("policy", "matrix", "approvals", "people", "trace", "exceptions", "markers")
"""Names below `quality/` (with ``.yaml``) of what decides on a release."""

_HUNK = re.compile(rb"@@ -\S+ \+(\d+)(?:,(\d+))? @@")
_BRANCH_ID = re.compile(r"(?<![A-Za-z0-9])((?:[A-Z][A-Z0-9]{0,15}-){1,7}[0-9]{1,9})(?![A-Za-z0-9])")
_EVERYTHING = ((1, 1 << 62),)


def read_change(root: Path, base: str) -> Change:
    """The change from `base` (a commit, branch or tag) to the work tree.

    Raises:
        UsageError: LM-PRD-002 if there is no such commit, LM-PRD-005 if the history is cut off.
    """
    commit = resolve_commit(root, base)
    commits = list_commits(root, commit, "HEAD")
    fork = git(root, "merge-base", commit, "HEAD").decode().strip()
    options = ("--unified=0", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--src-prefix=a/", "--dst-prefix=b/", "--ignore-submodules=all")
    lines = _parse_diff(git(root, "-c", "core.quotePath=false", "diff", *options, fork, "--"))
    names = git(root, "diff", "--name-only", "-z", "--no-renames", "--ignore-submodules=all", fork, "--")
    new = git(root, "ls-files", "-z", "--others", "--exclude-standard", "--full-name", "--", ":/")
    untracked = [name for name in new.decode("utf-8", "replace").split("\0") if name]
    paths = {name for name in names.decode("utf-8", "replace").split("\0") if name}
    return Change(base, commits, frozenset(paths.union(untracked)), {**lines, **dict.fromkeys(untracked, _EVERYTHING)})


def _parse_diff(data: bytes) -> dict[str, tuple[tuple[int, int], ...]]:
    """Path -> ranges of the lines that a diff without context adds."""
    found: dict[str, list[tuple[int, int]]] = {}
    ranges: list[tuple[int, int]] = []
    for line in data.split(b"\n"):
        if line.startswith(b"+++ "):
            name = line[4:].rstrip(b"\t").decode("utf-8", "replace").strip('"')
            ranges = found.setdefault(name[2:], []) if name.startswith("b/") else []
        elif line.startswith(b"@@ "):
            match = _HUNK.match(line)
            count = int(match[2]) if match and match[2] is not None else 1
            if match and count:
                ranges.append((int(match[1]), int(match[1]) + count - 1))
    return {path: tuple(ranges) for path, ranges in found.items()}


def check_commits(root: Path, change: Change, product: str, *, rules: SourceSection, known: Collection[str], named: Collection[str] = ()) -> list[Finding]:
    """Commits that reference nothing, and references that lead nowhere.

    Args:
        root: The work tree.
        change: From `read_change`.
        product: The product's id.
        rules: Whether references are asked for, and from which baseline on.
        known: Every id of the product.
        named: Ids that the branch or pull request names: a squashed merge keeps its title.
    """
    if not rules.require_references:
        return []
    prefixes = {one.rpartition("-")[0] for one in known}
    exempt = commits_before(root, rules.baseline)
    findings = []
    for commit in change.commits:
        if commit.sha in exempt:
            continue
        found = _references(commit, product, prefixes)
        if not found:
            findings.append(_silent(commit, named))
        unknown = [one for one in found if ":" not in one and one not in known]
        findings.extend(_unknown(f"commit {commit.sha[:12]} ({commit.subject})", one, commit.sha) for one in unknown)
    return findings


def _silent(commit: Commit, named: Collection[str]) -> Finding:
    text = f"commit {commit.sha[:12]} ({commit.subject}) references no requirement, risk, anomaly or change"
    if named:
        text += f"; the branch or pull request names {', '.join(sorted(named))}, which a squashed merge keeps"
    cure = "name what it is for in the message: a trailer `Refs: REQ-001`"
    return Finding("LM-PIP-011", text, Severity.INFO if named else Severity.WARNING, None, commit.sha, cure)


def _unknown(what: str, item_id: str, subject: str) -> Finding:
    text = f"{what} names {item_id}, which does not exist"
    return Finding("LM-CHK-021", text, Severity.WARNING, None, subject, "correct the id, or add the item")


def _references(commit: Commit, product: str, prefixes: Collection[str]) -> list[str]:
    """The ids that a commit names: anywhere in its message; in the trailers ``Refs`` and ``Implements`` of any prefix."""
    found = {item: None for item in find_ids(commit.body, product) if item.local.rpartition("-")[0] in prefixes or item.product != product}
    for key, value in commit.trailers:
        if key.lower() in {"refs", "implements", "fixes", "closes"}:
            found.update(dict.fromkeys(find_ids(value, product)))
    return [item.short if item.product == product else item.canonical for item in found]


def named_by(text: str, known: Collection[str]) -> tuple[frozenset[str], list[Finding]]:
    """The ids of the product that a branch name or title names, and findings for those that do not exist.

    ``feature/REQ-014-expired-lots`` names REQ-014. A word whose prefix the product does not use is no id (``UTF-8``).
    """
    prefixes = {one.rpartition("-")[0] for one in known}
    found = [one for one in _BRANCH_ID.findall(text) if one.rpartition("-")[0] in prefixes]
    unknown = [_unknown(f"{text[:80]!r}", one, text[:80]) for one in dict.fromkeys(found) if one not in known]
    return frozenset(one for one in found if one in known), unknown


def check_policy_files(root: Path, change: Change, people: People, roles: Collection[str]) -> list[Finding]:
    """Commits that change a policy file and name nobody who approved it.

    `people` and `roles` are those of the base: nobody becomes an approver in the change that needs one. A change that
    touches none of the files asks git nothing.
    """
    files = [f"quality/{name}.yaml" for name in POLICY_FILES]
    touched = [path for path in files if path in change.paths]
    if not touched:
        return []
    by_sha: Mapping[str, Commit] = {commit.sha: commit for commit in change.commits}
    findings = []
    for path in touched:
        listing = git(root, "log", "--format=%H", "--no-merges", f"{resolve_commit(root, change.base)}..HEAD", "--", path).decode().split()
        for sha in reversed(listing):
            problem = _unapproved(by_sha[sha], people, roles) if sha in by_sha else ""
            if problem:
                findings.append(_policy_finding(path, by_sha[sha], problem, roles))
    return findings


def _unapproved(commit: Commit, people: People, roles: Collection[str]) -> str:
    """Why nobody's approval of the commit counts; empty where one does."""
    author = people.person(commit.author_email)
    why = "no trailer `Approved-by` names anybody"
    for key, value in commit.trailers:
        if key.lower() != "approved-by":
            continue
        email = value.rpartition("<")[2].rstrip(">").strip().lower()
        person = people.person(email)
        if person is None:
            why = f"{email or value!r} stands in no people.yaml of the base"
        elif person == author or email == commit.author_email.lower():
            why = f"{person} wrote it, and cannot approve it too"
        elif not people.roles.get(person, frozenset()) & frozenset(roles):
            why = f"{person} holds none of the roles {', '.join(sorted(roles))}"
        else:
            return ""
    return why


def _policy_finding(path: str, commit: Commit, problem: str, roles: Collection[str]) -> Finding:
    from lotmark.base.findings import Location

    text = f"commit {commit.sha[:12]} ({commit.subject}) changes {path} without approval: {problem}"
    cure = f"let somebody with one of the roles {', '.join(sorted(roles))} look at it, and name that person: a trailer `Approved-by: Name <address>`"
    return Finding("LM-CHK-020", text, Severity.ERROR, Location(path), commit.sha, cure)
