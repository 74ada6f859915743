"""What a question is about: every name that the index knows is tried; one must fit, and only one."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lotmark.base.errors import NothingToJudgeError, UsageError
from lotmark.index._index import Index
from lotmark.index._queries import component_releases, list_runs
from lotmark.index.models import About, AboutKind, RunSummary

MIN_COMMIT: Final = 7
MIN_DIGEST: Final = 8
_HEX: Final = re.compile(r"[0-9a-f]+\Z")
_SHOWN: Final = 12
"""Candidates and near misses that a message lists."""


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that the question may mean. For a question about a run, `runs` starts with the one that is meant."""

    about: About
    ask: str
    """A question that means this one alone."""
    product: str = ""
    key: str = ""
    runs: tuple[RunSummary, ...] = ()


def resolve(index: Index, question: str) -> Found:
    """The one thing that the question means.

    Raises:
        UsageError: LM-IDX-005 listing the candidates.
        NothingToJudgeError: LM-IDX-004 listing near misses.
    """
    text = question.strip()
    found = list(dict.fromkeys(_candidates(index, text)))
    if len(found) == 1:
        return found[0]
    if found:
        listed = [f"{candidate.ask}  ({candidate.about.kind}: {candidate.about.words})" for candidate in found[:_SHOWN]]
        if len(found) > _SHOWN:
            listed.append(f"and {len(found) - _SHOWN} more")
        raise UsageError("LM-IDX-005", f"{len(found)} things in the ledger are called {text!r}", solution="ask for one of\n    " + "\n    ".join(listed))
    raise _unknown(index, text)


def _candidates(index: Index, text: str) -> Iterator[Found]:
    yield from _versions(index, text)
    yield from _runs(index, text)
    yield from _devices(index, text)
    yield from _items(index, text)
    yield from _waivers(index, text)
    yield from _components(index, text)
    digits = text.removeprefix("sha256:").lower()
    if _HEX.match(digits):
        if not text.startswith("sha256:") and len(digits) >= MIN_COMMIT:
            yield from _commits(index, digits)
        if len(digits) >= MIN_DIGEST:
            yield from _digests(index, digits)


def _about_run(kind: AboutKind, name: str, words: str, runs: list[RunSummary], ask: str | None = None) -> Found:
    """The newest release among the runs is meant, else the newest run."""
    ordered = sorted(runs, key=lambda run: (run.state != "released", -run.index))
    return Found(About(kind=kind, name=name, words=words), ask or ordered[0].run, runs=tuple(ordered))


def _versions(index: Index, text: str) -> Iterator[Found]:
    product, mark, version = text.rpartition("@")
    groups: dict[str, list[RunSummary]] = {}
    for run in list_runs(index, "runs.version = ? AND (? = '' OR runs.product = ?)", version if mark else text.removeprefix("v"), product, product):
        groups.setdefault(run.product, []).append(run)
    for name, runs in groups.items():
        yield _about_run("version", f"{name}@{runs[0].version}", f"{runs[0].product_name} {runs[0].version}", runs, f"{name}@{runs[0].version}")


def _runs(index: Index, text: str) -> Iterator[Found]:
    for run in list_runs(index, "runs.run = ?1 OR substr(runs.run, instr(runs.run, ':') + 1) = ?1", text):
        yield _about_run("run", run.run, f"{run.product_name} {run.version}", [run])


def _devices(index: Index, text: str) -> Iterator[Found]:
    groups: dict[str, list[RunSummary]] = {}
    for run in list_runs(index, "runs.udi_di = ? AND runs.udi_di != ''", text):
        groups.setdefault(run.product, []).append(run)
    for runs in groups.values():
        yield _about_run("udi-di", text, f"the device identifier of {runs[0].product_name}", runs)


def _items(index: Index, text: str) -> Iterator[Found]:
    product, _, item = text.rpartition(":")
    rows = index.rows(
        "SELECT product, item, title, type, max(idx) FROM items WHERE item = ? AND (? = '' OR product = ?) GROUP BY product", item, product, product
    )
    for row in rows:
        name = f"{row['product']}:{row['item']}"
        yield Found(About(kind="item", name=name, words=f"{row['type'].replace('-', ' ')} {row['title']!r}"), name, product=row["product"])


