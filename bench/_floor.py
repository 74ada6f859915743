# ruff: noqa: PTH118, PTH123
"""The floor: the checks of `lotmark check` over the native format in the fewest lines of Python that find the same faults.

It takes one corpus for granted: one id grammar, one policy, marker forms as the corpus writes them, no columns, no cures, no
schema, no limits, no other readers. It reports (rule code, subject) and counts. Run as a process of its own by `bench.trace`.
"""

import hashlib
import json
import os
import re
import sys
from collections import Counter
from pathlib import Path

KEYS = {
    "user-need": set(),
    "requirement": {"layers"},
    "hazard": {"hazardous-situation", "harm", "before", "after", "residual-risk"},
    "risk-control": {"kind", "layers"},
    "test-case": {"layer"},
}
LINKS = {
    "derives": ({"requirement"}, {"user-need", "requirement"}),
    "refines": ({"requirement", "user-need"}, {"requirement", "user-need"}),
    "implements": ({"requirement"}, {"risk-control"}),
    "mitigates": ({"risk-control"}, {"hazard"}),
    "verifies": ({"test-case"}, {"requirement", "risk-control", "hazard", "user-need"}),
}
COMMON = {"id", "type", "title", "status", "safety-class"}
RISK = ("after", "before", "harm", "hazardous-situation", "kind", "residual-risk", "safety-class")
PYTHON = re.compile(r"(?:@pytest\.mark\.verifies\((.*?)\)\n)?def (test_\w+)")
C = re.compile(r"(?:/\* @verifies (.*?) \*/\n)?static void (test_\w+)")
ID = re.compile(r"[A-Z]+-\d+")


