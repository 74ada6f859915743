"""Which licence a component states, and whether the product's policy accepts it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from lotmark.base.findings import Finding, Severity
from lotmark.product.models import LicenceException, LicencePolicy
from lotmark.supply._classifiers import PLAIN, SPDX_OF_CLASSIFIER
from lotmark.supply._findings import find_date, make_finding
from lotmark.supply._names import refers_to
from lotmark.supply._spdx import SpdxReader
from lotmark.supply.models import Distribution, LicenceSource, LicenceVerdict, Pin
from lotmark.supply.ports import Places

_STATED = frozenset({"lock", "License-Expression"})
"""Sources in which the component itself states an SPDX expression; the others are read from looser words."""


@dataclass(frozen=True, slots=True)
class Licence:
    """The expression that holds ("" when missing), where it was found, and the verdict."""

    expression: str
    source: LicenceSource
    verdict: LicenceVerdict


class LicenceJudge:
    """Judges one component after another; `finish` then tells which exceptions concerned nothing."""

    def __init__(self, policy: LicencePolicy, today: date, where: Places) -> None:
        self._reader = SpdxReader()
        self._policy = policy
        self._today = today
        self._where = where
        self._used: set[int] = set()
        self.findings: list[Finding] = []
        self._allowed: set[str] = set()
        for index, text in enumerate(policy.allow):
            expression = self._reader.find_expression(text)
            if not expression:
                self._add("LM-SUP-032", f"{text!r} in the list of allowed licences is not SPDX", ("allow", index))
            self._allowed.add(expression)
        for index, exception in enumerate(policy.exceptions):
            if not self._reader.find_expression(exception.licence):
                self._add("LM-SUP-032", f"{exception.licence!r} in the exception for {exception.component} is not SPDX", ("exceptions", index, "licence"))
            if find_date(exception.expires) is None:
                self._add("LM-SUP-012", f"{exception.expires!r} is no day of the calendar", ("exceptions", index, "expires"))

    @property
    def allowed(self) -> tuple[str, ...]:
        """The allow list in canonical words."""
        return tuple(sorted(self._allowed - {""}))

    def judge(self, pin: Pin, distribution: Distribution | None) -> Licence:
        """The component's licence and the verdict; the finding, if any, is kept in `findings`."""
        expression, source, words = find_licence(pin, distribution, self._reader)
        exception = self._find_exception(pin, expression, source)
        if exception is not None:
            return Licence(self._reader.find_expression(exception.licence), "exception", "excepted")
        name = f"{pin.name} {pin.version}"
        if not expression and pin.ecosystem == "PyPI" and distribution is None:
            # That it is not installed, or the environment not readable, was said already and refuses.
            return Licence("", "", "missing")
        if not expression:
            said = f"; it says {words!r}" if words else ""
            self.findings.append(make_finding("LM-SUP-030", f"the licence of {name} is not known{said}", pin.location, subject=pin.name))
            return Licence("", "", "missing")
        if self._reader.is_satisfied(expression, self._allowed):
            return Licence(expression, source, "allowed")
        self.findings.append(make_finding("LM-SUP-031", f"the licence of {name}, {expression}, is not allowed", pin.location, subject=pin.name))
        return Licence(expression, source, "refused")

    def finish(self) -> None:
        """Note the exceptions that concerned no component."""
        for index, exception in enumerate(self._policy.exceptions):
            if index not in self._used:
                self._add("LM-SUP-034", f"the licence exception for {exception.component} concerns no component", ("exceptions", index), Severity.WARNING)

    def _find_exception(self, pin: Pin, expression: str, source: LicenceSource) -> LicenceException | None:
        """The exception in force for this component; one that is no longer in force leaves a finding."""
        for index, exception in enumerate(self._policy.exceptions):
            if not refers_to(exception.component, pin.ecosystem, pin.name, pin.version):
                continue
            self._used.add(index)
            wanted = self._reader.find_expression(exception.licence)
            expires = find_date(exception.expires)
            if not wanted or expires is None:
                continue
            if expires < self._today:
                self._add(
                    "LM-SUP-033", f"the licence exception for {exception.component} expired on {exception.expires}", ("exceptions", index), subject=pin.name
                )
            elif source in _STATED and expression != wanted:
                message = f"the exception for {exception.component} speaks of {wanted}, but {pin.name} {pin.version} states {expression}"
                self._add("LM-SUP-035", message, ("exceptions", index), subject=pin.name)
            else:
                return exception
        return None

    def _add(self, code: str, message: str, path: tuple[str | int, ...], severity: Severity = Severity.ERROR, subject: str | None = None) -> None:
        self.findings.append(make_finding(code, message, self._where(("licences", *path)), severity=severity, subject=subject))


def find_licence(pin: Pin, distribution: Distribution | None, reader: SpdxReader) -> tuple[str, LicenceSource, str]:
    """The licence of a component: expression, source, and its own words where these are no expression.

    In this order: the lock file, `License-Expression`, the classifiers (several hold together, since nothing says that
    one may choose), the `License` field.
    """
    if pin.licence and (expression := reader.find_expression(pin.licence)):
        return expression, "lock", ""
    if distribution is None:
        return "", "", pin.licence[:80]
    if distribution.licence_expression:
        # A component that states an expression is taken at its word, even if that word cannot be read.
        expression = reader.find_expression(distribution.licence_expression)
        return (expression, "License-Expression", "") if expression else ("", "", distribution.licence_expression[:80])
    if expression := _from_classifiers(distribution.classifiers, reader):
        return expression, "classifiers", ""
    if expression := reader.find_expression(distribution.licence):
        return expression, "License", ""
    words = distribution.licence.partition("\n")[0] or "; ".join(distribution.classifiers)
    return "", "", words[:80]


def _from_classifiers(classifiers: Sequence[str], reader: SpdxReader) -> str:
    named = [each for each in classifiers if each not in PLAIN]
    found = [SPDX_OF_CLASSIFIER.get(each) for each in named]
    if not found or None in found:
        return ""
    return reader.find_expression(" AND ".join(dict.fromkeys(each for each in found if each)))
