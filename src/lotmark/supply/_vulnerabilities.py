"""Known vulnerabilities of the components, from the pinned dump alone; what was not evaluated refuses.

A record counts when its ecosystem and normalised name are the component's and its `versions` hold the version or one of
its ranges does. In doubt (no versions, only GIT ranges, a version that cannot be ordered) it counts: a person may then
declare the exception. Withdrawn records do not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from lotmark.base.findings import Finding, Severity
from lotmark.product.models import VulnerabilityException, VulnerabilityPolicy
from lotmark.supply._cvss import find_base_score, severity_of
from lotmark.supply._dump import Dump, DumpError, OsvAffected, OsvRecord
from lotmark.supply._findings import find_date, make_finding
from lotmark.supply._names import normalise_name, refers_to
from lotmark.supply._versions import find_version, is_in_range
from lotmark.supply.models import Component, DumpReading, Ecosystem, SeverityWord, Vulnerability
from lotmark.supply.ports import Places

_ECOSYSTEMS: tuple[Ecosystem, ...] = ("PyPI", "npm")
_WORDS: dict[str, SeverityWord] = {"low": "low", "moderate": "medium", "medium": "medium", "high": "high", "critical": "critical"}


@dataclass(frozen=True, slots=True)
class _Match:
    record: OsvRecord
    affected: OsvAffected
    component: Component


class Evaluation:
    """One evaluation of components against a dump; `run` fills `findings`, `vulnerabilities` and `reading`."""

    def __init__(self, policy: VulnerabilityPolicy, dump: Path, components: Sequence[Component], today: date, where: Places) -> None:
        self._policy = policy
        self._path = dump
        self._components = components
        self._today = today
        self._where = where
        self._used: set[int] = set()
        self._sha256 = ""
        self._records = 0
        self._ecosystems: set[str] = set()
        self._matches: list[_Match] = []
        self._by_name: dict[tuple[str, str], list[Component]] = {}
        for component in components:
            self._by_name.setdefault((component.ecosystem, component.name), []).append(component)
        self.findings: list[Finding] = []
        self.vulnerabilities: list[Vulnerability] = []
        self.reading = DumpReading(policy.dump, "", policy.retrieved, 0, (), False)

    def run(self) -> None:
        """Read the dump whole, match, apply the exceptions."""
        fresh = self._check_age()
        try:
            self._read_dump()
            sound = True
        except DumpError as error:
            sound = False
            self._add(error.code, f"vulnerabilities were not evaluated: the dump {self._policy.dump}: {error}", ("dump",))
        covered = not sound or self._check_coverage()
        self.reading = DumpReading(
            self._policy.dump, self._sha256, self._policy.retrieved, self._records, tuple(sorted(self._ecosystems)), sound and fresh and covered
        )
        self._judge(self._matches)
        self._check_exceptions(sound)

    def _read_dump(self) -> None:
        dump = Dump(self._path)
        try:
            self._sha256 = dump.sha256
            if dump.sha256 != self._policy.sha256:
                raise DumpError("LM-SUP-041", f"its sha256 is {dump.sha256}, pinned is {self._policy.sha256}")
            for record in dump.records():
                self._records += 1
                self._match(record)
        finally:
            dump.close()
        if self._records == 0:
            raise DumpError("LM-SUP-043", "it holds no record")

    def _check_age(self) -> bool:
        retrieved = find_date(self._policy.retrieved)
        if retrieved is None:
            self._add("LM-SUP-012", f"{self._policy.retrieved!r} is no day of the calendar", ("retrieved",))
            return False
        age = (self._today - retrieved).days
        if age > self._policy.max_age_days:
            self._add("LM-SUP-044", f"the dump was retrieved on {retrieved}, {age} days ago; at most {self._policy.max_age_days} are allowed", ("retrieved",))
            return False
        if age < 0:
            self._add(
                "LM-SUP-044",
                f"the dump is said to be retrieved on {retrieved}, which is in the future",
                ("retrieved",),
                cure="set `retrieved` to the day on which the dump was fetched",
            )
            return False
        return True

    def _check_coverage(self) -> bool:
        missing = sorted({component.ecosystem for component in self._components} - self._ecosystems)
        for ecosystem in missing:
            count = sum(component.ecosystem == ecosystem for component in self._components)
            self._add("LM-SUP-045", f"the dump holds no record of {ecosystem}; {count} components were not evaluated", ("dump",))
        return not missing

    def _match(self, record: OsvRecord) -> None:
        for affected in record.affected or ():
            if affected.package is None:
                continue
            name = affected.package.ecosystem.partition(":")[0]
            self._ecosystems.add(name)
            ecosystem = next((each for each in _ECOSYSTEMS if each == name), None)
            if ecosystem is None or record.withdrawn:
                continue
            named = self._by_name.get((ecosystem, normalise_name(ecosystem, affected.package.name)), ())
            self._matches.extend(_Match(record, affected, component) for component in named if is_affected(ecosystem, component.version, affected))

    def _judge(self, matches: list[_Match]) -> None:
        merged: dict[tuple[str, str], list[_Match]] = {}
        for match in matches:
            merged.setdefault((match.component.purl, match.record.id), []).append(match)
        for key in sorted(merged):
            self.vulnerabilities.append(self._judge_one(merged[key]))

    def _judge_one(self, matches: list[_Match]) -> Vulnerability:
        record, component = matches[0].record, matches[0].component
        severity, score, vector = read_severity(record, [match.affected for match in matches])
        found = Vulnerability(
            record.id,
            tuple(sorted({*(record.aliases or ()), *(record.upstream or ())})),
            component.purl,
            record.summary[:300],
            severity,
            score,
            vector,
            _fixed_versions(component, [match.affected for match in matches]),
            "affected",
        )
        exception = self._find_exception(found, component)
        if exception is not None:
            return _excepted(found, exception)
        fixed = f"; fixed in {', '.join(found.fixed)}" if found.fixed else "; no fixed version is known"
        self.findings.append(
            make_finding(
                "LM-SUP-046",
                f"{component.name} {component.version} has the {severity} vulnerability {record.id}{fixed}",
                component.location,
                subject=component.name,
            )
        )
        return found

    def _find_exception(self, found: Vulnerability, component: Component) -> VulnerabilityException | None:
        for index, exception in enumerate(self._policy.exceptions):
            if exception.id not in (found.id, *found.aliases) or not refers_to(exception.component, component.ecosystem, component.name, component.version):
                continue
            self._used.add(index)
            expires = find_date(exception.expires)
            if expires is not None and expires >= self._today:
                return exception
            if expires is not None:
                message = f"the exception for {exception.id} in {exception.component} expired on {exception.expires}"
                self._add("LM-SUP-047", message, ("exceptions", index), subject=component.name)
        return None

    def _check_exceptions(self, sound: bool) -> None:
        for index, exception in enumerate(self._policy.exceptions):
            if find_date(exception.expires) is None:
                self._add("LM-SUP-012", f"{exception.expires!r} is no day of the calendar", ("exceptions", index, "expires"))
            elif sound and index not in self._used:
                message = f"the exception for {exception.id} in {exception.component} concerns no vulnerability of this product"
                self._add("LM-SUP-034", message, ("exceptions", index), severity=Severity.WARNING)

    def _add(
        self, code: str, message: str, path: tuple[str | int, ...], *, subject: str | None = None, severity: Severity = Severity.ERROR, cure: str | None = None
    ) -> None:
        self.findings.append(make_finding(code, message, self._where(("vulnerabilities", *path)), subject=subject, severity=severity, cure=cure))


def _excepted(found: Vulnerability, exception: VulnerabilityException) -> Vulnerability:
    return replace(
        found, state="not_affected", justification=exception.justification, reason=exception.reason, owner=exception.owner, expires=exception.expires
    )


def is_affected(ecosystem: Ecosystem, version: str, affected: OsvAffected) -> bool:
    """Whether this part of a record concerns that version; True when it cannot be told."""
    ranges = [each for each in affected.ranges or () if each.type in ("ECOSYSTEM", "SEMVER")]
    versions = affected.versions or ()
    if not ranges and not versions:
        return True
    if version in versions:
        return True
    own = find_version(ecosystem, version)
    if own is None:
        return True
    if any(find_version(ecosystem, each) == own for each in versions):
        return True
    # None (an event that cannot be ordered) is taken as affected, so only a plain False lets a range pass.
    return any(is_in_range(ecosystem, own, [pair for event in each.events for pair in event.items()]) is not False for each in ranges)


def read_severity(record: OsvRecord, affected: Sequence[OsvAffected]) -> tuple[SeverityWord, float | None, str]:
    """The rating, the CVSS 3 base score and the vector of a record.

    The highest CVSS 3 vector decides. Without one the database's own word does; without that, or with an unreadable
    vector, the rating is ``high``. Other vectors (CVSS 4) are kept as text.
    """
    given = [*(record.severity or ()), *(each for part in affected for each in part.severity or ())]
    scored = [(score, each.score) for each in given if (score := find_base_score(each.score)) is not None]
    if scored:
        best: tuple[Decimal, str] = max(scored)
        return severity_of(best[0]), float(best[0]), best[1]
    vector = next((each.score for each in sorted(given, key=lambda each: each.type, reverse=True)), "")
    return _WORDS.get(_database_word(record), "high"), None, vector


def _database_word(record: OsvRecord) -> str:
    if not bytes(record.database_specific):
        return ""
    details: Any = msgspec.json.decode(record.database_specific)
    word = details.get("severity") if isinstance(details, dict) else None
    return word.lower() if isinstance(word, str) else ""


def _fixed_versions(component: Component, affected: Sequence[OsvAffected]) -> tuple[str, ...]:
    """The versions named as fixed that come after the component's."""
    own = find_version(component.ecosystem, component.version)
    named = {text for part in affected for each in part.ranges or () if each.type != "GIT" for event in each.events if (text := event.get("fixed"))}
    ordered = [(at, text) for text in named if (at := find_version(component.ecosystem, text)) is not None and (own is None or at > own)]
    return tuple(text for _, text in sorted(ordered, key=lambda pair: pair[0]))
