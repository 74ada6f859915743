"""The five answers about one run, read from the index."""

from datetime import date
from typing import Any, Final

from lotmark.index._exceptional import exceptional_tests
from lotmark.index._index import Index
from lotmark.index._queries import run_targets
from lotmark.index._signatures import read_approval
from lotmark.index.models import (
    Artifact,
    Author,
    ByWhom,
    Components,
    Covered,
    Device,
    Environment,
    FiveAnswers,
    FromWhat,
    Gap,
    Layer,
    Lock,
    Rebuild,
    RunSummary,
    Vulnerability,
    Waiver,
    What,
    WithWhichTests,
)

REBUILD_WORDS: Final = {
    "IDENTICAL": "built twice, and both builds are identical, byte for byte",
    "EQUIVALENT": "built twice; the builds are not identical, but equal under the declared comparators",
    "DIFFERENT": "built twice, and the builds differ",
    "NOT_COMPARABLE": "the two builds could not be compared",
    "FAILED": "a build failed",
}
"""What a rebuild verdict means; EQUIVALENT is never told as identical."""
_LAYERS: Final = ("unit", "integration", "validation")
_KINDS: Final = ("hazard", "risk-control", "requirement")
_NEWEST: Final = "idx = (SELECT max(idx) FROM {table} WHERE run = ?1)"


def five_answers(index: Index, summary: RunSummary, today: date) -> FiveAnswers:
    """What, from what, by whom, with which tests, under which approval."""
    opened = index.first("SELECT * FROM runs WHERE run = ?", summary.run)
    assert opened is not None  # noqa: S101 - the summary was read from this row
    return FiveAnswers(
        what=_what(index, summary, opened),
        from_what=_from_what(index, opened),
        by_whom=_by_whom(index, opened),
        with_which_tests=_with_which_tests(index, summary.run, today),
        under_which_approval=read_approval(index, summary),
    )


def _newest(index: Index, table: str, run: str) -> dict[str, Any] | None:
    return index.first(f"SELECT * FROM {table} WHERE run = ? ORDER BY idx DESC LIMIT 1", run)  # noqa: S608 - a constant


def _newest_rows(index: Index, table: str, run: str) -> list[dict[str, Any]]:
    """The rows of the newest entry of a run in a table: a later attempt replaces an earlier one."""
    return index.rows(f"SELECT * FROM {table} WHERE run = ?1 AND {_NEWEST.format(table=table)} ORDER BY position", run)  # noqa: S608 - a constant


def _what(index: Index, summary: RunSummary, opened: dict[str, Any]) -> What:
    candidate = _newest(index, "releases", summary.run) or _newest(index, "candidates", summary.run)
    device = _newest(index, "devices", summary.run)
    artifact = (
        Artifact(name=candidate["artifact"], media_type=candidate["media_type"], size=candidate["size"], sha256=candidate["sha256"]) if candidate else None
    )
    return What(
        product=summary.product,
        product_name=summary.product_name,
        version=summary.version,
        safety_class=opened["safety_class"],
        udi_di=summary.udi_di,
        state=summary.state,
        state_words=_state_words(index, summary),
        released_at=summary.released_at,
        artifact=artifact,
        device=Device(**{name: device[name] for name in Device.__struct_fields__}) if device else None,
        targets=run_targets(index, summary.run),
    )


def _state_words(index: Index, summary: RunSummary) -> str:
    """What stands behind the state: the stage that refused or waits, in its own words."""
    stages = index.rows("SELECT stage, outcome, summary, max(idx) AS idx FROM stages WHERE run = ? GROUP BY stage ORDER BY idx", summary.run)
    stopped = [stage for stage in stages if stage["outcome"] in {"refused", "pending"}]
    told = "; ".join(f"stage {stage['stage']} {stage['outcome']}: {stage['summary']}" for stage in stopped)
    if summary.state == "released":
        return told
    if told:
        return told
    return f"{len(stages)} stages recorded" if summary.state == "open" else ""


def _from_what(index: Index, opened: dict[str, Any]) -> FromWhat:
    run = opened["run"]
    build = _newest(index, "builds", run)
    environment = rebuild = None
    if build is not None:
        tools = tuple(tool["version"] or tool["name"] for tool in _newest_rows(index, "tools", run))
        environment = Environment(sha256=build["environment_sha256"], backend=build["backend"], hermetic=bool(build["hermetic"]), tools=tools)
        verdict = build["verdict"]
        rebuild = Rebuild(verdict=verdict, claim=build["claim"], words=REBUILD_WORDS.get(verdict, verdict), claim_text=build["claim_text"] or build["claim"])
    return FromWhat(
        repository=opened["repository"],
        ref=opened["ref"],
        commit=opened["commit_sha"],
        tree=opened["tree"],
        source_sha256=opened["source_sha256"],
        committed_at=opened["committed_at"],
        locks=tuple(Lock(path=lock["path"], sha256=lock["sha256"], components=lock["components"]) for lock in _newest_rows(index, "locks", run)),
        components=_components(index, run),
        environment=environment,
        rebuild=rebuild,
    )


def _components(index: Index, run: str) -> Components | None:
    scan = _newest(index, "scans", run)
    if scan is None:
        return None
    rows = _newest_rows(index, "components", run)
    scopes: dict[str, int] = {}
    for row in rows:
        scopes[row["scope"]] = scopes.get(row["scope"], 0) + 1
    matched = index.rows("SELECT * FROM vulnerabilities WHERE idx = ? ORDER BY position", scan["idx"])
    return Components(
        total=len(rows),
        scopes=dict(sorted(scopes.items())),
        licences_refused=tuple(
            f"{row['name']} {row['version']}: {row['licence'] or 'no licence'}" for row in rows if row["licence_verdict"] in {"refused", "missing"}
        ),
        none_reason=scan["none_reason"],
        evaluated=bool(scan["evaluated"]),
        retrieved=scan["retrieved"],
        vulnerabilities=tuple(
            Vulnerability(
                vulnerability=row["vulnerability"],
                component=row["component"],
                severity=row["severity"],
                state=row["state"],
                justification=row["justification"] or None,
            )
            for row in matched
        ),
    )


