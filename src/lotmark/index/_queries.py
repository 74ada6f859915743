"""What other rooms ask of the index: releases, runs, timelines, components, items."""

from lotmark.index._index import Index
from lotmark.index.models import ComponentInRun, Event, ItemInRun, ItemTest, RunSummary, State, Target

_RUNS = """
SELECT runs.*, releases.frozen_at, closings.outcome AS closed,
    coalesce(releases.artifact, candidates.artifact) AS artifact, coalesce(releases.sha256, candidates.sha256) AS sha256,
    EXISTS (SELECT 1 FROM stages WHERE stages.run = runs.run AND outcome = 'refused' AND {last}) AS refused,
    EXISTS (SELECT 1 FROM stages WHERE stages.run = runs.run AND outcome = 'pending' AND {last}) AS pending
FROM runs
LEFT JOIN releases ON releases.idx = (SELECT max(idx) FROM releases WHERE run = runs.run)
LEFT JOIN candidates ON candidates.idx = (SELECT max(idx) FROM candidates WHERE run = runs.run)
LEFT JOIN closings ON closings.idx = (SELECT max(idx) FROM closings WHERE run = runs.run)
""".format(last="stages.idx = (SELECT max(idx) FROM stages AS later WHERE later.run = stages.run AND later.stage = stages.stage)")  # noqa: S608 - a constant
"""Each run with what became of it. Of several attempts of a stage the last one counts. Every part is found by the run, however many there are."""


def list_runs(index: Index, condition: str = "1", *values: object) -> list[RunSummary]:
    """The runs in log order, narrowed by an SQL condition on the table `runs` (a constant of the caller, never foreign text)."""
    summaries = []
    for row in index.rows(f"{_RUNS} WHERE {condition} ORDER BY runs.idx", *values):
        run = row["run"]
        summaries.append(
            RunSummary(
                run=run,
                product=row["product"],
                product_name=row["product_name"],
                version=row["version"],
                state=_state(row["frozen_at"], row["closed"], refused=bool(row["refused"]), pending=bool(row["pending"])),
                commit=row["commit_sha"],
                opened_at=row["opened_at"],
                released_at=row["frozen_at"],
                artifact=row["artifact"],
                sha256=row["sha256"],
                udi_di=row["udi_di"] or None,
                index=row["idx"],
            )
        )
    return summaries


def _state(frozen_at: str | None, closed: str | None, *, refused: bool, pending: bool) -> State:
    if frozen_at is not None:
        return "released"
    if closed is not None:
        return "abandoned" if closed == "abandoned" else "refused"
    if refused:
        return "refused"
    return "pending" if pending else "open"


def list_releases(index: Index, product: str | None = None) -> list[RunSummary]:
    """The releases in log order, of one product if given."""
    return list_runs(index, "(?1 IS NULL OR runs.product = ?1) AND runs.run IN (SELECT run FROM releases)", product)


def find_release(index: Index, version: str, product: str | None = None) -> RunSummary | None:
    """The newest release of that version, if there is one."""
    found = [release for release in list_releases(index, product) if release.version == version]
    return found[-1] if found else None


def run_timeline(index: Index, run: str) -> list[Event]:
    """The records of a run (canonical id) in log order, those of unknown kinds too."""
    rows = index.rows("SELECT idx, kind, received_at, signer, words FROM entries WHERE run = ? ORDER BY idx", run)
    return [Event(index=row["idx"], kind=row["kind"], at=row["received_at"], who=row["signer"] or "not verified", words=row["words"]) for row in rows]


def run_targets(index: Index, run: str) -> tuple[Target, ...]:
    """The places to which a run's release was deployed, with the newest check of each."""
    targets = []
    latest = "SELECT target, environment, product, switched_at, max(idx) AS idx FROM deployments WHERE run = ? GROUP BY target ORDER BY target"
    for row in index.rows(latest, run):
        later = index.first(
            "SELECT version, run FROM deployments WHERE product = ? AND target = ? AND idx > ? ORDER BY idx DESC LIMIT 1",
            row["product"],
            row["target"],
            row["idx"],
        )
        check = index.first(
            "SELECT verdict, reason, checked_at FROM deployment_checks WHERE run = ? AND target = ? AND idx > ? ORDER BY idx DESC LIMIT 1",
            run,
            row["target"],
            row["idx"],
        ) or {"verdict": None, "reason": None, "checked_at": None}
        targets.append(
            Target(
                name=row["target"],
                environment=row["environment"],
                switched_at=row["switched_at"],
                is_current=later is None,
                replaced_by=later["version"] if later else None,
                verdict=check["verdict"],
                reason=check["reason"],
                checked_at=check["checked_at"],
            )
        )
    return tuple(targets)


