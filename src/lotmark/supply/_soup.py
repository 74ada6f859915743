"""The SOUP list, ``quality/soup.yaml``, held against the components that are really in the product.

IEC 62304: 5.3.3 functional and performance requirements of SOUP, 5.3.4 system hardware and software that it needs, 7.1.2 and
7.1.3 its published anomalies, 8.1.2 title, manufacturer and designation; FDA premarket cybersecurity guidance V.A.4: level of support and
end of support. What only builds or tests the product is no SOUP item, since it is not incorporated in it.
"""

import json
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

import msgspec

from lotmark.base.documents import Document, parse_document
from lotmark.base.errors import UsageError
from lotmark.base.findings import Finding, Location, Severity
from lotmark.supply._findings import find_date, make_finding
from lotmark.supply._names import names_version, refers_to
from lotmark.supply.models import Component, SoupItem, SupplyReport

NAME = "quality/soup.yaml"
_NonEmpty = Annotated[str, msgspec.Meta(min_length=1)]
_Day = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab", kw_only=True):
    """Base of the parts of the file."""


class Anomalies(_Section, frozen=True):
    """The published list of the item's anomalies, and when a person went through it (IEC 62304 7.1.2, 7.1.3)."""

    source: _NonEmpty
    """Where the list is published."""
    evaluated: _Day
    """The day on which it was evaluated."""
    known: list[_NonEmpty] = []
    """Those that matter to the product, with what follows from them."""


class SoupEntry(_Section, frozen=True):
    """One SOUP item."""

    component: _NonEmpty
    """``name@version`` or a purl with version, as the inventory names it: the unique designation."""
    manufacturer: _NonEmpty
    """Who makes it."""
    title: str = ""
    """What it is called; empty: the component's name."""
    requirements: list[_NonEmpty] = []
    """What the product needs of it: functions and performance, or ids of requirements."""
    needs: list[_NonEmpty] = []
    """Hardware and software that it needs to work properly."""
    anomalies: Anomalies | None = None
    """Its known anomalies."""
    support: Literal["", "maintained", "security-fixes", "none", "by-us"] = ""
    """Level of support: actively maintained, security fixes only, none any more, or maintained by the product's own team."""
    end_of_support: str = ""
    """Last day of support (YYYY-MM-DD), or ``not-announced``."""


class SoupFile(_Section, frozen=True):
    """``quality/soup.yaml``: every SOUP item of the product."""

    soup: list[SoupEntry] = []
    """The SOUP items."""


def check_soup(
    data: bytes | None, components: Sequence[Component], *, safety_class: str, today: date, max_age_days: int = 365
) -> tuple[tuple[SoupItem, ...], list[Finding]]:
    """The SOUP items as declared, with a finding for each difference from the inventory; class A needs title, maker and designation alone.

    Without a file a warning says that the items are not described.
    """
    inside = [component for component in components if component.scope == "runtime"]
    if data is None:
        if not inside:
            return (), []
        message = f"there is no {NAME}: {len(inside)} components are in the product and none is described as SOUP"
        return (), [make_finding("LM-SUP-060", message, Location(NAME), severity=Severity.WARNING)]
    try:
        document = parse_document(data, SoupFile, name=NAME)
    except UsageError as error:
        where = (error.where or NAME).split(":")
        place = Location(NAME, *(int(each) for each in where[1:3] if each.isdecimal()))
        return (), [make_finding("LM-SUP-061", error.reason, place, cure=error.solution)]
    return _Check(document, inside, safety_class, today, max_age_days).run()