def main(root: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    say = lambda code, subject: found.append((f"LM-{code}", subject))  # noqa: E731
    items = read_items(root, say)
    read_markers(root, items, say)
    follow_links(items, reviewed_links(root), say)
    reach(items, say)
    for name, item in items.items():
        if not item["dead"]:
            levels(name, item, items, say)
    return found


def read_items(root: str, say) -> dict[str, dict]:
    """Every item that stands in a file which can be read, by id."""
    items: dict[str, dict] = {}
    alike: dict[str, str] = {}
    paths = sorted(os.path.join(base, name) for folder in ("requirements", "risks") for base, _, names in os.walk(f"{root}/quality/{folder}") for name in names)
    for path in paths:
        with open(path, "rb") as stream:
            data = stream.read()
        shown = path[len(root) + 1 :]
        try:
            text = data.decode()
        except UnicodeDecodeError:
            say("TRC-001", shown)
            continue
        if "\r" in text:
            say("TRC-007", shown)
            text = text.replace("\r\n", "\n")
        name, item = read_item(text, shown, say)
        if name in items:
            say("TRC-011", name)
            continue
        number = f"{name.rpartition('-')[0]}-{int(name.rpartition('-')[2])}"
        if number in alike:
            say("TRC-012", name)
        alike[number] = name
        items[name] = item
    return items


def read_item(text: str, shown: str, say) -> tuple[str, dict]:
    head, _, body = text[4:].partition("\n---\n")
    fields = dict(line.split(": ", 1) for line in head.split("\n"))
    kind = fields["type"]
    category = ""
    if kind.endswith("-requirement"):
        kind, category = "requirement", kind[:-12]
    name = fields["id"]
    if name != shown.rpartition("/")[2][:-3]:
        say("TRC-013", name)
    links, attributes = [], {}
    for key, value in fields.items():
        if key in LINKS:
            links += [(key, target) for target in value[1:-1].split(", ")]
        elif value[0] == "{":
            attributes[key] = dict(part.split(": ", 1) for part in value[1:-1].split(", "))
        elif value[0] == "[":
            attributes[key] = value[1:-1].split(", ")
        elif key not in COMMON or key == "safety-class":
            attributes[key] = value
    if kind not in KEYS:
        say("TRC-020", name)
    else:
        for key in attributes:
            if key not in COMMON and key not in KEYS[kind]:
                say("TRC-005", name)
        if kind == "risk-control" and "kind" not in attributes:
            say("TRC-006", name)
    normative = "\n".join([line.rstrip() for line in body.partition("\n## Rationale")[0].strip().split("\n")])
    pairs = [[key, sorted(value.items()) if isinstance(value, dict) else value] for key in RISK if (value := attributes.get(key))]
    marked = json.dumps(["lotmark-item/1", kind, category, fields["title"], normative, pairs], separators=(",", ":"))
    return name, {
        "kind": kind,
        "links": links,
        "attributes": attributes,
        "dead": fields["status"] == "obsolete",
        "mark": hashlib.sha256(marked.encode()).hexdigest()[:32],
        "below": [],
        "tests": [],
        "layers": set(),
    }


def read_markers(root: str, items: dict[str, dict], say) -> None:
    for folder, pattern, ending in (("tests", PYTHON, ".py"), ("tests", C, ".c")):
        for base, _, names in os.walk(f"{root}/{folder}"):
            layer = "validation" if base.endswith("validation") else "unit"
            for name in sorted(names):
                if name.endswith(ending):
                    path = os.path.join(base, name)
                    with open(path, encoding="utf-8") as stream:
                        source = stream.read()
                    for marker, test in pattern.findall(source):
                        test_id = f"{path[len(root) + 1 :]}::{test}"
                        if not marker:
                            say("TRC-044", test_id)
                        for target in ID.findall(marker):
                            if target in items:
                                items[target]["tests"].append(test_id)
                                items[target]["layers"].add(layer)
                            else:
                                say("TRC-041", test_id)


def reviewed_links(root: str) -> dict[str, set[str]]:
    reviewed: dict[str, set[str]] = {}
    with open(f"{root}/quality/trace.lock", encoding="utf-8") as stream:
        for line in stream:
            source, kind, target, marks = line.split(" ", 3)
            reviewed.setdefault(f"{source} {kind} {target}", set()).add(marks.strip())
    return reviewed


def follow_links(items: dict[str, dict], reviewed: dict[str, set[str]], say) -> None:
    """Each link leads to an item that may stand there, and is reviewed as both ends are now."""
    for name, item in items.items():
        for kind, target in item["links"]:
            other = items.get(target)
            if other is None:
                say("TRC-023", name)
                continue
            other["below"].append(name)
            if item["kind"] in KEYS and other["kind"] in KEYS and not (item["kind"] in LINKS[kind][0] and other["kind"] in LINKS[kind][1]):
                say("TRC-022", name)
            if other["dead"] and not item["dead"]:
                say("TRC-025", name)
            marks = reviewed.get(f"{name} {kind} {target}")
            if marks is None:
                say("CHK-002", name)
            elif f"{item['mark']} {other['mark']}" not in marks:
                say("CHK-001", name)


def reach(items, say) -> None:
    """Who reaches a need or a hazard, and which links close a cycle: depth first search with colours, a grey target closes one."""
    colour: dict[str, int] = {}
    for start in items:
        if start in colour:
            continue
        stack = [(start, iter(items[start]["links"]))]
        colour[start] = 1
        while stack:
            name, rest = stack[-1]
            for _, target in rest:
                if target not in items or items[target]["dead"]:
                    continue
                if target not in colour:
                    colour[target] = 1
                    stack.append((target, iter(items[target]["links"])))
                    break
                if colour[target] == 1:
                    say("TRC-024", min(target, name))
            else:
                stack.pop()
                colour[name] = 2
    waiting = [name for name, item in items.items() if item["kind"] in {"user-need", "hazard"} and not item["dead"]]
    while waiting:
        item = items[waiting.pop()]
        if not item.get("top"):
            item["top"] = True
            waiting += [below for below in item["below"] if not items[below]["dead"]]


def levels(name, item, items, say) -> None:
    below = [items[other] for other in item["below"] if not items[other]["dead"]]
    kinds = {other["kind"] for other in below}
    kind, attributes = item["kind"], item["attributes"]
    layers = set(item["layers"])
    waiting, seen = list(item["below"]), {name}
    while waiting:
        other = waiting.pop()
        if other not in seen and not items[other]["dead"]:
            seen.add(other)
            layers |= items[other]["layers"]
            waiting += items[other]["below"]
    if kind == "requirement":
        above = [target for key, target in item["links"] if key in {"derives", "refines", "implements"}]
        if not above:
            say("TRC-030", name)
        elif not item.get("top") and all(target in items for target in above):
            say("TRC-031", name)
        if not item["tests"] and not kinds & {"test-case", "requirement"}:
            say("TRC-035", name)
    elif kind == "user-need" and not kinds & {"requirement", "user-need"}:
        say("TRC-031", name)
    elif kind == "risk-control":
        if "requirement" not in kinds:
            say("TRC-033", name)
        if not any(key == "mitigates" for key, _ in item["links"]):
            say("TRC-034", name)
    elif kind == "hazard":
        if "risk-control" not in kinds:
            say("TRC-032", name)
        residual = attributes["residual-risk"]
        if residual["acceptable"] != "true":
            say("TRC-038", name)
        elif not residual.get("rationale"):
            say("TRC-037", name)
    for layer in attributes.get("layers", ()):
        if layer not in layers:
            say("TRC-036", name)
    needed = {"requirement": "unit", "risk-control": "unit", "hazard": "validation"}.get(kind)
    if needed and needed not in layers:
        say("MTX-041", name)


if __name__ == "__main__":
    findings = main(sys.argv[1].rstrip("/"))
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(json.dumps(sorted(findings)))
    print(len(findings), dict(Counter(code for code, _ in findings)))
