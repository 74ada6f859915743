"""Known vulnerabilities of the components, from the pinned dump alone; what was not evaluated refuses.

A record counts when its ecosystem and normalised name are the component's and its `versions` hold the version or one of
its ranges does. In doubt (no versions, only GIT ranges, a version that cannot be ordered) it was not evaluated, which
refuses: a person may then declare the exception. Withdrawn records do not count.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import get_args

from lotmark.base.findings import Finding, Severity
from lotmark.product.models import AssessedComponent, VulnerabilityException, VulnerabilityPolicy
from lotmark.supply._dump import Dump, DumpError, OsvAffected, OsvRecord
from lotmark.supply._exploited import MAX_BYTES, read_exploited
from lotmark.supply._files import read_limited
from lotmark.supply._findings import find_date, make_finding
from lotmark.supply._matching import AFFECTED, fixed_versions, judge_version, read_severity
from lotmark.supply._names import normalise_name, refers_to
from lotmark.supply._vex import Statement, read_vex
from lotmark.supply.models import Component, DumpReading, Ecosystem, RootComponent, Vulnerability
from lotmark.supply.ports import Places

_ECOSYSTEMS: dict[str, Ecosystem] = {name: name for name in get_args(Ecosystem) if name != "other"}


@dataclass(frozen=True, slots=True)
class _Match:
    record: OsvRecord
    affected: OsvAffected
    component: Component
    unclear: str
    """Why it cannot be told whether the version is affected; "" where it is."""


class Evaluation:
    """One evaluation of components against a dump; `run` fills `findings`, `vulnerabilities` and `reading`."""

    def __init__(
        self, policy: VulnerabilityPolicy, find: Callable[[str], Path], components: Sequence[Component], product: RootComponent, today: date, where: Places
    ) -> None:
        self._policy = policy
        self._find = find
        self._product = product
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
        self._statements: list[Statement] = []
        self._exploited: dict[str, str] = {}
        self._assessed: dict[AssessedComponent, None] = {}
        self.findings: list[Finding] = []
        self.inputs: list[tuple[str, bytes]] = []
        """Name and bytes of every further file that was judged by: VEX documents, the catalogue of exploited vulnerabilities."""
        self.vulnerabilities: list[Vulnerability] = []
        self.reading = DumpReading(policy.dump, "", policy.retrieved, 0, (), False)

    def run(self) -> None:
        """Read the dump whole, match, apply the exceptions."""
        fresh = self._check_age()
        known = self._read_exploited()
        self._read_vex()
        try:
            self._read_dump()
            sound = True
        except DumpError as error:
            sound = False
            self._add(error.code, f"vulnerabilities were not evaluated: the dump {self._policy.dump}: {error}", ("dump",))
        covered = not sound or self._check_coverage()
        clear = self._judge(self._matches)
        evaluated = sound and fresh and covered and known and clear
        self.reading = DumpReading(
            self._policy.dump, self._sha256, self._policy.retrieved, self._records, tuple(sorted(self._ecosystems)), evaluated, tuple(self._assessed)
        )
        self._check_exceptions(sound)

    def _read_dump(self) -> None:
        dump = Dump(self._find(self._policy.dump))
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

    def _read_exploited(self) -> bool:
        """Whether the catalogue could be used, or none is declared."""
        declared = self._policy.exploited
        if declared is None:
            return True
        try:
            data = read_limited(self._find(declared.path), MAX_BYTES)
            self.inputs.append((declared.path, data))
            self._exploited = read_exploited(data, declared, self._today, self._policy.max_age_days)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            self._add("LM-SUP-050", f"the catalogue of exploited vulnerabilities {declared.path} cannot be used: {reason}", ("exploited",))
            return False
        return True

    def _read_vex(self) -> None:
        for index, declared in enumerate(self._policy.vex):
            place = ("vex", index)
            expires = find_date(declared.expires)
            try:
                data = read_limited(self._find(declared.path), MAX_BYTES)
            except OSError as error:
                self._add("LM-SUP-051", f"the VEX document {declared.path} cannot be read: {error.strerror}", place)
                continue
            self.inputs.append((declared.path, data))
            reading = read_vex(data, declared, self._product)
            self.findings += reading.findings
            if expires is None:
                self._add("LM-SUP-012", f"{declared.expires!r} is no day of the calendar", (*place, "expires"))
            elif expires < self._today:
                self._add("LM-SUP-047", f"the statements of {declared.path} expired on {declared.expires}", place)
            else:
                self._statements += reading.statements

    def _check_coverage(self) -> bool:
        """Whether every component is of an ecosystem of the dump, or was assessed elsewhere by a person."""
        unseen: dict[str, list[str]] = {}
        for component in self._components:
            if component.ecosystem not in self._ecosystems and not self._is_assessed(component):
                unseen.setdefault(component.ecosystem, []).append(f"{component.name} {component.version}")
        for ecosystem, names in sorted(unseen.items()):
            told = "no advisory database covers what has no registry" if ecosystem == "other" else f"the dump holds no record of {ecosystem}"
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            self._add("LM-SUP-045", f"{told}; {len(names)} components were not evaluated: {', '.join(sorted(names)[:3])}{more}", ("dump",))
        for index, assessed in enumerate(self._policy.assessed):
            if not any(refers_to(assessed.component, each.ecosystem, each.name, each.version) for each in self._components):
                self._add("LM-SUP-034", f"the assessment of {assessed.component} concerns no component", ("assessed", index), severity=Severity.WARNING)
        return not unseen

    def _is_assessed(self, component: Component) -> bool:
        for index, assessed in enumerate(self._policy.assessed):
            if not refers_to(assessed.component, component.ecosystem, component.name, component.version):
                continue
            expires = find_date(assessed.expires)
            if expires is not None and expires >= self._today:
                self._assessed.setdefault(assessed)
                return True
            code = "LM-SUP-047" if expires else "LM-SUP-012"
            told = f"expired on {assessed.expires}" if expires else f"ends on {assessed.expires!r}, which is no day of the calendar"
            self._add(code, f"the assessment of {assessed.component} {told}", ("assessed", index), subject=component.name)
        return False

    def _match(self, record: OsvRecord) -> None:
        for affected in record.affected or ():
            if affected.package is None:
                continue
            name = affected.package.ecosystem.partition(":")[0]
            self._ecosystems.add(name)
            ecosystem = _ECOSYSTEMS.get(name)
            if ecosystem is None or record.withdrawn:
                continue
            named = self._by_name.get((ecosystem, normalise_name(ecosystem, affected.package.name)), ())
            for component in named:
                verdict = judge_version(ecosystem, component.version, affected)
                if verdict:
                    self._matches.append(_Match(record, affected, component, "" if verdict == AFFECTED else verdict))

    def _judge(self, matches: list[_Match]) -> bool:
        """Judge all matches; whether every one of them could be told."""
        merged: dict[tuple[str, str], list[_Match]] = {}
        for match in matches:
            merged.setdefault((match.component.purl, match.record.id), []).append(match)
        for key in sorted(merged):
            found = self._judge_one(merged[key])
            if found is not None:
                self.vulnerabilities.append(found)
        return len(self.vulnerabilities) == len(merged)

    def _judge_one(self, matches: list[_Match]) -> Vulnerability | None:
        """The vulnerability, judged; None where it cannot be told whether the component has it."""
        record, component = matches[0].record, matches[0].component
        severity, score, vector = read_severity(record, [match.affected for match in matches])
        aliases = tuple(sorted({*(record.aliases or ()), *(record.upstream or ())}))
        found = Vulnerability(
            record.id,
            aliases,
            component.purl,
            record.summary[:300],
            severity,
            score,
            vector,
            fixed_versions(component, [match.affected for match in matches]),
            "affected",
            exploited=next((self._exploited[each] for each in (record.id, *aliases) if each in self._exploited), ""),
        )
        called = f"{component.name} {component.version}"
        excepted = self._find_exception(found, component) or self._find_statement(found, component)
        if excepted is not None:
            if excepted.exploited:
                message = f"{record.id} in {called} is exploited since {excepted.exploited}; that it does not matter here is the word of {excepted.owner}"
                self.findings.append(make_finding("LM-SUP-048", message, component.location, subject=component.name, severity=Severity.WARNING))
            return excepted
        if all(match.unclear for match in matches):
            message = f"whether {called} has the vulnerability {record.id} was not evaluated: {matches[0].unclear}"
            self.findings.append(make_finding("LM-SUP-049", message, component.location, subject=component.name))
            return None
        fixed = f"; fixed in {', '.join(found.fixed)}" if found.fixed else "; no fixed version is known"
        self.findings.append(
            make_finding(
                "LM-SUP-048" if found.exploited else "LM-SUP-046",
                f"{called} has the {severity} vulnerability {record.id}{f', exploited since {found.exploited}' if found.exploited else ''}{fixed}",
                component.location,
                subject=component.name,
            )
        )
        return found

    def _find_statement(self, found: Vulnerability, component: Component) -> Vulnerability | None:
        """The vulnerability under the VEX statement that says that it does not matter; None without one, or with one that says it does."""
        about = [each for each in self._statements if each.concerns((found.id, *found.aliases), component)]
        free = next((each for each in about if not each.affected), None)
        bound = next((each for each in about if each.affected), None)
        if free is not None and bound is not None:
            message = f"{free.source} says that {found.id} does not affect {component.name}, {bound.source} says that it does or may"
            self.findings.append(make_finding("LM-SUP-052", message, free.location, subject=component.name))
        if free is None or bound is not None:
            return None
        return replace(_excepted(found, free), vex=free.source)

    def _find_exception(self, found: Vulnerability, component: Component) -> Vulnerability | None:
        for index, exception in enumerate(self._policy.exceptions):
            if exception.id not in (found.id, *found.aliases) or not refers_to(exception.component, component.ecosystem, component.name, component.version):
                continue
            self._used.add(index)
            expires = find_date(exception.expires)
            if expires is not None and expires >= self._today:
                return _excepted(found, exception)
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


def _excepted(found: Vulnerability, exception: VulnerabilityException | Statement) -> Vulnerability:
    return replace(
        found, state="not_affected", justification=exception.justification, reason=exception.reason, owner=exception.owner, expires=exception.expires
    )
