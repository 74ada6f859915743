"""The rebuild explained, and the components with licences and vulnerabilities."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from lotmark.dossier._view_basic import Fact, Status
from lotmark.dossier._view_model_build import ComponentView, Dimension, OutputView, RebuildView, SoupView, SupplyView, VulnerabilityView
from lotmark.dossier._view_source import Predicate, ViewSource
from lotmark.dossier._view_words import count, join, number, size, status_of

_REVEALS: Final[Mapping[str, str]] = {
    "clock": "time stamps of the build",
    "hostname": "the machine's name",
    "user": "the builder's name or number",
    "home": "paths of the home folder",
    "environment": "environment variables",
    "locale": "language, sorting, number formats",
    "cpus": "the order of parallel work",
    "directory-order": "the order in which folders are read",
    "mtimes": "file times of the source",
    "hash-seed": "the order of hashed collections",
    "path": "the place of the source",
    "time-zone": "local time",
    "umask": "file permissions",
}
_VERDICTS: Final[Mapping[str, str]] = {
    "IDENTICAL": "Both builds gave the same bytes, so the artifact follows from its source and its pinned environment alone.",
    "EQUIVALENT": "The two builds differ only where a declared comparator, named below with its owner and reason, says that the difference has no meaning.",
    "DIFFERENT": "The two builds differ. What is released would not follow from the recorded inputs alone; the causes that were found stand below.",
    "NOT_COMPARABLE": "The two builds could not be compared: they did not leave the same set of outputs.",
    "FAILED": "The build failed, so there is nothing to compare.",
}
_CLAIMS: Final[Mapping[str, str]] = {
    "R1": "built twice in the same conditions",
    "R2": "built twice, with time, machine and user varied",
    "R3": "built twice, with time, machine, user, path, time zone and permissions varied",
}
_SCOPES: Final[Mapping[str, str]] = {
    "runtime": "shipped or run with the product",
    "build": "needed to build it",
    "test": "needed to test it",
}


def view_rebuild(source: ViewSource) -> RebuildView | None:
    """The rebuild verdict, if the run recorded one."""
    content = source.find("rebuild")
    if content is None:
        return None
    first, second = (lane["varied"] for lane in content["lanes"])
    varied = tuple(Dimension(name, first.get(name, "") or "none", second[name] or "none", _REVEALS.get(name, "")) for name in second)
    claim, verdict = content["claim"], content["verdict"]
    isolation = content["isolation"]
    return RebuildView(
        status=status_of(verdict),
        sentence=f"The source was {_CLAIMS.get(claim, 'built twice')}, on one machine. {_VERDICTS.get(verdict, '')}".strip(),
        claim=content["claimText"],
        varied=varied,
        not_varied=tuple(Fact(name, reason) for name, reason in content["notVaried"].items()),
        outputs=tuple(_output(output) for output in content["outputs"]),
        isolation=_isolation(isolation),
        tools=tuple(Fact(tool["name"], tool["version"]) for tool in content["tools"]),
        facts=(
            Fact("Seconds", join(f"{lane['name']}: {lane['seconds']:g}" for lane in content["lanes"])),
            Fact("Source digest", content["sourceSha256"], "digest"),
            Fact("Environment", content["environmentSha256"], "digest"),
            Fact("Root file system", f"{isolation['root']['kind']}, {count(isolation['root']['packages'], 'package')}"),
            Fact("Its package list", isolation["root"]["sha256"], "digest"),
            *_build_command(source),
        ),
    )


def _build_command(source: ViewSource) -> tuple[Fact, ...]:
    provenance: Any = source.find("provenance")
    if provenance is None:
        return ()
    parameters = provenance["buildDefinition"]["externalParameters"]
    return (Fact("Command", " ".join(parameters["command"]), "mono"),)


def _output(output: Predicate) -> OutputView:
    comparator = output["comparator"]
    notes = []
    if comparator:
        notes.append(f"Compared as {comparator['kind']}: {comparator['reason']} (owner {comparator['owner']}, until {comparator['expires']})")
    for cause in output["causes"]:
        place = f", bytes {number(cause['range'][0])} to {number(cause['range'][1])}" if cause["range"] else ""
        dimension = f" Varied: {cause['dimension']}." if cause["dimension"] else ""
        notes.append(f"{cause['file']}{place}: {cause['text']}{dimension}")
    return OutputView(output["name"], size(output["size"]), output["sha256A"] or "", output["sha256B"] or "", status_of(output["verdict"]), tuple(notes))


def _isolation(facts: Predicate) -> tuple[Status, ...]:
    def fact(holds: bool, good: str, bad: str) -> Status:
        return Status("ok", good) if holds else Status("bad", bad)

    return (
        fact(facts["hermetic"], f"hermetic, in the sandbox “{facts['backend']}”", f"not hermetic (“{facts['backend']}”)"),
        fact(not facts["network"], "no network was reachable", "the network was reachable"),
        fact(not facts["capabilities"], "no administrator's rights", "it ran with administrator's rights"),
        fact(facts["readOnlySource"], "the source could not be changed", "the source could be changed"),
        fact(facts["cleanEnvironment"], "nothing of the caller's environment was seen", "the caller's environment was seen"),
    )


def view_supply(source: ViewSource) -> SupplyView | None:
    """Components, licences and vulnerabilities, if the run recorded them."""
    content = source.find("dependencies")
    if content is None:
        return None
    vulnerabilities = content["vulnerabilities"]
    return SupplyView(
        summary=_components_summary(source, content),
        vulnerability_summary=_vulnerability_summary(vulnerabilities),
        locks=tuple(Fact(f"{lock['path']} ({lock['kind']}, {count(lock['components'], 'component')})", lock["sha256"], "digest") for lock in content["locks"]),
        components=tuple(_component(component) for component in content["components"]),
        vulnerabilities=tuple(_vulnerability(match) for match in vulnerabilities["matched"]),
        left_out=tuple(Fact(entry["purl"], entry["reason"]) for entry in content["leftOut"]),
        facts=(
            Fact("SBOM (CycloneDX)", content["sbomSha256"], "digest"),
            *([Fact("SBOM (SPDX)", content["spdxSha256"], "digest")] if content.get("spdxSha256") else []),
            *(Fact(f"Judged by {each['path']}", each["sha256"], "digest") for each in content.get("inputs", [])),
            Fact("Licences that the product allows", ", ".join(content["licencePolicy"]["allow"]) or "none"),
        ),
        soup=tuple(_soup(item) for item in content.get("soup", [])),
        changes=_changes(content.get("changes")),
    )


def _soup(item: Predicate) -> SoupView:
    known = f"; {join(item['anomalies'])}" if item["anomalies"] else ""
    evaluated = f"{item['anomaliesSource']}, evaluated on {item['anomaliesEvaluated']}{known}" if item["anomaliesSource"] else "not told"
    needs = f"; needs {join(item['needs'])}" if item["needs"] else ""
    until = f", until {item['endOfSupport']}" if item["endOfSupport"] not in {"", "not-announced"} else ""
    support = f"{item['support'].replace('-', ' ') or 'not told'}{until}"
    return SoupView(item["title"], item["manufacturer"], item["version"], f"{join(item['requirements']) or 'not told'}{needs}", evaluated, support)


def _changes(changes: Predicate | None) -> str:
    """What became of the components since the last release, in a sentence."""
    if changes is None:
        return ""
    if not changes["changed"]:
        return f"The components are those of release {changes['since']}."
    told = [f"{each['name']} {' to '.join(part for part in (each['before'], each['after']) if part)} ({each['kind']})" for each in changes["changed"]]
    more = f" and {len(told) - 20} more" if len(told) > 20 else ""
    return f"Since release {changes['since']}: {', '.join(told[:20])}{more}."


def _components_summary(source: ViewSource, content: Predicate) -> str:
    none = content["none"]
    if none:
        return f"No third-party components: {none['reason'].rstrip('.')} ({source.name_of(none['owner'])} answers for that)."
    components = content["components"]
    scopes = Counter(component["scope"] for component in components)
    told = join(f"{number(n)} {_SCOPES.get(scope, scope)}" for scope, n in scopes.items())
    bad = sum(component["licenceVerdict"] in {"refused", "missing"} for component in components)
    licences = f"{count(bad, 'licence')} not allowed" if bad else "every licence is allowed"
    return f"{count(len(components), 'component')} in {count(len(content['locks']), 'lock file')}: {told}; {licences}." if components else "No components."


def _vulnerability_summary(found: Predicate) -> str:
    if not found["evaluated"]:
        return "Vulnerabilities were not evaluated."
    base = f"{found['dump']} of {found['retrieved']}, {count(found['records'], 'record')} for {join(found['ecosystems']) or 'no ecosystem'}"
    affected = sum(match["state"] == "affected" for match in found["matched"])
    if not found["matched"]:
        return f"No known vulnerability ({base})."
    return f"{count(affected, 'known vulnerability', 'known vulnerabilities')} affecting it, {number(len(found['matched']) - affected)} judged not to ({base})."


def _component(component: Predicate) -> ComponentView:
    return ComponentView(
        component["name"],
        component["version"],
        component["licence"] or "none told",
        component["licenceSource"],
        status_of(component["licenceVerdict"]),
        component["scope"],
        component["purl"],
    )


def _vulnerability(match: Predicate) -> VulnerabilityView:
    score = f" (CVSS {match['score']:g})" if match["score"] is not None else ""
    judgement = f"{match['justification']}: {match['reason']} (owner {match['owner']}, until {match['expires']})" if match["justification"] else ""
    if match.get("vex"):
        judgement = f"{judgement}, as {match['vex']} says"
    if match.get("exploited"):
        score = f"{score}, exploited since {match['exploited']}"
    return VulnerabilityView(
        match["id"],
        match["component"],
        match["severity"] + score,
        match["summary"],
        ", ".join(match["fixed"]) or "no version",
        status_of(match["state"]),
        judgement,
    )