def _waivers(index: Index, text: str) -> Iterator[Found]:
    rows = index.rows("SELECT DISTINCT waiver, name, expires FROM waivers WHERE waiver = ?1 OR substr(waiver, instr(waiver, ':') + 1) = ?1", text)
    for row in rows:
        yield Found(About(kind="waiver", name=row["waiver"], words=f"signed by {row['name']}, until {row['expires']}"), row["waiver"])


def _components(index: Index, text: str) -> Iterator[Found]:
    uses = component_releases(index, text)
    if uses:
        names = sorted({use.purl for use in uses})
        yield Found(About(kind="component", name=text, words=", ".join(names[:3]) + (" and more" if len(names) > 3 else "")), names[0], key=text)


def _commits(index: Index, digits: str) -> Iterator[Found]:
    shas: dict[str, str] = {}
    for row in index.rows("SELECT sha, subject FROM commits WHERE sha >= ?1 AND sha < ?1 || 'g' ORDER BY idx", digits):
        shas.setdefault(row["sha"], row["subject"])
    for row in index.rows("SELECT commit_sha FROM runs WHERE commit_sha >= ?1 AND commit_sha < ?1 || 'g' ORDER BY idx", digits):
        shas.setdefault(row["commit_sha"], "")
    for sha, subject in shas.items():
        runs = list_runs(index, "runs.commit_sha = ?", sha)
        if not runs:  # an earlier commit: it became part of the first release that names it
            containing = list_runs(index, "runs.run IN (SELECT run FROM commits WHERE sha = ?)", sha)
            released = [run for run in containing if run.state == "released"]
            runs = (released or containing)[:1]
        yield _about_run("commit", sha, f"commit {sha[:12]}" + (f" {subject!r}" if subject else ""), runs, sha)


def _digests(index: Index, digits: str) -> Iterator[Found]:
    """Artifacts (and the source) that the evidence of a run is about."""
    named: dict[str, dict[str, None]] = {}
    rows = index.rows("SELECT DISTINCT sha256, name FROM subjects WHERE sha256 >= ?1 AND sha256 < ?1 || 'g' AND run IS NOT NULL ORDER BY sha256, name", digits)
    for row in rows:
        named.setdefault(row["sha256"], {})[row["name"].rpartition("/")[2]] = None
    for sha256, names in named.items():
        runs = list_runs(index, "runs.run IN (SELECT run FROM subjects WHERE sha256 = ?)", sha256)
        versions: dict[tuple[str, str], list[RunSummary]] = {}
        for run in runs:
            versions.setdefault((run.product, run.version), []).append(run)
        for (product, version), fitting in versions.items():
            ask = f"sha256:{sha256}" if len(versions) == 1 else f"{product}@{version}"
            yield _about_run("digest", sha256, f"{', '.join(names)} of {product} {version}", fitting, ask)


def _unknown(index: Index, text: str) -> NothingToJudgeError:
    import difflib

    names: dict[str, None] = {}
    for run in list_runs(index):
        names.update(dict.fromkeys((run.version, run.run.partition(":")[2], run.run)))
        if run.udi_di:
            names[run.udi_di] = None
    for query in (
        "SELECT DISTINCT item AS name FROM items",
        "SELECT DISTINCT waiver AS name FROM waivers",
        "SELECT DISTINCT substr(waiver, instr(waiver, ':') + 1) AS name FROM waivers",
        "SELECT DISTINCT name FROM components",
    ):
        names.update(dict.fromkeys(row["name"] for row in index.rows(query)))
    if not names:
        return NothingToJudgeError("LM-IDX-004", f"nothing is called {text!r}: the ledger holds no run yet", solution="`lotmark run` makes the first one")
    digits = text.removeprefix("sha256:").lower()
    if _HEX.match(digits) and len(digits) < MIN_DIGEST:
        hint = f"a commit wants at least {MIN_COMMIT} digits, a digest at least {MIN_DIGEST}"
    else:
        upper = {name.upper(): name for name in names}
        close = [upper[name] for name in difflib.get_close_matches(text.upper(), upper, n=5, cutoff=0.6)]
        hint = (
            f"did you mean {', '.join(close)}?"
            if close
            else "ask for a version, run, commit, digest, item, component or waiver; `lotmark log search --kind run-opened` lists the runs"
        )
    return NothingToJudgeError("LM-IDX-004", f"nothing in the ledger is called {text!r}", solution=hint)