def component_releases(index: Index, component: str) -> list[ComponentInRun]:
    """The runs whose product holds the component, in log order: by purl, purl without version, name, or ``name@version``.

    The recall question is answered by those among them whose state is `released`.
    """
    name, _, version = component.rpartition("@") if "@" in component[1:] and not component.startswith("pkg:") else (component, "", "")
    rows = index.rows(
        """
        SELECT run, purl, name, version, scope, licence FROM components
        WHERE idx IN (SELECT max(idx) FROM components GROUP BY run)
            AND (purl = ?1 OR substr(purl, 1, length(?1) + 1) = ?1 || '@' OR (name = ?2 COLLATE NOCASE AND (?3 = '' OR version = ?3)))
        ORDER BY idx, position
        """,
        component,
        name,
        version,
    )
    summaries = {summary.run: summary for summary in list_runs(index)} if rows else {}
    return [
        ComponentInRun(
            run=summaries[row["run"]],
            purl=row["purl"],
            name=row["name"],
            version=row["version"],
            scope=row["scope"],
            licence=row["licence"] or None,
            targets=run_targets(index, row["run"]),
        )
        for row in rows
        if row["run"] in summaries
    ]


def item_history(index: Index, product: str, item: str) -> list[ItemInRun]:
    """A requirement, hazard or control (short id) as each run found it, in log order: its verdict and the tests behind it."""
    summaries = list_runs(index, "runs.product = ? AND runs.run IN (SELECT run FROM items WHERE item = ?)", product, item)
    history: list[ItemInRun] = []
    for summary in summaries:
        row = index.first(
            "SELECT type, title, status, fingerprint FROM items WHERE run = ? AND product = ? AND item = ? ORDER BY idx DESC LIMIT 1",
            summary.run,
            product,
            item,
        )
        assert row is not None  # noqa: S101 - the run was chosen for it
        verdict = index.first("SELECT idx, status FROM matrix_rows WHERE run = ? AND item = ? ORDER BY idx DESC LIMIT 1", summary.run, item) or {
            "idx": None,
            "status": None,
        }
        history.append(
            ItemInRun(
                run=summary,
                type=row["type"],
                title=row["title"],
                status=row["status"],
                fingerprint=row["fingerprint"],
                changed=not history or history[-1].fingerprint != row["fingerprint"],
                verdict=verdict["status"],
                tests=_item_tests(index, summary.run, item, verdict["idx"]),
                links=_links(index, summary.run, item),
                risk=_risk(index, summary.run, item),
            )
        )
    return history


def _item_tests(index: Index, run: str, item: str, matrix: int | None) -> tuple[ItemTest, ...]:
    """Those that the matrix asked for; where it had no row, those that say of themselves that they verify the item."""
    if matrix is not None:
        rows = index.rows(
            "SELECT test, layer, category, status, waiver, quarantined, environment, reused FROM matrix_tests WHERE idx = ? AND item = ? ORDER BY position",
            matrix,
            item,
        )
    else:
        rows = index.rows(
            """
            SELECT tests.test, tests.layer, tests.layer AS category, tests.status, tests.waiver,
                   tests.quarantined <> '' AS quarantined, tests.environment, tests.reused_run AS reused
            FROM test_items JOIN tests ON tests.idx = test_items.idx AND tests.test = test_items.test
            WHERE test_items.run = ? AND test_items.item = ? AND tests.idx IN (SELECT max(idx) FROM test_runs GROUP BY run, layer)
            ORDER BY tests.idx, tests.position
            """,
            run,
            item,
        )
    return tuple(ItemTest(**{**row, "quarantined": bool(row["quarantined"])}) for row in rows)


def _links(index: Index, run: str, item: str) -> tuple[str, ...]:
    newest = "idx = (SELECT max(idx) FROM links WHERE run = ?)"
    up = index.rows(f"SELECT type, target FROM links WHERE {newest} AND source = ? ORDER BY position", run, item)  # noqa: S608 - constant text
    down = index.rows(f"SELECT type, source FROM links WHERE {newest} AND target = ? ORDER BY position", run, item)  # noqa: S608 - constant text
    return (*(f"{row['type']} {row['target']}" for row in up), *(f"{row['source']} {row['type']} it" for row in down))


def _risk(index: Index, run: str, item: str) -> str | None:
    row = index.first("SELECT level_before, level_after, acceptable FROM hazards WHERE run = ? AND item = ? ORDER BY idx DESC LIMIT 1", run, item)
    if row is None:
        return None
    judged = {1: "acceptable", 0: "not acceptable"}.get(row["acceptable"], "not judged")
    return f"{row['level_before'] or 'unknown'} before control, {row['level_after'] or 'unknown'} after, residual risk {judged}"
