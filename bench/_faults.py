"""Plants faults into a sound corpus, each with the findings that it must cause and no other."""

import random
from collections.abc import Iterator

from bench._corpus import Corpus, Record, Test

_AT = 90_000
"""Numbers of the items that are added start here, so that none is taken already."""


def plant(corpus: Corpus, times: int, rng: random.Random) -> None:
    """Plant each fault `times` times; `corpus.truth` tells what `lotmark check` must say."""
    _Planter(corpus, rng).plant(times)


class _Planter:
    def __init__(self, corpus: Corpus, rng: random.Random) -> None:
        self.corpus = corpus
        self.rng = rng
        self.number = _AT
        self.pools = {kind: self._pool(kind) for kind in ("SW", "RC", "HAZ")}
        self.systems = [item.id for item in corpus.items if item.id.startswith("SYS-")]
        self.tests = [(path, test) for path, tests in corpus.tests.items() for test in tests if test.ids[0].startswith("SW-")]
        rng.shuffle(self.tests)

    def _pool(self, kind: str) -> Iterator[Record]:
        """Items of a kind in random order, each given once, so that no item carries two faults."""
        found = [item for item in self.corpus.items if item.id.startswith(f"{kind}-")]
        self.rng.shuffle(found)
        return iter(found)

    def plant(self, times: int) -> None:
        for _ in range(times):
            for fault in (self.links, self.levels, self.risks, self.fields, self.files, self.markers, self.reviews):
                fault()

    def add(self, kind: str, links: dict[str, list[str]], *, tested: str = "unit", **more: object) -> Record:
        """A new item of the usual form, with a test of the layer `tested`."""
        self.number += 1
        types = {"SW": "software-requirement", "SYS": "system-requirement", "UN": "user-need", "RC": "risk-control", "HAZ": "hazard"}
        folder = "risks" if kind in {"RC", "HAZ"} else "requirements"
        item = Record(f"{kind}-{self.number}", folder, types[kind], f"Planted {self.number}", links, body="It shall stop the flow in time.", **more)  # type: ignore[arg-type]
        self.corpus.items.append(item)
        if tested:
            path = f"tests/{tested}/test_planted_{self.number % 7}.py"
            self.corpus.tests.setdefault(path, []).append(Test(f"test_planted_{self.number}", [item.id], tested))
        return item

    def say(self, code: str, subject: str) -> None:
        self.corpus.truth.append((code, subject))

    def links(self) -> None:
        dangling = next(self.pools["SW"])
        dangling.links.setdefault("implements", []).append(f"RC-{self.number + 7000}")
        self.say("LM-TRC-023", dangling.id)
        wrong = next(self.pools["SW"])
        wrong.links["mitigates"] = ["HAZ-00000"]
        self.say("LM-TRC-022", wrong.id)
        first = self.add("SW", {"refines": [self.rng.choice(self.systems)]})
        second = self.add("SW", {"refines": [first.id]})
        first.links["refines"].append(second.id)
        self.say("LM-TRC-024", first.id)
        dead = self.add("SYS", {"derives": ["UN-00000"]}, tested="", status="obsolete")
        rests = self.add("SW", {"refines": [self.rng.choice(self.systems), dead.id]})
        self.say("LM-TRC-025", rests.id)

    def levels(self) -> None:
        self.say("LM-TRC-030", self.add("SW", {}).id)
        self.say("LM-TRC-031", self.add("UN", {}, tested="").id)
        top = self.add("SYS", {}, tested="")
        self.say("LM-TRC-030", top.id)
        self.say("LM-TRC-031", self.add("SW", {"refines": [top.id]}).id)
        untested = self.add("SW", {"refines": [self.rng.choice(self.systems)]}, tested="")
        self.say("LM-TRC-035", untested.id)
        self.say("LM-MTX-041", untested.id)
        layered = next(self.pools["SW"])
        layered.lines.append("layers: [unit, validation]")
        self.say("LM-TRC-036", layered.id)

    def risks(self) -> None:
        estimates = [
            "hazardous-situation: The flow stops",
            "harm: Delayed therapy",
            "before: {severity: critical, probability: occasional}",
            "after: {severity: serious, probability: improbable}",
            "residual-risk: {acceptable: true, rationale: An alarm tells it.}",
        ]
        self.say("LM-TRC-032", self.add("HAZ", {}, tested="validation", lines=estimates).id)
        self.say("LM-TRC-033", self.add("RC", {"mitigates": ["HAZ-00000"]}, lines=["kind: inherent"]).id)
        idle = self.add("RC", {}, lines=["kind: inherent"])
        self.add("SW", {"refines": [self.rng.choice(self.systems)], "implements": [idle.id]})
        self.say("LM-TRC-034", idle.id)
        for code, judged in (("LM-TRC-037", "{acceptable: true}"), ("LM-TRC-038", "{acceptable: false, rationale: Nobody wants it.}")):
            hazard = next(self.pools["HAZ"])
            hazard.lines[-1] = f"residual-risk: {judged}"
            self.say(code, hazard.id)

    def fields(self) -> None:
        strange = self.add("SW", {"refines": [self.rng.choice(self.systems)]})
        strange.type = "sofware-requirment"
        self.say("LM-TRC-020", strange.id)
        key = next(self.pools["SW"])
        key.lines.append("prioritty: high")
        self.say("LM-TRC-005", key.id)
        control = next(self.pools["RC"])
        control.lines.clear()
        self.say("LM-TRC-006", control.id)

    def files(self) -> None:
        twin = next(self.pools["SW"])
        self.corpus.items.append(
            Record(twin.id, twin.folder, twin.type, twin.title, dict(twin.links), list(twin.lines), twin.body, file=f"requirements/copies/{twin.id}.md")
        )
        self.say("LM-TRC-011", twin.id)
        like = next(self.pools["SW"])
        extra = self.add("SW", {"refines": [self.rng.choice(self.systems)]}, tested="")
        extra.id = f"SW-00{like.id[3:]}"
        self.corpus.tests.setdefault("tests/unit/test_alike.py", []).append(Test(f"test_alike_{extra.id[3:]}", [extra.id]))
        self.say("LM-TRC-012", like.id)
        moved = self.add("SW", {"refines": [self.rng.choice(self.systems)]})
        moved.file = f"requirements/SW-{self.number + 5000}.md"
        self.say("LM-TRC-013", moved.id)
        windows = next(self.pools["SW"])
        windows.end = "\r\n"
        self.say("LM-TRC-007", f"quality/{windows.path}")
        broken = self.add("SW", {}, tested="")
        broken.encoding = "utf-16"
        self.say("LM-TRC-001", f"quality/{broken.path}")

    def markers(self) -> None:
        path, test = self.tests.pop()
        test.ids.append(f"SW-{self.number + 8000}")
        self.say("LM-TRC-041", f"{path}::{test.name}")
        for kind in ("py", "c"):
            self.number += 1
            path, name = f"tests/unit/test_silent_{self.number % 5}.{kind}", f"test_silent_{self.number}"
            self.corpus.tests.setdefault(path, []).append(Test(name, []))
            self.say("LM-TRC-044", f"{path}::{name}")

    def reviews(self) -> None:
        """A requirement whose links were reviewed before its text changed."""
        changed = next(self.pools["SW"])
        self.corpus.reviewed[changed.id] = changed.body
        changed.body = changed.body.replace(" shall ", " shall always ", 1)
        for _ in changed.links:
            self.say("LM-CHK-001", changed.id)