class _Check:
    """One file against one inventory."""

    def __init__(self, document: Document[SoupFile], components: Sequence[Component], safety_class: str, today: date, max_age_days: int) -> None:
        self.document = document
        self.components = components
        self.full = safety_class != "A"
        self.today = today
        self.max_age_days = max_age_days
        self.findings: list[Finding] = []

    def run(self) -> tuple[tuple[SoupItem, ...], list[Finding]]:
        items = []
        described: dict[str, str] = {}
        for index, entry in enumerate(self.document.value.soup):
            place = self.document.where(("soup", index, "component"))
            found = [each for each in self.components if refers_to(entry.component, each.ecosystem, each.name, each.version)]
            if not names_version(entry.component):
                self._add("LM-SUP-063", f"the SOUP item {entry.component} names no version, so that it is not known which one was looked at", place, entry)
            elif not found:
                self._no_component(entry, place)
            for component in found:
                if described.setdefault(component.purl, str(place)) != str(place):
                    self._add("LM-SUP-063", f"{component.name} {component.version} is described here and at {described[component.purl]}", place, entry)
                items.append(_item(entry, component))
            self._check_entry(entry, index)
        for component in self.components:
            if component.purl not in described:
                message = f"{component.name} {component.version} is in the product, but no SOUP item describes it"
                cure = f"describe it in {NAME}: `- {{component: {component.name}@{component.version}, manufacturer: ..., ...}}`"
                self.findings.append(make_finding("LM-SUP-062", message, component.location, subject=component.name, cure=cure))
        return tuple(sorted(items, key=lambda item: item.purl)), self.findings

    def _no_component(self, entry: SoupEntry, place: Location) -> None:
        at = entry.component.rfind("@", 1)
        name = entry.component[:at] if at > 0 else ""
        other = next((each for each in self.components if name and refers_to(name, each.ecosystem, each.name, each.version)), None)
        hint = f"; the product has {other.name} {other.version}" if other else ""
        self._add("LM-SUP-063", f"the SOUP item {entry.component} is no component of the product{hint}", place, entry)

    def _check_entry(self, entry: SoupEntry, index: int) -> None:
        place = self.document.where(("soup", index))
        if self.full:
            told = {"requirements": entry.requirements, "needs": entry.needs, "anomalies": entry.anomalies, "support": entry.support}
            missing = [key for key, value in {**told, "end-of-support": entry.end_of_support}.items() if not value]
            if missing:
                self._add("LM-SUP-064", f"the SOUP item {entry.component} does not tell: {', '.join(missing)}", place, entry)
        self._check_support(entry, index)
        if entry.anomalies is not None:
            evaluated = find_date(entry.anomalies.evaluated)
            at = self.document.where(("soup", index, "anomalies", "evaluated"))
            if evaluated is None:
                self._add("LM-SUP-012", f"{entry.anomalies.evaluated!r} is no day of the calendar", at, entry)
            elif not 0 <= (self.today - evaluated).days <= self.max_age_days:
                days = (self.today - evaluated).days
                told_age = f"{days} days ago; at most {self.max_age_days} are allowed" if days > 0 else "in the future"
                self._add("LM-SUP-066", f"the anomalies of {entry.component} were evaluated on {evaluated}, {told_age}", at, entry)

    def _check_support(self, entry: SoupEntry, index: int) -> None:
        at = self.document.where(("soup", index, "end-of-support"))
        ends = find_date(entry.end_of_support)
        if entry.end_of_support not in {"", "not-announced"} and ends is None:
            self._add("LM-SUP-012", f"{entry.end_of_support!r} is neither a day of the calendar nor `not-announced`", at, entry)
        if ends is not None and ends < self.today and entry.support != "by-us":
            self._add("LM-SUP-065", f"the support of {entry.component} ended on {ends}", at, entry)
        elif entry.support == "none":
            self._add("LM-SUP-065", f"{entry.component} has no support any more", self.document.where(("soup", index, "support")), entry)

    def _add(self, code: str, message: str, place: Location, entry: SoupEntry) -> None:
        self.findings.append(make_finding(code, message, place, subject=entry.component))


def _item(entry: SoupEntry, component: Component) -> SoupItem:
    anomalies = entry.anomalies
    return SoupItem(
        purl=component.purl,
        title=entry.title or component.name,
        manufacturer=entry.manufacturer,
        version=component.version,
        requirements=tuple(entry.requirements),
        needs=tuple(entry.needs),
        anomalies_source=anomalies.source if anomalies else "",
        anomalies_evaluated=anomalies.evaluated if anomalies else "",
        anomalies=tuple(anomalies.known) if anomalies else (),
        support=entry.support,
        end_of_support=entry.end_of_support,
    )


def draft_soup(report: SupplyReport) -> str:
    """An entry for each component in the product without one; "" if there is none.

    What only a person knows is left empty, so that the list is refused until somebody has filled it in.
    """
    described = {item.purl for item in report.soup}
    lines = []
    for each in report.components:
        if each.scope != "runtime" or each.purl in described:
            continue
        lines += [
            f"  - component: {json.dumps(each.purl)}",
            f"    title: {json.dumps(each.name)}",
            f"    manufacturer: {json.dumps(each.supplier)}",
            "    requirements: []",
            "    needs: []",
            '    anomalies: {source: "", evaluated: ""}',
            '    support: ""',
            '    end-of-support: ""',
        ]
    return "\n".join(["soup:", *lines, ""]) if lines else ""
