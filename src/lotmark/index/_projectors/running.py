"""Runs: opened, what changed, stage by stage, closed."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lotmark.attest.models import Verified
from lotmark.index._projectors._row import Projector, Row, finding_rows, plural, product_of, words


def _run_opened(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    run, product, source = told["run"], told["product"], told["source"]
    yield words(f"{told['operator']} opens the run of {product['id']} {product['version']} at commit {source['commit'][:12]}")
    yield (
        "runs",
        {
            "run": run,
            "product": product["id"],
            "product_name": product["name"],
            "version": product["version"],
            "safety_class": product["safetyClass"],
            "udi_di": product["udiDi"],
            "repository": source["repository"],
            "ref": source["ref"],
            "commit_sha": source["commit"],
            "tree": source["tree"],
            "source_sha256": source["sha256"],
            "committed_at": source["committedAt"],
            "opened_at": told["openedAt"],
            "operator": told["operator"],
            "lotmark": told["lotmark"],
            "previous_version": (told["previousRelease"] or {}).get("version"),
        },
    )
    for stage in told["expected"]:
        for kind in stage["kinds"]:
            yield "expected_evidence", {"run": run, "stage": stage["stage"], "kind": kind}
    for file in told["configuration"]:
        yield "configuration", {"run": run, "path": file["path"], "sha256": file["sha256"]}


def _change_summary(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    run, base = told["run"], told["base"] or {"version": None, "commit": None}
    since = f"since {base['version']}" if base["version"] else "since the beginning"
    yield words(f"{plural(len(told['commits']), 'commit')} by {', '.join(_authors(told))} {since}, {plural(len(told['changedPaths']), 'path')} changed")
    yield (
        "changes",
        {
            "run": run,
            "base_version": base["version"],
            "base_commit": base["commit"],
            "last_pusher": told["lastPusher"],
            "paths": len(told["changedPaths"]),
            "dependencies_changed": int(told["dependenciesChanged"]),
            "policy_changed": int(told["policyChanged"]),
        },
    )
    for commit in told["commits"]:
        yield (
            "commits",
            {
                "run": run,
                "sha": commit["sha"],
                "subject": commit["subject"],
                "author": commit["author"]["name"],
                "author_email": commit["author"]["email"],
                "committer": commit["committer"]["name"],
                "committer_email": commit["committer"]["email"],
                "committed_at": commit["committedAt"],
                "signed_off": int(commit["signedOff"]),
            },
        )
        for item in commit["references"]:
            yield "commit_references", {"run": run, "product": product_of(run), "sha": commit["sha"], "item": item}


def _authors(told: dict[str, Any]) -> list[str]:
    """The addresses of the authors, as git tells them where the product knows the person."""
    people = [commit[role] for commit in told["commits"] for role in ("committer", "author")]
    known = {person["person"]: person["email"] for person in people if person.get("person")}
    return [known.get(author, author) for author in told["authors"]]


def _stage_result(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    again = f" (attempt {told['attempt']})" if told["attempt"] > 1 else ""
    yield words(f"stage {told['stage']}{again} {told['outcome']}: {told['summary']}")
    yield (
        "stages",
        {
            "run": told["run"],
            "stage": told["stage"],
            "attempt": told["attempt"],
            "outcome": told["outcome"],
            "summary": told["summary"],
            "started_at": told["startedAt"],
            "finished_at": told["finishedAt"],
        },
    )
    yield from finding_rows(told["run"], told["stage"], told["findings"])


def _run_closed(entry: Verified) -> Iterator[Row]:
    told = entry.statement.predicate
    yield words(f"the run is closed: {told['outcome']}")
    yield "closings", {"run": told["run"], "outcome": told["outcome"], "closed_at": told["closedAt"]}


PROJECTORS: Final[Mapping[str, Projector]] = {
    "run-opened": _run_opened,
    "change-summary": _change_summary,
    "stage-result": _stage_result,
    "run-closed": _run_closed,
}