def _by_whom(index: Index, opened: dict[str, Any]) -> ByWhom:
    run = opened["run"]
    commits = _newest_rows(index, "commits", run)
    change = _newest(index, "changes", run) or {"base_version": None}
    operator, _, machine = opened["operator"].rpartition("@")
    entry = index.first("SELECT key_id FROM entries WHERE idx = ?", opened["idx"]) or {"key_id": ""}
    enrolled = index.first("SELECT idx FROM keys WHERE key_id = ? AND event IN ('genesis', 'enrol', 'succeed') ORDER BY idx DESC LIMIT 1", entry["key_id"])
    return ByWhom(
        authors=_people((commit["author"], commit["author_email"]) for commit in commits),
        committers=_people((commit["committer"], commit["committer_email"]) for commit in commits),
        commits=len(commits),
        since=change["base_version"],
        operator=operator or opened["operator"],
        machine=machine if operator else "",
        opened_at=opened["opened_at"],
        lotmark=opened["lotmark"],
        pipeline_key=entry["key_id"],
        pipeline_key_since=enrolled["idx"] if enrolled else None,
    )


def _people(names: Any) -> tuple[Author, ...]:
    counted: dict[tuple[str, str], int] = {}
    for name in names:
        counted[name] = counted.get(name, 0) + 1
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Author(name=name, email=email, commits=number) for (name, email), number in ordered)


def _with_which_tests(index: Index, run: str, today: date) -> WithWhichTests:
    rows = _newest_rows(index, "matrix_rows", run)
    covered = []
    for kind in _KINDS:
        statuses = [row["status"] for row in rows if row["kind"] == kind]
        if statuses:
            covered.append(Covered(kind=kind, total=len(statuses), passed=statuses.count("passed"), waived=statuses.count("waived")))
    used = [row["waiver"] for row in _newest_rows(index, "waiver_uses", run)]
    anomalies = [f"{row['item']} (severity {row['severity']}): {row['title']}" for row in _newest_rows(index, "anomalies", run) if row["status"] == "open"]
    return WithWhichTests(
        layers=_layers(index, run),
        covered=tuple(covered),
        gaps=tuple(Gap(item=row["item"], kind=row["kind"], title=row["title"], status=row["status"]) for row in rows if row["status"] != "passed"),
        waivers=tuple(waiver for name in used if (waiver := read_waiver(index, name, today)) is not None),
        open_anomalies=tuple(anomalies),
        **exceptional_tests(index, run),
    )


def _layers(index: Index, run: str) -> tuple[Layer, ...]:
    """The layers that reported, and those from which the run expected a report."""
    expected = {row["stage"] for row in index.rows("SELECT stage FROM expected_evidence WHERE run = ? AND kind = 'test-run'", run)}
    found = {row["layer"]: row for row in index.rows("SELECT *, max(idx) FROM test_runs WHERE run = ? GROUP BY layer", run)}
    layers = []
    for name in (layer for layer in _LAYERS if layer in expected or layer in found):
        row = found.get(name)
        if row is None:
            layers.append(Layer(layer=name, reported=False))
            continue
        unstable = index.rows("SELECT count(*) AS number FROM tests WHERE idx = ? AND red_then_green = 1", row["idx"])[0]["number"]
        excused = index.rows(
            "SELECT count(*) AS number FROM tests WHERE idx = ? AND status <> 'passed' AND (quarantined <> '' OR waiver IS NOT NULL)", row["idx"]
        )[0]["number"]
        counts = {field: row[field] for field in ("expected", "received", "passed", "failed", "error", "skipped", "missing", "unexpected")}
        layers.append(Layer(layer=name, reported=True, unstable=unstable, excused=excused, **counts))
    return tuple(layers)


def read_waiver(index: Index, waiver: str, today: date) -> Waiver | None:
    """A waiver by its canonical id, with its standing on that day; the first of an id is the waiver."""
    row = index.first("SELECT * FROM waivers WHERE waiver = ? ORDER BY idx LIMIT 1", waiver)
    if row is None:
        return None
    scope = index.rows("SELECT kind, target FROM waiver_scopes WHERE idx = ? ORDER BY position", row["idx"])
    closed = index.first("SELECT name, reason, closed_at FROM waiver_closures WHERE waiver = ? AND idx > ? ORDER BY idx LIMIT 1", waiver, row["idx"])
    standing: Any = "holds"
    words = f"holds until {row['expires']}"
    if row["key_person"] != row["person"]:
        standing, words = "not counted", f"signed with a key that is not {row['name']}'s"
    elif closed is not None:
        standing, words = "closed", f"closed by {closed['name']} on {closed['closed_at'][:10]}: {closed['reason']}"
    elif row["expires"] < today.isoformat():
        standing, words = "expired", f"expired on {row['expires']}"
    return Waiver(
        waiver=waiver,
        version=row["version"],
        tests=tuple(target["target"] for target in scope if target["kind"] == "test"),
        items=tuple(target["target"] for target in scope if target["kind"] != "test"),
        reason=row["reason"],
        residual_risk=row["residual_risk"],
        owner=row["owner"],
        name=row["name"],
        role=row["role"],
        signed_at=row["signed_at"],
        zone=row["zone"],
        expires=row["expires"],
        standing=standing,
        standing_words=words,
        index=row["idx"],
    )
